/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two scans a < b. A flow that is otherwise at b than at a either
 * holds an interval at b that began after a (the open one in its row, or one that has
 * ended since), or was removed between them. Each case is an index range that holds
 * what changed and no more.
 */
#include <errno.h>

#include "store/row_cache.h"

struct comparison {
	struct row_cache cache;
	int64_t vantage, a, b;
	struct sqlite3_stmt *before; /* the closed interval that held at a */
	bool (*each)(void *data, const struct store_change *change);
	void *data;
	bool stopped;
};

enum column {
	HOST,
	CHECK,
	EXPECT,
	RULES,
	STATE,
	REASON,
	PHASE,
	IDENTITY,
	EVIDENCE
};

static const char before_sql[] =
	"SELECT to_scan >= ?4, state, reason, identity FROM interval"
	" WHERE vantage = ?1 AND host = ?2 AND check_name = ?3 AND from_scan <= ?4"
	" ORDER BY from_scan DESC LIMIT 1";

static const char open_sql[] =
	"SELECT host, check_name, expect, rules, state, reason, phase, identity,"
	" evidence FROM flow INDEXED BY flow_from"
	" WHERE vantage = ?1 AND from_scan > ?2 AND from_scan <= ?3";

static const char ended_sql[] =
	"SELECT i.host, i.check_name, flow.expect, flow.rules, i.state, i.reason,"
	" i.phase, i.identity, i.evidence"
	" FROM interval AS i INDEXED BY interval_from"
	" CROSS JOIN flow ON flow.vantage = i.vantage AND flow.host = i.host"
	" AND flow.check_name = i.check_name"
	" WHERE i.vantage = ?1 AND i.from_scan > ?2 AND i.from_scan <= ?3"
	" AND i.to_scan >= ?3";

/* Left between a and b, and at b not back again. */
static const char removed_sql[] =
	"SELECT i.host, i.check_name, flow.expect, flow.rules, i.state, i.reason,"
	" i.phase, i.identity, i.evidence"
	" FROM interval AS i INDEXED BY interval_removed"
	" CROSS JOIN flow ON flow.vantage = i.vantage AND flow.host = i.host"
	" AND flow.check_name = i.check_name"
	" WHERE i.vantage = ?1 AND i.removed = 1 AND i.to_scan >= ?2 AND i.to_scan < ?3"
	" AND (flow.from_scan IS NULL OR flow.from_scan > ?3)"
	" AND NOT EXISTS (SELECT 1 FROM interval AS later"
	"  WHERE later.vantage = i.vantage AND later.host = i.host"
	"  AND later.check_name = i.check_name AND later.from_scan > i.to_scan"
	"  AND later.from_scan <= ?3)";

/* ---- one change -------------------------------------------------------------- */

/* 1: the flow was in scope at a, and `before` is its interval; 0: it was not. */
static int find_before(struct comparison *c, struct sqlite3_stmt *row)
{
	int rc;

	sql_reset(c->before);
	SQL_BIND(c->before, c->vantage, sql_int(row, HOST), sql_int(row, CHECK), c->a);
	rc = sql_step(c->cache.store, c->before);
	return rc > 0 ? sql_int(c->before, 0) != 0 : rc;
}

static void fill_flow(
	struct comparison *c, struct sqlite3_stmt *row, struct store_change *change)
{
	struct row_cache *cache = &c->cache;

	row_cache_host(cache, sql_int(row, HOST));
	*change = (struct store_change){
		.vantage = cache->vantage,
		.host = cache->host_name,
		.check = row_cache_word(cache, sql_int(row, CHECK)),
		.from_state = "",
		.from_reason = "",
		.from_identity = "",
		.to_state = "",
		.to_reason = "",
		.to_phase = "",
		.to_identity = "",
		.to_evidence = "",
		.expect = row_cache_word(cache, sql_int(row, EXPECT)),
		.rules = row_cache_word(cache, sql_int(row, RULES)),
		.groups = cache->groups,
		.addresses = cache->addresses,
	};
}

static void fill_before(struct comparison *c, struct store_change *change)
{
	change->from_state = row_cache_word(&c->cache, sql_int(c->before, 1));
	change->from_reason = row_cache_word(&c->cache, sql_int(c->before, 2));
	change->from_identity = row_cache_word(&c->cache, sql_int(c->before, 3));
}

static void fill_after(
	struct comparison *c, struct sqlite3_stmt *row, struct store_change *change)
{
	change->to_state = row_cache_word(&c->cache, sql_int(row, STATE));
	change->to_reason = row_cache_word(&c->cache, sql_int(row, REASON));
	change->to_phase = row_cache_word(&c->cache, sql_int(row, PHASE));
	change->to_identity = row_cache_word(&c->cache, sql_int(row, IDENTITY));
	change->to_evidence = row_cache_word(&c->cache, sql_int(row, EVIDENCE));
}

static bool is_same(struct comparison *c, struct sqlite3_stmt *row)
{
	return sql_int(c->before, 1) == sql_int(row, STATE) &&
	       sql_int(c->before, 3) == sql_int(row, IDENTITY);
}

static int report(struct comparison *c, const struct store_change *change)
{
	int rc = row_cache_failure(&c->cache);

	/* In scope on one side alone, and there it never was measured. */
	if (!*change->from_state && !*change->to_state)
		return rc;
	if (rc == 0)
		c->stopped = !c->each(c->data, change);
	return rc;
}

/* The row is how the flow was at b. */
static int on_present(struct comparison *c, struct sqlite3_stmt *row)
{
	struct store_change change;
	int was = find_before(c, row);

	if (was < 0 || (was && is_same(c, row)))
		return was < 0 ? was : 0;
	fill_flow(c, row, &change);
	if (was)
		fill_before(c, &change);
	fill_after(c, row, &change);
	return report(c, &change);
}

/* The row is how the flow was when it left. */
static int on_removed(struct comparison *c, struct sqlite3_stmt *row)
{
	struct store_change change;
	int was = find_before(c, row);

	if (was <= 0)
		return was;
	fill_flow(c, row, &change);
	fill_before(c, &change);
	return report(c, &change);
}

/* ---- all --------------------------------------------------------------------- */

static int for_rows(struct comparison *c, const char *text,
	int (*on_row)(struct comparison *c, struct sqlite3_stmt *row))
{
	struct sqlite3_stmt *rows;
	int rc = c->stopped ? 0 : sql_prepare(c->cache.store, text, &rows);

	if (rc < 0 || c->stopped)
		return rc;
	SQL_BIND(rows, c->vantage, c->a, c->b);
	while ((rc = sql_step(c->cache.store, rows)) > 0) {
		rc = on_row(c, rows);
		if (rc < 0 || c->stopped)
			break;
	}
	sql_free(rows);
	return rc;
}

static int compare(struct comparison *c)
{
	int rc = sql_prepare(c->cache.store, before_sql, &c->before);

	if (rc == 0)
		rc = for_rows(c, open_sql, on_present);
	if (rc == 0)
		rc = for_rows(c, ended_sql, on_present);
	if (rc == 0)
		rc = for_rows(c, removed_sql, on_removed);
	return rc;
}

static int check_scans(struct comparison *c)
{
	int64_t other;
	int rc = row_cache_scan(&c->cache, c->a, &other);

	if (rc == 0)
		rc = row_cache_scan(&c->cache, c->b, &c->vantage);
	if (rc < 0)
		return rc;
	if (other != c->vantage)
		return store_refuse(c->cache.store, -EINVAL,
			"scans %lld and %lld are of different vantages",
			(long long)c->a, (long long)c->b);
	if (c->a > c->b)
		return store_refuse(c->cache.store, -EINVAL,
			"scan %lld is newer than %lld: name the older one first",
			(long long)c->a, (long long)c->b);
	return 0;
}

int store_changes(struct store *store, int64_t a, int64_t b,
	bool (*each)(void *data, const struct store_change *change), void *data)
{
	struct comparison c = {.a = a, .b = b, .each = each, .data = data};
	int rc = row_cache_init(&c.cache, store);

	if (rc == 0)
		rc = check_scans(&c);
	if (rc == 0)
		rc = compare(&c);
	sql_free(c.before);
	row_cache_fini(&c.cache);
	return rc;
}
