/* SPDX-License-Identifier: Apache-2.0 */
/* When and in what order the engine starts things, seen by kinds that only take notes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "probes/run.h"
#include "tests/support/fleet.h"

#define PER_SECOND UINT64_C(3600)
#define MAX_NOTES 200000

static struct {
	uint64_t us[MAX_NOTES];
	uint32_t host[MAX_NOTES];
	uint32_t count;
	uint32_t open[1000]; /* runs of each host now */
	uint32_t open_in_all;
	uint32_t most_of_a_host, most_in_all;
} notes;

static uint32_t number_of(const struct probe_run *run)
{
	return (uint32_t)strtoul(run->spec.target.host + 1, NULL, 10);
}

static void note_start(const struct probe_run *run)
{
	uint32_t host = number_of(run);

	assert_true(notes.count < MAX_NOTES);
	notes.us[notes.count] = clock_monotonic_us();
	notes.host[notes.count++] = host;
	if (++notes.open_in_all > notes.most_in_all)
		notes.most_in_all = notes.open_in_all;
	if (host < ARRAY_SIZE(notes.open) && ++notes.open[host] > notes.most_of_a_host)
		notes.most_of_a_host = notes.open[host];
}

static void note_end(struct probe_run *run)
{
	uint32_t host = number_of(run);

	notes.open_in_all--;
	if (host < ARRAY_SIZE(notes.open))
		notes.open[host]--;
}

/* ---- instant: open at once */

static int instant_start(struct probe_run *run)
{
	note_start(run);
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

static const struct probe_ops instant = {
	.name = "instant",
	.run_size = sizeof(struct probe_run),
	.start = instant_start,
	.fini = note_end,
};

static const struct probe_ops of_the_host = {
	.name = "of-the-host",
	.flags = PROBE_PER_HOST,
	.run_size = sizeof(struct probe_run),
	.start = instant_start,
	.fini = note_end,
};

/* ---- slow: open after a few milliseconds */

struct slow_run {
	struct probe_run run;
	struct probe_handle timer;
};

static void on_slow(uv_timer_t *timer)
{
	struct probe_handle *handle = timer->data;

	probe_run_settle(handle->run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static int slow_start(struct probe_run *run)
{
	struct slow_run *slow = (struct slow_run *)run;

	note_start(run);
	uv_timer_init(run->env->loop, &slow->timer.timer);
	probe_run_hold(run, &slow->timer);
	return uv_timer_start(&slow->timer.timer, on_slow, 5, 0);
}

static const struct probe_ops slow = {
	.name = "slow",
	.run_size = sizeof(struct slow_run),
	.start = slow_start,
	.fini = note_end,
};

/* ---- hanging: never an answer, never a deadline within the test */

static int hanging_start(struct probe_run *run)
{
	note_start(run);
	return 0;
}

static const struct probe_ops hanging = {
	.name = "hanging",
	.run_size = sizeof(struct probe_run),
	.start = hanging_start,
};

/* ---- scripted: one outcome after another, for a single host */

struct step {
	int code; /* what start() returns; when 0, the state below */
	enum probe_state state;
	enum probe_reason reason;
};

struct script {
	const struct step *steps;
	uint32_t n_steps;
};

static int scripted_start(struct probe_run *run)
{
	const struct script *script = run->spec.conf;
	uint32_t at = notes.count;

	note_start(run);
	const struct step *step =
		&script->steps[at < script->n_steps ? at : script->n_steps - 1];
	if (step->code == 0)
		probe_run_settle(run, step->state, step->reason, PHASE_CONNECT);
	return step->code;
}

static const struct probe_ops scripted = {
	.name = "scripted",
	.run_size = sizeof(struct probe_run),
	.start = scripted_start,
};

/* ---- batch: a paced kind, so many connections a run */

struct batch_conf {
	uint32_t connections;
};

struct batch_run {
	struct probe_run run;
	struct probe_handle timer;
	uint32_t left; /* to start */
	uint32_t open;
};

static void batch_open(struct batch_run *batch)
{
	note_start(&batch->run);
	batch->left--;
	batch->open++;
	batch->run.result.attempts++;
}

static void batch_end_one(struct batch_run *batch)
{
	note_end(&batch->run);
	batch->open--;
	if (batch->left > 0 && probe_run_again(&batch->run)) {
		batch_open(batch);
		return;
	}
	probe_run_release(&batch->run);
	if (batch->left > batch->run.wants)
		probe_run_want(&batch->run);
}

/* Every few milliseconds all that is open ends. */
static void on_batch(uv_timer_t *timer)
{
	struct probe_handle *handle = timer->data;
	struct batch_run *batch = (struct batch_run *)handle->run;

	for (uint32_t open = batch->open; open > 0; open--)
		batch_end_one(batch);
	if (batch->left == 0 && batch->open == 0)
		probe_run_settle(
			&batch->run, STATE_CLOSED, REASON_ALL_CLEAR, PHASE_SWEEP);
}

static int batch_start(struct probe_run *run)
{
	struct batch_run *batch = (struct batch_run *)run;
	const struct batch_conf *conf = run->spec.conf;

	batch->left = conf->connections;
	uv_timer_init(run->env->loop, &batch->timer.timer);
	probe_run_hold(run, &batch->timer);
	batch_open(batch);
	for (uint32_t i = 1; i < run->spec.window && i < conf->connections; i++)
		probe_run_want(run);
	return uv_timer_start(&batch->timer.timer, on_batch, 2, 2);
}

static void batch_grant(struct probe_run *run)
{
	batch_open((struct batch_run *)run);
}

static const struct probe_ops batch = {
	.name = "batch",
	.flags = PROBE_PACED,
	.run_size = sizeof(struct batch_run),
	.start = batch_start,
	.grant = batch_grant,
};

/* ---- the tests */

static int forget_notes(void **state)
{
	(void)state;
	memset(&notes, 0, sizeof notes);
	return 0;
}

static void settles_every_flow_once(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 300, 7);
	for (uint32_t c = 0; c < 7; c++)
		fleet_check(&fleet, c, "instant", &instant, NULL);
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

	forget_notes(NULL);
	fleet_init(&fleet, starts / 10, 10);
	for (uint32_t c = 0; c < 10; c++)
		fleet_check(&fleet, c, "instant", &instant, NULL);
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
		fleet_check(&fleet, c, "slow", &slow, NULL);
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

	forget_notes(NULL);
	fleet_init(&fleet, count, 1);
	fleet.options.seed = seed;
	fleet_check(&fleet, 0, "instant", &instant, NULL);
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
		fleet_check(&fleet, c, "slow", &slow, NULL);
	fleet.options.per_host = 3;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.most_of_a_host, 3);
	assert_int_equal(notes.most_in_all, 30);
	forget_notes(NULL);
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
	fleet_check(&fleet, 0, "batch", &batch, &conf);
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
	fleet_check(&fleet, 0, "batch", &batch, &conf);
	fleet_check(&fleet, 1, "instant", &instant, NULL);
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
	fleet_check(&fleet, 0, "batch", &batch, &conf);
	fleet_check(&fleet, 1, "instant", &instant, NULL);
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
	fleet_check(&fleet, 0, "of-the-host", &of_the_host, NULL);
	fleet_check(&fleet, 1, "instant", &instant, NULL);
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(notes.count, 3);
	assert_int_equal(fleet_result(&fleet, 0, 0)->clear, 0);
	assert_null(fleet_result(&fleet, 0, 0)->detail);
	assert_int_equal(fleet_result(&fleet, 0, 1)->clear, 3);
	assert_int_equal(fleet_result(&fleet, 0, 1)->detail->n_legs, 2);
	fleet_fini(&fleet);
}

/* Runs a script on one host and returns the flow's result. */
static struct flow_result play(const struct step *steps, uint32_t n_steps,
	uint32_t attempts, uint32_t patience_ms)
{
	struct script script = {steps, n_steps};
	struct flow_result result;
	struct fleet fleet;

	forget_notes(NULL);
	fleet_init(&fleet, 1, 1);
	fleet_check(&fleet, 0, "scripted", &scripted, &script)->attempts = attempts;
	fleet.options.patience_ms = patience_ms;
	assert_int_equal(fleet_run(&fleet), 0);
	result = fleet.results.flows[0];
	result.detail = NULL; /* freed with the fleet */
	fleet_fini(&fleet);
	return result;
}

static uint64_t gap_ms(uint32_t i)
{
	return (notes.us[i + 1] - notes.us[i]) / 1000;
}

#define SILENCE                                   \
	{                                         \
		0, STATE_FILTERED, REASON_TIMEOUT \
	}
#define ANSWER                                \
	{                                     \
		0, STATE_OPEN, REASON_SYN_ACK \
	}

static void tries_silence_again_after_a_back_off(void **state)
{
	static const struct step steps[] = {SILENCE, SILENCE, ANSWER};
	struct flow_result result = play(steps, 3, 3, 0);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.attempts, 3);
	assert_int_equal(notes.count, 3);
	assert_in_range(gap_ms(0), 150, 2000); /* 200 ms, a quarter more or less */
	assert_in_range(gap_ms(1), 300, 2000); /* doubled */
}

static void is_silent_when_all_attempts_are(void **state)
{
	static const struct step steps[] = {SILENCE};
	struct flow_result result = play(steps, 1, 2, 0);

	(void)state;
	assert_int_equal(result.state, STATE_FILTERED);
	assert_int_equal(result.reason, REASON_TIMEOUT);
	assert_int_equal(result.attempts, 2);
	assert_int_equal(notes.count, 2);
}

static void repeats_no_answer_of_the_network(void **state)
{
	static const struct step steps[] = {
		{0, STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED}, ANSWER};
	struct flow_result result = play(steps, 2, 5, 0);

	(void)state;
	assert_int_equal(result.state, STATE_PROHIBITED);
	assert_int_equal(notes.count, 1);
}

static void waits_for_a_shortage_without_counting_an_attempt(void **state)
{
	static const struct step steps[] = {{.code = UV_EMFILE}, {.code = UV_EMFILE},
		{.code = UV_EADDRNOTAVAIL}, {.code = UV_ENOBUFS}, ANSWER};
	struct flow_result result = play(steps, 5, 1, 0);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.attempts, 1);
	assert_int_equal(notes.count, 5);
	assert_true(gap_ms(0) >=
		    7); /* 10 ms, a quarter more or less, or the pause of all */
	assert_true(gap_ms(3) >= 60);
	assert_true(notes.us[4] - notes.us[0] < 5000000);
}

static void ends_as_an_error_when_patience_is_over(void **state)
{
	static const struct step steps[] = {{.code = UV_EMFILE}};
	struct flow_result result = play(steps, 1, 2, 150);

	(void)state;
	assert_int_equal(result.state, STATE_ERROR);
	assert_int_equal(result.reason, REASON_NO_DESCRIPTOR);
	assert_int_equal(result.attempts, 0);
	assert_in_range(notes.us[notes.count - 1] - notes.us[0], 150000, 5000000);
	assert_in_range(notes.count, 2, 12);
}

static void ends_every_flow_soon_when_nothing_gets_through(void **state)
{
	static const struct step steps[] = {{.code = UV_ENOBUFS}};
	static const struct script script = {steps, 1};
	struct fleet fleet;
	uint64_t start = clock_monotonic_us();

	(void)state;
	fleet_init(&fleet, 2000, 5);
	for (uint32_t c = 0; c < 5; c++)
		fleet_check(&fleet, c, "scripted", &scripted, &script);
	fleet.options.patience_ms = 200;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_true(clock_monotonic_us() - start < 20000000);
	for (uint32_t i = 0; i < fleet.plan.n_flows; i++) {
		assert_int_equal(fleet.results.flows[i].state, STATE_ERROR);
		assert_int_equal(fleet.results.flows[i].reason, REASON_NO_BUFFERS);
	}
	fleet_fini(&fleet);
}

static void tries_a_missing_route_once_more(void **state)
{
	static const struct step flapping[] = {{.code = UV_ENETUNREACH}, ANSWER};
	static const struct step missing[] = {{.code = UV_ENETUNREACH}};
	static const struct step family[] = {{.code = UV_EAFNOSUPPORT}};
	struct flow_result result = play(flapping, 2, 1, 0);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.attempts, 1);
	assert_in_range(gap_ms(0), 150, 2000);
	result = play(missing, 1, 3, 0);
	assert_int_equal(result.state, STATE_ERROR);
	assert_int_equal(result.reason, REASON_NO_ROUTE);
	assert_int_equal(notes.count, 2);
	result = play(family, 1, 3, 0);
	assert_int_equal(result.reason, REASON_NO_FAMILY);
	assert_int_equal(notes.count, 1);
}

static void runs_only_the_flows_listed(void **state)
{
	static const uint32_t flows[] = {5, 0, 5, 7};
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 3, 3);
	for (uint32_t c = 0; c < 3; c++)
		fleet_check(&fleet, c, "instant", &instant, NULL);
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

static void cancel_at_progress(void *data, const struct engine_progress *progress)
{
	(void)progress;
	engine_cancel(*(struct engine **)data);
}

static void ends_soon_when_cancelled(void **state)
{
	uint64_t start = clock_monotonic_us();
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 500, 2);
	fleet_check(&fleet, 0, "instant", &instant, NULL);
	fleet_check(&fleet, 1, "hanging", &hanging, NULL)->timeout_ms = 60000;
	fleet.options.concurrency = 100;
	fleet.options.progress = cancel_at_progress;
	fleet.options.progress_data = &engine;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(
		engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), -ECANCELED);
	assert_true(clock_monotonic_us() - start < 10000000);
	for (uint32_t i = 0; i < fleet.plan.n_flows; i++) {
		const struct flow_result *result = &fleet.results.flows[i];
		if (result->state == STATE_OPEN)
			continue;
		assert_int_equal(result->state, STATE_ERROR);
		assert_int_equal(result->reason, REASON_CANCELLED);
	}
	assert_int_equal(fleet_result(&fleet, 499, 1)->state, STATE_ERROR);
	engine_free(engine);
	fleet_fini(&fleet);
}

static void cancels_what_waits_for_its_next_attempt(void **state)
{
	static const struct step steps[] = {SILENCE};
	static const struct script script = {steps, 1};
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 20, 1);
	for (uint32_t h = 0; h < 20; h++)
		fleet_second_address(&fleet, h, "127.9.9.9");
	fleet_check(&fleet, 0, "scripted", &scripted, &script)->attempts = 20;
	fleet.options.progress = cancel_at_progress;
	fleet.options.progress_data = &engine;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(
		engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), -ECANCELED);
	for (uint32_t h = 0; h < 20; h++)
		assert_int_equal(fleet_result(&fleet, h, 0)->reason, REASON_CANCELLED);
	engine_free(engine);
	fleet_fini(&fleet);
}

static void keeps_a_cancel_that_comes_too_early_for_the_next_run(void **state)
{
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 3, 1);
	fleet_check(&fleet, 0, "instant", &instant, NULL);
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	engine_cancel(engine);
	assert_int_equal(
		engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), -ECANCELED);
	assert_int_equal(notes.count, 0);
	assert_int_equal(engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), 0);
	assert_int_equal(notes.count, 3);
	engine_free(engine);
	fleet_fini(&fleet);
}

#define TEST(function) cmocka_unit_test_setup(function, forget_notes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settles_every_flow_once),
		TEST(is_never_faster_than_the_rate),
		TEST(is_not_slower_than_the_rate_either),
		TEST(gives_every_host_one_start_a_turn),
		TEST(shuffles_hosts_by_the_seed),
		TEST(keeps_the_limits_of_a_host_and_of_all),
		TEST(paces_the_connections_of_a_paced_kind),
		TEST(opens_few_runs_of_a_paced_kind_at_once),
		TEST(counts_connections_for_the_progress),
		TEST(asks_once_for_a_kind_that_asks_about_the_host),
		TEST(tries_silence_again_after_a_back_off),
		TEST(is_silent_when_all_attempts_are),
		TEST(repeats_no_answer_of_the_network),
		TEST(waits_for_a_shortage_without_counting_an_attempt),
		TEST(ends_as_an_error_when_patience_is_over),
		TEST(ends_every_flow_soon_when_nothing_gets_through),
		TEST(tries_a_missing_route_once_more),
		TEST(runs_only_the_flows_listed),
		TEST(ends_soon_when_cancelled),
		TEST(cancels_what_waits_for_its_next_attempt),
		TEST(keeps_a_cancel_that_comes_too_early_for_the_next_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
