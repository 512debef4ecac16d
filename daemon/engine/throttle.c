/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/throttle.h"

enum {
	FIRST_PAUSE_MS = 10,
	LAST_PAUSE_MS = 1000,
	CALM_US = 100000
};

void throttle_init(struct throttle *throttle, uint32_t ceiling, uint32_t patience_ms)
{
	if (ceiling < 1)
		ceiling = 1;
	*throttle = (struct throttle){
		.ceiling = ceiling,
		.limit = ceiling,
		.patience_us = (uint64_t)patience_ms * 1000,
	};
}

void throttle_set_ceiling(struct throttle *throttle, uint32_t ceiling)
{
	bool at_ceiling = throttle->limit == throttle->ceiling;

	throttle->ceiling = ceiling < 1 ? 1 : ceiling;
	if (at_ceiling || throttle->limit > throttle->ceiling)
		throttle->limit = throttle->ceiling;
}

void throttle_shortage(struct throttle *throttle, uint64_t started_us, uint64_t now_us,
	uint32_t in_flight)
{
	uint32_t open = in_flight < throttle->limit ? in_flight : throttle->limit;

	throttle->shortages++;
	if (throttle->stuck_us == 0)
		throttle->stuck_us = now_us;
	if (throttle->cut_us != 0 && started_us < throttle->cut_us)
		return;
	throttle->cut_us = now_us;
	throttle->limit = open / 2 < 1 ? 1 : open / 2;
	throttle->pause_ms =
		throttle->pause_ms == 0 ? FIRST_PAUSE_MS : throttle->pause_ms * 2;
	if (throttle->pause_ms > LAST_PAUSE_MS)
		throttle->pause_ms = LAST_PAUSE_MS;
	throttle->hold_us = now_us + (uint64_t)throttle->pause_ms * 1000;
}

void throttle_success(struct throttle *throttle)
{
	throttle->stuck_us = 0;
	throttle->pause_ms = 0;
}

void throttle_recover(struct throttle *throttle, uint64_t now_us)
{
	uint32_t step = throttle->limit / 16;

	if (throttle->limit == throttle->ceiling || now_us < throttle->cut_us + CALM_US)
		return;
	if (step < 1)
		step = 1;
	if (step > throttle->ceiling - throttle->limit)
		step = throttle->ceiling - throttle->limit;
	throttle->limit += step;
}

bool throttle_is_stuck(const struct throttle *throttle, uint64_t now_us)
{
	return throttle->stuck_us != 0 &&
	       now_us > throttle->stuck_us + throttle->patience_us;
}

uint64_t throttle_wait_us(const struct throttle *throttle, uint64_t now_us)
{
	if (now_us >= throttle->hold_us || throttle_is_stuck(throttle, now_us))
		return 0;
	return throttle->hold_us - now_us;
}
