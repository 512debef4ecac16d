/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/sign.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

int sign_body(const char *key, size_t key_length, const char *body, size_t length,
	char *out, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_length = 0;
	size_t at;

	if (!HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)body,
		    length, digest, &digest_length))
		return -EIO;
	at = (size_t)snprintf(out, size, "sha256=");
	for (unsigned int i = 0; i < digest_length && at + 2 < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%02x", digest[i]);
	return 0;
}
