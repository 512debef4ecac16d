/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boolean factorisation by description length, with cells that nobody knows: a
 * rectangle is as good as the name of its hosts and its checks is short.
 * docs/architecture.md has the idea. Costs are in bits.
 */
#include "daemon/analyze/group.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/group_evidence.h"

#define COST_MARGIN 6.0 /* what a join must save where hosts share no check */
#define COST_CUT 3.0    /* cutting hosts off those like them */
#define COST_SECOND 3.0 /* two rectangles on one host, against one */

enum {
	ROUNDS = 3
};

/* Hosts with the same changes, folded as one. */
struct block {
	struct check_set changed;
	struct check_set asked; /* empty where something stayed */
	struct group_hosts hosts;
};

/* ---- 1. hosts with the same changes -------------------------------------- */

struct sign {
	struct check_set changed, asked; /* as in a block */
	uint32_t host;
};

static int compare_signs(const void *a, const void *b)
{
	const struct sign *x = a, *y = b;
	int order = set_compare(x->changed, y->changed);

	if (order == 0)
		order = set_compare(x->asked, y->asked);
	return order ? order : (x->host > y->host) - (x->host < y->host);
}

/* Those of which something stayed say where a cause ends: they come first. */
static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;
	bool dark_x = !set_is_empty(x->asked), dark_y = !set_is_empty(y->asked);
	uint64_t size_x = (uint64_t)x->hosts.n * set_count(x->changed);
	uint64_t size_y = (uint64_t)y->hosts.n * set_count(y->changed);
	int order;

	if (dark_x != dark_y)
		return dark_x ? 1 : -1;
	if (size_x != size_y)
		return size_x > size_y ? -1 : 1;
	order = set_compare(x->changed, y->changed);
	return order ? order : set_compare(x->asked, y->asked);
}

/* Hosts that changed the same are one block; those of which nothing stayed may have
 * lost more than could be seen, and are kept apart by what they are asked. */
static void make_blocks(struct folder *f)
{
	const struct group_view *view = f->view;
	struct sign *signs = calloc(f->fleet->n_hosts + 1, sizeof *signs);
	struct block *last = NULL;
	uint32_t n = 0;

	f->blocks = calloc(f->fleet->n_hosts + 1, sizeof *f->blocks);
	if (!signs || !f->blocks) {
		f->failed = true;
		free(signs);
		return;
	}
	for (uint32_t h = 0; h < f->fleet->n_hosts; h++) {
		if (set_is_empty(view->changed[h]))
			continue;
		signs[n] = (struct sign){.changed = view->changed[h], .host = h};
		if (set_is_empty(view->stayed[h]))
			signs[n].asked = view->asked[h];
		n++;
	}
	qsort(signs, n, sizeof *signs, compare_signs);
	for (uint32_t i = 0; i < n; i++) {
		if (!last || set_compare(last->changed, signs[i].changed) != 0 ||
			set_compare(last->asked, signs[i].asked) != 0) {
			last = &f->blocks[f->n_blocks++];
			*last = (struct block){signs[i].changed, signs[i].asked, {0}};
		}
		group_hosts_push(f, &last->hosts, signs[i].host);
	}
	qsort(f->blocks, f->n_blocks, sizeof *f->blocks, compare_blocks);
	free(signs);
}

/* ---- 2. each is explained ------------------------------------------------ */

static bool all_are_asked(const struct folder *f, const struct group_hosts *hosts,
	struct check_set checks)
{
	for (uint32_t i = 0; i < hosts->n; i++)
		if (!set_within(checks, f->view->asked[hosts->at[i]]))
			return false;
	return true;
}

/* Only some of the hosts fit a rectangle that stands: they leave the block where that
 * is cheaper. True: they did. */
static bool explain_part(struct folder *f, struct block *block, double new_bits)
{
	for (uint32_t i = 0; i < f->n_rects; i++) {
		struct rect *r = &f->rects[i];
		double grown, part, rest;

		if (!set_within(block->changed, r->checks))
			continue;
		if (!group_hosts_fitting(
			    f, &f->fit, &f->cut, &block->hosts, r->checks) ||
			f->cut.n == 0)
			continue;
		group_hosts_union(f, &f->sum, &r->hosts, &f->fit);
		grown = group_rect_bits(f, &f->sum, r->checks) - r->bits;
		part = group_rect_bits(f, &f->fit, block->changed);
		rest = group_rect_bits(f, &f->cut, block->changed);
		if (grown + rest + COST_CUT >= new_bits)
			continue;
		if (all_are_asked(f, &f->fit, r->checks))
			part += COST_INCIDENT;
		if (grown >= part - COST_MARGIN)
			continue;
		group_rect_set_hosts(f, r, &f->sum, r->bits + grown);
		group_hosts_copy(f, &block->hosts, &f->cut);
		return true;
	}
	return false;
}

/* Rectangles that stand explain a block: one, two, or one and a single flow beside it.
 * Else it is a new one. */
struct explanation {
	uint32_t first, second; /* UINT32_MAX: none */
	struct check_set alone; /* checks of a new one; may be empty */
	double cost;
};

static void plan_with(struct folder *f, const struct block *block, uint32_t at,
	struct explanation *best)
{
	const struct rect *r = &f->rects[at];
	struct check_set left = set_minus(block->changed, r->checks);
	double cost = r->growth;

	if (set_is_empty(left)) {
		/* Where only checks that were never asked keep them apart, names must
		 * be simpler together; the incident that is saved counts only
		 * elsewhere. */
		if (set_compare(r->checks, block->changed) != 0)
			cost += COST_INCIDENT;
		if (cost < best->cost)
			*best = (struct explanation){at, UINT32_MAX, left, cost};
		return;
	}
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (i != at && !isnan(f->rects[i].growth) &&
			set_within(left, f->rects[i].checks) &&
			cost + f->rects[i].growth + COST_SECOND < best->cost)
			*best = (struct explanation){
				at, i, {{0}}, cost + f->rects[i].growth + COST_SECOND};
	if (set_within(r->checks, block->changed) && block->hosts.n == 1 &&
		set_count(left) == 1) {
		cost += group_rect_bits(f, &block->hosts, left) + COST_INCIDENT / 2;
		if (cost < best->cost)
			*best = (struct explanation){at, UINT32_MAX, left, cost};
	}
}

static void grow(struct folder *f, uint32_t at, const struct group_hosts *hosts)
{
	struct rect *r = &f->rects[at];

	group_hosts_union(f, &f->sum, &r->hosts, hosts);
	group_rect_set_hosts(f, r, &f->sum, group_rect_bits(f, &f->sum, r->checks));
}

static void explain(struct folder *f, struct block *block)
{
	double new_bits;
	struct explanation best;

	do {
		new_bits = group_rect_bits(f, &block->hosts, block->changed);
	} while (!f->failed && explain_part(f, block, new_bits));
	best = (struct explanation){
		UINT32_MAX, UINT32_MAX, block->changed, COST_INCIDENT + new_bits};
	for (uint32_t i = 0; i < f->n_rects; i++) {
		struct rect *r = &f->rects[i];
		r->growth = NAN;
		if (!set_meets(r->checks, block->changed) ||
			group_hosts_fitting(f, &f->fit, NULL, &block->hosts,
				r->checks) < block->hosts.n)
			continue;
		group_hosts_union(f, &f->sum, &r->hosts, &block->hosts);
		r->growth = group_rect_bits(f, &f->sum, r->checks) - r->bits;
	}
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (!isnan(f->rects[i].growth))
			plan_with(f, block, i, &best);
	if (best.first != UINT32_MAX)
		grow(f, best.first, &block->hosts);
	if (best.second != UINT32_MAX)
		grow(f, best.second, &block->hosts);
	if (!set_is_empty(best.alone))
		group_rect_add(f, &block->hosts, best.alone,
			group_rect_bits(f, &block->hosts, best.alone));
}

/* So many causes at once are chaos: what is left goes by check, which has no
 * counter-evidence, since each host of it changed there. */
static void explain_by_check(struct folder *f, uint32_t from)
{
	struct check_set left = {{0}};

	memset(f->marks, 0, f->fleet->n_hosts);
	for (uint32_t i = from; i < f->n_blocks; i++) {
		const struct block *block = &f->blocks[i];
		if (block->hosts.n)
			left = set_or(left, block->changed);
		for (uint32_t j = 0; j < block->hosts.n; j++)
			f->marks[block->hosts.at[j]] = 1;
	}
	for (unsigned bit = 0; bit < SET_OTHERS; bit++) {
		struct check_set one = {{0}};
		if (!set_has(left, bit))
			continue;
		set_add(&one, bit);
		f->sum.n = 0;
		for (uint32_t h = 0; h < f->fleet->n_hosts; h++)
			if (f->marks[h] && set_has(f->view->changed[h], bit))
				group_hosts_push(f, &f->sum, h);
		group_rect_add(f, &f->sum, one, group_rect_bits(f, &f->sum, one));
	}
}

static void explain_all(struct folder *f)
{
	for (uint32_t i = 0; i < f->n_blocks; i++) {
		if (f->n_rects >= GROUP_MAX - 1 || group_is_exhausted(f)) {
			explain_by_check(f, i);
			return;
		}
		if (f->blocks[i].hosts.n == 0)
			continue;
		explain(f, &f->blocks[i]);
	}
}

/* ---- 3. joining ---------------------------------------------------------- */

static void prepare_join(struct folder *f, struct rect *rect)
{
	const struct group_view *view = f->view;

	rect->stayed = (struct check_set){{0}};
	rect->is_dark = true;
	f->work += rect->hosts.n;
	for (uint32_t i = 0; i < rect->hosts.n; i++) {
		uint32_t h = rect->hosts.at[i];
		rect->stayed = set_or(rect->stayed, view->stayed[h]);
		rect->is_dark = rect->is_dark && set_is_empty(view->stayed[h]) &&
				set_within(view->changed[h], rect->checks);
	}
	group_evidence_find(f, rect, rect->checks);
}

/* Would neither have counter-evidence with the checks of the other? */
static bool may_join(const struct rect *a, const struct rect *b)
{
	return !set_meets(a->checks, b->stayed) && !set_meets(b->checks, a->stayed) &&
	       !group_evidence_differs(a, b);
}

/* Do they share anything? Hosts that lost all they were asked may, though neither hosts
 * nor checks show it; one or two such hosts prove nothing. */
static bool is_akin(const struct rect *a, const struct rect *b)
{
	return set_meets(a->checks, b->checks) ||
	       (a->is_dark && b->is_dark && a->hosts.n > 2 && b->hosts.n > 2) ||
	       group_hosts_meet(&a->hosts, &b->hosts);
}

/* Takes the others into the first of them; `hosts` and `checks` are of them all. */
static void merge(struct folder *f, const uint32_t *who, uint32_t n)
{
	struct rect *into = &f->rects[who[0]];

	for (uint32_t i = 1; i < n; i++) {
		struct rect *r = &f->rects[who[i]];
		uint32_t n_cells = r->id ? group_rect_flows(f, r, r->checks) : 0;
		for (uint32_t j = 0; j < n_cells; j++)
			f->owner[f->cells[j]] = into->id;
		group_hosts_union(f, &f->sum, &into->hosts, &r->hosts);
		group_hosts_copy(f, &into->hosts, &f->sum);
		into->checks = set_or(into->checks, r->checks);
		into->stayed = set_or(into->stayed, r->stayed);
		into->hops = set_or(into->hops, r->hops);
		into->senders = set_or(into->senders, r->senders);
		into->is_dark = into->is_dark && r->is_dark;
		r->hosts.n = 0; /* to be removed */
	}
	into->cut = 0;
	into->bits = group_rect_bits(f, &into->hosts, into->checks);
	for (uint32_t i = f->n_rects; i-- > 0;)
		if (f->rects[i].hosts.n == 0)
			group_rect_remove(f, i);
}

/* What one name for both saves. Where hosts are shared the incident saved counts in
 * full, where checks are not at all; where neither is, names must save a margin. */
static double gain_of(struct folder *f, const struct rect *a, const struct rect *b)
{
	double gain = group_hosts_meet(&a->hosts, &b->hosts) ? COST_INCIDENT
		      : set_meets(a->checks, b->checks)      ? 0
							     : -COST_MARGIN;

	group_hosts_union(f, &f->sum, &a->hosts, &b->hosts);
	return gain + a->bits + b->bits -
	       group_rect_bits(f, &f->sum, set_or(a->checks, b->checks));
}

/* Adds one after the other to a, always the one that saves most, even if it costs for
 * now: three parts may have a name that two of them have not. Then all up to where most
 * was saved become one. False: nothing is saved. */
static bool join_to(struct folder *f, uint32_t first)
{
	uint32_t who[MAX_RECTS] = {first}, n = 1, best_n = 1;
	struct rect all = f->rects[first];
	double gain = 0, best = 0;

	all.hosts = (struct group_hosts){.n = 0};
	group_hosts_copy(f, &all.hosts, &f->rects[first].hosts);
	while (n < MAX_RECTS && !group_is_exhausted(f)) {
		uint32_t next = UINT32_MAX;
		double most = -HUGE_VAL;
		for (uint32_t i = 0; i < f->n_rects; i++) {
			const struct rect *b = &f->rects[i];
			bool fits = i > first && may_join(&all, b) && is_akin(&all, b);
			double g;
			for (uint32_t j = 0; j < n && fits; j++)
				fits = who[j] != i &&
				       !(b->cut && b->cut == f->rects[who[j]].cut);
			g = fits ? gain_of(f, &all, b) : -HUGE_VAL;
			if (g > most) {
				most = g;
				next = i;
			}
		}
		if (next == UINT32_MAX)
			break;
		const struct rect *b = &f->rects[next];
		who[n++] = next;
		gain += most;
		group_hosts_union(f, &f->sum, &all.hosts, &b->hosts);
		group_hosts_copy(f, &all.hosts, &f->sum);
		all.checks = set_or(all.checks, b->checks);
		all.stayed = set_or(all.stayed, b->stayed);
		all.hops = set_or(all.hops, b->hops);
		all.senders = set_or(all.senders, b->senders);
		all.is_dark = all.is_dark && b->is_dark;
		all.bits = group_rect_bits(f, &all.hosts, all.checks);
		if (gain > best) {
			best = gain;
			best_n = n;
		}
	}
	group_hosts_free(&all.hosts);
	if (best_n > 1)
		merge(f, who, best_n);
	return best_n > 1;
}

/* Rectangles of which none has counter-evidence against another become one incident
 * where one name for all is shorter than the names apart. */
static void join(struct folder *f)
{
	group_rects_sort(f);
	for (uint32_t i = 0; i < f->n_rects; i++)
		prepare_join(f, &f->rects[i]);
	for (uint32_t i = 0; i < f->n_rects && !group_is_exhausted(f);)
		if (!join_to(f, i))
			i++;
}

/* ---- 4. regrouping ------------------------------------------------------- */

/* Another that could take the checks that are left of a. UINT32_MAX: none. */
static uint32_t find_twin(struct folder *f, uint32_t a, uint32_t b,
	struct check_set left, const struct group_hosts *keep)
{
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (i != a && i != b && set_within(left, f->rects[i].checks) &&
			group_hosts_fitting(
				f, &f->fit, NULL, keep, f->rects[i].checks) == keep->n)
			return i;
	return UINT32_MAX;
}

/* Where b's checks are a part of a's, b may span both and a keep what is left. */
static bool regroup_pair(struct folder *f, uint32_t a, uint32_t b)
{
	struct rect *ra = &f->rects[a], *rb = &f->rects[b];
	struct check_set left = set_minus(ra->checks, rb->checks), rest = left;
	double gain, wide_bits, rest_bits;
	uint32_t twin;

	if (!set_within(rb->checks, ra->checks) || set_is_empty(left))
		return false;
	group_hosts_touched(f, &f->cut, &ra->hosts, left);
	if (f->cut.n == 0)
		return false;
	group_evidence_find(f, ra, rb->checks);
	group_evidence_find(f, rb, rb->checks);
	if (group_evidence_differs(ra, rb))
		return false;
	group_hosts_touched(f, &f->sum2, &ra->hosts, rb->checks);
	group_hosts_union(f, &f->sum, &f->sum2, &rb->hosts); /* what b would span */
	wide_bits = group_rect_bits(f, &f->sum, rb->checks);
	gain = ra->bits + rb->bits - wide_bits;
	twin = find_twin(f, a, b, left, &f->cut);
	/* Two flows of noise that happen to be beside it divide no cause. */
	if (twin != UINT32_MAX && (rb->hosts.n * 4 < ra->hosts.n ||
					  f->rects[twin].hosts.n * 4 < ra->hosts.n))
		return false;
	if (twin != UINT32_MAX) {
		rest = f->rects[twin].checks;
		group_hosts_union(f, &f->sum2, &f->rects[twin].hosts, &f->cut);
		group_hosts_copy(f, &f->cut, &f->sum2);
		gain += COST_INCIDENT + f->rects[twin].bits;
	}
	rest_bits = group_rect_bits(f, &f->cut, rest);
	if (gain - rest_bits <= COST_SECOND)
		return false;
	group_rect_set_hosts(f, rb, &f->sum, wide_bits);
	if (twin == UINT32_MAX) {
		ra->checks = rest;
		group_rect_set_hosts(f, ra, &f->cut, rest_bits);
	} else {
		group_rect_set_hosts(f, &f->rects[twin], &f->cut, rest_bits);
		group_rect_remove(f, a);
	}
	return true;
}

static void regroup(struct folder *f)
{
	group_rects_sort(f);
	for (uint32_t a = 0, b = 0; a < f->n_rects && !group_is_exhausted(f);) {
		if (a != b && regroup_pair(f, a, b)) {
			group_rects_sort(f);
			a = b = 0;
		} else if (++b == f->n_rects) {
			b = 0;
			a++;
		}
	}
}

/* ---- all of it ----------------------------------------------------------- */

/* Have the rectangles changed since the last round? */
static bool note_round(struct folder *f, uint64_t *sum)
{
	uint64_t now = f->n_rects, was = *sum;

	for (uint32_t i = 0; i < f->n_rects; i++) {
		now = now * 31 + f->rects[i].hosts.n;
		for (unsigned w = 0; w < SET_WORDS; w++)
			now = now * 0x9e3779b97f4a7c15u + f->rects[i].checks.word[w];
	}
	*sum = now;
	return now != was;
}

static void fold(struct folder *f)
{
	uint64_t sum = 0;

	make_blocks(f);
	if (!f->failed)
		explain_all(f);
	for (int i = 0; i < ROUNDS && !group_is_exhausted(f); i++) {
		group_rects_sort(f);
		if (!note_round(f, &sum))
			break;
		join(f);
		regroup(f);
		join(f);
	}
	/* What evidence cut may fit elsewhere. */
	if (!f->failed && group_evidence_settle(f) && !group_is_exhausted(f))
		join(f);
}

static bool folder_init(struct folder *f, const struct group_view *view)
{
	uint32_t n = view->fleet->n_groups;

	*f = (struct folder){.view = view, .fleet = view->fleet};
	f->count = calloc(n, sizeof *f->count);
	f->runs = calloc(n, sizeof *f->runs);
	f->last = calloc(n, sizeof *f->last);
	f->met = calloc(n, sizeof *f->met);
	f->marks = calloc(view->fleet->n_hosts + 1, 1);
	f->owner = calloc(view->fleet->input->n_flows + 1, sizeof *f->owner);
	f->cells = calloc(2 * (size_t)view->n_changed + 1, sizeof *f->cells);
	f->part = calloc(view->n_changed + 1, sizeof *f->part);
	return f->count && f->runs && f->last && f->met && f->marks && f->owner &&
	       f->cells && f->part;
}

static void folder_fini(struct folder *f)
{
	while (f->n_rects)
		group_rect_remove(f, f->n_rects - 1);
	free(f->rects);
	for (uint32_t i = 0; i < f->n_blocks; i++)
		group_hosts_free(&f->blocks[i].hosts);
	free(f->blocks);
	for (unsigned i = 0; i < N_DOMAINS; i++) {
		free(f->domains[i].size);
		free(f->domains[i].place);
	}
	for (unsigned i = 0; i < 3; i++)
		group_hosts_free(&f->rest[i]);
	group_hosts_free(&f->fit);
	group_hosts_free(&f->cut);
	group_hosts_free(&f->sum);
	group_hosts_free(&f->sum2);
	free(f->count);
	free(f->runs);
	free(f->last);
	free(f->met);
	free(f->marks);
	free(f->owner);
	free(f->cells);
	free(f->part);
}

static int take_groups(struct folder *f, struct arena *arena, struct group **out)
{
	struct group *groups = arena_calloc(arena, f->n_rects + 1, sizeof *groups);

	for (uint32_t i = 0; i < f->n_rects && groups; i++) {
		struct rect *r = &f->rects[i];
		groups[i].n_flows = group_rect_flows(f, r, r->checks);
		groups[i].flows =
			arena_calloc(arena, groups[i].n_flows, sizeof *groups[i].flows);
		if (!groups[i].flows)
			return -ENOMEM;
		memcpy(groups[i].flows, f->cells,
			groups[i].n_flows * sizeof *groups[i].flows);
	}
	*out = groups;
	return groups ? 0 : -ENOMEM;
}

int group_find(const struct group_view *view, struct arena *arena, struct group **out,
	uint32_t *n_out)
{
	struct folder f;
	int rc = folder_init(&f, view) ? 0 : -ENOMEM;

	if (rc == 0)
		fold(&f);
	if (rc == 0)
		rc = f.failed ? -ENOMEM : take_groups(&f, arena, out);
	*n_out = rc == 0 ? f.n_rects : 0;
	folder_fini(&f);
	return rc;
}
