/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next scan starts. Pure: the time is handed in, both of it. How long a scan's
 * turn is away goes by the monotonic clock, so that no step of the other one starts a
 * hundred scans or none; whether it may start goes by the clock on the wall, as windows
 * are meant.
 */
#ifndef DAEMON_RUN_SCHEDULE_H
#define DAEMON_RUN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "config/settings.h"

struct schedule_terms {
	int64_t every_us; /* > 0 */
	int64_t jitter_us;
	const struct hours *windows;
	size_t n_windows;        /* 0: at any time */
	const struct zone *zone; /* of the windows */
};

/* What they point to stays the settings'. */
struct schedule_terms schedule_terms_from(const struct settings_schedule *from);

struct schedule_now {
	int64_t monotonic_us;
	int64_t wall_us; /* since 1970-01-01T00:00:00Z */
};

/* Its own. */
struct schedule {
	int64_t base_us; /* monotonic; the turn of the last scan, else the next turn */
	bool follows;    /* the next turn is `every` after the base */
	bool ready;      /* the turn has come: the scan is due at due_us */
	bool held;       /* the turn has come, and no window is open */
	int64_t due_us;  /* the turn and its jitter */
	int64_t renewed_us; /* monotonic: since when these terms hold */
	uint32_t share;     /* of the jitter, in parts of 2^32 */
	struct random_state random;
};

struct schedule_step {
	bool start;         /* now */
	int64_t late_us;    /* when it starts: how much later than it was due */
	int64_t wait_us;    /* else: ask again then, or sooner */
	bool held;          /* it waits for a window */
	int64_t at_wall_us; /* when it will be; INT64_MAX: no window opens in a
			       fortnight */
};

/* The first turn is now, without jitter. */
void schedule_init(struct schedule *schedule, uint64_t seed, struct schedule_now now);

/* The terms change now: what was drawn by the previous ones is void. */
void schedule_renew(struct schedule *schedule, struct schedule_now now);

/*
 * Whether a scan should start now, when none runs. Turns are `every` apart, whatever
 * the scans take. One that comes while no window is open waits for the next, and then
 * comes with the jitter after its opening. One that a window would just miss (by a
 * tenth of `every`, an hour at most) and that would be the window's first comes early:
 * a scan a night loses no night to summer time. A turn's jitter ends with its window.
 */
struct schedule_step schedule_next(struct schedule *schedule,
	const struct schedule_terms *terms, struct schedule_now now);

/* The scan that was due has started. Turns that it made impossible are dropped: the
 * next is `every` after the last that is past, or after now. */
void schedule_started(struct schedule *schedule, const struct schedule_terms *terms,
	struct schedule_now now);

#endif
