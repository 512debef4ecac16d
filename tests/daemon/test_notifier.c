/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * Threads: several sinks, a writer that puts notices while they are told, and an end in
 * the middle of it. What each receiver gets is compared with what was put. The program
 * itself is tested in tests/cli/notify.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/notify/notifier.h"
#include "store/outbox.h"

/* ---- the disk ------------------------------------------------------------------ */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static pthread_mutex_t disk =
	PTHREAD_MUTEX_INITIALIZER; /* it hangs while this is held */
static atomic_int asked;           /* to write something down */
static atomic_int folders;         /* of these, folders */

int __wrap_fdatasync(int fd)
{
	atomic_fetch_add(&asked, 1);
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
	return __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	struct stat info;

	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		atomic_fetch_add(&folders, 1);
	return __real_fsync(fd);
}

/* ---- a bed --------------------------------------------------------------------- */

struct bed {
	char folder[64];
	struct config *config;
	struct store *store;
	int put; /* notices "{"n":1}" ... */
};

static void load(struct bed *bed, const char *sinks)
{
	struct conf_report report;
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/reachd.yaml", bed->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"vantage: here\ninventory: {web: {hosts: {w1: }}}\n"
		"rules: [{name: n, to: web, check: tcp/443}]\nnotify: [%s]\n",
		sinks);
	assert_int_equal(fclose(file), 0);
	conf_report_init(&report);
	if (config_load(path, &report, &bed->config) < 0) {
		conf_report_print(&report, stderr);
		fail();
	}
	conf_report_fini(&report);
}

static void setup(struct bed *bed, const char *sinks)
{
	struct store_error error;

	*bed = (struct bed){.folder = "/tmp/reachd-notifier-XXXXXX"};
	assert_non_null(mkdtemp(bed->folder));
	load(bed, sinks);
	assert_int_equal(store_open(bed->config->settings.store, STORE_WRITE,
				 &bed->store, &error),
		0);
}

static void teardown(struct bed *bed)
{
	char command[128];

	store_close(bed->store);
	config_free(bed->config);
	snprintf(command, sizeof command, "rm -r %s", bed->folder);
	assert_int_equal(system(command), 0);
}

static int no_row(void *data, struct store_row *row)
{
	(void)data;
	(void)row;
	return 0;
}

static void put(struct bed *bed, int count)
{
	const struct notify_list *list = &bed->config->notify;
	char texts[16][32];
	const char *bodies[16], *sinks[NOTIFY_MAX_SINKS];
	struct outbox_put what = {bodies, (size_t)count, sinks, list->count, 0};
	struct store_record record = {.next = no_row, .outbox = &what};

	for (uint32_t i = 0; i < list->count; i++)
		sinks[i] = list->sinks[i].name;
	for (int i = 0; i < count; i++) {
		snprintf(texts[i], sizeof texts[i], "{\"n\":%d}", ++bed->put);
		bodies[i] = texts[i];
	}
	assert_int_equal(store_scan_begin(bed->store, "here", 0, &record.scan), 0);
	assert_int_equal(store_scan_record(bed->store, &record), 0);
}

/* The file must hold every number that was put, in order; with `again`, one may come
 * twice running. */
static void check_file(const struct bed *bed, const char *name, bool again)
{
	char path[128], line[256];
	int last = 0, n;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", bed->folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		assert_int_equal(sscanf(line, "{\"n\":%d", &n), 1);
		assert_true(n == last + 1 || (again && n == last));
		last = n;
	}
	fclose(file);
	assert_int_equal(last, bed->put);
}

static void all_sinks_are_told_of_what_comes_while_they_run(void **state)
{
	struct notifier *notifier;
	struct bed bed;

	(void)state;
	setup(&bed, "{name: a, file: a}, {name: b, file: b}, {name: c, file: c}");
	put(&bed, 3);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	for (int i = 0; i < 20; i++) {
		put(&bed, 1 + i % 3);
		notifier_wake(notifier);
	}
	assert_true(notifier_drain(notifier, 60000));
	assert_true(notifier_stop(notifier, 60000));
	check_file(&bed, "a", false);
	check_file(&bed, "b", false);
	check_file(&bed, "c", false);
	teardown(&bed);
}

static void starting_and_stopping_at_any_moment_loses_nothing(void **state)
{
	struct notifier *notifier;
	struct bed bed;

	(void)state;
	setup(&bed,
		"{name: a, file: a}, {name: p, exec: [/bin/sh, -c, 'cat >/dev/null']}");
	for (int i = 0; i < 20; i++) {
		put(&bed, 2);
		assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
		notifier_drain(notifier, (uint32_t)i);
		assert_true(notifier_stop(notifier, 60000));
	}
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_true(notifier_drain(notifier, 60000));
	assert_true(notifier_stop(notifier, 60000));
	check_file(&bed, "a", true);
	teardown(&bed);
}

static void one_that_fails_has_something_left(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;

	(void)state;
	setup(&bed, "{name: a, file: a}, {name: bad, exec: [/bin/false]}");
	put(&bed, 1);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_false(notifier_drain(notifier, 200));
	assert_true(notifier_stop(notifier, 60000));
	check_file(&bed, "a", false);
	assert_int_equal(outbox_get(bed.store, "here", "bad", &sink), 0);
	assert_int_equal(sink.waiting, 1);
	assert_true(sink.attempts >= 1);
	teardown(&bed);
}

static void wait_for_file(const struct bed *bed, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", bed->folder, name);
	while (access(path, F_OK) < 0)
		usleep(1000);
}

static void a_sink_that_may_not_be_told_now_has_nothing_left(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;

	(void)state;
	setup(&bed,
		"{name: a, file: a, quiet: daily, timezone: UTC}, {name: b, file: b}");
	put(&bed, 2);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_true(notifier_drain(notifier, 20000));
	put(&bed, 1);
	notifier_wake(notifier);
	assert_true(notifier_drain(notifier, 20000));
	assert_true(notifier_stop(notifier, 60000));
	check_file(&bed, "b", false);
	assert_int_equal(outbox_get(bed.store, "here", "a", &sink), 0);
	assert_int_equal(sink.waiting, 3);
	assert_int_equal(sink.attempts, 0);
	teardown(&bed);
}

/* Between the wake-up and the moment at which a sink's thread has seen it. */
static void a_drain_waits_for_what_was_put_before_it(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;

	(void)state;
	setup(&bed, "{name: slow, exec: [/bin/sh, -c, 'sleep 0.1']}");
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_true(notifier_drain(notifier, 60000));
	for (int i = 0; i < 5; i++) {
		put(&bed, 1);
		notifier_wake(notifier);
		assert_true(notifier_drain(notifier, 60000));
		assert_int_equal(outbox_get(bed.store, "here", "slow", &sink), 0);
		assert_int_equal(sink.waiting, 0);
	}
	assert_true(notifier_stop(notifier, 60000));
	teardown(&bed);
}

static void our_own_end_is_no_failure_of_the_sink(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;
	char sinks[160];

	(void)state;
	setup(&bed, "{name: p, exec: [/bin/true]}");
	snprintf(sinks, sizeof sinks,
		"{name: p, timeout: 5m, exec: [/bin/sh, -c, 'touch %s/begun; sleep 600']}",
		bed.folder);
	config_free(bed.config);
	load(&bed, sinks);
	put(&bed, 1);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	wait_for_file(&bed, "begun");
	assert_true(notifier_stop(notifier, 60000));
	assert_int_equal(outbox_get(bed.store, "here", "p", &sink), 0);
	assert_int_equal(sink.waiting, 1);
	assert_int_equal(sink.attempts, 0);
	teardown(&bed);
}

/* A wake-up must not make a sink that failed try at once: it has its own pace. */
static void news_does_not_shorten_the_pause_after_a_failure(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;

	(void)state;
	setup(&bed, "{name: bad, exec: [/bin/false]}");
	put(&bed, 1);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	do
		assert_int_equal(outbox_get(bed.store, "here", "bad", &sink), 0);
	while (sink.attempts == 0);
	for (int i = 0; i < 20; i++) {
		notifier_wake(notifier);
		usleep(5000);
	}
	assert_int_equal(outbox_get(bed.store, "here", "bad", &sink), 0);
	/* The first pause is half a second at least. */
	assert_true(sink.attempts <= 2);
	assert_true(notifier_stop(notifier, 60000));
	teardown(&bed);
}

static void one_that_hangs_is_left_and_loses_nothing(void **state)
{
	struct notifier *notifier;
	struct outbox_sink sink;
	struct bed bed;

	(void)state;
	setup(&bed, "{name: a, file: a}");
	put(&bed, 2);
	atomic_store(&asked, 0);
	pthread_mutex_lock(&disk);
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	while (atomic_load(&asked) == 0)
		usleep(1000);
	notifier_cancel(notifier);
	assert_false(notifier_stop(notifier, 50));
	assert_int_equal(outbox_get(bed.store, "here", "a", &sink), 0);
	assert_int_equal(sink.waiting, 2);
	pthread_mutex_unlock(&disk);
	assert_true(notifier_stop(notifier, 60000));
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_true(notifier_drain(notifier, 60000));
	assert_true(notifier_stop(notifier, 60000));
	check_file(&bed, "a", true);
	teardown(&bed);
}

static void a_file_that_is_made_is_written_down_in_its_folder(void **state)
{
	struct notifier *notifier;
	struct bed bed;
	char path[128];

	(void)state;
	setup(&bed, "{name: a, file: a}");
	atomic_store(&folders, 0);
	for (int i = 1; i <= 2; i++) {
		put(&bed, 2);
		assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
		assert_true(notifier_drain(notifier, 60000));
		assert_true(notifier_stop(notifier, 60000));
		assert_int_equal(atomic_load(&folders), i);
		snprintf(path, sizeof path, "%s/a", bed.folder);
		assert_int_equal(unlink(path), 0);
	}
	teardown(&bed);
}

static void nobody_to_tell_is_fine(void **state)
{
	struct notifier *notifier;
	struct bed bed;

	(void)state;
	setup(&bed, "");
	assert_int_equal(notifier_start(bed.config, bed.store, &notifier), 0);
	assert_null(notifier);
	notifier_wake(notifier);
	assert_true(notifier_drain(notifier, 0));
	assert_true(notifier_stop(notifier, 60000));
	teardown(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sinks_are_told_of_what_comes_while_they_run),
		cmocka_unit_test(starting_and_stopping_at_any_moment_loses_nothing),
		cmocka_unit_test(one_that_fails_has_something_left),
		cmocka_unit_test(a_sink_that_may_not_be_told_now_has_nothing_left),
		cmocka_unit_test(a_drain_waits_for_what_was_put_before_it),
		cmocka_unit_test(our_own_end_is_no_failure_of_the_sink),
		cmocka_unit_test(news_does_not_shorten_the_pause_after_a_failure),
		cmocka_unit_test(one_that_hangs_is_left_and_loses_nothing),
		cmocka_unit_test(a_file_that_is_made_is_written_down_in_its_folder),
		cmocka_unit_test(nobody_to_tell_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
