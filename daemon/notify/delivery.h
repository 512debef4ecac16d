/* SPDX-License-Identifier: Apache-2.0 */
/* One sink's way through the outbox. */
#ifndef DAEMON_NOTIFY_DELIVERY_H
#define DAEMON_NOTIFY_DELIVERY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "daemon/notify/sink.h"
#include "store/outbox.h"

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
	bool paused;  /* something waits, and it is not the time to tell of it */
	bool failing; /* and it was told */
	struct outbox_step owed; /* what the sink knows and the store does not yet */
};

/* 0 or a negative errno; delivery_close() only after 0. */
int delivery_open(struct delivery *delivery);

/*
 * Tells the sink of the next notice that it wants. Returns how long to wait before the
 * next call, in milliseconds: 0 when there may be more, UINT32_MAX when nothing waits.
 * Logs what people should know.
 */
uint32_t delivery_step(struct delivery *delivery);

void delivery_close(struct delivery *delivery);

#endif
