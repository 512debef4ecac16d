/* SPDX-License-Identifier: Apache-2.0 */
/* The news of this vantage itself: one incident stands for all that a degraded scan
 * withholds. */
#ifndef DAEMON_SCAN_VANTAGE_H
#define DAEMON_SCAN_VANTAGE_H

#include "daemon/analyze/changes.h"
#include "daemon/analyze/health.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"

/* What it is said of. */
struct vantage_scan {
	const struct plan *plan;
	const struct results *results;
	const struct controls_before *before; /* as of health_judge() */
	const struct health_streak *streak;
	const struct health *health;
	int64_t now_us; /* wall clock */
};

/* Adds an incident of no flows to the set where there is news. 0 or -ENOMEM. */
int vantage_add_news(const struct vantage_scan *scan, struct change_set *set);

#endif
