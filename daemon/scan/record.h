/* SPDX-License-Identifier: Apache-2.0 */
/* A finished scan on its way into the store. */
#ifndef DAEMON_SCAN_RECORD_H
#define DAEMON_SCAN_RECORD_H

#include <stdint.h>

#include "daemon/analyze/assess.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "daemon/query/previous.h"
#include "store/store.h"

struct recording {
	int64_t scan;
	const struct plan *plan;
	const struct results *results;
	const struct assessment *assessment;
	const struct previous *previous;
	int64_t finished_us;
	uint64_t duration_us;
	uint64_t changes;
	const struct outbox_put *outbox; /* what people are to be told; or NULL */
};

/*
 * Stores the scan. Flows in state error are gaps. In a degraded scan, flows that differ
 * from their last confirmed state are gaps as well, reason "withheld": the next clean
 * scan settles what is real. 0 or a negative errno with the store as it was. Blocks.
 */
int record_scan(struct store *store, const struct recording *recording);

#endif
