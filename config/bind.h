/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a struct from a mapping by a schema table; reports every mistake. */
#ifndef CONFIG_BIND_H
#define CONFIG_BIND_H

#include "base/arena.h"
#include "config/document.h"
#include "config/report.h"
#include "config/schema.h"

/*
 * Members whose key is absent keep what they hold (set defaults before the call). A key
 * whose value is null counts as absent, and a null for a mapping as an empty one.
 * Unknown keys are mistakes, with the nearest known key as help; keys in `ignore` (NULL
 * terminated, may be NULL) are passed over. Returns 0, or -EINVAL when a mistake was
 * reported, or -ENOMEM.
 */
int conf_bind(const struct conf_node *mapping, const struct conf_field *fields,
	const char *const *ignore, void *out, struct arena *arena,
	struct conf_report *report);

/*
 * One value alone, null included; field->key (may be NULL) names it in messages.
 * Numbers and durations with max 0 are bound by UINT32_MAX, rates by UINT64_MAX.
 * Returns as conf_bind().
 */
int conf_bind_value(const struct conf_node *node, const struct conf_field *field,
	void *out, struct arena *arena, struct conf_report *report);

/* `given` as seen from the folder of the file `from` (NULL: the working directory). In
 * the arena; NULL: no memory. */
const char *conf_path(struct arena *arena, const char *from, const char *given);

#endif
