/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scan from its first probe to its row in the store: load what is known, probe,
 * confirm, judge, trace what got worse, find what is due, record; then what is too old
 * is deleted. What happens with the outcome is the caller's.
 */
#ifndef DAEMON_SCAN_ONE_SCAN_H
#define DAEMON_SCAN_ONE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/analyze/assess.h"
#include "daemon/analyze/changes.h"
#include "daemon/analyze/health.h"
#include "daemon/analyze/lifecycle.h"
#include "daemon/engine/engine.h"
#include "daemon/model/rows.h"
#include "daemon/query/incidents.h"
#include "daemon/render/report.h"
#include "daemon/scan/earlier.h"
#include "store/store.h"

struct one_scan {
	/* Set by the caller, whose they are and who keeps them until the end. */
	const struct plan *plan; /* with its configuration */
	struct store *store;     /* NULL: nothing is stored, nothing compared */
	const bool *rules; /* per rule of the configuration: its flows are asked, see
			      carry.h; NULL: all are */
	/* As engine_options.progress; `stage` is "scanning", "confirming changes" or
	 * "tracing". May be NULL. */
	void (*progress)(
		void *data, const char *stage, const struct engine_progress *now);
	void *progress_data;
	const struct engine_world *world; /* NULL: the real one */

	/* What came of it, in the order it is made. */
	int64_t id; /* 0: not stored */
	int64_t started_us, finished_us;
	uint64_t duration_us;
	struct earlier earlier; /* what was known before it */
	struct open_incidents open;
	struct health_streak streak;
	struct results results;
	struct assessment assessment;
	struct health health;
	struct snapshot now; /* all of it, as it is compared and recorded */
	struct change_set changes;
	struct lifecycle lifecycle;
	bool recorded; /* whole, in the store */

	/* Its own. */
	struct engine *engine;
	const char *stage;
	uint32_t *flows; /* that are asked; NULL: all */
	size_t n_flows;
	uint64_t trace_end_us; /* when the traces that run must end; 0: none do */
};

/* The caller's members are set and the others zero. 0, or a negative libuv code; then
 * and later one_scan_fini() it. */
int one_scan_init(struct one_scan *scan);

/*
 * Scans, once. 0: probed and judged, and recorded unless !scan->recorded, which with a
 * store was told. Else -ECANCELED or another negative errno: told, nothing has changed
 * but that the scan is marked interrupted. Blocks until all has settled.
 */
int one_scan_run(struct one_scan *scan);

/* Makes it end within a moment; from a signal handler or any thread, from
 * one_scan_init() to one_scan_fini(). When all is probed already, it ends as usual. */
void one_scan_cancel(struct one_scan *scan);

/* Calls `each` for its incidents: see incidents_each(). */
int one_scan_incidents(const struct one_scan *scan,
	int (*each)(void *data, const struct report_incident *incident), void *data);

/* Reports its changes and incidents: see changes_report(). */
int one_scan_report_changes(const struct one_scan *scan, struct report *report);

/* What came of it in numbers, once it has run; `before` and `after` are left out. */
struct report_summary one_scan_summary(const struct one_scan *scan);

void one_scan_fini(struct one_scan *scan);

#endif
