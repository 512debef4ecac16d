/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that reads one line of JSON. No shell, a clean environment, no descriptor
 * but the standard ones, a session of its own, and a time limit for all that it starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/notify/message.h"
#include "daemon/notify/sink.h"

enum {
	LOOK_MS = 20 /* how often it is looked whether the program has ended */
};

/* ---- starting ---------------------------------------------------------------- */

/* A file in memory, so that a program that reads nothing can't hold us up. */
static int make_input(const json_t *message)
{
	char *line = message_text(message);
	int fd = memfd_create("reachd-notice", MFD_CLOEXEC);
	size_t length = line ? strlen(line) : 0;
	bool whole = line && fd >= 0 && write(fd, line, length) == (ssize_t)length &&
		     write(fd, "\n", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0;

	free(line);
	if (whole)
		return fd;
	if (fd >= 0)
		close(fd);
	return -ENOMEM;
}

/* Every signal as it is by default and none blocked, as a program may expect. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	short flags =
		POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	return -posix_spawnattr_setflags(attributes, flags);
}

/* Standard output is where our results go: what it prints joins our messages. */
static int set_descriptors(posix_spawn_file_actions_t *actions, int input)
{
	int rc = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
			actions, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	return -rc;
}

static int spawn(
	const struct notify_sink *sink, char **environment, int input, pid_t *pid)
{
	char **arguments = calloc(sink->exec.count + 1, sizeof *arguments);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	if (!arguments)
		return -ENOMEM;
	for (size_t i = 0; i < sink->exec.count; i++)
		arguments[i] = (char *)sink->exec.items[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	rc = set_attributes(&attributes);
	if (rc == 0)
		rc = set_descriptors(&actions, input);
	if (rc == 0)
		rc = -posix_spawn(pid, sink->exec.items[0], &actions, &attributes,
			arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(arguments);
	return rc;
}

static int start(const struct notify_sink *sink, const json_t *message, pid_t *pid)
{
	char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char language[] = "LANG=C.UTF-8", uid[128];
	char *environment[] = {path, language, uid, NULL};
	int input = make_input(message);
	int rc;

	if (input < 0)
		return input;
	snprintf(uid, sizeof uid, "REACHD_UID=%s", message_get(message, "uid"));
	rc = spawn(sink, environment, input, pid);
	close(input);
	return rc;
}

/* ---- waiting ----------------------------------------------------------------- */

/* True with *status when the program ended in time; else all of it is killed. */
static bool wait_for(pid_t pid, const struct notify_sink *sink,
	const struct sink_attempt *attempt, int *status)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	uint64_t end_us = clock_monotonic_us() + sink->timeout_ms * UINT64_C(1000);
	pid_t ended;

	while ((ended = waitpid(pid, status, WNOHANG)) == 0 &&
		clock_monotonic_us() < end_us && !atomic_load(attempt->stop))
		nanosleep(&pause, NULL);
	if (ended != 0)
		return ended == pid;
	kill(-pid, SIGKILL);
	waitpid(pid, status, 0);
	return false;
}

static enum sink_result judge(int status, struct sink_attempt *attempt)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return SINK_DONE;
	if (WIFEXITED(status))
		return sink_fail(attempt, "the program ended with status %d",
			WEXITSTATUS(status));
	return sink_fail(
		attempt, "the program was ended by signal %d", WTERMSIG(status));
}

/* Who started us may have ignored it, which is inherited, and then nobody learns how a
 * program ended. */
static int open_exec(const struct notify_sink *sink, void **state)
{
	(void)sink;
	(void)state;
	return signal(SIGCHLD, SIG_DFL) == SIG_ERR ? -errno : 0;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	pid_t pid = 0;
	int status = 0;
	int rc = start(sink, attempt->message, &pid);

	(void)state;
	if (rc < 0)
		return sink_fail(attempt, "%.150s can't be started: %s",
			sink->exec.items[0], strerror(-rc));
	if (!wait_for(pid, sink, attempt, &status))
		return sink_fail(attempt, "the program did not end in time");
	return judge(status, attempt);
}

const struct sink_ops sink_exec = {.open = open_exec, .deliver = deliver};
