/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/retention.h"

#include "base/clock.h"
#include "base/log.h"

#define LIMIT_US UINT64_C(500000)

void retention_apply(
	struct store *store, const struct settings *settings, int64_t now_us)
{
	const struct store_retention keep = {
		.now_us = now_us,
		.history_us = settings->history_ms * 1000,
		.rtt_us = settings->rtt_ms * 1000,
	};
	uint64_t end_us = clock_monotonic_us() + LIMIT_US;
	bool more = true;

	while (more && clock_monotonic_us() < end_us) {
		if (store_prune(store, settings->vantage, &keep, &more) < 0) {
			log_warning("%s", store_last_error(store));
			return;
		}
	}
}
