/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a configuration makes it, results and a past made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/analyze/controls.h"
#include "daemon/analyze/health.h"
#include "daemon/scan/measured.h"
#include "daemon/scan/vantage.h"
#include "tests/support/made.h"
#include "tests/support/past.h"

static const char text[] =
	"vantage: here\n"
	"inventory:\n"
	"  all:\n"
	"    children:\n"
	"      web: {hosts: {w1: {ansible_host: 10.1.0.1}, w2: {ansible_host: 10.1.1.1},"
	" w3: {ansible_host: 10.1.2.1}}}\n"
	"      db: {hosts: {d1: {ansible_host: 10.2.0.1}, d2: {ansible_host: 10.2.1.1},"
	" d3: {ansible_host: '2001:db8::1'}}}\n"
	"      gate: {hosts: {g1: {ansible_host: 10.9.0.1}}}\n"
	"controls:\n"
	"  - {to: gate, check: tcp/22}\n"
	"  - {to: w1, check: tcp/443}\n"
	"rules:\n"
	"  - {name: web, to: [web, db], check: [tcp/443, tcp/80]}\n"
	"  - {name: base, to: [web, db], check: [tcp/22]}\n"
	"  - {name: data, to: db, check: tcp/5432}\n";

struct bed {
	struct made made;
	struct results results;
	struct past past;
	struct health_streak streak;
	struct health health;
	uint8_t *states, *reasons;            /* of the past */
	const struct controls_before *before; /* these; NULL: there is none */
};

static int set_up(void **state)
{
	static struct bed bed;
	uint32_t n;

	memset(&bed, 0, sizeof bed);
	made_build(&bed.made, text);
	assert_int_equal(bed.made.rc, 0);
	assert_int_equal(results_init(&bed.results, bed.made.plan), 0);
	n = bed.made.plan->n_flows;
	assert_in_range(n, 1, 64);
	past_init(&bed.past, bed.made.plan);
	bed.states = bed.past.earlier.states;
	bed.reasons = bed.past.earlier.reasons;
	bed.before = &bed.past.earlier.last;
	for (uint32_t i = 0; i < n; i++) {
		bed.results.flows[i].state = STATE_OPEN;
		bed.results.flows[i].clear = 1;
	}
	*state = &bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	past_fini(&bed->past);
	results_fini(&bed->results);
	made_fini(&bed->made);
	return 0;
}

static void darken(struct bed *bed, const char *host, const char *check)
{
	const struct plan *plan = bed->made.plan;

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		if ((host && strcmp(plan->hosts[flow->host].name, host) != 0) ||
			(check && strcmp(plan->checks[flow->check].name, check) != 0))
			continue;
		bed->results.flows[i].state = STATE_FILTERED;
		bed->results.flows[i].reason = REASON_TIMEOUT;
		bed->results.flows[i].clear = 0;
	}
}

/* The word of why the scan is degraded, or "". */
static const char *judge(struct bed *bed)
{
	assert_int_equal(health_judge(bed->made.plan, &bed->results, bed->before,
				 &bed->streak, &bed->health),
		0);
	return bed->health.degraded ? health_word(bed->health.cause) : "";
}

static const char *accepted(const struct bed *bed)
{
	assert_false(bed->health.degraded);
	return health_word(bed->health.cause);
}

static void controls_are_flows_beside_the_rules(void **state)
{
	struct bed *bed = *state;
	const struct plan *plan = bed->made.plan;
	int64_t gate = plan_find(plan, "g1", "tcp/22"),
		shared = plan_find(plan, "w1", "tcp/443"),
		plain = plan_find(plan, "w2", "tcp/443");

	assert_true(gate >= 0 && shared >= 0 && plain >= 0);
	assert_true(plan->flows[gate].vital && plan->flows[gate].control);
	assert_int_equal(plan->flows[gate].expect, EXPECT_ANY);
	/* One that a rule asks for is judged by the rule. */
	assert_true(plan->flows[shared].vital && !plan->flows[shared].control);
	assert_int_equal(plan->flows[shared].expect, EXPECT_OPEN);
	assert_false(plan->flows[plain].vital);
}

static void a_scan_as_before_is_clean(void **state)
{
	assert_string_equal(judge(*state), "");
}

static void dark_controls_degrade(void **state)
{
	darken(*state, "g1", NULL);
	assert_string_equal(judge(*state), "");
	darken(*state, "w1", "tcp/443");
	assert_string_equal(judge(*state), "controls");
	assert_string_equal(health_text(((struct bed *)*state)->health.cause),
		"the controls, which must always answer, did not answer");
}

static void require_is_at_most_all_and_a_reset_is_an_answer(void **state)
{
	struct bed *bed = *state;
	struct settings *settings = &bed->made.config->settings;

	settings->guard_require = 7;
	assert_string_equal(judge(bed), "");
	darken(bed, "g1", NULL);
	assert_string_equal(judge(bed), "controls");
	bed->results.flows[plan_find(bed->made.plan, "g1", "tcp/22")].state =
		STATE_CLOSED;
	assert_string_equal(judge(bed), "");
}

static void controls_need_no_past(void **state)
{
	struct bed *bed = *state;

	bed->before = NULL;
	darken(bed, "g1", NULL);
	darken(bed, "w1", "tcp/443");
	assert_string_equal(judge(bed), "controls");
	/* Nothing else is known to have answered ever. */
	bed->streak.by_cause[HEALTH_CONTROLS] = 30;
	assert_string_equal(judge(bed), "controls");
}

static void dead_controls_beside_a_network_that_is_well_are_the_news(void **state)
{
	struct bed *bed = *state;

	darken(bed, "g1", NULL);
	darken(bed, "w1", "tcp/443");
	bed->streak.by_cause[HEALTH_CONTROLS] = 2;
	assert_string_equal(judge(bed), "controls");
	bed->streak.by_cause[HEALTH_CONTROLS] = 3;
	assert_string_equal(judge(bed), "");
	assert_string_equal(accepted(bed), "controls");
	/* A quarter of the rest is dark as well. */
	darken(bed, "w2", NULL);
	darken(bed, "w3", NULL);
	assert_string_equal(judge(bed), "controls");
}

static void a_control_that_is_known_to_be_dead_is_not_waited_for(void **state)
{
	struct bed *bed = *state;
	const struct plan *plan = bed->made.plan;

	darken(bed, "g1", NULL);
	darken(bed, "w1", "tcp/443");
	bed->states[plan_find(plan, "g1", "tcp/22")] = STATE_FILTERED;
	/* The other one still is. */
	assert_string_equal(judge(bed), "controls");
	bed->states[plan_find(plan, "w1", "tcp/443")] = STATE_FILTERED;
	assert_string_equal(judge(bed), "");
	assert_string_equal(accepted(bed), "");
	/* One that never was measured is waited for. */
	bed->states[plan_find(plan, "w1", "tcp/443")] = STATE_NONE;
	assert_string_equal(judge(bed), "controls");
}

/* This machine's trouble with the other flows is no evidence about the network. */
static void what_could_not_be_measured_is_no_dark_flow(void **state)
{
	struct bed *bed = *state;
	const struct plan *plan = bed->made.plan;
	const struct controls_before before = {bed->states, bed->reasons};
	struct controls_finding all = controls_look(plan, &bed->results, &before),
				found;
	uint8_t carried[64] = {0};
	uint32_t flow = (uint32_t)plan_find(plan, "w2", "tcp/443");
	uint32_t control = (uint32_t)plan_find(plan, "g1", "tcp/22");

	bed->results.flows[flow].state = STATE_ERROR;
	found = controls_look(plan, &bed->results, &before);
	assert_int_equal(found.others, all.others - 1);
	assert_int_equal(found.dark, 0);
	bed->results.flows[flow].state = STATE_NONE;
	found = controls_look(plan, &bed->results, &before);
	assert_int_equal(found.others, all.others - 1);
	assert_int_equal(found.dark, 0);
	/* Nor is one that was dark before, and one that was never measured. */
	bed->results.flows[flow].state = STATE_FILTERED;
	bed->states[flow] = STATE_FILTERED;
	assert_int_equal(controls_look(plan, &bed->results, &before).dark, 0);
	bed->states[flow] = STATE_NONE;
	assert_int_equal(controls_look(plan, &bed->results, &before).dark, 0);
	bed->states[flow] = STATE_OPEN;
	bed->results.carried = carried;
	carried[flow] = CARRIED;
	found = controls_look(plan, &bed->results, &before);
	bed->results.carried = NULL;
	assert_int_equal(found.others, all.others - 1);
	assert_int_equal(found.dark, 0);
	/* A control that could not be asked did not answer. */
	bed->results.flows[control].state = STATE_ERROR;
	found = controls_look(plan, &bed->results, &before);
	assert_int_equal(found.silent, 1);
	assert_int_equal(found.count, all.count);
	assert_true(controls_is_silent(plan, &bed->results, &before, control));
}

/* Addresses that are blocked in several ways are as dark as one. */
static void a_control_of_several_addresses_answers_by_its_parts(void **state)
{
	struct bed *bed = *state;
	const struct plan *plan = bed->made.plan;
	const struct controls_before before = {bed->states, bed->reasons};
	uint32_t control = (uint32_t)plan_find(plan, "g1", "tcp/22");

	bed->results.flows[control].state = STATE_PARTIAL;
	bed->results.flows[control].reason = REASON_ADDRESSES_DIFFER_BLOCKED;
	assert_true(controls_is_silent(plan, &bed->results, &before, control));
	bed->results.flows[control].reason = REASON_NO_ADDRESS_ACCEPTS;
	assert_false(controls_is_silent(plan, &bed->results, &before, control));
	bed->results.flows[control].state = STATE_FILTERED;
	bed->states[control] = STATE_PARTIAL;
	bed->reasons[control] = REASON_ADDRESSES_DIFFER_BLOCKED;
	assert_false(controls_is_silent(plan, &bed->results, &before, control));
	bed->reasons[control] = REASON_ADDRESSES_DIFFER_CLEAR;
	assert_true(controls_is_silent(plan, &bed->results, &before, control));
}

/* Fewer than the share of the rest, or as many. */
static void controls_stand_alone_below_the_share(void **state)
{
	struct controls_finding found = {.others = 8, .dark = 2};

	(void)state;
	assert_false(controls_alone(&found, 25));
	found.dark = 1;
	assert_true(controls_alone(&found, 25));
	found = (struct controls_finding){.count = 3, .silent = 2};
	assert_false(controls_lack(&found, 1));
	assert_true(controls_lack(&found, 2));
	found.silent = 0;
	assert_false(controls_lack(&found, 9));
	found.silent = 1;
	assert_true(controls_lack(&found, 9));
}

/* Each flow is dark by chance, so often that all mixtures occur. */
static void controls_at_random(void **state)
{
	struct bed *bed = *state;
	const struct plan *plan = bed->made.plan;
	uint32_t random = 1;

	for (int round = 0; round < 2000; round++) {
		struct controls_finding found;
		uint32_t dark = 0, others = 0, silent = 0;
		for (uint32_t i = 0; i < plan->n_flows; i++) {
			random = random * 1664525U + 1013904223U;
			bool is_dark = (random >> 16) % 8 < (uint32_t)round % 9;
			bed->results.flows[i].state =
				is_dark ? STATE_FILTERED : STATE_OPEN;
			if (plan->flows[i].vital) {
				silent += is_dark;
			} else {
				others++;
				dark += is_dark;
			}
		}
		found = controls_look(plan, &bed->results, bed->before);
		assert_int_equal(found.count, 2);
		assert_int_equal(found.silent, silent);
		assert_int_equal(found.others, others);
		assert_int_equal(found.dark, dark);
		assert_int_equal(controls_lack(&found, 1), silent == 2);
		assert_int_equal(controls_alone(&found, 25), dark * 4 < others);
		bed->streak.by_cause[HEALTH_CONTROLS] = 3;
		if (silent == 2)
			assert_int_equal(strcmp(judge(bed), "controls") == 0,
				dark * 4 >= others);
	}
}

static void a_changed_rule_is_told(void **state)
{
	darken(*state, NULL, "tcp/443");
	darken(*state, NULL, "tcp/80");
	assert_string_equal(judge(*state), "");
}

static void a_dark_group_is_told(void **state)
{
	darken(*state, "d1", NULL);
	darken(*state, "d2", NULL);
	darken(*state, "d3", NULL);
	assert_string_equal(judge(*state), "");
}

/* Every host lost something, and each something else. */
static void spread(struct bed *bed)
{
	darken(bed, "w1", "tcp/80");
	darken(bed, "w2", "tcp/443");
	darken(bed, "w3", "tcp/22");
	darken(bed, "d1", "tcp/5432");
	darken(bed, "d2", "tcp/22");
	darken(bed, "d3", "tcp/443");
}

static void unrelated_darkness_degrades(void **state)
{
	struct bed *bed = *state;

	spread(bed);
	assert_string_equal(judge(bed), "improbable");
	assert_string_equal(health_text(bed->health.cause),
		"too many unrelated flows became unreachable at once");
}

static void not_without_a_past_and_not_indefinitely(void **state)
{
	struct bed *bed = *state;

	spread(bed);
	bed->streak.by_cause[HEALTH_IMPROBABLE] = 2;
	assert_string_equal(judge(bed), "improbable");
	bed->streak.by_cause[HEALTH_IMPROBABLE] = 3;
	assert_string_equal(judge(bed), "");
	bed->streak.by_cause[HEALTH_IMPROBABLE] = 0;
	bed->before = NULL;
	assert_string_equal(judge(bed), "");
}

static void what_was_dark_before_counts_for_nothing(void **state)
{
	struct bed *bed = *state;

	spread(bed);
	for (uint32_t i = 0; i < bed->made.plan->n_flows; i++)
		bed->states[i] = bed->results.flows[i].state;
	assert_string_equal(judge(bed), "");
}

static void find_changes(struct bed *bed, struct change_set *changes)
{
	const struct plan *plan = bed->made.plan;
	const struct vantage_scan scan = {
		.plan = plan,
		.results = &bed->results,
		.before = bed->before,
		.streak = &bed->streak,
		.health = &bed->health,
		.now_us = bed->streak.since_us + INT64_C(5400000000),
	};
	struct snapshot *now = &bed->past.frame;
	struct assessment assessment;

	assert_int_equal(assess(plan, &bed->results, &assessment), 0);
	assert_int_equal(measured_fill(plan, &bed->results, &assessment,
				 bed->health.degraded, now),
		0);
	assessment_fini(&assessment);
	assert_int_equal(changes_due(&bed->past.earlier.snapshot,
				 bed->past.earlier.places, now, changes),
		0);
	assert_int_equal(vantage_add_news(&scan, changes), 0);
}

/* The summary of the incident that is told last, of its scope; or "". */
static const char *told_of_vantage(struct bed *bed)
{
	static char said[256];
	struct change_set changes;
	const struct incident *last;

	*said = '\0';
	find_changes(bed, &changes);
	last = changes.n_incidents ? &changes.incidents[changes.n_incidents - 1] : NULL;
	if (last && last->scope == INCIDENT_VANTAGE) {
		assert_int_equal(last->kind, CHANGE_RECOVERY);
		assert_int_equal(last->id, changes.n_incidents);
		snprintf(said, sizeof said, "%s", last->summary);
	}
	changes_fini(&changes);
	return said;
}

static void its_end_is_told_with_what_is_settled(void **state)
{
	struct bed *bed = *state;

	darken(bed, "d1", "tcp/22");
	assert_string_equal(judge(bed), "");
	assert_string_equal(told_of_vantage(bed), "");
	bed->streak = (struct health_streak){.degraded = 2, .since = 12, .since_us = 7};
	assert_string_equal(told_of_vantage(bed),
		"this vantage (here) is no longer impaired, after 2 degraded scans, "
		"starting with scan 12, 1h30m; 1 change settled");
}

static void what_is_accepted_is_no_recovery_of_the_network(void **state)
{
	struct bed *bed = *state;

	spread(bed);
	bed->streak = (struct health_streak){
		.degraded = 4, .by_cause[HEALTH_IMPROBABLE] = 3, .since = 12};
	assert_string_equal(judge(bed), "");
	assert_string_equal(told_of_vantage(bed),
		"this vantage (here) is considered sound, and its changes accepted "
		"as genuine, after 4 degraded scans, starting with scan 12, "
		"1h30m; 6 changes settled");
}

static void a_dead_control_is_named(void **state)
{
	struct bed *bed = *state;

	darken(bed, "g1", NULL);
	darken(bed, "w1", "tcp/443");
	bed->streak = (struct health_streak){
		.degraded = 3, .by_cause[HEALTH_CONTROLS] = 3, .since = 12};
	assert_string_equal(judge(bed), "");
	assert_string_equal(told_of_vantage(bed),
		"tcp/443 on w1, tcp/22 on g1 no longer answer, as controls must, but "
		"all else does: this vantage (here) is considered sound, after "
		"3 degraded scans, starting with scan 12, 1h30m; 2 changes settled");
}

static void an_impairment_is_one_incident_told_once(void **state)
{
	struct bed *bed = *state;
	struct change_set changes;

	spread(bed);
	judge(bed);
	for (uint32_t again = 0; again < 2; again++) {
		bed->streak.degraded = again;
		find_changes(bed, &changes);
		assert_int_equal(changes.reachability, 0);
		assert_int_equal(changes.n_incidents, again ? 0 : 1);
		if (!again) {
			assert_int_equal(changes.incidents[0].scope, INCIDENT_VANTAGE);
			assert_string_equal(changes.incidents[0].summary,
				"this vantage (here) is impaired: too many unrelated "
				"flows became unreachable at once");
		}
		changes_fini(&changes);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(controls_are_flows_beside_the_rules),
		TEST(a_scan_as_before_is_clean),
		TEST(dark_controls_degrade),
		TEST(require_is_at_most_all_and_a_reset_is_an_answer),
		TEST(controls_need_no_past),
		TEST(dead_controls_beside_a_network_that_is_well_are_the_news),
		TEST(a_control_that_is_known_to_be_dead_is_not_waited_for),
		TEST(controls_at_random),
		TEST(what_could_not_be_measured_is_no_dark_flow),
		TEST(a_control_of_several_addresses_answers_by_its_parts),
		TEST(controls_stand_alone_below_the_share),
		TEST(a_changed_rule_is_told),
		TEST(a_dark_group_is_told),
		TEST(unrelated_darkness_degrades),
		TEST(not_without_a_past_and_not_indefinitely),
		TEST(what_was_dark_before_counts_for_nothing),
		TEST(its_end_is_told_with_what_is_settled),
		TEST(what_is_accepted_is_no_recovery_of_the_network),
		TEST(a_dead_control_is_named),
		TEST(an_impairment_is_one_incident_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
