/* SPDX-License-Identifier: Apache-2.0 */
/* No room: a file that may not grow, and a disk that is full. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/sql.h"
#include "tests/store/fixture.h"

enum {
	FLOWS = 5000
};

struct source {
	int flow;
	const char *state;
	char host[32];
};

static int next_row(void *data, struct store_row *row)
{
	struct source *source = data;

	if (source->flow == FLOWS)
		return 0;
	snprintf(source->host, sizeof source->host, "host%d", source->flow++);
	*row = (struct store_row)SEEN(source->host, "tcp/1", source->state);
	complete_row(row);
	return 1;
}

static int record_big(struct store *store, int64_t id, const char *state)
{
	struct source source = {.state = state};
	struct store_record what = {.scan = id, .next = next_row, .next_data = &source};

	return store_scan_record(store, &what);
}

static bool count_open(void *data, const struct store_flow *flow)
{
	*(int *)data += strcmp(flow->state, "open") == 0;
	return true;
}

/* ---- a file that may not grow ------------------------------------------------ */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_scan_that_does_not_fit_leaves_the_store_as_it_was(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	int64_t id, value;
	int open = 0, rc;

	SCAN(bed->store, "paris", SEEN("host0", "tcp/1", "open"));
	id = begin(bed->store, "paris", 0);
	limit_files(131072);
	rc = record_big(bed->store, id, "filtered");
	limit_files(0);
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(store_last_error(bed->store), bed->path));
	assert_non_null(strstr(store_last_error(bed->store), "free some space"));
	assert_non_null(strstr(store_last_error(bed->store), "scan 2 was not stored"));
	assert_int_equal(store_scan_get(bed->store, id, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_RUNNING);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 1);
	assert_int_equal(store_flows_at(bed->store, 1, count_open, &open), 0);
	assert_int_equal(open, 1);
	assert_int_equal(
		sql_number(bed->store, "SELECT count(*) FROM flow", &value), 0);
	assert_int_equal(value, 1);
	/* With room, the same scan can be stored after all. */
	assert_int_equal(record_big(bed->store, id, "filtered"), 0);
}

static void says_so_when_there_is_no_room_to_make_a_store(void **state)
{
	struct bed *bed = *state;
	int rc;

	limit_files(4096);
	rc = store_open(bed->path, STORE_WRITE, &bed->store, &bed->error);
	limit_files(0);
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(bed->error.text, "free some space"));
	/* Nothing is left of the attempt, and the next one succeeds. */
	assert_int_not_equal(access(bed->path, F_OK), 0);
	bed_open(bed, STORE_WRITE);
}

/* ---- a disk that is full ----------------------------------------------------- */

enum {
	SKIPPED = 77
};

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "on the small disk: %s\n", what);
	_exit(1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(SKIPPED);
	close(fd);
}

/* Root in a user namespace of its own: user_namespaces(7), "Defining mappings". */
static void become_root_in_here(uid_t uid, gid_t gid)
{
	char map[64];

	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", (unsigned)gid);
	write_file("/proc/self/gid_map", map);
	snprintf(map, sizeof map, "0 %u 1", (unsigned)uid);
	write_file("/proc/self/uid_map", map);
}

/* A tmpfs of 1 MB over the bed's folder, seen by this process alone. */
static void mount_small_disk(const struct bed *bed)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0)
		_exit(SKIPPED);
	if (uid)
		become_root_in_here(uid, gid);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", bed->folder, "tmpfs", 0, "size=1m,mode=0700") < 0)
		_exit(SKIPPED);
}

/* Takes what room there is left but for `keep` bytes. */
static void fill_disk(const struct bed *bed, long keep)
{
	static const char zeros[4096];
	char path[128];
	long size = 0;
	int fd;

	snprintf(path, sizeof path, "%s-other", bed->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (write(fd, zeros, sizeof zeros) == sizeof zeros)
		size += (long)sizeof zeros;
	require(ftruncate(fd, size > keep ? size - keep : 0) == 0, "ftruncate");
	close(fd);
}

static void live_on_a_full_disk(struct bed *bed)
{
	struct store_row one = SEEN("host0", "tcp/1", "open");
	struct store_scan scan;
	int64_t id, value = 1;
	int open = 0;

	require(store_open(bed->path, STORE_WRITE, &bed->store, &bed->error) == 0,
		bed->error.text);
	require(store_scan_begin(bed->store, "paris", 0, &id) == 0, "begin");
	require(record(bed->store, id, 0, (struct feed){.rows = &one, .count = 1}) == 0,
		"record");
	require(store_scan_begin(bed->store, "paris", 0, &id) == 0, "begin again");
	fill_disk(bed, 65536);
	require(record_big(bed->store, id, "filtered") == -ENOSPC, "not refused");
	require(strstr(store_last_error(bed->store), "the disk is full") != NULL,
		store_last_error(bed->store));
	require(strstr(store_last_error(bed->store), "scan 2 was not stored") != NULL,
		store_last_error(bed->store));
	store_close(bed->store);
	/* Still full: what is there can be read. */
	require(store_open(bed->path, STORE_READ, &bed->store, &bed->error) == 0,
		bed->error.text);
	require(store_scan_last(bed->store, "paris", &scan) == 0 && scan.id == 1,
		"the last scan");
	require(store_flows_at(bed->store, 1, count_open, &open) == 0 && open == 1,
		"its flows");
	require(sql_number(bed->store,
			"SELECT count(*) FROM pragma_integrity_check"
			" WHERE integrity_check = 'ok'",
			&value) == 0 &&
			value == 1,
		"integrity");
	store_close(bed->store);
	fill_disk(bed, 921600);
	require(store_open(bed->path, STORE_WRITE, &bed->store, &bed->error) == 0,
		bed->error.text);
	require(store_scan_begin(bed->store, "paris", 0, &id) == 0 && id == 3,
		"begin 3");
	require(record(bed->store, id, 0, (struct feed){.rows = &one, .count = 1}) == 0,
		store_last_error(bed->store));
	store_close(bed->store);
}

static void a_full_disk_loses_no_scan_that_was_stored(void **state)
{
	struct bed *bed = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		mount_small_disk(bed);
		live_on_a_full_disk(bed);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		print_message("no mount namespace here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int ignore_the_signal_of_the_limit(void **state)
{
	(void)state;
	return signal(SIGXFSZ, SIG_IGN) == SIG_ERR;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_scan_that_does_not_fit_leaves_the_store_as_it_was,
			bed_setup_open, bed_teardown),
		cmocka_unit_test_setup_teardown(
			says_so_when_there_is_no_room_to_make_a_store, bed_setup,
			bed_teardown),
		cmocka_unit_test_setup_teardown(
			a_full_disk_loses_no_scan_that_was_stored, bed_setup,
			bed_teardown),
	};

	return cmocka_run_group_tests(tests, ignore_the_signal_of_the_limit, NULL);
}
