/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/pace.h"

#include <assert.h>

/* A token in the units of `credit`: with it, a microsecond at a rate of r an hour earns
 * r units, whole for every rate that can be written down. */
#define TOKEN UINT64_C(3600000000)

#define BURST_US 10000

/* Besides the burst, what a wake-up that comes late by LATE_US has earned meanwhile:
 * without it every late wake-up would make the rate a little lower. */
#define LATE_US 10000

static uint64_t capacity(const struct pace *pace)
{
	return (uint64_t)pace->burst * TOKEN + pace->rate_per_hour * LATE_US;
}

void pace_init(struct pace *pace, uint64_t rate_per_hour, uint32_t concurrency,
	uint64_t now_us)
{
	uint64_t burst = rate_per_hour / (TOKEN / BURST_US);

	*pace = (struct pace){
		.rate_per_hour = rate_per_hour,
		.concurrency = concurrency,
		.refilled_us = now_us,
		.credit = TOKEN, /* the first start need not wait */
		.burst = burst < 1            ? 1
			 : burst > UINT32_MAX ? UINT32_MAX
					      : (uint32_t)burst,
	};
}

/* What the bucket holds at `now_us`. A clock that steps back earns nothing. */
static uint64_t credit_at(const struct pace *pace, uint64_t now_us)
{
	uint64_t full = capacity(pace);
	uint64_t elapsed = now_us > pace->refilled_us ? now_us - pace->refilled_us : 0;

	/* Also what keeps the product below from overflowing. */
	if (elapsed > full / pace->rate_per_hour)
		return full;
	uint64_t credit = pace->credit + elapsed * pace->rate_per_hour;
	return credit > full ? full : credit;
}

static void refill(struct pace *pace, uint64_t now_us)
{
	pace->credit = credit_at(pace, now_us);
	if (now_us > pace->refilled_us)
		pace->refilled_us = now_us;
}

uint32_t pace_available(struct pace *pace, uint64_t now_us)
{
	uint32_t room = pace->in_flight < pace->concurrency
				? pace->concurrency - pace->in_flight
				: 0;

	if (pace->rate_per_hour == 0)
		return room;
	refill(pace, now_us);
	uint64_t tokens = pace->credit / TOKEN;
	return tokens < room ? (uint32_t)tokens : room;
}

void pace_take(struct pace *pace)
{
	pace->in_flight++;
	if (pace->rate_per_hour == 0)
		return;
	assert(pace->credit >= TOKEN);
	pace->credit -= TOKEN;
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
	if (pace->rate_per_hour == 0)
		return true;
	refill(pace, now_us);
	if (pace->credit < TOKEN)
		return false;
	pace->credit -= TOKEN;
	return true;
}

uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us)
{
	if (pace->rate_per_hour == 0)
		return 0;
	uint64_t credit = credit_at(pace, now_us);
	if (credit >= TOKEN)
		return 0;
	return (TOKEN - credit + pace->rate_per_hour - 1) / pace->rate_per_hour;
}
