/* SPDX-License-Identifier: Apache-2.0 */
/* Recording a scan, in one transaction. */
#include "store/idle.h"
#include "store/incident.h"
#include "store/outbox_internal.h"
#include "store/recorder.h"
#include "store/rtt.h"

static int record_hosts(struct recorder *r, const struct store_record *record)
{
	struct store_host row;
	int rc = 0, got = 0;

	while (rc == 0 && record->next_host &&
		(got = record->next_host(record->next_host_data, &row)) > 0)
		rc = recorder_host(r, &row);
	return rc < 0 ? rc : got;
}

static int record_rows(struct recorder *r, const struct store_record *record)
{
	struct store_row row;
	int rc = 0, got = 0;

	while (rc == 0 && (got = record->next(record->next_data, &row)) > 0)
		rc = recorder_row(r, &row);
	return rc < 0 ? rc : got;
}

static int complete_scan(struct recorder *r, const struct store_scan *totals)
{
	struct sqlite3_stmt *set;
	int rc = sql_prepare(r->store,
		"UPDATE scan SET status = 'complete', finished_us = ?2, duration_us = ?3,"
		" flows = ?4, pass = ?5, fail = ?6, inconclusive = ?7, changes = ?8,"
		" degraded = ?9, scope = ?10, carried = ?11, degraded_why = ?12"
		" WHERE id = ?1",
		&set);

	if (rc < 0)
		return rc;
	SQL_BIND(set, r->scan, totals->finished_us, (int64_t)totals->duration_us,
		(int64_t)totals->flows, (int64_t)totals->pass, (int64_t)totals->fail,
		(int64_t)totals->inconclusive, (int64_t)totals->changes,
		totals->degraded, (int64_t)totals->scope, (int64_t)totals->carried);
	sql_bind_text(set, 12, totals->degraded_why);
	rc = sql_run(r->store, set);
	sql_free(set);
	return rc;
}

static int record_all(struct store *store, const struct store_record *record)
{
	struct recorder recorder;
	int rc = recorder_init(&recorder, store, record->scan);

	if (rc == 0)
		rc = incident_open_all(store, recorder.vantage, record->scan,
			record->totals.finished_us, record);
	if (rc == 0)
		rc = record_hosts(&recorder, record);
	if (rc == 0)
		rc = record_rows(&recorder, record);
	if (rc == 0)
		rc = recorder_remove_rest(&recorder);
	if (rc == 0)
		rc = incident_update_all(store, recorder.vantage, record->scan,
			record->totals.finished_us, record);
	if (rc == 0)
		rc = idle_record(&recorder, record);
	if (rc == 0)
		rc = rtt_record(recorder.store, recorder.vantage,
			recorder.started_us / RTT_HOUR_US, recorder.times_us,
			recorder.n_times);
	if (rc == 0 && record->outbox)
		rc = outbox_put(recorder.store, recorder.vantage, recorder.scan,
			record->totals.finished_us, record->outbox);
	if (rc == 0)
		rc = complete_scan(&recorder, &record->totals);
	recorder_fini(&recorder);
	return rc;
}

int store_scan_record(struct store *store, const struct store_record *record)
{
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = sql_end_write(store, record_all(store, record));
	if (rc < 0)
		store_note(store, "scan %lld was not stored", (long long)record->scan);
	return rc;
}
