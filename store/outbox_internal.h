/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of the outbox: used by the recorder alone. */
#ifndef STORE_OUTBOX_INTERNAL_H
#define STORE_OUTBOX_INTERNAL_H

#include "store/internal.h"
#include "store/outbox.h"

/* Inside the caller's transaction, for the scan and vantage with these row ids. 0 or a
 * negative errno. */
int outbox_put(struct store *store, int64_t vantage, int64_t scan, int64_t put_us,
	const struct outbox_put *put);

/* Deletes what all sinks of a vantage are done with. 0 or a negative errno. */
int outbox_prune(struct store *store, int64_t vantage);

#endif
