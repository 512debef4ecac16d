/* SPDX-License-Identifier: Apache-2.0 */
/* The flows that the newest scan did not ask, by their rules, and which scan did. */
#ifndef STORE_IDLE_H
#define STORE_IDLE_H

#include "store/store.h"

struct recorder;

/* What `record` carries. 0 or a negative errno. */
int idle_record(struct recorder *recorder, const struct store_record *record);

struct idle_rules {
	int64_t rules; /* a word */
	int64_t scan, started_us;
};

/* Those of scan `scan`, where it is the newest of its vantage; else none. 0 (free()
 * *items) or a negative errno. */
int idle_load(struct store *store, int64_t vantage, int64_t scan,
	struct idle_rules **items, size_t *count);

#endif
