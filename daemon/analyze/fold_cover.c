/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/analyze/fold.h"

/* Among equals the scope that says most: one check rather than several, a group rather
 * than a network. When all is lost, "everything" says more than a group's name. */
static int preference(enum incident_scope scope)
{
	switch (scope) {
	case INCIDENT_CHECK_GROUP:
		return 0;
	case INCIDENT_CHECK_SUBNET:
		return 1;
	case INCIDENT_CHECK_ALL:
		return 2;
	case INCIDENT_HOST:
		return 3;
	case INCIDENT_ALL:
		return 4;
	case INCIDENT_GROUP:
		return 5;
	default:
		return 6;
	}
}

/*
 * What telling the candidate saves: two for each change that need not be told alone,
 * less two for itself, less one for each exception that would have to be told.
 */
static int64_t gain_of(const struct fold_candidate *candidate)
{
	return 2 * (int64_t)candidate->remaining - 2 - candidate->unchanged;
}

/* ---- a heap of candidates, best first ---------------------------------------- */

struct heap {
	const struct fold_candidate *candidates;
	uint32_t *items;
	uint32_t count;
};

static bool better(const struct heap *heap, uint32_t a, uint32_t b)
{
	const struct fold_candidate *x = &heap->candidates[a];
	const struct fold_candidate *y = &heap->candidates[b];

	if (x->gain != y->gain)
		return x->gain > y->gain;
	if (x->unchanged != y->unchanged)
		return x->unchanged < y->unchanged;
	if (preference(x->scope) != preference(y->scope))
		return preference(x->scope) < preference(y->scope);
	if (x->weight != y->weight)
		return x->weight < y->weight;
	return a < b;
}

static void sift_down(struct heap *heap, uint32_t at)
{
	uint32_t item = heap->items[at];

	for (;;) {
		uint32_t child = at * 2 + 1;
		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
			better(heap, heap->items[child + 1], heap->items[child]))
			child++;
		if (!better(heap, heap->items[child], item))
			break;
		heap->items[at] = heap->items[child];
		at = child;
	}
	heap->items[at] = item;
}

static void drop_first(struct heap *heap)
{
	heap->items[0] = heap->items[--heap->count];
	if (heap->count)
		sift_down(heap, 0);
}

static int heap_init(struct heap *heap, struct fold *fold)
{
	*heap = (struct heap){.candidates = fold->candidates};
	heap->items =
		arena_calloc(&fold->scratch, fold->n_candidates, sizeof *heap->items);
	if (!heap->items)
		return -ENOMEM;
	heap->count = fold->n_candidates;
	for (uint32_t i = 0; i < heap->count; i++) {
		heap->items[i] = i;
		fold->candidates[i].gain = gain_of(&fold->candidates[i]);
	}
	for (uint32_t i = heap->count / 2; i-- > 0;)
		sift_down(heap, i);
	return 0;
}

/* ---- taking ------------------------------------------------------------------ */

/* Picks as they are made; each change finds its place in `pool` once. */
struct cover {
	struct fold_pick *picks;
	uint32_t n_picks;
	uint32_t *pool;
	uint32_t used;
};

static void strike_out_chain(struct fold *fold, uint32_t candidate)
{
	for (; candidate != FOLD_NONE; candidate = fold->candidates[candidate].parent)
		fold->candidates[candidate].remaining--;
}

static void strike_out(struct fold *fold, uint32_t change)
{
	fold->changes[change].taken = true;
	strike_out_chain(fold, fold->check_leaf[change]);
	strike_out_chain(fold, fold->broad_leaf[change]);
	for (uint32_t at = fold->link_of[change]; at != FOLD_NONE;
		at = fold->links[at].next)
		fold->candidates[fold->links[at].candidate].remaining--;
}

static void take(struct fold *fold, struct cover *cover, uint32_t index)
{
	const struct fold_candidate *candidate = &fold->candidates[index];
	struct fold_pick *pick = &cover->picks[cover->n_picks++];

	*pick = (struct fold_pick){
		.scope = candidate->scope,
		.candidate = candidate,
		.changes = cover->pool + cover->used,
		.unexplained = candidate->unchanged,
	};
	for (uint32_t i = 0; i < candidate->n_members; i++) {
		uint32_t change = candidate->members[i];
		if (fold->changes[change].taken)
			continue;
		pick->changes[pick->n_changes++] = change;
		strike_out(fold, change);
	}
	cover->used += pick->n_changes;
}

static void take_best(struct fold *fold, struct cover *cover, struct heap *heap)
{
	while (heap->count) {
		struct fold_candidate *best = &fold->candidates[heap->items[0]];
		int64_t gain = gain_of(best);

		/* What is explained elsewhere speaks neither for it nor against. */
		if (!fold_convincing(
			    best->remaining, best->remaining + best->unchanged)) {
			drop_first(heap);
		} else if (gain < best->gain) {
			best->gain = gain;
			sift_down(heap, 0);
		} else {
			take(fold, cover, heap->items[0]);
			drop_first(heap);
		}
	}
}

static void take_singles(struct fold *fold, struct cover *cover)
{
	for (uint32_t i = 0; i < fold->n_changes; i++) {
		if (fold->changes[i].taken)
			continue;
		cover->pool[cover->used] = i;
		cover->picks[cover->n_picks++] = (struct fold_pick){
			.scope = INCIDENT_FLOW,
			.changes = cover->pool + cover->used++,
			.n_changes = 1,
		};
	}
}

int fold_cover(struct fold *fold, struct fold_pick **out, uint32_t *count)
{
	struct arena *arena = &fold->scratch;
	struct cover cover = {
		.picks = arena_calloc(arena, fold->n_changes, sizeof *cover.picks),
		.pool = arena_calloc(arena, fold->n_changes, sizeof *cover.pool),
	};
	struct heap heap;

	if (!cover.picks || !cover.pool || heap_init(&heap, fold) < 0)
		return -ENOMEM;
	take_best(fold, &cover, &heap);
	take_singles(fold, &cover);
	*out = cover.picks;
	*count = cover.n_picks;
	return 0;
}

/* ---- one cause, many picks --------------------------------------------------- */

struct named_pick {
	uint32_t cause;
	uint32_t pick;
	uint8_t kind;
	bool stray;
};

/* The cause that all of its changes name, or 0. */
static uint32_t cause_of(const struct fold *fold, const struct fold_pick *pick)
{
	uint32_t cause = fold->changes[pick->changes[0]].cause;

	for (uint32_t i = 1; i < pick->n_changes; i++)
		if (fold->changes[pick->changes[i]].cause != cause)
			return 0;
	return cause;
}

static int compare_named(const void *a, const void *b)
{
	const struct named_pick *x = a, *y = b;

	if (x->cause != y->cause)
		return x->cause < y->cause ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->stray != y->stray)
		return x->stray ? -1 : 1;
	return x->pick < y->pick ? -1 : x->pick > y->pick;
}

static bool is_stray(const struct fold_pick *pick)
{
	return pick->scope == INCIDENT_FLOW || pick->scope == INCIDENT_HOST;
}

/*
 * How many of `named`, which name one cause and stand strays first, to put together. A
 * router that is named all over is one incident, and so are strays and the one scope
 * that they belong to; but two scopes of one router are two rules, and strays beside
 * those are together on their own.
 */
static uint32_t worth_merging(const struct named_pick *named, uint32_t n)
{
	uint32_t strays = 0;

	while (strays < n && named[strays].stray)
		strays++;
	return n - strays == 2 ? strays : n;
}

/* The first pick takes the changes of the others, which are left empty. */
static int merge(struct fold *fold, struct fold_pick *picks,
	const struct named_pick *named, uint32_t n)
{
	struct fold_pick merged = {.scope = INCIDENT_CAUSE};
	uint32_t total = 0;

	for (uint32_t i = 0; i < n; i++)
		total += picks[named[i].pick].n_changes;
	merged.changes = arena_calloc(&fold->scratch, total, sizeof *merged.changes);
	if (!merged.changes)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct fold_pick *pick = &picks[named[i].pick];
		for (uint32_t j = 0; j < pick->n_changes; j++)
			merged.changes[merged.n_changes++] = pick->changes[j];
		pick->n_changes = 0;
	}
	picks[named[0].pick] = merged;
	return 0;
}

static uint32_t list_named(const struct fold *fold, const struct fold_pick *picks,
	uint32_t count, struct named_pick *named)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t cause = cause_of(fold, &picks[i]);
		uint32_t flow = fold->changes[picks[i].changes[0]].flow;
		if (cause)
			named[n++] = (struct named_pick){cause, i,
				fold->input->flows[flow].kind, is_stray(&picks[i])};
	}
	qsort(named, n, sizeof *named, compare_named);
	return n;
}

static uint32_t drop_empty(struct fold_pick *picks, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (picks[i].n_changes)
			picks[kept++] = picks[i];
	return kept;
}

int fold_by_cause(struct fold *fold, struct fold_pick *picks, uint32_t *count)
{
	struct named_pick *named = arena_calloc(&fold->scratch, *count, sizeof *named);
	uint32_t n = named ? list_named(fold, picks, *count, named) : 0;
	int rc = named ? 0 : -ENOMEM;

	for (uint32_t i = 0, end; i < n && rc == 0; i = end) {
		for (end = i + 1; end < n; end++)
			if (named[end].cause != named[i].cause ||
				named[end].kind != named[i].kind)
				break;
		uint32_t merged = worth_merging(named + i, end - i);
		if (merged > 1)
			rc = merge(fold, picks, named + i, merged);
	}
	*count = drop_empty(picks, *count);
	return rc;
}
