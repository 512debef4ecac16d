/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs, and the interface identifiers that DCE/RPC makes of them: UUID and version. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uuid {
	uint8_t bytes[16]; /* in the order of the text (RFC 4122 section 4.1.2) */
};

/*
 * An initializer from the five groups of the text, each as a number:
 * UUID_LITERAL(0x3d267954, 0xeeb7, 0x11d1, 0xb94e, 0x00c04fa3080d)
 */
#define UUID_BYTE_(number, shift) (uint8_t)((number) >> (shift)&0xff)
#define UUID_PAIR_(number) UUID_BYTE_(number, 8), UUID_BYTE_(number, 0)
#define UUID_LITERAL(a, b, c, d, e)                                                  \
	{                                                                            \
		{                                                                    \
			UUID_BYTE_(a, 24), UUID_BYTE_(a, 16), UUID_PAIR_(a),         \
				UUID_PAIR_(b), UUID_PAIR_(c), UUID_PAIR_(d),         \
				UUID_BYTE_(UINT64_C(e), 40),                         \
				UUID_BYTE_(UINT64_C(e), 32),                         \
				UUID_BYTE_(UINT64_C(e), 24),                         \
				UUID_BYTE_(UINT64_C(e), 16), UUID_PAIR_(UINT64_C(e)) \
		}                                                                    \
	}

#define UUID_TEXT 37 /* 8-4-4-4-12 digits and the NUL */

/* An interface, or a transfer syntax. */
struct uuid_syntax {
	struct uuid uuid;
	uint16_t major, minor;
	bool any_version; /* major and minor were not given, and are 0 */
};

#define UUID_SYNTAX_TEXT (UUID_TEXT + 12) /* "UUID@65535.65535" */

/* "3d267954-eeb7-11d1-b94e-00c04fa3080d"; returns `out`, which has room for UUID_TEXT.
 */
const char *uuid_format(const struct uuid *uuid, char *out);

/* UUID, UUID@MAJOR or UUID@MAJOR.MINOR (no minor: 0); digits in either case, no braces.
 */
bool uuid_syntax_parse(const char *text, struct uuid_syntax *syntax);

/* Writes "UUID@1.0", or "UUID" for any version; returns `out`, which has room for
 * UUID_SYNTAX_TEXT. */
const char *uuid_syntax_format(const struct uuid_syntax *syntax, char *out);

bool uuid_equal(const struct uuid *a, const struct uuid *b);

/* The 16 bytes as little-endian NDR has them, and back: the first three fields are
 * swapped (C706, 14.2.14). */
void uuid_to_le(const struct uuid *uuid, uint8_t out[16]);
void uuid_from_le(const uint8_t bytes[16], struct uuid *uuid);

#endif
