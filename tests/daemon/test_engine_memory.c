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
#include <unistd.h>

#include "tests/support/fleet.h"
#include "tests/support/loopback.h"

/* Allocations until one fails; below zero: none does. */
static atomic_long left = -1;

static bool fails(void)
{
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

/* Whether an allocation failed. */
static bool run_with(const struct peers *peers, long allocations)
{
	struct engine *engine;
	struct fleet fleet;
	bool failed;
	int rc;

	make(&fleet, peers);
	atomic_store(&left, allocations);
	rc = engine_new(&fleet.options, &engine);
	if (rc == 0) {
		rc = engine_run(engine, &fleet.plan, NULL, 0, &fleet.results);
		engine_free(engine);
	}
	failed = atomic_exchange(&left, -1) < 0;
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
	long count = 0;

	(void)state;
	peers.listening = loopback_listen(&peers.open);
	peers.refusing = loopback_refuse(&peers.closed);
	while (run_with(&peers, count))
		count++;
	assert_in_range(count, 50, 100000);
	close(peers.listening);
	close(peers.refusing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_each_allocation_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
