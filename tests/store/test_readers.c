/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads beside a writer, and with which rights. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/store/fixture.h"

static bool exists(const struct bed *bed, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof path, "%s%s", bed->path, suffix);
	return access(path, F_OK) == 0;
}

static void remove_side(const struct bed *bed, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof path, "%s%s", bed->path, suffix);
	assert_int_equal(unlink(path), 0);
}

/* A closed store with a scan in it. */
static void make_store(struct bed *bed)
{
	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	bed_close(bed);
}

/* ---- readers ----------------------------------------------------------------- */

static int count_scans(struct store *store)
{
	struct store_scan scan;
	int rc = store_scan_last(store, NULL, &scan);

	return rc < 0 ? rc : (int)scan.id;
}

static void readers_and_the_writer_do_not_wait_for_each_other(void **state)
{
	struct bed *bed = *state;
	struct store *readers[3];

	make_store(bed);
	bed_open(bed, STORE_WRITE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			store_open(bed->path, STORE_READ, &readers[i], &bed->error), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(count_scans(readers[i]), 1);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(count_scans(readers[i]), 2);
	for (int i = 0; i < 3; i++)
		store_close(readers[i]);
	/* The readers' going has not freed the file for another writer. */
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &readers[0], &bed->error), -EBUSY);
}

struct while_writing {
	struct store *writer;
	size_t flows;
};

static bool record_meanwhile(void *data, const struct store_flow *flow)
{
	struct while_writing *during = data;

	assert_string_equal(flow->state, "open");
	if (during->flows++ == 0)
		SCAN(during->writer, "paris", SEEN("a", "tcp/1", "closed"),
			SEEN("b", "tcp/1", "closed"));
	return true;
}

static void a_reader_sees_one_moment_while_the_writer_goes_on(void **state)
{
	struct bed *bed = *state;
	struct while_writing during = {0};
	struct store *reader;

	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "open"));
	during.writer = bed->store;
	assert_int_equal(store_open(bed->path, STORE_READ, &reader, &bed->error), 0);
	assert_int_equal(store_flows_at(reader, 1, record_meanwhile, &during), 0);
	assert_int_equal(during.flows, 2);
	assert_int_equal(count_scans(reader), 2);
	store_close(reader);
}

static void a_reader_may_not_write(void **state)
{
	struct bed *bed = *state;
	struct store_record nothing = {.scan = 1, .next = feed_row};
	int64_t id;

	make_store(bed);
	bed_open(bed, STORE_READ);
	assert_int_equal(store_scan_begin(bed->store, "paris", 0, &id), -EROFS);
	assert_int_equal(store_scan_record(bed->store, &nothing), -EROFS);
	assert_int_equal(store_scan_interrupt(bed->store, 1), -EROFS);
	assert_int_equal(store_baseline_save(bed->store, "x", 1, 0, false), -EROFS);
	assert_int_equal(store_baseline_remove(bed->store, "x"), -EROFS);
	assert_non_null(strstr(store_last_error(bed->store), "read-only"));
}

/* ---- rights ------------------------------------------------------------------ */

/*
 * Opens as someone who may read the folder and the file, and no more; 0 when that found
 * the scan, else what failed. In a process of its own, for root may do everything.
 */
static int open_as_stranger(struct bed *bed, enum store_mode mode)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct store *store = NULL;
		int rc = 0;
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(120);
		rc = store_open(bed->path, mode, &store, &bed->error);
		if (rc == 0 && count_scans(store) != 1)
			rc = -121;
		if (rc < 0 && !strstr(bed->error.text, bed->path))
			rc = -122;
		store_close(store);
		_exit(-rc);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void forbid_writing(struct bed *bed, bool forbid)
{
	assert_int_equal(chmod(bed->path, forbid ? 0444 : 0640), 0);
	assert_int_equal(chmod(bed->folder, forbid ? 0555 : 0700), 0);
}

static void chmod_side(struct bed *bed, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof path, "%s%s", bed->path, suffix);
	assert_int_equal(chmod(path, 0444), 0);
}

static void reads_what_a_writer_left_in_a_folder_that_may_not_be_written(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	chmod_side(bed, "-wal");
	chmod_side(bed, "-shm");
	forbid_writing(bed, true);
	assert_int_equal(open_as_stranger(bed, STORE_READ), 0);
	forbid_writing(bed, false);
}

static void reads_beside_a_living_writer_without_the_right_to_write(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	bed_open(bed, STORE_WRITE);
	chmod_side(bed, "-wal");
	chmod_side(bed, "-shm");
	forbid_writing(bed, true);
	assert_int_equal(open_as_stranger(bed, STORE_READ), 0);
	forbid_writing(bed, false);
}

static void reads_a_bare_copy_in_a_folder_that_may_not_be_written(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	remove_side(bed, "-wal");
	remove_side(bed, "-shm");
	forbid_writing(bed, true);
	assert_int_equal(open_as_stranger(bed, STORE_READ), 0);
	forbid_writing(bed, false);
}

static void refuses_to_write_where_it_may_not(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	remove_side(bed, "-lock");
	forbid_writing(bed, true);
	assert_int_equal(open_as_stranger(bed, STORE_WRITE), -EACCES);
	forbid_writing(bed, false);
	assert_false(exists(bed, "-lock"));
}

static void refuses_to_read_what_it_may_not(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	assert_int_equal(chmod(bed->folder, 0755), 0);
	assert_int_equal(chmod(bed->path, 0), 0);
	assert_int_equal(open_as_stranger(bed, STORE_READ), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(readers_and_the_writer_do_not_wait_for_each_other),
		TEST(a_reader_sees_one_moment_while_the_writer_goes_on),
		TEST(a_reader_may_not_write),
		TEST(reads_what_a_writer_left_in_a_folder_that_may_not_be_written),
		TEST(reads_beside_a_living_writer_without_the_right_to_write),
		TEST(reads_a_bare_copy_in_a_folder_that_may_not_be_written),
		TEST(refuses_to_write_where_it_may_not),
		TEST(refuses_to_read_what_it_may_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
