/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a flow between two observations. Pure. */
#ifndef DAEMON_ANALYZE_DIFF_H
#define DAEMON_ANALYZE_DIFF_H

#include <stdbool.h>

#include "daemon/model/words.h"
#include "probes/reason.h"

struct diff_side {
	bool present;             /* the flow was in scope */
	enum probe_state state;   /* last known; STATE_NONE: never measured */
	enum probe_reason reason; /* says of which parts a `partial` is made */
	const char *identity;     /* "" or NULL when there is none */
	bool by_path;        /* a check of many ports (on either side): its identity has
				sections, see sweep_identity() */
	bool accepts_closed; /* expected `blocked` (on either side): a RST is as good
				as silence, so `closed` counts as blocked */
};

/*
 * Pure. In this order:
 *  - in scope on one side alone: added or removed, measured or not;
 *  - a side that was never measured or is an error: none (own trouble is no change);
 *  - the same as the expectation sees it: none. In a check of many ports listeners
 *    come and go: `open` and `closed` are the same, but for an expectation of `open`,
 *    and for one of `blocked` that accepts closed ports;
 *  - expected `blocked`: by how much is exposed. `open` > `failed` > `closed` > partial
 *    > blocked, unresolved; of many ports also by how many let packets through or,
 *    where closed ones are accepted, accept. More is an exposure, less a recovery (not
 *    when the name no longer resolves), as much is other;
 *  - otherwise by how much gets through. Expected `open`: open > closed, failed,
 *    partial > blocked, unresolved. Expected `clear` or `any`: open, closed > failed >
 *    partial > blocked, unresolved. Less is a regression, more a recovery, as much
 *    (filtered <-> prohibited) is other. A partial that is clear or blocked in all its
 *    parts counts as that.
 */
enum change_kind diff_flow(const struct diff_side *before,
	const struct diff_side *after, enum rule_expect expect);

#endif
