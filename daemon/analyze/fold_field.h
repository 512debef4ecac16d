/* SPDX-License-Identifier: Apache-2.0 */
/* What fold_propose.c and its parts share. */
#ifndef DAEMON_ANALYZE_FOLD_FIELD_H
#define DAEMON_ANALYZE_FOLD_FIELD_H

#include "daemon/analyze/fold.h"

/*
 * The flows that changes of one way are held against: those of one check, or all, with
 * how many of them could have changed that way up to each of them, and in each group.
 */
struct fold_field {
	const uint32_t *flows; /* by rank */
	const uint32_t *ranks; /* parallel to `flows` */
	uint32_t first;        /* of `flows` in the index's array */
	uint32_t n_flows;
	uint32_t mask;
	uint32_t check; /* FOLD_NONE: all */
	uint32_t *sums; /* n_flows + 1 in use */
	uint32_t *by_group;
	uint32_t *changed;   /* by group: changes of the run at hand */
	uint32_t *candidate; /* by group: the one of the run at hand, or FOLD_NONE */
	uint32_t *touched;   /* groups with changes in the run */
};

/* Changes of one way, by rank. */
struct fold_run {
	const uint32_t *changes;
	uint32_t n;
};

/* Room for any field of this fold, in its scratch arena. 0 or -ENOMEM. */
int fold_field_init(struct fold_field *field, struct fold *fold);

/* Lays the field out for a check (FOLD_NONE: all) and a mask, unless it is so already.
 */
void fold_field_set(struct fold_field *field, const struct fold *fold, uint32_t check,
	uint32_t mask);

/*
 * How many of its flows could have changed on hosts of the ranks [begin, end), which
 * hold those of the changes `first` to `last`. Fast when these are most of it.
 */
uint32_t fold_field_count(const struct fold_field *field, const struct fold *fold,
	uint32_t first, uint32_t last, uint32_t begin, uint32_t end);

/*
 * A candidate of n changes inside another (FOLD_NONE: none) that has more and no
 * exception will never be the better one.
 */
bool fold_outdone(const struct fold *fold, uint32_t around, uint32_t n);

/*
 * Completes the candidate and adds it; `could` flows could have changed in its scope,
 * its members among them. Its number in *index. 0 or -ENOMEM.
 */
int fold_add_candidate(struct fold *fold, const struct fold_field *field,
	struct fold_candidate candidate, uint32_t could, uint32_t *index);

/*
 * Candidates for the networks that hold several of a run's hosts. leaf[change] is the
 * innermost candidate so far around a change, and stays that. 0 or -ENOMEM.
 */
int fold_propose_networks(struct fold *fold, const struct fold_field *field,
	const struct fold_run *run, uint32_t *leaf);

#endif
