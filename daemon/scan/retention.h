/* SPDX-License-Identifier: Apache-2.0 */
/* What the store no longer needs to keep goes, a little after each scan. */
#ifndef DAEMON_SCAN_RETENTION_H
#define DAEMON_SCAN_RETENTION_H

#include "config/settings.h"
#include "store/store.h"

/*
 * Prunes the settings' vantage for half a second and one batch at most; the rest is for
 * the next call. A failure is told as a warning: nothing is lost by it. Blocks.
 */
void retention_apply(
	struct store *store, const struct settings *settings, int64_t now_us);

#endif
