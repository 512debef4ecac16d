/* SPDX-License-Identifier: Apache-2.0 */
/* When and in what order the engine starts things, seen by kinds that take notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "tests/support/fleet.h"
#include "tests/support/notes.h"

#define PER_SECOND UINT64_C(3600)

static void settles_every_flow_once(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 300, 7);
	for (uint32_t c = 0; c < 7; c++)
		fleet_check(&fleet, c, "instant", &kind_instant, NULL);
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, 2100);
	for (uint32_t i = 0; i < 2100; i++) {
		assert_int_equal(fleet.results.flows[i].state, STATE_OPEN);
		assert_int_equal(fleet.results.flows[i].attempts, 1);
		assert_int_equal(fleet.results.flows[i].clear, 1);
	}
	fleet_fini(&fleet);
}

/* The most starts in any stretch of so many microseconds. */
static uint32_t most_within(uint64_t stretch_us)
{
	uint32_t most = 0;

	for (uint32_t first = 0, last = 0; last < notes.count; last++) {
		while (notes.us[last] - notes.us[first] >= stretch_us)
			first++;
		if (last - first + 1 > most)
			most = last - first + 1;
	}
	return most;
}

/* Microseconds from the first start to the last; never faster than the rate allows. */
static uint64_t run_at(uint32_t rate, uint32_t starts)
{
	struct fleet fleet;

	notes_forget(NULL);
	fleet_init(&fleet, starts / 10, 10);
	for (uint32_t c = 0; c < 10; c++)
		fleet_check(&fleet, c, "instant", &kind_instant, NULL);
	fleet.options.rate_per_hour = rate * PER_SECOND;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, starts);
	assert_true(most_within(1000000) <= (uint64_t)rate * 105 / 100);
	uint64_t us = notes.us[starts - 1] - notes.us[0];
	assert_true(us * rate / 1000000 >= (uint64_t)starts * 95 / 100);
	fleet_fini(&fleet);
	return us;
}

static void is_never_faster_than_the_rate(void **state)
{
	(void)state;
	run_at(300, 360);
	run_at(30000, 36000);
}

static void one_run_after_another_is_no_faster_than_the_rate(void **state)
{
	struct fleet fleet;
	struct engine *engine;

	(void)state;
	notes_forget(NULL);
	fleet_init(&fleet, 1, 1);
	fleet_check(&fleet, 0, "instant", &kind_instant, NULL);
	fleet.options.rate_per_hour = 10 * PER_SECOND;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), 0);
	engine_free(engine);
	assert_int_equal(notes.count, 4);
	/* What comes late earns a tenth of a start at this rate. */
	assert_true(notes.us[3] - notes.us[0] >= 280000);
	fleet_fini(&fleet);
}

static void is_not_slower_than_the_rate_either(void **state)
{
	uint64_t exact_us = 3000 * UINT64_C(1000000) / 2000, us = 0;

	(void)state;
	/* A machine that is busy with other things may be late, but not each time. */
	for (int tries = 0; tries < 8; tries++) {
		us = run_at(2000, 3000);
		if (us * 100 <= exact_us * 105)
			break;
	}
	assert_true(us * 100 <= exact_us * 105);
}

static void gives_every_host_one_start_a_turn(void **state)
{
	enum {
		HOSTS = 100,
		CHECKS = 6
	};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, HOSTS, CHECKS);
	for (uint32_t c = 0; c < CHECKS; c++)
		fleet_check(&fleet, c, "slow", &kind_slow, NULL);
	assert_int_equal(fleet_run(&fleet), 0);
	for (uint32_t turn = 0; turn < CHECKS; turn++) {
		uint32_t seen[HOSTS] = {0};
		for (uint32_t i = 0; i < HOSTS; i++)
			seen[notes.host[turn * HOSTS + i]]++;
		for (uint32_t i = 0; i < HOSTS; i++)
			assert_int_equal(seen[i], 1);
	}
	fleet_fini(&fleet);
}

static void order_of(uint64_t seed, uint32_t *out, uint32_t count)
{
	struct fleet fleet;

	notes_forget(NULL);
	fleet_init(&fleet, count, 1);
	fleet.options.seed = seed;
	fleet_check(&fleet, 0, "instant", &kind_instant, NULL);
	assert_int_equal(fleet_run(&fleet), 0);
	memcpy(out, notes.host, count * sizeof *out);
	fleet_fini(&fleet);
}

static void shuffles_hosts_by_the_seed(void **state)
{
	enum {
		HOSTS = 400
	};
	uint32_t one[HOSTS], again[HOSTS], other[HOSTS], neighbours = 0;

	(void)state;
	order_of(7, one, HOSTS);
	order_of(7, again, HOSTS);
	order_of(8, other, HOSTS);
	assert_memory_equal(one, again, sizeof one);
	assert_memory_not_equal(one, other, sizeof one);
	for (uint32_t i = 1; i < HOSTS; i++)
		neighbours += one[i] == one[i - 1] + 1;
	assert_in_range(neighbours, 0, 10); /* about one by chance */
}

static void keeps_the_limits_of_a_host_and_of_all(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 10, 20);
	for (uint32_t c = 0; c < 20; c++)
		fleet_check(&fleet, c, "slow", &kind_slow, NULL);
	fleet.options.per_host = 3;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.most_of_a_host, 3);
	assert_int_equal(notes.most_in_all, 30);
	notes_forget(NULL);
	fleet.options.concurrency = 7;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.most_in_all, 7);
	assert_int_equal(notes.count, 200);
	fleet_fini(&fleet);
}

static void paces_the_connections_of_a_paced_kind(void **state)
{
	static const struct batch_conf conf = {300};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 5, 1);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	fleet.options.per_host = 8;
	fleet.options.concurrency = 30;
	fleet.options.rate_per_hour = 3000 * PER_SECOND;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, 1500);
	assert_in_range(notes.most_of_a_host, 2, 8);
	assert_in_range(notes.most_in_all, 2, 30);
	assert_true(notes.us[1499] - notes.us[0] >= 475000);
	for (uint32_t h = 0; h < 5; h++) {
		assert_int_equal(fleet_result(&fleet, h, 0)->state, STATE_CLOSED);
		assert_int_equal(fleet_result(&fleet, h, 0)->attempts, 255);
	}
	fleet_fini(&fleet);
}

/* Sweeps have memory for every port; a thousand hosts must not have one open each. */
static void opens_few_runs_of_a_paced_kind_at_once(void **state)
{
	static const struct batch_conf conf = {3};
	struct fleet fleet;
	uint32_t most = 0, open = 0;

	(void)state;
	fleet_init(&fleet, 900, 2);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	fleet_check(&fleet, 1, "instant", &kind_instant, NULL);
	fleet.options.per_host = 2;
	fleet.options.concurrency = 70;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, 900 * 4);
	for (uint32_t i = 0, seen[900] = {0}; i < notes.count; i++) {
		/* the first note of a host begins its batch, the third is past half */
		seen[notes.host[i]]++;
		open += seen[notes.host[i]] == 1;
		open -= seen[notes.host[i]] == 4;
		most = open > most ? open : most;
	}
	assert_in_range(most, 20, 300);
	for (uint32_t i = 0; i < 1800; i++)
		assert_int_equal(fleet.results.flows[i].state,
			i % 2 ? STATE_OPEN : STATE_CLOSED);
	fleet_fini(&fleet);
}

static uint32_t paced_open, most_paced_open;

static int counted_start(struct probe_run *run)
{
	if (++paced_open > most_paced_open)
		most_paced_open = paced_open;
	return kind_batch.start(run);
}

static void counted_fini(struct probe_run *run)
{
	(void)run;
	paced_open--;
}

/* 64, or twice as many as fill the connections with their windows. */
static void opens_exactly_as_many_paced_runs_as_it_may(void **state)
{
	static const struct batch_conf conf = {40};
	static const struct {
		uint32_t concurrency, per_host, most;
		bool two; /* addresses, each with a run of its own */
	} cases[] = {{32, 4, 64, false}, {100, 2, 100, false}, {32, 4, 64, true}};
	struct probe_ops kind = kind_batch;
	struct fleet fleet;

	(void)state;
	kind.start = counted_start;
	kind.fini = counted_fini;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		most_paced_open = 0;
		fleet_init(&fleet, 150, 2);
		for (uint32_t h = 0; cases[i].two && h < 150; h++)
			fleet_second_address(&fleet, h, "127.9.9.9");
		fleet_check(&fleet, 0, "batch", &kind, &conf);
		fleet_check(&fleet, 1, "batch", &kind, &conf);
		fleet.options.concurrency = cases[i].concurrency;
		fleet.options.per_host = cases[i].per_host;
		assert_int_equal(fleet_run(&fleet), 0);
		assert_in_range(most_paced_open,
			cases[i].two ? cases[i].most / 2 : cases[i].most,
			cases[i].most);
		assert_int_equal(paced_open, 0);
		fleet_fini(&fleet);
	}
}

/* A host with several sweeps waits for its turn more than once, and nobody may be
 * forgotten when the last one in the queue has had it. */
static void every_host_that_waits_for_a_paced_run_has_its_turn(void **state)
{
	static const struct batch_conf conf = {2};
	struct fleet fleet;

	(void)state;
	for (uint32_t n_hosts = 65; n_hosts <= 130; n_hosts += 65) {
		fleet_init(&fleet, n_hosts, 4);
		for (uint32_t c = 0; c < 4; c++)
			fleet_check(&fleet, c, "batch", &kind_batch, &conf);
		fleet_check(&fleet, 1, "slow", &kind_slow, NULL);
		fleet.options.concurrency = 40;
		fleet.options.per_host = 3;
		assert_int_equal(fleet_run(&fleet), 0);
		for (uint32_t i = 0; i < fleet.plan.n_flows; i++)
			assert_int_equal(fleet.results.flows[i].state,
				i % 4 == 1 ? STATE_OPEN : STATE_CLOSED);
		fleet_fini(&fleet);
	}
}

static void counts_what_it_starts(void *data, const struct engine_progress *progress)
{
	*(struct engine_progress *)data = *progress;
}

static void counts_connections_for_the_progress(void **state)
{
	static const struct batch_conf conf = {300};
	struct engine_progress last = {0};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 4, 2);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	fleet_check(&fleet, 1, "instant", &kind_instant, NULL);
	fleet.options.per_host = 16;
	fleet.options.progress = counts_what_it_starts;
	fleet.options.progress_data = &last;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(last.flows, 8);
	assert_int_equal(last.settled, 8);
	assert_int_equal(last.connections, 1204);
	assert_int_equal(last.in_flight, 0);
	assert_int_equal(last.shortages, 0);
	assert_true(last.elapsed_us > 0);
	fleet_fini(&fleet);
}

static void asks_once_for_a_kind_that_asks_about_the_host(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 1, 2);
	fleet_second_address(&fleet, 0, "127.9.9.9");
	fleet_check(&fleet, 0, "of-the-host", &kind_of_the_host, NULL);
	fleet_check(&fleet, 1, "instant", &kind_instant, NULL);
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, 3);
	assert_int_equal(fleet_result(&fleet, 0, 0)->clear, 0);
	assert_null(fleet_result(&fleet, 0, 0)->detail);
	assert_int_equal(fleet_result(&fleet, 0, 1)->clear, 3);
	assert_int_equal(fleet_result(&fleet, 0, 1)->detail->n_addresses, 2);
	fleet_fini(&fleet);
}

static void runs_only_the_flows_listed(void **state)
{
	static const uint32_t flows[] = {5, 0, 5, 7};
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 3, 3);
	for (uint32_t c = 0; c < 3; c++)
		fleet_check(&fleet, c, "instant", &kind_instant, NULL);
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(engine_run(engine, &fleet.plan, flows, 4, &fleet.results), 0);
	assert_int_equal(notes.count, 3);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(fleet.results.flows[i].state,
			i == 0 || i == 5 || i == 7 ? STATE_OPEN : STATE_NONE);
	assert_int_equal(engine_run(engine, &fleet.plan, flows, 0, &fleet.results), 0);
	assert_int_equal(notes.count, 3);
	assert_int_equal(engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), 0);
	assert_int_equal(notes.count, 12);
	engine_free(engine);
	fleet_fini(&fleet);
}

#define TEST(function) cmocka_unit_test_setup(function, notes_forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settles_every_flow_once),
		TEST(is_never_faster_than_the_rate),
		TEST(one_run_after_another_is_no_faster_than_the_rate),
		TEST(is_not_slower_than_the_rate_either),
		TEST(gives_every_host_one_start_a_turn),
		TEST(shuffles_hosts_by_the_seed),
		TEST(keeps_the_limits_of_a_host_and_of_all),
		TEST(paces_the_connections_of_a_paced_kind),
		TEST(opens_few_runs_of_a_paced_kind_at_once),
		TEST(opens_exactly_as_many_paced_runs_as_it_may),
		TEST(every_host_that_waits_for_a_paced_run_has_its_turn),
		TEST(counts_connections_for_the_progress),
		TEST(asks_once_for_a_kind_that_asks_about_the_host),
		TEST(runs_only_the_flows_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
