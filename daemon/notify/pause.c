/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/pause.h"

enum {
	MINUTE_S = 60
};

static uint32_t to_next_minute_ms(int64_t now_s)
{
	return (uint32_t)(MINUTE_S - now_s % MINUTE_S) * 1000;
}

uint32_t pause_ms(const struct notify_sink *sink, int64_t oldest_us, int64_t now_us)
{
	int64_t now_s = now_us / 1000000;
	int64_t age_ms = (now_us - oldest_us) / 1000;
	int64_t left_ms = (int64_t)sink->digest_ms - age_ms;

	if (sink->n_quiet && hours_contain(sink->quiet, sink->n_quiet,
				     zone_local_s(sink->zone, now_s)))
		return to_next_minute_ms(now_s);
	/* A notice of the future: the clock was set back, and its age is not known. */
	if (age_ms < 0 || left_ms <= 0)
		return 0;
	return left_ms < PAUSE_MOST_MS ? (uint32_t)left_ms : PAUSE_MOST_MS;
}
