/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "daemon/analyze/fold.h"

/* Collected while the flows of a candidate's scope go by. */
struct looking {
	struct fold *fold;
	const struct fold_candidate *candidate;
	bool grouped;
	uint16_t way; /* of the incident's changes, broad */
	uint32_t stayed[INCIDENT_MAX_UNCHANGED];
	uint32_t n_stayed;
	uint32_t hosts; /* met besides those of the incident */
};

static void meet_host(struct looking *looking, uint32_t host)
{
	struct fold_marks *marks = &looking->fold->marks;

	if (marks->host[host] == marks->incident)
		return;
	marks->host[host] = marks->incident;
	looking->hosts++;
}

static void keep_stayed(struct looking *looking, uint32_t index)
{
	uint32_t at = looking->n_stayed++;

	if (at < INCIDENT_MAX_UNCHANGED)
		looking->stayed[at] = index;
}

static void look_at(struct looking *looking, uint32_t index)
{
	const struct incident_input *input = looking->fold->input;
	const struct incident_flow *flow = &input->flows[index];
	const struct fold_candidate *candidate = looking->candidate;

	if (candidate->check != FOLD_NONE && candidate->check != flow->check)
		return;
	if (!(candidate->mask >> flow->from & 1))
		return;
	if (looking->grouped &&
		!fold_in_group(&input->hosts[flow->host], candidate->group))
		return;
	if (fold_stayed(flow, candidate->mask))
		keep_stayed(looking, index);
	/* What changed the same way and is not of this incident is told elsewhere. */
	else if (fold_way(flow, true) == looking->way)
		return;
	meet_host(looking, flow->host);
}

static void look_at_ranks(struct looking *looking, uint32_t begin, uint32_t end)
{
	const struct fold_index *index = &looking->fold->index;

	for (uint32_t i = index->first_of_rank[begin]; i < index->first_of_rank[end];
		i++)
		look_at(looking, index->flows[i]);
}

static void look_at_check(struct looking *looking, uint32_t check)
{
	const struct fold_index *index = &looking->fold->index;

	for (uint32_t i = index->first_of_check[check];
		i < index->first_of_check[check + 1]; i++)
		look_at(looking, index->checked[i]);
}

static void look_at_group(struct looking *looking, uint32_t group)
{
	const struct fold_index *index = &looking->fold->index;

	for (uint32_t i = index->first_of_group[group];
		i < index->first_of_group[group + 1]; i++)
		look_at_ranks(looking, index->members[i], index->members[i] + 1);
}

/* Whichever has fewer flows to look at: the check's, or those of the group's hosts. */
static bool check_is_shorter(
	const struct fold_index *index, const struct fold_candidate *candidate)
{
	uint32_t check = candidate->check;

	return check != FOLD_NONE &&
	       index->first_of_check[check + 1] - index->first_of_check[check] <
		       index->flows_of_group[candidate->group];
}

static void look_at_scope(struct looking *looking)
{
	const struct fold_candidate *candidate = looking->candidate;
	const struct fold *fold = looking->fold;

	switch (candidate->scope) {
	case INCIDENT_HOST:
	case INCIDENT_SUBNET:
	case INCIDENT_CHECK_SUBNET:
		look_at_ranks(looking, candidate->begin, candidate->end);
		break;
	case INCIDENT_GROUP:
	case INCIDENT_CHECK_GROUP:
		if (check_is_shorter(&fold->index, candidate))
			look_at_check(looking, candidate->check);
		else
			look_at_group(looking, candidate->group);
		break;
	case INCIDENT_CHECK_ALL:
		look_at_check(looking, candidate->check);
		break;
	default:
		look_at_ranks(looking, 0, fold->input->n_hosts);
	}
}

static int find_unchanged(struct fold *fold, const struct fold_pick *pick,
	struct arena *arena, struct incident *out)
{
	const struct fold_candidate *candidate = pick->candidate;
	struct looking looking = {
		.fold = fold,
		.candidate = candidate,
		.way = fold->changes[pick->changes[0]].broad,
	};
	uint32_t kept, *unchanged;

	looking.grouped = candidate->scope == INCIDENT_GROUP ||
			  candidate->scope == INCIDENT_CHECK_GROUP;
	look_at_scope(&looking);
	kept = looking.n_stayed < INCIDENT_MAX_UNCHANGED ? looking.n_stayed
							 : INCIDENT_MAX_UNCHANGED;
	unchanged = arena_calloc(arena, kept, sizeof *unchanged);
	if (!unchanged)
		return -ENOMEM;
	for (uint32_t i = 0; i < kept; i++)
		unchanged[i] = looking.stayed[i];
	out->unchanged = unchanged;
	out->n_unchanged = looking.n_stayed;
	out->of_hosts = candidate->check == FOLD_NONE
				? out->n_hosts + looking.hosts
				: out->n_hosts + pick->unexplained;
	return 0;
}

/* ---- contrast ---------------------------------------------------------------- */

/* That a name still resolves says nothing about the path. */
static bool asks_names(const char *check)
{
	return strncmp(check, "dns", 3) == 0 && (check[3] == '\0' || check[3] == '/');
}

static uint32_t count_stayed(
	struct fold *fold, uint32_t rank, uint32_t mask, uint32_t n_touched)
{
	const struct fold_index *index = &fold->index;
	struct fold_marks *marks = &fold->marks;

	for (uint32_t i = index->first_of_rank[rank];
		i < index->first_of_rank[rank + 1]; i++) {
		const struct incident_flow *flow = &fold->input->flows[index->flows[i]];
		if (!fold_stayed(flow, mask) ||
			asks_names(fold->input->checks[flow->check]))
			continue;
		if (marks->stayed[flow->check]++ == 0)
			marks->touched[n_touched++] = flow->check;
		marks->state[flow->check] |= UINT32_C(1) << flow->from;
	}
	return n_touched;
}

static bool more_stayed(const struct fold_marks *marks, uint32_t a, uint32_t b)
{
	uint32_t on_a = marks->stayed[a], on_b = marks->stayed[b];

	return on_a != on_b ? on_a > on_b : a < b;
}

/* The check that stayed on most hosts; of equals the first of the input. */
static void choose_contrast(struct fold *fold, uint32_t n_touched, struct incident *out)
{
	struct fold_marks *marks = &fold->marks;
	uint32_t best = FOLD_NONE;

	for (uint32_t i = 0; i < n_touched; i++)
		if (best == FOLD_NONE || more_stayed(marks, marks->touched[i], best))
			best = marks->touched[i];
	if (best != FOLD_NONE) {
		out->contrast_check = fold->input->checks[best];
		out->contrast_hosts = marks->stayed[best];
		out->contrast_state = fold_one_state(marks->state[best]);
	}
	for (uint32_t i = 0; i < n_touched; i++) {
		marks->stayed[marks->touched[i]] = 0;
		marks->state[marks->touched[i]] = 0;
	}
}

static void find_contrast(
	struct fold *fold, const struct fold_pick *pick, struct incident *out)
{
	uint32_t mask = fold_way_mask(fold->changes[pick->changes[0]].way);
	uint32_t n_touched = 0;

	/* Of one check: no host comes twice. */
	for (uint32_t i = 0; i < pick->n_changes; i++)
		n_touched = count_stayed(
			fold, fold->changes[pick->changes[i]].rank, mask, n_touched);
	choose_contrast(fold, n_touched, out);
}

int fold_evidence(struct fold *fold, const struct fold_pick *pick, struct arena *arena,
	struct incident *out)
{
	int rc = 0;

	out->of_hosts = out->n_hosts;
	if (pick->candidate && pick->unexplained)
		rc = find_unchanged(fold, pick, arena, out);
	if (rc == 0 && out->check)
		find_contrast(fold, pick, out);
	return rc;
}

int fold_marks_init(struct fold *fold)
{
	const struct incident_input *input = fold->input;
	struct arena *arena = &fold->scratch;
	struct fold_marks *marks = &fold->marks;

	marks->host = arena_calloc(arena, input->n_hosts, sizeof(uint32_t));
	marks->check = arena_calloc(arena, input->n_checks, sizeof(uint32_t));
	marks->stayed = arena_calloc(arena, input->n_checks, sizeof(uint32_t));
	marks->state = arena_calloc(arena, input->n_checks, sizeof(uint32_t));
	marks->touched = arena_calloc(arena, input->n_checks, sizeof(uint32_t));
	if (!marks->host || !marks->check || !marks->stayed || !marks->state ||
		!marks->touched)
		return -ENOMEM;
	return 0;
}
