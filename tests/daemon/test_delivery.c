/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "daemon/notify/delivery.h"

static int64_t at(const char *time)
{
	int64_t us;

	assert_true(clock_parse(time, &us));
	return us;
}

static uint32_t pause_of(
	const struct notify_sink *sink, const char *oldest, const char *now)
{
	return delivery_pause_ms(sink, at(oldest), at(now));
}

static void without_wishes_all_is_told_now(void **state)
{
	struct notify_sink sink = {.name = "a"};

	(void)state;
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 0);
}

static void a_digest_waits_for_its_oldest_notice(void **state)
{
	struct notify_sink sink = {.name = "a", .digest_ms = 90000};

	(void)state;
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 60000);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:01:20Z"), 10000);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"), 0);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), 0);
	/* The clock was set back. */
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"), 0);
}

static void quiet_hours_hold_minute_by_minute(void **state)
{
	struct hours night;
	const char *error;
	struct arena arena;
	struct zone *zone;
	struct notify_sink sink = {.name = "a", .quiet = &night, .n_quiet = 1};

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(zone_load("Europe/Berlin", &arena, &zone), 0);
	assert_true(hours_parse("weekdays 22:00-06:00", &night, &error));
	sink.zone = zone;
	/* 2026-01-05 is a Monday; Berlin is an hour ahead. */
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-05T20:59:59Z"), 0);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-05T21:00:00Z"), 60000);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-06T04:59:59Z"), 1000);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-06T05:00:00Z"), 0);
	/* In summer two, and a digest that is due waits as well. */
	sink.digest_ms = 1000;
	assert_int_equal(
		pause_of(&sink, "2026-07-06T00:00:00Z", "2026-07-06T20:00:30Z"), 30000);
	assert_int_equal(
		pause_of(&sink, "2026-07-06T00:00:00Z", "2026-07-06T19:59:30Z"), 0);
	arena_fini(&arena);
}

static void waits_twice_as_long_each_time_up_to_five_minutes(void **state)
{
	static const uint32_t wanted[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000,
		128000, 256000, 300000, 300000};

	(void)state;
	for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		assert_int_equal(delivery_retry_ms(i + 1, 0, 0), wanted[i]);
	assert_int_equal(delivery_retry_ms(UINT32_MAX, 0, 0), 300000);
}

static void chance_takes_off_half_at_most(void **state)
{
	(void)state;
	assert_int_equal(delivery_retry_ms(1, UINT32_MAX, 0), 500);
	assert_int_equal(delivery_retry_ms(1, UINT32_MAX / 2, 0), 751);
	assert_int_equal(delivery_retry_ms(99, UINT32_MAX, 0), 150000);
}

static void the_receivers_wish_counts_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(delivery_retry_ms(1, 0, 60000), 60000);
	assert_int_equal(delivery_retry_ms(5, 0, 1000), 16000);
	assert_int_equal(delivery_retry_ms(1, 0, UINT64_MAX), 300000);
}

/* ---- deliveries from a store ----------------------------------------------------- */

struct bed {
	char folder[64], path[96], file[96];
	struct store *store;
	struct notify_sink sink;
	struct delivery delivery;
};

static const atomic_bool never;

static void setup(struct bed *bed, struct notify_sink sink)
{
	struct store_error error;

	*bed = (struct bed){.folder = "/tmp/reachd-delivery-XXXXXX", .sink = sink};
	assert_non_null(mkdtemp(bed->folder));
	snprintf(bed->path, sizeof bed->path, "%s/db", bed->folder);
	snprintf(bed->file, sizeof bed->file, "%s/told", bed->folder);
	bed->sink.name = "a";
	bed->sink.timeout_ms = 60000;
	if (bed->sink.kind == NOTIFY_FILE)
		bed->sink.file = bed->file;
	assert_int_equal(store_open(bed->path, STORE_WRITE, &bed->store, &error), 0);
	bed->delivery = (struct delivery){
		.sink = &bed->sink, .vantage = "here", .stop = &never};
	assert_int_equal(outbox_open(bed->store, &bed->delivery.store, &error), 0);
	assert_int_equal(delivery_open(&bed->delivery), 0);
}

static void teardown(struct bed *bed)
{
	char command[128];

	delivery_close(&bed->delivery);
	store_close(bed->delivery.store);
	store_close(bed->store);
	snprintf(command, sizeof command, "rm -r %s", bed->folder);
	assert_int_equal(system(command), 0);
}

static int no_row(void *data, struct store_row *row)
{
	(void)data;
	(void)row;
	return 0;
}

/* Notices of one scan; `keep` as in struct outbox_put. */
static void put(struct bed *bed, size_t count, uint32_t keep, int64_t time_us)
{
	static const char *const bodies[] = {"{\"kind\":\"other\",\"n\":1}",
		"{\"kind\":\"other\",\"n\":2}", "{\"kind\":\"other\",\"n\":3}",
		"{\"kind\":\"other\",\"n\":4}", "{\"kind\":\"other\",\"n\":5}"};
	static const char *const sinks[] = {"a"};
	struct outbox_put what = {bodies, count, sinks, 1, keep};
	struct store_record record = {.next = no_row, .outbox = &what};

	record.totals.finished_us = time_us;
	assert_int_equal(
		store_scan_begin(bed->store, "here", time_us, &record.scan), 0);
	assert_int_equal(store_scan_record(bed->store, &record), 0);
}

static struct outbox_sink known(const struct bed *bed)
{
	struct outbox_sink sink;

	assert_int_equal(outbox_get(bed->store, "here", "a", &sink), 0);
	return sink;
}

/* Line `number` (from 1) of the file; NULL: it has fewer. To be decref'ed. */
static json_t *line(const struct bed *bed, int number)
{
	FILE *file = fopen(bed->file, "r");
	char text[512];
	int at = 0;

	while (file && at < number && fgets(text, sizeof text, file))
		at++;
	if (file)
		fclose(file);
	return at == number && number > 0 ? json_loads(text, 0, NULL) : NULL;
}

static void what_was_dropped_is_said_with_the_next_notice_and_once(void **state)
{
	json_t *first, *second;
	struct bed bed;

	(void)state;
	setup(&bed, (struct notify_sink){.kind = NOTIFY_FILE});
	put(&bed, 5, 2, 0);
	assert_int_equal(known(&bed).untold, 3);
	assert_int_equal(delivery_step(&bed.delivery), 0);
	assert_int_equal(known(&bed).untold, 0);
	assert_int_equal(delivery_step(&bed.delivery), 0);
	assert_int_equal(delivery_step(&bed.delivery), UINT32_MAX);
	first = line(&bed, 1);
	second = line(&bed, 2);
	assert_int_equal(json_integer_value(json_object_get(first, "n")), 4);
	assert_int_equal(json_integer_value(json_object_get(first, "dropped")), 3);
	assert_int_equal(json_integer_value(json_object_get(second, "n")), 5);
	assert_null(json_object_get(second, "dropped"));
	json_decref(first);
	json_decref(second);
	teardown(&bed);
}

static void a_digest_is_as_old_as_its_first_notice(void **state)
{
	struct bed bed;
	json_t *digest;

	(void)state;
	setup(&bed, (struct notify_sink){.kind = NOTIFY_FILE, .digest_ms = 3600000});
	put(&bed, 2, 0, clock_wall_us());
	assert_true(delivery_step(&bed.delivery) > 0);
	assert_true(bed.delivery.paused);
	assert_null(line(&bed, 1));
	teardown(&bed);

	setup(&bed, (struct notify_sink){.kind = NOTIFY_FILE, .digest_ms = 3600000});
	put(&bed, 2, 0, clock_wall_us() - INT64_C(7200000000));
	put(&bed, 1, 0, clock_wall_us());
	assert_int_equal(delivery_step(&bed.delivery), 0);
	digest = line(&bed, 1);
	assert_int_equal(json_array_size(json_object_get(digest, "notices")), 3);
	json_decref(digest);
	assert_int_equal(known(&bed).told, 3);
	teardown(&bed);
}

/* Else a store that another program has locked makes receivers get everything twice. */
static void what_the_store_could_not_note_is_noted_later_and_not_repeated(void **state)
{
	struct bed bed;
	sqlite3 *other;

	(void)state;
	setup(&bed, (struct notify_sink){.kind = NOTIFY_FILE});
	put(&bed, 1, 0, 0);
	assert_int_equal(sqlite3_open(bed.path, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_true(delivery_step(&bed.delivery) > 0);
	assert_int_equal(known(&bed).told, 0);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(delivery_step(&bed.delivery), UINT32_MAX);
	assert_int_equal(known(&bed).told, 1);
	assert_null(line(&bed, 2));
	teardown(&bed);
}

static void what_the_sink_does_not_want_is_passed_over(void **state)
{
	static const char *wanted[] = {"recovery"};
	struct bed bed;

	(void)state;
	setup(&bed, (struct notify_sink){.kind = NOTIFY_FILE,
			    .only = {.kinds = {.count = 1, .items = wanted}}});
	put(&bed, 3, 0, 0);
	assert_int_equal(delivery_step(&bed.delivery), 0);
	assert_int_equal(delivery_step(&bed.delivery), UINT32_MAX);
	assert_int_equal(known(&bed).waiting, 0);
	assert_int_equal(known(&bed).told, 0);
	assert_null(line(&bed, 1));
	teardown(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_wishes_all_is_told_now),
		cmocka_unit_test(a_digest_waits_for_its_oldest_notice),
		cmocka_unit_test(quiet_hours_hold_minute_by_minute),
		cmocka_unit_test(waits_twice_as_long_each_time_up_to_five_minutes),
		cmocka_unit_test(chance_takes_off_half_at_most),
		cmocka_unit_test(the_receivers_wish_counts_within_bounds),
		cmocka_unit_test(
			what_was_dropped_is_said_with_the_next_notice_and_once),
		cmocka_unit_test(a_digest_is_as_old_as_its_first_notice),
		cmocka_unit_test(
			what_the_store_could_not_note_is_noted_later_and_not_repeated),
		cmocka_unit_test(what_the_sink_does_not_want_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
