/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents as rows: of a set of changes, and those that the store has open. */
#ifndef DAEMON_QUERY_INCIDENTS_H
#define DAEMON_QUERY_INCIDENTS_H

#include "daemon/analyze/changes.h"
#include "daemon/analyze/lifecycle.h"
#include "daemon/model/rows.h"
#include "store/store.h"

/* Loads the open incidents of a vantage. 0, or a negative errno; incidents_fini() it
 * either way. Blocks on the disk. */
int incidents_load_open(
	struct store *store, const char *vantage, struct open_incidents *out);
void incidents_fini(struct open_incidents *open);

/* A scan whose incidents are reported to people. */
struct incidents_life {
	const struct lifecycle *lifecycle;
	const struct open_incidents *open;
	int64_t scan;
	int64_t opened_us; /* of those that it opens */
};

/*
 * Calls `each` for every incident of the set until one call is not 0; returns what the
 * last one did, 0 without any, or -ENOMEM. `life` NULL: nobody is notified of them.
 * What it is given lives during the call.
 */
int incidents_each(const struct change_set *set, int64_t scan,
	const struct incidents_life *life,
	int (*each)(void *data, const struct report_incident *incident), void *data);

#endif
