/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of incidents, inside the transaction that records a scan. */
#ifndef STORE_INCIDENT_H
#define STORE_INCIDENT_H

#include "store/sql.h"

/* What `record` opens, and what it changes of those that are open; `scan` finished at
 * `now_us`. 0, -EINVAL or another negative errno. */
int incident_open_all(struct store *store, int64_t vantage, int64_t scan,
	int64_t now_us, const struct store_record *record);
int incident_update_all(struct store *store, int64_t vantage, int64_t scan,
	int64_t now_us, const struct store_record *record);

#endif
