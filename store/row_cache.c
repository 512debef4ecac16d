/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row_cache.h"

#include <errno.h>
#include <string.h>

#include "store/horizon.h"

int row_cache_init(struct row_cache *cache, struct store *store)
{
	int rc;

	*cache = (struct row_cache){.store = store};
	rc = sql_begin_read(store, &cache->began);
	if (rc == 0)
		rc = string_texts_init(&cache->texts, store);
	if (rc == 0)
		rc = sql_prepare(store,
			"SELECT name, group_names, addresses FROM host WHERE id = ?",
			&cache->host_row);
	if (rc == 0)
		rc = sql_prepare(store, "SELECT finished_us FROM scan WHERE id = ?",
			&cache->scan_row);
	return rc;
}

void row_cache_fini(struct row_cache *cache)
{
	sql_free(cache->host_row);
	sql_free(cache->scan_row);
	string_texts_fini(&cache->texts);
	sql_end_read(cache->store, cache->began);
}

/* One row of a statement by id; the row stays until the next call. */
static bool look_up(
	struct row_cache *cache, struct sqlite3_stmt *row, const char *what, int64_t id)
{
	int rc;

	if (cache->rc < 0)
		return false;
	sql_reset(row);
	SQL_BIND(row, id);
	rc = sql_step(cache->store, row);
	if (rc == 0)
		rc = store_damaged(
			cache->store, "%s %lld is missing", what, (long long)id);
	if (rc < 0)
		cache->rc = rc;
	return rc > 0;
}

void row_cache_host(struct row_cache *cache, int64_t host)
{
	if (cache->host_name && cache->host == host)
		return;
	cache->host = host;
	cache->host_name = cache->groups = cache->addresses = "";
	if (!look_up(cache, cache->host_row, "host", host))
		return;
	cache->host_name = sql_text(cache->host_row, 0);
	cache->groups = row_cache_word(cache, sql_int(cache->host_row, 1));
	cache->addresses = sql_text(cache->host_row, 2);
}

int64_t row_cache_scan_us(struct row_cache *cache, int64_t scan)
{
	if (scan == cache->scan)
		return cache->scan_us;
	cache->scan = scan;
	cache->scan_us = 0;
	if (look_up(cache, cache->scan_row, "scan", scan))
		cache->scan_us = sql_int(cache->scan_row, 0);
	return cache->scan_us;
}

int64_t row_cache_past_us(struct row_cache *cache, int64_t scan)
{
	int rc;

	if (scan == cache->past || cache->rc < 0)
		return cache->past_us;
	sql_reset(cache->scan_row);
	SQL_BIND(cache->scan_row, scan);
	rc = sql_step(cache->store, cache->scan_row);
	cache->past = scan;
	cache->past_us = rc > 0 ? sql_int(cache->scan_row, 0) : 0;
	sql_reset(cache->scan_row);
	if (rc < 0)
		cache->rc = rc;
	return cache->past_us;
}

const char *row_cache_word(struct row_cache *cache, int64_t word)
{
	return string_text(&cache->texts, word);
}

int row_cache_failure(const struct row_cache *cache)
{
	return cache->rc < 0 ? cache->rc : cache->texts.rc;
}

static int read_scan(struct row_cache *cache, struct sqlite3_stmt *row, int64_t scan,
	int64_t *vantage)
{
	if (strcmp(sql_text(row, 1), "complete") != 0)
		return store_refuse(cache->store, -EINVAL,
			"scan %lld was not completed: choose one that was",
			(long long)scan);
	*vantage = sql_int(row, 0);
	cache->vantage = arena_strdup(&cache->texts.arena, sql_text(row, 2));
	return cache->vantage ? 0 : store_no_memory(cache->store);
}

int row_cache_scan(struct row_cache *cache, int64_t scan, int64_t *vantage)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(cache->store,
		"SELECT scan.vantage, scan.status, vantage.name FROM scan"
		" JOIN vantage ON vantage.id = scan.vantage"
		" WHERE scan.id = ? AND " HORIZON_KEPT,
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, scan);
	rc = sql_step(cache->store, row);
	if (rc > 0)
		rc = read_scan(cache, row, scan, vantage);
	else if (rc == 0)
		rc = horizon_refuse(cache->store, scan);
	sql_free(row);
	return rc;
}
