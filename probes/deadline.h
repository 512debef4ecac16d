/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time limits by the thousand: one libuv timer per length of time, not per connection.
 * Deadlines of the same length expire in the order they were armed, so each class is a
 * list and arming or disarming is O(1).
 */
#ifndef PROBES_DEADLINE_H
#define PROBES_DEADLINE_H

#include <stdint.h>
#include <uv.h>

#include "base/list.h"

struct deadline_class;

struct deadline_set {
	uv_loop_t *loop;
	struct deadline_class *classes;
};

struct deadline {
	struct list node;
	struct deadline_class *class; /* NULL: not armed */
	uint64_t due_us;              /* clock_monotonic_us() */
	void (*expired)(struct deadline *deadline);
};

void deadline_set_init(struct deadline_set *set, uv_loop_t *loop);

/* A deadline that is not armed; may be disarmed harmlessly. Zeroed memory is one too.
 */
void deadline_init(struct deadline *deadline);

/*
 * Calls `expired` after timeout_ms, from the loop, never from inside this call. An
 * armed deadline is moved. Never early; late by at most the loop's own delay and 1 ms.
 * Lengths are rounded up so that there are few classes (below 100 ms: 1 ms; then 1 %).
 * 0, or -ENOMEM.
 */
int deadline_arm(struct deadline_set *set, struct deadline *deadline,
	uint32_t timeout_ms, void (*expired)(struct deadline *deadline));

/* An armed deadline keeps the loop alive; one that is disarmed or has expired does not.
 */
void deadline_disarm(struct deadline *deadline);

/*
 * Closes the timers; no deadline may be armed. The set's memory is freed by the close
 * callbacks, so run the loop once more before uv_loop_close().
 */
void deadline_set_close(struct deadline_set *set);

#endif
