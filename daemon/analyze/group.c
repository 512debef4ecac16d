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

/* Visits of hosts that a direction may take, and more for each change: some tenths of a
 * second for 100,000. */
#define WORK_FIXED UINT64_C(10000000)
#define WORK_EACH UINT64_C(200)

#define COST_INCIDENT 12.0 /* one more: causes in one scan are rare */
#define COST_PIECE 8.0     /* one more part of a name: "paris and 10.1.2.3" */
#define COST_MARGIN 6.0    /* what a join must save where hosts share no check */
#define COST_CUT 3.0       /* cutting hosts off those like them */
#define COST_SECOND 3.0    /* two rectangles on one host, against one */

enum {
	N_DOMAINS = 32,
	ROUNDS = 3,
	MAX_CLIQUE = GROUP_MAX + SET_BITS
};

/* Hosts by rank, ascending. */
struct hosts {
	uint32_t *at;
	uint32_t n, room;
};

struct rect {
	struct check_set checks;
	struct hosts hosts;
	double bits;  /* of its name and its checks */
	uint32_t id;  /* the owner of its flows; 0: they have none yet */
	uint32_t cut; /* those with the same number were cut apart; 0: none */
	/* Only while joining. */
	struct check_set stayed, hops, senders;
	bool is_dark; /* nothing of its hosts stayed, and nothing else changed on them
		       */
};

/* Where each host stands among those that could show a set of checks, by group. */
struct domain {
	bool is_used;
	struct check_set checks;
	uint32_t *size;  /* per group */
	uint32_t *place; /* parallel to fleet->group_at */
};

/* Hosts with the same changes, folded as one. */
struct block {
	struct check_set changed;
	struct check_set asked; /* empty where something stayed */
	struct hosts hosts;
};

struct folder {
	const struct group_view *view;
	const struct group_fleet *fleet;
	struct rect *rects;
	uint32_t n_rects, room;
	struct block *blocks;
	uint32_t n_blocks;
	struct domain domains[N_DOMAINS];
	uint32_t *count, *runs, *last, *met; /* per group, for name_bits() */
	struct hosts rest[3];                /* for its recursion */
	struct hosts fit, cut, sum, sum2;    /* scratch */
	uint8_t *marks;                      /* per host */
	uint32_t *owner;                     /* per flow: the id of its rectangle */
	uint32_t *cells;                     /* flows of one rectangle */
	uint16_t *part;                      /* parallel to them */
	uint32_t last_id;
	uint64_t work;
	bool failed; /* no memory: everything that was made is to be thrown away */
};

/* ---- lists of hosts -------------------------------------------------------------- */

static bool hosts_reserve(struct folder *f, struct hosts *hosts, uint32_t n)
{
	uint32_t *at;

	if (n <= hosts->room)
		return true;
	at = realloc(hosts->at, (n + n / 2 + 4) * sizeof *at);
	if (!at) {
		f->failed = true;
		return false;
	}
	hosts->at = at;
	hosts->room = n + n / 2 + 4;
	return true;
}

static void hosts_push(struct folder *f, struct hosts *hosts, uint32_t host)
{
	if (hosts_reserve(f, hosts, hosts->n + 1))
		hosts->at[hosts->n++] = host;
}

static void hosts_copy(struct folder *f, struct hosts *to, const struct hosts *from)
{
	to->n = 0;
	if (!hosts_reserve(f, to, from->n))
		return;
	if (from->n)
		memcpy(to->at, from->at, from->n * sizeof *to->at);
	to->n = from->n;
}

/* `out` is neither of them. */
static void hosts_union(struct folder *f, struct hosts *out, const struct hosts *a,
	const struct hosts *b)
{
	uint32_t i = 0, j = 0;

	out->n = 0;
	if (!hosts_reserve(f, out, a->n + b->n))
		return;
	while (i < a->n || j < b->n) {
		bool from_a = j == b->n || (i < a->n && a->at[i] <= b->at[j]);
		if (from_a && j < b->n && a->at[i] == b->at[j])
			j++;
		out->at[out->n++] = from_a ? a->at[i++] : b->at[j++];
	}
	f->work += out->n;
}

static bool hosts_meet(const struct hosts *a, const struct hosts *b)
{
	for (uint32_t i = 0, j = 0; i < a->n && j < b->n;) {
		if (a->at[i] == b->at[j])
			return true;
		if (a->at[i] < b->at[j])
			i++;
		else
			j++;
	}
	return false;
}

static void hosts_free(struct hosts *hosts)
{
	free(hosts->at);
	*hosts = (struct hosts){.n = 0};
}

/* Those of `hosts` on which some of the checks changed. */
static void hosts_touched(struct folder *f, struct hosts *out,
	const struct hosts *hosts, struct check_set checks)
{
	out->n = 0;
	for (uint32_t i = 0; i < hosts->n; i++)
		if (set_meets(f->view->changed[hosts->at[i]], checks))
			hosts_push(f, out, hosts->at[i]);
	f->work += hosts->n;
}

/* Those on which none of the checks stayed; returns how many. */
static uint32_t hosts_fitting(struct folder *f, struct hosts *out, struct hosts *others,
	const struct hosts *hosts, struct check_set checks)
{
	out->n = 0;
	if (others)
		others->n = 0;
	f->work += hosts->n;
	for (uint32_t i = 0; i < hosts->n; i++) {
		if (!set_meets(f->view->stayed[hosts->at[i]], checks))
			hosts_push(f, out, hosts->at[i]);
		else if (others)
			hosts_push(f, others, hosts->at[i]);
	}
	return out->n;
}

/* ---- what a name costs ------------------------------------------------------------
 */

static double log2_factorial(uint32_t n)
{
	int sign;

	return lgamma_r((double)n + 1, &sign) * 1.4426950408889634;
}

static double log2_choose(uint32_t n, uint32_t k)
{
	if (k > n)
		return 0;
	return log2_factorial(n) - log2_factorial(k) - log2_factorial(n - k);
}

/* Of m hosts n, in `runs` runs: how many such choices there are. */
static double subset_bits(uint32_t m, uint32_t n, uint32_t runs)
{
	if (n >= m)
		return 0;
	return 1 + log2(m) + log2(runs) + log2_choose(n - 1, runs - 1) +
	       log2_choose(m - n + 1, runs);
}

static const struct domain *domain_of(struct folder *f, struct check_set checks)
{
	const struct group_fleet *fleet = f->fleet;
	uint64_t hash = 0;
	struct domain *domain;

	for (unsigned i = 0; i < SET_WORDS; i++)
		hash = (hash ^ checks.word[i]) * 0x9e3779b97f4a7c15u;
	domain = &f->domains[(hash >> 40) % N_DOMAINS];
	if (domain->is_used && set_compare(domain->checks, checks) == 0)
		return domain;
	if (!domain->size)
		domain->size = calloc(fleet->n_groups, sizeof *domain->size);
	if (!domain->place)
		domain->place = calloc(
			fleet->first_group[fleet->n_hosts] + 1, sizeof *domain->place);
	if (!domain->size || !domain->place) {
		f->failed = true;
		return NULL;
	}
	domain->is_used = true;
	domain->checks = checks;
	memset(domain->size, 0, fleet->n_groups * sizeof *domain->size);
	for (uint32_t h = 0; h < fleet->n_hosts; h++)
		if (set_meets(f->view->could[h], checks))
			for (uint32_t i = fleet->first_group[h];
				i < fleet->first_group[h + 1]; i++)
				domain->place[i] = domain->size[fleet->group_at[i]]++;
	f->work += 4 * (uint64_t)fleet->n_hosts;
	return domain;
}

/* The cheapest of: some hosts of one group; a whole group, and the name of the rest. */
static double name_bits(
	struct folder *f, const struct hosts *hosts, struct check_set checks, int depth)
{
	const struct group_fleet *fleet = f->fleet;
	const struct domain *domain = domain_of(f, checks);
	double group_bits = log2(fleet->n_groups), best = HUGE_VAL;
	uint32_t n_met = 0, whole = 0;

	if (!domain)
		return 0;
	f->work += 2 * (uint64_t)hosts->n;
	for (uint32_t i = 0; i < hosts->n; i++) {
		uint32_t h = hosts->at[i];
		for (uint32_t j = fleet->first_group[h]; j < fleet->first_group[h + 1];
			j++) {
			uint32_t g = fleet->group_at[j], place = domain->place[j];
			if (f->count[g]++ == 0)
				f->met[n_met++] = g;
			f->runs[g] += f->count[g] == 1 || f->last[g] + 1 != place;
			f->last[g] = place;
		}
	}
	for (uint32_t i = 0; i < n_met; i++) {
		uint32_t g = f->met[i], n = f->count[g];
		if (n == hosts->n) {
			double bits = (g ? group_bits : 0) + 1 +
				      subset_bits(domain->size[g], n, f->runs[g]);
			if (bits < best)
				best = bits;
		} else if (n == domain->size[g] && n > 1 &&
			   (!whole || n > f->count[whole])) {
			whole = g;
		}
	}
	for (uint32_t i = 0; i < n_met; i++)
		f->count[f->met[i]] = f->runs[f->met[i]] = 0;
	if (whole && depth) {
		struct hosts *rest = &f->rest[depth];
		double bits;
		rest->n = 0;
		for (uint32_t i = 0; i < hosts->n; i++)
			if (!group_fleet_in_group(fleet, hosts->at[i], whole))
				hosts_push(f, rest, hosts->at[i]);
		bits = group_bits + 1 + COST_PIECE +
		       name_bits(f, rest, checks, depth - 1);
		if (bits < best)
			best = bits;
	}
	return best;
}

static double check_bits(
	struct folder *f, const struct hosts *hosts, struct check_set checks)
{
	struct check_set asked = {{0}};
	bool all = true;
	unsigned n;

	for (uint32_t i = 0; i < hosts->n; i++) {
		struct check_set one = f->view->asked[hosts->at[i]];
		asked = set_or(asked, one);
		all = all && set_within(one, checks);
	}
	if (all)
		return 1;
	/* Rules list few ports, or all. */
	n = set_count(set_and(checks, asked));
	return log2_choose(set_count(asked), n) + n;
}

static double rect_bits(
	struct folder *f, const struct hosts *hosts, struct check_set checks)
{
	return name_bits(f, hosts, checks, 2) + check_bits(f, hosts, checks);
}

/* ---- the list of rectangles ---------------------------------------------------------
 */

static struct rect *rect_add(struct folder *f, const struct hosts *hosts,
	struct check_set checks, double bits)
{
	const struct hosts from = *hosts; /* which may be in the list that moves */
	struct rect *rect;

	if (f->n_rects == f->room) {
		uint32_t room = f->room * 2 + 16;
		rect = realloc(f->rects, room * sizeof *rect);
		if (!rect) {
			f->failed = true;
			return NULL;
		}
		f->rects = rect;
		f->room = room;
	}
	rect = &f->rects[f->n_rects++];
	*rect = (struct rect){.checks = checks, .bits = bits};
	hosts_copy(f, &rect->hosts, &from);
	return rect;
}

static void rect_remove(struct folder *f, uint32_t at)
{
	hosts_free(&f->rects[at].hosts);
	f->n_rects--;
	memmove(&f->rects[at], &f->rects[at + 1], (f->n_rects - at) * sizeof *f->rects);
}

static void rect_set_hosts(
	struct folder *f, struct rect *rect, const struct hosts *hosts, double bits)
{
	hosts_copy(f, &rect->hosts, hosts);
	rect->bits = bits;
}

/* Largest first. */
static int compare_rects(const void *a, const void *b)
{
	const struct rect *x = a, *y = b;
	uint64_t size_x = (uint64_t)x->hosts.n * set_count(x->checks);
	uint64_t size_y = (uint64_t)y->hosts.n * set_count(y->checks);
	int order;

	if (size_x != size_y)
		return size_x > size_y ? -1 : 1;
	order = set_compare(x->checks, y->checks);
	if (order == 0 && x->hosts.n && y->hosts.n)
		order = (x->hosts.at[0] > y->hosts.at[0]) -
			(x->hosts.at[0] < y->hosts.at[0]);
	return order;
}

static void sort_rects(struct folder *f)
{
	if (f->n_rects)
		qsort(f->rects, f->n_rects, sizeof *f->rects, compare_rects);
}

/* ---- evidence of a rectangle
 * --------------------------------------------------------- */

/* Is the flow a change of the rectangle, on one of the checks? */
static bool is_cell(const struct folder *f, const struct rect *rect, uint32_t flow,
	struct check_set checks)
{
	unsigned bit = f->view->bit_of[f->fleet->input->flows[flow].check];

	return f->fleet->direction[flow] == f->view->direction && bit != SET_OTHERS &&
	       f->owner[flow] == rect->id && set_has(checks, bit);
}

/* Fills f->cells, by rank; returns how many. */
static uint32_t find_cells(
	struct folder *f, const struct rect *rect, struct check_set checks)
{
	const struct group_fleet *fleet = f->fleet;
	uint32_t n = 0;

	f->work += rect->hosts.n;
	for (uint32_t i = 0; i < rect->hosts.n; i++) {
		uint32_t h = rect->hosts.at[i];
		for (uint32_t j = fleet->first_flow[h]; j < fleet->first_flow[h + 1];
			j++)
			if (is_cell(f, rect, fleet->flow_at[j], checks))
				f->cells[n++] = fleet->flow_at[j];
	}
	return n;
}

/* Fills hops and senders of what changed on `checks` within the rectangle. */
static void find_hops(struct folder *f, struct rect *rect, struct check_set checks)
{
	uint32_t n = f->fleet->has_hops ? find_cells(f, rect, checks) : 0;

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

static bool evidence_differs(const struct rect *a, const struct rect *b)
{
	return sets_differ(a->hops, b->hops) || sets_differ(a->senders, b->senders);
}

/* ---- 1. hosts with the same changes
 * ---------------------------------------------------- */

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
		hosts_push(f, &last->hosts, signs[i].host);
	}
	qsort(f->blocks, f->n_blocks, sizeof *f->blocks, compare_blocks);
	free(signs);
}

/* ---- 2. each is explained
 * --------------------------------------------------------------- */

static bool all_are_asked(
	const struct folder *f, const struct hosts *hosts, struct check_set checks)
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
		if (!hosts_fitting(f, &f->fit, &f->cut, &block->hosts, r->checks) ||
			f->cut.n == 0)
			continue;
		hosts_union(f, &f->sum, &r->hosts, &f->fit);
		grown = rect_bits(f, &f->sum, r->checks) - r->bits;
		part = rect_bits(f, &f->fit, block->changed);
		rest = rect_bits(f, &f->cut, block->changed);
		if (grown + rest + COST_CUT >= new_bits)
			continue;
		if (all_are_asked(f, &f->fit, r->checks))
			part += COST_INCIDENT;
		if (grown >= part - COST_MARGIN)
			continue;
		rect_set_hosts(f, r, &f->sum, r->bits + grown);
		hosts_copy(f, &block->hosts, &f->cut);
		return true;
	}
	return false;
}

/* Rectangles that stand explain a block: one, two, or one and a single flow beside it.
 * Else it is a new one. */
struct plan {
	uint32_t first, second; /* UINT32_MAX: none */
	struct check_set alone; /* checks of a new one; may be empty */
	double cost;
};

static void plan_with(struct folder *f, const struct block *block, uint32_t at,
	const double *growth, struct plan *best)
{
	const struct rect *r = &f->rects[at];
	struct check_set left = set_minus(block->changed, r->checks);
	double cost = growth[at];

	if (set_is_empty(left)) {
		/* Where only checks that were never asked keep them apart, names must
		 * be simpler together; the incident that is saved counts only
		 * elsewhere. */
		if (set_compare(r->checks, block->changed) != 0)
			cost += COST_INCIDENT;
		if (cost < best->cost)
			*best = (struct plan){at, UINT32_MAX, left, cost};
		return;
	}
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (i != at && !isnan(growth[i]) &&
			set_within(left, f->rects[i].checks) &&
			cost + growth[i] + COST_SECOND < best->cost)
			*best = (struct plan){
				at, i, {{0}}, cost + growth[i] + COST_SECOND};
	if (set_within(r->checks, block->changed) && block->hosts.n == 1 &&
		set_count(left) == 1) {
		cost += rect_bits(f, &block->hosts, left) + COST_INCIDENT / 2;
		if (cost < best->cost)
			*best = (struct plan){at, UINT32_MAX, left, cost};
	}
}

static void grow(struct folder *f, uint32_t at, const struct hosts *hosts)
{
	struct rect *r = &f->rects[at];

	hosts_union(f, &f->sum, &r->hosts, hosts);
	rect_set_hosts(f, r, &f->sum, rect_bits(f, &f->sum, r->checks));
}

static void explain(struct folder *f, struct block *block)
{
	double growth[GROUP_MAX], new_bits;
	struct plan best;

	do {
		new_bits = rect_bits(f, &block->hosts, block->changed);
	} while (!f->failed && explain_part(f, block, new_bits));
	best = (struct plan){
		UINT32_MAX, UINT32_MAX, block->changed, COST_INCIDENT + new_bits};
	for (uint32_t i = 0; i < f->n_rects; i++) {
		const struct rect *r = &f->rects[i];
		growth[i] = NAN;
		if (!set_meets(r->checks, block->changed) ||
			hosts_fitting(f, &f->fit, NULL, &block->hosts, r->checks) <
				block->hosts.n)
			continue;
		hosts_union(f, &f->sum, &r->hosts, &block->hosts);
		growth[i] = rect_bits(f, &f->sum, r->checks) - r->bits;
	}
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (!isnan(growth[i]))
			plan_with(f, block, i, growth, &best);
	if (best.first != UINT32_MAX)
		grow(f, best.first, &block->hosts);
	if (best.second != UINT32_MAX)
		grow(f, best.second, &block->hosts);
	if (!set_is_empty(best.alone))
		rect_add(f, &block->hosts, best.alone,
			rect_bits(f, &block->hosts, best.alone));
}

static bool is_exhausted(const struct folder *f)
{
	return f->failed || f->work > WORK_FIXED + WORK_EACH * f->view->n_changed;
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
				hosts_push(f, &f->sum, h);
		rect_add(f, &f->sum, one, rect_bits(f, &f->sum, one));
	}
}

static void explain_all(struct folder *f)
{
	for (uint32_t i = 0; i < f->n_blocks; i++) {
		if (f->n_rects >= GROUP_MAX - 1 || is_exhausted(f)) {
			explain_by_check(f, i);
			return;
		}
		if (f->blocks[i].hosts.n == 0)
			continue;
		explain(f, &f->blocks[i]);
	}
}

/* ---- 3. joining
 * --------------------------------------------------------------------------- */

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
	find_hops(f, rect, rect->checks);
}

/* Would neither have counter-evidence with the checks of the other? */
static bool may_join(const struct rect *a, const struct rect *b)
{
	return !set_meets(a->checks, b->stayed) && !set_meets(b->checks, a->stayed) &&
	       !evidence_differs(a, b);
}

/* Do they share anything? Hosts that lost all they were asked may, though neither hosts
 * nor checks show it; one or two such hosts prove nothing. */
static bool is_akin(const struct rect *a, const struct rect *b)
{
	return set_meets(a->checks, b->checks) ||
	       (a->is_dark && b->is_dark && a->hosts.n > 2 && b->hosts.n > 2) ||
	       hosts_meet(&a->hosts, &b->hosts);
}

/* Takes the others into the first of them; `hosts` and `checks` are of them all. */
static void merge(struct folder *f, const uint32_t *who, uint32_t n)
{
	struct rect *into = &f->rects[who[0]];

	for (uint32_t i = 1; i < n; i++) {
		struct rect *r = &f->rects[who[i]];
		uint32_t n_cells = r->id ? find_cells(f, r, r->checks) : 0;
		for (uint32_t j = 0; j < n_cells; j++)
			f->owner[f->cells[j]] = into->id;
		hosts_union(f, &f->sum, &into->hosts, &r->hosts);
		hosts_copy(f, &into->hosts, &f->sum);
		into->checks = set_or(into->checks, r->checks);
		into->stayed = set_or(into->stayed, r->stayed);
		into->hops = set_or(into->hops, r->hops);
		into->senders = set_or(into->senders, r->senders);
		into->is_dark = into->is_dark && r->is_dark;
		r->hosts.n = 0; /* to be removed */
	}
	into->cut = 0;
	into->bits = rect_bits(f, &into->hosts, into->checks);
	for (uint32_t i = f->n_rects; i-- > 0;)
		if (f->rects[i].hosts.n == 0)
			rect_remove(f, i);
}

/* What one name for both saves. Where hosts are shared the incident saved counts in
 * full, where checks are not at all; where neither is, names must save a margin. */
static double gain_of(struct folder *f, const struct rect *a, const struct rect *b)
{
	double gain = hosts_meet(&a->hosts, &b->hosts)  ? COST_INCIDENT
		      : set_meets(a->checks, b->checks) ? 0
							: -COST_MARGIN;

	hosts_union(f, &f->sum, &a->hosts, &b->hosts);
	return gain + a->bits + b->bits -
	       rect_bits(f, &f->sum, set_or(a->checks, b->checks));
}

/* Adds one after the other to a, always the one that saves most, even if it costs for
 * now: three parts may have a name that two of them have not. Then all up to where most
 * was saved become one. False: nothing is saved. */
static bool join_to(struct folder *f, uint32_t first)
{
	uint32_t who[MAX_CLIQUE] = {first}, n = 1, best_n = 1;
	struct rect all = f->rects[first];
	double gain = 0, best = 0;

	all.hosts = (struct hosts){.n = 0};
	hosts_copy(f, &all.hosts, &f->rects[first].hosts);
	while (n < MAX_CLIQUE && !is_exhausted(f)) {
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
		hosts_union(f, &f->sum, &all.hosts, &b->hosts);
		hosts_copy(f, &all.hosts, &f->sum);
		all.checks = set_or(all.checks, b->checks);
		all.stayed = set_or(all.stayed, b->stayed);
		all.hops = set_or(all.hops, b->hops);
		all.senders = set_or(all.senders, b->senders);
		all.is_dark = all.is_dark && b->is_dark;
		all.bits = rect_bits(f, &all.hosts, all.checks);
		if (gain > best) {
			best = gain;
			best_n = n;
		}
	}
	hosts_free(&all.hosts);
	if (best_n > 1)
		merge(f, who, best_n);
	return best_n > 1;
}

/* Rectangles of which none has counter-evidence against another become one incident
 * where one name for all is shorter than the names apart. */
static void join(struct folder *f)
{
	sort_rects(f);
	for (uint32_t i = 0; i < f->n_rects; i++)
		prepare_join(f, &f->rects[i]);
	for (uint32_t i = 0; i < f->n_rects && !is_exhausted(f);)
		if (!join_to(f, i))
			i++;
}

/* ---- 4. regrouping
 * ------------------------------------------------------------------------- */

/* Another that could take the checks that are left of a. UINT32_MAX: none. */
static uint32_t find_twin(struct folder *f, uint32_t a, uint32_t b,
	struct check_set left, const struct hosts *keep)
{
	for (uint32_t i = 0; i < f->n_rects; i++)
		if (i != a && i != b && set_within(left, f->rects[i].checks) &&
			hosts_fitting(f, &f->fit, NULL, keep, f->rects[i].checks) ==
				keep->n)
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
	hosts_touched(f, &f->cut, &ra->hosts, left);
	if (f->cut.n == 0)
		return false;
	find_hops(f, ra, rb->checks);
	find_hops(f, rb, rb->checks);
	if (evidence_differs(ra, rb))
		return false;
	hosts_touched(f, &f->sum2, &ra->hosts, rb->checks);
	hosts_union(f, &f->sum, &f->sum2, &rb->hosts); /* what b would span */
	wide_bits = rect_bits(f, &f->sum, rb->checks);
	gain = ra->bits + rb->bits - wide_bits;
	twin = find_twin(f, a, b, left, &f->cut);
	/* Two flows of noise that happen to be beside it divide no cause. */
	if (twin != UINT32_MAX && (rb->hosts.n * 4 < ra->hosts.n ||
					  f->rects[twin].hosts.n * 4 < ra->hosts.n))
		return false;
	if (twin != UINT32_MAX) {
		rest = f->rects[twin].checks;
		hosts_union(f, &f->sum2, &f->rects[twin].hosts, &f->cut);
		hosts_copy(f, &f->cut, &f->sum2);
		gain += COST_INCIDENT + f->rects[twin].bits;
	}
	rest_bits = rect_bits(f, &f->cut, rest);
	if (gain - rest_bits <= COST_SECOND)
		return false;
	rect_set_hosts(f, rb, &f->sum, wide_bits);
	if (twin == UINT32_MAX) {
		ra->checks = rest;
		rect_set_hosts(f, ra, &f->cut, rest_bits);
	} else {
		rect_set_hosts(f, &f->rects[twin], &f->cut, rest_bits);
		rect_remove(f, a);
	}
	return true;
}

static void regroup(struct folder *f)
{
	sort_rects(f);
	for (uint32_t a = 0, b = 0; a < f->n_rects && !is_exhausted(f);) {
		if (a != b && regroup_pair(f, a, b)) {
			sort_rects(f);
			a = b = 0;
		} else if (++b == f->n_rects) {
			b = 0;
			a++;
		}
	}
}

/* ---- 5. what evidence separates
 * ------------------------------------------------------- */

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
			hosts_push(f, &rect->hosts, h);
	}
	rect->bits = n ? rect_bits(f, &rect->hosts, rect->checks) : 0;
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
		COST_INCIDENT + log2_choose(n_loud, loud);
	return n_rest && n_loud && apart < together + log2_choose(n, loud);
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
			struct rect *made = rect_add(
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
		shape(f, r, f->cells, find_cells(f, r, r->checks));
	}
}

/* Each rectangle owns what it changed, but for what a larger one has; then evidence
 * cuts it. True: it did. */
static bool settle(struct folder *f)
{
	bool any = false;

	sort_rects(f);
	for (uint32_t i = 0; i < f->n_rects; i++) {
		struct rect *r = &f->rects[i];
		uint32_t n = find_cells(f, r, r->checks); /* which nobody owns yet */
		r->id = ++f->last_id;
		for (uint32_t j = 0; j < n; j++)
			f->owner[f->cells[j]] = r->id;
		shape(f, r, f->cells, n);
	}
	for (uint32_t i = 0; i < f->n_rects && !is_exhausted(f);) {
		uint32_t n = find_cells(f, &f->rects[i], f->rects[i].checks);
		if (n > 1 && f->n_rects < MAX_CLIQUE &&
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
			rect_remove(f, i);
	return any;
}

/* ---- all of it
 * -------------------------------------------------------------------------------- */

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
	for (int i = 0; i < ROUNDS && !is_exhausted(f); i++) {
		sort_rects(f);
		if (!note_round(f, &sum))
			break;
		join(f);
		regroup(f);
		join(f);
	}
	/* What evidence cut may fit elsewhere. */
	if (!f->failed && settle(f) && !is_exhausted(f))
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
		rect_remove(f, f->n_rects - 1);
	free(f->rects);
	for (uint32_t i = 0; i < f->n_blocks; i++)
		hosts_free(&f->blocks[i].hosts);
	free(f->blocks);
	for (unsigned i = 0; i < N_DOMAINS; i++) {
		free(f->domains[i].size);
		free(f->domains[i].place);
	}
	for (unsigned i = 0; i < 3; i++)
		hosts_free(&f->rest[i]);
	hosts_free(&f->fit);
	hosts_free(&f->cut);
	hosts_free(&f->sum);
	hosts_free(&f->sum2);
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
		groups[i].n_flows = find_cells(f, r, r->checks);
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
