/* SPDX-License-Identifier: Apache-2.0 */
/* What rules*.c share: the binding of one rule list. */
#ifndef CONFIG_RULES_BIND_H
#define CONFIG_RULES_BIND_H

#include "config/rules.h"
#include "config/schema.h"

struct rules_binder {
	const struct inventory *inventory;
	const struct settings_schedule *schedule; /* the file's */
	struct arena *arena;
	struct conf_report *report;
};

/* What the checks of a rule inherit from it, and what it learns from them. */
struct rule_defaults {
	enum rule_expect expect;
	bool accept_closed;
	uint32_t timeout_ms;
	uint32_t attempts;
};

/* "open", "clear", "blocked", "any": the index of a word is its rule_expect - 1. */
extern const char *const rule_expect_words[];

/* Binds one rule; what could be read of it is in *rule also with -EINVAL. 0, -EINVAL
 * after reporting, -ENOMEM. */
int rule_bind(const struct rules_binder *binder, const struct conf_node *node,
	struct rule *rule);

/*
 * Binds `check:` (not null): one check or a list. 0, -EINVAL after reporting, -ENOMEM.
 */
int rule_checks_bind(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, struct rule *rule);

/* The same for `control:`, whose entries have no expectation of their own. */
int rule_controls_bind(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, struct rule *rule);

/* True when `accept:` holds nothing but "closed"; mistakes are reported. */
bool rule_accept_bind(
	const struct rules_binder *binder, const struct conf_texts *accept);

/* Fills rule->to and rule->to_name. 0, -EINVAL after reporting, -ENOMEM. */
int rule_to_bind(const struct rules_binder *binder, const struct conf_texts *names,
	struct rule *rule);

/* Says whether a `from` is known and not empty; mistakes are reported. */
bool rule_from_check(const struct rules_binder *binder, const struct rule *rule);

#endif
