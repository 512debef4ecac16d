/* SPDX-License-Identifier: Apache-2.0 */
/* When a sink is not told although something waits for it. Pure. */
#ifndef DAEMON_NOTIFY_PAUSE_H
#define DAEMON_NOTIFY_PAUSE_H

#include <stdint.h>

#include "config/notify.h"

enum {
	PAUSE_MOST_MS = 60000 /* clocks step: look again */
};

/*
 * How long to leave the sink alone, in milliseconds, at most PAUSE_MOST_MS; then ask
 * again. 0: it is told now. Its quiet hours come first; a digest waits until the oldest
 * notice of it is as old as the sink wants. Both times are the wall clock's.
 */
uint32_t pause_ms(const struct notify_sink *sink, int64_t oldest_us, int64_t now_us);

#endif
