/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sets of rules that flows come from. Hosts of one group have the same few sets,
 * and a flow's set grows rule by rule, so a set is its parent and one more rule, found
 * by a hash: a step a flow and rule, whatever the number of rules.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan_build.h"

struct rule_trie_node {
	uint32_t parent, rule;
	uint32_t depth; /* rules in the set */
	uint32_t set;   /* at the end: 1 + index into plan->rule_sets; 0: not used */
};

int rule_trie_init(struct rule_trie *trie)
{
	*trie = (struct rule_trie){.count = 1, .capacity = 64, .n_slots = 256};
	trie->nodes = calloc(trie->capacity, sizeof *trie->nodes);
	trie->slots = calloc(trie->n_slots, sizeof *trie->slots);
	return trie->nodes && trie->slots ? 0 : -ENOMEM;
}

static uint32_t *find_slot(const struct rule_trie *trie, uint32_t parent, uint32_t rule)
{
	uint64_t key = plan_hash_number((uint64_t)parent << 32 | rule);
	uint32_t at = (uint32_t)key & (trie->n_slots - 1);

	for (; trie->slots[at]; at = (at + 1) & (trie->n_slots - 1)) {
		const struct rule_trie_node *node = &trie->nodes[trie->slots[at]];
		if (node->parent == parent && node->rule == rule)
			break;
	}
	return &trie->slots[at];
}

/* Twice the nodes, and slots for four times as many as there are nodes. */
static int grow(struct rule_trie *trie)
{
	uint32_t capacity = trie->capacity * 2;
	struct rule_trie_node *nodes;
	uint32_t *slots;

	if (capacity > UINT32_MAX / 8)
		return -ENOMEM;
	nodes = realloc(trie->nodes, capacity * sizeof *nodes);
	if (!nodes)
		return -ENOMEM;
	trie->nodes = nodes;
	slots = calloc((size_t)capacity * 4, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(trie->slots);
	trie->slots = slots;
	trie->n_slots = capacity * 4U;
	trie->capacity = capacity;
	for (uint32_t i = 1; i < trie->count; i++)
		*find_slot(trie, nodes[i].parent, nodes[i].rule) = i;
	return 0;
}

int rule_trie_add(struct rule_trie *trie, uint32_t set, uint32_t rule, uint32_t *out)
{
	uint32_t *slot;
	int rc;

	if (set != 0 && trie->nodes[set].rule == rule) {
		*out = set;
		return 0;
	}
	assert(set == 0 || trie->nodes[set].rule < rule);
	slot = find_slot(trie, set, rule);
	if (*slot == 0) {
		if (trie->count == trie->capacity) {
			rc = grow(trie);
			if (rc < 0)
				return rc;
			slot = find_slot(trie, set, rule);
		}
		*slot = trie->count;
		trie->nodes[trie->count++] = (struct rule_trie_node){
			.parent = set,
			.rule = rule,
			.depth = trie->nodes[set].depth + 1,
		};
	}
	*out = *slot;
	return 0;
}

static int write_set(const struct rule_trie *trie, uint32_t index, struct plan *plan)
{
	const struct rule_trie_node *node = &trie->nodes[index];
	uint32_t *rules = arena_calloc(&plan->arena, node->depth, sizeof *rules);

	if (!rules)
		return -ENOMEM;
	plan->rule_sets[node->set - 1] =
		(struct plan_rule_set){.rules = rules, .count = node->depth};
	for (uint32_t i = node->depth; i > 0; i--) {
		rules[i - 1] = node->rule;
		node = &trie->nodes[node->parent];
	}
	return 0;
}

/* The number of a set that is used. */
static uint32_t number_set(struct rule_trie *trie, uint32_t index, struct plan *plan)
{
	struct rule_trie_node *node = &trie->nodes[index];

	if (node->set == 0)
		node->set = ++plan->n_rule_sets;
	return node->set - 1;
}

int rule_trie_finish(struct rule_trie *trie, struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_flows; i++) {
		struct plan_flow *flow = &plan->flows[i];
		flow->rules = number_set(trie, flow->rules, plan);
		flow->askers = number_set(trie, flow->askers, plan);
	}
	plan->rule_sets =
		arena_calloc(&plan->arena, plan->n_rule_sets, sizeof *plan->rule_sets);
	if (!plan->rule_sets)
		return -ENOMEM;
	for (uint32_t i = 1; i < trie->count; i++)
		if (trie->nodes[i].set != 0 && write_set(trie, i, plan) < 0)
			return -ENOMEM;
	return 0;
}

void rule_trie_fini(struct rule_trie *trie)
{
	free(trie->nodes);
	free(trie->slots);
	*trie = (struct rule_trie){0};
}
