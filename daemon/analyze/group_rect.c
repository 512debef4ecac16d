/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/group_rect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Visits of hosts that a direction may take, and more for each change: some tenths of a
 * second for 100,000. */
#define WORK_FIXED UINT64_C(10000000)
#define WORK_EACH UINT64_C(200)

#define COST_PIECE 8.0 /* one more part of a name: "paris and 10.1.2.3" */

/* ---- lists of hosts ------------------------------------------------------ */

static bool hosts_reserve(struct folder *f, struct group_hosts *hosts, uint32_t n)
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

void group_hosts_push(struct folder *f, struct group_hosts *hosts, uint32_t host)
{
	if (hosts_reserve(f, hosts, hosts->n + 1))
		hosts->at[hosts->n++] = host;
}

void group_hosts_copy(
	struct folder *f, struct group_hosts *to, const struct group_hosts *from)
{
	to->n = 0;
	if (!hosts_reserve(f, to, from->n))
		return;
	if (from->n)
		memcpy(to->at, from->at, from->n * sizeof *to->at);
	to->n = from->n;
}

void group_hosts_union(struct folder *f, struct group_hosts *out,
	const struct group_hosts *a, const struct group_hosts *b)
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

bool group_hosts_meet(const struct group_hosts *a, const struct group_hosts *b)
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

void group_hosts_free(struct group_hosts *hosts)
{
	free(hosts->at);
	*hosts = (struct group_hosts){.n = 0};
}

void group_hosts_touched(struct folder *f, struct group_hosts *out,
	const struct group_hosts *hosts, struct check_set checks)
{
	out->n = 0;
	for (uint32_t i = 0; i < hosts->n; i++)
		if (set_meets(f->view->changed[hosts->at[i]], checks))
			group_hosts_push(f, out, hosts->at[i]);
	f->work += hosts->n;
}

uint32_t group_hosts_fitting(struct folder *f, struct group_hosts *out,
	struct group_hosts *others, const struct group_hosts *hosts,
	struct check_set checks)
{
	out->n = 0;
	if (others)
		others->n = 0;
	f->work += hosts->n;
	for (uint32_t i = 0; i < hosts->n; i++) {
		if (!set_meets(f->view->stayed[hosts->at[i]], checks))
			group_hosts_push(f, out, hosts->at[i]);
		else if (others)
			group_hosts_push(f, others, hosts->at[i]);
	}
	return out->n;
}

/* ---- what a name costs --------------------------------------------------- */

static double log2_factorial(uint32_t n)
{
	int sign;

	return lgamma_r((double)n + 1, &sign) * 1.4426950408889634;
}

double group_choice_bits(uint32_t n, uint32_t k)
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
	return 1 + log2(m) + log2(runs) + group_choice_bits(n - 1, runs - 1) +
	       group_choice_bits(m - n + 1, runs);
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
static double name_bits(struct folder *f, const struct group_hosts *hosts,
	struct check_set checks, int depth)
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
		struct group_hosts *rest = &f->rest[depth];
		double bits;
		rest->n = 0;
		for (uint32_t i = 0; i < hosts->n; i++)
			if (!group_fleet_in_group(fleet, hosts->at[i], whole))
				group_hosts_push(f, rest, hosts->at[i]);
		bits = group_bits + 1 + COST_PIECE +
		       name_bits(f, rest, checks, depth - 1);
		if (bits < best)
			best = bits;
	}
	return best;
}

static double check_bits(
	struct folder *f, const struct group_hosts *hosts, struct check_set checks)
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
	return group_choice_bits(set_count(asked), n) + n;
}

double group_rect_bits(
	struct folder *f, const struct group_hosts *hosts, struct check_set checks)
{
	return name_bits(f, hosts, checks, 2) + check_bits(f, hosts, checks);
}

/* ---- the list of rectangles ---------------------------------------------- */

struct rect *group_rect_add(struct folder *f, const struct group_hosts *hosts,
	struct check_set checks, double bits)
{
	const struct group_hosts from = *hosts; /* maybe of the list that moves */
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
	group_hosts_copy(f, &rect->hosts, &from);
	return rect;
}

void group_rect_remove(struct folder *f, uint32_t at)
{
	group_hosts_free(&f->rects[at].hosts);
	f->n_rects--;
	memmove(&f->rects[at], &f->rects[at + 1], (f->n_rects - at) * sizeof *f->rects);
}

void group_rect_set_hosts(struct folder *f, struct rect *rect,
	const struct group_hosts *hosts, double bits)
{
	group_hosts_copy(f, &rect->hosts, hosts);
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

void group_rects_sort(struct folder *f)
{
	if (f->n_rects)
		qsort(f->rects, f->n_rects, sizeof *f->rects, compare_rects);
}

/* ---- its flows ----------------------------------------------------------- */

/* Is the flow a change of the rectangle, on one of the checks? */
static bool is_cell(const struct folder *f, const struct rect *rect, uint32_t flow,
	struct check_set checks)
{
	unsigned bit = f->view->bit_of[f->fleet->input->flows[flow].check];

	return f->fleet->direction[flow] == f->view->direction && bit != SET_OTHERS &&
	       f->owner[flow] == rect->id && set_has(checks, bit);
}

uint32_t group_rect_flows(
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

bool group_is_exhausted(const struct folder *f)
{
	return f->failed || f->work > WORK_FIXED + WORK_EACH * f->view->n_changed;
}
