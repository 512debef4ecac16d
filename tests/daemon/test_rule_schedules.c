/* SPDX-License-Identifier: Apache-2.0 */
/* Rules with schedules of their own, against a clock that is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/run/rule_schedules.h"
#include "tests/support/made.h"

#define MINUTE (INT64_C(60) * 1000000)
/* Wednesday, 2026-07-01 12:00 UTC. */
#define NOON (INT64_C(1782907200) * 1000000)

#define HEAD                                                           \
	"vantage: here\n"                                              \
	"schedule: {every: 5m}\n"                                      \
	"inventory: {web: {hosts: {w1: {ansible_host: 127.0.0.1}}}}\n" \
	"controls: [{to: w1, check: tcp/1}]\n"                         \
	"rules:\n"
#define PLAIN(name, port) "  - {name: " name ", to: web, check: tcp/" port "}\n"
#define OWN(name, port, schedule) \
	"  - {name: " name ", to: web, check: tcp/" port ", schedule: " schedule "}\n"

struct bed {
	struct made made;
	struct rule_schedules turns;
	struct schedule_now now;
};

static void begin(struct bed *bed, const char *text)
{
	*bed = (struct bed){.now = {.monotonic_us = MINUTE, .wall_us = NOON}};
	made_build(&bed->made, text);
	assert_int_equal(bed->made.rc, 0);
	assert_int_equal(
		rule_schedules_init(&bed->turns, bed->made.plan, 1, bed->now), 0);
}

static void end(struct bed *bed)
{
	rule_schedules_fini(&bed->turns);
	made_fini(&bed->made);
}

static void pass_us(struct bed *bed, int64_t us)
{
	bed->now.monotonic_us += us;
	bed->now.wall_us += us;
}

/* Waits for the next scan. How many minutes that took; `asked`: the first letters of
 * the rules that it asks, or "all". */
static int64_t next(struct bed *bed, char *asked)
{
	int64_t begun = bed->now.monotonic_us;
	struct schedule_step step;
	const bool *rules;

	while (!(step = rule_schedules_next(&bed->turns, bed->now)).start) {
		assert_true(step.wait_us > 0);
		pass_us(bed, step.wait_us);
		assert_true(bed->now.monotonic_us - begun < 7 * 24 * 60 * MINUTE);
	}
	rules = rule_schedules_started(&bed->turns, bed->now);
	strcpy(asked, "all");
	for (uint32_t i = 0; rules && i < bed->made.config->rules.count; i++)
		if (rules[i] && !bed->made.config->rules.rules[i].vital)
			*asked++ = bed->made.config->rules.rules[i].name[0];
	if (rules)
		*asked = '\0';
	return (bed->now.monotonic_us - begun) / MINUTE;
}

static void rules_without_their_own_are_always_asked_together(void **state)
{
	struct bed bed;
	char asked[8];

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2") PLAIN("b", "3"));
	assert_int_equal(next(&bed, asked), 0);
	assert_string_equal(asked, "all");
	assert_int_equal(next(&bed, asked), 5);
	assert_string_equal(asked, "all");
	end(&bed);
}

static void what_is_due_at_the_same_moment_is_one_scan(void **state)
{
	struct bed bed;
	char asked[8];

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2") OWN("b", "3", "{every: 15m}") PLAIN("c", "4"));
	assert_int_equal(next(&bed, asked), 0);
	assert_string_equal(asked, "all");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(next(&bed, asked), 5);
		assert_string_equal(asked, "ac");
	}
	assert_int_equal(next(&bed, asked), 5);
	assert_string_equal(asked, "all");
	end(&bed);
}

static void an_own_schedule_may_be_the_faster_one(void **state)
{
	struct bed bed;
	char asked[8];

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2") OWN("b", "3", "{every: 1m}"));
	next(&bed, asked);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(next(&bed, asked), 1);
		assert_string_equal(asked, "b");
	}
	assert_int_equal(next(&bed, asked), 1);
	assert_string_equal(asked, "all");
	end(&bed);
}

static void a_window_of_one_rule_holds_up_no_other(void **state)
{
	struct bed bed;
	char asked[8];
	int64_t minutes = 0;

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2")
			    OWN("b", "3", "{windows: 20:00-06:00, timezone: UTC}"));
	assert_int_equal(next(&bed, asked), 0);
	assert_string_equal(asked, "a");
	while (minutes < 8 * 60) {
		minutes += next(&bed, asked);
		assert_string_equal(asked, minutes < 8 * 60 ? "a" : "all");
	}
	assert_int_equal(minutes, 8 * 60);
	end(&bed);
}

static void only_own_schedules_leave_none_for_the_file(void **state)
{
	struct bed bed;
	char asked[8];

	(void)state;
	begin(&bed, HEAD OWN("a", "2", "{every: 7m}") OWN("b", "3", "{every: 9m}"));
	next(&bed, asked);
	assert_string_equal(asked, "all");
	assert_int_equal(next(&bed, asked), 7);
	assert_string_equal(asked, "a");
	assert_int_equal(next(&bed, asked), 2);
	assert_string_equal(asked, "b");
	end(&bed);
}

static void the_latest_says_how_late_a_scan_is(void **state)
{
	struct bed bed;
	struct schedule_step step;
	char asked[8];

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2") OWN("b", "3", "{every: 7m}"));
	next(&bed, asked);
	pass_us(&bed, 8 * MINUTE);
	step = rule_schedules_next(&bed.turns, bed.now);
	assert_true(step.start);
	assert_int_equal(step.late_us, 3 * MINUTE);
	end(&bed);
}

static void another_plan_keeps_the_place_of_rules_by_their_names(void **state)
{
	struct bed bed, other;
	char asked[8];

	(void)state;
	begin(&bed, HEAD PLAIN("a", "2") OWN("b", "3", "{every: 1h}"));
	next(&bed, asked);
	begin(&other, HEAD PLAIN("a", "2") OWN("c", "4", "{every: 1h}")
			      OWN("b", "3", "{every: 30m}"));
	pass_us(&bed, 2 * MINUTE);
	assert_int_equal(rule_schedules_renew(&bed.turns, other.made.plan, bed.now), 0);
	other.now = bed.now;
	rule_schedules_fini(&other.turns);
	other.turns = bed.turns;
	/* What is new begins at once. */
	assert_int_equal(next(&other, asked), 0);
	assert_string_equal(asked, "c");
	assert_int_equal(next(&other, asked), 3);
	assert_string_equal(asked, "a");
	for (int i = 0; i < 4; i++)
		next(&other, asked);
	assert_int_equal(next(&other, asked), 5);
	assert_string_equal(asked, "ab");
	end(&other);
	made_fini(&bed.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_without_their_own_are_always_asked_together),
		cmocka_unit_test(what_is_due_at_the_same_moment_is_one_scan),
		cmocka_unit_test(an_own_schedule_may_be_the_faster_one),
		cmocka_unit_test(a_window_of_one_rule_holds_up_no_other),
		cmocka_unit_test(only_own_schedules_leave_none_for_the_file),
		cmocka_unit_test(the_latest_says_how_late_a_scan_is),
		cmocka_unit_test(another_plan_keeps_the_place_of_rules_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
