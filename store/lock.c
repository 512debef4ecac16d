/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

enum {
	WAIT_MS = 1000,
	PAUSE_MS = 20
};

/* Two names of one file (a symbolic link) must meet at one lock. */
static int lock_path(const struct store *store, char **out)
{
	char *real = realpath(store->path, NULL);
	int rc = asprintf(out, "%s-lock", real ? real : store->path);

	free(real);
	return rc < 0 ? -ENOMEM : 0;
}

static long holder(int fd)
{
	char text[32];
	ssize_t length = pread(fd, text, sizeof text - 1, 0);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return strtol(text, NULL, 10);
}

static int refuse_busy(struct store *store, int fd)
{
	long pid = holder(fd);

	if (pid > 0)
		return store_refuse(store, -EBUSY,
			"process %ld is writing to it: wait for it to end, or use "
			"another store",
			pid);
	return store_refuse(store, -EBUSY,
		"another process is writing to it: wait for it to end, or use "
		"another store");
}

/* For messages alone: the lock holds without it, so a full disk is no reason to fail.
 */
static void write_holder(int fd)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) != length)
		(void)!ftruncate(fd, 0);
}

/* Most writers but a scan are done in a moment. 0 or a negative errno. */
static int wait_for(int fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0;
		waited_ms += PAUSE_MS) {
		if (errno != EWOULDBLOCK || waited_ms >= WAIT_MS)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int take(struct store *store, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	int rc;

	if (fd < 0)
		return store_refuse(store, -errno,
			"the lock beside it, %s, can't be opened: %s", path,
			strerror(errno));
	rc = wait_for(fd);
	if (rc < 0) {
		rc = rc == -EWOULDBLOCK
			     ? refuse_busy(store, fd)
			     : store_refuse(store, rc, "%s can't be locked: %s", path,
				       strerror(-rc));
		close(fd);
		return rc;
	}
	write_holder(fd);
	store->lock_fd = fd;
	return 0;
}

int store_lock_take(struct store *store)
{
	char *path;
	int rc = lock_path(store, &path);

	if (rc < 0)
		return store_no_memory(store);
	rc = take(store, path);
	free(path);
	return rc;
}

void store_lock_release(struct store *store)
{
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	store->lock_fd = -1;
}
