/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, read whenever they are needed, and wiped: a new one needs no reload. */
#ifndef DAEMON_NOTIFY_SECRET_H
#define DAEMON_NOTIFY_SECRET_H

#include <stddef.h>

#include "config/notify.h"

#define SECRET_MAX 4096
#define SECRET_SIGNATURE (sizeof "sha256=" + 64)

struct secret {
	char text[SECRET_MAX + 1]; /* NUL terminated, no NUL inside */
	size_t length;             /* 0: none was configured */
};

/*
 * Reads it; white space at its end is not part of it. 0, or a negative errno with the
 * reason in `error`: never a part of the secret. secret_fini() it either way. Blocks
 * on the disk.
 */
int secret_read(
	const struct notify_secret *from, struct secret *out, char *error, size_t size);

/* Writes "sha256=" and the HMAC-SHA-256 (RFC 2104, FIPS 180-4) of the body with that
 * key, in lower case hexadecimal digits. 0 or -EIO. */
int secret_sign(const char *key, size_t key_length, const char *body, size_t length,
	char out[SECRET_SIGNATURE]);

void secret_fini(struct secret *secret);

#endif
