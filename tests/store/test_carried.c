/* SPDX-License-Identifier: Apache-2.0 */
/* Scans that did not ask all their flows. */
#include "tests/store/fixture.h"

#define FAST "[\"fast\"]"
#define SLOW "[\"slow\"]"
#define CARRIED(h, c, ...)                                                       \
	{                                                                        \
		.host = (h), .check = (c), .carried = true, .reason = "not-due", \
		.rules = SLOW, __VA_ARGS__                                       \
	}

static const char *const slow[] = {SLOW};

/* Number n begins at n * 100 seconds. */
static int64_t scan_part(struct store *store, const struct store_row *rows,
	size_t count, const struct store_host *hosts, size_t n_hosts)
{
	struct feed feed = {
		.rows = rows, .count = count, .hosts = hosts, .n_hosts = n_hosts};
	struct store_record what = {
		.totals = {.flows = count},
		.next = feed_row,
		.next_data = &feed,
		.next_host = feed_host,
		.next_host_data = &feed,
		.idle = slow,
	};
	struct store_scan last = {.id = 0};

	store_scan_last(store, "paris", &last);
	for (size_t i = 0; i < count; i++)
		what.totals.carried += rows[i].carried;
	what.n_idle = what.totals.carried ? 1 : 0;
	what.scan = begin(store, "paris", (last.id + 1) * 100 * SECOND);
	what.totals.finished_us = what.scan * 100 * SECOND + SECOND;
	assert_int_equal(store_scan_record(store, &what), 0);
	return what.scan;
}

#define PART(store, ...)                                          \
	scan_part(store, (const struct store_row[]){__VA_ARGS__}, \
		sizeof((const struct store_row[]){__VA_ARGS__}) / \
			sizeof(struct store_row),                 \
		NULL, 0)

struct look {
	const char *check;
	size_t count;
	char state[16], gap[24], verdict[16], addresses[64];
	int64_t since, asked, asked_us, measured;
};

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct look *look = data;

	look->count++;
	if (strcmp(look->check, flow->check) != 0)
		return true;
	snprintf(look->state, sizeof look->state, "%s", flow->state);
	snprintf(look->gap, sizeof look->gap, "%s", flow->gap_reason);
	snprintf(look->verdict, sizeof look->verdict, "%s", flow->verdict);
	snprintf(look->addresses, sizeof look->addresses, "%s", flow->addresses);
	look->since = flow->since_scan;
	look->asked = flow->asked_scan;
	look->asked_us = flow->asked_us;
	look->measured = flow->measured_scan;
	return true;
}

static struct look look_at(struct store *store, int64_t scan, const char *check)
{
	struct look look = {.check = check};

	assert_int_equal(store_flows_at(store, scan, on_flow, &look), 0);
	return look;
}

static void what_was_not_asked_stays_as_it_was(void **state)
{
	struct bed *bed = *state;
	struct look look;

	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "closed", .rules = SLOW));
	PART(bed->store, SEEN("a", "tcp/1", "filtered", .rules = FAST),
		CARRIED("a", "tcp/2"));
	look = look_at(bed->store, 2, "tcp/2");
	assert_int_equal(look.count, 2);
	assert_string_equal(look.state, "closed");
	assert_string_equal(look.gap, "");
	assert_int_equal(look.since, 1);
	assert_int_equal(look_at(bed->store, 2, "tcp/1").since, 2);
}

static bool on_change(void *data, const struct store_change *change)
{
	(void)change;
	++*(size_t *)data;
	return true;
}

static void the_next_scan_that_asks_finds_the_change(void **state)
{
	struct bed *bed = *state;
	size_t changes = 0;

	PART(bed->store, SEEN("a", "tcp/2", "closed", .rules = SLOW));
	PART(bed->store, CARRIED("a", "tcp/2"));
	PART(bed->store, SEEN("a", "tcp/2", "filtered", .rules = SLOW));
	assert_int_equal(store_changes(bed->store, 1, 2, on_change, &changes), 0);
	assert_int_equal(changes, 0);
	assert_int_equal(store_changes(bed->store, 2, 3, on_change, &changes), 0);
	assert_int_equal(changes, 1);
	assert_string_equal(look_at(bed->store, 2, "tcp/2").state, "closed");
}

static void it_is_known_which_scan_asked_last(void **state)
{
	struct bed *bed = *state;
	struct look look;

	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW));
	assert_int_equal(look_at(bed->store, 1, "tcp/2").asked, 0);
	for (int i = 0; i < 3; i++)
		PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
			CARRIED("a", "tcp/2"));
	look = look_at(bed->store, 4, "tcp/2");
	assert_int_equal(look.asked, 1);
	assert_int_equal(look.asked_us, 100 * SECOND);
	assert_int_equal(look_at(bed->store, 4, "tcp/1").asked, 0);
	/* Of older scans it is not known, and not made up. */
	assert_int_equal(look_at(bed->store, 3, "tcp/2").asked, 0);
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW));
	assert_int_equal(look_at(bed->store, 5, "tcp/2").asked, 0);
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		CARRIED("a", "tcp/2"));
	assert_int_equal(look_at(bed->store, 6, "tcp/2").asked, 5);
}

static void what_was_never_asked_has_a_gap_that_says_so(void **state)
{
	struct bed *bed = *state;
	struct look look;

	for (int i = 0; i < 2; i++)
		PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
			CARRIED("a", "tcp/2", .verdict = "inconclusive"));
	look = look_at(bed->store, 2, "tcp/2");
	assert_string_equal(look.state, "");
	assert_string_equal(look.gap, "not-due");
	assert_int_equal(look.since, 1);
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW));
	look = look_at(bed->store, 3, "tcp/2");
	assert_string_equal(look.state, "open");
	assert_string_equal(look.gap, "");
}

static void what_is_back_in_a_scan_that_does_not_ask_it_was_never_measured(void **state)
{
	struct bed *bed = *state;
	struct look look;

	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW));
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST));
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		CARRIED("a", "tcp/2"));
	look = look_at(bed->store, 3, "tcp/2");
	assert_string_equal(look.state, "");
	assert_string_equal(look.gap, "not-due");
	assert_int_equal(look.since, 3);
	assert_int_equal(look.measured, 0);
}

static void a_gap_names_the_scan_that_asked_when_the_last_ones_did_not(void **state)
{
	struct bed *bed = *state;

	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW));
	for (int i = 0; i < 2; i++)
		PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
			CARRIED("a", "tcp/2"));
	PART(bed->store, UNMEASURED("a", "tcp/1", "no-route"),
		{.host = "a", .check = "tcp/2", .reason = "no-route", .rules = SLOW});
	assert_int_equal(look_at(bed->store, 4, "tcp/2").measured, 1);
	assert_int_equal(look_at(bed->store, 4, "tcp/1").measured, 3);
}

static void its_terms_are_the_newest_and_its_addresses_those_probed_last(void **state)
{
	struct bed *bed = *state;
	const struct store_row first[] = {SEEN("a", "tcp/2", "open", .rules = SLOW)};
	const struct store_row then[] = {CARRIED("a", "tcp/2", .verdict = "fail")};
	const struct store_host known = {"a", "[\"web\"]", "[\"192.0.2.1\"]"};
	const struct store_host again = {"a", "[\"web\"]", NULL};
	struct look look;

	scan_part(bed->store, first, 1, &known, 1);
	scan_part(bed->store, then, 1, &again, 1);
	look = look_at(bed->store, 2, "tcp/2");
	assert_string_equal(look.verdict, "fail");
	assert_string_equal(look.addresses, "[\"192.0.2.1\"]");
}

static void a_flow_that_is_no_row_left_the_inventory(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;

	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		SEEN("a", "tcp/2", "open", .rules = SLOW),
		SEEN("a", "tcp/3", "open", .rules = SLOW));
	PART(bed->store, SEEN("a", "tcp/1", "open", .rules = FAST),
		CARRIED("a", "tcp/2"));
	assert_int_equal(look_at(bed->store, 2, "tcp/2").count, 2);
	assert_int_equal(store_scan_get(bed->store, 2, &scan), 0);
	assert_int_equal(scan.carried, 1);
	assert_int_equal(scan.flows, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_asked_stays_as_it_was),
		TEST(the_next_scan_that_asks_finds_the_change),
		TEST(it_is_known_which_scan_asked_last),
		TEST(what_was_never_asked_has_a_gap_that_says_so),
		TEST(what_is_back_in_a_scan_that_does_not_ask_it_was_never_measured),
		TEST(a_gap_names_the_scan_that_asked_when_the_last_ones_did_not),
		TEST(its_terms_are_the_newest_and_its_addresses_those_probed_last),
		TEST(a_flow_that_is_no_row_left_the_inventory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
