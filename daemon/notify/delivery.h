/* SPDX-License-Identifier: Apache-2.0 */
/* The delivery of the outbox to one sink: in order, one message after the other. */
#ifndef DAEMON_NOTIFY_DELIVERY_H
#define DAEMON_NOTIFY_DELIVERY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "daemon/notify/sink.h"
#include "store/outbox.h"

enum {
	DELIVERY_FIRST_RETRY_MS = 1000,
	DELIVERY_MOST_RETRY_MS = 300000, /* 5m */
	DELIVERY_MOST_PAUSE_MS = 60000,  /* clocks step: look again */
	DELIVERY_REFUSALS =
		10 /* as often a notice may be refused before it is given up */
};

struct delivery {
	/* Set by the caller. */
	const struct notify_sink *sink;
	const char *vantage;
	struct store *store; /* an outbox_open() of its own */
	const atomic_bool *stop;

	/* Its own. */
	const struct sink_ops *ops;
	void *state;
	struct random_state random;
	bool paused;  /* something waits for the end of quiet hours or of a digest */
	bool failing; /* and that was logged */
	struct outbox_step owed; /* delivered or given up, and not in the store yet */
};

/* 0 or a negative errno; delivery_close() only after 0. */
int delivery_open(struct delivery *delivery);

/*
 * Delivers the next message that the sink wants. Returns how long to wait before the
 * next call, in milliseconds: 0 when there may be more, UINT32_MAX when nothing waits.
 * Blocks; logs failures.
 */
uint32_t delivery_step(struct delivery *delivery);

void delivery_close(struct delivery *delivery);

/*
 * How long to leave the sink alone, in milliseconds, at most DELIVERY_MOST_PAUSE_MS;
 * then ask again. 0: deliver now. Its quiet hours come first; a digest waits until its
 * oldest notice is as old as the sink wants. Both times are the wall clock's. Pure.
 */
uint32_t delivery_pause_ms(
	const struct notify_sink *sink, int64_t oldest_us, int64_t now_us);

/*
 * How long a sink that failed is left alone. After `attempts` failures in a row (at
 * least 1): about a second, then twice as long each time, at most five minutes.
 * `chance`, a number from 0 to UINT32_MAX, takes off up to half, so that a fleet does
 * not come back at once. `asked_ms` is what the receiver asked for, 0 for nothing: it
 * is never less than that, within the five minutes. Pure.
 */
uint32_t delivery_retry_ms(uint32_t attempts, uint32_t chance, uint64_t asked_ms);

#endif
