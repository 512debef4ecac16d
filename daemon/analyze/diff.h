/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a flow between two observations. Pure. */
#ifndef DAEMON_ANALYZE_DIFF_H
#define DAEMON_ANALYZE_DIFF_H

#include <stdbool.h>

#include "daemon/model/words.h"
#include "probes/reason.h"

struct diff_side {
	bool present;           /* the flow was in scope */
	enum probe_state state; /* last known; STATE_NONE: never measured */
	const char *identity;   /* "" or NULL when there is none */
	bool by_path; /* a check of many ports (on either side): listeners come and go
			 there, so `open` and `closed` are the same */
	bool accepts_closed; /* expected `blocked` (on either side): a RST is as good
				as silence, so `closed` counts as blocked */
};

/*
 * Pure. In this order:
 *  - in scope on one side alone: added or removed, measured or not;
 *  - a side that was never measured or is an error: none (own trouble is no change);
 *  - equal states: none, or `other` when the identities differ;
 *  - expected `blocked`: an exposure when the flow opens, the path becomes clear or
 *    something begins to answer; a recovery when that ends in a block, or an accepting
 *    port becomes partial; else other;
 *  - otherwise by how much gets through. Expected `open`: open > closed, failed,
 *    partial > blocked, unresolved. Expected `clear` or `any`: open, closed > failed >
 *    partial > blocked, unresolved. Less is a regression, more a recovery, as much
 *    (open <-> closed of a sweep, filtered <-> prohibited) is other.
 */
enum change_kind diff_flow(const struct diff_side *before,
	const struct diff_side *after, enum rule_expect expect);

#endif
