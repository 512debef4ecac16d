/* SPDX-License-Identifier: Apache-2.0 */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/document.h"
#include "config/excerpt.h"

/* Opens without waiting for the other end of a pipe. Returns a descriptor or -1 with
 * *why set. */
static int open_regular(const char *path, const char **why, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) < 0)
		*why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		*why = "it is a folder; name a file in it";
	else if (!S_ISREG(st.st_mode))
		*why = "it is not a regular file";
	else if (st.st_size > CONF_MAX_FILE)
		*why = "it is larger than 256 MiB";
	else
		*why = NULL;
	if (*why) {
		close(fd);
		return -1;
	}
	*size = (size_t)st.st_size;
	return fd;
}

/* Reads to the end, also where that is past what fstat() said, as it is in /proc. */
static int read_all(int fd, size_t expected, char **text, size_t *size)
{
	size_t capacity = expected + 1, length = 0;
	char *bytes = malloc(capacity);
	while (bytes) {
		ssize_t n = read(fd, bytes + length, capacity - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = -errno;
			free(bytes);
			return error;
		}
		length += (size_t)n;
		if (n == 0 || length > CONF_MAX_FILE)
			break;
		if (length < capacity)
			continue;
		capacity = capacity * 2 + 4096;
		char *larger = realloc(bytes, capacity);
		if (!larger)
			free(bytes);
		bytes = larger;
	}
	if (!bytes)
		return -ENOMEM;
	*text = bytes;
	*size = length;
	return 0;
}

int source_read(const char *path, struct conf_report *report, char **text, size_t *size)
{
	const char *why;
	size_t expected = 0;
	int fd = open_regular(path, &why, &expected);
	int rc = -EINVAL;
	if (fd >= 0) {
		rc = read_all(fd, expected, text, size);
		close(fd);
		if (rc == 0 || rc == -ENOMEM)
			return rc;
		why = strerror(-rc);
	}
	struct conf_mark whole = {.file = conf_report_add_file(report, path, NULL, 0)};
	conf_error(report, whole, "can't be read: %s", why);
	return -EINVAL;
}

/* Where the byte at `offset` stands. */
static struct conf_mark mark_at(
	const char *text, size_t size, size_t offset, uint32_t file)
{
	struct conf_mark mark = {.file = file, .line = 1, .column = 1};
	size_t at = 0, start = 0, length;
	while (excerpt_next_line(text, size, &at, &length) && at <= offset) {
		start = at;
		mark.line++;
	}
	while (start < offset) {
		uint32_t code;
		start += utf8_read(text + start, size - start, &code);
		mark.column++;
	}
	return mark;
}

/* YAML 1.1, 5.1: what may stand in a stream. */
static bool is_allowed(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r' || code == 0x85 ||
	       (code >= 0x20 && code <= 0x7e) ||
	       (code >= 0xa0 && code != 0xfeff && code != 0xfffe && code != 0xffff);
}

/* The offset of the first byte that is not allowed, or `size`. */
static size_t first_bad(const char *text, size_t size)
{
	size_t at = 0;
	while (at < size) {
		unsigned char c = (unsigned char)text[at];
		uint32_t code;
		if (c >= 0x20 && c <= 0x7e) {
			at++;
			continue;
		}
		size_t bytes = utf8_read(text + at, size - at, &code);
		if (!bytes || !is_allowed(code))
			return at;
		at += bytes;
	}
	return size;
}

static bool starts_with(const char *text, size_t size, const char *bytes, size_t length)
{
	return size >= length && memcmp(text, bytes, length) == 0;
}

/* By its byte order mark, or by a NUL next to its first character. */
static bool is_utf16(const char *text, size_t size)
{
	return starts_with(text, size, "\xff\xfe", 2) ||
	       starts_with(text, size, "\xfe\xff", 2) ||
	       (size >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

static void report_bad(const char *text, size_t size, size_t offset, uint32_t file,
	struct conf_report *report)
{
	uint32_t code = 0;
	struct conf_mark at = mark_at(text, size, offset, file);
	if (!utf8_read(text + offset, size - offset, &code)) {
		conf_error(report, at, "the byte 0x%02x is not valid UTF-8",
			(unsigned)(unsigned char)text[offset]);
		conf_help(report, "save the file as UTF-8");
	} else if (code == 0) {
		conf_error(report, at, "a NUL byte; YAML is text");
	} else {
		conf_error(report, at, "the control character U+%04X is not allowed",
			(unsigned)code);
		conf_help(report, "in double quotes it can be written \"\\u%04x\"",
			(unsigned)code);
	}
}

bool source_check(
	const char *text, size_t size, uint32_t file, struct conf_report *report)
{
	struct conf_mark whole = {.file = file};
	if (size > CONF_MAX_FILE) {
		conf_error(report, whole, "it is larger than 256 MiB");
		return false;
	}
	if (is_utf16(text, size)) {
		conf_error(report, whole, "it is UTF-16; save it as UTF-8");
		return false;
	}
	size_t bad = first_bad(text, size);
	if (bad < size)
		report_bad(text, size, bad, file, report);
	return bad == size;
}
