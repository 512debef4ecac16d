/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets are read when they are needed, and wiped: a new one needs no reload. */
#ifndef DAEMON_NOTIFY_SECRET_H
#define DAEMON_NOTIFY_SECRET_H

#include <stddef.h>

#include "config/notify.h"

#define SECRET_MAX 4096

struct secret {
	char text[SECRET_MAX + 1]; /* NUL terminated, no NUL inside */
	size_t length;             /* 0: none was configured */
};

/*
 * Reads it; white space at its end is not part of it. 0, or a negative errno with what
 * is wrong in `error`: never a part of the secret. secret_fini() it either way. Blocks
 * on the disk.
 */
int secret_read(
	const struct notify_secret *from, struct secret *out, char *error, size_t size);

void secret_fini(struct secret *secret);

#endif
