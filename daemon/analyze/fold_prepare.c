/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/fold.h"

struct named_cause {
	const char *cause;
	uint32_t change;
};

static int compare_causes(const void *a, const void *b)
{
	const struct named_cause *x = a, *y = b;
	int order = strcmp(x->cause, y->cause);

	if (order)
		return order;
	return x->change < y->change ? -1 : x->change > y->change;
}

/* Numbers the causes by their order as text, from 1. */
static int number_causes(struct fold *fold)
{
	struct named_cause *named = calloc(fold->n_changes, sizeof *named);
	uint32_t count = 0, number = 0;

	if (!named)
		return -ENOMEM;
	for (uint32_t i = 0; i < fold->n_changes; i++) {
		const char *cause = fold->input->flows[fold->changes[i].flow].cause;
		if (cause && *cause)
			named[count++] = (struct named_cause){cause, i};
	}
	qsort(named, count, sizeof *named, compare_causes);
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(named[i].cause, named[i - 1].cause) != 0)
			number++;
		fold->changes[named[i].change].cause = number;
	}
	free(named);
	return 0;
}

static bool is_change(const struct incident_flow *flow)
{
	return flow->kind != CHANGE_NONE && flow->kind != CHANGE_ADDED &&
	       flow->kind != CHANGE_REMOVED;
}

static int collect(struct fold *fold)
{
	const struct fold_index *index = &fold->index;
	uint32_t *change_of =
		arena_calloc(&fold->scratch, fold->input->n_flows, sizeof *change_of);
	uint32_t n = 0;

	fold->changes =
		arena_calloc(&fold->scratch, fold->n_changes, sizeof *fold->changes);
	if (!fold->changes || !change_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->n_flows; i++) {
		const struct incident_flow *flow = &fold->input->flows[index->flows[i]];
		if (!is_change(flow))
			continue;
		change_of[index->flows[i]] = n;
		fold->changes[n++] = (struct fold_change){
			.flow = index->flows[i],
			.rank = index->flow_ranks[i],
			.check = flow->check,
			.place = i,
			.way = fold_way(flow, false),
			.broad = fold_way(flow, true),
		};
	}
	for (uint32_t i = 0; i < index->n_flows; i++)
		if (is_change(&fold->input->flows[index->checked[i]]))
			fold->changes[change_of[index->checked[i]]].check_place = i;
	return number_causes(fold);
}

static int order_of(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_broad(const void *a, const void *b)
{
	const struct fold_change *x = a, *y = b;
	int order = order_of(x->broad, y->broad);

	if (!order)
		order = order_of(x->rank, y->rank);
	return order ? order : order_of(x->flow, y->flow);
}

struct placed_change {
	struct fold_change change;
	uint32_t index;
};

static int compare_check(const void *a, const void *b)
{
	const struct fold_change *x = &((const struct placed_change *)a)->change;
	const struct fold_change *y = &((const struct placed_change *)b)->change;
	int order = order_of(x->check, y->check);

	if (!order)
		order = order_of(x->way, y->way);
	if (!order)
		order = order_of(x->cause, y->cause);
	if (!order)
		order = order_of(x->rank, y->rank);
	return order ? order : order_of(x->flow, y->flow);
}

static int order_changes(struct fold *fold)
{
	uint32_t n = fold->n_changes;
	struct placed_change *placed = calloc(n, sizeof *placed);

	fold->by_broad = arena_calloc(&fold->scratch, n, sizeof(uint32_t));
	fold->by_check = arena_calloc(&fold->scratch, n, sizeof(uint32_t));
	if (!placed || !fold->by_broad || !fold->by_check) {
		free(placed);
		return -ENOMEM;
	}
	qsort(fold->changes, n, sizeof *fold->changes, compare_broad);
	for (uint32_t i = 0; i < n; i++) {
		fold->by_broad[i] = i;
		placed[i] = (struct placed_change){fold->changes[i], i};
	}
	qsort(placed, n, sizeof *placed, compare_check);
	for (uint32_t i = 0; i < n; i++)
		fold->by_check[i] = placed[i].index;
	free(placed);
	return 0;
}

int fold_prepare(struct fold *fold)
{
	int rc = 0;

	for (uint32_t i = 0; i < fold->input->n_flows; i++)
		fold->n_changes += is_change(&fold->input->flows[i]);
	if (fold->n_changes)
		rc = fold_index_build(fold->input, &fold->scratch, &fold->index);
	if (rc == 0 && fold->n_changes)
		rc = collect(fold);
	if (rc == 0 && fold->n_changes)
		rc = order_changes(fold);
	return rc;
}

void fold_fini(struct fold *fold)
{
	free(fold->candidates);
	free(fold->links);
	arena_fini(&fold->scratch);
}
