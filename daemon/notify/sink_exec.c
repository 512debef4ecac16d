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
	LOOK_MS = 20 /* between two looks whether the program has ended */
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

/* Every signal has its default action and none is blocked, as a program may expect.
 * Standard output is where our results go: what it prints joins our messages. */
static int start(const struct notify_sink *sink, const json_t *message, pid_t *pid)
{
	char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char language[] = "LANG=C.UTF-8", uid[128];
	char *environment[] = {path, language, uid, NULL};
	char **arguments = calloc(sink->exec.count + 1, sizeof *arguments);
	int input = arguments ? make_input(message) : -ENOMEM;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int rc;

	if (input < 0) {
		free(arguments);
		return input;
	}
	for (size_t i = 0; i < sink->exec.count; i++)
		arguments[i] = (char *)sink->exec.items[i];
	snprintf(uid, sizeof uid, "REACHD_UID=%s", message_get(message, "uid"));
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	rc = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
			&actions, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (rc == 0)
		rc = posix_spawn(pid, sink->exec.items[0], &actions, &attributes,
			arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(input);
	free(arguments);
	return -rc;
}

/* ---- waiting ----------------------------------------------------------------- */

/* True with *status when the program ended in time; else it is killed with everything
 * that it started. */
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

/* Our parent may have ignored it, which is inherited; then how a program ended is lost.
 */
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
	if (WIFSIGNALED(status))
		return sink_fail(attempt, "the program was ended by signal %d",
			WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return sink_fail(attempt, "the program ended with status %d",
			WEXITSTATUS(status));
	return SINK_DONE;
}

const struct sink_ops sink_exec = {.open = open_exec, .deliver = deliver};
