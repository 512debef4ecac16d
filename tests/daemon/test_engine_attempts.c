/* SPDX-License-Identifier: Apache-2.0 */
/* What follows an attempt: another one, a pause, an end; and cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/clock.h"
#include "tests/support/fleet.h"
#include "tests/support/notes.h"

/* Runs a script on one host and returns the flow's result. */
static struct flow_result play(const struct step *steps, uint32_t n_steps,
	uint32_t attempts, uint32_t patience_ms)
{
	struct script script = {steps, n_steps};
	struct flow_result result;
	struct fleet fleet;

	notes_forget(NULL);
	fleet_init(&fleet, 1, 1);
	fleet_check(&fleet, 0, "scripted", &kind_scripted, &script)->attempts =
		attempts;
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

static void tries_again_what_was_silent_in_part(void **state)
{
	static const struct step steps[] = {
		{0, STATE_PARTIAL, REASON_SOME_INTERFACES}, ANSWER};
	struct flow_result result = play(steps, 2, 2, 0);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.attempts, 2);
	result = play(steps, 1, 2, 0);
	assert_int_equal(result.state, STATE_PARTIAL);
	assert_int_equal(result.attempts, 2);
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
		fleet_check(&fleet, c, "scripted", &kind_scripted, &script);
	fleet.options.patience_ms = 200;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_true(clock_monotonic_us() - start < 20000000);
	for (uint32_t i = 0; i < fleet.plan.n_flows; i++) {
		assert_int_equal(fleet.results.flows[i].state, STATE_ERROR);
		assert_int_equal(fleet.results.flows[i].reason, REASON_NO_BUFFERS);
	}
	fleet_fini(&fleet);
}

static uint32_t most_in_flight;

static void note_most_in_flight(void *data, const struct engine_progress *progress)
{
	(void)data;
	if (progress->in_flight > most_in_flight)
		most_in_flight = progress->in_flight;
}

/* Patience is for one shortage: the next one has its own. */
static void waits_as_long_for_a_second_shortage_as_for_the_first(void **state)
{
	static const struct step steps[] = {
		{.code = UV_EMFILE}, SILENCE, {.code = UV_EMFILE}, ANSWER};
	struct flow_result result = play(steps, 4, 2, 100);

	(void)state;
	assert_true(notes.us[2] - notes.us[0] > 100000); /* the back-off saw to it */
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.attempts, 2);
}

/* A shortage halves what may be open; when it is over, that grows again. */
static void opens_more_again_when_a_shortage_is_over(void **state)
{
	static const struct step steps[] = {{.code = UV_EMFILE}, ANSWER};
	static const struct script script = {steps, 2};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 40, 30);
	for (uint32_t c = 0; c < 30; c++)
		fleet_check(&fleet, c, "slow", &kind_slow, NULL);
	fleet_check(&fleet, 0, "scripted", &kind_scripted, &script);
	fleet.options.concurrency = 8;
	fleet.options.progress = note_most_in_flight;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_in_range(most_in_flight, 5, 8);
	fleet_fini(&fleet);
}

/* Once patience is over for all, nothing is worth a second start. */
static void starts_what_is_left_once_when_nothing_gets_through(void **state)
{
	static const struct step steps[] = {{.code = UV_ENOBUFS}};
	static const struct script script = {steps, 1};
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 2000, 5);
	for (uint32_t c = 0; c < 5; c++)
		fleet_check(&fleet, c, "scripted", &kind_scripted, &script);
	fleet.options.patience_ms = 200;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_in_range(notes.count, 10000, 15000);
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

static void cancel_at_progress(void *data, const struct engine_progress *progress)
{
	(void)progress;
	engine_cancel(*(struct engine **)data);
}

struct cancelled {
	struct engine **engine;
	struct engine_progress *last;
};

static void cancel_and_note(void *data, const struct engine_progress *progress)
{
	struct cancelled *cancelled = data;

	*cancelled->last = *progress;
	engine_cancel(*cancelled->engine);
}

static void ends_soon_when_cancelled(void **state)
{
	uint64_t start = clock_monotonic_us();
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 500, 2);
	fleet_check(&fleet, 0, "instant", &kind_instant, NULL);
	fleet_check(&fleet, 1, "hanging", &kind_hanging, NULL)->timeout_ms = 60000;
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
	fleet_check(&fleet, 0, "scripted", &kind_scripted, &script)->attempts = 20;
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

/* Hosts without an address that is probed: what needs one is settled at once, and what
 * needs none waits for the rate when the cancel comes. */
static void a_cancel_settles_nothing_twice(void **state)
{
	struct engine_progress last = {0};
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 30, 4);
	for (uint32_t c = 0; c < 4; c++)
		fleet_check(&fleet, c, "of-the-host", &kind_of_the_host, NULL);
	fleet_check(&fleet, 1, "instant", &kind_instant, NULL);
	fleet_check(&fleet, 3, "instant", &kind_instant, NULL);
	fleet.options.family = 6;
	fleet.options.rate_per_hour = 1;
	fleet.options.progress = cancel_and_note;
	struct cancelled cancelled = {&engine, &last};
	fleet.options.progress_data = &cancelled;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(
		engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), -ECANCELED);
	assert_int_equal(last.settled, 120);
	for (uint32_t i = 0; i < 120; i++) {
		const struct flow_result *result = &fleet.results.flows[i];
		if (i % 2)
			assert_int_equal(result->state, STATE_UNRESOLVED);
		else if (result->state != STATE_OPEN)
			assert_int_equal(result->reason, REASON_CANCELLED);
	}
	engine_free(engine);
	fleet_fini(&fleet);
}

static void keeps_a_cancel_that_comes_too_early_for_the_next_run(void **state)
{
	struct engine *engine;
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 3, 1);
	fleet_check(&fleet, 0, "instant", &kind_instant, NULL);
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

#define TEST(function) cmocka_unit_test_setup(function, notes_forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tries_silence_again_after_a_back_off),
		TEST(is_silent_when_all_attempts_are),
		TEST(tries_again_what_was_silent_in_part),
		TEST(repeats_no_answer_of_the_network),
		TEST(waits_for_a_shortage_without_counting_an_attempt),
		TEST(ends_as_an_error_when_patience_is_over),
		TEST(ends_every_flow_soon_when_nothing_gets_through),
		TEST(waits_as_long_for_a_second_shortage_as_for_the_first),
		TEST(opens_more_again_when_a_shortage_is_over),
		TEST(starts_what_is_left_once_when_nothing_gets_through),
		TEST(tries_a_missing_route_once_more),
		TEST(ends_soon_when_cancelled),
		TEST(cancels_what_waits_for_its_next_attempt),
		TEST(a_cancel_settles_nothing_twice),
		TEST(keeps_a_cancel_that_comes_too_early_for_the_next_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
