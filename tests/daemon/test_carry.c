/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan that asks a part makes of the rest; results and a past made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
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

/* ---- another question ------------------------------------------------------------ */

static void an_answer_to_another_question_is_none(void **state)
{
	struct bed *bed = *state;
	uint32_t at = flow(bed, "w1", "tcp/80");

	past_flow(&bed->past, at)->question++;
	scan_rule(bed, FAST);
	assert_int_equal(bed->results.flows[at].state, STATE_NONE);
	assert_int_equal(judge(bed, "w1", "tcp/80"), VERDICT_INCONCLUSIVE);
}

/* A store that an older program wrote. */
static void a_question_that_is_not_known_is_taken_for_the_same(void **state)
{
	struct bed *bed = *state;

	past_flow(&bed->past, flow(bed, "w1", "tcp/80"))->question = 0;
	scan_rule(bed, FAST);
	assert_int_equal(judge(bed, "w1", "tcp/80"), VERDICT_PASS);
}

static uint64_t question_of(const char *options, const char *address)
{
	char config[512];
	struct made made;
	struct snapshot frame;
	uint64_t question;

	snprintf(config, sizeof config,
		"vantage: here\n"
		"inventory: {web: {hosts: {w1: {ansible_host: %s}}}}\n"
		"rules: [{name: r, to: web, check: {check: tcp/80%s}}]\n",
		address, options);
	made_build(&made, config);
	assert_int_equal(made.rc, 0);
	assert_int_equal(measured_frame(made.plan, &frame), 0);
	question = frame.flows[0].question;
	snapshot_fini(&frame);
	made_fini(&made);
	return question;
}

static void options_and_addresses_are_the_question_and_expectations_are_not(
	void **state)
{
	uint64_t plain = question_of("", "10.1.0.1");

	(void)state;
	assert_true(plain != 0);
	assert_true(plain == question_of("", "10.1.0.1"));
	assert_true(plain == question_of(", expect: clear", "10.1.0.1"));
	assert_true(plain != question_of("", "10.1.0.2"));
	assert_true(plain != question_of("", "w1.corp.example"));
	assert_true(plain != question_of(", timeout: 5s", "10.1.0.1"));
	assert_true(plain != question_of(", attempts: 5", "10.1.0.1"));
}

static void what_could_not_be_measured_stays_so(void **state)
{
	struct bed *bed = *state;
	uint32_t at = flow(bed, "w1", "tcp/80");

	past_flow(&bed->past, at)->gap_reason = REASON_NO_ROUTE;
	scan_rule(bed, FAST);
	assert_int_equal(bed->results.flows[at].state, STATE_ERROR);
	assert_int_equal(bed->results.flows[at].reason, REASON_NO_ROUTE);
	assert_int_equal(judge(bed, "w1", "tcp/80"), VERDICT_INCONCLUSIVE);
}

/* ---- a part and the whole -------------------------------------------------------- */

static const char fleet[] =
	"vantage: here\n"
	"inventory: {web: {hosts: {w1: {ansible_host: 10.1.0.1},"
	" w2: {reachd_addresses: [10.1.0.2, 10.1.1.2]}, w3: {ansible_host: 10.1.0.3}}},\n"
	"  gate: {hosts: {g1: {ansible_host: 10.9.0.1}}}}\n"
	"controls: [{to: gate, check: tcp/22}]\n"
	"rules:\n"
	"  - {name: a, to: web, check: [tcp/443, tcp/80]}\n"
	"  - {name: b, to: web, check: tcp/8080, require: 1}\n"
	"  - {name: c, to: web, check: [tcp/3389, tcp/445], expect: blocked}\n"
	"  - {name: d, to: web, check: tcp/23, expect: blocked, control: tcp/80}\n"
	"  - {name: e, to: [web, gate], check: tcp/21, expect: clear}\n";

static uint32_t draw(uint32_t *random, uint32_t bound)
{
	*random = *random * 1664525U + 1013904223U;
	return (*random >> 16) % bound;
}

/* What the network is like, for as long as a round. */
static void see(const struct plan *plan, const uint8_t *network, uint32_t index,
	struct results *results)
{
	uint32_t all = plan->hosts[plan->flows[index].host].n_addresses > 1 ? 3 : 1;
	struct flow_result *result = &results->flows[index];

	result->state = network[index];
	switch (result->state) {
	case STATE_OPEN:
		result->reason = REASON_SYN_ACK;
		break;
	case STATE_CLOSED:
		result->reason = REASON_RST;
		break;
	case STATE_ERROR:
		result->reason = REASON_NO_ROUTE;
		break;
	default:
		result->reason = REASON_TIMEOUT;
	}
	if (result->state == STATE_OPEN || result->state == STATE_CLOSED)
		result->clear = all;
}

static void set_addresses(const struct plan *plan, struct results *results)
{
	for (uint32_t i = 0; i < plan->n_hosts; i++) {
		results->hosts[i].items = plan->hosts[i].addresses;
		results->hosts[i].count = plan->hosts[i].n_addresses;
	}
}

/* The verdicts of a scan of some rules after one of all, of a network that stays as it
 * is, are those of the one before. */
static void a_part_and_the_whole_agree_on_every_verdict(void **state)
{
	static const uint8_t states[] = {
		STATE_OPEN, STATE_OPEN, STATE_CLOSED, STATE_FILTERED, STATE_ERROR};
	uint32_t random = 3;
	struct made made;

	(void)state;
	made_build(&made, fleet);
	assert_int_equal(made.rc, 0);
	for (uint32_t round = 0; round < 3000; round++) {
		const struct plan *plan = made.plan;
		struct results whole, part;
		struct assessment of_whole, of_part;
		struct past past;
		uint8_t network[64];
		bool rules[8];
		uint32_t *flows;
		size_t count;

		assert_true(plan->n_flows <= 64);
		for (uint32_t i = 0; i < plan->n_flows; i++)
			network[i] = states[draw(&random, ARRAY_SIZE(states))];
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
			rules[i] = draw(&random, 2);
		assert_int_equal(results_init(&whole, plan), 0);
		assert_int_equal(results_init(&part, plan), 0);
		set_addresses(plan, &whole);
		set_addresses(plan, &part);
		for (uint32_t i = 0; i < plan->n_flows; i++)
			see(plan, network, i, &whole);
		assert_int_equal(assess(plan, &whole, &of_whole), 0);
		past_init_scan(&past, plan, &whole, &of_whole);
		assert_int_equal(
			carry_select(plan, &past.earlier, rules, &flows, &count), 0);
		assert_int_equal(
			carry_forward(&past.frame, &past.earlier, flows, count, &part),
			0);
		for (size_t i = 0; i < count; i++)
			see(plan, network, flows[i], &part);
		assert_int_equal(assess(plan, &part, &of_part), 0);
		for (uint32_t i = 0; i < plan->n_flows; i++)
			if (of_part.verdicts[i] != of_whole.verdicts[i])
				fail_msg("round %u: %s on %s is %s in the whole, %s in "
					 "the part",
					(unsigned)round,
					plan->checks[plan->flows[i].check].name,
					plan->hosts[plan->flows[i].host].name,
					verdict_word(
						(enum verdict)of_whole.verdicts[i]),
					verdict_word(
						(enum verdict)of_part.verdicts[i]));
		free(flows);
		past_fini(&past);
		assessment_fini(&of_part);
		assessment_fini(&of_whole);
		results_fini(&part);
		results_fini(&whole);
	}
	made_fini(&made);
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
		TEST(an_answer_to_another_question_is_none),
		TEST(a_question_that_is_not_known_is_taken_for_the_same),
		TEST(what_could_not_be_measured_stays_so),
		cmocka_unit_test(
			options_and_addresses_are_the_question_and_expectations_are_not),
		cmocka_unit_test(a_part_and_the_whole_agree_on_every_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
