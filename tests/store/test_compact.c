/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

enum {
	FLOWS = 6000,
	KILLS = 20,
	MOST_SECONDS = 10 /* a slow machine kills less often */
};

struct source {
	int flow;
	const char *state;
	char host[32], evidence[64];
};

static int next_row(void *data, struct store_row *row)
{
	struct source *source = data;

	if (source->flow == FLOWS)
		return 0;
	snprintf(source->host, sizeof source->host, "host%d", source->flow++);
	snprintf(source->evidence, sizeof source->evidence, "{\"%s\":%d}",
		source->state, source->flow);
	*row = (struct store_row)SEEN(
		source->host, "tcp/1", source->state, .evidence = source->evidence);
	complete_row(row);
	return 1;
}

static void scan_big(struct store *store, const char *state)
{
	struct source source = {.state = state};
	struct store_record what = {
		.scan = begin(store, "paris", 0),
		.totals = {.flows = FLOWS},
		.next = next_row,
		.next_data = &source,
	};

	assert_int_equal(store_scan_record(store, &what), 0);
}

static int64_t number(struct store *store, const char *text)
{
	int64_t value = -1;

	assert_int_equal(sql_number(store, text, &value), 0);
	return value;
}

/* A store that has lost what it was before its newest scan. */
static int setup_holes(void **state)
{
	struct bed *bed;

	bed_setup_open(state);
	bed = *state;
	scan_big(bed->store, "open");
	scan_big(bed->store, "closed");
	assert_int_equal(sql_exec(bed->store, "DELETE FROM interval"), 0);
	return 0;
}

static bool on_problem(void *data, const char *problem)
{
	(void)data;
	fail_msg("%s", problem);
	return false;
}

static bool on_flow(void *data, const struct store_flow *flow)
{
	assert_string_equal(flow->state, "closed");
	assert_string_equal(flow->expect, "open");
	assert_memory_equal(flow->evidence, "{\"closed\":", strlen("{\"closed\":"));
	++*(int *)data;
	return true;
}

static void check_whole(struct store *store)
{
	int flows = 0;

	assert_int_equal(store_check(store, on_problem, NULL), 0);
	assert_int_equal(store_flows_at(store, 2, on_flow, &flows), 0);
	assert_int_equal(flows, FLOWS);
}

static int64_t file_size(const struct bed *bed)
{
	struct stat info;

	assert_int_equal(stat(bed->path, &info), 0);
	return info.st_size;
}

static void gives_room_back_and_loses_nothing(void **state)
{
	struct bed *bed = *state;
	struct store_sizes sizes;
	int64_t words = number(bed->store, "SELECT count(*) FROM word");

	assert_int_equal(store_compact(bed->store, &sizes), 0);
	assert_true(sizes.after < sizes.before / 4 * 3);
	assert_int_equal(file_size(bed), sizes.after);
	assert_int_equal(number(bed->store, "PRAGMA freelist_count"), 0);
	/* The evidence of what is no more; the word "open" is still in use. */
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM word"), words - FLOWS);
	check_whole(bed->store);
	/* The handle is as it was. */
	assert_int_equal(number(bed->store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(bed->store, "PRAGMA temp_store"), 2);
	scan_big(bed->store, "filtered");
	assert_int_equal(store_check(bed->store, on_problem, NULL), 0);
}

static bool on_interval(void *data, const struct store_interval *interval)
{
	const char **evidence = data;

	assert_string_equal(interval->evidence, *evidence);
	*evidence = "{\"closed\":1}";
	return true;
}

static void keeps_the_words_that_only_the_past_and_reports_have(void **state)
{
	static const struct store_reported reported = {.state = "state-1",
		.reason = "reason-1",
		.identity = "identity-1",
		.verdict = "verdict-1"};
	struct bed *bed = *state;
	struct store_row rows[] = {SEEN("a", "tcp/1", "open", .reason = "past-reason",
		.phase = "past-phase", .identity = "past-identity",
		.evidence = "{\"open\":1}", .reported = &reported)};
	const char *evidence = "{\"open\":1}";
	struct store_sizes sizes;

	scan_rows(bed->store, "oslo", rows, 1);
	rows[0] = (struct store_row)UNMEASURED("a", "tcp/1", "past-gap");
	scan_rows(bed->store, "oslo", rows, 1);
	rows[0] = (struct store_row)UNMEASURED("a", "tcp/1", "gap-now");
	scan_rows(bed->store, "oslo", rows, 1);
	rows[0] = (struct store_row)SEEN(
		"a", "tcp/1", "closed", .evidence = "{\"closed\":1}");
	scan_rows(bed->store, "oslo", rows, 1);
	rows[0] = (struct store_row)UNMEASURED("a", "tcp/1", "gap-again");
	scan_rows(bed->store, "oslo", rows, 1);
	assert_int_equal(store_compact(bed->store, &sizes), 0);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(store_check(bed->store, on_problem, NULL), 0);
	assert_int_equal(
		store_history(bed->store, "oslo", "a", "tcp/1", on_interval, &evidence),
		0);
}

static void a_second_time_there_is_nothing_to_give(void **state)
{
	struct bed *bed = *state;
	struct store_sizes sizes;

	assert_int_equal(store_compact(bed->store, &sizes), 0);
	assert_int_equal(store_compact(bed->store, &sizes), 0);
	assert_int_equal(sizes.after, sizes.before);
	check_whole(bed->store);
}

static void a_reader_may_not(void **state)
{
	struct bed *bed = *state;
	struct store_sizes sizes;

	bed_close(bed);
	bed_open(bed, STORE_READ);
	assert_int_equal(store_compact(bed->store, &sizes), -EROFS);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void without_room_the_store_is_as_it_was(void **state)
{
	struct bed *bed = *state;
	struct store_sizes sizes;
	int rc;

	limit_files(131072);
	rc = store_compact(bed->store, &sizes);
	limit_files(0);
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(store_last_error(bed->store), "free some space"));
	check_whole(bed->store);
	assert_int_equal(number(bed->store, "PRAGMA foreign_keys"), 1);
	scan_big(bed->store, "filtered");
}

/* True when it was killed before it was done. */
static bool kill_compacter(const struct bed *bed, uint32_t after_us)
{
	struct timespec pause = {.tv_nsec = (long)after_us * 1000};
	struct store_sizes sizes;
	struct store_error error;
	struct store *store;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (store_open(bed->path, STORE_WRITE, &store, &error) < 0)
			_exit(1);
		_exit(store_compact(store, &sizes) < 0);
	}
	/* The random moment itself is what this test is about. */
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

static void loses_nothing_when_it_is_killed(void **state)
{
	struct bed *bed = *state;
	struct random_state random;
	struct store_sizes sizes;
	uint64_t start = clock_monotonic_us(), one;
	int kills = 0, under_way = 0;

	random_seed(&random, (uint64_t)getpid());
	assert_int_equal(store_compact(bed->store, &sizes), 0);
	one = clock_monotonic_us() - start;
	one = one < 400000 ? one : 400000;
	for (; kills < KILLS &&
		clock_monotonic_us() - start < MOST_SECONDS * UINT64_C(1000000);
		kills++) {
		bed_close(bed);
		under_way += kill_compacter(
			bed, random_below(&random, (uint32_t)one * 2 + 1000));
		bed_open(bed, STORE_WRITE);
		check_whole(bed->store);
	}
	print_message("%d kills, %d of them under way\n", kills, under_way);
	assert_in_range(under_way, 1, kills);
}

static int ignore_the_signal_of_the_limit(void **state)
{
	(void)state;
	return signal(SIGXFSZ, SIG_IGN) == SIG_ERR;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_holes, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_room_back_and_loses_nothing),
		TEST(keeps_the_words_that_only_the_past_and_reports_have),
		TEST(a_second_time_there_is_nothing_to_give),
		TEST(a_reader_may_not),
		TEST(without_room_the_store_is_as_it_was),
		TEST(loses_nothing_when_it_is_killed),
	};

	return cmocka_run_group_tests(tests, ignore_the_signal_of_the_limit, NULL);
}
