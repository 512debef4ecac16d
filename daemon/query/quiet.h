/* SPDX-License-Identifier: Apache-2.0 */
/* Which flows are recorded but not told, as the store's silences say. */
#ifndef DAEMON_QUERY_QUIET_H
#define DAEMON_QUERY_QUIET_H

#include <stdint.h>

#include "base/arena.h"
#include "daemon/analyze/silence.h"
#include "daemon/engine/plan.h"
#include "daemon/query/previous.h"
#include "store/store.h"

struct quiet {
	struct arena arena;
	struct silence *silences;
	uint32_t count, capacity;
};

/* Loads the silences that hold now. 0 (quiet_fini() it) or a negative errno. Blocks on
 * the disk. */
int quiet_load(struct store *store, int64_t now_us, struct quiet *out);

/* Loads those that held at a time of the past. Likewise. */
int quiet_load_past(struct store *store, int64_t then_us, struct quiet *out);

/* Loads all there ever were. Likewise. */
int quiet_load_all(struct store *store, struct quiet *out);

/* The silence by which a flow of the plan is quiet, as of silence_of(), or NULL. */
const struct silence *quiet_find(
	const struct quiet *quiet, const struct plan *plan, uint32_t flow);

/* The number of that of a stored flow, whose groups and rules are JSON arrays of names;
 * 0: none. NULL counts as empty. */
uint32_t quiet_of_stored(const struct quiet *quiet, const struct store_flow *flow);

/* Each flow's number; NULL when all are 0, or without memory, which *rc tells: 0 or
 * -ENOMEM. free() it. */
uint32_t *quiet_of_all(const struct quiet *quiet, const struct plan *plan, int *rc);

/*
 * What changed under a silence that has ended since `since_us` was not told, so it is
 * now: in `previous`, what it made quiet and is so no more (`silences`, as of
 * quiet_of_all()) becomes what it was when it became quiet, or by the oldest scan that
 * is kept. Silences of one scope that follow each other without a gap count as one. 0
 * or a negative errno. Blocks on the disk.
 */
int quiet_release(struct store *store, const struct plan *plan,
	const uint32_t *silences, int64_t since_us, int64_t now_us,
	struct previous *previous);

void quiet_fini(struct quiet *quiet);

#endif
