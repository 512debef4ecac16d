/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan that asks a part makes of the rest; results and a past made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/analyze/assess.h"
#include "daemon/analyze/changes.h"
#include "daemon/analyze/health.h"
#include "daemon/scan/carry.h"
#include "daemon/scan/measured.h"
#include "tests/support/made.h"
#include "tests/support/past.h"

static const char text[] =
	"vantage: here\n"
	"inventory: {web: {hosts: {w1: {ansible_host: 10.1.0.1}}},\n"
	"  gate: {hosts: {g1: {ansible_host: 10.9.0.1}}}}\n"
	"controls: [{to: gate, check: tcp/22}]\n"
	"rules:\n"
	"  - {name: fast, to: web, check: tcp/443}\n"
	"  - {name: slow, to: web, check: [tcp/80, tcp/443], schedule: {every: 1h}}\n"
	"  - {name: shut, to: web, check: tcp/3389, expect: blocked, control: tcp/80,"
	" schedule: {every: 1h}}\n";

enum {
	FAST,
	SLOW,
	SHUT
};

struct bed {
	struct made made;
	struct results results;
	struct past past;
	struct assessment assessment;
	uint32_t *flows;
	size_t n_flows;
};

static uint32_t flow(const struct bed *bed, const char *host, const char *check)
{
	int64_t found = plan_find(bed->made.plan, host, check);

	assert_true(found >= 0);
	return (uint32_t)found;
}

static int set_up(void **state)
{
	static struct bed bed;

	memset(&bed, 0, sizeof bed);
	made_build(&bed.made, text);
	assert_int_equal(bed.made.rc, 0);
	assert_int_equal(bed.made.plan->n_flows, 4);
	assert_int_equal(results_init(&bed.results, bed.made.plan), 0);
	past_init(&bed.past, bed.made.plan);
	for (uint32_t i = 0; i < 4; i++)
		past_flow(&bed.past, i)->proved = true;
	past_set_state(&bed.past, flow(&bed, "w1", "tcp/3389"), STATE_FILTERED);
	*state = &bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	free(bed->flows);
	past_fini(&bed->past);
	assessment_fini(&bed->assessment);
	results_fini(&bed->results);
	made_fini(&bed->made);
	return 0;
}

/* A scan of these rules, in which what is asked is as it was. */
static void scan(struct bed *bed, const bool *rules)
{
	const struct plan *plan = bed->made.plan;
	const struct earlier *earlier = &bed->past.earlier;

	assert_int_equal(
		carry_select(plan, earlier, rules, &bed->flows, &bed->n_flows), 0);
	assert_int_equal(carry_forward(&bed->past.frame, earlier, bed->flows,
				 bed->n_flows, &bed->results),
		0);
	for (size_t i = 0; i < bed->n_flows; i++) {
		uint32_t at = bed->flows[i];
		assert_false(results_is_carried(&bed->results, at));
		bed->results.flows[at].state = earlier->states[at];
		bed->results.flows[at].clear = earlier->states[at] == STATE_OPEN;
	}
	assert_int_equal(
		results_count_carried(&bed->results), plan->n_flows - bed->n_flows);
}

static void scan_rule(struct bed *bed, int rule)
{
	bool rules[4] = {false};

	rules[rule] = true;
	scan(bed, rules);
}

static enum verdict judge(struct bed *bed, const char *host, const char *check)
{
	assessment_fini(&bed->assessment);
	assert_int_equal(assess(bed->made.plan, &bed->results, &bed->assessment), 0);
	return (enum verdict)bed->assessment.verdicts[flow(bed, host, check)];
}

static void a_rule_and_the_controls_are_asked(void **state)
{
	struct bed *bed = *state;

	scan_rule(bed, FAST);
	assert_int_equal(bed->n_flows, 2);
	assert_false(results_is_carried(&bed->results, flow(bed, "w1", "tcp/443")));
	assert_false(results_is_carried(&bed->results, flow(bed, "g1", "tcp/22")));
}

static void a_flow_that_serves_as_a_control_is_asked_with_the_rule(void **state)
{
	struct bed *bed = *state;

	scan_rule(bed, SHUT);
	assert_int_equal(bed->n_flows, 3);
	assert_false(results_is_carried(&bed->results, flow(bed, "w1", "tcp/80")));
	assert_int_equal(judge(bed, "w1", "tcp/3389"), VERDICT_PASS);
}

static void verdicts_are_carried_with_the_states(void **state)
{
	struct bed *bed = *state;

	scan_rule(bed, FAST);
	assert_int_equal(judge(bed, "w1", "tcp/3389"), VERDICT_PASS);
	assert_int_equal(judge(bed, "w1", "tcp/80"), VERDICT_PASS);
	assert_int_equal(bed->assessment.pass, 4);
}

static void silence_that_was_never_proved_stays_unproved(void **state)
{
	struct bed *bed = *state;

	past_flow(&bed->past, flow(bed, "w1", "tcp/3389"))->proved = false;
	scan_rule(bed, FAST);
	assert_int_equal(judge(bed, "w1", "tcp/3389"), VERDICT_INCONCLUSIVE);
}

static void what_was_carried_proves_nothing_of_what_is_asked(void **state)
{
	struct bed *bed = *state;
	bool rules[4] = {false};

	scan(bed, rules); /* the controls alone */
	bed->results.carried[flow(bed, "w1", "tcp/3389")] = CARRIED_NONE;
	assert_int_equal(judge(bed, "w1", "tcp/3389"), VERDICT_INCONCLUSIVE);
}

static void what_was_never_asked_is_inconclusive_and_says_why(void **state)
{
	struct bed *bed = *state;
	uint32_t at = flow(bed, "w1", "tcp/80");

	past_set_state(&bed->past, at, STATE_NONE);
	scan_rule(bed, FAST);
	assert_int_equal(judge(bed, "w1", "tcp/80"), VERDICT_INCONCLUSIVE);
	assert_string_equal(
		probe_reason_word((enum probe_reason)bed->results.flows[at].reason),
		"not-due");
}

/* Trouble is a share of what was asked. */
static void what_is_carried_hides_no_trouble(void **state)
{
	struct bed *bed = *state;
	const struct health_streak streak = {.degraded = 0};
	struct health health;

	scan_rule(bed, FAST);
	for (size_t i = 0; i < bed->n_flows; i++) {
		struct flow_result *result = &bed->results.flows[bed->flows[i]];
		result->state = STATE_ERROR;
		result->reason = REASON_NO_ROUTE;
		result->clear = 0;
	}
	assert_int_equal(health_judge(bed->made.plan, &bed->results,
				 &bed->past.earlier.last, &streak, &health),
		0);
	assert_true(health.degraded);
	assert_int_equal(health.cause, HEALTH_UNMEASURED);
}

static void it_is_neither_a_change_nor_evidence(void **state)
{
	struct bed *bed = *state;
	struct change_set changes;
	uint32_t dark = flow(bed, "w1", "tcp/443");

	past_set_identity(&bed->past, flow(bed, "w1", "tcp/80"), "something");
	scan_rule(bed, FAST);
	bed->results.flows[dark].state = STATE_FILTERED;
	judge(bed, "w1", "tcp/443");
	assert_int_equal(measured_fill(bed->made.plan, &bed->results, &bed->assessment,
				 false, &bed->past.frame),
		0);
	assert_int_equal(changes_due(&bed->past.earlier.snapshot,
				 bed->past.earlier.places, &bed->past.frame, &changes),
		0);
	assert_int_equal(changes.reachability, 1);
	assert_int_equal(changes.n_incidents, 1);
	assert_int_equal(changes.incidents[0].n_unchanged, 0);
	changes_fini(&changes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rule_and_the_controls_are_asked),
		TEST(a_flow_that_serves_as_a_control_is_asked_with_the_rule),
		TEST(verdicts_are_carried_with_the_states),
		TEST(silence_that_was_never_proved_stays_unproved),
		TEST(what_was_carried_proves_nothing_of_what_is_asked),
		TEST(what_was_never_asked_is_inconclusive_and_says_why),
		TEST(what_is_carried_hides_no_trouble),
		TEST(it_is_neither_a_change_nor_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
