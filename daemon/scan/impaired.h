/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it this vantage? The statistical guard on a scan, the scans before it, and the one
 * incident that stands for all that a degraded scan withholds.
 */
#ifndef DAEMON_SCAN_IMPAIRED_H
#define DAEMON_SCAN_IMPAIRED_H

#include <stdint.h>

#include "daemon/analyze/assess.h"
#include "daemon/analyze/guard.h"
#include "daemon/query/changes.h"
#include "daemon/query/previous.h"

/* How the scans of a vantage before this one went. */
struct trail {
	uint32_t degraded;   /* the newest ones in a row that were */
	uint32_t improbable; /* of these, those for the numbers alone */
	uint32_t controls;   /* ... and those for the controls alone */
	int64_t since;       /* the first of these; 0: none */
	int64_t since_us;    /* when that began */
	int64_t clean_us;    /* when the newest that was not began; 0: none known */
};

/* 0 or a negative errno. Blocks on the disk. */
int trail_load(struct store *store, const char *vantage, struct trail *out);

/*
 * Marks a scan degraded when too few controls answer, or when guard_judge() finds the
 * vantage impaired, for which there must be a previous scan. Unless it has been so for
 * guard.patience scans since the last clean one: then it is taken for what the network
 * is like; controls, when all else is well. 0 or -ENOMEM.
 */
int impaired_judge(const struct plan *plan, const struct results *results,
	const struct previous *previous, const struct trail *trail,
	struct assessment *assessment);

/*
 * Adds "this vantage is impaired" to the changes of a degraded scan, where it is the
 * first in a row, and the end of that to those of a clean one after it: as an incident
 * of no flows. 0 or -ENOMEM.
 */
int impaired_tell(const struct plan *plan, const struct results *results,
	const struct previous *previous, const struct assessment *assessment,
	const struct trail *trail, int64_t now_us, struct change_set *changes);

#endif
