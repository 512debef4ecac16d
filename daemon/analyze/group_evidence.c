/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/group_evidence.h"

#include <stdlib.h>
#include <string.h>

/* ---- of a rectangle ------------------------------------------------------ */

void group_evidence_find(struct folder *f, struct rect *rect, struct check_set checks)
{
	uint32_t n = f->fleet->has_hops ? group_rect_flows(f, rect, checks) : 0;

	rect->hops = rect->senders = (struct check_set){{0}};
	for (uint32_t i = 0; i < n; i++) {
		if (f->fleet->hop[f->cells[i]])
			set_add(&rect->hops, f->fleet->hop[f->cells[i]]);
		if (f->fleet->sender[f->cells[i]])
			set_add(&rect->senders, f->fleet->sender[f->cells[i]]);
	}
}

static bool sets_differ(struct check_set a, struct check_set b)
{
	return !set_is_empty(a) && !set_is_empty(b) && !set_meets(a, b);
}

bool group_evidence_differs(const struct rect *a, const struct rect *b)
{
	return sets_differ(a->hops, b->hops) || sets_differ(a->senders, b->senders);
}

/* ---- what it separates --------------------------------------------------- */

/* Hosts, checks and bits from the flows that it owns. */
static void shape(
	struct folder *f, struct rect *rect, const uint32_t *cells, uint32_t n)
{
	rect->hosts.n = 0;
	rect->checks = (struct check_set){{0}};
	for (uint32_t i = 0; i < n; i++) {
		const struct incident_flow *flow = &f->fleet->input->flows[cells[i]];
		uint32_t h = f->fleet->rank_of[flow->host];
		set_add(&rect->checks, f->view->bit_of[flow->check]);
		if (!rect->hosts.n || rect->hosts.at[rect->hosts.n - 1] != h)
			group_hosts_push(f, &rect->hosts, h);
	}
	rect->bits = n ? group_rect_bits(f, &rect->hosts, rect->checks) : 0;
}

/* The value of those that have one, if it is the same; SET_BITS: there are several. */
static void note_value(uint16_t *value, uint8_t is)
{
	if (is)
		*value = *value == 0 || *value == is ? is : SET_BITS;
}

static unsigned shared_groups(const struct group_fleet *fleet, uint32_t a, uint32_t b)
{
	unsigned n = 0;

	for (uint32_t i = fleet->first_group[a]; i < fleet->first_group[a + 1]; i++)
		n += group_fleet_in_group(fleet, b, fleet->group_at[i]);
	return n;
}

/* Is the host below the better neighbour? Either may be none. */
static bool is_closer(
	const struct group_fleet *fleet, uint32_t host, uint32_t below, uint32_t above)
{
	unsigned on_below, on_above;

	if (below == UINT32_MAX || above == fleet->n_hosts)
		return above == fleet->n_hosts;
	on_below = shared_groups(fleet, host, below);
	on_above = shared_groups(fleet, host, above);
	return on_below != on_above ? on_below > on_above : host - below < above - host;
}

/* Parts f->cells by the hops or the senders seen: those that go with the host, else
 * those that go with the check. False: they separate nothing; hops that are mixed
 * within a host and a check are several ways to one place. */
static bool part_by_value(struct folder *f, uint32_t n, const uint8_t *value_of)
{
	const struct group_fleet *fleet = f->fleet;
	uint16_t *of_host, of_check[SET_BITS] = {0}, all = 0;
	bool by_host = true, by_check = true;

	for (uint32_t i = 0; i < n; i++)
		note_value(&all, value_of[f->cells[i]]);
	if (all != SET_BITS)
		return false;
	of_host = calloc(fleet->n_hosts + 1, sizeof *of_host);
	if (!of_host) {
		f->failed = true;
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct incident_flow *flow = &fleet->input->flows[f->cells[i]];
		uint16_t *host = &of_host[fleet->rank_of[flow->host]];
		uint16_t *check = &of_check[f->view->bit_of[flow->check]];
		note_value(host, value_of[f->cells[i]]);
		note_value(check, value_of[f->cells[i]]);
		by_host = by_host && *host != SET_BITS;
		by_check = by_check && *check != SET_BITS;
	}
	/* A host of which nothing is known goes with the next above or below it: with
	 * the one that has more groups in common, then with the nearer. */
	for (uint32_t i = 0, below = UINT32_MAX, above = 0; i < n; i++) {
		const struct incident_flow *flow = &fleet->input->flows[f->cells[i]];
		uint32_t h = fleet->rank_of[flow->host];
		for (; above < fleet->n_hosts && (above < h || !of_host[above]);
			above++)
			if (of_host[above])
				below = above;
		f->part[i] = !by_host ? of_check[f->view->bit_of[flow->check]]
			     : is_closer(fleet, h, below, above) ? of_host[below]
								 : of_host[above];
	}
	free(of_host);
	return by_host || by_check;
}

/* What a flow was answered: silence, this ICMP error, that failure. A sweep of which
 * some ports are silent is silent. */
static unsigned answer_of(const struct incident_flow *flow)
{
	if (flow->to == STATE_PARTIAL)
		return STATE_FILTERED;
	return probe_state_path((enum probe_state)flow->to) == PATH_CLEAR
		       ? STATE_COUNT + flow->reason
		       : flow->to;
}

/* What the cells of one part cost to name, and how many they are. */
static double part_bits(struct folder *f, uint32_t n, uint16_t which, uint32_t *n_in)
{
	struct rect side = {.hosts = f->cut};
	uint32_t *cells = f->cells + f->view->n_changed; /* room for as many again */

	*n_in = 0;
	for (uint32_t i = 0; i < n; i++)
		if (f->part[i] == which)
			cells[(*n_in)++] = f->cells[i];
	shape(f, &side, cells, *n_in);
	f->cut = side.hosts;
	return side.bits;
}

/* Flows with an answer of their own are cut off where their hosts, or their checks,
 * have names that beat chance: routers limit their ICMP errors, so that one cause may
 * be silent here and answer there. */
static bool part_by_answer(struct folder *f, uint32_t n, unsigned answer, bool by_check)
{
	const struct incident_flow *flows = f->fleet->input->flows;
	struct check_set checks = {{0}};
	uint32_t loud = 0, n_loud, n_rest, n_all;
	double together, apart;

	memset(f->part, 0, n * sizeof *f->part);
	together = part_bits(f, n, 0, &n_all);
	memset(f->marks, 0, f->fleet->n_hosts);
	for (uint32_t i = 0; i < n; i++) {
		const struct incident_flow *flow = &flows[f->cells[i]];
		if (answer_of(flow) != answer)
			continue;
		loud++;
		f->marks[f->fleet->rank_of[flow->host]] = 1;
		set_add(&checks, f->view->bit_of[flow->check]);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct incident_flow *flow = &flows[f->cells[i]];
		f->part[i] = by_check ? set_has(checks, f->view->bit_of[flow->check])
				      : f->marks[f->fleet->rank_of[flow->host]];
	}
	apart = part_bits(f, n, 0, &n_rest) + part_bits(f, n, 1, &n_loud) +
		COST_INCIDENT + group_choice_bits(n_loud, loud);
	return n_rest && n_loud && apart < together + group_choice_bits(n, loud);
}

static bool part_by_answers(struct folder *f, uint32_t n)
{
	const struct incident_flow *flows = f->fleet->input->flows;
	bool seen[STATE_COUNT + REASON_COUNT + SET_BITS] = {false};

	/* A rule that opens does so whatever listens there. */
	if (flows[f->cells[0]].kind != CHANGE_REGRESSION &&
		flows[f->cells[0]].kind != CHANGE_FAILING)
		return false;
	for (uint32_t i = 0; i < n; i++)
		seen[answer_of(&flows[f->cells[i]])] = true;
	/* Each kind of check has failures of its own: those tell no checks apart. */
	for (unsigned answer = 0; answer < STATE_COUNT + REASON_COUNT; answer++)
		if (seen[answer] && answer != STATE_FILTERED &&
			(part_by_answer(f, n, answer, false) ||
				(answer < STATE_COUNT &&
					part_by_answer(f, n, answer, true))))
			return true;
	return false;
}

/* The rectangle keeps the cells of the first part; each other part becomes a new one.
 */
static void cut(struct folder *f, uint32_t at, uint32_t n)
{
	uint32_t id_of[SET_BITS + 1] = {0}, id = f->rects[at].id;
	uint32_t first = f->n_rects;
	uint32_t number = f->rects[at].cut ? f->rects[at].cut : id;

	id_of[f->part[0]] = id;
	for (uint32_t i = 0; i < n && !f->failed; i++) {
		if (!id_of[f->part[i]]) {
			struct rect *made = group_rect_add(
				f, &f->rects[at].hosts, f->rects[at].checks, 0);
			if (!made)
				return;
			made->id = id_of[f->part[i]] = ++f->last_id;
			made->cut = number;
		}
		f->owner[f->cells[i]] = id_of[f->part[i]];
	}
	f->rects[at].cut = number;
	for (uint32_t i = at; i < f->n_rects; i = i < first ? first : i + 1) {
		struct rect *r = &f->rects[i];
		shape(f, r, f->cells, group_rect_flows(f, r, r->checks));
	}
}

bool group_evidence_settle(struct folder *f)
{
	bool any = false;

	group_rects_sort(f);
	for (uint32_t i = 0; i < f->n_rects; i++) {
		struct rect *r = &f->rects[i];
		uint32_t n =
			group_rect_flows(f, r, r->checks); /* which nobody owns yet */
		r->id = ++f->last_id;
		for (uint32_t j = 0; j < n; j++)
			f->owner[f->cells[j]] = r->id;
		shape(f, r, f->cells, n);
	}
	for (uint32_t i = 0; i < f->n_rects && !group_is_exhausted(f);) {
		uint32_t n = group_rect_flows(f, &f->rects[i], f->rects[i].checks);
		if (n > 1 && f->n_rects < MAX_RECTS &&
			(part_by_value(f, n, f->fleet->hop) ||
				part_by_value(f, n, f->fleet->sender) ||
				part_by_answers(f, n))) {
			cut(f, i, n);
			any = true;
		} else {
			i++;
		}
	}
	for (uint32_t i = f->n_rects; i-- > 0;)
		if (f->rects[i].hosts.n == 0)
			group_rect_remove(f, i);
	return any;
}
