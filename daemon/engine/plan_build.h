/* SPDX-License-Identifier: Apache-2.0 */
/* Building a plan, step by step: shared by the plan_*.c files, no one else's. */
#ifndef DAEMON_ENGINE_PLAN_BUILD_H
#define DAEMON_ENGINE_PLAN_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/engine/plan.h"

/* One entry of a rule's `check:` or `control:`, resolved. */
struct plan_source {
	const struct rule_check *entry;
	uint32_t rule;
	uint32_t check; /* index into plan->checks */
	uint8_t expect; /* never EXPECT_DEFAULT */
	bool accept_closed;
	bool control;
	uint32_t told; /* 1 + the source that it was last reported to contradict */
};

/* The rules of flows as shared sets: a set is reached from a smaller one by adding one
 * rule. Set 0 is empty. */
struct rule_trie {
	struct rule_trie_node *nodes;
	uint32_t count, capacity;
	uint32_t *slots; /* hash of (parent, rule) to node; 0: free */
	uint32_t n_slots;
};

struct plan_builder {
	const struct config *config;
	struct conf_report *report;
	struct plan *plan;
	bool *applies;               /* per rule: it is for this vantage */
	struct plan_source *sources; /* of the rules that apply, in their order */
	uint32_t n_sources;
	struct rule_trie trie;
};

/* Empty; NULL without memory. plan_free() it. */
struct plan *plan_new(const struct config *config);

/* All return 0, -EINVAL after reporting, or -ENOMEM. */

/* Fills plan->vocabulary; a name that a kind has already is a mistake. */
int plan_read_vocabulary(struct plan *plan, struct conf_report *report);

/* Fills builder->applies. */
int plan_select_rules(struct plan_builder *builder);

/* Fills builder->sources and plan->checks; looks for mistakes in every rule. */
int plan_resolve_checks(struct plan_builder *builder);

/* Fills plan->hosts, plan->flows (rules: nodes of the trie) from the sources. */
int plan_unroll(struct plan_builder *builder);

int rule_trie_init(struct rule_trie *trie);

/* The set that has `rule` (not below those in it) as well. */
int rule_trie_add(struct rule_trie *trie, uint32_t set, uint32_t rule, uint32_t *out);

/* Turns the sets that flows have into plan->rule_sets. */
int rule_trie_finish(struct rule_trie *trie, struct plan *plan);

void rule_trie_fini(struct rule_trie *trie);

/* Fills scope and connections. 0 or -ENOMEM. */
int plan_measure(struct plan *plan);

/* The hash of a number is equal on every machine and in every release: the scope is
 * stored. */
uint64_t plan_hash_number(uint64_t number);

/* Resolves one check with its options into the plan's arena. `options` may be NULL. */
int plan_parse_check(struct plan *plan, const char *text, struct conf_mark mark,
	const struct conf_node *options, struct conf_report *report,
	struct plan_check *out);

#endif
