/* SPDX-License-Identifier: Apache-2.0 */
/* What takes part in the transaction that records a scan: used by record.c alone. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/outbox.h"
#include "store/sql.h"

/* The scan and when it finished, and its vantage's row. */
struct record_of {
	int64_t vantage, scan, now_us;
};

/* Opens what the scan opens, before flows refer to it. 0, -EINVAL or another negative
 * errno; so for the next. */
int incident_open_all(struct store *store, struct record_of of,
	const struct store_incident *opened, size_t count);

/* Shrinks and closes what was open before. */
int incident_update_all(struct store *store, struct record_of of,
	const struct store_incident_update *updates, size_t count);

/* 0, or -EINVAL unless it is open and of the vantage. */
int incident_check_open(struct store *store, struct record_of of, int64_t id);

/* 0 or a negative errno. */
int outbox_put(struct store *store, struct record_of of, const struct outbox_put *put);

#endif
