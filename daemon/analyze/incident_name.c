/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/incident_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define ARROW "\xe2\x86\x92"

enum {
	MAX_CHECKS = 4 /* that a summary names */
};

/* ---- who they are -------------------------------------------------------------------
 */

enum form {
	FORM_HOST,
	FORM_ALL,
	FORM_GROUP,
	FORM_SUBNET,
	FORM_RANGE,
	FORM_GROUPS,
	FORM_LIST
};

/* The shortest name that is true. */
struct name {
	enum form form;
	uint32_t group[INCIDENT_MAX_NAMED], n_groups; /* 0 as a group: all */
	uint32_t first, last; /* ranks, of a range or a subnet */
	unsigned prefix;
	uint32_t but[INCIDENT_MAX_NAMED], n_but; /* ranks */
	uint32_t also[INCIDENT_MAX_NAMED], n_also;
	uint32_t of; /* hosts in it that could have changed */
};

static const struct net_address *address_of(
	const struct incident_namer *namer, uint32_t rank)
{
	const struct group_fleet *fleet = namer->view->fleet;

	return &fleet->input->hosts[fleet->host_at[rank]].address;
}

static void find_domain(struct incident_namer *namer, struct check_set checks)
{
	const struct group_fleet *fleet = namer->view->fleet;

	memset(namer->size, 0, fleet->n_groups * sizeof *namer->size);
	memset(namer->count, 0, fleet->n_groups * sizeof *namer->count);
	namer->n_domain = 0;
	for (uint32_t h = 0; h < fleet->n_hosts; h++) {
		if (!namer->is_in[h] && !set_meets(namer->view->could[h], checks))
			continue;
		namer->domain[namer->n_domain++] = h;
		for (uint32_t i = fleet->first_group[h]; i < fleet->first_group[h + 1];
			i++) {
			namer->size[fleet->group_at[i]]++;
			namer->count[fleet->group_at[i]] += namer->is_in[h];
		}
	}
}

/* The group with all of the hosts and with the fewest that it could have hit besides,
 * then with the fewest members; only those with at most `others` besides. UINT32_MAX:
 * there is none. Group 0, all hosts, is the last choice. */
static uint32_t find_group(const struct incident_namer *namer, uint32_t others)
{
	const struct group_fleet *fleet = namer->view->fleet;
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 1; i <= fleet->n_groups; i++) {
		uint32_t g = i % fleet->n_groups;
		if (namer->count[g] != namer->n_hosts ||
			namer->size[g] - namer->n_hosts > others)
			continue;
		if (best == UINT32_MAX || namer->size[g] < namer->size[best] ||
			(g && namer->size[g] == namer->size[best] &&
				fleet->group_size[g] < fleet->group_size[best]))
			best = g;
	}
	return best;
}

static void name_group(
	const struct incident_namer *namer, uint32_t group, struct name *name)
{
	name->form = group ? FORM_GROUP : FORM_ALL;
	name->group[0] = group;
	name->of = namer->size[group];
}

/* Those of the group that stayed are few enough to be named. */
static bool name_group_but(const struct incident_namer *namer, struct name *name)
{
	const struct group_fleet *fleet = namer->view->fleet;
	uint32_t group = find_group(namer, INCIDENT_MAX_NAMED);

	if (group == UINT32_MAX ||
		namer->size[group] <= 3 * (namer->size[group] - namer->n_hosts))
		return false;
	name_group(namer, group, name);
	for (uint32_t i = 0; i < namer->n_domain; i++)
		if (!namer->is_in[namer->domain[i]] &&
			group_fleet_in_group(fleet, namer->domain[i], group))
			name->but[name->n_but++] = namer->domain[i];
	return true;
}

static bool in_network(const struct net_address *address,
	const struct net_address *network, unsigned prefix)
{
	struct net_address at = net_address_network(address, prefix);

	return address->family == network->family &&
	       memcmp(at.bytes, network->bytes, sizeof at.bytes) == 0;
}

/* Is nobody in that network but those from domain[begin] to domain[end - 1]? */
static bool is_network(const struct incident_namer *namer, uint32_t begin, uint32_t end,
	unsigned prefix)
{
	const struct net_address *first = address_of(namer, namer->domain[begin]);
	const struct net_address *last = address_of(namer, namer->domain[end - 1]);
	struct net_address network = net_address_network(first, prefix);

	if (!in_network(last, &network, prefix))
		return false;
	if (begin && in_network(address_of(namer, namer->domain[begin - 1]), &network,
			     prefix))
		return false;
	return end == namer->n_domain ||
	       !in_network(address_of(namer, namer->domain[end]), &network, prefix);
}

/* The network of a run of neighbours: the usual length where that is true, else the
 * longest prefix; 0: a range. */
static unsigned network_of(
	const struct incident_namer *namer, uint32_t begin, uint32_t end)
{
	const struct net_address *first = address_of(namer, namer->domain[begin]);
	const struct net_address *last = address_of(namer, namer->domain[end - 1]);
	unsigned usual = first->family == 4 ? 24 : 64, bits = 0;
	unsigned shortest = first->family == 4 ? 8 : 16;

	while (bits < (first->family == 4 ? 32U : 128U) &&
		!((first->bytes[bits / 8] ^ last->bytes[bits / 8]) &
			(0x80 >> bits % 8)))
		bits++;
	if (bits > usual && is_network(namer, begin, end, usual))
		return usual;
	return bits >= shortest && is_network(namer, begin, end, bits) ? bits : 0;
}

/* The longest run of neighbours, and beside it no more hosts than can be named. */
static bool name_run(
	const struct incident_namer *namer, struct name *name, bool network)
{
	uint32_t begin = 0, end = 0, n = 0;
	unsigned prefix;

	for (uint32_t i = 0, from = 0; i < namer->n_domain; i++) {
		const struct net_address *at = address_of(namer, namer->domain[i]);
		if (!namer->is_in[namer->domain[i]] || at->family == 0)
			from = i + 1;
		else if (at->family != address_of(namer, namer->domain[from])->family)
			from = i;
		if (i + 1 - from > end - begin) {
			begin = from;
			end = i + 1;
		}
	}
	n = namer->n_hosts - (end - begin);
	if (n > (network ? 0 : INCIDENT_MAX_NAMED) || end - begin <= 3 * n)
		return false;
	/* Equal addresses on both sides of its ends: the range would be wider. */
	if ((begin && net_address_compare(address_of(namer, namer->domain[begin - 1]),
			      address_of(namer, namer->domain[begin])) == 0) ||
		(end < namer->n_domain &&
			net_address_compare(address_of(namer, namer->domain[end]),
				address_of(namer, namer->domain[end - 1])) == 0))
		return false;
	prefix = network_of(namer, begin, end);
	if (network && !prefix)
		return false;
	name->form = prefix ? FORM_SUBNET : FORM_RANGE;
	name->prefix = prefix;
	name->first = namer->domain[begin];
	name->last = namer->domain[end - 1];
	name->of = namer->n_hosts;
	for (uint32_t i = 0; i < namer->n_domain && n; i++)
		if ((i < begin || i >= end) && namer->is_in[namer->domain[i]])
			name->also[name->n_also++] = namer->domain[i];
	return true;
}

static bool in_groups(
	const struct incident_namer *namer, const struct name *name, uint32_t rank)
{
	for (uint32_t i = 0; i < name->n_groups; i++)
		if (group_fleet_in_group(namer->view->fleet, rank, name->group[i]))
			return true;
	return false;
}

/* Up to three whole groups, and beside them no more hosts than can be named. */
static bool name_groups(const struct incident_namer *namer, struct name *name)
{
	const struct group_fleet *fleet = namer->view->fleet;
	uint32_t left = namer->n_hosts;

	for (;;) {
		uint32_t best = 0, most = 1;
		for (uint32_t g = 1; g < fleet->n_groups; g++) {
			uint32_t n = 0;
			if (namer->count[g] != namer->size[g] || namer->size[g] <= most)
				continue;
			for (uint32_t i = 0; i < namer->n_hosts; i++)
				n += group_fleet_in_group(fleet, namer->hosts[i], g) &&
				     !in_groups(namer, name, namer->hosts[i]);
			if (n > most) {
				most = n;
				best = g;
			}
		}
		if (!best || name->n_groups == INCIDENT_MAX_NAMED)
			break;
		name->group[name->n_groups++] = best;
		left -= most;
	}
	if (left > INCIDENT_MAX_NAMED || namer->n_hosts <= 3 * left) {
		name->n_groups = 0;
		return false;
	}
	for (uint32_t i = 0; i < namer->n_hosts; i++)
		if (!in_groups(namer, name, namer->hosts[i]))
			name->also[name->n_also++] = namer->hosts[i];
	name->form = name->n_groups == 1 ? FORM_GROUP : FORM_GROUPS;
	name->of = namer->n_hosts;
	return true;
}

static void find_name(struct incident_namer *namer, struct name *name)
{
	uint32_t group;

	*name = (struct name){.form = FORM_HOST, .of = 1};
	if (namer->n_hosts == 1)
		return;
	group = find_group(namer, 0);
	if (group != UINT32_MAX) {
		name_group(namer, group, name);
		return;
	}
	if (namer->n_hosts > INCIDENT_MAX_NAMED &&
		(name_run(namer, name, true) || name_group_but(namer, name) ||
			name_groups(namer, name) || name_run(namer, name, false)))
		return;
	group = find_group(namer, UINT32_MAX);
	if (group && group != UINT32_MAX && namer->n_hosts > INCIDENT_MAX_NAMED) {
		name_group(namer, group, name);
		return;
	}
	name->form = FORM_LIST;
	name->of = namer->n_hosts;
}

/* ---- the name in words
 * ------------------------------------------------------------------ */

static const char *host_name(const struct incident_namer *namer, uint32_t rank)
{
	const struct group_fleet *fleet = namer->view->fleet;

	return fleet->input->hosts[fleet->host_at[rank]].name;
}

static void add_item(struct strbuf *out, const char *text, uint32_t i, uint32_t n)
{
	strbuf_addf(out, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", text);
}

static void add_hosts(struct strbuf *out, const struct incident_namer *namer,
	const uint32_t *ranks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		add_item(out, host_name(namer, ranks[i]), i, n);
}

static const char *range_text(struct arena *arena, const struct incident_namer *namer,
	const struct name *name)
{
	char first[NET_ADDRESS_TEXT], last[NET_ADDRESS_TEXT];
	struct net_address at = *address_of(namer, name->first);

	if (name->form == FORM_SUBNET) {
		at = net_address_network(&at, name->prefix);
		at.scope = 0;
		return arena_printf(arena, "%s/%u",
			net_address_format(&at, first, sizeof first), name->prefix);
	}
	return arena_printf(arena, "%s-%s",
		net_address_format(&at, first, sizeof first),
		net_address_format(address_of(namer, name->last), last, sizeof last));
}

/* Fills what the name is made of, and the name. */
static int tell_name(const struct incident_namer *namer, const struct name *name,
	struct arena *arena, struct incident *out)
{
	const struct group_fleet *fleet = namer->view->fleet;
	const char **groups;
	struct strbuf text;

	strbuf_init(&text);
	out->n_but = name->n_but;
	for (uint32_t i = 0; i < name->n_but; i++)
		out->but[i] = fleet->host_at[name->but[i]];
	out->n_also = name->n_also;
	for (uint32_t i = 0; i < name->n_also; i++)
		out->also[i] = fleet->host_at[name->also[i]];
	switch (name->form) {
	case FORM_HOST:
		break;
	case FORM_ALL:
		strbuf_adds(&text, name->n_but ? "all hosts" : "");
		break;
	case FORM_GROUP:
		out->group = fleet->group_name[name->group[0]];
		strbuf_adds(&text, out->group);
		break;
	case FORM_SUBNET:
		out->subnet = range_text(arena, namer, name);
		strbuf_adds(&text, out->subnet ? out->subnet : "");
		break;
	case FORM_RANGE:
		out->range = range_text(arena, namer, name);
		strbuf_adds(&text, out->range ? out->range : "");
		break;
	case FORM_GROUPS:
		groups = arena_calloc(arena, name->n_groups, sizeof *groups);
		out->groups = groups;
		out->n_groups = groups ? name->n_groups : 0;
		for (uint32_t i = 0; i < out->n_groups; i++) {
			groups[i] = fleet->group_name[name->group[i]];
			add_item(&text, groups[i], i,
				out->n_groups + (name->n_also > 0));
		}
		break;
	case FORM_LIST:
		if (namer->n_hosts <= INCIDENT_MAX_NAMED)
			add_hosts(&text, namer, namer->hosts, namer->n_hosts);
		else
			strbuf_addf(&text, "%u hosts that share nothing else",
				namer->n_hosts);
		break;
	}
	if (name->n_but || name->n_also)
		strbuf_adds(&text, name->n_but ? " but " : " and ");
	add_hosts(&text, namer, name->but, name->n_but);
	add_hosts(&text, namer, name->also, name->n_also);
	if (text.length && !text.failed)
		out->name = arena_strndup(arena, text.text, text.length);
	strbuf_fini(&text);
	if (name->form == FORM_HOST || (name->form == FORM_ALL && !name->n_but))
		return 0;
	return out->name ? 0 : -ENOMEM;
}

/* ---- what the changes have in common
 * -------------------------------------------------------- */

struct common {
	struct check_set checks;
	uint32_t n_checks;
	uint32_t from, to; /* states, as bits */
	bool same_state;   /* the states stayed, details changed */
	bool same_cause;
};

static uint8_t one_state(uint32_t states)
{
	return states & (states - 1) ? STATE_NONE : (uint8_t)__builtin_ctz(states);
}

static void find_common(
	struct incident_namer *namer, const struct group *group, struct common *out)
{
	const struct group_fleet *fleet = namer->view->fleet;
	const struct incident_flow *flows = fleet->input->flows;
	const char *cause = flows[group->flows[0]].cause;
	uint32_t last = UINT32_MAX;

	*out = (struct common){.same_state = true, .same_cause = cause && *cause};
	namer->n_hosts = 0;
	for (uint32_t i = 0; i < group->n_flows; i++) {
		const struct incident_flow *flow = &flows[group->flows[i]];
		uint32_t rank = fleet->rank_of[flow->host];

		set_add(&out->checks, namer->view->bit_of[flow->check]);
		out->from |= UINT32_C(1) << flow->from;
		out->to |= UINT32_C(1) << flow->to;
		out->same_state = out->same_state && flow->from == flow->to;
		out->same_cause = out->same_cause && flow->cause &&
				  strcmp(flow->cause, cause) == 0;
		if (rank != last)
			namer->hosts[namer->n_hosts++] = rank;
		namer->is_in[rank] = 1;
		last = rank;
	}
	out->n_checks = set_count(out->checks);
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
static void add_transition(
	struct strbuf *out, const struct common *common, const char *cause)
{
	uint32_t never = UINT32_C(1) << STATE_NONE;

	if (common->same_state)
		strbuf_addf(out, "%s, with other details", side_word(common->to));
	else if (common->from & never) /* it fails from its first scan on */
		strbuf_adds(out, side_word(common->to));
	else
		strbuf_addf(out, "%s " ARROW " %s", side_word(common->from),
			side_word(common->to));
	if (cause)
		strbuf_addf(out, " (%s)", cause);
}

/* ---- counter-evidence
 * ------------------------------------------------------------------------ */

static bool in_scope(
	const struct incident_namer *namer, const struct name *name, uint32_t rank)
{
	if (namer->is_in[rank])
		return true;
	return name->of > namer->n_hosts &&
	       group_fleet_in_group(namer->view->fleet, rank, name->group[0]);
}

/* Flows of the scope that could have changed the same way, and stayed; of one host all
 * of its checks are the scope. */
static int find_unchanged(const struct incident_namer *namer, const struct name *name,
	struct check_set checks, struct arena *arena, struct incident *out)
{
	const struct group_fleet *fleet = namer->view->fleet;
	uint32_t *kept = arena_calloc(arena, INCIDENT_MAX_UNCHANGED, sizeof *kept);
	bool one_host = out->scope == INCIDENT_HOST;

	if (!kept)
		return -ENOMEM;
	out->unchanged = kept;
	if (name->of == namer->n_hosts && !one_host)
		return 0;
	for (uint32_t i = 0; i < namer->n_domain; i++) {
		uint32_t h = namer->domain[i];
		if (namer->is_in[h] ? !one_host : !in_scope(namer, name, h))
			continue;
		for (uint32_t j = fleet->first_flow[h]; j < fleet->first_flow[h + 1];
			j++) {
			uint32_t flow = fleet->flow_at[j];
			unsigned bit =
				namer->view->bit_of[fleet->input->flows[flow].check];
			if ((!one_host && !set_has(checks, bit)) ||
				fleet->direction[flow] == namer->view->direction ||
				group_evidence(fleet, namer->view->direction, flow) !=
					EVIDENCE_SPARED)
				continue;
			if (out->n_unchanged < INCIDENT_MAX_UNCHANGED)
				kept[out->n_unchanged] = flow;
			out->n_unchanged++;
		}
	}
	return 0;
}

/* The check that stayed on most of the same hosts; of equals the first of the input. */
static void find_contrast(const struct incident_namer *namer, struct incident *out)
{
	const struct group_fleet *fleet = namer->view->fleet;
	const struct incident_input *input = fleet->input;
	uint32_t best = UINT32_MAX;

	memset(namer->stayed, 0, input->n_checks * sizeof *namer->stayed);
	memset(namer->states, 0, input->n_checks * sizeof *namer->states);
	for (uint32_t i = 0; i < namer->n_hosts; i++)
		for (uint32_t j = fleet->first_flow[namer->hosts[i]];
			j < fleet->first_flow[namer->hosts[i] + 1]; j++) {
			const struct incident_flow *flow =
				&input->flows[fleet->flow_at[j]];
			if (flow->kind != CHANGE_NONE ||
				fleet->asks_names[flow->check] ||
				group_evidence(fleet, namer->view->direction,
					fleet->flow_at[j]) != EVIDENCE_SPARED)
				continue;
			namer->stayed[flow->check]++;
			namer->states[flow->check] |= UINT32_C(1) << flow->to;
		}
	for (uint32_t i = 0; i < input->n_checks; i++)
		if (namer->stayed[i] &&
			(best == UINT32_MAX || namer->stayed[i] > namer->stayed[best]))
			best = i;
	if (best == UINT32_MAX)
		return;
	out->contrast_check = input->checks[best];
	out->contrast_hosts = namer->stayed[best];
	out->contrast_state = one_state(namer->states[best]);
}

/* ---- the incident
 * ------------------------------------------------------------------------------ */

static enum incident_scope scope_of(const struct incident_namer *namer,
	const struct name *name, const struct common *common)
{
	bool one = common->n_checks == 1;
	bool whole = (name->form == FORM_GROUP || name->form == FORM_ALL) &&
		     name->of == namer->n_hosts && !name->n_also && one;

	if (name->form == FORM_HOST)
		return one ? INCIDENT_FLOW : INCIDENT_HOST;
	if (group_direction_is_server(namer->view->direction) && !whole)
		return INCIDENT_CAUSE;
	switch (name->form) {
	case FORM_ALL:
		return one ? INCIDENT_CHECK_ALL : INCIDENT_ALL;
	case FORM_GROUP:
		return one ? INCIDENT_CHECK_GROUP : INCIDENT_GROUP;
	case FORM_SUBNET:
		return one ? INCIDENT_CHECK_SUBNET : INCIDENT_SUBNET;
	case FORM_RANGE:
		return one ? INCIDENT_CHECK_RANGE : INCIDENT_RANGE;
	case FORM_GROUPS:
		return one ? INCIDENT_CHECK_GROUPS : INCIDENT_GROUPS;
	default:
		return one ? INCIDENT_CHECK_HOSTS : INCIDENT_HOSTS;
	}
}

/* "rpc/licensing, tcp/135 and 3 more", in the order of the input. */
static void add_checks(struct strbuf *out, const struct incident_namer *namer,
	const struct common *common)
{
	const struct incident_input *input = namer->view->fleet->input;
	uint32_t n = common->n_checks, named = 0;
	uint32_t limit = n > MAX_CHECKS ? MAX_CHECKS - 1 : n;

	for (uint32_t i = 0; i < input->n_checks && named < limit; i++)
		if (set_has(common->checks, namer->view->bit_of[i])) {
			add_item(out, input->checks[i], named, n > limit ? 0 : n);
			named++;
		}
	if (n > limit)
		strbuf_addf(out, " and %u more checks", n - limit);
}

static const char *hosts_word(uint32_t n)
{
	return n == 1 ? "host" : "hosts";
}

static void summarize(const struct incident_namer *namer, const struct common *common,
	const struct incident *what, struct strbuf *out)
{
	const char *vantage = namer->view->fleet->input->vantage;
	uint32_t of_flows = what->n_flows + what->n_unchanged;

	switch (what->scope) {
	case INCIDENT_FLOW:
		strbuf_addf(
			out, "%s from %s to %s: ", what->check, vantage, what->host);
		add_transition(out, common, what->cause);
		return;
	case INCIDENT_HOST:
		/* What stayed tells more than how many did: then the checks have names.
		 */
		if (what->n_unchanged && common->n_checks <= MAX_CHECKS) {
			add_checks(out, namer, common);
			strbuf_addf(out, " from %s to %s: ", vantage, what->host);
			add_transition(out, common, what->cause);
			strbuf_addf(out, ", %u of %u checks", what->n_flows, of_flows);
			return;
		}
		strbuf_addf(out, "%s from %s: %u of %u checks ", what->host, vantage,
			what->n_flows, of_flows);
		add_transition(out, common, what->cause);
		return;
	case INCIDENT_CAUSE:
		strbuf_addf(out, "%s from %s: %u flows ", what->cause, vantage,
			what->n_flows);
		add_transition(out, common, NULL);
		strbuf_addf(out, " on %u %s", what->n_hosts, hosts_word(what->n_hosts));
		return;
	default:
		break;
	}
	if (what->all_checks) {
		strbuf_addf(out, "%s from %s: %u of %u flows ",
			what->name ? what->name : "everything", vantage, what->n_flows,
			of_flows);
		add_transition(out, common, what->cause);
		strbuf_addf(out, " on %u of %u %s", what->n_hosts, what->of_hosts,
			hosts_word(what->of_hosts));
		return;
	}
	add_checks(out, namer, common);
	strbuf_addf(out, " from %s%s%s: ", vantage, what->name ? " to " : "",
		what->name ? what->name : "");
	add_transition(out, common, what->cause);
	strbuf_addf(out, ", %u of %u %s", what->n_hosts, what->of_hosts,
		hosts_word(what->of_hosts));
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool asks_nothing_else(
	const struct incident_namer *namer, struct check_set checks)
{
	for (uint32_t i = 0; i < namer->n_hosts; i++)
		if (!set_within(namer->view->asked[namer->hosts[i]], checks))
			return false;
	return true;
}

static int fill(struct incident_namer *namer, const struct group *group,
	struct arena *arena, struct incident *out)
{
	const struct incident_input *input = namer->view->fleet->input;
	const struct incident_flow *first = &input->flows[group->flows[0]];
	struct common common;
	struct strbuf text;
	struct name name;

	find_common(namer, group, &common);
	find_domain(namer, common.checks);
	find_name(namer, &name);
	*out = (struct incident){
		.scope = scope_of(namer, &name, &common),
		.kind = (enum change_kind)first->kind,
		.check = common.n_checks == 1 ? input->checks[first->check] : NULL,
		.host = namer->n_hosts == 1 ? input->hosts[first->host].name : NULL,
		.cause = common.same_cause ? first->cause : NULL,
		.from = one_state(common.from),
		.to = one_state(common.to),
		.flows = group->flows,
		.n_flows = group->n_flows,
		.n_hosts = namer->n_hosts,
		.of_hosts = name.of,
		.all_checks =
			common.n_checks > 1 && asks_nothing_else(namer, common.checks),
	};
	if (tell_name(namer, &name, arena, out) < 0 ||
		find_unchanged(namer, &name, common.checks, arena, out) < 0)
		return -ENOMEM;
	find_contrast(namer, out);
	strbuf_init(&text);
	summarize(namer, &common, out, &text);
	if (!text.failed)
		out->summary = arena_strndup(arena, text.text, text.length);
	strbuf_fini(&text);
	qsort(group->flows, group->n_flows, sizeof *group->flows, compare_numbers);
	return out->summary ? 0 : -ENOMEM;
}

int incident_name(struct incident_namer *namer, const struct group_view *view,
	const struct group *group, struct arena *arena, struct incident *out)
{
	int rc;

	namer->view = view;
	rc = fill(namer, group, arena, out);
	for (uint32_t i = 0; i < namer->n_hosts; i++)
		namer->is_in[namer->hosts[i]] = 0;
	return rc;
}

int incident_namer_init(struct incident_namer *namer, const struct group_fleet *fleet,
	struct arena *arena)
{
	uint32_t n_checks = fleet->input->n_checks + 1, n_hosts = fleet->n_hosts + 1;

	*namer = (struct incident_namer){
		.size = arena_calloc(arena, fleet->n_groups, sizeof(uint32_t)),
		.count = arena_calloc(arena, fleet->n_groups, sizeof(uint32_t)),
		.is_in = arena_calloc(arena, n_hosts, 1),
		.domain = arena_calloc(arena, n_hosts, sizeof(uint32_t)),
		.hosts = arena_calloc(arena, n_hosts, sizeof(uint32_t)),
		.stayed = arena_calloc(arena, n_checks, sizeof(uint32_t)),
		.states = arena_calloc(arena, n_checks, sizeof(uint32_t)),
	};
	return namer->size && namer->count && namer->is_in && namer->domain &&
			       namer->hosts && namer->stayed && namer->states
		       ? 0
		       : -ENOMEM;
}
