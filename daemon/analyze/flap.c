/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/flap.h"

#include <string.h>

static int64_t last_change(const struct flap *flap)
{
	return flap->times[flap->count - 1];
}

static void forget_until(struct flap *flap, int64_t time_us)
{
	uint32_t old = 0;

	while (old < flap->count && flap->times[old] <= time_us)
		old++;
	flap->count -= old;
	memmove(flap->times, flap->times + old, flap->count * sizeof *flap->times);
}

enum flap_phase flap_change(
	struct flap *flap, const struct flap_limits *limits, int64_t time_us)
{
	bool was = flap->flapping;

	if (flap->count && time_us - last_change(flap) >= limits->settle_us)
		*flap = (struct flap){.flapping = was = false};
	forget_until(flap, time_us - limits->within_us);
	if (flap->count == FLAP_MAX_CHANGES)
		forget_until(flap, flap->times[0]);
	flap->times[flap->count++] = time_us;
	flap->flapping = was || flap->count >= limits->changes;
	if (!flap->flapping)
		return FLAP_NONE;
	return was ? FLAP_ON : FLAP_STARTED;
}

enum flap_phase flap_look(const struct flap *flap, const struct flap_limits *limits,
	int64_t last_us, int64_t now_us)
{
	int64_t still_us;

	if (!flap->flapping)
		return FLAP_NONE;
	still_us = last_change(flap) + limits->settle_us;
	if (now_us < still_us)
		return FLAP_ON;
	return last_us < still_us ? FLAP_ENDED : FLAP_NONE;
}

void flap_timeline(int64_t *times_us, size_t count)
{
	int64_t lost_us = 0;

	for (size_t i = 1; i < count; i++) {
		int64_t now_us = times_us[i] + lost_us;
		if (now_us < times_us[i - 1])
			lost_us += times_us[i - 1] - now_us;
		times_us[i] += lost_us;
	}
}
