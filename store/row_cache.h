/* SPDX-License-Identifier: Apache-2.0 */
/* What queries over flows look up beside the flow: words, hosts, times of scans, each
 * remembered as long as neighbours share it. Lasts for one query. */
#ifndef STORE_ROW_CACHE_H
#define STORE_ROW_CACHE_H

#include "store/string_table.h"

struct row_cache {
	struct store *store;
	bool began; /* the snapshot is ours to end */
	struct string_texts texts;
	struct sqlite3_stmt *host_row, *scan_row;
	const char *vantage; /* name of that of the last row_cache_scan() */
	int64_t host, scan, past;
	const char *host_name, *groups, *addresses;
	int64_t scan_us, past_us;
	int rc; /* of the first failure of the calls below */
};

/* Begins a snapshot. 0 or a negative errno; row_cache_fini() it either way. */
int row_cache_init(struct row_cache *cache, struct store *store);
void row_cache_fini(struct row_cache *cache);

/* Fills host_name, groups and addresses; they live until another host is asked for. */
void row_cache_host(struct row_cache *cache, int64_t host);

/* When the scan finished. */
int64_t row_cache_scan_us(struct row_cache *cache, int64_t scan);

/* Likewise, of a scan whose row may be gone: 0. */
int64_t row_cache_past_us(struct row_cache *cache, int64_t scan);

/* The word; "" after a failure. */
const char *row_cache_word(struct row_cache *cache, int64_t word);

/* 0, or the first failure. */
int row_cache_failure(const struct row_cache *cache);

/* Looks up a complete scan and its vantage, whose name lives as long as the cache. 0;
 * -ENOENT; -EINVAL when it is not complete. */
int row_cache_scan(struct row_cache *cache, int64_t scan, int64_t *vantage);

#endif
