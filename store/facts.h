/* SPDX-License-Identifier: Apache-2.0 */
/* What queries over flows look up beside the flow: words, hosts, times of scans, each
 * remembered as long as neighbours share it. Lasts for one query. */
#ifndef STORE_FACTS_H
#define STORE_FACTS_H

#include "store/words.h"

struct facts {
	struct store *store;
	bool began; /* the snapshot is ours to end */
	struct texts texts;
	struct sqlite3_stmt *host_row, *scan_row;
	const char *vantage; /* name of that of the last facts_scan() */
	int64_t host, scan, past;
	const char *host_name, *groups, *addresses;
	int64_t scan_us, past_us;
	int rc; /* of the first failure of the calls below */
};

/* Begins a snapshot. 0 or a negative errno; facts_fini() it either way. */
int facts_init(struct facts *facts, struct store *store);
void facts_fini(struct facts *facts);

/* Fills host_name, groups and addresses; they live until another host is asked for. */
void facts_host(struct facts *facts, int64_t host);

/* When the scan finished. */
int64_t facts_scan_us(struct facts *facts, int64_t scan);

/* Likewise, of a scan whose row may be gone: 0. */
int64_t facts_past_us(struct facts *facts, int64_t scan);

/* The word; "" after a failure. */
const char *facts_word(struct facts *facts, int64_t word);

/* 0, or the first failure. */
int facts_failure(const struct facts *facts);

/* Looks up a complete scan and its vantage, whose name lives as long as `facts`. 0;
 * -ENOENT; -EINVAL when it is not complete. */
int facts_scan(struct facts *facts, int64_t scan, int64_t *vantage);

#endif
