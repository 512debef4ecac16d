/* SPDX-License-Identifier: Apache-2.0 */
/* A stored scan as a snapshot. */
#ifndef DAEMON_QUERY_SNAPSHOT_H
#define DAEMON_QUERY_SNAPSHOT_H

#include "daemon/model/snapshot.h"
#include "store/store.h"

/* How much of it. */
enum snapshot_extent {
	SNAPSHOT_STATES,   /* no evidence, no times */
	SNAPSHOT_EVIDENCE, /* no times */
	SNAPSHOT_WHOLE
};

/*
 * Loads a complete scan. What was reported is that of the vantage's newest scan alone.
 * 0, or a negative errno; snapshot_fini() it either way. Blocks on the disk.
 */
int snapshot_load(struct store *store, const struct store_scan *scan,
	enum snapshot_extent extent, struct snapshot *out);

/*
 * Loads an earlier scan of the vantage that `later` was loaded for, out of `later` and
 * of what changed in between: its cost follows the number of changes. `later` must
 * outlive it. Flows that did not change have no evidence and nothing reported.
 * Likewise.
 */
int snapshot_load_earlier(struct store *store, const struct store_scan *scan,
	const struct snapshot *later, struct snapshot *out);

/* Both sides of a comparison, of one store or of two; `then` without evidence.
 * Likewise, of both; `then` first. */
int snapshot_load_pair(struct store *before, const struct store_scan *earlier,
	struct store *after, const struct store_scan *later, struct snapshot *then,
	struct snapshot *now);

#endif
