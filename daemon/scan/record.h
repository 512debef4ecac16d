/* SPDX-License-Identifier: Apache-2.0 */
/* A finished scan on its way into the store. */
#ifndef DAEMON_SCAN_RECORD_H
#define DAEMON_SCAN_RECORD_H

#include <stdint.h>

#include "daemon/analyze/assess.h"
#include "daemon/analyze/health.h"
#include "daemon/analyze/lifecycle.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "store/store.h"

struct recording {
	int64_t scan;
	const struct plan *plan;
	const struct results *results;
	const struct assessment *assessment;
	const struct health *health;
	const struct snapshot *now; /* all that was measured and made of it */
	const struct change_set *changes;
	const struct lifecycle *lifecycle;
	const struct open_incidents *open;
	int64_t finished_us;
	uint64_t duration_us;
	const struct outbox_put
		*outbox; /* what people are to be notified of; or NULL */
};

/*
 * Stores the scan, what people will have been told by it, and the life of the
 * incidents, in one transaction. Flows in state error are gaps. In a degraded scan,
 * flows that differ from their last confirmed state are gaps as well, reason
 * "withheld": the next clean scan settles what is real. 0 or a negative errno with the
 * store as it was. Blocks.
 */
int record_scan(struct store *store, const struct recording *recording);

#endif
