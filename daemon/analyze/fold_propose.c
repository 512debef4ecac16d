/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/array.h"
#include "daemon/analyze/fold_field.h"

bool fold_convincing(uint32_t changes, uint32_t could)
{
	if (changes < 2 || (changes == 2 && could > 2))
		return false;
	return (uint64_t)changes * 5 >= (uint64_t)could * 4;
}

static int add_link(struct fold *fold, uint32_t change, uint32_t candidate)
{
	struct fold_link *links = array_grow(
		fold->links, &fold->links_capacity, fold->n_links, sizeof *links);

	if (!links)
		return -ENOMEM;
	fold->links = links;
	fold->links[fold->n_links] =
		(struct fold_link){candidate, fold->link_of[change]};
	fold->link_of[change] = fold->n_links++;
	return 0;
}

/* ---- everything -------------------------------------------------------------- */

static int propose_all(struct fold *fold, const struct fold_field *field,
	const struct fold_run *run, uint32_t *leaf)
{
	uint32_t could = field->sums[field->n_flows];
	uint32_t all = FOLD_NONE;
	struct fold_candidate candidate = {
		.scope = field->check == FOLD_NONE ? INCIDENT_ALL : INCIDENT_CHECK_ALL,
		.members = run->changes,
		.n_members = run->n,
		.parent = FOLD_NONE,
		.weight = fold->input->n_hosts,
	};

	if (fold_convincing(run->n, could) &&
		fold_add_candidate(fold, field, candidate, could, &all) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < run->n; i++)
		leaf[run->changes[i]] = all;
	return 0;
}

/* ---- groups ------------------------------------------------------------------ */

static const struct incident_host *host_of(const struct fold *fold, uint32_t change)
{
	return &fold->input->hosts[fold->index.host_at[fold->changes[change].rank]];
}

static uint32_t count_groups(
	const struct fold *fold, struct fold_field *field, const struct fold_run *run)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < run->n; i++) {
		const struct incident_host *host = host_of(fold, run->changes[i]);
		for (uint32_t g = 0; g < host->n_groups; g++) {
			uint32_t group = host->groups[g];
			if (field->changed[group]++ == 0)
				field->touched[n++] = group;
		}
	}
	return n;
}

static int propose_group(
	struct fold *fold, struct fold_field *field, uint32_t group, uint32_t around)
{
	const uint32_t *first = fold->index.first_of_group;
	struct fold_candidate candidate = {
		.scope = field->check == FOLD_NONE ? INCIDENT_GROUP
						   : INCIDENT_CHECK_GROUP,
		.n_members = field->changed[group],
		.parent = FOLD_NONE,
		.group = group,
		.weight = first[group + 1] - first[group],
	};
	uint32_t could = field->by_group[group];

	field->candidate[group] = FOLD_NONE;
	if (!fold_convincing(candidate.n_members, could) ||
		fold_outdone(fold, around, candidate.n_members))
		return 0;
	candidate.members =
		arena_calloc(&fold->scratch, candidate.n_members, sizeof(uint32_t));
	if (!candidate.members)
		return -ENOMEM;
	return fold_add_candidate(
		fold, field, candidate, could, &field->candidate[group]);
}

/* Counts `changed` down as members find their places. */
static int fill_group(
	struct fold *fold, struct fold_field *field, uint32_t group, uint32_t change)
{
	uint32_t index = field->candidate[group];
	struct fold_candidate *candidate = &fold->candidates[index];
	uint32_t at = candidate->n_members - field->changed[group];

	/* The array is this file's own until the candidates are done. */
	((uint32_t *)candidate->members)[at] = change;
	field->changed[group]--;
	return add_link(fold, change, index);
}

static int fill_groups(
	struct fold *fold, struct fold_field *field, const struct fold_run *run)
{
	for (uint32_t i = 0; i < run->n; i++) {
		const struct incident_host *host = host_of(fold, run->changes[i]);
		for (uint32_t g = 0; g < host->n_groups; g++) {
			uint32_t group = host->groups[g];
			if (field->candidate[group] != FOLD_NONE &&
				fill_group(fold, field, group, run->changes[i]) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* `around` is the candidate of the whole run. */
static int propose_groups(struct fold *fold, struct fold_field *field,
	const struct fold_run *run, uint32_t around)
{
	uint32_t n = count_groups(fold, field, run);
	int rc = 0;

	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = propose_group(fold, field, field->touched[i], around);
	if (rc == 0)
		rc = fill_groups(fold, field, run);
	for (uint32_t i = 0; i < n; i++)
		field->changed[field->touched[i]] = 0;
	return rc;
}

/* ---- hosts ------------------------------------------------------------------- */

static int propose_host(struct fold *fold, const struct fold_field *field,
	const uint32_t *members, uint32_t n, uint32_t *leaf)
{
	uint32_t rank = fold->changes[members[0]].rank;
	uint32_t could = fold_field_count(
		field, fold, members[0], members[n - 1], rank, rank + 1);
	struct fold_candidate candidate = {
		.scope = INCIDENT_HOST,
		.members = members,
		.n_members = n,
		.parent = leaf[members[0]],
		.begin = rank,
		.end = rank + 1,
		.weight = 1,
	};
	uint32_t index;

	if (!fold_convincing(n, could) || fold_outdone(fold, candidate.parent, n))
		return 0;
	if (fold_add_candidate(fold, field, candidate, could, &index) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		leaf[members[i]] = index;
	return 0;
}

static int propose_hosts(struct fold *fold, const struct fold_field *field,
	const struct fold_run *run, uint32_t *leaf)
{
	int rc = 0;

	for (uint32_t i = 0, end; i < run->n && rc == 0; i = end) {
		uint32_t rank = fold->changes[run->changes[i]].rank;
		for (end = i; end < run->n; end++)
			if (fold->changes[run->changes[end]].rank != rank)
				break;
		rc = propose_host(fold, field, run->changes + i, end - i, leaf);
	}
	return rc;
}

/* ---- all of them ------------------------------------------------------------- */

static int propose_run(struct fold *fold, struct fold_field *field,
	const struct fold_run *run, uint32_t *leaf)
{
	int rc = propose_all(fold, field, run, leaf);

	if (rc == 0)
		rc = propose_groups(fold, field, run, leaf[run->changes[0]]);
	if (rc == 0)
		rc = fold_propose_networks(fold, field, run, leaf);
	if (rc == 0 && field->check == FOLD_NONE)
		rc = propose_hosts(fold, field, run, leaf);
	return rc;
}

static bool same_check_run(const struct fold_change *a, const struct fold_change *b)
{
	return a->check == b->check && a->way == b->way && a->cause == b->cause;
}

static int propose_checks(struct fold *fold, struct fold_field *field)
{
	int rc = 0;

	for (uint32_t i = 0, end; i < fold->n_changes && rc == 0; i = end) {
		const struct fold_change *first = &fold->changes[fold->by_check[i]];
		for (end = i; end < fold->n_changes; end++)
			if (!same_check_run(first, &fold->changes[fold->by_check[end]]))
				break;
		struct fold_run run = {fold->by_check + i, end - i};
		fold_field_set(field, fold, first->check, fold_way_mask(first->way));
		rc = propose_run(fold, field, &run, fold->check_leaf);
	}
	return rc;
}

static int propose_broad(struct fold *fold, struct fold_field *field)
{
	int rc = 0;

	for (uint32_t i = 0, end; i < fold->n_changes && rc == 0; i = end) {
		uint16_t broad = fold->changes[i].broad;
		for (end = i; end < fold->n_changes; end++)
			if (fold->changes[end].broad != broad)
				break;
		struct fold_run run = {fold->by_broad + i, end - i};
		fold_field_set(field, fold, FOLD_NONE, fold_way_mask(broad));
		rc = propose_run(fold, field, &run, fold->broad_leaf);
	}
	return rc;
}

static uint32_t *none_of_each(struct fold *fold)
{
	uint32_t *items = arena_calloc(&fold->scratch, fold->n_changes, sizeof *items);

	for (uint32_t i = 0; items && i < fold->n_changes; i++)
		items[i] = FOLD_NONE;
	return items;
}

int fold_propose(struct fold *fold)
{
	struct fold_field field;
	int rc = fold_field_init(&field, fold);

	fold->link_of = none_of_each(fold);
	fold->check_leaf = none_of_each(fold);
	fold->broad_leaf = none_of_each(fold);
	if (!fold->link_of || !fold->check_leaf || !fold->broad_leaf)
		return -ENOMEM;
	if (rc == 0)
		rc = propose_checks(fold, &field);
	if (rc == 0)
		rc = propose_broad(fold, &field);
	return rc;
}
