/* SPDX-License-Identifier: Apache-2.0 */
/* Every flow of a snapshot as a row. */
#ifndef DAEMON_QUERY_STATUS_H
#define DAEMON_QUERY_STATUS_H

#include "daemon/analyze/flap.h"
#include "daemon/model/rows.h"
#include "daemon/model/snapshot.h"
#include "store/store.h"

/* Marks what was silenced at a time (0: what is now) and, in the newest scan of the
 * vantage, what flaps. 0 or a negative errno. Blocks on the disk. */
int status_mark(struct store *store, int64_t then_us, const struct flap_limits *limits,
	struct snapshot *snapshot);

/*
 * Calls `each` for every flow of a snapshot that was loaded whole, in its order, and
 * counts them in `summary`, whose other members stay. 0, or what `each` returned.
 */
int status_rows(const struct snapshot *snapshot, struct report_summary *summary,
	int (*each)(void *data, const struct report_result *row), void *data);

#endif
