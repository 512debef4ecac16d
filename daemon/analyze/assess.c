/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/assess.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- each flow on its own ------------------------------------------------------ */

/* Bits of the addresses of `host` that let packets through for some flow. */
static uint32_t host_clear(const struct plan *plan, const struct results *results,
	const struct plan_host *host)
{
	uint32_t clear = 0;

	for (uint32_t i = 0; i < host->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[host->first_flow + i];
		/* What a name server says is no proof of the host's path. */
		if (!(plan->checks[flow->check].ops->flags & PROBE_PER_HOST))
			clear |= results->flows[host->first_flow + i].clear;
	}
	return clear;
}

static uint32_t address_bits(uint32_t count)
{
	return count >= 32 ? UINT32_MAX : (1U << count) - 1;
}

static void judge_host(const struct plan *plan, const struct results *results,
	uint32_t index, struct assessment *out)
{
	const struct plan_host *host = &plan->hosts[index];
	uint32_t clear = host_clear(plan, results, host);
	uint32_t all = address_bits(results->hosts[index].count);

	for (uint32_t i = host->first_flow; i < host->first_flow + host->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		bool answered = all && (clear & all) == all;
		struct judge_case c = {
			.state = (enum probe_state)results->flows[i].state,
			.reason = (enum probe_reason)results->flows[i].reason,
			.expect = (enum rule_expect)flow->expect,
			.accept_closed = flow->accept_closed,
			.control_answered =
				results_is_carried(results, i)
					? results->carried[i] == CARRIED_PROVED
					: answered,
		};
		out->verdicts[i] = (uint8_t)judge_flow(&c);
	}
}

/* ---- rules that need only some of their hosts ------------------------------------ */

/* The hosts of one rule, each by the worst verdict of its flows. */
struct tally {
	uint32_t counts[3]; /* by enum verdict */
	uint32_t host;      /* 1 + index of the one counted last: flows come by host */
	enum verdict worst; /* of that host so far */
};

static bool is_worse(enum verdict a, enum verdict b)
{
	return a == VERDICT_FAIL ? b != VERDICT_FAIL
				 : a == VERDICT_INCONCLUSIVE && b == VERDICT_PASS;
}

static void tally_verdict(struct tally *tally, uint32_t host, enum verdict verdict)
{
	if (tally->host != host + 1) {
		tally->host = host + 1;
		tally->worst = verdict;
		tally->counts[verdict]++;
	} else if (is_worse(verdict, tally->worst)) {
		tally->counts[tally->worst]--;
		tally->worst = verdict;
		tally->counts[verdict]++;
	}
}

/* One walk over the flows, however many rules there are. */
static void tally_rules(const struct plan *plan, const struct assessment *assessment,
	struct tally *tallies)
{
	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		const struct plan_rule_set *set = &plan->rule_sets[flow->rules];
		for (uint32_t j = 0; j < set->count; j++)
			tally_verdict(&tallies[set->rules[j]], flow->host,
				(enum verdict)assessment->verdicts[i]);
	}
}

static char *require_note(uint32_t need, uint32_t hosts)
{
	char text[64];

	snprintf(text, sizeof text, "require %u of %u", need, hosts);
	return strdup(text);
}

/*
 * A flow is held when every rule that asks for it leaves it out of its need: all of
 * them hold (pass), or none fails and some are open (inconclusive).
 */
static void hold_flow(const struct plan *plan, uint32_t index,
	const enum verdict *rule_verdicts, struct assessment *out)
{
	const struct plan_rule_set *set = &plan->rule_sets[plan->flows[index].rules];
	enum verdict verdict = VERDICT_PASS;

	if (out->verdicts[index] == VERDICT_PASS || set->count == 0)
		return;
	for (uint32_t i = 0; i < set->count; i++) {
		if (!out->rule_notes[set->rules[i]] ||
			rule_verdicts[set->rules[i]] == VERDICT_FAIL)
			return;
		if (rule_verdicts[set->rules[i]] == VERDICT_INCONCLUSIVE)
			verdict = VERDICT_INCONCLUSIVE;
	}
	if (out->verdicts[index] == verdict)
		return;
	out->verdicts[index] = (uint8_t)verdict;
	out->held_by[index] = set->rules[0] + 1;
}

/* What `require` makes of each rule that leaves some of its hosts out. */
static int judge_rules(const struct plan *plan, const struct tally *tallies,
	enum verdict *rule_verdicts, struct assessment *out)
{
	for (uint32_t r = 0; r < out->n_rules; r++) {
		const uint32_t *n = tallies[r].counts;
		uint32_t need = plan->config->rules.rules[r].require;
		uint32_t hosts =
			n[VERDICT_PASS] + n[VERDICT_FAIL] + n[VERDICT_INCONCLUSIVE];
		if (need == 0 || need >= hosts)
			continue;
		rule_verdicts[r] = judge_rule(n[VERDICT_PASS], n[VERDICT_INCONCLUSIVE],
			n[VERDICT_FAIL], need);
		out->rule_notes[r] = require_note(need, hosts);
		if (!out->rule_notes[r])
			return -ENOMEM;
	}
	return 0;
}

static bool any_requires(const struct plan *plan)
{
	for (uint32_t r = 0; r < plan->config->rules.count; r++)
		if (plan->config->rules.rules[r].require)
			return true;
	return false;
}

static int hold_required(const struct plan *plan, struct assessment *out)
{
	struct tally *tallies;
	enum verdict *rule_verdicts;
	int rc = -ENOMEM;

	if (!any_requires(plan))
		return 0;
	assert(out->n_rules > 0);
	tallies = calloc(out->n_rules, sizeof *tallies);
	rule_verdicts = calloc(out->n_rules, sizeof *rule_verdicts);
	if (tallies && rule_verdicts) {
		tally_rules(plan, out, tallies);
		rc = judge_rules(plan, tallies, rule_verdicts, out);
	}
	for (uint32_t i = 0; rc == 0 && i < plan->n_flows; i++)
		hold_flow(plan, i, rule_verdicts, out);
	free(rule_verdicts);
	free(tallies);
	return rc;
}

/* ---- the scan ---------------------------------------------------------------------
 */

static void count_verdicts(
	const struct plan *plan, const struct results *results, struct assessment *out)
{
	uint32_t counts[3] = {0};

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		counts[out->verdicts[i]]++;
		out->errors += results->flows[i].state == STATE_ERROR;
	}
	out->pass = counts[VERDICT_PASS];
	out->fail = counts[VERDICT_FAIL];
	out->inconclusive = counts[VERDICT_INCONCLUSIVE];
}

int assess(
	const struct plan *plan, const struct results *results, struct assessment *out)
{
	size_t n = plan->n_flows ? plan->n_flows : 1;
	int rc;

	*out = (struct assessment){.n_rules = plan->config->rules.count};
	out->verdicts = calloc(n, sizeof *out->verdicts);
	out->own_verdicts = calloc(n, sizeof *out->own_verdicts);
	out->held_by = calloc(n, sizeof *out->held_by);
	out->rule_notes =
		calloc(out->n_rules ? out->n_rules : 1, sizeof *out->rule_notes);
	if (!out->verdicts || !out->own_verdicts || !out->held_by || !out->rule_notes) {
		assessment_fini(out);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < plan->n_hosts; i++)
		judge_host(plan, results, i, out);
	memcpy(out->own_verdicts, out->verdicts, plan->n_flows);
	rc = hold_required(plan, out);
	if (rc < 0) {
		assessment_fini(out);
		return rc;
	}
	count_verdicts(plan, results, out);
	return 0;
}

void assessment_fini(struct assessment *assessment)
{
	for (uint32_t i = 0; assessment->rule_notes && i < assessment->n_rules; i++)
		free(assessment->rule_notes[i]);
	free(assessment->rule_notes);
	free(assessment->verdicts);
	free(assessment->own_verdicts);
	free(assessment->held_by);
	free(assessment->silences);
	free(assessment->phases);
	*assessment = (struct assessment){0};
}

uint32_t assessment_flapping(const struct assessment *assessment, uint32_t n_flows)
{
	uint32_t count = 0;

	for (uint32_t i = 0; assessment->phases && i < n_flows; i++)
		count += assessment->phases[i] == FLAP_STARTED ||
			 assessment->phases[i] == FLAP_ON;
	return count;
}

uint32_t assessment_silenced(const struct assessment *assessment, uint32_t n_flows)
{
	uint32_t count = 0;

	for (uint32_t i = 0; assessment->silences && i < n_flows; i++)
		count += assessment->silences[i] &&
			 assessment->verdicts[i] != VERDICT_PASS;
	return count;
}

const char *assessment_held_by(const struct assessment *assessment, uint32_t flow)
{
	uint32_t rule = assessment->held_by[flow];

	return rule ? assessment->rule_notes[rule - 1] : NULL;
}
