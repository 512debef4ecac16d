/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan in which only some rules have their turn asks only their flows. What is known
 * of the others is carried over from the scans before: it is no observation of this
 * scan, no evidence and never a change, but it counts in what the vantage knows.
 */
#ifndef DAEMON_SCAN_CARRY_H
#define DAEMON_SCAN_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/engine/results.h"
#include "daemon/query/previous.h"

/* The flows that are asked for by any of the rules (per rule of the configuration: it
 * has its turn), as a control too, and those of `controls:`. 0 (free() *flows) or
 * -ENOMEM. */
int carry_select(
	const struct plan *plan, const bool *rules, uint32_t **flows, size_t *count);

/* Fills in those that are not among the `count` flows, which rise. 0 or -ENOMEM. */
int carry_over(const struct plan *plan, const struct previous *previous,
	const uint32_t *flows, size_t count, struct results *results);

#endif
