/* SPDX-License-Identifier: Apache-2.0 */
/* What a record keeps of rows and hosts; test_model.c covers how scans follow. */
#include "store/sql.h"
#include "tests/store/fixture.h"

/* ---- looking ----------------------------------------------------------------- */

struct look {
	const char *host, *check; /* the flow to copy */
	struct store_flow flow;
	char texts[13][256];
	char order[512]; /* "host check;" of all */
	size_t count;
};

static void copy(struct look *look, size_t at, const char **text)
{
	snprintf(look->texts[at], sizeof look->texts[at], "%s", *text);
	*text = look->texts[at];
}

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct look *look = data;
	size_t used = strlen(look->order);

	snprintf(look->order + used, sizeof look->order - used, "%s %s;", flow->host,
		flow->check);
	look->count++;
	if (!look->host || strcmp(look->host, flow->host) != 0 ||
		strcmp(look->check, flow->check) != 0)
		return true;
	look->flow = *flow;
	copy(look, 0, &look->flow.vantage);
	copy(look, 1, &look->flow.state);
	copy(look, 2, &look->flow.reason);
	copy(look, 3, &look->flow.phase);
	copy(look, 4, &look->flow.identity);
	copy(look, 5, &look->flow.evidence);
	copy(look, 6, &look->flow.expect);
	copy(look, 7, &look->flow.verdict);
	copy(look, 8, &look->flow.rules);
	copy(look, 9, &look->flow.groups);
	copy(look, 10, &look->flow.addresses);
	copy(look, 11, &look->flow.gap_reason);
	return true;
}

/* Texts live until the next call. */
static struct look look_at(
	struct store *store, int64_t scan, const char *host, const char *check)
{
	static struct look look;

	look = (struct look){.host = host, .check = check};
	assert_int_equal(store_flows_at(store, scan, on_flow, &look), 0);
	return look;
}

/* ---- rows -------------------------------------------------------------------- */

static void keeps_every_word_of_a_row(void **state)
{
	struct bed *bed = *state;
	struct store_row row = SEEN("a", "tcp/1", "filtered", .reason = "timeout",
		.phase = "connect", .identity = "v4 filtered",
		.evidence = "{\"errno\":\"ETIMEDOUT\"}", .expect = "clear",
		.verdict = "fail", .rules = "[\"one\",\"two\"]");
	struct store_host host = {"a", "[\"all\",\"web\"]", "[\"192.0.2.1\"]"};
	int64_t id = begin(bed->store, "paris", 0);
	struct look look;

	assert_int_equal(record(bed->store, id, 7 * SECOND,
				 (struct feed){.rows = &row,
					 .count = 1,
					 .hosts = &host,
					 .n_hosts = 1}),
		0);
	look = look_at(bed->store, id, "a", "tcp/1");
	assert_int_equal(look.count, 1);
	assert_string_equal(look.flow.vantage, "paris");
	assert_string_equal(look.flow.state, "filtered");
	assert_string_equal(look.flow.reason, "timeout");
	assert_string_equal(look.flow.phase, "connect");
	assert_string_equal(look.flow.identity, "v4 filtered");
	assert_string_equal(look.flow.evidence, "{\"errno\":\"ETIMEDOUT\"}");
	assert_string_equal(look.flow.expect, "clear");
	assert_string_equal(look.flow.verdict, "fail");
	assert_string_equal(look.flow.rules, "[\"one\",\"two\"]");
	assert_string_equal(look.flow.groups, "[\"all\",\"web\"]");
	assert_string_equal(look.flow.addresses, "[\"192.0.2.1\"]");
	assert_int_equal(look.flow.since_scan, id);
	assert_int_equal(look.flow.since_us, 7 * SECOND);
	assert_false(look.flow.gap);
	assert_string_equal(look.flow.gap_reason, "");
}

static void takes_the_terms_of_the_newest_scan_without_a_new_interval(void **state)
{
	struct bed *bed = *state;
	struct look look;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "open", .expect = "blocked", .verdict = "fail",
			.rules = "[]", .evidence = "{\"new\":1}"));
	look = look_at(bed->store, 2, "a", "tcp/1");
	assert_string_equal(look.flow.expect, "blocked");
	assert_string_equal(look.flow.verdict, "fail");
	assert_string_equal(look.flow.rules, "[]");
	assert_int_equal(look.flow.since_scan, 1);
	/* The evidence is that of the interval's first scan. */
	assert_string_equal(look.flow.evidence, "");
}

static void a_row_without_texts_counts_as_empty_ones(void **state)
{
	struct bed *bed = *state;
	struct store_row row = {
		.host = "a", .check = "tcp/1", .state = "open", .measured = true};
	struct look look;

	assert_int_equal(begin(bed->store, "paris", 0), 1);
	assert_int_equal(record(bed->store, 1, 0,
				 (struct feed){.rows = &row, .count = 1, .raw = true}),
		0);
	look = look_at(bed->store, 1, "a", "tcp/1");
	assert_string_equal(look.flow.state, "open");
	assert_string_equal(look.flow.reason, "");
	assert_string_equal(look.flow.evidence, "");
	assert_string_equal(look.flow.groups, "[]");
	assert_string_equal(look.flow.addresses, "[]");
}

static void an_unmeasured_flow_keeps_its_state_and_has_a_gap(void **state)
{
	struct bed *bed = *state;
	struct look look;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-descriptor"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	look = look_at(bed->store, 2, "a", "tcp/1");
	assert_string_equal(look.flow.state, "open");
	assert_true(look.flow.gap);
	assert_string_equal(look.flow.gap_reason, "no-descriptor");
	look = look_at(bed->store, 3, "a", "tcp/1");
	assert_false(look.flow.gap);
	assert_int_equal(look.flow.since_scan, 1);
	/* The verdict is the newest, whether measured or not. */
	assert_string_equal(look.flow.verdict, "pass");
}

static bool count_gap(void *data, int64_t scan, int64_t wall_us, const char *reason)
{
	(void)scan, (void)wall_us, (void)reason;
	++*(int *)data;
	return true;
}

static void a_gap_that_goes_on_for_the_same_reason_is_one_row(void **state)
{
	struct bed *bed = *state;
	int64_t rows;
	int gaps = 0;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	for (int i = 0; i < 3; i++)
		SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(sql_number(bed->store, "SELECT count(*) FROM gap", &rows), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(
		store_gaps(bed->store, "paris", "a", "tcp/1", count_gap, &gaps), 0);
	assert_int_equal(gaps, 3);
}

static void a_flow_never_measured_has_no_state(void **state)
{
	struct bed *bed = *state;
	struct look look;

	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	look = look_at(bed->store, 1, "a", "tcp/1");
	assert_int_equal(look.count, 1);
	assert_string_equal(look.flow.state, "");
	assert_true(look.flow.gap);
	assert_string_equal(look.flow.gap_reason, "no-route");
}

static void lists_flows_by_host_and_check_as_they_first_came(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("b", "tcp/9", "open"),
		SEEN("b", "tcp/1", "open"), SEEN("a", "tcp/9", "open"));
	SCAN(bed->store, "paris", SEEN("a", "udp/5", "open"),
		SEEN("a", "tcp/1", "open"), SEEN("c", "tcp/9", "open"),
		SEEN("b", "tcp/1", "open"), SEEN("a", "tcp/9", "open"),
		SEEN("b", "tcp/9", "open"));
	assert_string_equal(
		look_at(bed->store, 1, NULL, NULL).order, "b tcp/9;b tcp/1;a tcp/9;");
	assert_string_equal(look_at(bed->store, 2, NULL, NULL).order,
		"b tcp/9;b tcp/1;a tcp/9;a tcp/1;a udp/5;c tcp/9;");
}

static void a_scan_of_nothing_removes_everything(void **state)
{
	struct bed *bed = *state;
	int64_t id;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	id = begin(bed->store, "paris", 0);
	assert_int_equal(record(bed->store, id, 0, (struct feed){0}), 0);
	assert_int_equal(look_at(bed->store, 2, NULL, NULL).count, 0);
	assert_int_equal(look_at(bed->store, 1, NULL, NULL).count, 1);
}

static void refuses_a_flow_seen_twice_and_stores_nothing_of_the_scan(void **state)
{
	struct bed *bed = *state;
	const struct store_row rows[] = {SEEN("a", "tcp/1", "closed"),
		SEEN("b", "tcp/1", "open"), SEEN("a", "tcp/1", "open")};
	struct store_scan scan;
	struct look look;
	int64_t id;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	id = begin(bed->store, "paris", 0);
	assert_int_equal(
		record(bed->store, id, 0, (struct feed){.rows = rows, .count = 3}),
		-EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "a tcp/1 was seen twice"));
	assert_non_null(strstr(store_last_error(bed->store), "scan 2 was not stored"));
	assert_int_equal(store_scan_get(bed->store, id, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_RUNNING);
	look = look_at(bed->store, 1, "a", "tcp/1");
	assert_int_equal(look.count, 1);
	assert_string_equal(look.flow.state, "open");
	/* The same scan can be recorded once more. */
	assert_int_equal(
		record(bed->store, id, 0, (struct feed){.rows = rows, .count = 2}), 0);
}

static void keeps_hostile_texts_as_they_are(void **state)
{
	struct bed *bed = *state;
	static char runs[200000];
	const char *quote = "x'); DROP TABLE scan; --";
	struct store_scan scan;
	struct look look;

	memset(runs, '7', sizeof runs - 1);
	SCAN(bed->store, quote,
		SEEN(quote, "tcp/1\n\xff\xfe", "open", .evidence = quote,
			.identity = runs, .rules = "\"\"\"", .rtt_us = 5));
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
	look = look_at(bed->store, 1, quote, "tcp/1\n\xff\xfe");
	assert_string_equal(look.flow.vantage, quote);
	assert_string_equal(look.flow.evidence, quote);
	assert_string_equal(look.flow.rules, "\"\"\"");
	assert_int_equal(strlen(look.flow.identity), 255);
	assert_int_equal(store_scan_last(bed->store, quote, &scan), 0);
	/* Equal again: the long identity is compared whole. */
	SCAN(bed->store, quote,
		SEEN(quote, "tcp/1\n\xff\xfe", "open", .identity = runs));
	assert_int_equal(
		look_at(bed->store, 2, quote, "tcp/1\n\xff\xfe").flow.since_scan, 1);
	runs[sizeof runs - 2] = '8';
	SCAN(bed->store, quote,
		SEEN(quote, "tcp/1\n\xff\xfe", "open", .identity = runs));
	assert_int_equal(
		look_at(bed->store, 3, quote, "tcp/1\n\xff\xfe").flow.since_scan, 3);
}

/* ---- hosts ------------------------------------------------------------------- */

static void takes_groups_and_addresses_of_the_newest_scan(void **state)
{
	struct bed *bed = *state;
	struct store_row row = SEEN("a", "tcp/1", "open");
	struct store_host hosts[] = {
		{"a", "[\"all\"]", "[\"192.0.2.1\"]"},
		{"a", "[\"all\"]", "[\"192.0.2.77\"]"},
		{"a", "[\"web\"]", "[\"192.0.2.77\"]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		int64_t id = begin(bed->store, "paris", 0);
		struct look look;
		assert_int_equal(record(bed->store, id, 0,
					 (struct feed){.rows = &row,
						 .count = 1,
						 .hosts = &hosts[i],
						 .n_hosts = 1}),
			0);
		look = look_at(bed->store, id, "a", "tcp/1");
		assert_string_equal(look.flow.groups, hosts[i].groups);
		assert_string_equal(look.flow.addresses, hosts[i].addresses);
		/* A host that got another address keeps its history. */
		assert_int_equal(look.flow.since_scan, 1);
	}
}

static void vantages_share_nothing_but_the_file(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "filtered"),
		SEEN("b", "tcp/1", "open"));
	assert_string_equal(look_at(bed->store, 1, "a", "tcp/1").flow.state, "open");
	assert_string_equal(
		look_at(bed->store, 2, "a", "tcp/1").flow.state, "filtered");
	assert_int_equal(look_at(bed->store, 1, NULL, NULL).count, 1);
	assert_int_equal(look_at(bed->store, 2, NULL, NULL).count, 2);
}

/* ---- refusals ---------------------------------------------------------------- */

static void shows_flows_of_complete_scans_alone(void **state)
{
	struct bed *bed = *state;

	begin(bed->store, "paris", 0);
	assert_int_equal(store_flows_at(bed->store, 1, on_flow, NULL), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "not completed"));
	assert_int_equal(store_flows_at(bed->store, 2, on_flow, NULL), -ENOENT);
	assert_non_null(strstr(store_last_error(bed->store), "there is no scan 2"));
}

static bool stop(void *data, const struct store_flow *flow)
{
	(void)flow;
	++*(int *)data;
	return false;
}

static void stops_when_told_and_works_on(void **state)
{
	struct bed *bed = *state;
	int calls = 0;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("a", "tcp/2", "open"));
	assert_int_equal(store_flows_at(bed->store, 1, stop, &calls), 0);
	assert_int_equal(calls, 1);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
}

static int give_up(void *data, struct store_row *row)
{
	(void)data;
	(void)row;
	return -ENOMEM;
}

static int give_up_on_hosts(void *data, struct store_host *host)
{
	(void)data;
	(void)host;
	return -ENOMEM;
}

static void an_iterator_that_gives_up_leaves_the_store_as_it_was(void **state)
{
	struct bed *bed = *state;
	struct store_row row = SEEN("a", "tcp/1", "open");
	struct feed feed = {.rows = &row, .count = 1};
	struct store_record record = {.next = give_up};
	struct store_scan scan;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	record.scan = begin(bed->store, "paris", 200 * SECOND);
	assert_int_equal(store_scan_record(bed->store, &record), -ENOMEM);
	record.next = feed_row;
	record.next_data = &feed;
	record.next_host = give_up_on_hosts;
	assert_int_equal(store_scan_record(bed->store, &record), -ENOMEM);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_every_word_of_a_row),
		TEST(takes_the_terms_of_the_newest_scan_without_a_new_interval),
		TEST(a_row_without_texts_counts_as_empty_ones),
		TEST(an_unmeasured_flow_keeps_its_state_and_has_a_gap),
		TEST(a_gap_that_goes_on_for_the_same_reason_is_one_row),
		TEST(a_flow_never_measured_has_no_state),
		TEST(lists_flows_by_host_and_check_as_they_first_came),
		TEST(a_scan_of_nothing_removes_everything),
		TEST(refuses_a_flow_seen_twice_and_stores_nothing_of_the_scan),
		TEST(keeps_hostile_texts_as_they_are),
		TEST(takes_groups_and_addresses_of_the_newest_scan),
		TEST(vantages_share_nothing_but_the_file),
		TEST(shows_flows_of_complete_scans_alone),
		TEST(stops_when_told_and_works_on),
		TEST(an_iterator_that_gives_up_leaves_the_store_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
