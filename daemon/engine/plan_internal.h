/* SPDX-License-Identifier: Apache-2.0 */
/* What plan.c (the plan, ad hoc plans) lends plan_build.c (plans from rules). */
#ifndef DAEMON_ENGINE_PLAN_INTERNAL_H
#define DAEMON_ENGINE_PLAN_INTERNAL_H

#include "daemon/engine/plan.h"

/* A plan with the vocabulary of the configuration; a name that a kind has already is a
 * mistake. 0, -ENOMEM, or -EINVAL after reporting; *out is NULL only for -ENOMEM. */
int plan_new(
	const struct config *config, struct conf_report *report, struct plan **out);

/* Resolves one check with its options, but for time limit and attempts, into the plan's
 * arena. `options` may be NULL. 0, -EINVAL after reporting, or -ENOMEM. */
int plan_parse_check(struct plan *plan, const char *text, struct conf_mark mark,
	const struct conf_node *options, struct conf_report *report,
	struct plan_check *out);

/* A host of the inventory, without its flows. */
struct plan_host plan_host_of(const struct inventory *inventory, uint32_t host);

/* Fills scope and connections once all else is there. 0 or -ENOMEM. */
int plan_measure(struct plan *plan);

/* Equal on every machine and in every release, since the scope is stored. */
uint64_t plan_hash_number(uint64_t number);

#endif
