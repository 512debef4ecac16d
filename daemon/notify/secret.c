/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(char *error, size_t size, int code, const char *what, const char *name,
	const char *why)
{
	snprintf(error, size, "the secret in %s %.100s can't be used: %s", what, name,
		why);
	return code;
}

/* The first SECRET_MAX + 1 bytes of a file: one more than may be. */
static ssize_t read_file(const char *path, char *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (got > 0 && length <= SECRET_MAX) {
		got = read(fd, out + length, SECRET_MAX + 1 - length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			length += (size_t)got;
	}
	if (got < 0)
		got = -errno;
	close(fd);
	return got < 0 ? got : (ssize_t)length;
}

static ssize_t read_environment(const char *name, char *out)
{
	const char *value = getenv(name);
	size_t length;

	if (!value)
		return -ENOENT;
	length = strnlen(value, SECRET_MAX + 1);
	memcpy(out, value, length);
	return (ssize_t)length;
}

int secret_read(
	const struct notify_secret *from, struct secret *out, char *error, size_t size)
{
	const char *what = from->file ? "file" : "variable";
	const char *name = from->file ? from->file : from->env;
	ssize_t got;

	*out = (struct secret){.length = 0};
	if (!name)
		return 0;
	got = from->file ? read_file(name, out->text)
			 : read_environment(name, out->text);
	if (got < 0)
		return fail(error, size, (int)got, what, name,
			from->file ? strerror((int)-got) : "it is not set");
	while (got > 0 && strchr(" \t\r\n", out->text[got - 1]))
		out->text[--got] = '\0';
	if (got == 0 || got > SECRET_MAX || memchr(out->text, '\0', (size_t)got) ||
		strpbrk(out->text, "\r\n"))
		return fail(error, size, -EINVAL, what, name,
			"it must be one line of 1 to 4096 bytes");
	out->length = (size_t)got;
	return 0;
}

void secret_fini(struct secret *secret)
{
	explicit_bzero(secret, sizeof *secret);
}
