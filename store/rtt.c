/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rtt.h"

#include <string.h>

/* ---- cells ------------------------------------------------------------------- */

static uint64_t get_le(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

static void put_le(uint8_t *bytes, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++, value >>= 8)
		bytes[i] = (uint8_t)value;
}

struct rtt_cell rtt_cell_read(const void *blob, size_t size, size_t index)
{
	const uint8_t *cell;

	if (!blob || index >= size / RTT_CELL_SIZE)
		return (struct rtt_cell){0};
	cell = (const uint8_t *)blob + index * RTT_CELL_SIZE;
	return (struct rtt_cell){
		.min_us = (uint32_t)get_le(cell, 4),
		.max_us = (uint32_t)get_le(cell + 4, 4),
		.sum_us = get_le(cell + 8, 6),
		.count = (uint16_t)get_le(cell + 14, 2),
	};
}

void rtt_cell_add(uint8_t blob[RTT_BLOB_SIZE], size_t index, uint32_t rtt_us)
{
	struct rtt_cell old = rtt_cell_read(blob, RTT_BLOB_SIZE, index);
	uint8_t *cell = blob + index * RTT_CELL_SIZE;

	if (old.count == 0 || rtt_us < old.min_us)
		put_le(cell, 4, rtt_us);
	if (old.count == 0 || rtt_us > old.max_us)
		put_le(cell + 4, 4, rtt_us);
	if (old.count == UINT16_MAX)
		return;
	/* 65535 times of 32 bits fit 48. */
	put_le(cell + 8, 6, (old.count ? old.sum_us : 0) + rtt_us);
	put_le(cell + 14, 2, old.count + 1u);
}

/* ---- rows -------------------------------------------------------------------- */

struct rows {
	struct store *store;
	int64_t vantage, hour;
	struct sqlite3_stmt *find, *update, *insert;
};

static size_t used_size(const uint8_t *blob)
{
	size_t size = RTT_BLOB_SIZE;

	while (size > 0 && get_le(blob + size - 2, 2) == 0)
		size -= RTT_CELL_SIZE;
	return size;
}

/* 1 with *id and the blob filled up with zeros; 0: there is none yet. */
static int find_row(struct rows *rows, int64_t chunk, int64_t *id, uint8_t *blob)
{
	const void *cells;
	size_t size;
	int rc;

	memset(blob, 0, RTT_BLOB_SIZE);
	SQL_BIND(rows->find, rows->vantage, chunk, rows->hour);
	rc = sql_step(rows->store, rows->find);
	if (rc > 0) {
		*id = sql_int(rows->find, 0);
		cells = sql_blob(rows->find, 1, &size);
		if (size)
			memcpy(blob, cells,
				size < RTT_BLOB_SIZE ? size : RTT_BLOB_SIZE);
	}
	sql_reset(rows->find);
	return rc;
}

static int put_row(
	struct rows *rows, int64_t chunk, bool found, int64_t id, const uint8_t *blob)
{
	struct sqlite3_stmt *statement = found ? rows->update : rows->insert;

	if (found)
		SQL_BIND(statement, id);
	else
		SQL_BIND(statement, rows->vantage, chunk, rows->hour);
	sql_bind_blob(statement, found ? 2 : 4, blob, used_size(blob));
	return sql_run(rows->store, statement);
}

static int record_chunk(
	struct rows *rows, int64_t chunk, const uint32_t *times_us, size_t count)
{
	uint8_t blob[RTT_BLOB_SIZE];
	int64_t id = 0;
	bool any = false;
	int found;

	for (size_t i = 0; i < count && !any; i++)
		any = times_us[i] != 0;
	if (!any)
		return 0;
	found = find_row(rows, chunk, &id, blob);
	if (found < 0)
		return found;
	for (size_t i = 0; i < count; i++)
		if (times_us[i])
			rtt_cell_add(blob, i, times_us[i]);
	return put_row(rows, chunk, found > 0, id, blob);
}

static int prepare_rows(struct rows *rows)
{
	int rc = sql_prepare(rows->store,
		"SELECT id, cells FROM rtt_hour"
		" WHERE vantage = ? AND chunk = ? AND hour = ?",
		&rows->find);

	if (rc == 0)
		rc = sql_prepare(rows->store,
			"UPDATE rtt_hour SET cells = ?2 WHERE id = ?1", &rows->update);
	if (rc == 0)
		rc = sql_prepare(rows->store,
			"INSERT INTO rtt_hour (vantage, chunk, hour, cells)"
			" VALUES (?, ?, ?, ?)",
			&rows->insert);
	return rc;
}

int rtt_record(struct store *store, int64_t vantage, int64_t hour,
	const uint32_t *times_us, size_t count)
{
	struct rows rows = {.store = store, .vantage = vantage, .hour = hour};
	int rc = prepare_rows(&rows);

	for (size_t at = 0; at < count && rc == 0; at += RTT_CHUNK_FLOWS) {
		size_t left = count - at;
		rc = record_chunk(&rows, (int64_t)(at / RTT_CHUNK_FLOWS), times_us + at,
			left < RTT_CHUNK_FLOWS ? left : RTT_CHUNK_FLOWS);
	}
	sql_free(rows.find);
	sql_free(rows.update);
	sql_free(rows.insert);
	return rc;
}
