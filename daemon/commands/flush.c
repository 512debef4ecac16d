/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/flush.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/commands/stop.h"
#include "daemon/notify/notifier.h"
#include "store/outbox.h"

enum {
	STOP_MS = 3000,
	LOOK_MS = 100 /* how often it is looked whether a signal came */
};

static bool warn_of_sink(void *data, const struct outbox_sink *sink)
{
	(void)data;
	if (sink->waiting == 0)
		return true;
	log_warning("sink %s: %" PRIu64 " waiting in the store for the next time%s%s",
		sink->name, sink->waiting, sink->error[0] ? ": " : "", sink->error);
	return true;
}

bool flush_notices(const struct config *config, struct store *store, uint32_t limit_ms)
{
	uint64_t end_us = clock_monotonic_us() + limit_ms * UINT64_C(1000);
	struct notifier *notifier;
	bool ended;

	if (notifier_start(config, store, &notifier) < 0)
		return true;
	while (!notifier_drain(notifier, LOOK_MS) && !stop_was_asked() &&
		clock_monotonic_us() < end_us)
		;
	ended = notifier_stop(notifier, STOP_MS);
	outbox_list(store, config->settings.vantage, warn_of_sink, NULL);
	return ended;
}
