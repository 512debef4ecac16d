/* SPDX-License-Identifier: Apache-2.0 */
/* What was known of a plan's flows before a scan, made by hand. */
#ifndef TESTS_SUPPORT_PAST_H
#define TESTS_SUPPORT_PAST_H

#include "daemon/analyze/assess.h"
#include "daemon/scan/earlier.h"

struct past {
	struct snapshot frame; /* the plan's */
	struct earlier earlier;
};

/* Scan 1 asked every flow of the plan the same questions as now, and found each `open`,
 * which passed and was reported. */
void past_init(struct past *past, const struct plan *plan);

/* It saw this, and everything of it was reported. */
void past_init_scan(struct past *past, const struct plan *plan,
	const struct results *results, const struct assessment *assessment);

/* One of its flows, to be changed; the state by past_set_state(). */
struct snapshot_flow *past_flow(struct past *past, uint32_t flow);

/* Its state, and that it was reported so. */
void past_set_state(struct past *past, uint32_t flow, enum probe_state state);
void past_set_identity(struct past *past, uint32_t flow, const char *identity);

void past_fini(struct past *past);

#endif
