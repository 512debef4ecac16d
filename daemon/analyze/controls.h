/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must always answer, and what it means when it does not. A control whose last
 * confirmed state is that nothing answers proves nothing and is not waited for, until
 * it answers again. Pure.
 */
#ifndef DAEMON_ANALYZE_CONTROLS_H
#define DAEMON_ANALYZE_CONTROLS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"

struct controls_finding {
	uint32_t count, silent; /* but for those that were silent before */
	uint32_t others, dark;  /* flows beside them that used to answer and were
				   measured, and those of them that no longer do */
};

/* The last confirmed observation of each flow; states NULL where none is known. */
struct controls_before {
	const uint8_t *states, *reasons; /* enum probe_state, enum probe_reason */
};

/* Whether anything of an observation got an answer: enum probe_state and probe_reason.
 */
bool controls_answers(uint8_t state, uint8_t reason);

struct controls_finding controls_look(const struct plan *plan,
	const struct results *results, const struct controls_before *before);

/* Fewer answer than are required; all must where there are no more than that. */
bool controls_lack(const struct controls_finding *finding, uint32_t require);

/* All else is well: it does answer, but for less than `share` percent. */
bool controls_alone(const struct controls_finding *finding, uint32_t share);

/* Whether a flow is a control that is silent now and was not before. */
bool controls_is_silent(const struct plan *plan, const struct results *results,
	const struct controls_before *before, uint32_t flow);

#endif
