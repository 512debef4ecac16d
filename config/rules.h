/* SPDX-License-Identifier: Apache-2.0 */
/* Promises: from group, to group, checks, expectation. */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/document.h"
#include "config/inventory.h"
#include "config/report.h"

struct settings_schedule; /* config/settings.h */

enum rule_expect {
	EXPECT_DEFAULT,
	EXPECT_OPEN,
	EXPECT_CLEAR,
	EXPECT_BLOCKED,
	EXPECT_ANY
};

/* "open", "clear", "blocked", "any"; "default" for EXPECT_DEFAULT. Static. */
const char *rule_expect_name(enum rule_expect expect);

/* One entry of `check:` or `control:`. What its text means is for probes/ to say. */
struct rule_check {
	const char *text; /* KIND[/ARGUMENT] as written */
	enum rule_expect expect;
	bool accept_closed;
	uint32_t timeout_ms; /* 0: the rule's, else the settings' */
	uint32_t attempts;   /* 0: likewise */
	const struct conf_node
		*options; /* the mapping, for the kind's own keys; or NULL */
	struct conf_mark mark;
};

struct rule {
	const char *name;
	const char *from; /* group or host; NULL: every vantage */
	struct conf_mark from_mark;
	const uint32_t *to; /* inventory host indexes, rising; never empty */
	uint32_t n_to;
	const char *to_name; /* the group or host as written; several joined by ", " */
	const struct rule_check *checks;
	uint32_t n_checks;
	const struct rule_check
		*controls; /* recorded, and positive control for `blocked` */
	uint32_t n_controls;
	bool vital;       /* of `controls:`: what must always answer; has controls alone
			   */
	uint32_t require; /* hosts of `to` that must pass; 0: all */
	const struct settings_schedule *schedule; /* its own; NULL: the file's */
	struct conf_mark mark;
};

struct rule_list {
	const struct rule *rules;
	uint32_t count;
};

/*
 * Binds `rules:` (a list, or the word of a built-in set: "rds"; NULL means the built-in
 * set "rds" when the groups session_hosts and license_servers exist, else a mistake).
 * A rule's own schedule has from `schedule`, the file's, what it does not say itself.
 * Mappings in `check:` may carry keys that rules do not know: those are in `options`,
 * and the room that resolves the kind binds or refuses them.
 * Returns 0, -EINVAL after reporting, -ENOMEM.
 */
int rules_bind(const struct conf_node *node, struct conf_mark file_mark,
	const struct inventory *inventory, const struct settings_schedule *schedule,
	struct arena *arena, struct conf_report *report, struct rule_list *out);

/*
 * Binds `controls:`, a list of mappings of `to` and `check`, and appends them to the
 * rules: one each, called "controls", vital. Null adds none. Returns as rules_bind().
 */
int rules_bind_controls(const struct conf_node *node, const struct inventory *inventory,
	struct arena *arena, struct conf_report *report, struct rule_list *rules);

/* The YAML text of a built-in rule set, or NULL; *size its length. Static. */
const char *rules_builtin(const char *name, size_t *size);

/* Names of the built-in sets, NULL terminated. */
extern const char *const rules_builtin_names[];

/* Keys of a check mapping that rules.c binds itself; NULL terminated. */
extern const char *const rule_check_keys[];

#endif
