/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/scan/confirm.h"
#include "tests/support/fleet.h"
#include "tests/support/notes.h"
#include "tests/support/past.h"

#define OPEN                                                  \
	{                                                     \
		.state = STATE_OPEN, .reason = REASON_SYN_ACK \
	}
#define CLOSED                                              \
	{                                                   \
		.state = STATE_CLOSED, .reason = REASON_RST \
	}
#define PROHIBITED                                                                \
	{                                                                         \
		.state = STATE_PROHIBITED, .reason = REASON_ICMP_ADMIN_PROHIBITED \
	}
#define LOCAL                                                    \
	{                                                        \
		.state = STATE_ERROR, .reason = REASON_NO_FAMILY \
	}

/* No test waits; how long it would have is told. */
static int64_t slept_ms;

static void no_wait(void *data, uint32_t ms)
{
	(void)data;
	slept_ms += ms;
}

static const struct engine_world world = {.wait = no_wait};

/*
 * One flow that was open; what each look finds, in order. Tells how often it was looked
 * at in all and what it is taken for in the end.
 */
static enum probe_state settle(
	const struct step *steps, uint32_t n_steps, uint32_t confirm, uint32_t *looks)
{
	const struct script script = {steps, n_steps};
	struct past past;
	struct engine *engine;
	struct fleet fleet;
	enum probe_state state;

	notes_forget(NULL);
	slept_ms = 0;
	fleet_init(&fleet, 1, 1);
	fleet.options.world = &world;
	fleet_check(&fleet, 0, "scripted", &kind_scripted, &script);
	fleet.plan.flows[0].expect = EXPECT_OPEN;
	past_init(&past, &fleet.plan);
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), 0);
	assert_int_equal(confirm_changes(engine, &fleet.plan, &past.earlier, confirm,
				 &fleet.results),
		0);
	engine_free(engine);
	past_fini(&past);
	state = (enum probe_state)fleet_result(&fleet, 0, 0)->state;
	*looks = notes.count;
	fleet_fini(&fleet);
	return state;
}

static void what_did_not_change_is_looked_at_once(void **state)
{
	static const struct step steps[] = {OPEN};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 3, &looks), STATE_OPEN);
	assert_int_equal(looks, 1);
}

static void a_change_is_seen_as_often_as_asked_for(void **state)
{
	static const struct step steps[] = {CLOSED};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 3, &looks), STATE_CLOSED);
	assert_int_equal(looks, 3);
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 1, &looks), STATE_CLOSED);
	assert_int_equal(looks, 1);
}

static void what_is_back_where_it_was_is_no_change(void **state)
{
	static const struct step steps[] = {CLOSED, OPEN, CLOSED};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 3, &looks), STATE_OPEN);
	assert_int_equal(looks, 2);
}

static void another_new_state_starts_the_count_anew(void **state)
{
	static const struct step steps[] = {PROHIBITED, CLOSED, CLOSED};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 2, &looks), STATE_CLOSED);
	assert_int_equal(looks, 3);
}

static void what_never_holds_still_is_settled_in_the_end(void **state)
{
	static const struct step steps[] = {
		CLOSED, PROHIBITED, CLOSED, PROHIBITED, CLOSED, PROHIBITED};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 2, &looks), STATE_CLOSED);
	assert_int_equal(looks, 5);
}

static void the_first_look_is_at_once_and_later_ones_wait_longer(void **state)
{
	static const struct step still[] = {CLOSED};
	static const struct step restless[] = {
		CLOSED, PROHIBITED, CLOSED, PROHIBITED, CLOSED, PROHIBITED, CLOSED};
	uint32_t looks;

	(void)state;
	settle(still, ARRAY_SIZE(still), 2, &looks);
	assert_int_equal(slept_ms, 0);
	settle(still, ARRAY_SIZE(still), 3, &looks);
	assert_int_equal(slept_ms, 250);
	settle(restless, ARRAY_SIZE(restless), 3, &looks);
	assert_int_equal(looks, 7);
	assert_int_equal(slept_ms, 250 + 500 + 3 * 1000);
}

static void own_trouble_on_the_way_ends_it_as_such(void **state)
{
	static const struct step steps[] = {CLOSED, LOCAL};
	uint32_t looks;

	(void)state;
	assert_int_equal(settle(steps, ARRAY_SIZE(steps), 3, &looks), STATE_ERROR);
	assert_int_equal(looks, 2);
}

static void nothing_is_confirmed_without_a_past(void **state)
{
	const struct earlier nothing = {.places = NULL};

	(void)state;
	assert_int_equal(confirm_changes(NULL, NULL, &nothing, 2, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_did_not_change_is_looked_at_once),
		cmocka_unit_test(a_change_is_seen_as_often_as_asked_for),
		cmocka_unit_test(what_is_back_where_it_was_is_no_change),
		cmocka_unit_test(another_new_state_starts_the_count_anew),
		cmocka_unit_test(what_never_holds_still_is_settled_in_the_end),
		cmocka_unit_test(the_first_look_is_at_once_and_later_ones_wait_longer),
		cmocka_unit_test(own_trouble_on_the_way_ends_it_as_such),
		cmocka_unit_test(nothing_is_confirmed_without_a_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
