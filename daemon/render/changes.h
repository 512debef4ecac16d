/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_RENDER_CHANGES_H
#define DAEMON_RENDER_CHANGES_H

#include "daemon/query/incidents.h"
#include "daemon/render/report.h"

/* Reports every change, then every incident; `life` as of incidents_each(). Returns as
 * report_change(). */
int changes_report(const struct change_set *set, int64_t scan, int64_t since_scan,
	const struct incidents_life *life, struct report *report);

#endif
