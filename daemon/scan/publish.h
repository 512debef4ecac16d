/* SPDX-License-Identifier: Apache-2.0 */
/* A finished scan on its way to people: every flow as a report_result. */
#ifndef DAEMON_SCAN_PUBLISH_H
#define DAEMON_SCAN_PUBLISH_H

#include <stdint.h>

#include "daemon/analyze/assess.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "daemon/render/report.h"

/* Reports every flow of a scan. scan 0: not stored. Returns as report_result(). */
int publish_results(const struct plan *plan, const struct results *results,
	const struct assessment *assessment, int64_t scan, int64_t started_us,
	struct report *report);

#endif
