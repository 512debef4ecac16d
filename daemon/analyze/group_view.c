/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/group_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what became of a flow ------------------------------------------------------- */

/* In what way a flow is not as it should be. */
enum trouble {
	TROUBLE_NONE,
	TROUBLE_PATH,    /* packets do not get through, or not to all ports */
	TROUBLE_SERVICE, /* they do, and nobody answers as hoped */
	TROUBLE_NAME,
	TROUBLE_EXPOSED, /* they do, and should not */
	TROUBLE_SERVER,  /* a name server fails, for all names that it is asked */
};

static enum trouble trouble_of(const struct group_fleet *fleet,
	const struct incident_flow *flow, uint8_t state, uint8_t reason)
{
	if (state == STATE_UNRESOLVED)
		return TROUBLE_NAME;
	if (fleet->asks_names[flow->check])
		return state == STATE_OPEN ? TROUBLE_NONE : TROUBLE_NAME;
	switch (observation_path((enum probe_state)state, (enum probe_reason)reason)) {
	case PATH_BLOCKED:
		return flow->expect == EXPECT_BLOCKED ? TROUBLE_NONE : TROUBLE_PATH;
	case PATH_PARTIAL:
		return flow->expect == EXPECT_BLOCKED ? TROUBLE_EXPOSED : TROUBLE_PATH;
	case PATH_CLEAR:
		if (flow->expect == EXPECT_BLOCKED)
			return TROUBLE_EXPOSED;
		return state == STATE_OPEN ? TROUBLE_NONE : TROUBLE_SERVICE;
	default:
		return TROUBLE_NONE;
	}
}

/* kind, then trouble (of other changes: the states), then the server's reason. */
static uint32_t pack(unsigned kind, unsigned trouble, unsigned detail)
{
	return kind << 16 | trouble << 8 | detail;
}

static unsigned kind_in(uint32_t direction)
{
	return direction >> 16;
}

static unsigned trouble_in(uint32_t direction)
{
	return direction >> 8 & 0xff;
}

/* A name that is wrong or gone is no sign that its server fails. */
static bool blames_name(enum probe_reason reason)
{
	return reason == REASON_NXDOMAIN || reason == REASON_NO_DATA ||
	       reason == REASON_DNS_MISMATCH || reason == REASON_PTR_MISMATCH ||
	       reason == REASON_DNS_DISAGREE;
}

static uint32_t direction_of(
	const struct group_fleet *fleet, const struct incident_flow *flow)
{
	enum trouble trouble;

	switch (flow->kind) {
	case CHANGE_REGRESSION:
	case CHANGE_FAILING:
		trouble = trouble_of(fleet, flow, flow->to, flow->reason);
		if (flow->phase == PHASE_DNS || flow->phase == PHASE_RESOLVE)
			trouble = TROUBLE_NAME;
		if (trouble == TROUBLE_NAME && flow->cause && *flow->cause)
			return pack(flow->kind, TROUBLE_SERVER,
				blames_name((enum probe_reason)flow->reason));
		return pack(flow->kind, trouble, 0);
	case CHANGE_RECOVERY:
		trouble = trouble_of(fleet, flow, flow->from, REASON_NONE);
		return pack(flow->kind, trouble, 0);
	case CHANGE_EXPOSURE:
		return pack(flow->kind, TROUBLE_EXPOSED, 0);
	case CHANGE_OTHER:
		return pack(flow->kind, flow->from, flow->to);
	default:
		return 0;
	}
}

bool group_direction_is_server(uint32_t direction)
{
	return (kind_in(direction) == CHANGE_REGRESSION ||
		       kind_in(direction) == CHANGE_FAILING) &&
	       trouble_in(direction) == TROUBLE_SERVER;
}

static enum group_evidence evidence_of_loss(const struct group_fleet *fleet,
	uint32_t direction, const struct incident_flow *flow)
{
	enum trouble is = trouble_of(fleet, flow, flow->to, flow->reason);
	enum trouble was = trouble_of(fleet, flow, flow->from, REASON_NONE);
	bool clear = observation_path((enum probe_state)flow->to,
			     (enum probe_reason)flow->reason) == PATH_CLEAR;

	if (kind_in(direction) == CHANGE_FAILING)
		was = TROUBLE_NONE; /* what was never seen may have been fine */
	switch (trouble_in(direction)) {
	case TROUBLE_PATH:
		if (!clear)
			return EVIDENCE_NONE;
		return was == TROUBLE_PATH || was == TROUBLE_NAME ? EVIDENCE_STAYED
								  : EVIDENCE_SPARED;
	case TROUBLE_EXPOSED:
		return flow->expect == EXPECT_BLOCKED && is == TROUBLE_NONE
			       ? EVIDENCE_SPARED
			       : EVIDENCE_NONE;
	case TROUBLE_SERVER:
		if (!fleet->asks_names[flow->check])
			return EVIDENCE_NONE;
		/* fallthrough */
	case TROUBLE_NAME:
		return is != TROUBLE_NAME && was != TROUBLE_NAME ? EVIDENCE_SPARED
								 : EVIDENCE_NONE;
	default:
		if (flow->to != STATE_OPEN)
			return EVIDENCE_NONE;
		return was == TROUBLE_NONE ? EVIDENCE_SPARED : EVIDENCE_STAYED;
	}
}

static enum group_evidence evidence_of_recovery(const struct group_fleet *fleet,
	uint32_t direction, const struct incident_flow *flow)
{
	enum trouble was = trouble_of(fleet, flow, flow->from, REASON_NONE);
	bool blocked = flow->expect == EXPECT_BLOCKED;

	if (was == trouble_in(direction))
		return EVIDENCE_COULD;
	if (trouble_in(direction) == TROUBLE_EXPOSED)
		return blocked ? EVIDENCE_STAYED : EVIDENCE_NONE;
	/* It was in another trouble, or in none: never in the one that ends. */
	return blocked ? EVIDENCE_NONE : EVIDENCE_STAYED;
}

/* A name that resolves says nothing of the path to its host. */
static bool is_about(
	const struct group_fleet *fleet, uint32_t direction, uint32_t check)
{
	return !fleet->asks_names[check] || kind_in(direction) == CHANGE_OTHER ||
	       trouble_in(direction) == TROUBLE_NAME ||
	       group_direction_is_server(direction);
}

enum group_evidence group_evidence(
	const struct group_fleet *fleet, uint32_t direction, uint32_t index)
{
	const struct incident_flow *flow = &fleet->input->flows[index];
	bool unchanged = flow->kind == CHANGE_NONE;

	if (flow->to == STATE_NONE || flow->to == STATE_ERROR ||
		flow->from == STATE_ERROR || flow->kind == CHANGE_ADDED ||
		flow->kind == CHANGE_REMOVED ||
		!is_about(fleet, direction, flow->check))
		return EVIDENCE_NONE;
	switch (kind_in(direction)) {
	case CHANGE_REGRESSION:
	case CHANGE_FAILING:
		return evidence_of_loss(fleet, direction, flow);
	case CHANGE_RECOVERY:
		return evidence_of_recovery(fleet, direction, flow);
	case CHANGE_EXPOSURE:
		return unchanged && flow->expect == EXPECT_BLOCKED &&
				       trouble_of(fleet, flow, flow->to,
					       flow->reason) == TROUBLE_NONE
			       ? EVIDENCE_SPARED
			       : EVIDENCE_NONE;
	default: /* other changes: the same state, and it stayed */
		return unchanged && flow->from == trouble_in(direction)
			       ? EVIDENCE_SPARED
			       : EVIDENCE_NONE;
	}
}

/* ---- ranks ----------------------------------------------------------------------- */

struct named {
	const struct net_address *address; /* NULL: not a host */
	const char *name;
	uint32_t index;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = 0;

	if (x->address) {
		order = (x->address->family == 0) - (y->address->family == 0);
		if (order == 0)
			order = net_address_compare(x->address, y->address);
	}
	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int rank_hosts(struct group_fleet *fleet, struct arena *arena)
{
	uint32_t n = fleet->n_hosts;
	struct named *hosts = calloc(n + 1, sizeof *hosts);

	fleet->host_at = arena_calloc(arena, n + 1, sizeof(uint32_t));
	fleet->rank_of = arena_calloc(arena, n + 1, sizeof(uint32_t));
	if (!hosts || !fleet->host_at || !fleet->rank_of) {
		free(hosts);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		hosts[i] = (struct named){&fleet->input->hosts[i].address,
			fleet->input->hosts[i].name, i};
	qsort(hosts, n, sizeof *hosts, compare_named);
	for (uint32_t i = 0; i < n; i++) {
		fleet->host_at[i] = hosts[i].index;
		fleet->rank_of[hosts[i].index] = i;
	}
	free(hosts);
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int list_groups(struct group_fleet *fleet, struct arena *arena)
{
	const struct incident_input *input = fleet->input;
	uint32_t total = fleet->n_hosts, n = input->n_groups;
	struct named *groups = calloc(n + 1, sizeof *groups);
	uint32_t *number = calloc(n + 1, sizeof *number);

	for (uint32_t i = 0; i < fleet->n_hosts; i++)
		total += input->hosts[i].n_groups;
	fleet->n_groups = n + 1;
	fleet->group_name = arena_calloc(arena, n + 1, sizeof(char *));
	fleet->group_size = arena_calloc(arena, n + 1, sizeof(uint32_t));
	fleet->first_group = arena_calloc(arena, fleet->n_hosts + 1, sizeof(uint32_t));
	fleet->group_at = arena_calloc(arena, total + 1, sizeof(uint32_t));
	if (!groups || !number || !fleet->group_name || !fleet->group_size ||
		!fleet->first_group || !fleet->group_at) {
		free(groups);
		free(number);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		groups[i] = (struct named){NULL, input->groups[i], i};
	qsort(groups, n, sizeof *groups, compare_named);
	for (uint32_t i = 0; i < n; i++) {
		fleet->group_name[i + 1] = groups[i].name;
		number[groups[i].index] = i + 1;
	}
	total = 0;
	for (uint32_t i = 0; i < fleet->n_hosts; i++) {
		const struct incident_host *host = &input->hosts[fleet->host_at[i]];
		uint32_t *to = &fleet->group_at[total];

		fleet->first_group[i] = total;
		total += 1 + host->n_groups;
		for (uint32_t j = 0; j < host->n_groups; j++)
			to[j + 1] = number[host->groups[j]];
		qsort(to, host->n_groups + 1, sizeof *to, compare_numbers);
		for (uint32_t j = 0; j <= host->n_groups; j++)
			fleet->group_size[to[j]]++;
	}
	fleet->first_group[fleet->n_hosts] = total;
	free(groups);
	free(number);
	return 0;
}

static int list_flows(struct group_fleet *fleet, struct arena *arena)
{
	const struct incident_input *input = fleet->input;
	uint32_t n = fleet->n_hosts, *first;

	first = fleet->first_flow = arena_calloc(arena, n + 2, sizeof(uint32_t));
	fleet->flow_at = arena_calloc(arena, input->n_flows + 1, sizeof(uint32_t));
	if (!first || !fleet->flow_at)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_flows; i++)
		first[fleet->rank_of[input->flows[i].host] + 2]++;
	for (uint32_t i = 2; i <= n + 1; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 0; i < input->n_flows; i++)
		fleet->flow_at[first[fleet->rank_of[input->flows[i].host] + 1]++] = i;
	return 0;
}

static int find_directions(struct group_fleet *fleet, struct arena *arena)
{
	const struct incident_input *input = fleet->input;

	fleet->asks_names = arena_calloc(arena, input->n_checks + 1, sizeof(bool));
	fleet->direction = arena_calloc(arena, input->n_flows + 1, sizeof(uint32_t));
	if (!fleet->asks_names || !fleet->direction)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_checks; i++) {
		const char *name = input->checks[i];
		fleet->asks_names[i] = strncmp(name, "dns", 3) == 0 &&
				       (name[3] == '\0' || name[3] == '/');
	}
	for (uint32_t i = 0; i < input->n_flows; i++)
		fleet->direction[i] = direction_of(fleet, &input->flows[i]);
	return 0;
}

/* ---- evidence in words ------------------------------------------------------------
 */

struct numbering {
	const char *texts[SET_BITS];
	uint8_t count;
};

static uint8_t number_of(struct numbering *numbering, const char *text)
{
	if (!text || !*text)
		return 0;
	for (uint8_t i = 0; i < numbering->count; i++)
		if (strcmp(numbering->texts[i], text) == 0)
			return (uint8_t)(i + 1);
	if (numbering->count < SET_BITS - 1)
		numbering->texts[numbering->count++] = text;
	return numbering->count;
}

/* Many flows name the same few: in the order of ranks neighbours do. */
static int number_evidence(struct group_fleet *fleet, struct arena *arena)
{
	const struct incident_input *input = fleet->input;
	struct numbering hops = {.count = 0}, senders = {.count = 0};

	fleet->hop = arena_calloc(arena, input->n_flows + 1, 1);
	fleet->sender = arena_calloc(arena, input->n_flows + 1, 1);
	if (!fleet->hop || !fleet->sender)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_flows; i++) {
		uint32_t at = fleet->flow_at[i];
		const struct incident_flow *flow = &input->flows[at];

		if (flow->kind == CHANGE_NONE)
			continue;
		fleet->hop[at] = number_of(&hops, flow->hop);
		fleet->sender[at] = number_of(&senders, flow->cause);
	}
	fleet->has_hops = hops.count > 1 || senders.count > 1;
	return 0;
}

int group_fleet_init(struct group_fleet *fleet, const struct incident_input *input,
	struct arena *arena)
{
	int rc;

	*fleet = (struct group_fleet){.input = input, .n_hosts = input->n_hosts};
	rc = rank_hosts(fleet, arena);
	if (rc == 0)
		rc = list_groups(fleet, arena);
	if (rc == 0)
		rc = list_flows(fleet, arena);
	if (rc == 0)
		rc = find_directions(fleet, arena);
	return rc == 0 ? number_evidence(fleet, arena) : rc;
}

bool group_fleet_in_group(
	const struct group_fleet *fleet, uint32_t rank, uint32_t group)
{
	for (uint32_t i = fleet->first_group[rank]; i < fleet->first_group[rank + 1];
		i++)
		if (fleet->group_at[i] == group)
			return true;
	return false;
}

/* ---- one direction -----------------------------------------------------------------
 */

struct tally {
	uint32_t changed;
	const char *name;
	uint32_t check;
};

static int compare_tallies(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->changed != y->changed)
		return x->changed > y->changed ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Gives bits to the checks: first to those that changed, the commonest first. Returns
 * how many of those there are. */
static int number_checks(struct group_view *view, uint32_t skip)
{
	const struct incident_input *input = view->fleet->input;
	struct tally *tallies = calloc(input->n_checks + 1, sizeof *tallies);
	uint32_t n = 0, bit = 0;

	if (!tallies)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_checks; i++)
		tallies[i] = (struct tally){0, input->checks[i], i};
	for (uint32_t i = 0; i < input->n_flows; i++)
		tallies[input->flows[i].check].changed +=
			view->fleet->direction[i] == view->direction;
	qsort(tallies, input->n_checks, sizeof *tallies, compare_tallies);
	for (uint32_t i = 0; i < input->n_checks; i++) {
		view->bit_of[tallies[i].check] =
			i >= skip && bit < SET_OTHERS ? (uint8_t)bit++ : SET_OTHERS;
		n += i >= skip && bit < SET_BITS && tallies[i].changed &&
		     view->bit_of[tallies[i].check] != SET_OTHERS;
	}
	free(tallies);
	return (int)n;
}

static void add_flow(struct group_view *view, uint32_t index)
{
	const struct group_fleet *fleet = view->fleet;
	const struct incident_flow *flow = &fleet->input->flows[index];
	uint32_t rank = fleet->rank_of[flow->host];
	unsigned bit = view->bit_of[flow->check];

	if (is_about(fleet, view->direction, flow->check))
		set_add(&view->asked[rank], bit);
	if (fleet->direction[index] == view->direction) {
		if (bit == SET_OTHERS)
			return;
		set_add(&view->changed[rank], bit);
		set_add(&view->could[rank], bit);
		view->n_changed++;
		return;
	}
	switch (group_evidence(fleet, view->direction, index)) {
	case EVIDENCE_SPARED:
		set_add(&view->could[rank], bit);
		set_add(&view->stayed[rank], bit);
		return;
	case EVIDENCE_STAYED:
		set_add(&view->stayed[rank], bit);
		return;
	case EVIDENCE_COULD:
		set_add(&view->could[rank], bit);
		return;
	case EVIDENCE_NONE:
		return;
	}
}

int group_view_init(struct group_view *view, const struct group_fleet *fleet,
	uint32_t direction, uint32_t skip, struct arena *arena)
{
	const struct incident_input *input = fleet->input;
	uint32_t n = fleet->n_hosts + 1;
	int checks;

	*view = (struct group_view){.fleet = fleet, .direction = direction};
	view->bit_of = arena_calloc(arena, input->n_checks + 1, 1);
	view->changed = arena_calloc(arena, n, sizeof *view->changed);
	view->stayed = arena_calloc(arena, n, sizeof *view->stayed);
	view->could = arena_calloc(arena, n, sizeof *view->could);
	view->asked = arena_calloc(arena, n, sizeof *view->asked);
	if (!view->bit_of || !view->changed || !view->stayed || !view->could ||
		!view->asked)
		return -ENOMEM;
	checks = number_checks(view, skip);
	if (checks > 0)
		for (uint32_t i = 0; i < input->n_flows; i++)
			add_flow(view, i);
	return checks;
}
