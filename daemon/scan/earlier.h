/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the plan's flows before a scan begins. */
#ifndef DAEMON_SCAN_EARLIER_H
#define DAEMON_SCAN_EARLIER_H

#include "daemon/analyze/controls.h"
#include "daemon/analyze/diff.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "daemon/model/snapshot.h"
#include "store/store.h"

struct earlier {
	struct snapshot snapshot; /* the last complete scan of the vantage */
	uint32_t *places; /* per plan flow: in the snapshot, or SNAPSHOT_NOWHERE */
	uint8_t *states, *reasons;   /* per plan flow; STATE_NONE: not known */
	struct controls_before last; /* these */
};

/* `frame` is measured_frame() of the plan. `store` NULL: nothing is known. 0, or a
 * negative errno; earlier_fini() it either way. Blocks on the disk. */
int earlier_load(
	struct store *store, const struct snapshot *frame, struct earlier *out);
void earlier_fini(struct earlier *earlier);

/* The flow as the last scan left it; NULL: it was not in scope. */
const struct snapshot_flow *earlier_flow(const struct earlier *earlier, uint32_t flow);

/* One flow's side for diff_flow(): as it was ... */
struct diff_side earlier_side(const struct earlier *earlier, uint32_t flow);

/* ... and as it is now. */
struct diff_side result_side(
	const struct plan *plan, const struct results *results, uint32_t flow);

/* What became of the flow since the last scan. */
enum change_kind earlier_change(const struct earlier *earlier, const struct plan *plan,
	const struct results *results, uint32_t flow);

/* Marks the flows of the snapshot of a degraded scan that differ. */
void earlier_withhold(const struct earlier *earlier, const struct plan *plan,
	const struct results *results, struct snapshot *now);

/* Frees what is known of the flows; the scan and its time stay. */
void earlier_drop_flows(struct earlier *earlier);

#endif
