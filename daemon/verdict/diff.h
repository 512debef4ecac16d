/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a flow between two observations. Pure. */
#ifndef DAEMON_VERDICT_DIFF_H
#define DAEMON_VERDICT_DIFF_H

#include <stdbool.h>

#include "config/rules.h"
#include "probes/reason.h"

/* X(symbol, word) */
#define CHANGE_KINDS(X)                                                              \
	X(NONE, "none")                                                              \
	X(REGRESSION, "regression") /* was clear, is partial, blocked, failed or     \
				       unresolved; or was partial and is blocked */  \
	X(RECOVERY, "recovery")     /* the way back */                               \
	X(EXPOSURE, "exposure")     /* expect: blocked, and the path became clear */ \
	X(OTHER, "other")                                                            \
	X(ADDED, "added")     /* entered the inventory: no change of reachability */ \
	X(REMOVED, "removed") /* left it: likewise */

#define X(symbol, word) CHANGE_##symbol,
enum change_kind {
	CHANGE_KINDS(X) CHANGE_KIND_COUNT
};
#undef X

const char *change_kind_word(enum change_kind kind);

struct diff_side {
	bool present;           /* the flow was in scope */
	enum probe_state state; /* last known; STATE_NONE: never measured */
	const char *identity;   /* "" or NULL when there is none */
};

/*
 * CHANGE_NONE when the sides are equal, or when a side is present and was never
 * measured or is an error (own trouble is never a change). A flow that opens where it
 * should be blocked is an exposure whatever it was; open <-> closed is `other` unless
 * expected `open`, where it is a regression or a recovery.
 */
enum change_kind diff_flow(const struct diff_side *before,
	const struct diff_side *after, enum rule_expect expect);

#endif
