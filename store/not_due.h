/* SPDX-License-Identifier: Apache-2.0 */
/* The flows that the newest scan did not ask, by their rules, and which scan did. */
#ifndef STORE_NOT_DUE_H
#define STORE_NOT_DUE_H

#include "store/sql.h"

/* Inside the transaction that records `scan`: these rules, a word, were not due; scans
 * up to `previous` that asked them did so last. 0 or a negative errno. */
int not_due_keep(struct store *store, int64_t vantage, int64_t previous, int64_t scan,
	int64_t rules);

/* Drops those that were not kept. 0 or a negative errno. */
int not_due_drop(struct store *store, int64_t vantage, int64_t scan);

struct not_due {
	int64_t rules; /* a word */
	int64_t scan, started_us;
};

struct not_due_list {
	struct not_due *items;
	uint32_t count, capacity;
	uint32_t at; /* neighbours often have the same rules */
};

/* Those of scan `scan`, where it is the newest of its vantage; else none. 0 (free()
 * list->items) or a negative errno. */
int not_due_load(
	struct store *store, int64_t vantage, int64_t scan, struct not_due_list *list);

/* NULL: the rules were due. */
const struct not_due *not_due_find(struct not_due_list *list, int64_t rules);

#endif
