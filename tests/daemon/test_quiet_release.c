/* SPDX-License-Identifier: Apache-2.0 */
/* A store of a few scans, silences that are over, and what the next scan compares with.
 */
#include "tests/store/fixture.h"

#include "daemon/query/quiet.h"
#include "store/sql.h"
#include "tests/support/made.h"

static const char text[] = "vantage: here\n"
			   "inventory: {all: {hosts: {h: {ansible_host: 10.1.0.1}}}}\n"
			   "rules:\n"
			   "  - {name: a, to: all, check: tcp/1}\n"
			   "  - {name: b, to: all, check: [tcp/1, tcp/2]}\n";

#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* A scan that saw both flows in these states. */
static void see(struct store *store, int64_t at_us, const char *one, const char *two)
{
	const struct store_row rows[] = {
		SEEN("h", "tcp/1", one), SEEN("h", "tcp/2", two)};
	int64_t id = begin(store, "here", at_us);

	assert_int_equal(
		record(store, id, at_us, (struct feed){.rows = rows, .count = 2}), 0);
}

static void silence(
	struct store *store, const char *rule, int64_t from_us, int64_t until_us)
{
	const struct store_silence silence = {.vantage = "",
		.host = "",
		.group = "",
		.rule = rule,
		.check = "",
		.why = "w",
		.from_us = from_us,
		.until_us = until_us};
	int64_t id;

	assert_int_equal(store_silence_add(store, &silence, &id), 0);
}

/* What a scan that starts at `now_us` compares "tcp/1 tcp/2" with. */
static const char *compared(struct store *store, int64_t since_us, int64_t now_us)
{
	static char out[64];
	struct previous previous;
	struct quiet quiet;
	struct made made;
	uint32_t *ids;
	int rc;

	made_build(&made, text);
	assert_int_equal(made.rc, 0);
	assert_int_equal(previous_load(store, made.plan, &previous), 0);
	assert_int_equal(quiet_load(store, now_us, &quiet), 0);
	ids = quiet_of_all(&quiet, made.plan, &rc);
	assert_int_equal(rc, 0);
	assert_int_equal(
		quiet_release(store, made.plan, ids, since_us, now_us, &previous), 0);
	snprintf(out, sizeof out, "%s %s",
		probe_state_word((enum probe_state)previous
					 .states[plan_find(made.plan, "h", "tcp/1")]),
		probe_state_word((enum probe_state)previous
					 .states[plan_find(made.plan, "h", "tcp/2")]));
	free(ids);
	quiet_fini(&quiet);
	previous_fini(&previous);
	made_fini(&made);
	return out;
}

static void goes_back_to_when_it_began(void **state)
{
	struct bed *bed = *state;

	see(bed->store, 1 * HOUR, "open", "open");
	silence(bed->store, "b", 90 * 60 * SECOND, 3 * HOUR);
	see(bed->store, 2 * HOUR, "closed", "closed");
	/* Rule "a" asks for the first as well: it was told. */
	assert_string_equal(compared(bed->store, 2 * HOUR, 4 * HOUR), "closed open");
	/* Not over yet; over for long. */
	assert_string_equal(
		compared(bed->store, 2 * HOUR, 150 * 60 * SECOND), "closed closed");
	assert_string_equal(compared(bed->store, 3 * HOUR, 4 * HOUR), "closed closed");
}

static void what_two_hid_together_goes_back_to_the_second(void **state)
{
	struct bed *bed = *state;

	see(bed->store, 1 * HOUR, "open", "open");
	silence(bed->store, "a", 1 * HOUR, 5 * HOUR);
	see(bed->store, 2 * HOUR, "partial", "open");
	silence(bed->store, "b", 2 * HOUR, 4 * HOUR);
	see(bed->store, 3 * HOUR, "closed", "closed");
	assert_string_equal(
		compared(bed->store, 3 * HOUR, 4 * HOUR + 1), "partial open");
	/* Both are over when the next scan starts. */
	assert_string_equal(compared(bed->store, 3 * HOUR, 6 * HOUR), "partial open");
}

static void one_that_goes_on_alone_hides_nothing_new(void **state)
{
	struct bed *bed = *state;

	see(bed->store, 1 * HOUR, "open", "open");
	silence(bed->store, "b", 1 * HOUR, 9 * HOUR);
	silence(bed->store, "a", 1 * HOUR, 2 * HOUR);
	see(bed->store, 90 * 60 * SECOND, "closed", "closed");
	/* The second stays hidden. */
	assert_string_equal(
		compared(bed->store, 2 * HOUR - 1, 3 * HOUR), "open closed");
}

static void renewed_ones_count_as_one(void **state)
{
	struct bed *bed = *state;

	see(bed->store, 1 * HOUR, "open", "open");
	silence(bed->store, "*", 1 * HOUR, 3 * HOUR);
	see(bed->store, 2 * HOUR, "closed", "closed");
	silence(bed->store, "*", 2 * HOUR, 4 * HOUR);
	see(bed->store, 3 * HOUR, "partial", "partial");
	assert_string_equal(compared(bed->store, 3 * HOUR, 5 * HOUR), "open open");
}

/* The scan that it began after is gone: the oldest that is kept is as near as one
 * can get. */
static void goes_back_to_the_oldest_that_is_kept(void **state)
{
	const struct store_retention keep = {
		.now_us = 30 * DAY, .history_us = 10 * DAY, .rtt_us = 10 * DAY};
	struct bed *bed = *state;
	struct store_scan scan;
	bool more = true;

	see(bed->store, 1 * DAY, "open", "open");
	silence(bed->store, "*", 1 * DAY, 30 * DAY);
	see(bed->store, 2 * DAY, "open", "open");
	for (int day = 21; day < 30; day++)
		see(bed->store, day * DAY, "partial", "open");
	see(bed->store, 30 * DAY - 1, "closed", "closed");
	while (more)
		assert_int_equal(store_prune(bed->store, "here", &keep, &more), 0);
	assert_int_equal(store_scan_get(bed->store, 1, &scan), -ENODATA);
	assert_string_equal(
		compared(bed->store, 30 * DAY - 1, 30 * DAY), "partial open");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_back_to_when_it_began),
		TEST(what_two_hid_together_goes_back_to_the_second),
		TEST(one_that_goes_on_alone_hides_nothing_new),
		TEST(renewed_ones_count_as_one),
		TEST(goes_back_to_the_oldest_that_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
