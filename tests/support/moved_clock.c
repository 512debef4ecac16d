/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program, it moves its clock on the wall: by as many seconds as the
 * file in MOVED_CLOCK holds, an int64_t that a test may change at any moment. The
 * monotonic clock, by which all waiting goes, stays what it is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved_s;

/* A test that asked for it must not go on without it. */
__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("MOVED_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = mmap(NULL, sizeof *moved_s, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		abort();
	close(fd);
	moved_s = at;
}

int clock_gettime(clockid_t id, struct timespec *time)
{
	long rc = syscall(SYS_clock_gettime, id, time);

	if (rc == 0 && id == CLOCK_REALTIME)
		time->tv_sec += *moved_s;
	return (int)rc;
}
