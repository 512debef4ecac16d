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

#include "daemon/commands/command.h"
#include "store/store.h"

struct side {
	struct store *store;
	bool owned;             /* the store was opened for this side alone */
	struct store_scan scan; /* its vantage is the one below */
	char *vantage;          /* owned */
};

/* Finds a complete scan in one store: of one vantage, or of any when NULL, as far as
 * the spec is no number and no baseline. False after telling what is wrong. The text in
 * *scan is the store's. */
bool side_find_scan(struct store *store, const char *vantage, const char *spec,
	struct store_scan *scan);

/*
 * The same, where the spec may also name a database file. `store` is the default store
 * (NULL when there is none yet). The vantage is that of the options; but in another
 * file only --vantage counts. False after telling; else side_fini() it.
 */
bool side_open(struct store *store, const struct common_options *options,
	const char *spec, struct side *out);

/* True when the spec names a database file, so that no default store is needed. */
bool side_names_file(const char *spec);

#define SIDE_TEXT (INVENTORY_MAX_NAME + 72)

/* Writes "scan 11, 2026-01-31T23:59:59.123Z", or "scan 11 from paris, ..." where a
 * vantage is named; returns `buf`. size >= SIDE_TEXT. */
const char *side_text(
	int64_t id, const char *vantage, int64_t time_us, char *buf, size_t size);

void side_fini(struct side *side);

#endif
