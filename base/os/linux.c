/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/os.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

static void (*stop_function)(void);

unsigned os_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit wanted = {limit.rlim_max, limit.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
			limit = wanted;
	}
	return limit.rlim_cur > 1U << 30 ? 1U << 30 : (unsigned)limit.rlim_cur;
}

unsigned os_count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!folder)
		return 16; /* no /proc: a few too many rather than too few */
	while (readdir(folder))
		count++;
	closedir(folder);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the folder's own */
}

unsigned os_count_cpus(void)
{
	cpu_set_t set;
	int count;

	/* Fails where there are more of them than the set has room for. */
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	else
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return count < 1 ? 1 : (unsigned)count;
}

bool os_hold_standard_streams(void)
{
	int fd;

	/* The lowest free descriptor is taken each time. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool os_is_terminal(FILE *stream, unsigned *width)
{
	struct winsize size;

	*width = 0;
	if (!isatty(fileno(stream)))
		return false;
	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
		*width = size.ws_col;
	return true;
}

static void on_signal(int number)
{
	(void)number;
	stop_function();
}

void os_on_stop(void (*on_stop)(void))
{
	struct sigaction action;

	stop_function = on_stop;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	/* The second signal meets the default action and ends the process. */
	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void os_random(void *bytes, size_t size)
{
	/* Up to 256 bytes come at once, and without an error, once there are any. */
	if (size > 256 || getrandom(bytes, size, 0) != (ssize_t)size)
		abort();
}
