/* SPDX-License-Identifier: Apache-2.0 */
/* The engine where memory runs out: every allocation of ours fails once, in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/os.h"
#include "tests/support/fleet.h"
#include "tests/support/loopback.h"
#include "tests/support/notes.h"

/* Allocations until one fails; below zero: none does. */
static atomic_long left = -1;

/* That fail at once. */
static atomic_long failing;

static bool fails(void)
{
	if (atomic_load(&failing) > 0) {
		atomic_fetch_sub(&failing, 1);
		return true;
	}
	return atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0;
}

/* The linker has every call of the program's own come here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

struct peers {
	uint16_t open, closed;
	int listening, refusing;
};

static void make(struct fleet *fleet, const struct peers *peers)
{
	fleet_init(fleet, 6, 3);
	fleet_check_port(fleet, 0, peers->open);
	fleet_check_port(fleet, 1, peers->closed);
	fleet_check_text(fleet, 2, "sweep/1-20");
	fleet_second_address(fleet, 1, "127.3.3.3");
	fleet->options.engines = 3;
	fleet->options.family = 4;
}

/* What could not be measured is an error; the rest is as ever. */
static void assert_true_or_error(const struct fleet *fleet)
{
	static const uint8_t truth[] = {STATE_OPEN, STATE_CLOSED, STATE_CLOSED};

	for (uint32_t i = 0; i < fleet->plan.n_flows; i++)
		if (fleet->results.flows[i].state != STATE_ERROR)
			assert_int_equal(fleet->results.flows[i].state, truth[i % 3]);
}

static void note_in_flight(void *data, const struct engine_progress *progress)
{
	*(uint32_t *)data = progress->in_flight;
}

/* Whether an allocation failed. */
static bool run_with(const struct peers *peers, long allocations)
{
	struct engine *engine;
	struct fleet fleet;
	uint32_t in_flight = 0;
	unsigned open;
	bool failed;
	int rc;

	make(&fleet, peers);
	fleet.options.progress = note_in_flight;
	fleet.options.progress_data = &in_flight;
	open = os_count_descriptors();
	atomic_store(&left, allocations);
	rc = engine_new(&fleet.options, &engine);
	if (rc == 0) {
		rc = engine_run(engine, &fleet.plan, NULL, 0, &fleet.results);
		engine_free(engine);
	}
	failed = atomic_exchange(&left, -1) < 0;
	assert_int_equal(in_flight, 0);
	assert_int_equal(os_count_descriptors(), open);
	if (rc == 0)
		assert_true_or_error(&fleet);
	else
		assert_int_equal(rc, -ENOMEM);
	fleet_fini(&fleet);
	return failed;
}

static void survives_each_allocation_that_fails(void **state)
{
	struct peers peers;
	uv_loop_t loop;
	long count = 0;

	(void)state;
	peers.listening = loopback_listen(&peers.open);
	peers.refusing = loopback_refuse(&peers.closed);
	/* Once it has had a loop, libuv keeps a pipe for good. */
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	while (run_with(&peers, count))
		count++;
	assert_in_range(count, 50, 100000);
	close(peers.listening);
	close(peers.refusing);
}

/* The next allocation fails: that of the task which takes this run's place. */
static void fail_next(struct probe_run *run)
{
	(void)run;
	atomic_fetch_add(&failing, 1);
}

/* Of so few descriptors that few paced runs may be open, and many hosts wait. */
static int run_without_successors(void)
{
	static const struct batch_conf conf = {10};
	struct probe_ops kind = kind_batch;
	struct rlimit limit;
	struct fleet fleet;
	uint32_t closed = 0;

	kind.fini = fail_next;

	limit.rlim_cur = limit.rlim_max = os_count_descriptors() + 14;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0; /* valgrind lets no one touch it */
	fleet_init(&fleet, 60, 1);
	fleet_check(&fleet, 0, "batch", &kind, &conf);
	fleet.options.per_host = 1;
	if (fleet_run(&fleet) != 0)
		return 1;
	atomic_store(&failing, 0);
	for (uint32_t i = 0; i < fleet.plan.n_flows; i++) {
		const struct flow_result *result = &fleet.results.flows[i];
		closed += result->state == STATE_CLOSED;
		if (result->state != STATE_CLOSED && result->reason != REASON_NO_MEMORY)
			return 2;
	}
	fleet_fini(&fleet);
	return closed > 0 && closed < 60 ? 0 : 3;
}

static void hosts_that_wait_outlive_a_run_that_gets_no_memory(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run_without_successors());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_each_allocation_that_fails),
		cmocka_unit_test(hosts_that_wait_outlive_a_run_that_gets_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
