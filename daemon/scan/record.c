/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "daemon/query/incidents.h"
#include "daemon/render/incident_json.h"

struct feeding {
	const struct recording *recording;
	struct store_reported reported; /* of the flow handed out last */
	char **rules;                   /* per rule set of the plan: JSON */
	uint32_t next_flow, next_host;
	char *groups, *addresses; /* of the host handed out last */
};

/* ---- flows ---------------------------------------------------------------- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* What people will have been told of a flow, where this scan tells them anything. */
static const struct store_reported *reported_of(struct feeding *feeding, uint32_t index)
{
	const struct recording *r = feeding->recording;
	const struct snapshot_flow *now = &r->now->flows[index];

	if (r->lifecycle->steps[index] != REPORTED_NOW)
		return NULL;
	feeding->reported = (struct store_reported){
		.state = probe_state_word((enum probe_state)now->state),
		.reason = probe_reason_word((enum probe_reason)now->reason),
		.identity = r->now->texts.texts[now->identity],
		.verdict = verdict_word((enum verdict)now->verdict),
		.incident = r->lifecycle->incidents[index],
	};
	return &feeding->reported;
}

static int next_row(void *data, struct store_row *row)
{
	struct feeding *feeding = data;
	const struct recording *r = feeding->recording;
	uint32_t i = feeding->next_flow;
	const struct snapshot_flow *now;
	bool withheld, known;

	if (i == r->now->n_flows)
		return 0;
	feeding->next_flow++;
	now = &r->now->flows[i];
	withheld = now->withheld;
	known = now->state != STATE_ERROR && now->state != STATE_NONE;
	*row = (struct store_row){
		.host = snapshot_host_name(r->now, now),
		.check = snapshot_check_name(r->now, now),
		.state = probe_state_word((enum probe_state)now->state),
		.reason = withheld ? "withheld"
				   : probe_reason_word((enum probe_reason)now->reason),
		.phase = probe_phase_word((enum probe_phase)now->phase),
		.identity = r->now->texts.texts[now->identity],
		.evidence = or_empty(now->evidence),
		.expect = expectation_word((struct expectation){
			(enum rule_expect)now->expect, now->accepts_closed}),
		/* The state that is shown instead is none that this scan judged. */
		.verdict = verdict_word(known && !withheld ? (enum verdict)now->verdict
							   : VERDICT_INCONCLUSIVE),
		.rules = feeding->rules[now->rules],
		.measured = known && !withheld,
		/* An answer to another question is none to this one. */
		.carried = now->carried && now->state != STATE_NONE,
		.rtt_us = r->results->flows[i].rtt_us,
		.reported = reported_of(feeding, i),
		.question = now->question,
		.proved = now->proved,
	};
	return 1;
}

/* ---- incidents ------------------------------------------------------------ */

/* The JSON of what an incident was when it was opened. NULL without memory. */
static char *body_of(const struct report_incident *row)
{
	struct json_filler filler;
	json_t *object;
	char *text;

	incident_json_fill(&filler, row);
	object = json_filler_take(&filler);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

struct lives {
	struct store_incident *opened;
	struct store_incident_update *updates;
	size_t n_opened, n_updates;
};

static int add_opened(void *data, const struct report_incident *row)
{
	struct lives *lives = data;
	bool is_new =
		row->number && (row->status == INCIDENT_OPENED || row->n_refs == 0);

	if (!is_new)
		return 0;
	lives->opened[lives->n_opened] = (struct store_incident){
		.id = row->number,
		.uid = row->uid,
		.kind = change_kind_word(row->incident->kind),
		.summary = row->incident->summary,
		.body = body_of(row),
		.flows = row->incident->n_flows,
		.remaining =
			row->status == INCIDENT_OPENED
				? row->incident->n_flows ? row->incident->n_flows : 1
				: 0,
	};
	return lives->opened[lives->n_opened++].body ? 0 : -ENOMEM;
}

static int fill_lives(const struct recording *r, struct lives *lives)
{
	const struct incidents_life life = {
		.lifecycle = r->lifecycle, .open = r->open, .scan = r->scan};

	lives->opened = calloc(r->changes->n_incidents + 1, sizeof *lives->opened);
	lives->updates = calloc(r->open->count + 1, sizeof *lives->updates);
	if (!lives->opened || !lives->updates)
		return -ENOMEM;
	for (size_t i = 0; i < r->open->count; i++) {
		const struct open_incident *open = &r->open->items[i];
		if (open->left != open->remaining)
			lives->updates[lives->n_updates++] =
				(struct store_incident_update){
					open->number, open->left};
	}
	return incidents_each(r->changes, r->scan, &life, add_opened, lives);
}

static void free_lives(struct lives *lives)
{
	for (size_t i = 0; i < lives->n_opened; i++)
		free((void *)lives->opened[i].body);
	free(lives->opened);
	free(lives->updates);
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

/* Also what is withheld. */
static uint64_t count_unmeasured(const struct recording *r)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < r->now->n_flows; i++)
		count += !r->now->flows[i].carried &&
			 (r->now->flows[i].gap_reason != REASON_NONE ||
				 r->now->flows[i].withheld);
	return count;
}

int record_scan(struct store *store, const struct recording *r)
{
	struct feeding feeding = {.recording = r, .rules = rules_json(r->plan)};
	const char **idle = NULL;
	struct lives lives = {.opened = NULL};
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
				.changes = r->changes->reachability,
				.degraded = r->health->degraded,
				.scope = r->plan->scope,
				.carried = results_count_carried(r->results),
				.unmeasured = count_unmeasured(r),
			},
		.next = next_row,
		.next_data = &feeding,
		.next_host = next_host,
		.next_host_data = &feeding,
		.outbox = r->outbox,
	};
	int rc = feeding.rules ? fill_lives(r, &lives) : -ENOMEM;

	snprintf(record.totals.degraded_why, sizeof record.totals.degraded_why, "%s",
		health_word(r->health->cause));
	if (rc == 0) {
		idle = idle_rules(r, feeding.rules, &record.n_idle);
		rc = idle ? 0 : -ENOMEM;
	}
	record.idle = idle;
	record.opened = lives.opened;
	record.n_opened = lives.n_opened;
	record.updates = lives.updates;
	record.n_updates = lives.n_updates;
	if (rc == 0)
		rc = store_scan_record(store, &record);
	free(idle);
	free_lives(&lives);
	free_texts(feeding.rules, r->plan->n_rule_sets);
	free(feeding.groups);
	free(feeding.addresses);
	return rc;
}
