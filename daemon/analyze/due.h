/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people have yet to be told of one flow. The store keeps what they were last told
 * (`reported`); what a scan measured and differs from that is due, whenever it came
 * about, unless something mutes it. Pure.
 */
#ifndef DAEMON_ANALYZE_DUE_H
#define DAEMON_ANALYZE_DUE_H

#include "daemon/model/snapshot.h"

/* This scan asked the flow and this machine could measure it. */
bool due_is_measured(const struct snapshot_flow *now);

/* A silence covers it, or it flaps: what is due stays so. */
bool due_is_muted(const struct snapshot_flow *now);

struct due {
	enum change_kind kind; /* CHANGE_NONE: there is nothing to report */
	enum probe_state from; /* what people think it is; STATE_NONE: nothing */
	bool adopt; /* nothing to report, but what is reported moves with it */
};

/*
 * Holds the flow against what `then` (its own place in `before`; NULL: it is new) says
 * was reported. A flow of which nothing was reported counts as reported "as expected":
 * it is due when it fails its rule (`failing`), and adopted when it does not. One that
 * gets better and still fails its rule is `other`, not a recovery.
 */
struct due due_of(const struct snapshot *before, const struct snapshot_flow *then,
	const struct snapshot *after, const struct snapshot_flow *now);

/* The flow as it was last seen, for diff_flow(). */
struct diff_side snapshot_side(
	const struct snapshot *snapshot, const struct snapshot_flow *flow);

/* Kinds of change that open an incident. */
bool due_opens(enum change_kind kind);

#endif
