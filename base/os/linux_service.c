/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's side of a service: sd_notify(3), sd_watchdog_enabled(3) and the journal, by
 * their protocols, which are promised to stay as they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/os/os.h"
#include "base/quantity.h"

static struct sockaddr_un manager;
static socklen_t manager_size; /* 0: there is none */
static uint64_t watchdog_us;

/* A path, or '@' and the name of an abstract socket. */
static void find_manager(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	manager_size = 0;
	if (length < 2 || length >= sizeof manager.sun_path ||
		(*name != '/' && *name != '@'))
		return;
	memset(&manager, 0, sizeof manager);
	manager.sun_family = AF_UNIX;
	memcpy(manager.sun_path, name, length);
	if (*name == '@')
		manager.sun_path[0] = '\0';
	manager_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* For this process, and not for one that left us its environment. */
static uint64_t find_watchdog(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value, owner;

	if (pid && (!number_parse(pid, INT32_MAX, &owner) || (pid_t)owner != getpid()))
		return 0;
	return text && number_parse(text, INT64_MAX, &value) ? value : 0;
}

void os_service_init(void)
{
	find_manager(getenv("NOTIFY_SOCKET"));
	watchdog_us = find_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

uint64_t os_service_watchdog_us(void)
{
	return watchdog_us;
}

bool os_service_notify(const char *state)
{
	ssize_t sent;
	int fd;

	if (manager_size == 0)
		return true;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	do
		sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			(const struct sockaddr *)&manager, manager_size);
	while (sent < 0 && errno == EINTR);
	close(fd);
	return sent >= 0;
}

bool os_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat about;
	char *end;

	if (!stream || fstat(STDERR_FILENO, &about) < 0)
		return false;
	device = strtoull(stream, &end, 10);
	if (*end != ':')
		return false;
	inode = strtoull(end + 1, &end, 10);
	return !*end && about.st_dev == device && about.st_ino == inode;
}
