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

/* Both sides of a comparison, of one store or of two; `then` without evidence.
 * Of one vantage and one store, `then` is read out of `now` and must not outlive it.
 * Likewise, of both; `then` first. */
int snapshot_load_pair(struct store *before, const struct store_scan *earlier,
	struct store *after, const struct store_scan *later, struct snapshot *then,
	struct snapshot *now);

#endif
