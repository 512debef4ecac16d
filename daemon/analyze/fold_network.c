/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/fold_field.h"

#include <errno.h>
#include <stdlib.h>

/* Wider networks than these say nothing about a cause. */
enum {
	WIDEST_V4 = 8,
	WIDEST_V6 = 32,
	/* What people give one purpose: two hosts of it can already be a pattern. */
	USUAL_V4 = 24,
	USUAL_V6 = 64
};

/* A network that holds more than one of a run's hosts, as narrow as can be. */
struct node {
	uint32_t begin, end; /* in the run */
	uint8_t bits;
};

/* Bits in common of the change at `i` and the one before it, -1 at the ends. */
static int step_bits(const struct fold *fold, const struct fold_run *run, uint32_t i)
{
	const struct fold_key *keys = fold->index.keys;

	if (i == run->n)
		return -1;
	return fold_common_bits(&keys[fold->changes[run->changes[i - 1]].rank],
		&keys[fold->changes[run->changes[i]].rank]);
}

/*
 * The inner nodes of the binary trie over the run's addresses, inner before outer: as
 * the run is sorted, each is an interval, and a stack of open ones is enough. `nodes`
 * has room for run->n: a trie has fewer inner nodes than leaves.
 */
static uint32_t find_nodes(const struct fold *fold, const struct fold_run *run,
	struct node *open, struct node *nodes)
{
	uint32_t depth = 0, n = 0;

	for (uint32_t i = 1; i <= run->n; i++) {
		int bits = step_bits(fold, run, i);
		uint32_t begin = i - 1;

		while (depth && open[depth - 1].bits > bits) {
			struct node *node = &open[--depth];
			node->end = i;
			begin = node->begin;
			nodes[n++] = *node;
		}
		if (bits >= 0 && (!depth || open[depth - 1].bits < bits))
			open[depth++] = (struct node){begin, 0, (uint8_t)bits};
	}
	return n;
}

/* How many flows of the network could have changed; its ranks in the candidate. */
static uint32_t measure(const struct fold *fold, const struct fold_field *field,
	const uint32_t *members, uint32_t n, struct fold_candidate *candidate)
{
	uint32_t first = members[0], last = members[n - 1];

	fold_network(&fold->index, fold->changes[first].rank, fold->changes[last].rank,
		candidate->prefix, &candidate->begin, &candidate->end);
	candidate->weight = candidate->end - candidate->begin;
	return fold_field_count(
		field, fold, first, last, candidate->begin, candidate->end);
}

/* The network's usual size, when that takes in nothing that could have changed too. */
static void widen(const struct fold *fold, const struct fold_field *field,
	struct fold_candidate *candidate, uint32_t could, uint8_t usual)
{
	struct fold_candidate wider = *candidate;

	if (candidate->prefix <= usual)
		return;
	wider.prefix = usual;
	if (measure(fold, field, candidate->members, candidate->n_members, &wider) ==
		could)
		*candidate = wider;
}

static int propose_node(struct fold *fold, const struct fold_field *field,
	const struct fold_run *run, const struct node *node, uint32_t *leaf)
{
	const uint32_t *members = run->changes + node->begin;
	uint32_t n = node->end - node->begin;
	uint32_t first = fold->changes[members[0]].rank;
	bool v4 = fold->index.keys[first].family == 4;
	uint8_t usual = v4 ? USUAL_V4 : USUAL_V6;
	struct fold_candidate candidate = {
		.scope = field->check == FOLD_NONE ? INCIDENT_SUBNET
						   : INCIDENT_CHECK_SUBNET,
		.members = members,
		.n_members = n,
		.prefix = node->bits,
		.parent = leaf[members[0]],
	};
	uint32_t could, index;

	if (first == fold->changes[members[n - 1]].rank ||
		node->bits < (v4 ? WIDEST_V4 : WIDEST_V6) ||
		(n == 2 && node->bits < usual) ||
		fold_outdone(fold, candidate.parent, n))
		return 0;
	could = measure(fold, field, members, n, &candidate);
	if (!fold_convincing(n, could))
		return 0;
	widen(fold, field, &candidate, could, usual);
	if (fold_add_candidate(fold, field, candidate, could, &index) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		leaf[members[i]] = index;
	return 0;
}

/* Outer nodes first, so that each finds the one around it as the leaf of its members.
 */
int fold_propose_networks(struct fold *fold, const struct fold_field *field,
	const struct fold_run *run, uint32_t *leaf)
{
	struct node *nodes, *open;
	uint32_t n;
	int rc = 0;

	if (run->n < 2)
		return 0;
	nodes = calloc(run->n, sizeof *nodes);
	open = calloc(run->n, sizeof *open);
	if (!nodes || !open)
		rc = -ENOMEM;
	n = rc == 0 ? find_nodes(fold, run, open, nodes) : 0;
	while (n-- && rc == 0)
		rc = propose_node(fold, field, run, &nodes[n], leaf);
	free(nodes);
	free(open);
	return rc;
}
