/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/analyze/fold.h"

#define ARROW "\xe2\x86\x92"

/* What the changes of a pick have in common. */
struct common {
	uint32_t check;    /* FOLD_NONE: several */
	uint32_t host;     /* FOLD_NONE: several */
	uint32_t cause;    /* 0: none in common */
	uint32_t from, to; /* states, as bits */
	uint32_t n_hosts, n_checks;
	bool same; /* states stayed, identities changed */
};

static int compare_flows(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t *list_flows(
	const struct fold *fold, const struct fold_pick *pick, struct arena *arena)
{
	uint32_t *flows = arena_calloc(arena, pick->n_changes, sizeof *flows);

	if (!flows)
		return NULL;
	for (uint32_t i = 0; i < pick->n_changes; i++)
		flows[i] = fold->changes[pick->changes[i]].flow;
	qsort(flows, pick->n_changes, sizeof *flows, compare_flows);
	return flows;
}

static bool first_met(uint32_t *mark, uint32_t incident)
{
	bool first = *mark != incident;

	*mark = incident;
	return first;
}

static void find_common(
	struct fold *fold, const struct fold_pick *pick, struct common *out)
{
	struct fold_marks *marks = &fold->marks;

	*out = (struct common){.cause = fold->changes[pick->changes[0]].cause};
	marks->incident++;
	for (uint32_t i = 0; i < pick->n_changes; i++) {
		const struct fold_change *change = &fold->changes[pick->changes[i]];
		const struct incident_flow *flow = &fold->input->flows[change->flow];

		out->n_hosts += first_met(&marks->host[flow->host], marks->incident);
		out->n_checks += first_met(&marks->check[flow->check], marks->incident);
		out->host = flow->host;
		out->check = flow->check;
		out->from |= UINT32_C(1) << flow->from;
		out->to |= UINT32_C(1) << flow->to;
		out->same = flow->from == flow->to;
		if (change->cause != out->cause)
			out->cause = 0;
	}
	if (out->n_hosts > 1)
		out->host = FOLD_NONE;
	if (out->n_checks > 1)
		out->check = FOLD_NONE;
}

/* One check of several that could have been is better told as that one. */
static enum incident_scope narrow(
	enum incident_scope scope, const struct common *common)
{
	if (common->n_checks > 1)
		return scope;
	switch (scope) {
	case INCIDENT_GROUP:
		return INCIDENT_CHECK_GROUP;
	case INCIDENT_SUBNET:
		return INCIDENT_CHECK_SUBNET;
	case INCIDENT_ALL:
		return INCIDENT_CHECK_ALL;
	default:
		return scope;
	}
}

static const char *side_word(uint32_t states)
{
	uint32_t paths = 0;

	if (!(states & (states - 1)))
		return probe_state_word((enum probe_state)__builtin_ctz(states));
	for (unsigned i = 0; i < STATE_COUNT; i++)
		if (states >> i & 1)
			paths |= 1U << probe_state_path((enum probe_state)i);
	if (!(paths & (paths - 1)))
		return probe_path_word((enum probe_path)__builtin_ctz(paths));
	return paths == (1U << PATH_CLEAR | 1U << PATH_PARTIAL) ? "reachable" : "mixed";
}

/* "open -> filtered (10.0.0.1)" */
static const char *transition(
	struct arena *arena, const struct common *common, const char *cause)
{
	const char *from = side_word(common->from), *to = side_word(common->to);
	const char *before = cause ? " (" : "", *after = cause ? ")" : "";

	if (common->same)
		return arena_printf(arena, "%s, with other details%s%s%s", to, before,
			cause ? cause : "", after);
	return arena_printf(arena, "%s " ARROW " %s%s%s%s", from, to, before,
		cause ? cause : "", after);
}

static const char *hosts_word(uint32_t n)
{
	return n == 1 ? "host" : "hosts";
}

/* Several checks of several hosts. */
static char *summarize_flows(const struct fold_pick *pick, struct arena *arena,
	const struct incident *incident, const char *vantage, const char *what)
{
	uint32_t of = pick->n_changes + pick->unexplained;
	const char *name = incident->group ? incident->group : incident->subnet;

	if (incident->scope == INCIDENT_CAUSE)
		return arena_printf(arena, "%s from %s: %u flows %s on %u %s",
			incident->cause, vantage, pick->n_changes, what,
			incident->n_hosts, hosts_word(incident->n_hosts));
	if (!name)
		name = pick->unexplained ? "nearly everything" : "everything";
	return arena_printf(arena, "%s from %s: %u of %u flows %s on %u of %u %s", name,
		vantage, pick->n_changes, of, what, incident->n_hosts,
		incident->of_hosts, hosts_word(incident->of_hosts));
}

static char *summarize(const struct fold *fold, const struct fold_pick *pick,
	struct arena *arena, const struct incident *incident, const char *what)
{
	const char *vantage = fold->input->vantage;
	const char *to = incident->group ? incident->group : incident->subnet;

	switch (incident->scope) {
	case INCIDENT_FLOW:
		return arena_printf(arena, "%s from %s to %s: %s", incident->check,
			vantage, incident->host, what);
	case INCIDENT_HOST:
		return arena_printf(arena, "%s from %s: %u of %u checks %s",
			incident->host, vantage, pick->n_changes,
			pick->n_changes + pick->unexplained, what);
	case INCIDENT_CHECK_GROUP:
	case INCIDENT_CHECK_SUBNET:
	case INCIDENT_CHECK_ALL:
		return arena_printf(arena, "%s from %s%s%s: %s, %u of %u %s",
			incident->check, vantage, to ? " to " : "", to ? to : "", what,
			incident->n_hosts, incident->of_hosts,
			hosts_word(incident->of_hosts));
	default:
		return summarize_flows(pick, arena, incident, vantage, what);
	}
}

static const char *subnet_name(struct arena *arena, const struct fold *fold,
	const struct fold_candidate *candidate)
{
	char text[NET_ADDRESS_TEXT];
	uint32_t host = fold->index.host_at[candidate->begin];
	struct net_address network = net_address_network(
		&fold->input->hosts[host].address, candidate->prefix);

	network.scope = 0;
	return arena_printf(arena, "%s/%u",
		net_address_format(&network, text, sizeof text), candidate->prefix);
}

static int name_scope(const struct fold *fold, const struct fold_pick *pick,
	struct arena *arena, struct incident *out)
{
	switch (out->scope) {
	case INCIDENT_GROUP:
	case INCIDENT_CHECK_GROUP:
		out->group = fold->input->groups[pick->candidate->group];
		return 0;
	case INCIDENT_SUBNET:
	case INCIDENT_CHECK_SUBNET:
		out->subnet = subnet_name(arena, fold, pick->candidate);
		return out->subnet ? 0 : -ENOMEM;
	default:
		return 0;
	}
}

int fold_describe(struct fold *fold, const struct fold_pick *pick, struct arena *arena,
	struct incident *out)
{
	const struct incident_input *input = fold->input;
	const struct incident_flow *first =
		&input->flows[fold->changes[pick->changes[0]].flow];
	struct common common;
	const char *what;

	find_common(fold, pick, &common);
	*out = (struct incident){
		.scope = narrow(pick->scope, &common),
		.kind = (enum change_kind)first->kind,
		.check = common.check == FOLD_NONE ? NULL : input->checks[common.check],
		.host = common.host == FOLD_NONE ? NULL
						 : input->hosts[common.host].name,
		.cause = common.cause ? first->cause : NULL,
		.from = fold_one_state(common.from),
		.to = fold_one_state(common.to),
		.flows = list_flows(fold, pick, arena),
		.n_flows = pick->n_changes,
		.n_hosts = common.n_hosts,
	};
	if (!out->flows || name_scope(fold, pick, arena, out) < 0 ||
		fold_evidence(fold, pick, arena, out) < 0)
		return -ENOMEM;
	what = transition(
		arena, &common, out->scope == INCIDENT_CAUSE ? NULL : out->cause);
	if (what)
		out->summary = summarize(fold, pick, arena, out, what);
	return out->summary ? 0 : -ENOMEM;
}
