/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/schedule.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)

/* A window that lies in the hour which summer time skips has its next turn a week
 * later. */
#define FORTNIGHT_MIN (15 * 24 * 60)

struct schedule_terms schedule_terms_from(const struct settings_schedule *from)
{
	return (struct schedule_terms){
		.every_us = (int64_t)from->every_ms * 1000,
		.jitter_us = (int64_t)from->jitter_ms * 1000,
		.windows = from->windows,
		.n_windows = from->n_windows,
		.zone = from->zone,
	};
}

void schedule_init(struct schedule *schedule, uint64_t seed, struct schedule_now now)
{
	*schedule = (struct schedule){
		.base_us = now.monotonic_us,
		.renewed_us = now.monotonic_us,
	};
	random_seed(&schedule->random, seed);
}

/* ---- windows ------------------------------------------------------------------ */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_open(const struct schedule_terms *terms, int64_t wall_us)
{
	return terms->n_windows == 0 ||
	       hours_contain(terms->windows, terms->n_windows,
		       zone_local_s(terms->zone, floor_div(wall_us, SECOND_US)));
}

/*
 * The first full minute after `wall_us` at which it is open, or at which it is not;
 * INT64_MAX: there is none in a fortnight. Minute by minute: some 20,000 steps at most,
 * and nothing about summer time to get wrong.
 */
static int64_t next_minute(
	const struct schedule_terms *terms, int64_t wall_us, bool open)
{
	int64_t at = (floor_div(wall_us, MINUTE_US) + 1) * MINUTE_US;

	for (int i = 0; i < FORTNIGHT_MIN; i++, at += MINUTE_US)
		if (is_open(terms, at) == open)
			return at;
	return INT64_MAX;
}

/* ---- turns -------------------------------------------------------------------- */

static int64_t turn_us(
	const struct schedule *schedule, const struct schedule_terms *terms)
{
	return schedule->base_us + (schedule->follows ? terms->every_us : 0);
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How much before its turn a scan may start, lest it miss the window. */
static int64_t early_us(const struct schedule_terms *terms)
{
	return terms->n_windows ? smaller(terms->every_us / 10, HOUR_US) : 0;
}

/* No window was closed since the turn of the last scan: this one has had its scan. */
static bool window_had_scan(const struct schedule *schedule,
	const struct schedule_terms *terms, struct schedule_now now)
{
	int64_t since_us = now.monotonic_us - schedule->base_us;

	return next_minute(terms, now.wall_us - since_us, false) > now.wall_us;
}

static bool turn_has_come(const struct schedule *schedule,
	const struct schedule_terms *terms, struct schedule_now now)
{
	int64_t left_us = turn_us(schedule, terms) - now.monotonic_us;

	if (left_us <= 0)
		return true;
	return left_us <= early_us(terms) && !window_had_scan(schedule, terms, now) &&
	       next_minute(terms, now.wall_us, false) <= now.wall_us + left_us;
}

static void draw(struct schedule *schedule)
{
	schedule->share = random_below(&schedule->random, UINT32_MAX);
}

/* In a window. The jitter is that of the turn, and ends with the window. */
static void get_ready(struct schedule *schedule, const struct schedule_terms *terms,
	struct schedule_now now)
{
	int64_t room_us = terms->jitter_us;
	int64_t turn = smaller(turn_us(schedule, terms), now.monotonic_us);

	if (terms->n_windows && room_us) {
		int64_t end_us = next_minute(terms, now.wall_us, false);
		room_us = smaller(room_us, end_us - now.wall_us);
	}
	schedule->ready = true;
	schedule->due_us =
		turn +
		(int64_t)((uint64_t)room_us / 1000 * schedule->share >> 32) * 1000;
}

static struct schedule_step hold(
	const struct schedule_terms *terms, struct schedule_now now)
{
	int64_t opens_us = next_minute(terms, now.wall_us, true);

	/* The clock on the wall may be set meanwhile. */
	return (struct schedule_step){
		.held = true,
		.wait_us = smaller(opens_us - now.wall_us, MINUTE_US),
		.at_wall_us = opens_us,
	};
}

static struct schedule_step wait(const struct schedule *schedule,
	const struct schedule_terms *terms, struct schedule_now now)
{
	int64_t left_us = turn_us(schedule, terms) - now.monotonic_us;
	int64_t at_us = now.wall_us + left_us;
	int64_t early = early_us(terms);

	return (struct schedule_step){
		.wait_us =
			left_us > early ? left_us - early : smaller(left_us, MINUTE_US),
		.at_wall_us =
			is_open(terms, at_us) ? at_us : next_minute(terms, at_us, true),
	};
}

void schedule_renew(struct schedule *schedule, struct schedule_now now)
{
	schedule->ready = false;
	schedule->renewed_us = now.monotonic_us;
}

/* No scan is late by terms that did not hold yet. */
static int64_t late_us(const struct schedule *schedule, struct schedule_now now)
{
	int64_t since_us = smaller(now.monotonic_us - schedule->due_us,
		now.monotonic_us - schedule->renewed_us);

	return since_us > 0 ? since_us : 0;
}

struct schedule_step schedule_next(struct schedule *schedule,
	const struct schedule_terms *terms, struct schedule_now now)
{
	int64_t left_us;

	if (!is_open(terms, now.wall_us)) {
		if (!schedule->ready && now.monotonic_us < turn_us(schedule, terms))
			return wait(schedule, terms, now);
		schedule->held = true;
		schedule->ready = false;
		return hold(terms, now);
	}
	if (schedule->held) {
		schedule->held = false;
		schedule->follows = false;
		schedule->base_us = now.monotonic_us;
		draw(schedule);
	}
	if (!schedule->ready && !turn_has_come(schedule, terms, now))
		return wait(schedule, terms, now);
	if (!schedule->ready)
		get_ready(schedule, terms, now);
	left_us = schedule->due_us - now.monotonic_us;
	return (struct schedule_step){
		.start = left_us <= 0,
		.late_us = late_us(schedule, now),
		.wait_us = left_us > 0 ? left_us : 0,
		.at_wall_us = now.wall_us + left_us,
	};
}

void schedule_started(struct schedule *schedule, const struct schedule_terms *terms,
	struct schedule_now now)
{
	int64_t turn = turn_us(schedule, terms);

	if (turn <= now.monotonic_us - terms->every_us)
		turn = now.monotonic_us;
	schedule->base_us = turn;
	schedule->follows = true;
	schedule->ready = false;
	draw(schedule);
}
