/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/fold_field.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"

int fold_field_init(struct fold_field *field, struct fold *fold)
{
	uint32_t n_groups = fold->input->n_groups;
	struct arena *arena = &fold->scratch;

	*field = (struct fold_field){.check = FOLD_NONE};
	field->sums =
		arena_calloc(arena, (size_t)fold->index.n_flows + 1, sizeof(uint32_t));
	field->by_group = arena_calloc(arena, n_groups, sizeof(uint32_t));
	field->changed = arena_calloc(arena, n_groups, sizeof(uint32_t));
	field->candidate = arena_calloc(arena, n_groups, sizeof(uint32_t));
	field->touched = arena_calloc(arena, n_groups, sizeof(uint32_t));
	if (!field->sums || !field->by_group || !field->changed || !field->candidate ||
		!field->touched)
		return -ENOMEM;
	return 0;
}

/* The part of the index that holds the flows of a check, or all of it. */
static void choose_flows(
	struct fold_field *field, const struct fold_index *index, uint32_t check)
{
	field->first = 0;
	field->flows = index->flows;
	field->ranks = index->flow_ranks;
	field->n_flows = index->n_flows;
	if (check == FOLD_NONE)
		return;
	field->first = index->first_of_check[check];
	field->flows = index->checked + field->first;
	field->ranks = index->checked_ranks + field->first;
	field->n_flows = index->first_of_check[check + 1] - field->first;
}

void fold_field_set(struct fold_field *field, const struct fold *fold, uint32_t check,
	uint32_t mask)
{
	const struct incident_input *input = fold->input;

	if (field->flows && field->check == check && field->mask == mask)
		return;
	field->check = check;
	field->mask = mask;
	choose_flows(field, &fold->index, check);
	if (input->n_groups)
		memset(field->by_group, 0, input->n_groups * sizeof(uint32_t));
	for (uint32_t i = 0; i < field->n_flows; i++) {
		const struct incident_flow *flow = &input->flows[field->flows[i]];
		const struct incident_host *host = &input->hosts[flow->host];
		uint32_t could = mask >> flow->from & 1;

		field->sums[i + 1] = field->sums[i] + could;
		for (uint32_t g = 0; could && g < host->n_groups; g++)
			field->by_group[host->groups[g]]++;
	}
}

/* Where a change's flow stands in the field. */
static uint32_t place_of(
	const struct fold_field *field, const struct fold_change *change)
{
	bool one = field->check != FOLD_NONE;

	return (one ? change->check_place : change->place) - field->first;
}

/* The outermost place on the same side of `bound` as `from`: by steps that double, then
 * by halves. */
static uint32_t edge(
	const struct fold_field *field, uint32_t from, uint32_t bound, bool up)
{
	uint32_t room = up ? field->n_flows - 1 - from : from;
	uint32_t inside = 0, outside = 1;

#define IS_INSIDE(step)                           \
	(up ? field->ranks[from + (step)] < bound \
	    : field->ranks[from - (step)] >= bound)
	while (outside <= room && IS_INSIDE(outside)) {
		inside = outside;
		outside *= 2;
	}
	if (outside > room)
		outside = room + 1;
	while (outside - inside > 1) {
		uint32_t middle = inside + (outside - inside) / 2;

		if (IS_INSIDE(middle))
			inside = middle;
		else
			outside = middle;
	}
#undef IS_INSIDE
	return up ? from + inside : from - inside;
}

uint32_t fold_field_count(const struct fold_field *field, const struct fold *fold,
	uint32_t first, uint32_t last, uint32_t begin, uint32_t end)
{
	uint32_t low = place_of(field, &fold->changes[first]);
	uint32_t high = place_of(field, &fold->changes[last]);

	return field->sums[edge(field, high, end, true) + 1] -
	       field->sums[edge(field, low, begin, false)];
}

bool fold_outdone(const struct fold *fold, uint32_t around, uint32_t n)
{
	return around != FOLD_NONE && fold->candidates[around].unchanged == 0 &&
	       fold->candidates[around].n_members > n;
}

int fold_add_candidate(struct fold *fold, const struct fold_field *field,
	struct fold_candidate candidate, uint32_t could, uint32_t *index)
{
	struct fold_candidate *candidates = array_grow(fold->candidates,
		&fold->candidates_capacity, fold->n_candidates, sizeof candidate);

	if (!candidates)
		return -ENOMEM;
	fold->candidates = candidates;
	candidate.remaining = candidate.n_members;
	candidate.unchanged = could - candidate.n_members;
	candidate.check = field->check;
	candidate.mask = field->mask;
	*index = fold->n_candidates++;
	fold->candidates[*index] = candidate;
	return 0;
}
