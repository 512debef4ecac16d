/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flows change too often to be reported each time: flap.h fed with the changes
 * that the store has of recent scans. Nothing but these is kept, so what flaps is the
 * same for all who look, and nothing can get out of step.
 */
#ifndef DAEMON_QUERY_FLAPPING_H
#define DAEMON_QUERY_FLAPPING_H

#include "config/settings.h"
#include "daemon/analyze/flap.h"
#include "daemon/engine/plan.h"
#include "daemon/model/snapshot.h"
#include "store/store.h"

struct flap_limits flapping_limits(const struct settings *settings);

/* A scan that is being made. */
struct flapping_scan {
	const struct plan *plan;
	/* Whether the flow differs from what the last scan saw. */
	bool (*changed)(const void *data, uint32_t flow);
	const void *data;
	bool degraded; /* it changes nothing, and ends nothing */
	int64_t now_us;
};

/*
 * Where each flow of the plan stands, its change of now included: enum flap_phase. 0
 * with *phases (free() it; NULL: none flaps), or a negative errno. Blocks on the disk.
 */
int flapping_of_scan(
	struct store *store, const struct flapping_scan *scan, uint8_t **phases);

/* Likewise of a snapshot of the vantage's newest scan: FLAP_ON or FLAP_NONE. */
int flapping_of_stored(struct store *store, const struct snapshot *snapshot,
	const struct flap_limits *limits, uint8_t **phases);

#endif
