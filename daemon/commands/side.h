/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How people name a scan: a number, a time, a baseline, "last" ("now"), "previous", a
 * database file (its last scan), or FILE@ any of these.
 */
#ifndef DAEMON_COMMANDS_SIDE_H
#define DAEMON_COMMANDS_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct side {
	struct store *store;
	bool owned;             /* the store was opened for this side alone */
	struct store_scan scan; /* vantage is a copy, freed by side_fini() */
};

/* Finds a complete scan in one store; false after telling what is wrong. The text in
 * *scan is the store's. */
bool side_find_scan(struct store *store, const char *spec, struct store_scan *scan);

/*
 * The same, where the spec may also name a database file. `store` is the default store
 * (NULL when there is none yet). False after telling; else side_fini() it.
 */
bool side_open(struct store *store, const char *spec, struct side *out);

/* True when the spec names a database file, so that no default store is needed. */
bool side_names_file(const char *spec);

/* Writes "scan 11, 2026-01-31T23:59:59.123Z"; returns `buf`. size >= 64. */
const char *side_text(int64_t id, int64_t time_us, char *buf, size_t size);

void side_fini(struct side *side);

#endif
