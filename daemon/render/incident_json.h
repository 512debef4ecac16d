/* SPDX-License-Identifier: Apache-2.0 */
/* An incident as JSON, for JSON lines and for those who are told of it. */
#ifndef DAEMON_RENDER_INCIDENT_JSON_H
#define DAEMON_RENDER_INCIDENT_JSON_H

#include "daemon/render/json.h"
#include "daemon/render/report.h"

/* Begins an object and fills it; the caller may add members at its end. */
void incident_json_fill(
	struct json_filler *line, const struct report_incident *incident);

/* Its `status`, the `incident` that people are notified of, and the `incidents` that it
 * shrinks or closes; for one with a number. */
void incident_json_put_life(
	struct json_filler *body, const struct report_incident *incident);

#endif
