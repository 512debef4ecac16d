/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast connections may start: a token bucket on a clock that is passed in, and a
 * count of what is in flight. Pure.
 */
#ifndef DAEMON_ENGINE_PACE_H
#define DAEMON_ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t rate_per_hour; /* 0: no limit */
	uint32_t concurrency;   /* connections at once */
	uint32_t in_flight;
	uint64_t refilled_us;
	uint64_t credit; /* fractions of a token, in units of 1 / 3600000000 */
	uint32_t burst;  /* tokens the bucket holds: 10 ms worth, at least 1; besides,
			    10 ms worth for wake-ups that come late */
};

void pace_init(struct pace *pace, uint64_t rate_per_hour, uint32_t concurrency,
	uint64_t now_us);

/* How many connections may start now. */
uint32_t pace_available(struct pace *pace, uint64_t now_us);

/* One connection starts; only after pace_available() said so. */
void pace_take(struct pace *pace);

/* One connection ended. */
void pace_give(struct pace *pace);

/* One connection ended and another starts in its place; false when it may not: then
 * nothing has changed. */
bool pace_swap(struct pace *pace, uint64_t now_us);

/* Microseconds until the bucket has a token (0: now). Concurrency is not looked at. */
uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us);

#endif
