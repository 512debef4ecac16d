/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the sinks of a configuration what waits for them in the store: a thread a sink,
 * so that none waits for another. Each is told in order; one that fails is tried again
 * later, and what it was not told waits in the store.
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
 * stays the caller's alone, the notifier has a handle of its own. 0, or a negative
 * errno after telling. With no sinks *out is NULL, which all calls take.
 */
int notifier_start(
	const struct config *config, const struct store *writer, struct notifier **out);

/* There is something new in the store. */
void notifier_wake(struct notifier *notifier);

/* Waits until no sink has anything left that it may be told now, at most so long. True:
 * so it is. A sink that failed and is to be tried later has something left. */
bool notifier_drain(struct notifier *notifier, uint32_t limit_ms);

/* Tells all to end what is under way, and does not wait for it. */
void notifier_cancel(struct notifier *notifier);

/*
 * Ends what is under way, and frees. False: after so long something still hangs, as a
 * write to a file system may that answers nothing. Then all is left as it is, with the
 * configuration that it needs, and this may be called again.
 */
bool notifier_stop(struct notifier *notifier, uint32_t limit_ms);

#endif
