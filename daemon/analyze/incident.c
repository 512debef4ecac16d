/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/incident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "daemon/analyze/incident_name.h"

struct fold {
	struct group_fleet fleet;
	struct incident_namer namer;
	struct arena *arena; /* the caller's */
	struct incident *items;
	uint32_t count, room;
};

/* Biggest first; no two incidents share a flow. */
static int compare_incidents(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;

	if (x->n_flows != y->n_flows)
		return x->n_flows > y->n_flows ? -1 : 1;
	return x->flows[0] < y->flows[0] ? -1 : x->flows[0] > y->flows[0];
}

static int add_group(
	struct fold *fold, const struct group_view *view, const struct group *group)
{
	struct incident *items =
		array_grow(fold->items, &fold->room, fold->count, sizeof *items);

	if (!items)
		return -ENOMEM;
	fold->items = items;
	return incident_name(
		&fold->namer, view, group, fold->arena, &items[fold->count++]);
}

/* By server: its flows are one cause whatever they are. */
static int add_servers(struct fold *fold, const struct group_view *view)
{
	const struct group_fleet *fleet = &fold->fleet;
	uint32_t n = fleet->input->n_flows, left = view->n_changed;
	uint32_t *flows = arena_calloc(fold->arena, left + 1, sizeof *flows);
	bool *taken = calloc(n + 1, sizeof *taken);
	int rc = flows && taken ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < n && left && rc == 0; i++) {
		struct group group = {.flows = flows};
		uint32_t first = fleet->flow_at[i];

		if (fleet->direction[first] != view->direction || taken[first])
			continue;
		for (uint32_t j = i; j < n; j++) {
			uint32_t flow = fleet->flow_at[j];
			if (fleet->direction[flow] != view->direction || taken[flow] ||
				view->bit_of[fleet->input->flows[flow].check] ==
					SET_OTHERS ||
				strcmp(fleet->input->flows[flow].cause,
					fleet->input->flows[first].cause) != 0)
				continue;
			taken[flow] = true;
			group.flows[group.n_flows++] = flow;
		}
		if (group.n_flows == 0)
			continue; /* in another view */
		rc = add_group(fold, view, &group);
		flows += group.n_flows;
		left -= group.n_flows;
	}
	free(taken);
	return rc;
}

/* All that changed in one direction, in as many views as its checks need. */
static int add_direction(struct fold *fold, uint32_t direction)
{
	uint32_t skip = 0;
	int rc;

	do {
		struct group_view view;
		struct group *groups = NULL;
		struct arena scratch;
		uint32_t n = 0;

		arena_init(&scratch, 0);
		rc = group_view_init(&view, &fold->fleet, direction, skip, &scratch);
		if (rc > 0) {
			int done;
			skip += (uint32_t)rc;
			if (group_direction_is_server(direction))
				done = add_servers(fold, &view);
			else
				done = group_find(&view, fold->arena, &groups, &n);
			for (uint32_t i = 0; i < n && done == 0; i++)
				done = add_group(fold, &view, &groups[i]);
			rc = done < 0 ? done : rc;
		}
		arena_fini(&scratch);
	} while (rc > 0);
	return rc;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Each direction in which some flow changed, once, ascending. */
static int add_directions(struct fold *fold, struct arena *scratch)
{
	const struct group_fleet *fleet = &fold->fleet;
	uint32_t n = 0, *directions;
	int rc = incident_namer_init(&fold->namer, fleet, scratch);

	directions =
		arena_calloc(scratch, fleet->input->n_flows + 1, sizeof *directions);
	if (rc < 0 || !directions)
		return -ENOMEM;
	for (uint32_t i = 0; i < fleet->input->n_flows; i++)
		if (fleet->direction[i])
			directions[n++] = fleet->direction[i];
	qsort(directions, n, sizeof *directions, compare_numbers);
	for (uint32_t i = 0; i < n && rc == 0; i++)
		if (i == 0 || directions[i] != directions[i - 1])
			rc = add_direction(fold, directions[i]);
	return rc;
}

int incident_fold(const struct incident_input *input, struct arena *arena,
	struct incident **out, size_t *count)
{
	struct fold fold = {.arena = arena};
	struct arena scratch;
	int rc;

	*out = NULL;
	*count = 0;
	arena_init(&scratch, 0);
	rc = group_fleet_init(&fold.fleet, input, &scratch);
	if (rc == 0)
		rc = add_directions(&fold, &scratch);
	if (rc == 0 && fold.count) {
		qsort(fold.items, fold.count, sizeof *fold.items, compare_incidents);
		for (uint32_t i = 0; i < fold.count; i++)
			fold.items[i].id = i + 1;
		*out = arena_calloc(arena, fold.count, sizeof **out);
		if (*out)
			memcpy(*out, fold.items, fold.count * sizeof **out);
		rc = *out ? 0 : -ENOMEM;
	}
	*count = rc == 0 ? fold.count : 0;
	free(fold.items);
	arena_fini(&scratch);
	return rc;
}
