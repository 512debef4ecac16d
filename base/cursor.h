/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounds-checked reader over bytes from the network. A read past the end sets
 * `failed` and yields zeros from then on, so that a parser checks once per record.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *data;
	size_t size;
	size_t at;
	bool failed;
};

/* The bytes stay the caller's and must outlive the cursor. */
void cursor_init(struct cursor *cursor, const void *data, size_t size);

size_t cursor_left(const struct cursor *cursor);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16be(struct cursor *cursor);
uint32_t cursor_u32be(struct cursor *cursor);
uint16_t cursor_u16le(struct cursor *cursor);
uint32_t cursor_u32le(struct cursor *cursor);

/* Copies `size` bytes to `out` (zeros when there are not as many). */
void cursor_bytes(struct cursor *cursor, void *out, size_t size);

/* Passes over `size` bytes. */
void cursor_skip(struct cursor *cursor, size_t size);

/* Moves to an absolute offset; past the end is a failure. */
void cursor_seek(struct cursor *cursor, size_t at);

#endif
