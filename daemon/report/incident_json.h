/* SPDX-License-Identifier: Apache-2.0 */
/* An incident as JSON, for JSON lines and for those who are told of it. */
#ifndef DAEMON_REPORT_INCIDENT_JSON_H
#define DAEMON_REPORT_INCIDENT_JSON_H

#include "daemon/report/json.h"
#include "daemon/report/report.h"

/* Begins an object and fills it; the caller may add members at its end. */
void incident_json_fill(
	struct json_filler *line, const struct report_incident *incident);

#endif
