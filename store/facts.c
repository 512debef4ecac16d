/* SPDX-License-Identifier: Apache-2.0 */
#include "store/facts.h"

#include <errno.h>
#include <string.h>

#include "store/horizon.h"

int facts_init(struct facts *facts, struct store *store)
{
	int rc;

	*facts = (struct facts){.store = store};
	rc = sql_begin_read(store, &facts->began);
	if (rc == 0)
		rc = texts_init(&facts->texts, store);
	if (rc == 0)
		rc = sql_prepare(store,
			"SELECT name, group_names, addresses FROM host WHERE id = ?",
			&facts->host_row);
	if (rc == 0)
		rc = sql_prepare(store, "SELECT finished_us FROM scan WHERE id = ?",
			&facts->scan_row);
	return rc;
}

void facts_fini(struct facts *facts)
{
	sql_free(facts->host_row);
	sql_free(facts->scan_row);
	texts_fini(&facts->texts);
	sql_end_read(facts->store, facts->began);
}

/* One row of a statement by id; the row stays until the next call. */
static bool look_up(
	struct facts *facts, struct sqlite3_stmt *row, const char *what, int64_t id)
{
	int rc;

	if (facts->rc < 0)
		return false;
	sql_reset(row);
	SQL_BIND(row, id);
	rc = sql_step(facts->store, row);
	if (rc == 0)
		rc = store_damaged(
			facts->store, "%s %lld is missing", what, (long long)id);
	if (rc < 0)
		facts->rc = rc;
	return rc > 0;
}

void facts_host(struct facts *facts, int64_t host)
{
	if (facts->host_name && facts->host == host)
		return;
	facts->host = host;
	facts->host_name = facts->groups = facts->addresses = "";
	if (!look_up(facts, facts->host_row, "host", host))
		return;
	facts->host_name = sql_text(facts->host_row, 0);
	facts->groups = facts_word(facts, sql_int(facts->host_row, 1));
	facts->addresses = sql_text(facts->host_row, 2);
}

int64_t facts_scan_us(struct facts *facts, int64_t scan)
{
	if (scan == facts->scan)
		return facts->scan_us;
	facts->scan = scan;
	facts->scan_us = 0;
	if (look_up(facts, facts->scan_row, "scan", scan))
		facts->scan_us = sql_int(facts->scan_row, 0);
	return facts->scan_us;
}

int64_t facts_past_us(struct facts *facts, int64_t scan)
{
	int rc;

	if (scan == facts->past || facts->rc < 0)
		return facts->past_us;
	sql_reset(facts->scan_row);
	SQL_BIND(facts->scan_row, scan);
	rc = sql_step(facts->store, facts->scan_row);
	facts->past = scan;
	facts->past_us = rc > 0 ? sql_int(facts->scan_row, 0) : 0;
	sql_reset(facts->scan_row);
	if (rc < 0)
		facts->rc = rc;
	return facts->past_us;
}

const char *facts_word(struct facts *facts, int64_t word)
{
	return texts_get(&facts->texts, word);
}

int facts_failure(const struct facts *facts)
{
	return facts->rc < 0 ? facts->rc : facts->texts.rc;
}

static int read_scan(
	struct facts *facts, struct sqlite3_stmt *row, int64_t scan, int64_t *vantage)
{
	if (strcmp(sql_text(row, 1), "complete") != 0)
		return store_refuse(facts->store, -EINVAL,
			"scan %lld was not completed: choose one that was",
			(long long)scan);
	*vantage = sql_int(row, 0);
	facts->vantage = arena_strdup(&facts->texts.arena, sql_text(row, 2));
	return facts->vantage ? 0 : store_no_memory(facts->store);
}

int facts_scan(struct facts *facts, int64_t scan, int64_t *vantage)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(facts->store,
		"SELECT scan.vantage, scan.status, vantage.name FROM scan"
		" JOIN vantage ON vantage.id = scan.vantage"
		" WHERE scan.id = ? AND " HORIZON_KEPT,
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, scan);
	rc = sql_step(facts->store, row);
	if (rc > 0)
		rc = read_scan(facts, row, scan, vantage);
	else if (rc == 0)
		rc = horizon_refuse(facts->store, scan);
	sql_free(row);
	return rc;
}
