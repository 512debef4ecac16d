/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include <sqlite3.h>

#include "tests/store/fixture.h"

/* ---- files ------------------------------------------------------------------- */

struct bytes {
	size_t size;
	unsigned char data[1 << 20];
};

static struct bytes *slurp(const char *path)
{
	struct bytes *bytes = calloc(1, sizeof *bytes);
	FILE *file = fopen(path, "rb");

	assert_non_null(bytes);
	assert_non_null(file);
	bytes->size = fread(bytes->data, 1, sizeof bytes->data, file);
	assert_true(bytes->size < sizeof bytes->data);
	fclose(file);
	return bytes;
}

static void spill(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static bool exists(const struct bed *bed, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof path, "%s%s", bed->path, suffix);
	return access(path, F_OK) == 0;
}

/* Both modes refuse the file with `code`, and its bytes stay as they were. */
static void assert_refused(struct bed *bed, int code, const char *text)
{
	struct bytes *before = slurp(bed->path), *after;

	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		assert_int_equal(store_open(bed->path, (enum store_mode)mode,
					 &bed->store, &bed->error),
			code);
		assert_null(bed->store);
		assert_non_null(strstr(bed->error.text, bed->path));
		assert_non_null(strstr(bed->error.text, text));
		after = slurp(bed->path);
		assert_int_equal(before->size, after->size);
		assert_memory_equal(before->data, after->data, before->size);
		free(after);
	}
	free(before);
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A closed store with a scan in it. */
static void make_store(struct bed *bed)
{
	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	bed_close(bed);
}

/* ---- making ------------------------------------------------------------------ */

static void makes_a_store_where_there_is_none(void **state)
{
	struct bed *bed = *state;
	mode_t old = umask(0);
	struct stat info;

	bed_open(bed, STORE_WRITE);
	umask(old);
	assert_int_equal(stat(bed->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	assert_string_equal(bed->error.text, "");
	assert_string_equal(store_last_error(bed->store), "");
	assert_false(exists(bed, "-new"));
}

static void finds_again_what_it_stored(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;

	make_store(bed);
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		bed_open(bed, (enum store_mode)mode);
		assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
		assert_int_equal(scan.id, 1);
		bed_close(bed);
	}
}

static void makes_a_store_of_an_empty_file(void **state)
{
	struct bed *bed = *state;

	spill(bed->path, "", 0);
	assert_int_equal(
		store_open(bed->path, STORE_READ, &bed->store, &bed->error), -ENOENT);
	make_store(bed);
}

static void takes_no_notice_of_a_store_half_made(void **state)
{
	struct bed *bed = *state;
	char path[128];

	snprintf(path, sizeof path, "%s-new", bed->path);
	spill(path, "half", 4);
	make_store(bed);
	assert_false(exists(bed, "-new"));
}

static void says_how_to_get_a_store_when_there_is_none_to_read(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		store_open(bed->path, STORE_READ, &bed->store, &bed->error), -ENOENT);
	assert_non_null(strstr(bed->error.text, "'reachd scan' creates one"));
	assert_false(exists(bed, ""));
	assert_false(exists(bed, "-lock"));
}

static void says_that_the_folder_is_missing(void **state)
{
	struct bed *bed = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/no/such.db", bed->folder);
	assert_int_equal(
		store_open(path, STORE_WRITE, &bed->store, &bed->error), -ENOENT);
	assert_non_null(strstr(bed->error.text, path));
	assert_non_null(strstr(bed->error.text, "No such file or directory"));
}

/* ---- what is not ours -------------------------------------------------------- */

static void refuses_a_folder(void **state)
{
	struct bed *bed = *state;

	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		assert_int_equal(store_open(bed->folder, (enum store_mode)mode,
					 &bed->store, &bed->error),
			-EINVAL);
		assert_non_null(strstr(bed->error.text, "this is not a file"));
	}
}

static void refuses_a_text_file_and_leaves_nothing_beside_it(void **state)
{
	struct bed *bed = *state;

	spill(bed->path, "vantage: here\n", 14);
	assert_refused(bed, -EINVAL, "not a reachd database");
	assert_false(exists(bed, "-lock"));
	assert_false(exists(bed, "-wal"));
	assert_false(exists(bed, "-shm"));
}

static void refuses_the_database_of_another_program(void **state)
{
	struct bed *bed = *state;

	sql(bed->path, "PRAGMA application_id = 7; CREATE TABLE mine (x)");
	assert_refused(bed, -EINVAL, "another program");
	sql(bed->path, "PRAGMA journal_mode = WAL; INSERT INTO mine VALUES (1)");
	assert_refused(bed, -EINVAL, "another program");
	assert_false(exists(bed, "-lock"));
	assert_false(exists(bed, "-shm"));
}

static void refuses_a_file_of_zeros(void **state)
{
	struct bed *bed = *state;
	static const char zeros[8192];

	spill(bed->path, zeros, sizeof zeros);
	assert_refused(bed, -EINVAL, "not a reachd database");
}

/* ---- damage ------------------------------------------------------------------ */

static void refuses_a_file_that_was_cut(void **state)
{
	struct bed *bed = *state;
	struct bytes *bytes;

	make_store(bed);
	bytes = slurp(bed->path);
	spill(bed->path, bytes->data, bytes->size / 2);
	assert_refused(bed, -EBADMSG, "damaged");
	free(bytes);
}

static void refuses_a_file_whose_first_page_is_rubbish(void **state)
{
	struct bed *bed = *state;
	struct bytes *bytes;

	make_store(bed);
	bytes = slurp(bed->path);
	memset(bytes->data + 100, 0xa5, 3996);
	spill(bed->path, bytes->data, bytes->size);
	assert_refused(bed, -EBADMSG, "damaged");
	free(bytes);
}

static void refuses_a_file_of_ours_with_other_tables(void **state)
{
	struct bed *bed = *state;

	make_store(bed);
	sql(bed->path, "PRAGMA foreign_keys = OFF; DROP TABLE gap");
	assert_refused(bed, -EBADMSG, "damaged");
}

static bool pass_over(void *data, const struct store_flow *flow)
{
	(void)data;
	(void)flow;
	return true;
}

static long root_page(const char *path, const char *table)
{
	sqlite3 *db;
	sqlite3_stmt *row;
	long page;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT rootpage FROM sqlite_schema WHERE name = ?",
				 -1, &row, NULL),
		SQLITE_OK);
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	page = (long)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return page;
}

static void reports_damage_further_in_when_it_meets_it(void **state)
{
	struct bed *bed = *state;
	struct store_row row = SEEN("a", "tcp/1", "open");
	struct bytes *bytes;
	int64_t id;

	make_store(bed);
	bytes = slurp(bed->path);
	memset(bytes->data + (root_page(bed->path, "flow") - 1) * 4096, 0xa5, 4096);
	spill(bed->path, bytes->data, bytes->size);
	free(bytes);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_flows_at(bed->store, 1, pass_over, NULL), -EBADMSG);
	assert_non_null(strstr(store_last_error(bed->store), "damaged"));
	id = begin(bed->store, "paris", 0);
	assert_int_equal(
		record(bed->store, id, 0, (struct feed){.rows = &row, .count = 1}),
		-EBADMSG);
	assert_non_null(strstr(store_last_error(bed->store), "scan 2 was not stored"));
}

/* ---- two writers ------------------------------------------------------------- */

static void refuses_a_second_writer_and_names_the_first(void **state)
{
	struct bed *bed = *state;
	struct store *second = NULL;
	char pid[32];

	bed_open(bed, STORE_WRITE);
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &second, &bed->error), -EBUSY);
	assert_null(second);
	snprintf(pid, sizeof pid, "process %ld is writing", (long)getpid());
	assert_non_null(strstr(bed->error.text, pid));
	assert_non_null(strstr(bed->error.text, bed->path));
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
}

static void a_link_to_the_file_is_the_same_store(void **state)
{
	struct bed *bed = *state;
	struct store *second = NULL;
	char path[128];

	snprintf(path, sizeof path, "%s-other", bed->path);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(symlink(bed->path, path), 0);
	assert_int_equal(store_open(path, STORE_WRITE, &second, &bed->error), -EBUSY);
}

static void does_not_mark_the_scan_of_a_living_writer(void **state)
{
	struct bed *bed = *state;
	struct store *second = NULL;
	struct store_scan scan;
	int64_t id;

	bed_open(bed, STORE_WRITE);
	id = begin(bed->store, "paris", 0);
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &second, &bed->error), -EBUSY);
	assert_int_equal(store_open(bed->path, STORE_READ, &second, &bed->error), 0);
	store_close(second);
	assert_int_equal(store_scan_get(bed->store, id, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_RUNNING);
}

static void marks_the_scans_that_a_dead_writer_left(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	int64_t id;

	bed_open(bed, STORE_WRITE);
	id = begin(bed->store, "paris", 0);
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_scan_get(bed->store, id, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_INTERRUPTED);
}

/* It would be played into the new one. */
static void makes_none_beside_what_is_left_of_one_that_is_gone(void **state)
{
	struct bed *bed = *state;
	char wal[128], away[128];
	struct bytes *left;

	snprintf(wal, sizeof wal, "%s-wal", bed->path);
	snprintf(away, sizeof away, "%s-other", bed->path);
	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	left = slurp(wal);
	assert_true(left->size > 0);
	bed_close(bed);
	assert_int_equal(rename(bed->path, away), 0);
	spill(wal, left->data, left->size);
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &bed->store, &bed->error), -EEXIST);
	assert_non_null(strstr(bed->error.text, "-wal has a part of it"));
	assert_false(exists(bed, ""));
	assert_true(exists(bed, "-wal"));
	/* Either way out works. */
	assert_int_equal(rename(away, bed->path), 0);
	bed_open(bed, STORE_WRITE);
	bed_close(bed);
	assert_int_equal(unlink(bed->path), 0);
	bed_open(bed, STORE_WRITE);
	free(left);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_store_where_there_is_none),
		TEST(finds_again_what_it_stored),
		TEST(makes_a_store_of_an_empty_file),
		TEST(makes_none_beside_what_is_left_of_one_that_is_gone),
		TEST(takes_no_notice_of_a_store_half_made),
		TEST(says_how_to_get_a_store_when_there_is_none_to_read),
		TEST(says_that_the_folder_is_missing),
		TEST(refuses_a_folder),
		TEST(refuses_a_text_file_and_leaves_nothing_beside_it),
		TEST(refuses_the_database_of_another_program),
		TEST(refuses_a_file_of_zeros),
		TEST(refuses_a_file_that_was_cut),
		TEST(refuses_a_file_whose_first_page_is_rubbish),
		TEST(refuses_a_file_of_ours_with_other_tables),
		TEST(reports_damage_further_in_when_it_meets_it),
		TEST(refuses_a_second_writer_and_names_the_first),
		TEST(a_link_to_the_file_is_the_same_store),
		TEST(does_not_mark_the_scan_of_a_living_writer),
		TEST(marks_the_scans_that_a_dead_writer_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
