/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan in which only some rules are due asks only their flows. What the last scan
 * knew of the others is carried forward: it is no observation of this scan, no evidence
 * and never a change, but it counts in what the vantage knows.
 */
#ifndef DAEMON_SCAN_CARRY_H
#define DAEMON_SCAN_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/engine/results.h"
#include "daemon/scan/earlier.h"

/*
 * The flows that are asked for by any of the rules (per rule of the configuration: it
 * is due), as a control too; those of `controls:`; and, beside a flow that must be
 * blocked, those of the same host that answered the last scan, since silence proves
 * nothing without them. 0 (free() *flows) or -ENOMEM.
 */
int carry_select(const struct plan *plan, const struct earlier *earlier,
	const bool *rules, uint32_t **flows, size_t *count);

/*
 * Fills in those that are not among the `count` flows, which rise: the last
 * observation, also that it could not be measured, if it was an answer to the same
 * question. 0 or -ENOMEM.
 */
int carry_forward(const struct snapshot *frame, const struct earlier *earlier,
	const uint32_t *flows, size_t count, struct results *results);

/* What flows ask, as a hash of their check's options and their host's addresses: never
 * 0, which stands for a question that the store does not know. */
uint64_t carry_question_of_check(const struct plan_check *check);
uint64_t carry_question_of_host(const struct plan_host *host);
uint32_t carry_question(uint64_t of_check, uint64_t of_host);

#endif
