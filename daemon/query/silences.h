/* SPDX-License-Identifier: Apache-2.0 */
/* The store's silences. */
#ifndef DAEMON_QUERY_SILENCES_H
#define DAEMON_QUERY_SILENCES_H

#include "base/arena.h"
#include "daemon/analyze/mute.h"
#include "store/store.h"

struct silence_list {
	struct arena arena;
	struct silence *items; /* oldest first */
	uint32_t count, capacity;
};

/* Loads those that hold now, or that held at a time of the past. 0, or a negative
 * errno; silences_fini() it either way. Block on the disk. */
int silences_load(struct store *store, int64_t now_us, struct silence_list *out);
int silences_load_past(struct store *store, int64_t then_us, struct silence_list *out);

void silences_fini(struct silence_list *list);

#endif
