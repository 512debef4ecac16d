/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of incident.c. Changes are folded as a cover: every scope that could be
 * one cause (a check to a group, a subnet, a host on all its checks ...) is a candidate
 * with the changes that it explains and the flows that it would have changed and did
 * not; the best candidate is taken, what it explains is struck out of the others, and
 * so on until no candidate explains anything better than single changes do.
 *
 *   fold_prepare  the changes, in the orders that the others need them in
 *   fold_index    hosts by address, flows by host and by check
 *   fold_ways     changes alike in kind, states and cause
 *   fold_propose  candidates, with how much speaks for and against each
 *   fold_field    the flows they are held against; fold_network: those of subnets
 *   fold_cover    which candidates are taken, and what stays single
 *   fold_evidence what stayed as it was, in the scope and beside it
 *   fold_describe the incident in words
 */
#ifndef DAEMON_ANALYZE_FOLD_H
#define DAEMON_ANALYZE_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "daemon/analyze/incident.h"

#define FOLD_NONE UINT32_MAX

/* ---- index ------------------------------------------------------------------- */

/* An address as two numbers; v4 in the highest 32 bits. */
struct fold_key {
	uint64_t high, low;
	uint8_t family; /* 4 or 6; 0: none */
};

/*
 * Flows that were measured before and after, or that changed. Rank: place of a host in
 * the order of addresses, those without an address last, so that a network is one run
 * of ranks. Zones of link-local addresses are left out of it.
 */
struct fold_index {
	uint32_t *host_at;     /* by rank */
	struct fold_key *keys; /* by rank */
	uint32_t *rank;        /* by host */
	uint32_t n_hosts;
	uint32_t *flows;          /* by rank, then as in the input */
	uint32_t *first_of_rank;  /* into `flows`; n_hosts + 1 of them */
	uint32_t *checked;        /* the same flows by check, then by rank */
	uint32_t *first_of_check; /* into `checked`; n_checks + 1 */
	uint32_t *flow_ranks;     /* parallel to `flows` */
	uint32_t *checked_ranks;  /* parallel to `checked` */
	uint32_t *members;        /* ranks of hosts by group */
	uint32_t *first_of_group; /* into `members`; n_groups + 1 */
	uint32_t *flows_of_group; /* how many flows the hosts of a group have */
	uint32_t n_flows;
};

/* In `arena`. 0 or -ENOMEM. */
int fold_index_build(const struct incident_input *input, struct arena *arena,
	struct fold_index *out);

/* Bits that two addresses share from the left; -1 when of two families or none. */
int fold_common_bits(const struct fold_key *a, const struct fold_key *b);

/*
 * The ranks [*begin, *end) of the hosts in the network of `bits` that holds the hosts
 * of the ranks `first` to `last`. Fast when those are most of it.
 */
void fold_network(const struct fold_index *index, uint32_t first, uint32_t last,
	int bits, uint32_t *begin, uint32_t *end);

bool fold_in_group(const struct incident_host *host, uint32_t group);

/* ---- ways -------------------------------------------------------------------- */

/*
 * Changes of one way have the same kind and like states before and after. Where a path
 * comes back, what stands behind it (open, closed, failed) makes no difference; a
 * `broad` way does not tell the blocked states apart either: a dead site is silent to
 * some checks and unreachable by ICMP to others.
 */
uint16_t fold_way(const struct incident_flow *flow, bool broad);

/* The states, as bits, that a flow could have changed from in this way. */
uint32_t fold_way_mask(uint16_t way);

/* The one state among states as bits; STATE_NONE when there are several. */
uint8_t fold_one_state(uint32_t states);

/* A flow that stayed as it was and was in one of the states of `mask`. */
bool fold_stayed(const struct incident_flow *flow, uint32_t mask);

struct fold_change {
	uint32_t flow;
	uint32_t rank;
	uint32_t check;
	uint32_t place, check_place; /* of the flow in index.flows and index.checked */
	uint32_t cause;              /* equal words have equal numbers; 0: none */
	uint16_t way, broad;
	bool taken; /* explained by a candidate that was chosen */
};

/* ---- candidates -------------------------------------------------------------- */

struct fold_candidate {
	enum incident_scope scope;
	uint32_t remaining;      /* changes it explains that no other has yet */
	uint32_t unchanged;      /* flows that it should have changed too */
	int64_t gain;            /* when it was last looked at */
	uint32_t weight;         /* among equals: the smaller scope */
	const uint32_t *members; /* changes */
	uint32_t n_members;
	uint32_t parent;     /* the candidate around it, or FOLD_NONE */
	uint32_t group;      /* of the group scopes */
	uint32_t begin, end; /* ranks, of the subnets */
	uint8_t prefix;      /* bits, of the subnets */
	uint32_t check;      /* of the check scopes */
	uint32_t mask;
};

/* A change is explained by a group's candidate; a list for each change. */
struct fold_link {
	uint32_t candidate;
	uint32_t next;
};

/* Marks and counts for the words of one incident at a time, all zero between. */
struct fold_marks {
	uint32_t *host;    /* by host: the number of the last incident that met it */
	uint32_t *check;   /* by check: likewise */
	uint32_t *stayed;  /* by check: hosts of the incident where it stayed */
	uint32_t *state;   /* by check: the states it stayed in, as bits */
	uint32_t *touched; /* checks with a count */
	uint32_t incident;
};

struct fold {
	const struct incident_input *input;
	struct arena scratch;
	struct fold_index index;
	struct fold_change *changes; /* by broad way, then rank */
	uint32_t n_changes;
	uint32_t *by_broad; /* changes in that order: 0, 1, 2 ... */
	uint32_t *by_check; /* changes by check, way, cause, rank */
	struct fold_candidate *candidates;
	uint32_t n_candidates, candidates_capacity;
	struct fold_link *links;
	uint32_t n_links, links_capacity;
	uint32_t *link_of;    /* by change: its first link */
	uint32_t *check_leaf; /* by change: the innermost candidate of one check */
	uint32_t *broad_leaf; /* by change: the innermost one of several checks */
	struct fold_marks marks;
};

/* Fills index, changes and their orders. 0 or -ENOMEM. */
int fold_prepare(struct fold *fold);

/* At least 3 changes, or all of 2, and at least 4 in 5 of what could have changed. */
bool fold_convincing(uint32_t changes, uint32_t could);

/* Every candidate that could be taken. 0 or -ENOMEM. */
int fold_propose(struct fold *fold);

/* Frees what the scratch arena does not hold, and that arena. */
void fold_fini(struct fold *fold);

/* ---- cover ------------------------------------------------------------------- */

struct fold_pick {
	enum incident_scope scope;
	const struct fold_candidate *candidate; /* NULL: a flow alone, or a cause */
	uint32_t *changes;
	uint32_t n_changes;
	uint32_t unexplained; /* flows of the candidate's scope that should have changed
				 too */
};

/* Every change in exactly one pick, in the scratch arena. 0 or -ENOMEM. */
int fold_cover(struct fold *fold, struct fold_pick **out, uint32_t *count);

/* Puts picks together that name one cause, when they are many. 0 or -ENOMEM. */
int fold_by_cause(struct fold *fold, struct fold_pick *picks, uint32_t *count);

/* ---- evidence and words ------------------------------------------------------ */

/*
 * Fills unchanged and of_hosts, and for one check the contrast; n_hosts, scope and
 * check are there already. Arrays in `arena`. 0 or -ENOMEM.
 */
int fold_evidence(struct fold *fold, const struct fold_pick *pick, struct arena *arena,
	struct incident *out);

/* Fills everything but `id`. Strings and arrays in `arena`. 0 or -ENOMEM. */
int fold_describe(struct fold *fold, const struct fold_pick *pick, struct arena *arena,
	struct incident *out);

/* Room for the marks, in the scratch arena. 0 or -ENOMEM. */
int fold_marks_init(struct fold *fold);

#endif
