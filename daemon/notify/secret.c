/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

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

int secret_read(
	const struct notify_secret *from, struct secret *out, char *error, size_t size)
{
	const char *name = from->file ? from->file : from->env;
	const char *value, *why = "it must be one line of 1 to 4096 bytes";
	ssize_t got;

	*out = (struct secret){.length = 0};
	if (!name)
		return 0;
	if (from->file) {
		got = read_file(name, out->text);
		why = got < 0 ? strerror((int)-got) : why;
	} else {
		value = getenv(name);
		got = value ? (ssize_t)strnlen(value, SECRET_MAX + 1) : -ENOENT;
		why = value ? why : "it is not set";
		if (value)
			memcpy(out->text, value, (size_t)got);
	}
	while (got > 0 && strchr(" \t\r\n", out->text[got - 1]))
		out->text[--got] = '\0';
	if (got == 0 || got > SECRET_MAX ||
		(got > 0 && (memchr(out->text, '\0', (size_t)got) ||
				    strpbrk(out->text, "\r\n"))))
		got = -EINVAL;
	if (got < 0) {
		snprintf(error, size, "the secret in %s %.100s can't be used: %s",
			from->file ? "file" : "variable", name, why);
		return (int)got;
	}
	out->length = (size_t)got;
	return 0;
}

int secret_sign(const char *key, size_t key_length, const char *body, size_t length,
	char out[SECRET_SIGNATURE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_length = 0;
	size_t at;

	if (!HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)body,
		    length, digest, &digest_length))
		return -EIO;
	at = (size_t)snprintf(out, SECRET_SIGNATURE, "sha256=");
	for (unsigned int i = 0; i < digest_length; i++)
		at += (size_t)snprintf(
			out + at, SECRET_SIGNATURE - at, "%02x", digest[i]);
	return 0;
}

void secret_fini(struct secret *secret)
{
	explicit_bzero(secret, sizeof *secret);
}
