/* SPDX-License-Identifier: Apache-2.0 */
/* The last confirmed state of every flow of a plan, as the store knows it. */
#ifndef DAEMON_QUERY_PREVIOUS_H
#define DAEMON_QUERY_PREVIOUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "daemon/analyze/diff.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "store/store.h"

/* A flow that the last scan had and the plan has not. */
struct previous_removed {
	const char *host, *check;
	uint8_t state; /* enum probe_state */
};

struct previous {
	struct arena arena;
	int64_t scan; /* 0: there was none; then every array is empty */
	int64_t time_us;
	uint8_t *states;  /* per plan flow: enum probe_state; STATE_NONE: never
			     measured, or not in scope then */
	uint8_t *reasons; /* per plan flow: enum probe_reason, of the state */
	bool *present;    /* per plan flow: was in the last scan's scope */
	bool *proved;     /* per plan flow: it was to be blocked, and was known to
			     be */
	const char **identities; /* per plan flow: NULL for most */
	struct previous_removed *removed;
	uint32_t n_removed, removed_capacity;
};

/*
 * Loads from the newest complete scan of the plan's vantage. 0 (previous_fini() it), or
 * a negative errno. Blocks on the disk.
 */
int previous_load(struct store *store, const struct plan *plan, struct previous *out);

/* One flow's side for diff_flow(): as it was ... */
struct diff_side previous_side(const struct previous *previous, uint32_t flow);

/* ... and as it is now. */
struct diff_side result_side(
	const struct plan *plan, const struct results *results, uint32_t flow);

void previous_fini(struct previous *previous);

#endif
