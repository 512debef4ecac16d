/* SPDX-License-Identifier: Apache-2.0 */
/* Others that write to the file, and files that are no longer there. */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include <sqlite3.h>

#include "store/internal.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

/* ---- two writers ------------------------------------------------------------- */

static struct {
	struct store *first;
	int pauses, close_at;
	const char *path; /* where to make a store at the first pause; NULL: nowhere */
	int lock_fd;      /* that keeps it locked until then */
} waiting;

/* Time passes by what happens in it. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)pause, (void)left;
	if (waiting.path && waiting.pauses == 0) {
		struct store_error error;
		close(waiting.lock_fd);
		assert_int_equal(
			store_open(waiting.path, STORE_WRITE, &waiting.first, &error),
			0);
		SCAN(waiting.first, "paris", SEEN("a", "tcp/1", "open"));
		store_close(waiting.first);
		waiting.first = NULL;
	}
	if (++waiting.pauses == waiting.close_at) {
		store_close(waiting.first);
		waiting.first = NULL;
	}
	return 0;
}

static int open_second(struct bed *bed, int close_at)
{
	waiting.pauses = 0;
	waiting.close_at = close_at;
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &waiting.first, &bed->error), 0);
	return store_open(bed->path, STORE_WRITE, &bed->store, &bed->error);
}

static void waits_for_a_writer_that_is_done_in_a_moment(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(open_second(bed, 3), 0);
	assert_int_equal(waiting.pauses, 3);
	assert_null(waiting.first);
}

static void waits_a_second_for_others_and_names_them(void **state)
{
	struct bed *bed = *state;
	char pid[64];

	assert_int_equal(open_second(bed, 0), -EBUSY);
	assert_int_equal(waiting.pauses, 50);
	snprintf(pid, sizeof pid, "process %ld is writing", (long)getpid());
	assert_non_null(strstr(bed->error.text, pid));
	store_close(waiting.first);
}

/* Where the file was missing before the lock was taken, somebody may have made it
 * since. */
static void does_not_make_anew_what_another_made_meanwhile(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	char path[128];

	snprintf(path, sizeof path, "%s-lock", bed->path);
	waiting.path = bed->path;
	waiting.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	assert_true(waiting.lock_fd >= 0);
	assert_int_equal(flock(waiting.lock_fd, LOCK_EX), 0);
	waiting.pauses = 0;
	waiting.close_at = 0;
	bed_open(bed, STORE_WRITE);
	waiting.path = NULL;
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 1);
}

/* ---- other programs ---------------------------------------------------------- */

/* Locks the file for writing until killed, and says so on the pipe. */
static void keep_locked(const char *path, int pipe_end)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
		write(pipe_end, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void names_another_program_that_keeps_it_locked(void **state)
{
	struct bed *bed = *state;
	int ends[2], status;
	char byte, text[64];
	pid_t child;
	int64_t id;

	bed_open(bed, STORE_WRITE);
	bed_close(bed);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		keep_locked(bed->path, ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	bed_open(bed, STORE_WRITE);
	sqlite3_busy_timeout(bed->store->db, 1);
	assert_int_equal(store_scan_begin(bed->store, "paris", 0, &id), -EBUSY);
	snprintf(text, sizeof text, "process %ld (", (long)child);
	if (!strstr(store_last_error(bed->store), text))
		fail_msg("%s", store_last_error(bed->store));
	assert_non_null(strstr(store_last_error(bed->store), "keeps it locked"));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(store_scan_begin(bed->store, "paris", 0, &id), 0);
	close(ends[0]);
	close(ends[1]);
}

/* Another handle of this process: its number would be no help. */
static void does_not_name_itself(void **state)
{
	struct bed *bed = *state;
	sqlite3 *db;
	char text[64];

	bed_open(bed, STORE_WRITE);
	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	store_name_holder(bed->store, text, sizeof text);
	assert_string_equal(text, "another program");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void says_so_when_nobody_can_be_named(void **state)
{
	struct bed *bed = *state;
	char text[64];

	bed_open(bed, STORE_WRITE);
	store_name_holder(bed->store, text, sizeof text);
	assert_string_equal(text, "another program");
}

/* ---- a file that is no longer there ------------------------------------------ */

static void assert_writes_nothing(struct bed *bed, int64_t scan)
{
	struct store_row row = SEEN("a", "tcp/1", "open");
	struct store_sizes sizes;
	int64_t id;

	assert_int_equal(store_scan_begin(bed->store, "paris", 0, &id), -ESTALE);
	assert_non_null(strstr(store_last_error(bed->store), bed->path));
	assert_non_null(strstr(store_last_error(bed->store), "restart to use"));
	assert_int_equal(
		record(bed->store, scan, 0, (struct feed){.rows = &row, .count = 1}),
		-ESTALE);
	assert_non_null(strstr(store_last_error(bed->store), "was not stored"));
	assert_int_equal(store_baseline_save(bed->store, "b", 1, 0, false), -ESTALE);
	assert_int_equal(store_compact(bed->store, &sizes), -ESTALE);
}

static void does_not_say_stored_when_the_file_was_removed(void **state)
{
	struct bed *bed = *state;
	int64_t scan;

	bed_open(bed, STORE_WRITE);
	scan = begin(bed->store, "paris", 0);
	assert_int_equal(unlink(bed->path), 0);
	assert_writes_nothing(bed, scan);
}

static void leaves_a_file_alone_that_took_its_place(void **state)
{
	struct bed *bed = *state;
	char path[128], text[8] = "";
	int64_t scan;
	int fd;

	bed_open(bed, STORE_WRITE);
	scan = begin(bed->store, "paris", 0);
	snprintf(path, sizeof path, "%s-other", bed->path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(rename(path, bed->path), 0);
	assert_writes_nothing(bed, scan);
	bed_close(bed);
	fd = open(bed->path, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text), 4);
	close(fd);
	assert_string_equal(text, "mine");
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &bed->store, &bed->error), -EINVAL);
	assert_non_null(strstr(bed->error.text, "name another file as the store"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_for_a_writer_that_is_done_in_a_moment),
		TEST(waits_a_second_for_others_and_names_them),
		TEST(names_another_program_that_keeps_it_locked),
		TEST(does_not_make_anew_what_another_made_meanwhile),
		TEST(does_not_name_itself),
		TEST(says_so_when_nobody_can_be_named),
		TEST(does_not_say_stored_when_the_file_was_removed),
		TEST(leaves_a_file_alone_that_took_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
