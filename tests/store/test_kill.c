/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer is killed at random moments. Whatever the moment: the file is whole, no scan
 * is there by half, what was stored is there to the last flow unless it was pruned as a
 * whole, the scan that was under way is marked, and the next one's changes are right.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

enum {
	HOSTS = 60,
	CHECKS = 10,
	FLOWS = HOSTS * CHECKS,
	RECORDING_KILLS = 50,
	CREATION_KILLS = 25,
	PRUNING_KILLS = 50,
	KEPT_SECONDS = 12,
	MOST_SECONDS = 20 /* a slow machine kills less often */
};

/* ---- scans that their number determines -------------------------------------- */

static bool is_present(int64_t scan, int flow)
{
	return (scan + flow) % 97 != 0;
}

static const char *state_of(int64_t scan, int flow)
{
	if (!is_present(scan, flow))
		return "";
	return (scan * 31 + INT64_C(17) * flow) % 10 ? "open" : "filtered";
}

static void name_flow(int flow, char *host, char *check, size_t size)
{
	snprintf(host, size, "host%d", flow / CHECKS);
	snprintf(check, size, "tcp/%d", flow % CHECKS);
}

static int flow_of(const char *host, const char *check)
{
	return (int)strtol(host + strlen("host"), NULL, 10) * CHECKS +
	       (int)strtol(check + strlen("tcp/"), NULL, 10);
}

struct source {
	int64_t scan;
	int flow;
	char host[32], check[32];
	int64_t incident;
	struct store_reported reported;
};

/* Each scan reports all its flows, those that are filtered by an incident of its own.
 */
static uint64_t count_flows(int64_t scan, const char *state)
{
	uint64_t count = 0;

	for (int i = 0; i < FLOWS; i++)
		count += is_present(scan, i) &&
			 (!state || strcmp(state_of(scan, i), state) == 0);
	return count;
}

static int next_row(void *data, struct store_row *row)
{
	struct source *source = data;
	int flow;

	while (source->flow < FLOWS && !is_present(source->scan, source->flow))
		source->flow++;
	if (source->flow >= FLOWS)
		return 0;
	flow = source->flow++;
	name_flow(flow, source->host, source->check, sizeof source->host);
	*row = (struct store_row)SEEN(source->host, source->check,
		state_of(source->scan, flow), .rtt_us = (uint32_t)flow + 1);
	complete_row(row);
	source->reported = (struct store_reported){.state = row->state,
		.reason = "r",
		.identity = "",
		.verdict = "v",
		.incident = strcmp(row->state, "open") == 0 ? 0 : source->incident};
	row->reported = &source->reported;
	return 1;
}

static bool close_it(void *data, const struct store_incident *incident)
{
	struct store_record *what = data;
	static struct store_incident_update update;

	update = (struct store_incident_update){.id = incident->id};
	what->updates = &update;
	what->n_updates++;
	return true;
}

static int64_t scan_once(struct store *store)
{
	struct source source = {0};
	char uid[40];
	struct store_incident opened = {
		.uid = uid, .kind = "k", .summary = "s", .body = "{}"};
	struct store_record what = {.next = next_row,
		.next_data = &source,
		.opened = &opened,
		.n_opened = 1};

	if (store_scan_begin(store, "paris", 0, &source.scan) < 0)
		return -1;
	what.scan = source.scan;
	what.totals.finished_us = source.scan * SECOND;
	what.totals.flows = count_flows(source.scan, NULL);
	if (store_incident_next(store, &opened.id) < 0 ||
		store_incident_list(store, "paris", true, close_it, &what) < 0)
		return -1;
	source.incident = opened.id;
	opened.flows = opened.remaining = count_flows(source.scan, "filtered");
	snprintf(uid, sizeof uid, "%032lld", (long long)opened.id);
	return store_scan_record(store, &what) < 0 ? -1 : source.scan;
}

/* Scans finish a second after each other. */
static int prune_once(struct store *store)
{
	struct store_retention keep = {
		.now_us = INT64_MAX / 2, .history_us = KEPT_SECONDS * SECOND};
	bool more = true;
	int rc = 0;

	while (rc == 0 && more)
		rc = store_prune(store, "paris", &keep, &more);
	return rc;
}

/* ---- the victim -------------------------------------------------------------- */

/* Never returns: opens, says so on the pipe when `opened`, and scans until killed. */
static void live(const struct bed *bed, int pipe_end, bool opened)
{
	struct store_error error;
	struct store *store;

	if (!opened && write(pipe_end, "!", 1) != 1)
		_exit(1);
	if (store_open(bed->path, STORE_WRITE, &store, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		_exit(1);
	}
	if (opened && write(pipe_end, "!", 1) != 1)
		_exit(1);
	while (prune_once(store) == 0 && scan_once(store) > 0)
		;
	fprintf(stderr, "%s\n", store_last_error(store));
	_exit(1);
}

/* Kills a writer `after_us` past its sign of life. */
static void kill_writer(const struct bed *bed, bool opened, uint32_t after_us)
{
	struct timespec pause = {.tv_nsec = (long)after_us * 1000};
	int ends[2], status;
	char byte;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		live(bed, ends[1], opened);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	/* The random moment itself is what this test is about. */
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* ---- the inquest ------------------------------------------------------------- */

static void check_file(struct store *store)
{
	int64_t value;

	assert_int_equal(sql_number(store,
				 "SELECT count(*) FROM pragma_integrity_check"
				 " WHERE integrity_check = 'ok'",
				 &value),
		0);
	assert_int_equal(value, 1);
	assert_int_equal(
		sql_number(
			store, "SELECT count(*) FROM pragma_foreign_key_check", &value),
		0);
	assert_int_equal(value, 0);
}

static bool no_problem(void *data, const char *problem)
{
	(void)data;
	fail_msg("%s", problem);
	return false;
}

static bool is_of_newest(void *data, const struct store_incident *incident)
{
	struct store_scan *newest = data;

	assert_int_equal(incident->opened_scan, newest->id);
	assert_int_equal(incident->remaining, count_flows(newest->id, "filtered"));
	newest->changes++;
	return true;
}

static bool on_reported(void *data, const struct store_flow *flow)
{
	(void)data;
	assert_true(flow->is_reported);
	assert_string_equal(flow->reported.state, flow->state);
	return true;
}

/* One incident is open, and people were told of the flows as they are. */
static void check_reported(struct store *store)
{
	struct store_scan newest;
	int rc = store_scan_last(store, "paris", &newest);

	assert_int_equal(store_check(store, no_problem, NULL), 0);
	if (rc == -ENOENT)
		return;
	assert_int_equal(rc, 0);
	newest.changes = 0;
	assert_int_equal(
		store_incident_list(store, "paris", true, is_of_newest, &newest), 0);
	assert_int_equal(newest.changes, 1);
	assert_int_equal(store_flows_at(store, newest.id, on_reported, NULL), 0);
}

/* Nothing may be left of a scan that is not complete but its own row. */
static void check_no_half_scan(struct store *store)
{
	int64_t value;

	assert_int_equal(sql_number(store,
				 "SELECT count(*) FROM scan WHERE status <> 'complete'"
				 " AND (id IN (SELECT from_scan FROM flow"
				 "  WHERE from_scan IS NOT NULL)"
				 " OR id IN (SELECT from_scan FROM interval)"
				 " OR id IN (SELECT to_scan FROM interval)"
				 " OR status = 'running')",
				 &value),
		0);
	assert_int_equal(value, 0);
}

struct count {
	int64_t a, b;
	int flows;
};

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct count *count = data;
	int i = flow_of(flow->host, flow->check);

	assert_true(is_present(count->b, i));
	assert_string_equal(flow->state, state_of(count->b, i));
	count->flows++;
	return true;
}

static void check_flows(struct store *store, int64_t scan)
{
	struct count count = {.b = scan};
	int present = 0;

	for (int i = 0; i < FLOWS; i++)
		present += is_present(scan, i);
	assert_int_equal(store_flows_at(store, scan, on_flow, &count), 0);
	assert_int_equal(count.flows, present);
}

static bool on_change(void *data, const struct store_change *change)
{
	struct count *count = data;
	int i = flow_of(change->host, change->check);

	assert_string_equal(change->from_state, state_of(count->a, i));
	assert_string_equal(change->to_state, state_of(count->b, i));
	count->flows++;
	return true;
}

static void check_changes(struct store *store, int64_t a, int64_t b)
{
	struct count count = {.a = a, .b = b};
	int expected = 0;

	for (int i = 0; i < FLOWS; i++)
		expected += strcmp(state_of(a, i), state_of(b, i)) != 0;
	assert_int_equal(store_changes(store, a, b, on_change, &count), 0);
	assert_int_equal(count.flows, expected);
}

/* All of them: there to the last flow, or not at all. Returns how many are there. */
static int check_all_scans(struct store *store, int64_t newest)
{
	struct store_scan scan;
	int there = 0;

	for (int64_t id = 1; id <= newest; id++) {
		int rc = store_scan_get(store, id, &scan);
		assert_true(rc == 0 || rc == -ENODATA);
		if (rc < 0 || scan.status != STORE_SCAN_COMPLETE)
			continue;
		check_flows(store, id);
		if (id < newest)
			check_changes(store, id, newest);
		there++;
	}
	return there;
}

static bool on_scan(void *data, const struct store_scan *scan)
{
	*(enum store_scan_status *)data = scan->status;
	return false;
}

/* True when a scan was under way. */
static bool check_after_kill(struct bed *bed)
{
	enum store_scan_status newest = STORE_SCAN_COMPLETE;
	struct store_scan last;
	int64_t next;
	int rc;

	bed_open(bed, STORE_WRITE);
	check_file(bed->store);
	check_no_half_scan(bed->store);
	check_reported(bed->store);
	assert_int_equal(store_scan_list(bed->store, 1, on_scan, &newest), 0);
	rc = store_scan_last(bed->store, "paris", &last);
	assert_true(rc == 0 || rc == -ENOENT);
	if (rc == 0)
		check_flows(bed->store, last.id);
	next = scan_once(bed->store);
	assert_true(next > 0);
	check_flows(bed->store, next);
	if (rc == 0)
		check_changes(bed->store, last.id, next);
	bed_close(bed);
	return newest == STORE_SCAN_INTERRUPTED;
}

/* ---- tests ------------------------------------------------------------------- */

static void survives_kill_at_any_moment_of_a_record(void **state)
{
	struct bed *bed = *state;
	struct random_state random;
	uint64_t start = clock_monotonic_us(), one;
	int kills = 0, under_way = 0;

	random_seed(&random, (uint64_t)getpid());
	bed_open(bed, STORE_WRITE);
	scan_once(bed->store);
	one = clock_monotonic_us();
	scan_once(bed->store);
	one = clock_monotonic_us() - one;
	bed_close(bed);
	one = one < 400000 ? one : 400000;
	for (; kills < RECORDING_KILLS &&
		clock_monotonic_us() - start < MOST_SECONDS * UINT64_C(1000000);
		kills++) {
		kill_writer(bed, true, random_below(&random, (uint32_t)one * 2 + 1000));
		under_way += check_after_kill(bed);
	}
	print_message("%d kills, %d of them during a scan\n", kills, under_way);
	/* Otherwise this test would have tested nothing. */
	assert_in_range(under_way, 1, kills);
}

static int64_t newest_scan(struct store *store)
{
	struct store_scan last;

	assert_int_equal(store_scan_last(store, "paris", &last), 0);
	return last.id;
}

/* What it left; and something to do for the next one. True when scans had gone. */
static bool check_after_prune(struct bed *bed)
{
	struct store_scan scan;
	int64_t newest;
	bool pruned;

	check_after_kill(bed);
	bed_open(bed, STORE_WRITE);
	newest = newest_scan(bed->store);
	pruned = store_scan_get(bed->store, newest - 30, &scan) == -ENODATA;
	for (int n = 0; n < 5; n++)
		assert_true(scan_once(bed->store) > 0);
	assert_true(check_all_scans(bed->store, newest + 5) > 10);
	check_flows(bed->store, 5);
	bed_close(bed);
	return pruned;
}

/* Killed soon after its first sign of life, when it prunes. */
static void survives_kill_at_any_moment_of_a_prune(void **state)
{
	struct bed *bed = *state;
	struct random_state random;
	uint64_t start = clock_monotonic_us(), one;
	int pruned = 0;

	random_seed(&random, (uint64_t)getpid());
	bed_open(bed, STORE_WRITE);
	for (int i = 0; i < 30; i++)
		assert_true(scan_once(bed->store) > 0);
	assert_int_equal(store_baseline_save(bed->store, "b", 5, 0, false), 0);
	one = clock_monotonic_us();
	assert_int_equal(prune_once(bed->store), 0);
	one = clock_monotonic_us() - one;
	bed_close(bed);
	one = one < 400000 ? one : 400000;
	for (int i = 0; i < PRUNING_KILLS &&
			clock_monotonic_us() - start < MOST_SECONDS * UINT64_C(1000000);
		i++) {
		kill_writer(
			bed, true, random_below(&random, (uint32_t)one * 10 + 1000));
		pruned += check_after_prune(bed);
	}
	print_message("%d times scans had gone\n", pruned);
	assert_true(pruned > 0);
}

static void survives_kill_while_the_store_is_made(void **state)
{
	struct bed *bed = *state;
	struct random_state random;
	uint64_t start = clock_monotonic_us(), one;
	char path[128];

	random_seed(&random, (uint64_t)getpid());
	bed_open(bed, STORE_WRITE);
	bed_close(bed);
	one = clock_monotonic_us() - start;
	one = one < 200000 ? one : 200000;
	for (int i = 0; i < CREATION_KILLS &&
			clock_monotonic_us() - start < MOST_SECONDS * UINT64_C(1000000);
		i++) {
		unlink(bed->path);
		snprintf(path, sizeof path, "%s-wal", bed->path);
		unlink(path);
		snprintf(path, sizeof path, "%s-shm", bed->path);
		unlink(path);
		kill_writer(bed, false, random_below(&random, (uint32_t)one + 1000));
		check_after_kill(bed);
		/* Nor is anything of the half-made one left. */
		snprintf(path, sizeof path, "%s-new", bed->path);
		assert_int_not_equal(access(path, F_OK), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(survives_kill_at_any_moment_of_a_record),
		TEST(survives_kill_at_any_moment_of_a_prune),
		TEST(survives_kill_while_the_store_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
