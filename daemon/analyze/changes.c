/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "daemon/analyze/diff.h"
#include "daemon/analyze/due.h"
#include "daemon/analyze/incident.h"
#include "probes/evidence.h"
#include "probes/trace/evidence.h"

/* ---- the set --------------------------------------------------------------------- */

static int add_change(struct change_set *set, const struct change *change)
{
	struct change *items =
		array_grow(set->items, &set->capacity, set->count, sizeof *items);

	if (!items)
		return -ENOMEM;
	set->items = items;
	set->items[set->count++] = *change;
	if (change->kind != CHANGE_ADDED && change->kind != CHANGE_REMOVED)
		set->reachability++;
	return 0;
}

static struct change change_of(const struct snapshot *after, uint32_t index,
	enum change_kind kind, enum probe_state from)
{
	const struct snapshot_flow *now = &after->flows[index];

	return (struct change){
		.flow = index,
		.host = snapshot_host_name(after, now),
		.check = snapshot_check_name(after, now),
		.from = (uint8_t)from,
		.to = now->state,
		.reason = now->reason,
		.kind = (uint8_t)kind,
		.expect = now->expect,
		.evidence = now->evidence,
		.silence = now->silence,
		.flap = now->flap,
	};
}

/* Flows of `before` that `after` has not. */
static int add_removed(struct change_set *set, const struct snapshot *before,
	const uint32_t *places, const struct snapshot *after)
{
	bool *seen = calloc(before->n_flows + 1U, sizeof *seen);
	int rc = seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; seen && i < after->n_flows; i++)
		if (places[i] != SNAPSHOT_NOWHERE)
			seen[places[i]] = true;
	for (uint32_t i = 0; i < before->n_flows && rc == 0; i++) {
		const struct snapshot_flow *then = &before->flows[i];
		struct change change = {
			.flow = SNAPSHOT_NOWHERE,
			.from = then->state,
			.kind = CHANGE_REMOVED,
			.expect = then->expect,
		};
		if (seen[i] || then->absent)
			continue;
		change.host =
			arena_strdup(&set->arena, snapshot_host_name(before, then));
		change.check =
			arena_strdup(&set->arena, snapshot_check_name(before, then));
		rc = change.host && change.check ? add_change(set, &change) : -ENOMEM;
	}
	free(seen);
	return rc;
}

/* ---- incidents ------------------------------------------------------------------- */

static int name_input(struct change_set *set)
{
	const struct snapshot *s = set->after;
	struct incident_host *hosts =
		arena_calloc(&set->arena, s->n_hosts + 1U, sizeof *hosts);
	const char **checks =
		arena_calloc(&set->arena, s->n_checks + 1U, sizeof *checks);

	if (!hosts || !checks)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_hosts; i++)
		hosts[i] = (struct incident_host){
			.name = s->hosts[i].name,
			.address = s->hosts[i].address,
			.groups = s->hosts[i].groups.items,
			.n_groups = s->hosts[i].groups.count,
		};
	for (uint32_t i = 0; i < s->n_checks; i++)
		checks[i] = s->checks[i].name;
	set->input = (struct incident_input){
		.vantage = s->vantage,
		.hosts = hosts,
		.n_hosts = s->n_hosts,
		.checks = checks,
		.n_checks = s->n_checks,
		.groups = s->groups,
		.n_groups = s->n_groups,
		.n_flows = s->n_flows,
	};
	return 0;
}

/* A text that malloc() made, in the arena. */
static const char *keep(struct change_set *set, char *text)
{
	const char *copy = text ? arena_strdup(&set->arena, text) : NULL;

	free(text);
	return copy;
}

/* The ICMP error of a silent neighbour is this machine's own. */
static void fill_cause(struct change_set *set, const struct change *change,
	struct incident_flow *entry)
{
	const struct snapshot_flow *now = &set->after->flows[change->flow];
	const struct probe_ops *ops = set->after->checks[now->check].ops;

	if (!change->evidence)
		return;
	if (change->reason != REASON_NEIGHBOUR_SILENT)
		entry->cause = keep(set, evidence_cause(ops, change->evidence));
	entry->hop = keep(set, trace_evidence_last_hop(change->evidence));
}

/* Every flow as it stayed: what was not measured is no evidence of that. */
static void fill_unchanged(
	const struct snapshot *after, const uint8_t *were, struct incident_flow *flows)
{
	for (uint32_t i = 0; i < after->n_flows; i++) {
		const struct snapshot_flow *now = &after->flows[i];
		bool known = due_is_measured(now);
		flows[i] = (struct incident_flow){
			.host = now->host,
			.check = now->check,
			.from = known ? were[i] : STATE_NONE,
			.to = known ? now->state : STATE_NONE,
			.expect = now->expect,
			.reason = now->reason,
			.phase = now->phase,
		};
	}
}

static int add_incidents(
	struct change_set *set, const struct incident *found, size_t n_found)
{
	size_t n = set->n_incidents;
	struct incident *all = arena_calloc(&set->arena, n + n_found, sizeof *all);

	if (!all)
		return -ENOMEM;
	if (n)
		memcpy(all, set->incidents, n * sizeof *all);
	for (size_t i = 0; i < n_found; i++) {
		all[n + i] = found[i];
		all[n + i].id = (uint32_t)(n + i + 1);
	}
	set->incidents = all;
	set->n_incidents += n_found;
	return 0;
}

int changes_add_vantage(
	struct change_set *set, enum change_kind kind, const char *summary)
{
	struct incident incident = {
		.scope = INCIDENT_VANTAGE,
		.kind = kind,
		.summary = arena_strdup(&set->arena, summary),
	};

	return incident.summary ? add_incidents(set, &incident, 1) : -ENOMEM;
}

/* Folds those that are muted or those that are not; the others say nothing. */
static int fold_some(struct change_set *set, const uint8_t *were, bool muted)
{
	struct incident_flow *flows;
	struct incident *found;
	uint32_t any = 0;
	size_t n_found;
	int rc;

	for (uint32_t i = 0; i < set->count; i++)
		any += set->items[i].muted == muted &&
		       set->items[i].kind != CHANGE_ADDED &&
		       set->items[i].kind != CHANGE_REMOVED;
	if (!any)
		return 0;
	flows = arena_calloc(&set->arena, set->after->n_flows + 1U, sizeof *flows);
	if (!flows)
		return -ENOMEM;
	fill_unchanged(set->after, were, flows);
	for (uint32_t i = 0; i < set->count; i++) {
		const struct change *change = &set->items[i];
		struct incident_flow *entry;
		if (change->kind == CHANGE_ADDED || change->kind == CHANGE_REMOVED)
			continue;
		entry = &flows[change->flow];
		entry->from = change->muted == muted ? change->from : STATE_NONE;
		if (change->muted != muted) {
			entry->to = STATE_NONE;
			continue;
		}
		entry->kind = change->kind;
		entry->to = change->to;
		fill_cause(set, change, entry);
	}
	set->input.flows = flows;
	rc = incident_fold(&set->input, &set->arena, &found, &n_found);
	if (rc < 0)
		return rc;
	return add_incidents(set, found, n_found);
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	/* Those without an incident (added, removed) stand last. */
	uint32_t ix = x->incident - 1, iy = y->incident - 1;

	if (ix != iy)
		return ix < iy ? -1 : 1;
	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static int fold(struct change_set *set, const uint8_t *were)
{
	uint32_t *incident_of;
	int rc;

	if (set->reachability == 0)
		return 0;
	rc = name_input(set);
	if (rc == 0)
		rc = fold_some(set, were, false);
	if (rc == 0)
		rc = fold_some(set, were, true);
	if (rc < 0)
		return rc;
	incident_of = calloc(set->after->n_flows + 1U, sizeof *incident_of);
	if (!incident_of)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_incidents; i++)
		for (uint32_t j = 0; j < set->incidents[i].n_flows; j++)
			incident_of[set->incidents[i].flows[j]] = set->incidents[i].id;
	for (uint32_t i = 0; i < set->count; i++) {
		struct change *change = &set->items[i];
		if (change->kind != CHANGE_ADDED && change->kind != CHANGE_REMOVED)
			change->incident = incident_of[change->flow];
	}
	free(incident_of);
	qsort(set->items, set->count, sizeof *set->items, compare_changes);
	return 0;
}

/* ---- between two scans ----------------------------------------------------------- */

static const struct snapshot_flow *flow_at(
	const struct snapshot *snapshot, uint32_t place)
{
	return place == SNAPSHOT_NOWHERE || snapshot->flows[place].absent
		       ? NULL
		       : &snapshot->flows[place];
}

static enum change_kind kind_since(const struct snapshot *before,
	const struct snapshot_flow *then, const struct snapshot *after,
	const struct snapshot_flow *now)
{
	struct diff_side was = {.present = false}, is = snapshot_side(after, now);

	if (then)
		was = snapshot_side(before, then);
	return diff_flow(&was, &is, (enum rule_expect)now->expect);
}

static void set_init(struct change_set *set, const struct snapshot *after)
{
	*set = (struct change_set){.after = after, .input.vantage = after->vantage};
	arena_init(&set->arena, 0);
}

static uint8_t *states_before(const struct snapshot *before, const uint32_t *places,
	const struct snapshot *after)
{
	uint8_t *states = calloc(after->n_flows + 1U, sizeof *states);

	for (uint32_t i = 0; states && i < after->n_flows; i++) {
		const struct snapshot_flow *then = flow_at(before, places[i]);
		/* What is new could not have changed. */
		states[i] = !then         ? STATE_NONE
			    : then->state ? then->state
					  : after->flows[i].state;
	}
	return states;
}

static int end_set(struct change_set *set, const struct snapshot *before,
	const uint32_t *places, int rc)
{
	uint8_t *states = rc == 0 ? states_before(before, places, set->after) : NULL;

	if (rc == 0)
		rc = states ? add_removed(set, before, places, set->after) : -ENOMEM;
	if (rc == 0)
		rc = fold(set, states);
	free(states);
	if (rc < 0)
		changes_fini(set);
	return rc;
}

int changes_between(const struct snapshot *before, const struct snapshot *after,
	struct change_set *out)
{
	uint32_t *places;
	int rc = snapshot_match(before, after, &places);

	set_init(out, after);
	for (uint32_t i = 0; i < after->n_flows && rc == 0; i++) {
		const struct snapshot_flow *then = flow_at(before, places[i]);
		enum change_kind kind =
			kind_since(before, then, after, &after->flows[i]);
		struct change change = change_of(
			after, i, kind, then ? (enum probe_state)then->state : 0);
		if (kind != CHANGE_NONE)
			rc = add_change(out, &change);
	}
	rc = end_set(out, before, places, rc);
	free(places);
	return rc;
}

/* ---- since people were told ------------------------------------------------------ */

static int add_due(struct change_set *set, const struct snapshot *before,
	const struct snapshot_flow *then, uint32_t index)
{
	const struct snapshot *now = set->after;
	const struct snapshot_flow *flow = &now->flows[index];
	struct due due = {.kind = CHANGE_NONE};
	struct change change;

	if (before->scan && !then)
		due.kind = CHANGE_ADDED;
	if (due.kind == CHANGE_ADDED) {
		change = change_of(now, index, CHANGE_ADDED, STATE_NONE);
		if (add_change(set, &change) < 0)
			return -ENOMEM;
	}
	if (now->degraded)
		return 0;
	due = due_of(before, then, now, flow);
	/* What is muted stays due: it is shown when it comes about. */
	if (then && due_is_muted(flow) && due_is_measured(flow)) {
		due.kind = kind_since(before, then, now, flow);
		due.from = (enum probe_state)then->state;
	}
	if (due.kind == CHANGE_NONE || due.kind == CHANGE_ADDED)
		return 0;
	change = change_of(now, index, due.kind, due.from);
	change.muted = due_is_muted(flow);
	return add_change(set, &change);
}

int changes_due(const struct snapshot *before, const uint32_t *places,
	const struct snapshot *now, struct change_set *out)
{
	int rc = 0;

	set_init(out, now);
	for (uint32_t i = 0; i < now->n_flows && rc == 0; i++)
		rc = add_due(out, before, flow_at(before, places[i]), i);
	return end_set(out, before, places, rc);
}

/* ---- the set, read --------------------------------------------------------------- */

uint32_t changes_silenced(const struct change_set *set)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < set->count; i++)
		count += set->items[i].silence != 0;
	return count;
}

void changes_fini(struct change_set *set)
{
	free(set->items);
	arena_fini(&set->arena);
	*set = (struct change_set){.count = 0};
}
