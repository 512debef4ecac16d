/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/sweep/passes.h"

/* No limit is shorter: below it the jitter of a busy loop would decide. */
#define LIMIT_FLOOR_MS 50

/* Linux repeats a SYN after 1 s: what took longer may be the answer to the second one
 * and says nothing of the round trip (Karn's rule, RFC 6298 section 3). */
#define TRIP_MAX_US 900000

/* Passes that losses can add, brief ones and last ones. */
#define REPEATS_BRIEF 6
#define REPEATS_LAST 2

/* After a shortage one more connection is allowed for so many that got under way. */
#define REGROW 16

#define PAUSE_FIRST_MS 20
#define PAUSE_MAX_MS 1000
#define PATIENCE_US 30000000u

void sweep_passes_init(struct sweep_passes *passes, uint32_t attempts,
	uint32_t timeout_ms, uint32_t window)
{
	*passes = (struct sweep_passes){
		.attempts = attempts,
		.timeout_ms = timeout_ms,
		.window = window,
		.last = attempts <= 1,
		.room = window,
		.pause_ms = PAUSE_FIRST_MS,
	};
}

/* RFC 6298, section 2. */
static void smooth(struct sweep_passes *passes, uint32_t us)
{
	if (passes->trip_us == 0) {
		passes->trip_us = us;
		passes->vary_us = us / 2;
		return;
	}
	uint32_t off =
		us > passes->trip_us ? us - passes->trip_us : passes->trip_us - us;
	passes->vary_us = (3 * passes->vary_us + off) / 4;
	passes->trip_us = (7 * passes->trip_us + us) / 8;
	if (passes->trip_us == 0)
		passes->trip_us = 1;
}

void sweep_passes_answer(
	struct sweep_passes *passes, uint64_t elapsed_us, bool was_silent)
{
	uint32_t us = elapsed_us < 1            ? 1
		      : elapsed_us > UINT32_MAX ? UINT32_MAX
						: (uint32_t)elapsed_us;
	if (was_silent)
		passes->won++;
	if (passes->least_us == 0 || us < passes->least_us)
		passes->least_us = us;
	if (us <= TRIP_MAX_US)
		smooth(passes, us);
}

/*
 * Powers of two times the floor: a limit per round trip would make a timer for each.
 */
static uint32_t brief_limit_ms(const struct sweep_passes *passes)
{
	uint64_t wanted_us =
		8 * (uint64_t)passes->trip_us + 4 * (uint64_t)passes->vary_us;
	uint64_t limit_ms = LIMIT_FLOOR_MS;
	while (limit_ms * 1000 < wanted_us)
		limit_ms *= 2;
	return limit_ms < passes->timeout_ms ? (uint32_t)limit_ms : passes->timeout_ms;
}

uint32_t sweep_passes_limit_ms(const struct sweep_passes *passes)
{
	if (passes->last || passes->trip_us == 0)
		return passes->timeout_ms;
	return brief_limit_ms(passes);
}

/* True when brief passes cost so little that one more, to find losses, is worth it. */
static bool is_cheap(const struct sweep_passes *passes)
{
	return passes->trip_us != 0 && brief_limit_ms(passes) <= passes->timeout_ms / 4;
}

/* A pass won answers from silence and there is room for one more because of that. */
static bool repeat(struct sweep_passes *passes, uint32_t most)
{
	if (passes->won == 0 || passes->repeats == most)
		return false;
	passes->repeats++;
	return true;
}

/* True when the next pass, which is not the first, is a brief one. */
static bool wants_brief(struct sweep_passes *passes)
{
	uint32_t done = passes->pass + 1;
	if (done + 1 < passes->attempts)
		return true;
	return is_cheap(passes) && (done == 1 || repeat(passes, REPEATS_BRIEF));
}

/* Losses that brief passes could not look for may show only in the last. */
static bool wants_last_again(struct sweep_passes *passes)
{
	return passes->attempts > 1 && !is_cheap(passes) &&
	       repeat(passes, REPEATS_LAST);
}

/*
 * Brief passes go at half the rate of the one before, though at no less than an eighth
 * of the first. A last pass with the full window is slower than any brief one was, for
 * each silent port holds its place so much longer; without brief ones it has half.
 */
static uint32_t room_for(const struct sweep_passes *passes)
{
	uint32_t halvings = passes->pass;
	if (passes->last && passes->pass > 0)
		halvings = is_cheap(passes) ? 0 : 1;
	uint32_t room = passes->window >> (halvings < 3 ? halvings : 3);
	return room > 0 ? room : 1;
}

bool sweep_passes_next(struct sweep_passes *passes, uint32_t silent)
{
	if (silent == 0)
		return false;
	if (passes->last) {
		if (!wants_last_again(passes))
			return false;
	} else if (!wants_brief(passes)) {
		passes->last = true;
		passes->repeats = 0;
	}
	passes->pass++;
	passes->won = 0;
	passes->room = room_for(passes);
	return true;
}

uint32_t sweep_passes_shortage(struct sweep_passes *passes, uint64_t now_us)
{
	uint32_t wait_ms = passes->pause_ms;
	if (passes->short_since_us == 0)
		passes->short_since_us = now_us;
	if (now_us - passes->short_since_us >= PATIENCE_US)
		return 0;
	passes->room = passes->room > 1 ? passes->room / 2 : 1;
	passes->pause_ms = wait_ms * 2 < PAUSE_MAX_MS ? wait_ms * 2 : PAUSE_MAX_MS;
	return wait_ms;
}

void sweep_passes_started(struct sweep_passes *passes)
{
	passes->short_since_us = 0;
	passes->pause_ms = PAUSE_FIRST_MS;
	if (passes->room < room_for(passes) && ++passes->started % REGROW == 0)
		passes->room++;
}
