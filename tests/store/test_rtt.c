/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rtt.h"
#include "tests/store/fixture.h"

/* ---- cells ------------------------------------------------------------------- */

static void lays_a_cell_out_as_documented(void **state)
{
	static uint8_t blob[RTT_BLOB_SIZE];
	const uint8_t expected[RTT_CELL_SIZE] = {
		0x02, 0x01, 0, 0,             /* shortest: 0x102 */
		0x04, 0x03, 0x02, 0x01,       /* longest: 0x01020304 */
		0x06, 0x04, 0x02, 0x01, 0, 0, /* sum: 0x01020406 */
		0x02, 0,                      /* two */
	};

	(void)state;
	rtt_cell_add(blob, 3, 0x01020304);
	rtt_cell_add(blob, 3, 0x0102);
	assert_memory_equal(
		&blob[(size_t)3 * RTT_CELL_SIZE], expected, sizeof expected);
	for (size_t i = 0; i < RTT_BLOB_SIZE; i++)
		if (i / RTT_CELL_SIZE != 3)
			assert_int_equal(blob[i], 0);
}

static void a_cell_past_the_end_is_empty(void **state)
{
	static uint8_t blob[RTT_BLOB_SIZE];

	(void)state;
	memset(blob, 0xff, sizeof blob);
	assert_int_equal(rtt_cell_read(blob, 32, 1).count, 65535);
	assert_int_equal(rtt_cell_read(blob, 31, 1).count, 0);
	assert_int_equal(rtt_cell_read(blob, 32, 2).count, 0);
	assert_int_equal(rtt_cell_read(blob, 0, 0).count, 0);
	assert_int_equal(rtt_cell_read(NULL, 0, 0).count, 0);
	assert_int_equal(rtt_cell_read(blob, 32, SIZE_MAX).count, 0);
}

static void a_full_cell_keeps_its_mean_and_still_learns_extremes(void **state)
{
	static uint8_t blob[RTT_BLOB_SIZE];
	struct rtt_cell cell;

	(void)state;
	for (int i = 0; i < 65535; i++)
		rtt_cell_add(blob, 0, UINT32_MAX);
	rtt_cell_add(blob, 0, 7);
	cell = rtt_cell_read(blob, sizeof blob, 0);
	assert_int_equal(cell.count, 65535);
	assert_true(cell.sum_us == 65535 * (uint64_t)UINT32_MAX);
	assert_int_equal(cell.min_us, 7);
	assert_int_equal(cell.max_us, UINT32_MAX);
}

/* ---- hours ------------------------------------------------------------------- */

struct log {
	struct store_rtt hours[8];
	size_t count;
};

static bool on_rtt(void *data, const struct store_rtt *rtt)
{
	struct log *log = data;

	assert_true(log->count < ARRAY_SIZE(log->hours));
	log->hours[log->count++] = *rtt;
	return true;
}

static struct log rtts(struct store *store, const char *host, const char *check)
{
	struct log log = {0};

	assert_int_equal(store_rtts(store, "paris", host, check, on_rtt, &log), 0);
	return log;
}

static void scan_at(
	struct store *store, int64_t at_us, const struct store_row *rows, size_t count)
{
	int64_t id = begin(store, "paris", at_us);

	assert_int_equal(record(store, id, at_us + SECOND,
				 (struct feed){.rows = rows, .count = count}),
		0);
}

static void rolls_times_up_by_the_hour_that_a_scan_began_in(void **state)
{
	struct bed *bed = *state;
	const int64_t hour = 3600 * SECOND;
	struct store_row row = SEEN("a", "tcp/1", "open");
	const struct {
		int64_t at_us;
		uint32_t rtt_us;
	} scans[] = {
		{5 * hour, 100},
		{5 * hour + hour / 2, 400},
		{6 * hour - 1, 101},
		{6 * hour, 50},
		{9 * hour, 0},
	};
	struct log log;

	for (size_t i = 0; i < ARRAY_SIZE(scans); i++) {
		row.rtt_us = scans[i].rtt_us;
		scan_at(bed->store, scans[i].at_us, &row, 1);
	}
	log = rtts(bed->store, "a", "tcp/1");
	assert_int_equal(log.count, 2);
	assert_int_equal(log.hours[0].hour_us, 5 * hour);
	assert_int_equal(log.hours[0].min_us, 100);
	assert_int_equal(log.hours[0].mean_us, 200); /* 601 / 3 */
	assert_int_equal(log.hours[0].max_us, 400);
	assert_int_equal(log.hours[0].count, 3);
	assert_int_equal(log.hours[1].hour_us, 6 * hour);
	assert_int_equal(log.hours[1].min_us, 50);
	assert_int_equal(log.hours[1].mean_us, 50);
	assert_int_equal(log.hours[1].count, 1);
}

static void a_flow_that_was_not_measured_adds_no_time(void **state)
{
	struct bed *bed = *state;
	struct store_row row = UNMEASURED("a", "tcp/1", "no-port");

	row.rtt_us = 77;
	scan_at(bed->store, 0, &row, 1);
	assert_int_equal(rtts(bed->store, "a", "tcp/1").count, 0);
}

/* More flows than a chunk holds, some without a time, over two hours. */
static void keeps_each_flows_times_apart(void **state)
{
	enum {
		FLOWS = RTT_CHUNK_FLOWS * 2 + 10
	};
	struct bed *bed = *state;
	struct store_row *rows = calloc(FLOWS, sizeof *rows);
	char(*checks)[32] = calloc(FLOWS, sizeof *checks);

	assert_non_null(rows);
	assert_non_null(checks);
	for (uint32_t i = 0; i < FLOWS; i++) {
		snprintf(checks[i], sizeof checks[i], "tcp/%u", i + 1);
		rows[i] = (struct store_row)SEEN("a", checks[i], "open");
		rows[i].rtt_us = i % 3 ? i + 1000 : 0;
	}
	for (int i = 0; i < 3; i++)
		scan_at(bed->store, 1800 * SECOND * i, rows, FLOWS);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct log log = rtts(bed->store, "a", checks[i]);
		assert_int_equal(log.count, i % 3 ? 2 : 0);
		if (i % 3 == 0)
			continue;
		assert_int_equal(log.hours[0].count, 2);
		assert_int_equal(log.hours[0].mean_us, i + 1000);
		assert_int_equal(log.hours[1].count, 1);
		assert_int_equal(log.hours[1].max_us, i + 1000);
	}
	free(rows);
	free(checks);
}

static void vantages_have_times_of_their_own(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open", .rtt_us = 5));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open", .rtt_us = 900));
	assert_int_equal(rtts(bed->store, "a", "tcp/1").count, 1);
	assert_int_equal(rtts(bed->store, "a", "tcp/1").hours[0].max_us, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_a_cell_out_as_documented),
		cmocka_unit_test(a_cell_past_the_end_is_empty),
		cmocka_unit_test(a_full_cell_keeps_its_mean_and_still_learns_extremes),
		TEST(rolls_times_up_by_the_hour_that_a_scan_began_in),
		TEST(a_flow_that_was_not_measured_adds_no_time),
		TEST(keeps_each_flows_times_apart),
		TEST(vantages_have_times_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
