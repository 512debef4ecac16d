/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivers the store's outbox to the sinks of a configuration: a thread for each, so
 * that none waits for another. Each gets notices in order; one that fails is tried
 * again later, and what it did not get waits in the store.
 */
#ifndef DAEMON_NOTIFY_NOTIFIER_H
#define DAEMON_NOTIFY_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "store/store.h"

struct notifier;

/*
 * Starts. `config` and `writer` (open for writing) must outlive the notifier; `writer`
 * stays the caller's alone, the notifier has handles of its own. 0, or a negative errno
 * after logging. Without sinks *out is NULL, which all calls take.
 */
int notifier_start(
	const struct config *config, const struct store *writer, struct notifier **out);

/* There is something new in the store. */
void notifier_wake(struct notifier *notifier);

/* Waits until no sink has anything left that may be delivered now, at most so long.
 * True: that is so. A sink that failed and is to be tried later has something left. */
bool notifier_drain(struct notifier *notifier, uint32_t limit_ms);

/* Asks all to end, and does not wait for it. */
void notifier_cancel(struct notifier *notifier);

/*
 * Ends deliveries and frees. False: after so long one still hangs, as a write to a dead
 * file system may. Then nothing is freed, the configuration must stay, and this may be
 * called again.
 */
bool notifier_stop(struct notifier *notifier, uint32_t limit_ms);

#endif
