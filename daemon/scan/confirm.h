/* SPDX-License-Identifier: Apache-2.0 */
/* A change must be seen more than once before it counts. */
#ifndef DAEMON_SCAN_CONFIRM_H
#define DAEMON_SCAN_CONFIRM_H

#include "daemon/engine/engine.h"
#include "daemon/scan/earlier.h"

/*
 * Probes the flows that differ from their last confirmed state again, until each was
 * seen `confirm` times running in the same new state or is back where it was. A flow
 * that does neither within twice as many looks is settled by the last one. The first
 * look is at once, those after it wait a moment, 1 s at most. Returns as engine_run().
 */
int confirm_changes(struct engine *engine, const struct plan *plan,
	const struct earlier *earlier, uint32_t confirm, struct results *results);

#endif
