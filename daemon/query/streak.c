/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/streak.h"

#include <limits.h>
#include <string.h>

struct reading {
	const char *vantage;
	struct health_streak *out;
};

/* Newest first. */
static bool on_scan(void *data, const struct store_scan *scan)
{
	struct reading *reading = data;
	struct health_streak *out = reading->out;
	enum health_cause cause = health_from_word(scan->degraded_why);

	if (scan->status != STORE_SCAN_COMPLETE ||
		strcmp(scan->vantage, reading->vantage) != 0)
		return true;
	if (!scan->degraded) {
		if (out->degraded == 0)
			out->accepted = cause;
		return false;
	}
	out->degraded++;
	out->by_cause[cause]++;
	out->since = scan->id;
	out->since_us = scan->started_us;
	return true;
}

int streak_load(struct store *store, const char *vantage, struct health_streak *out)
{
	struct reading reading = {vantage, out};

	*out = (struct health_streak){.degraded = 0};
	return store_scan_list(store, UINT_MAX, on_scan, &reading);
}
