/* SPDX-License-Identifier: Apache-2.0 */
/* What a program inherits from us, and what is left of one that takes too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/notify/sink.h"

static char folder[] = "/tmp/reachd-exec-XXXXXX";
static char path[128]; /* of what a program writes */

/* Has /bin/sh run `script`, with the path as $1, and gives it so long. */
static enum sink_result run(
	const char *script, uint32_t timeout_ms, struct sink_attempt *attempt)
{
	static const atomic_bool never;
	const char *arguments[] = {"/bin/sh", "-c", script, "sh", path};
	struct notify_sink sink = {
		.name = "p",
		.kind = NOTIFY_EXEC,
		.timeout_ms = timeout_ms,
		.exec = {.count = 5, .items = arguments},
	};
	json_t *message = json_pack("{s:s}", "uid", "abc");
	enum sink_result result;

	assert_non_null(message);
	*attempt = (struct sink_attempt){.message = message, .stop = &never};
	result = sink_try(&sink, attempt);
	json_decref(message);
	return result;
}

static void read_written(char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void a_program_has_three_descriptors_and_no_more(void **state)
{
	struct sink_attempt attempt;
	char text[256];
	int low = open("/dev/null", O_RDONLY), high;

	(void)state;
	assert_true(low >= 0);
	high = fcntl(low, F_DUPFD, 100);
	assert_true(high >= 100);
	assert_int_equal(
		run("exec ls /proc/self/fd >\"$1\"", 60000, &attempt), SINK_DONE);
	read_written(text, sizeof text);
	/* 3 is the folder that ls reads. */
	assert_string_equal(text, "0\n1\n2\n3\n");
	close(high);
	close(low);
}

static void every_signal_has_its_default_action(void **state)
{
	struct sink_attempt attempt;
	unsigned long long blocked, ignored;
	char text[256];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run("exec grep -E '^Sig(Blk|Ign)' /proc/self/status >\"$1\"",
				 60000, &attempt),
		SINK_DONE);
	signal(SIGPIPE, SIG_DFL);
	read_written(text, sizeof text);
	assert_int_equal(
		sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	/* The C library's own two, 32 and 33, are not ours to set. */
	assert_int_equal(blocked & 0x7fffffff, 0);
	assert_int_equal(ignored & 0x7fffffff, 0);
}

/* Whether our (adopted) child was killed within ten seconds. */
static bool was_killed(pid_t pid)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	int status = 0;

	for (int i = 0; i < 1000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		nanosleep(&moment, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

static void what_it_started_is_killed_with_it(void **state)
{
	struct sink_attempt attempt;
	char text[64];

	(void)state;
	/* Orphans become our children, so that we learn how they end. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(
		run("sleep 600 & echo $! >\"$1\"; wait", 500, &attempt), SINK_FAILED);
	assert_string_equal(attempt.error, "the program did not end in time");
	read_written(text, sizeof text);
	assert_true(was_killed((pid_t)atoi(text)));
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void how_it_ended_is_the_error(void **state)
{
	struct sink_attempt attempt;

	(void)state;
	assert_int_equal(run("exit 7", 60000, &attempt), SINK_FAILED);
	assert_string_equal(attempt.error, "the program ended with status 7");
	assert_int_equal(run("kill -USR1 $$", 60000, &attempt), SINK_FAILED);
	assert_string_equal(attempt.error, "the program was ended by signal 10");
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/written", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_has_three_descriptors_and_no_more),
		cmocka_unit_test(every_signal_has_its_default_action),
		cmocka_unit_test(what_it_started_is_killed_with_it),
		cmocka_unit_test(how_it_ended_is_the_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
