/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdicts of a whole scan: judge.h applied to every flow, with the positive
 * controls that the scan itself holds and the rules that need only some of their hosts.
 * Pure.
 */
#ifndef DAEMON_ANALYZE_ASSESS_H
#define DAEMON_ANALYZE_ASSESS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/analyze/flap.h"
#include "daemon/analyze/judge.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"

struct assessment {
	uint8_t *verdicts;     /* enum verdict, parallel to the plan's flows */
	uint8_t *own_verdicts; /* likewise, before a rule's `require` decided */
	uint32_t *held_by; /* per flow: 1 + index of the rule whose `require` decided in
			      its place, or 0 */
	char **rule_notes; /* per rule of the configuration: "require 1 of 2", or NULL
			    */
	uint32_t *silences; /* per flow: the number of the silence that covers it;
			       NULL: none does */
	uint8_t *phases;    /* per flow: enum flap_phase; NULL: none flaps */
	uint32_t n_rules;
	uint32_t pass, fail, inconclusive;
	uint32_t errors; /* flows that this machine could not measure */
};

/* Judges results. 0 (assessment_fini() it) or -ENOMEM. */
int assess(
	const struct plan *plan, const struct results *results, struct assessment *out);

void assessment_fini(struct assessment *assessment);

/* Flows that flap. */
uint32_t assessment_flapping(const struct assessment *assessment, uint32_t n_flows);

/* Flows that are silenced and do not pass. */
uint32_t assessment_silenced(const struct assessment *assessment, uint32_t n_flows);

/* The note of the rule that decided in a flow's place, or NULL. */
const char *assessment_held_by(const struct assessment *assessment, uint32_t flow);

#endif
