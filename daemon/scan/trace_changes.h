/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where is it dropped? A few of the flows that a scan finds blocked, and that were not,
 * are walked to (probes/trace/trace.h), and what the walk saw joins their evidence,
 * which the change and the store keep.
 */
#ifndef DAEMON_SCAN_TRACE_CHANGES_H
#define DAEMON_SCAN_TRACE_CHANGES_H

#include "daemon/engine/engine.h"
#include "daemon/scan/earlier.h"

enum {
	TRACE_CHANGES_PER_NETWORK = 3, /* flows of one check in one /24 or /64 */
	TRACE_CHANGES_MAX = 32,        /* flows of a scan */
	TRACE_CHANGES_LIMIT_MS = 15000,
};

/*
 * Walks to flows that became worse and are blocked, partial or closed now. No more than
 * the limits above: one rule is behind many flows, and one walk tells about it. Where
 * another port of the same address answers, its distance is taken too. The walks obey
 * the engine's limits and `results` keeps everything but the evidence of the flows that
 * were walked to. Begins no walk after the limit; the caller may end those under way
 * with engine_cancel(), and what they knew by then is lost. 0 or -ECANCELED: any other
 * trouble is logged and ends the walks, which are none of what a scan measures.
 */
int trace_changes(struct engine *engine, const struct plan *plan,
	const struct earlier *earlier, struct results *results);

#endif
