/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/pace.h"

#include <assert.h>

/* A token in the units of `credit`: with it, a microsecond at a rate of r an hour earns
 * r units, whole for every rate that can be written down. */
#define TOKEN INT64_C(3600000000)

#define BURST_US 10000

/* Besides the burst, what a wake-up that comes late by LATE_US has earned meanwhile:
 * without it every late wake-up would make the rate a little lower. */
#define LATE_US 10000

/* More than any machine starts in 10 ms; a credit of so many tokens fits. */
#define MOST_BURST 1000000000

void pace_bucket_init(
	struct pace_bucket *bucket, uint64_t rate_per_hour, uint64_t now_us)
{
	uint64_t burst = rate_per_hour / (TOKEN / BURST_US);

	*bucket = (struct pace_bucket){
		.rate_per_hour = rate_per_hour,
		.burst = burst < 1            ? 1
			 : burst > MOST_BURST ? MOST_BURST
					      : (uint32_t)burst,
		.refilled_us = now_us,
		.credit = TOKEN, /* the first start need not wait */
	};
	/* A plain mutex can't fail to come about. */
	pthread_mutex_init(&bucket->lock, NULL);
}

void pace_bucket_fini(struct pace_bucket *bucket)
{
	pthread_mutex_destroy(&bucket->lock);
}

static int64_t capacity(const struct pace_bucket *bucket)
{
	return bucket->burst * TOKEN + (int64_t)(bucket->rate_per_hour * LATE_US);
}

/* What the bucket holds at `now_us`. A clock that steps back earns nothing. */
static int64_t credit_at(const struct pace_bucket *bucket, uint64_t now_us)
{
	int64_t full = capacity(bucket);
	uint64_t elapsed =
		now_us > bucket->refilled_us ? now_us - bucket->refilled_us : 0;

	/* Also what keeps the product below from overflowing. */
	if (elapsed > (uint64_t)(full - bucket->credit) / bucket->rate_per_hour)
		return full;
	return bucket->credit + (int64_t)(elapsed * bucket->rate_per_hour);
}

/* Takes a token if `wanted`; returns how many there were. */
static uint32_t refill(struct pace_bucket *bucket, uint64_t now_us, bool wanted)
{
	pthread_mutex_lock(&bucket->lock);
	bucket->credit = credit_at(bucket, now_us);
	if (now_us > bucket->refilled_us)
		bucket->refilled_us = now_us;
	int64_t tokens = bucket->credit > 0 ? bucket->credit / TOKEN : 0;
	if (wanted && tokens > 0)
		bucket->credit -= TOKEN;
	pthread_mutex_unlock(&bucket->lock);
	return (uint32_t)tokens; /* twice the burst and one at most */
}

void pace_init(struct pace *pace, struct pace_bucket *bucket, uint32_t concurrency)
{
	*pace = (struct pace){.bucket = bucket, .concurrency = concurrency};
}

uint32_t pace_available(struct pace *pace, uint64_t now_us)
{
	uint32_t room = pace->in_flight < pace->concurrency
				? pace->concurrency - pace->in_flight
				: 0;

	if (pace->bucket->rate_per_hour == 0 || room == 0)
		return room;
	uint32_t tokens = refill(pace->bucket, now_us, false);
	return tokens < room ? tokens : room;
}

void pace_take(struct pace *pace)
{
	struct pace_bucket *bucket = pace->bucket;

	pace->in_flight++;
	if (bucket->rate_per_hour == 0)
		return;
	pthread_mutex_lock(&bucket->lock);
	bucket->credit -= TOKEN;
	pthread_mutex_unlock(&bucket->lock);
}

void pace_give(struct pace *pace)
{
	assert(pace->in_flight > 0);
	pace->in_flight--;
}

bool pace_swap(struct pace *pace, uint64_t now_us)
{
	if (pace->in_flight > pace->concurrency)
		return false;
	return pace->bucket->rate_per_hour == 0 ||
	       refill(pace->bucket, now_us, true) > 0;
}

uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us)
{
	struct pace_bucket *bucket = pace->bucket;

	if (bucket->rate_per_hour == 0)
		return 0;
	pthread_mutex_lock(&bucket->lock);
	int64_t credit = credit_at(bucket, now_us);
	pthread_mutex_unlock(&bucket->lock);
	if (credit >= TOKEN)
		return 0;
	return ((uint64_t)(TOKEN - credit) + bucket->rate_per_hour - 1) /
	       bucket->rate_per_hour;
}
