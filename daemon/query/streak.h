/* SPDX-License-Identifier: Apache-2.0 */
/* How the newest scans of a vantage went, out of the store. */
#ifndef DAEMON_QUERY_STREAK_H
#define DAEMON_QUERY_STREAK_H

#include "daemon/analyze/health.h"
#include "store/store.h"

/* 0 or a negative errno. Blocks on the disk. */
int streak_load(struct store *store, const char *vantage, struct health_streak *out);

#endif
