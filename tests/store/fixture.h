/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, and scans fed from arrays. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

/* Rows; what a test does not care about is left out, and made plausible by feed_row().
 */
#define SEEN(h, c, s, ...)                                                             \
	{                                                                              \
		.host = (h), .check = (c), .state = (s), .measured = true, __VA_ARGS__ \
	}
#define UNMEASURED(h, c, why)                              \
	{                                                  \
		.host = (h), .check = (c), .reason = (why) \
	}

struct bed {
	char folder[64], path[96];
	struct store *store;
	struct store_error error;
};

static inline int bed_setup(void **state)
{
	struct bed *bed = calloc(1, sizeof *bed);

	assert_non_null(bed);
	strcpy(bed->folder, "/tmp/reachd-store-XXXXXX");
	assert_non_null(mkdtemp(bed->folder));
	snprintf(bed->path, sizeof bed->path, "%s/reachd.db", bed->folder);
	*state = bed;
	return 0;
}

static inline void bed_close(struct bed *bed)
{
	store_close(bed->store);
	bed->store = NULL;
}

static inline void bed_remove(struct bed *bed)
{
	static const char *const suffixes[] = {
		"", "-wal", "-shm", "-lock", "-journal", "-new", "-other"};
	char path[128];

	bed_close(bed);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		snprintf(path, sizeof path, "%s%s", bed->path, suffixes[i]);
		unlink(path);
	}
}

static inline int bed_teardown(void **state)
{
	struct bed *bed = *state;

	bed_remove(bed);
	/* A file that nobody expects is a failure. */
	assert_int_equal(rmdir(bed->folder), 0);
	free(bed);
	return 0;
}

static inline void bed_open(struct bed *bed, enum store_mode mode)
{
	int rc = store_open(bed->path, mode, &bed->store, &bed->error);

	if (rc != 0)
		fail_msg("store_open: %d %s", rc, bed->error.text);
}

static inline int bed_setup_open(void **state)
{
	bed_setup(state);
	bed_open(*state, STORE_WRITE);
	return 0;
}

struct feed {
	const struct store_row *rows;
	size_t count, at;
	const struct store_host *hosts;
	size_t n_hosts, host_at;
	bool raw; /* rows as they are */
};

static inline void complete_row(struct store_row *row)
{
	row->state = row->state ? row->state : "error";
	row->reason = row->reason ? row->reason : "because";
	row->phase = row->phase ? row->phase : "connect";
	row->identity = row->identity ? row->identity : "";
	row->evidence = row->evidence ? row->evidence : "";
	row->expect = row->expect ? row->expect : "open";
	row->verdict = row->verdict ? row->verdict : "pass";
	row->rules = row->rules ? row->rules : "[\"r\"]";
}

static inline int feed_row(void *data, struct store_row *row)
{
	struct feed *feed = data;

	if (feed->at == feed->count)
		return 0;
	*row = feed->rows[feed->at++];
	if (!feed->raw)
		complete_row(row);
	return 1;
}

static inline int feed_host(void *data, struct store_host *host)
{
	struct feed *feed = data;

	if (feed->host_at == feed->n_hosts)
		return 0;
	*host = feed->hosts[feed->host_at++];
	return 1;
}

static inline int64_t begin(struct store *store, const char *vantage, int64_t at_us)
{
	int64_t id;

	assert_int_equal(store_scan_begin(store, vantage, at_us, &id), 0);
	return id;
}

/* Records the rows as scan `id`, finished at `at_us`. */
static inline int record(
	struct store *store, int64_t id, int64_t at_us, struct feed feed)
{
	struct store_record what = {
		.scan = id,
		.totals = {.finished_us = at_us, .flows = feed.count},
		.next = feed_row,
		.next_data = &feed,
		.next_host = feed_host,
		.next_host_data = &feed,
	};

	return store_scan_record(store, &what);
}

/* A whole scan; number n finishes n * 100 seconds after 1970. */
static inline int64_t scan_rows(struct store *store, const char *vantage,
	const struct store_row *rows, size_t count)
{
	int64_t id = begin(store, vantage, 0);
	int rc = record(store, id, id * 100 * SECOND,
		(struct feed){.rows = rows, .count = count});

	if (rc != 0)
		fail_msg("store_scan_record: %d %s", rc, store_last_error(store));
	return id;
}

#define SCAN(store, vantage, ...)                                          \
	scan_rows(store, vantage, (const struct store_row[]){__VA_ARGS__}, \
		sizeof((const struct store_row[]){__VA_ARGS__}) /          \
			sizeof(struct store_row))

#endif
