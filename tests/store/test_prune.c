/* SPDX-License-Identifier: Apache-2.0 */
/* Retention by hand; test_model.c has it at random. */
#include "store/rtt.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

#define DAY (86400 * SECOND)
#define NOW (1000 * DAY)

static const struct store_retention month = {
	.now_us = NOW, .history_us = 30 * DAY, .rtt_us = 10 * DAY};

static int64_t number(struct store *store, const char *text)
{
	int64_t value = -1;

	assert_int_equal(sql_number(store, text, &value), 0);
	return value;
}

/* A scan of one flow that finished `days` ago. */
static int64_t scan_ago(struct store *store, int64_t days, struct store_row row)
{
	int64_t at_us = NOW - days * DAY;
	int64_t id = begin(store, "paris", at_us);

	assert_int_equal(
		record(store, id, at_us, (struct feed){.rows = &row, .count = 1}), 0);
	return id;
}

#define OPEN ((struct store_row)SEEN("a", "tcp/1", "open", .rtt_us = 7))
#define CLOSED ((struct store_row)SEEN("a", "tcp/1", "closed"))
#define OTHER(host) ((struct store_row)SEEN((host), "tcp/1", "open"))

/* The ten that stay in any case. */
static void scan_today(struct store *store)
{
	for (int i = 0; i < 10; i++)
		scan_ago(store, 0, OPEN);
}

static void prune_all(struct store *store, const struct store_retention *keep)
{
	bool more = true;

	for (int i = 0; i < 10000 && more; i++)
		assert_int_equal(store_prune(store, "paris", keep, &more), 0);
	assert_false(more);
	assert_int_equal(number(store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(
		number(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

static int get(struct store *store, int64_t id)
{
	struct store_scan scan;

	return store_scan_get(store, id, &scan);
}

static int at(struct store *store, int64_t days)
{
	struct store_scan scan;

	return store_scan_at(store, "paris", NOW - days * DAY, &scan);
}

static bool on_gap(void *data, const struct store_flow *flow)
{
	(void)data;
	assert_true(flow->gap);
	assert_int_equal(flow->measured_scan, 2);
	assert_int_equal(flow->measured_us, 0);
	return true;
}

/* ---- what goes --------------------------------------------------------------- */

static void scans_go_when_they_are_old_and_say_so(void **state)
{
	struct bed *bed = *state;
	int64_t old = scan_ago(bed->store, 31, OPEN);
	int64_t young = scan_ago(bed->store, 29, CLOSED);

	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, old), -ENODATA);
	assert_non_null(strstr(store_last_error(bed->store), "scan 1 was pruned"));
	assert_int_equal(get(bed->store, young), 0);
	assert_int_equal(at(bed->store, 31), -ENODATA);
	assert_int_equal(at(bed->store, 30), -ENODATA);
	assert_non_null(strstr(store_last_error(bed->store), "pruned"));
	assert_int_equal(at(bed->store, 29), 0);
	assert_int_equal(store_changes(bed->store, old, young, NULL, NULL), -ENODATA);
	assert_int_equal(store_baseline_save(bed->store, "b", old, 0, false), -ENODATA);
	/* A number that never was is no pruned one. */
	assert_int_equal(get(bed->store, 1000), -ENOENT);
	assert_int_equal(get(bed->store, 0), -ENOENT);
}

static void an_open_interval_keeps_its_beginning(void **state)
{
	struct bed *bed = *state;
	struct store_scan last;
	int64_t old = scan_ago(bed->store, 300, OPEN);

	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, old), -ENODATA);
	assert_int_equal(number(bed->store, "SELECT from_scan FROM flow"), old);
	assert_int_equal(number(bed->store, "SELECT min(id) FROM scan"), old);
	assert_int_equal(store_scan_last(bed->store, "paris", &last), 0);
	assert_int_equal(last.id, 11);
}

static bool count_scan(void *data, const struct store_scan *scan)
{
	assert_true(scan->id > 1);
	++*(int *)data;
	return true;
}

static void a_scan_that_is_kept_for_its_time_is_not_listed(void **state)
{
	struct bed *bed = *state;
	int count = 0;

	scan_ago(bed->store, 300, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(store_scan_list(bed->store, 100, count_scan, &count), 0);
	assert_int_equal(count, 10);
}

static void a_flow_that_left_long_ago_goes_with_its_host(void **state)
{
	struct bed *bed = *state;
	struct store_row both[] = {SEEN("gone", "tcp/1", "open", .rtt_us = 7), OPEN};
	int64_t id = begin(bed->store, "paris", NOW - 300 * DAY);

	assert_int_equal(record(bed->store, id, NOW - 300 * DAY,
				 (struct feed){.rows = both, .count = 2}),
		0);
	scan_ago(bed->store, 299, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM flow"), 1);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM host"), 1);
	assert_int_equal(
		store_history(bed->store, "paris", "gone", "tcp/1", NULL, NULL),
		-ENOENT);
	/* The next flow gets a place that no other ever had. */
	scan_ago(bed->store, 0, OTHER("new"));
	assert_int_equal(number(bed->store, "SELECT max(number) FROM flow"), 2);
}

static void the_highest_number_is_not_given_twice(void **state)
{
	struct bed *bed = *state;
	struct store_row both[] = {OPEN, OTHER("gone")};
	int64_t id = begin(bed->store, "paris", NOW - 300 * DAY);

	assert_int_equal(record(bed->store, id, NOW - 300 * DAY,
				 (struct feed){.rows = both, .count = 2}),
		0);
	scan_ago(bed->store, 299, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	/* Its round-trip times are those of number 1. */
	scan_ago(bed->store, 0, OTHER("new"));
	assert_int_equal(number(bed->store, "SELECT max(number) FROM flow"), 2);
}

#define EVIDENCE(text) "SELECT count(*) FROM word WHERE text = '" text "'"

/* Three flows had the same evidence; one of them still has it, or had it until a scan
 * that is young. */
static void evidence_stays_while_any_flow_or_interval_has_it(void **state)
{
	struct bed *bed = *state;
	struct store_row rows[] = {
		SEEN("a", "tcp/1", "closed", .evidence = "{\"now\":1}"),
		SEEN("a", "tcp/2", "closed", .evidence = "{\"now\":1}"),
		SEEN("a", "tcp/3", "closed", .evidence = "{\"young\":1}"),
		SEEN("a", "tcp/4", "closed", .evidence = "{\"young\":1}"),
		SEEN("a", "tcp/5", "closed", .evidence = "{\"old\":1}")};
	struct feed feed = {.rows = rows, .count = ARRAY_SIZE(rows)};
	int64_t id = begin(bed->store, "paris", 0);

	assert_int_equal(record(bed->store, id, NOW - 300 * DAY, feed), 0);
	rows[0].state = rows[2].state = rows[4].state = "open";
	rows[0].evidence = rows[2].evidence = rows[4].evidence = "";
	id = begin(bed->store, "paris", 0);
	assert_int_equal(record(bed->store, id, NOW - 299 * DAY, feed), 0);
	id = begin(bed->store, "paris", 0);
	assert_int_equal(record(bed->store, id, NOW - DAY, feed), 0);
	rows[3].state = "open";
	rows[3].evidence = "";
	for (int i = 0; i < 10; i++) {
		id = begin(bed->store, "paris", 0);
		assert_int_equal(record(bed->store, id, NOW, feed), 0);
	}
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, EVIDENCE("{\"now\":1}")), 1);
	assert_int_equal(number(bed->store, EVIDENCE("{\"young\":1}")), 1);
	assert_int_equal(number(bed->store, EVIDENCE("{\"old\":1}")), 0);
}

static void more_scans_than_a_batch_looks_at_take_more_calls(void **state)
{
	struct bed *bed = *state;
	bool more;

	for (int i = 0; i < 300; i++)
		scan_ago(bed->store, 300, i % 2 ? OPEN : CLOSED);
	scan_today(bed->store);
	assert_int_equal(store_prune(bed->store, "paris", &month, &more), 0);
	assert_true(more);
	assert_int_equal(store_prune(bed->store, "paris", &month, &more), 0);
	assert_false(more);
	/* The last one began what holds now. */
	assert_int_equal(number(bed->store, "SELECT min(id) FROM scan"), 300);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM scan"), 11);
}

/* ---- incidents --------------------------------------------------------------- */

/* A scan `days` ago that opens incident `id`, if it is not 0, and closes `closes`. */
static void scan_incident(struct store *store, int64_t days, int64_t id, int64_t closes)
{
	char uid[40];
	struct store_row row = OPEN;
	struct feed feed = {.rows = &row, .count = 1};
	struct store_incident opened = {.id = id,
		.uid = uid,
		.kind = "regression",
		.summary = "s",
		.body = "{}",
		.flows = 1,
		.remaining = 1};
	struct store_incident_update update = {.id = closes};
	struct store_record what = {
		.scan = begin(store, "paris", 0),
		.totals = {.finished_us = NOW - days * DAY, .flows = 1},
		.next = feed_row,
		.next_data = &feed,
		.opened = &opened,
		.n_opened = id != 0,
		.updates = &update,
		.n_updates = closes != 0,
	};

	snprintf(uid, sizeof uid, "%032lld", (long long)id);
	assert_int_equal(store_scan_record(store, &what), 0);
}

static void incidents_go_with_the_scan_that_closed_them(void **state)
{
	struct bed *bed = *state;
	struct store_incident incident;
	int64_t next;

	scan_incident(bed->store, 300, 1, 0);
	scan_incident(bed->store, 299, 2, 1); /* 1 closes, long ago */
	scan_incident(bed->store, 298, 3, 0);
	scan_incident(bed->store, 29, 0, 2); /* 2 closes, of late */
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open"));
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(
		store_incident_get(bed->store, "paris", 1, &incident), -ENODATA);
	assert_non_null(strstr(store_last_error(bed->store), "incident 1 was pruned"));
	assert_int_equal(store_incident_get(bed->store, "paris", 2, &incident), 0);
	assert_int_equal(incident.closed_scan, 4);
	/* One that is open stays, however old. */
	assert_int_equal(store_incident_get(bed->store, "paris", 3, &incident), 0);
	assert_int_equal(incident.opened_us, NOW - 298 * DAY);
	assert_int_equal(
		store_incident_get(bed->store, "paris", 4, &incident), -ENOENT);
	assert_int_equal(store_incident_next(bed->store, &next), 0);
	assert_int_equal(next, 4);
}

static void a_gap_outlives_the_scan_that_measured_before_it(void **state)
{
	struct bed *bed = *state;
	struct store_row gap = UNMEASURED("a", "tcp/1", "no-route");
	int64_t first = scan_ago(bed->store, 300, CLOSED);
	int64_t measured = scan_ago(bed->store, 299, CLOSED);

	scan_ago(bed->store, 298, gap);
	for (int i = 0; i < 10; i++)
		scan_ago(bed->store, 0, gap);
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, "SELECT min(id) FROM scan"), first);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM scan WHERE id = 2"), 0);
	assert_int_equal(number(bed->store, "SELECT gap_after FROM flow"), measured);
	assert_int_equal(store_flows_at(bed->store, 13, on_gap, NULL), 0);
}

static void interrupted_scans_go_too(void **state)
{
	struct bed *bed = *state;
	int64_t id = begin(bed->store, "paris", NOW - 40 * DAY);

	assert_int_equal(store_scan_interrupt(bed->store, id), 0);
	scan_ago(bed->store, 39, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, id), -ENODATA);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM scan WHERE id = 1"), 0);
}

static void round_trip_times_have_an_age_of_their_own(void **state)
{
	struct bed *bed = *state;

	scan_ago(bed->store, 20, OPEN);
	scan_ago(bed->store, 11, OPEN);
	scan_ago(bed->store, 9, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM rtt_hour"), 2);
	assert_int_equal(number(bed->store, "SELECT min(hour) FROM rtt_hour"),
		(NOW - 9 * DAY) / RTT_HOUR_US);
	assert_int_equal(at(bed->store, 20), 0);
}

static void another_vantage_is_left_alone(void **state)
{
	struct bed *bed = *state;
	struct store_row row = OPEN;
	int64_t id = begin(bed->store, "lyon", NOW - 500 * DAY);

	assert_int_equal(record(bed->store, id, NOW - 500 * DAY,
				 (struct feed){.rows = &row, .count = 1}),
		0);
	scan_ago(bed->store, 31, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, id), 0);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM rtt_hour WHERE vantage = 1"),
		1);
}

static void a_vantage_without_a_scan_is_no_failure(void **state)
{
	struct bed *bed = *state;
	bool more = true;

	assert_int_equal(store_prune(bed->store, "nowhere", &month, &more), 0);
	assert_false(more);
}

/* ---- baselines --------------------------------------------------------------- */

static bool on_change(void *data, const struct store_change *change)
{
	if (strcmp(change->host, "a") != 0)
		return true;
	assert_string_equal(change->from_state, "open");
	snprintf(data, 16, "%s", *change->to_state ? change->to_state : "removed");
	return true;
}

static void a_baseline_keeps_its_scan_and_what_left_after_it(void **state)
{
	struct bed *bed = *state;
	char seen[16] = "";
	int64_t old = scan_ago(bed->store, 300, OPEN);
	int64_t removed;

	assert_int_equal(store_baseline_save(bed->store, "b", old, 0, false), 0);
	scan_ago(bed->store, 299, CLOSED);
	removed = scan_ago(bed->store, 298, OTHER("b"));
	for (int i = 0; i < 10; i++)
		scan_ago(bed->store, 0, OTHER("c"));
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, old), 0);
	assert_int_equal(get(bed->store, removed), -ENODATA);
	assert_int_equal(store_changes(bed->store, old, 13, on_change, seen), 0);
	assert_string_equal(seen, "removed");
}

static void what_only_a_baseline_held_goes_when_it_does(void **state)
{
	struct bed *bed = *state;
	int64_t old = scan_ago(bed->store, 300, OPEN);

	assert_int_equal(store_baseline_save(bed->store, "b", old, 0, false), 0);
	scan_ago(bed->store, 200, CLOSED);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM interval"), 1);
	assert_int_equal(store_baseline_save(bed->store, "b", 12, 0, true), 0);
	prune_all(bed->store, &month);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM interval"), 0);
	assert_int_equal(get(bed->store, old), -ENODATA);
	assert_int_equal(number(bed->store, "SELECT min(id) FROM scan"), 3);
}

/* ---- clocks ------------------------------------------------------------------ */

static void a_clock_that_is_ahead_for_nine_scans_costs_nothing(void **state)
{
	struct bed *bed = *state;
	struct store_retention keep = month;

	for (int i = 0; i < 20; i++)
		scan_ago(bed->store, 20 - i, OPEN);
	keep.now_us = NOW + 1000 * DAY;
	for (int i = 0; i < 9; i++) {
		scan_ago(bed->store, -1000, OPEN);
		prune_all(bed->store, &keep);
	}
	scan_ago(bed->store, 0, OPEN);
	prune_all(bed->store, &month);
	for (int64_t id = 1; id <= 30; id++)
		assert_int_equal(get(bed->store, id), 0);
}

static void scans_of_the_future_hold_nothing_up(void **state)
{
	struct bed *bed = *state;

	scan_ago(bed->store, 300, OPEN);
	scan_ago(bed->store, -1000, OPEN);
	scan_ago(bed->store, 299, OPEN);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	for (int64_t id = 1; id <= 3; id++)
		assert_int_equal(get(bed->store, id), -ENODATA);
}

static void a_clock_that_was_set_back_takes_no_young_scan(void **state)
{
	struct bed *bed = *state;

	scan_ago(bed->store, 29, OPEN);
	scan_ago(bed->store, 900, CLOSED);
	scan_today(bed->store);
	prune_all(bed->store, &month);
	assert_int_equal(get(bed->store, 1), 0);
	assert_int_equal(get(bed->store, 2), 0);
}

/* ---- batches ----------------------------------------------------------------- */

enum {
	MANY = 4500 /* more than two batches */
};

struct source {
	const char *state;
	int at;
	char host[16], evidence[32];
};

static int next_row(void *data, struct store_row *row)
{
	struct source *source = data;

	if (source->at == MANY)
		return 0;
	snprintf(source->host, sizeof source->host, "h%d", source->at);
	snprintf(source->evidence, sizeof source->evidence, "{\"%s\":%d}",
		source->state, source->at++);
	*row = (struct store_row)SEEN(
		source->host, "tcp/1", source->state, .evidence = source->evidence);
	complete_row(row);
	return 1;
}

static void scan_many(struct store *store, int64_t days, const char *seen)
{
	struct source source = {.state = seen};
	struct store_record what = {.scan = begin(store, "paris", NOW - days * DAY),
		.totals = {.finished_us = NOW - days * DAY},
		.next = next_row,
		.next_data = &source};

	assert_int_equal(store_scan_record(store, &what), 0);
}

static void a_call_does_a_bounded_part_and_says_that_there_is_more(void **state)
{
	struct bed *bed = *state;
	const char *count = "SELECT count(*) FROM interval";
	bool more;
	int calls = 0;

	scan_many(bed->store, 300, "closed");
	for (int i = 0; i < 10; i++)
		scan_many(bed->store, 0, "open");
	assert_int_equal(number(bed->store, count), MANY);
	do {
		int64_t before = number(bed->store, count);
		assert_int_equal(store_prune(bed->store, "paris", &month, &more), 0);
		assert_in_range(before - number(bed->store, count), 0, 2000);
		/* For readers it is all over with the first one. */
		assert_int_equal(get(bed->store, 1), -ENODATA);
		calls++;
	} while (more);
	assert_int_equal(calls, 3);
	assert_int_equal(number(bed->store, count), 0);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM word WHERE text LIKE '{%'"),
		MANY);
}

/* ---- a year ------------------------------------------------------------------ */

enum {
	YEAR_HOURS = 8760,
	MONTH_HOURS = YEAR_HOURS / 12,
	YEAR_FLOWS = 40
};

/* One host a day is replaced by another; one flow in 20 changes each hour, each time
 * with an evidence that never was. */
struct year {
	int hour, flow;
	char host[16], evidence[256];
};

static int next_of_year(void *data, struct store_row *row)
{
	struct year *year = data;
	int flow = year->flow++, day = year->hour / 24;
	int changes = (year->hour + flow * 7) / 20;

	if (flow == YEAR_FLOWS)
		return 0;
	snprintf(year->host, sizeof year->host, "h%d", day + flow / 2);
	snprintf(year->evidence, sizeof year->evidence, "{\"change\":%0200d}",
		changes * YEAR_FLOWS + flow);
	*row = (struct store_row)SEEN(year->host, flow % 2 ? "tcp/1" : "tcp/2",
		changes % 2 ? "open" : "filtered", .evidence = year->evidence,
		.rtt_us = 500);
	complete_row(row);
	return 1;
}

static void scan_of_year(struct store *store, int hour)
{
	struct year year = {.hour = hour};
	int64_t at_us = hour * RTT_HOUR_US;
	struct store_record what = {.scan = begin(store, "paris", at_us),
		.totals = {.finished_us = at_us},
		.next = next_of_year,
		.next_data = &year};

	assert_int_equal(store_scan_record(store, &what), 0);
}

static int64_t print_pages(struct store *store, int months)
{
	int64_t pages = number(store, "PRAGMA page_count");

	print_message("%2d months: %lld pages, %lld free, %lld intervals\n", months,
		(long long)pages, (long long)number(store, "PRAGMA freelist_count"),
		(long long)number(store, "SELECT count(*) FROM interval"));
	return pages;
}

static void a_year_takes_the_room_of_what_is_kept(void **state)
{
	struct bed *bed = *state;
	struct store_retention keep = month;
	int64_t half = 0, pages = 0;
	bool more;

	assert_int_equal(sql_exec(bed->store, "PRAGMA synchronous = OFF"), 0);
	for (int hour = 0; hour < YEAR_HOURS; hour += 2) {
		scan_of_year(bed->store, hour);
		keep.now_us = hour * RTT_HOUR_US;
		assert_int_equal(store_prune(bed->store, "paris", &keep, &more), 0);
		assert_false(more);
		if (hour % MONTH_HOURS != 0)
			continue;
		pages = print_pages(bed->store, hour / MONTH_HOURS);
		if (hour == 6 * MONTH_HOURS)
			half = pages;
	}
	/* The second half of the year adds nothing. */
	assert_in_range(pages, half, half * 21 / 20);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM pragma_integrity_check"
				   " WHERE integrity_check = 'ok'"),
		1);
}

static void needs_a_writer(void **state)
{
	struct bed *bed = *state;
	bool more;

	bed_close(bed);
	bed_open(bed, STORE_READ);
	assert_int_equal(store_prune(bed->store, "paris", &month, &more), -EROFS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scans_go_when_they_are_old_and_say_so),
		TEST(an_open_interval_keeps_its_beginning),
		TEST(a_scan_that_is_kept_for_its_time_is_not_listed),
		TEST(a_flow_that_left_long_ago_goes_with_its_host),
		TEST(the_highest_number_is_not_given_twice),
		TEST(evidence_stays_while_any_flow_or_interval_has_it),
		TEST(more_scans_than_a_batch_looks_at_take_more_calls),
		TEST(incidents_go_with_the_scan_that_closed_them),
		TEST(a_gap_outlives_the_scan_that_measured_before_it),
		TEST(interrupted_scans_go_too),
		TEST(round_trip_times_have_an_age_of_their_own),
		TEST(another_vantage_is_left_alone),
		TEST(a_vantage_without_a_scan_is_no_failure),
		TEST(a_baseline_keeps_its_scan_and_what_left_after_it),
		TEST(what_only_a_baseline_held_goes_when_it_does),
		TEST(a_clock_that_is_ahead_for_nine_scans_costs_nothing),
		TEST(scans_of_the_future_hold_nothing_up),
		TEST(a_clock_that_was_set_back_takes_no_young_scan),
		TEST(a_call_does_a_bounded_part_and_says_that_there_is_more),
		TEST(a_year_takes_the_room_of_what_is_kept),
		TEST(needs_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
