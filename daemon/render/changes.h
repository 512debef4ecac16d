/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_RENDER_CHANGES_H
#define DAEMON_RENDER_CHANGES_H

#include "daemon/query/changes.h"
#include "daemon/render/report.h"

/* Reports every change, then every incident. Returns as report_change(). */
int changes_report(const struct change_set *set, int64_t scan, int64_t since_scan,
	struct report *report);

#endif
