/* SPDX-License-Identifier: Apache-2.0 */
/* A file of JSON lines. It is opened for each line, so that logrotate may move it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/notify/message.h"
#include "daemon/notify/sink.h"

/* Half a line would spoil the next one. */
static void take_back(int fd, ssize_t written)
{
	struct stat info;

	if (written > 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
		ftruncate(fd, info.st_size - written) < 0)
		return;
}

/* Half a line that a process left which was killed would spoil the next one, too. */
static bool ends_within_a_line(int fd, const char *path)
{
	struct stat info;
	char last = '\n';
	int reader;

	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
		return false;
	reader = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (reader < 0)
		return false;
	if (pread(reader, &last, 1, info.st_size - 1) < 1)
		last = '\n';
	close(reader);
	return last != '\n';
}

static int write_line(int fd, const char *line, size_t length)
{
	ssize_t written;

	do
		written = write(fd, line, length);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	if ((size_t)written < length) {
		take_back(fd, written);
		return -ENOSPC;
	}
	/* A pipe has nothing to be synced. */
	if (fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return -errno;
	return 0;
}

static int sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = 0;

	free(folder);
	/* Where it may be searched and written to but not read, nothing can be done. */
	if (fd < 0)
		return errno == EACCES ? 0 : -errno;
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		rc = -errno;
	close(fd);
	return rc;
}

/* A file that is made is in its folder only when that is on the disk as well. */
static int open_file(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags), rc;

	if (fd < 0 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT, 0640);
		rc = fd < 0 ? 0 : sync_folder_of(path);
		if (rc < 0) {
			unlink(path); /* the next attempt makes it anew */
			close(fd);
			return rc;
		}
	}
	return fd < 0 ? -errno : fd;
}

static int append(const char *path, const char *line, size_t length)
{
	int fd = open_file(path);
	int rc = 0;

	if (fd < 0)
		return fd;
	if (ends_within_a_line(fd, path))
		rc = write_line(fd, "\n", 1);
	if (rc == 0)
		rc = write_line(fd, line, length);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	char *line = message_text(attempt->message);
	size_t length = line ? strlen(line) : 0;
	int rc;

	(void)state;
	if (!line)
		return sink_fail(attempt, "out of memory");
	line[length] = '\n'; /* in the place of the NUL */
	rc = append(sink->file, line, length + 1);
	free(line);
	if (rc < 0)
		return sink_fail(attempt, "%.150s can't be written: %s", sink->file,
			strerror(-rc));
	return SINK_DONE;
}

const struct sink_ops sink_file = {.deliver = deliver};
