/* SPDX-License-Identifier: Apache-2.0 */
/* Several passes side by side: the same results, the same limits, and no trouble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/size.h"
#include "tests/support/fleet.h"
#include "tests/support/loopback.h"
#include "tests/support/notes.h"

#define PER_SECOND UINT64_C(3600)
#define SECOND UINT64_C(1000000)

/* ---- which thread a host's flows are probed on ---------------------------- */

#define MAX_WHERE 200

/* Each host is written by the thread that has it alone. */
static struct {
	pthread_t thread;
	uint32_t starts;
	bool moved;
} where[MAX_WHERE];

static int where_start(struct probe_run *run)
{
	uint32_t host = (uint32_t)strtoul(run->spec.target.host + 1, NULL, 10);

	if (where[host].starts++ == 0)
		where[host].thread = pthread_self();
	else if (!pthread_equal(where[host].thread, pthread_self()))
		where[host].moved = true;
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

static const struct probe_ops kind_where = {
	.name = "where",
	.run_size = sizeof(struct probe_run),
	.start = where_start,
};

/* How many hosts the thread has that has host `of`. */
static uint32_t neighbours(uint32_t of, uint32_t n_hosts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n_hosts; i++)
		count += where[i].starts > 0 &&
			 pthread_equal(where[i].thread, where[of].thread) != 0;
	return count;
}

static void forget_where(void)
{
	memset(where, 0, sizeof where);
}

static void init_where(struct fleet *fleet, uint32_t n_hosts, uint32_t n_checks)
{
	forget_where();
	fleet_init(fleet, n_hosts, n_checks);
	for (uint32_t c = 0; c < n_checks; c++)
		fleet_check(fleet, c, "where", &kind_where, NULL);
}

static void deals_equal_hosts_out_evenly(void **state)
{
	struct fleet fleet;

	(void)state;
	for (uint32_t engines = 1; engines <= 8; engines *= 2) {
		init_where(&fleet, 8, 5);
		fleet.options.engines = engines;
		assert_int_equal(fleet_run(&fleet), 0);
		for (uint32_t h = 0; h < 8; h++) {
			assert_int_equal(where[h].starts, 5);
			assert_false(where[h].moved);
			assert_int_equal(neighbours(h, 8), 8 / engines);
		}
		fleet_fini(&fleet);
	}
}

/* One host with as many connections as a hundred others. */
static void deals_out_by_the_connections_of_the_checks(void **state)
{
	uint32_t flows[101];
	struct fleet fleet;

	(void)state;
	init_where(&fleet, 101, 2);
	fleet.plan.checks[1].connections = 100;
	for (uint32_t h = 0; h < 101; h++)
		flows[h] = h * 2 + (h == 50);
	fleet.options.engines = 2;
	struct engine *engine;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(
		engine_run(engine, &fleet.plan, flows, 101, &fleet.results), 0);
	assert_int_equal(neighbours(50, 101), 1);
	assert_int_equal(neighbours(0, 101), 100);
	engine_free(engine);
	fleet_fini(&fleet);
}

static void ignore_line(void *data, uint32_t flow, uint64_t elapsed_us,
	const char *phase, const char *text)
{
	(void)data;
	(void)flow;
	(void)elapsed_us;
	(void)phase;
	(void)text;
}

static void stays_on_the_calling_thread_where_one_pass_will_do(void **state)
{
	struct fleet fleet;

	(void)state;
	init_where(&fleet, 100, 2);
	fleet.options.engines = 0; /* too little to do for two */
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(neighbours(0, 100), 100);
	assert_true(pthread_equal(where[0].thread, pthread_self()));
	forget_where();
	fleet.options.engines = 4;
	fleet.options.observer = ignore_line;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(neighbours(0, 100), 100);
	assert_true(pthread_equal(where[0].thread, pthread_self()));
	fleet_fini(&fleet);
}

/* ---- the same results ------------------------------------------------------ */

enum {
	HOSTS = 60,
	CHECKS = 4
};

struct peers {
	pid_t acceptor;
	int refusing;
	struct silence silence;
	uint16_t open, closed;
};

static void open_peers(struct peers *peers)
{
	peers->acceptor = loopback_accept(&peers->open);
	peers->refusing = loopback_refuse(&peers->closed);
	silence_open(&peers->silence);
}

static void close_peers(struct peers *peers)
{
	silence_close(&peers->silence);
	close(peers->refusing);
	loopback_accept_end(peers->acceptor);
}

/* Open, closed, silent, a sweep and a name that the hosts file knows. */
static void init_mixed(struct fleet *fleet, const struct peers *peers)
{
	fleet_init(fleet, HOSTS, CHECKS);
	fleet_check_port(fleet, 0, peers->open);
	fleet_check_port(fleet, 1, peers->closed);
	fleet_check_port(fleet, 2, peers->silence.port)->timeout_ms = 50;
	fleet_check_text(fleet, 3, "sweep/1-200")->connections = 200;
	for (uint32_t h = 0; h < HOSTS; h += 7) {
		fleet->plan.hosts[h].dial_name = "localhost";
		fleet->plan.hosts[h].n_addresses = 0;
		fleet->results.hosts[h].count = 0;
	}
}

static void assert_same_text(const char *a, const char *b)
{
	assert_true(!a == !b);
	if (a)
		assert_string_equal(a, b);
}

static void assert_same(const struct flow_result *a, const struct flow_result *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->clear, b->clear);
	assert_same_text(flow_result_evidence(a), flow_result_evidence(b));
	assert_true(!a->detail == !b->detail);
	if (a->detail)
		assert_same_text(a->detail->identity, b->detail->identity);
}

static void finds_the_same_with_any_number_of_engines(void **state)
{
	static const uint32_t numbers[] = {2, 4, 7};
	struct peers peers;
	struct fleet one;

	(void)state;
	open_peers(&peers);
	init_mixed(&one, &peers);
	assert_int_equal(fleet_run(&one), 0);
	assert_int_equal(fleet_result(&one, 1, 0)->state, STATE_OPEN);
	assert_int_equal(fleet_result(&one, 1, 1)->state, STATE_CLOSED);
	assert_int_equal(fleet_result(&one, 1, 2)->state, STATE_FILTERED);
	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
		struct fleet many;
		init_mixed(&many, &peers);
		many.options.engines = numbers[n];
		assert_int_equal(fleet_run(&many), 0);
		for (uint32_t i = 0; i < HOSTS * CHECKS; i++)
			assert_same(&one.results.flows[i], &many.results.flows[i]);
		fleet_fini(&many);
	}
	fleet_fini(&one);
	close_peers(&peers);
}

static void adds_the_progress_of_all_up(
	void *data, const struct engine_progress *progress)
{
	struct engine_progress *last = data;

	assert_true(progress->settled >= last->settled);
	assert_true(progress->connections >= last->connections);
	*last = *progress;
}

static void counts_for_the_progress_what_all_have_done(void **state)
{
	static const struct batch_conf conf = {300};
	struct engine_progress last = {0};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 12, 2);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	fleet_check(&fleet, 1, "slow", &kind_slow, NULL);
	fleet.options.engines = 3;
	fleet.options.per_host = 4;
	fleet.options.progress = adds_the_progress_of_all_up;
	fleet.options.progress_data = &last;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(last.flows, 24);
	assert_int_equal(last.settled, 24);
	assert_int_equal(last.connections, 12 * 301);
	assert_int_equal(last.in_flight, 0);
	fleet_fini(&fleet);
}

/* One thread hangs, and the others go on. */
static int hang_start(struct probe_run *run)
{
	if (run->spec.target.host[1] == '1')
		nanosleep(&(struct timespec){.tv_nsec = 900000000}, NULL);
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

static const struct probe_ops kind_hang = {
	.name = "hang",
	.run_size = sizeof(struct probe_run),
	.start = hang_start,
};

static void notes_the_longest_silence(
	void *data, const struct engine_progress *progress)
{
	uint64_t *longest = data;

	if (progress->silent_us > *longest)
		*longest = progress->silent_us;
}

static uint64_t longest_silence(const struct probe_ops *kind)
{
	uint64_t longest = 0;
	struct fleet fleet;

	fleet_init(&fleet, 2, 1);
	fleet_check(&fleet, 0, kind->name, kind, NULL);
	fleet.options.engines = 2;
	fleet.options.progress = notes_the_longest_silence;
	fleet.options.progress_data = &longest;
	assert_int_equal(fleet_run(&fleet), 0);
	fleet_fini(&fleet);
	return longest;
}

/* Long for host 0, and soon over for the other. */
static int uneven_start(struct probe_run *run)
{
	static const struct batch_conf one = {1}, many = {600};

	run->spec.conf = run->spec.target.host[1] == '0' ? &many : &one;
	return kind_batch.start(run);
}

static void a_thread_that_has_ended_does_not_hang(void **state)
{
	struct probe_ops uneven = kind_batch;
	uint64_t longest = 0;
	struct fleet fleet;

	(void)state;
	uneven.start = uneven_start;
	fleet_init(&fleet, 2, 1);
	fleet_check(&fleet, 0, "uneven", &uneven, NULL);
	fleet.options.engines = 2;
	fleet.options.per_host = 1;
	fleet.options.progress = notes_the_longest_silence;
	fleet.options.progress_data = &longest;
	assert_int_equal(fleet_run(&fleet), 0);
	/* 600 connections of 2 ms, one after another */
	assert_true(fleet.results.flows[0].at_ms > 1000);
	assert_in_range(longest, 0, SECOND * 3 / 4);
	fleet_fini(&fleet);
}

static void tells_how_long_a_thread_hangs(void **state)
{
	(void)state;
	assert_in_range(longest_silence(&kind_hang), SECOND / 2, 2 * SECOND);
	assert_in_range(longest_silence(&kind_slow), 0, SECOND / 2);
}

/* ---- the limits of all ------------------------------------------------------ */

static int compare_times(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Microseconds from the first start to the last; never faster than the rate allows, in
 * no second and not in all. */
static uint64_t run_at(uint32_t rate, uint32_t starts)
{
	uint64_t us;
	struct fleet fleet;

	notes_forget(NULL);
	fleet_init(&fleet, starts / 10, 10);
	for (uint32_t c = 0; c < 10; c++)
		fleet_check(&fleet, c, "instant", &kind_instant, NULL);
	fleet.options.rate_per_hour = rate * PER_SECOND;
	fleet.options.engines = 4;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, starts);
	/* noted in the order that the threads came to it */
	qsort(notes.us, starts, sizeof notes.us[0], compare_times);
	for (uint32_t first = 0, last = 0; last < starts; last++) {
		while (notes.us[last] - notes.us[first] >= SECOND)
			first++;
		assert_true(last - first + 1 <= (uint64_t)rate * 105 / 100);
	}
	us = notes.us[starts - 1] - notes.us[0];
	assert_true(us * rate / SECOND >= (uint64_t)starts * 95 / 100);
	fleet_fini(&fleet);
	return us;
}

static void obeys_the_rate_with_all_together(void **state)
{
	uint64_t exact_us = 3000 * SECOND / 2000, us = 0;

	(void)state;
	run_at(300, 360);
	run_at(30000, 36000);
	/* A machine that is busy with other things may be late, but not each time. */
	for (int tries = 0; tries < 8; tries++) {
		us = run_at(2000, 3000);
		if (us * 100 <= exact_us * 105)
			break;
	}
	assert_true(us * 100 <= exact_us * 105);
}

static void keeps_the_concurrency_of_all_together(void **state)
{
	static const struct batch_conf conf = {100};
	struct fleet fleet;

	(void)state;
	for (uint32_t engines = 2; engines <= 8; engines *= 2) {
		notes_forget(NULL);
		fleet_init(&fleet, 40, 10);
		for (uint32_t c = 0; c < 10; c++)
			fleet_check(&fleet, c, "slow", &kind_slow, NULL);
		fleet_check(&fleet, 3, "batch", &kind_batch, &conf)->connections = 100;
		fleet.options.engines = engines;
		fleet.options.concurrency = 17;
		fleet.options.per_host = 3;
		assert_int_equal(fleet_run(&fleet), 0);
		assert_in_range(notes.most_in_all, 8, 17);
		assert_in_range(notes.most_of_a_host, 1, 3);
		assert_int_equal(notes.count, 40 * 109);
		fleet_fini(&fleet);
	}
}

/* A host with a thousand connections and one with a single one. */
static void hands_the_share_of_a_pass_that_ended_to_the_others(void **state)
{
	static const struct batch_conf conf = {3000};
	uint32_t flows[2] = {0, 3};
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 2, 2);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	fleet_check(&fleet, 1, "instant", &kind_instant, NULL);
	fleet.options.engines = 2;
	fleet.options.concurrency = 20;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(engine_run(engine, &fleet.plan, flows, 2, &fleet.results), 0);
	assert_int_equal(notes.count, 3001);
	assert_in_range(notes.most_of_a_host, 11, 20);
	assert_in_range(notes.most_in_all, 11, 20);
	engine_free(engine);
	fleet_fini(&fleet);
}

/* ---- cancelling -------------------------------------------------------------- */

struct canceller {
	struct engine *engine;
	uint32_t after_us;
	uint64_t at_us;
};

static void *cancel_later(void *data)
{
	struct canceller *canceller = data;
	struct timespec pause = {.tv_nsec = canceller->after_us * 1000L};

	nanosleep(&pause, NULL);
	canceller->at_us = clock_monotonic_us();
	engine_cancel(canceller->engine);
	return NULL;
}

/* Returns whether it came in time. */
static bool cancel_after(struct fleet *fleet, uint32_t after_us)
{
	struct canceller canceller = {.after_us = after_us};
	pthread_t thread;

	assert_int_equal(engine_new(&fleet->options, &canceller.engine), 0);
	assert_int_equal(pthread_create(&thread, NULL, cancel_later, &canceller), 0);
	int rc = engine_run(canceller.engine, &fleet->plan, NULL, 0, &fleet->results);
	uint64_t ended_us = clock_monotonic_us();
	pthread_join(thread, NULL);
	if (rc == -ECANCELED)
		assert_true(ended_us < canceller.at_us + 2 * SECOND);
	else
		assert_int_equal(rc, 0);
	for (uint32_t i = 0; i < fleet->plan.n_flows; i++)
		assert_int_not_equal(fleet->results.flows[i].state, STATE_NONE);
	engine_free(canceller.engine);
	return rc == -ECANCELED;
}

static void ends_within_a_moment_whenever_it_is_cancelled(void **state)
{
	struct random_state random;
	uint32_t cancelled = 0;
	struct peers peers;
	struct fleet fleet;

	(void)state;
	random_seed(&random, clock_monotonic_us());
	open_peers(&peers);
	for (int i = 0; i < 30; i++) {
		init_mixed(&fleet, &peers);
		/* longer than any of the pauses before the cancel */
		fleet.plan.checks[2].timeout_ms = 20000;
		fleet.options.engines = 2 + random_below(&random, 3);
		cancelled += cancel_after(&fleet, random_below(&random, 120000));
		fleet_fini(&fleet);
	}
	assert_int_equal(cancelled, 30);
	close_peers(&peers);
}

/* ---- where something is short ------------------------------------------------- */

static int run_in_a_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static int scan_with_few_descriptors(void)
{
	static const rlim_t limits[] = {300, 150, 100, 40, 24};
	struct fleet fleet;
	int rc = 0, fd;
	uint16_t port;

	fd = loopback_listen(&port);
	for (size_t i = 0; i < ARRAY_SIZE(limits) && rc == 0; i++) {
		struct rlimit limit = {limits[i], limits[i]};
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			break; /* valgrind lets no one touch it */
		fleet_init(&fleet, 50, 2);
		fleet_check_port(&fleet, 0, port);
		fleet_check_text(&fleet, 1, "sweep/1-20");
		fleet.options.engines = 4;
		rc = fleet_run(&fleet) != 0;
		for (uint32_t f = 0; f < 100 && rc == 0; f++)
			rc = fleet.results.flows[f].state ==
					     (f % 2 ? STATE_CLOSED : STATE_OPEN)
				     ? 0
				     : 2;
		fleet_fini(&fleet);
	}
	close(fd);
	return rc;
}

static void needs_no_more_descriptors_than_there_are(void **state)
{
	(void)state;
	assert_int_equal(run_in_a_child(scan_with_few_descriptors), 0);
}

/* A thread's stack is as large as this limit says; nobody has so much memory. */
static int scan_without_threads(void)
{
	struct rlimit limit = {(rlim_t)1 << 48, RLIM_INFINITY};
	struct fleet fleet;
	int rc = 0;

	if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_max != RLIM_INFINITY)
		return 0;
	limit.rlim_cur = (rlim_t)1 << 48;
	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		return 0;
	init_where(&fleet, 20, 3);
	fleet.options.engines = 4;
	rc = fleet_run(&fleet) != 0;
	for (uint32_t h = 0; h < 20 && rc == 0; h++)
		rc = where[h].starts == 3 &&
				     pthread_equal(where[h].thread, pthread_self())
			     ? 0
			     : 3;
	fleet_fini(&fleet);
	return rc;
}

static void works_on_the_calling_thread_where_it_gets_no_other(void **state)
{
	(void)state;
	assert_int_equal(run_in_a_child(scan_without_threads), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, notes_forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(deals_equal_hosts_out_evenly),
		TEST(deals_out_by_the_connections_of_the_checks),
		TEST(stays_on_the_calling_thread_where_one_pass_will_do),
		TEST(finds_the_same_with_any_number_of_engines),
		TEST(counts_for_the_progress_what_all_have_done),
		TEST(tells_how_long_a_thread_hangs),
		TEST(a_thread_that_has_ended_does_not_hang),
		TEST(obeys_the_rate_with_all_together),
		TEST(keeps_the_concurrency_of_all_together),
		TEST(hands_the_share_of_a_pass_that_ended_to_the_others),
		TEST(ends_within_a_moment_whenever_it_is_cancelled),
		TEST(needs_no_more_descriptors_than_there_are),
		TEST(works_on_the_calling_thread_where_it_gets_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
