/* SPDX-License-Identifier: Apache-2.0 */
/* A scan that is being made as a snapshot: first its flows, then what was seen. */
#ifndef DAEMON_SCAN_MEASURED_H
#define DAEMON_SCAN_MEASURED_H

#include "daemon/analyze/assess.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "daemon/model/snapshot.h"

/* The plan's hosts, checks, rules and flows, none of them measured; flow i is that of
 * the plan. The plan must outlive it. 0, or -ENOMEM; snapshot_fini() it either way. */
int measured_frame(const struct plan *plan, struct snapshot *out);

/* Fills in what a scan saw and made of it. The results must outlive it. 0 or -ENOMEM.
 */
int measured_fill(const struct plan *plan, const struct results *results,
	const struct assessment *assessment, bool degraded, struct snapshot *snapshot);

#endif
