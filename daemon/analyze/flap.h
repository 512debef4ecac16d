/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows that change again and again: reported once, then not until they are stable.
 * Pure. Times are those of a clock that never steps back (see flap_timeline()), in any
 * order of size, microseconds.
 */
#ifndef DAEMON_ANALYZE_FLAP_H
#define DAEMON_ANALYZE_FLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/model/words.h"

#define FLAP_MAX_CHANGES 100

struct flap_limits {
	uint32_t changes; /* so many within `within_us` make it flap, 2 to
			     FLAP_MAX_CHANGES */
	int64_t within_us;
	int64_t settle_us; /* without a change for so long it holds still */
};

/* One flow; starts as {0}. */
struct flap {
	bool flapping;
	uint32_t count;                  /* of `times`, the newest last */
	int64_t times[FLAP_MAX_CHANGES]; /* since it last held still */
};

/* It changed, later than or when it did last. Returns FLAP_NONE, FLAP_STARTED or
 * FLAP_ON. A pause of settle_us before it counts as holding still. */
enum flap_phase flap_change(
	struct flap *flap, const struct flap_limits *limits, int64_t time_us);

/* Where it stands at a time without a change of its own: FLAP_NONE, FLAP_ON, or
 * FLAP_ENDED when it has held still by `now_us` and had not by `last_us`, the look
 * before this one. */
enum flap_phase flap_look(const struct flap *flap, const struct flap_limits *limits,
	int64_t last_us, int64_t now_us);

/* Makes of wall-clock times, in the order in which they were read, times that never
 * step back: what a clock was set back by is passed over. In place. */
void flap_timeline(int64_t *times_us, size_t count);

#endif
