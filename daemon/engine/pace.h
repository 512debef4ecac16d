/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast connections may start: a token bucket on a clock that is passed in, which
 * several threads may share, and each one's count of what it has in flight.
 */
#ifndef DAEMON_ENGINE_PACE_H
#define DAEMON_ENGINE_PACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct pace_bucket {
	pthread_mutex_t lock;   /* over the two that change */
	uint64_t rate_per_hour; /* 0: no limit */
	uint32_t burst;         /* tokens it holds: 10 ms worth, at least 1; besides,
				   10 ms worth for wake-ups that come late */
	uint64_t refilled_us;
	int64_t credit; /* fractions of a token, in units of 1 / 3600000000; below
			   zero where several took the same token at once */
};

/* One thread's own. */
struct pace {
	struct pace_bucket *bucket;
	uint32_t concurrency; /* connections at once */
	uint32_t in_flight;
};

void pace_bucket_init(
	struct pace_bucket *bucket, uint64_t rate_per_hour, uint64_t now_us);

void pace_bucket_fini(struct pace_bucket *bucket);

/* The bucket must outlive it. */
void pace_init(struct pace *pace, struct pace_bucket *bucket, uint32_t concurrency);

/* How many connections may start now. */
uint32_t pace_available(struct pace *pace, uint64_t now_us);

/* One connection starts; only after pace_available() said so. Another thread may have
 * been told the same: then the next one to come waits for both. */
void pace_take(struct pace *pace);

/* One connection ended. */
void pace_give(struct pace *pace);

/* One connection ended and another starts in its place; false when it may not: then
 * nothing has changed. */
bool pace_swap(struct pace *pace, uint64_t now_us);

/* Microseconds until the bucket has a token (0: now). Concurrency is not looked at. */
uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us);

#endif
