/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include <string.h>

void cursor_init(struct cursor *cursor, const void *data, size_t size)
{
	*cursor = (struct cursor){.data = data, .size = size};
}

size_t cursor_left(const struct cursor *cursor)
{
	return cursor->failed ? 0 : cursor->size - cursor->at;
}

/* The next `size` bytes, passed over; NULL when there are not as many. */
static const uint8_t *take(struct cursor *cursor, size_t size)
{
	if (size > cursor_left(cursor))
		cursor->failed = true;
	if (cursor->failed)
		return NULL;
	const uint8_t *bytes = cursor->data + cursor->at;
	cursor->at += size;
	return bytes;
}

uint8_t cursor_u8(struct cursor *cursor)
{
	const uint8_t *b = take(cursor, 1);
	return b ? b[0] : 0;
}

uint16_t cursor_u16be(struct cursor *cursor)
{
	const uint8_t *b = take(cursor, 2);
	if (!b)
		return 0;
	return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t cursor_u32be(struct cursor *cursor)
{
	const uint8_t *b = take(cursor, 4);
	if (!b)
		return 0;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint16_t cursor_u16le(struct cursor *cursor)
{
	const uint8_t *b = take(cursor, 2);
	if (!b)
		return 0;
	return (uint16_t)(b[1] << 8 | b[0]);
}

uint32_t cursor_u32le(struct cursor *cursor)
{
	const uint8_t *b = take(cursor, 4);
	if (!b)
		return 0;
	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

void cursor_bytes(struct cursor *cursor, void *out, size_t size)
{
	if (!size)
		return;
	const uint8_t *bytes = take(cursor, size);
	if (bytes)
		memcpy(out, bytes, size);
	else
		memset(out, 0, size);
}

void cursor_skip(struct cursor *cursor, size_t size)
{
	if (size > cursor_left(cursor))
		cursor->failed = true;
	else
		cursor->at += size;
}

void cursor_seek(struct cursor *cursor, size_t at)
{
	if (at > cursor->size)
		cursor->failed = true;
	else
		cursor->at = at;
}
