/* SPDX-License-Identifier: Apache-2.0 */
/* Signing what is sent, so that a receiver knows who it is from. Pure. */
#ifndef DAEMON_NOTIFY_SIGN_H
#define DAEMON_NOTIFY_SIGN_H

#include <stddef.h>

#define SIGN_TEXT (sizeof "sha256=" + 64)

/* Writes "sha256=" and the HMAC-SHA-256 (RFC 2104, FIPS 180-4) of the body in lower
 * case hexadecimal digits; size >= SIGN_TEXT. 0 or -EIO. */
int sign_body(const char *key, size_t key_length, const char *body, size_t length,
	char *out, size_t size);

#endif
