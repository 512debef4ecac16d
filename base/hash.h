/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits (Fowler, Noll and Vo): a fast hash for tables whose keys nobody
 * chooses to collide, and for identities of texts. Its high bits are the better mixed
 * ones: fold them in before taking a remainder. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* `hash` continued by one number, in one step. */
static inline uint64_t hash_add(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * UINT64_C(0x100000001b3);
}

/* `hash` continued by `size` bytes. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (const unsigned char *at = bytes; size > 0; at++, size--)
		hash = hash_add(hash, *at);
	return hash;
}

/* The hash of a text, without its NUL. */
static inline uint64_t hash_of_text(const char *text)
{
	return hash_bytes(HASH_START, text, strlen(text));
}

#endif
