/* SPDX-License-Identifier: Apache-2.0 */
/* A copy is whole or is not there, whatever happens meanwhile. */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

enum {
	FLOWS = 6000, /* a file of several steps */
	KILLS = 20,
	MOST_SECONDS = 10 /* a slow machine kills less often */
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

static void scan_big(struct store *store, const char *state)
{
	struct source source = {.state = state};
	struct store_record what = {
		.scan = begin(store, "paris", 0),
		.totals = {.flows = FLOWS},
		.next = next_row,
		.next_data = &source,
	};

	assert_int_equal(store_scan_record(store, &what), 0);
}

static int setup_big(void **state)
{
	struct bed *bed;

	bed_setup(state);
	bed = *state;
	bed_open(bed, STORE_WRITE);
	scan_big(bed->store, "open");
	bed_close(bed);
	bed_open(bed, STORE_READ);
	return 0;
}

/* Where backups go: the teardown knows these names. */
static const char *target(const struct bed *bed, const char *suffix)
{
	static char path[128];

	snprintf(path, sizeof path, "%s-other%s", bed->path, suffix);
	return path;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void remove_target(const struct bed *bed)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-new"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		unlink(target(bed, suffixes[i]));
}

static bool on_problem(void *data, const char *problem)
{
	(void)data;
	fail_msg("%s", problem);
	return false;
}

static bool on_flow(void *data, const struct store_flow *flow)
{
	assert_string_equal(flow->state, "open");
	++*(int *)data;
	return true;
}

/* The copy is sound and holds scan 1 as its newest. */
static void check_copy(const struct bed *bed)
{
	struct store_error error;
	struct store_scan scan;
	struct store *copy;
	int flows = 0;

	assert_int_equal(store_open(target(bed, ""), STORE_READ, &copy, &error), 0);
	assert_int_equal(store_check(copy, on_problem, NULL), 0);
	assert_int_equal(store_scan_last(copy, "paris", &scan), 0);
	assert_int_equal(scan.id, 1);
	assert_int_equal(store_flows_at(copy, 1, on_flow, &flows), 0);
	assert_int_equal(flows, FLOWS);
	store_close(copy);
}

static void copies_all_and_not_for_everybodys_eyes(void **state)
{
	struct bed *bed = *state;
	struct stat info;

	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), 0);
	assert_false(exists(target(bed, "-new")));
	assert_int_equal(stat(target(bed, ""), &info), 0);
	assert_int_equal(info.st_mode & 07, 0);
	check_copy(bed);
	remove_target(bed);
}

static void what_was_copied_can_be_written_to(void **state)
{
	struct bed *bed = *state;
	struct store *copy;

	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), 0);
	assert_int_equal(
		store_open(target(bed, ""), STORE_WRITE, &copy, &bed->error), 0);
	scan_big(copy, "closed");
	assert_int_equal(store_check(copy, on_problem, NULL), 0);
	store_close(copy);
	unlink(target(bed, "-lock"));
	remove_target(bed);
}

static void overwrites_nothing(void **state)
{
	struct bed *bed = *state;
	char text[8] = "";
	int fd = open(target(bed, ""), O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(
		store_backup(bed->store, target(bed, ""), NULL, NULL), -EEXIST);
	assert_non_null(strstr(store_last_error(bed->store), target(bed, "")));
	assert_non_null(strstr(store_last_error(bed->store), "name a new file"));
	fd = open(target(bed, ""), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text), 4);
	close(fd);
	assert_string_equal(text, "mine");
	unlink(target(bed, ""));
	/* Nor what a link leads to, be it there or not. */
	assert_int_equal(symlink("/nowhere/at/all", target(bed, "")), 0);
	assert_int_equal(
		store_backup(bed->store, target(bed, ""), NULL, NULL), -EEXIST);
	assert_int_equal(store_backup(bed->store, bed->path, NULL, NULL), -EEXIST);
}

static void says_that_the_folder_is_missing(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		store_backup(bed->store, "/nowhere/at/all", NULL, NULL), -ENOENT);
	assert_non_null(strstr(
		store_last_error(bed->store), "/nowhere/at/all: can't create it"));
}

/* ---- meanwhile --------------------------------------------------------------- */

struct meanwhile {
	struct store *writer;
	int64_t last;
	int steps;
};

static bool scan_meanwhile(void *data, int64_t done, int64_t all)
{
	struct meanwhile *meanwhile = data;

	assert_in_range(done, meanwhile->last + 1, all);
	meanwhile->last = done;
	if (meanwhile->steps++ < 2)
		scan_big(meanwhile->writer, meanwhile->steps % 2 ? "closed" : "open");
	return true;
}

static void a_scan_that_is_stored_meanwhile_neither_waits_nor_shows(void **state)
{
	struct bed *bed = *state;
	struct meanwhile meanwhile = {.last = 0};
	struct store_scan scan;

	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &meanwhile.writer, &bed->error), 0);
	assert_int_equal(
		store_backup(bed->store, target(bed, ""), scan_meanwhile, &meanwhile),
		0);
	assert_true(meanwhile.steps >= 2);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 3);
	check_copy(bed);
	store_close(meanwhile.writer);
	remove_target(bed);
}

static bool give_up(void *data, int64_t done, int64_t all)
{
	const struct bed *bed = data;

	assert_true(done < all);
	assert_true(exists(target(bed, "-new")));
	assert_false(exists(target(bed, "")));
	return false;
}

static void leaves_nothing_when_it_is_given_up(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		store_backup(bed->store, target(bed, ""), give_up, bed), -ECANCELED);
	assert_false(exists(target(bed, "")));
	assert_false(exists(target(bed, "-new")));
	/* The snapshot has ended. */
	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), 0);
	remove_target(bed);
}

static bool back_up_meanwhile(void *data, int64_t done, int64_t all)
{
	struct bed *bed = data;
	struct store *other;

	(void)done, (void)all;
	assert_int_equal(store_open(bed->path, STORE_READ, &other, &bed->error), 0);
	assert_int_equal(store_backup(other, target(bed, ""), NULL, NULL), -EBUSY);
	assert_non_null(strstr(store_last_error(other), "another backup"));
	store_close(other);
	return true;
}

static void two_of_the_same_name_do_not_meet(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		store_backup(bed->store, target(bed, ""), back_up_meanwhile, bed), 0);
	check_copy(bed);
	remove_target(bed);
}

/* ---- what the system is asked ------------------------------------------------ */

static struct {
	const char *steal; /* a file to take away before the next lock; NULL: none */
	char synced[512];  /* the names of what was synced */
} calls;

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	if (calls.steal && (operation & LOCK_NB))
		unlink(calls.steal);
	return __real_flock(fd, operation);
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	char link[64], name[256];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, name, sizeof name - 1);
	assert_true(length > 0);
	name[length] = '\0';
	if (strlen(calls.synced) + strlen(name) + 2 < sizeof calls.synced)
		strcat(strcat(calls.synced, name), "\n");
	return 0;
}

static void is_on_the_disk_before_it_is_in_its_place(void **state)
{
	struct bed *bed = *state;
	char wanted[512];

	snprintf(wanted, sizeof wanted, "%s-other-new\n%s\n", bed->path, bed->folder);
	calls.synced[0] = '\0';
	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), 0);
	assert_string_equal(calls.synced, wanted);
	remove_target(bed);
}

/* Between open() and flock() the other backup put it in its place. */
static void does_not_grow_in_a_file_that_is_no_longer_there(void **state)
{
	struct bed *bed = *state;
	char fresh[128];

	snprintf(fresh, sizeof fresh, "%s", target(bed, "-new"));
	calls.steal = fresh;
	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), -EBUSY);
	calls.steal = NULL;
	assert_false(exists(target(bed, "")));
	assert_non_null(strstr(store_last_error(bed->store), "another backup"));
}

/* Who may write to the folder could point it at any file. */
static void follows_no_link(void **state)
{
	struct bed *bed = *state;
	struct stat before, after;

	assert_int_equal(stat(bed->path, &before), 0);
	assert_int_equal(symlink(bed->path, target(bed, "-new")), 0);
	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), -ELOOP);
	assert_int_equal(stat(bed->path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_false(exists(target(bed, "")));
	remove_target(bed);
}

/* ---- trouble ----------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void says_so_when_there_is_no_room(void **state)
{
	struct bed *bed = *state;
	int flows = 0, rc;

	limit_files(131072);
	rc = store_backup(bed->store, target(bed, ""), NULL, NULL);
	limit_files(0);
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(store_last_error(bed->store), target(bed, "")));
	assert_non_null(strstr(store_last_error(bed->store), "free some space"));
	assert_false(exists(target(bed, "")));
	assert_false(exists(target(bed, "-new")));
	assert_int_equal(store_flows_at(bed->store, 1, on_flow, &flows), 0);
	assert_int_equal(flows, FLOWS);
}

static void kill_copier(const struct bed *bed, uint32_t after_us)
{
	struct timespec pause = {.tv_nsec = (long)after_us * 1000};
	struct store_error error;
	struct store *store;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (store_open(bed->path, STORE_READ, &store, &error) < 0)
			_exit(1);
		_exit(store_backup(store, target(bed, ""), NULL, NULL) < 0);
	}
	/* The random moment itself is what this test is about. */
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

static void a_copier_that_is_killed_leaves_a_whole_copy_or_none(void **state)
{
	struct bed *bed = *state;
	struct random_state random;
	uint64_t start = clock_monotonic_us(), one;
	int kills = 0, none = 0;

	random_seed(&random, (uint64_t)getpid());
	assert_int_equal(store_backup(bed->store, target(bed, ""), NULL, NULL), 0);
	one = clock_monotonic_us() - start;
	one = one < 300000 ? one : 300000;
	remove_target(bed);
	for (; kills < KILLS &&
		clock_monotonic_us() - start < MOST_SECONDS * UINT64_C(1000000);
		kills++) {
		kill_copier(bed, random_below(&random, (uint32_t)one + 500));
		none += !exists(target(bed, ""));
		/* What is left half-way is no hindrance. */
		if (!exists(target(bed, "")))
			assert_int_equal(
				store_backup(bed->store, target(bed, ""), NULL, NULL),
				0);
		check_copy(bed);
		assert_false(exists(target(bed, "-new")));
		remove_target(bed);
	}
	print_message("%d kills, %d of them half-way\n", kills, none);
	assert_in_range(none, 1, kills);
}

static int ignore_the_signal_of_the_limit(void **state)
{
	(void)state;
	return signal(SIGXFSZ, SIG_IGN) == SIG_ERR;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_big, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copies_all_and_not_for_everybodys_eyes),
		TEST(what_was_copied_can_be_written_to),
		TEST(overwrites_nothing),
		TEST(says_that_the_folder_is_missing),
		TEST(a_scan_that_is_stored_meanwhile_neither_waits_nor_shows),
		TEST(leaves_nothing_when_it_is_given_up),
		TEST(two_of_the_same_name_do_not_meet),
		TEST(is_on_the_disk_before_it_is_in_its_place),
		TEST(does_not_grow_in_a_file_that_is_no_longer_there),
		TEST(follows_no_link),
		TEST(says_so_when_there_is_no_room),
		TEST(a_copier_that_is_killed_leaves_a_whole_copy_or_none),
	};

	return cmocka_run_group_tests(tests, ignore_the_signal_of_the_limit, NULL);
}
