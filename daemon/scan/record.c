/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "daemon/model/words.h"

struct feeding {
	const struct recording *recording;
	char **rules; /* per rule set of the plan: JSON */
	uint32_t next_flow, next_host;
	char *groups, *addresses; /* of the host handed out last */
};

/* ---- flows ---------------------------------------------------------------- */

static bool is_withheld(const struct recording *r, uint32_t index)
{
	struct diff_side before = previous_side(r->previous, index);
	struct diff_side after = result_side(r->plan, r->results, index);

	return r->assessment->degraded &&
	       diff_flow(&before, &after,
		       (enum rule_expect)r->plan->flows[index].expect) != CHANGE_NONE;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int next_row(void *data, struct store_row *row)
{
	struct feeding *feeding = data;
	const struct recording *r = feeding->recording;
	uint32_t i = feeding->next_flow;
	const struct flow_result *result;
	const struct plan_flow *flow;
	bool withheld, carried;

	if (i == r->plan->n_flows)
		return 0;
	feeding->next_flow++;
	flow = &r->plan->flows[i];
	result = &r->results->flows[i];
	carried = results_is_carried(r->results, i);
	withheld = !carried && is_withheld(r, i);
	*row = (struct store_row){
		.host = r->plan->hosts[flow->host].name,
		.check = r->plan->checks[flow->check].name,
		.state = probe_state_word((enum probe_state)result->state),
		.reason =
			withheld ? "withheld"
				 : probe_reason_word((enum probe_reason)result->reason),
		.phase = probe_phase_word((enum probe_phase)result->phase),
		.identity = or_empty(result->detail ? result->detail->identity : NULL),
		.evidence = or_empty(flow_result_evidence(result)),
		.expect = expectation_word((struct expectation){
			(enum rule_expect)flow->expect, flow->accept_closed}),
		.verdict = verdict_word((enum verdict)r->assessment->verdicts[i]),
		.rules = feeding->rules[flow->rules],
		.measured = result->state != STATE_ERROR &&
			    result->state != STATE_NONE && !withheld,
		.carried = carried,
		.rtt_us = result->rtt_us,
	};
	return 1;
}

/* ---- hosts ---------------------------------------------------------------- */

static char *dump_list(json_t *list)
{
	char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;

	json_decref(list);
	return text;
}

static char *groups_json(const struct plan *plan, const struct plan_host *host)
{
	const struct inventory *inventory = &plan->config->inventory;
	json_t *list = json_array();

	if (list && host->inventory < inventory->n_hosts) {
		const struct inventory_host *from = &inventory->hosts[host->inventory];
		for (uint32_t i = 0; i < from->n_groups; i++)
			json_array_append_new(list,
				json_string(inventory->groups[from->groups[i]].name));
	}
	return dump_list(list);
}

static char *addresses_json(const struct host_addresses *addresses)
{
	char text[NET_ADDRESS_TEXT];
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < addresses->count; i++)
		json_array_append_new(
			list, json_string(net_address_format(
				      &addresses->items[i], text, sizeof text)));
	return dump_list(list);
}

/* Only then it is known which addresses it has. */
static bool was_asked(const struct recording *r, const struct plan_host *host)
{
	for (uint32_t i = host->first_flow; i < host->first_flow + host->n_flows; i++)
		if (!results_is_carried(r->results, i))
			return true;
	return false;
}

static int next_host(void *data, struct store_host *host)
{
	struct feeding *feeding = data;
	const struct recording *r = feeding->recording;
	uint32_t i = feeding->next_host;

	if (i == r->plan->n_hosts)
		return 0;
	feeding->next_host++;
	free(feeding->groups);
	free(feeding->addresses);
	feeding->groups = groups_json(r->plan, &r->plan->hosts[i]);
	feeding->addresses = NULL;
	if (was_asked(r, &r->plan->hosts[i])) {
		feeding->addresses = addresses_json(&r->results->hosts[i]);
		if (!feeding->addresses)
			return -ENOMEM;
	}
	if (!feeding->groups)
		return -ENOMEM;
	*host = (struct store_host){
		.name = r->plan->hosts[i].name,
		.groups = feeding->groups,
		.addresses = feeding->addresses,
	};
	return 1;
}

/* ---- the scan ------------------------------------------------------------- */

static char **rules_json(const struct plan *plan)
{
	char **texts = calloc(plan->n_rule_sets + 1, sizeof *texts);

	for (uint32_t i = 0; texts && i < plan->n_rule_sets; i++) {
		struct plan_flow flow = {.rules = i};
		texts[i] = plan_rules_json(plan, &flow);
		if (!texts[i])
			texts[i] = strdup("[]");
	}
	return texts;
}

static void free_texts(char **texts, uint32_t count)
{
	for (uint32_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
}

/* The rules of flows that were not asked, out of the texts of all. NULL without memory.
 */
static const char **idle_rules(const struct recording *r, char **texts, size_t *count)
{
	const char **idle = calloc(r->plan->n_rule_sets + 1, sizeof *idle);

	for (uint32_t i = 0; idle && i < r->plan->n_flows; i++)
		if (results_is_carried(r->results, i))
			idle[r->plan->flows[i].rules] = texts[r->plan->flows[i].rules];
	*count = 0;
	for (uint32_t i = 0; idle && i < r->plan->n_rule_sets; i++)
		if (idle[i])
			idle[(*count)++] = idle[i];
	return idle;
}

int record_scan(struct store *store, const struct recording *r)
{
	struct feeding feeding = {.recording = r, .rules = rules_json(r->plan)};
	const char **idle = NULL;
	struct store_record record = {
		.scan = r->scan,
		.totals =
			{
				.finished_us = r->finished_us,
				.duration_us = r->duration_us,
				.flows = r->plan->n_flows,
				.pass = r->assessment->pass,
				.fail = r->assessment->fail,
				.inconclusive = r->assessment->inconclusive,
				.changes = r->changes,
				.degraded = r->assessment->degraded,
				.scope = r->plan->scope,
				.carried = results_count_carried(r->results),
			},
		.next = next_row,
		.next_data = &feeding,
		.next_host = next_host,
		.next_host_data = &feeding,
		.outbox = r->outbox,
	};
	int rc;

	snprintf(record.totals.degraded_why, sizeof record.totals.degraded_why, "%s",
		r->assessment->degraded_why ? r->assessment->degraded_why : "");
	if (feeding.rules)
		idle = idle_rules(r, feeding.rules, &record.n_idle);
	record.idle = idle;
	rc = idle ? store_scan_record(store, &record) : -ENOMEM;
	free(idle);
	free_texts(feeding.rules, r->plan->n_rule_sets);
	free(feeding.groups);
	free(feeding.addresses);
	return rc;
}
