/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/status.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/query/flapping.h"
#include "daemon/query/silences.h"

int status_mark(struct store *store, int64_t then_us, const struct flap_limits *limits,
	struct snapshot *snapshot)
{
	struct silence_list silences;
	uint32_t *numbers = NULL;
	uint8_t *phases = NULL;
	struct store_scan last;
	int rc = then_us ? silences_load_past(store, then_us, &silences)
			 : silences_load(store, clock_wall_us(), &silences);

	if (rc == 0)
		rc = mute_flows(silences.items, silences.count, snapshot, &numbers);
	if (rc == 0)
		rc = store_scan_last(store, snapshot->vantage, &last);
	if (rc == 0 && last.id == snapshot->scan)
		rc = flapping_of_stored(store, snapshot, limits, &phases);
	for (uint32_t i = 0; rc == 0 && i < snapshot->n_flows; i++) {
		snapshot->flows[i].silence = numbers ? numbers[i] : 0;
		snapshot->flows[i].flap = phases ? phases[i] : FLAP_NONE;
	}
	silences_fini(&silences);
	free(numbers);
	free(phases);
	return rc;
}

static void count(struct report_summary *summary, const struct report_result *row)
{
	summary->flapping += row->flapping;
	summary->silenced += row->silence && row->verdict != VERDICT_PASS;
	summary->unmeasured += row->unmeasured != NULL;
	summary->flows++;
	summary->pass += row->verdict == VERDICT_PASS;
	summary->fail += row->verdict == VERDICT_FAIL;
	summary->inconclusive += row->verdict == VERDICT_INCONCLUSIVE;
}

/* Room for the most rules that one flow has. */
static const char **rule_names(const struct snapshot *s)
{
	uint32_t most = 1;

	for (uint32_t i = 0; i < s->n_rule_sets; i++)
		if (s->rule_sets[i].count > most)
			most = s->rule_sets[i].count;
	return calloc(most, sizeof(char *));
}

static void fill_row(const struct snapshot *s, uint32_t index, const char **rules,
	struct report_result *row)
{
	const struct snapshot_flow *flow = &s->flows[index];
	const struct snapshot_set *set = &s->rule_sets[flow->rules];
	/* An answer to a question that is not asked any more is none. */
	bool never = flow->state == STATE_NONE || flow->gap_reason == REASON_NOT_DUE;

	for (uint32_t i = 0; i < set->count; i++)
		rules[i] = s->rules[set->items[i]];
	*row = (struct report_result){
		.scan = s->times[index].scan,
		.time_us = s->times[index].time_us,
		.vantage = s->vantage,
		.host = snapshot_host_name(s, flow),
		.check = snapshot_check_name(s, flow),
		.rules = rules,
		.n_rules = set->count,
		/* What was never measured has no state: it is an error, and why is
		 * known. */
		.state = never ? STATE_ERROR : (enum probe_state)flow->state,
		.reason = (enum probe_reason)(
			never && flow->gap_reason ? flow->gap_reason : flow->reason),
		.phase = (enum probe_phase)flow->phase,
		.expect = (enum rule_expect)flow->expect,
		.verdict = never ? VERDICT_INCONCLUSIVE : (enum verdict)flow->verdict,
		.evidence = flow->evidence,
		.since_us = s->times[index].since_us,
		.silence = flow->silence,
		.flapping = flow->flap == FLAP_ON,
		.unmeasured =
			flow->gap_reason != REASON_NONE
				? probe_reason_word((enum probe_reason)flow->gap_reason)
				: NULL,
	};
}

int status_rows(const struct snapshot *snapshot, struct report_summary *summary,
	int (*each)(void *data, const struct report_result *row), void *data)
{
	const char **rules = rule_names(snapshot);
	int rc = rules ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < snapshot->n_flows && rc == 0; i++) {
		struct report_result row;
		fill_row(snapshot, i, rules, &row);
		count(summary, &row);
		rc = each(data, &row);
	}
	free(rules);
	return rc;
}
