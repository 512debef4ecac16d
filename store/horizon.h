/* SPDX-License-Identifier: Apache-2.0 */
/* Which scans are still there: those that retention has not let go of, or that have a
 * baseline. */
#ifndef STORE_HORIZON_H
#define STORE_HORIZON_H

#include "store/sql.h"

/* Of a row of scan that is joined with its vantage. */
#define HORIZON_KEPT                \
	"(scan.id > vantage.pruned" \
	" OR EXISTS (SELECT 1 FROM baseline WHERE baseline.scan = scan.id))"

/* Remembers why there is no scan `id`: it was let go of, -ENODATA, or there never was
 * one, -ENOENT. Or another negative errno. */
int horizon_refuse(struct store *store, int64_t id);

/* Where a baseline is taken from a scan: what only that held on to may go. Inside the
 * caller's transaction. 0 or a negative errno. */
int horizon_release(struct store *store, const char *baseline);

/*
 * Declares gone what is too old of a vantage, inside the caller's transaction. *last:
 * scans up to this one are gone; *now_us: the time that ages count from, which a clock
 * that is wrong for a few scans does not move on. 0 or a negative errno.
 */
int horizon_advance(struct store *store, int64_t vantage,
	const struct store_retention *keep, int64_t *last, int64_t *now_us);

#endif
