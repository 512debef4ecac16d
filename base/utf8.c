/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/size.h"

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

size_t utf8_read(const char *text, size_t size, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned char lead = bytes[0];
	size_t length = lead < 0x80   ? 1
			: lead < 0xc0 ? 0
			: lead < 0xe0 ? 2
			: lead < 0xf0 ? 3
			: lead < 0xf8 ? 4
				      : 0;
	if (length == 0 || length > size)
		return 0;
	uint32_t value = length == 1 ? lead : lead & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3fu);
	}
	if (value < smallest[length] || value > 0x10ffff ||
		(value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return length;
}

bool utf8_is_printable(uint32_t code)
{
	static const struct range hidden[] = {
		{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, /* soft hyphen */
		{0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
		{0x180b, 0x180f},
		{0x200b, 0x200f}, /* of no width; marks of direction */
		{0x2028, 0x202e}, /* separators, embeddings, overrides */
		{0x2060, 0x206f}, /* isolates */
		{0x3164, 0x3164}, {0xe000, 0xf8ff}, /* private use */
		{0xfe00, 0xfe0f},                   /* variation selectors */
		{0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
		{0xe0000, 0x10ffff}, /* tags, private use */
	};
	return !is_in(hidden, ARRAY_SIZE(hidden), code);
}

unsigned utf8_columns(uint32_t code)
{
	static const struct range combining[] = {{0x300, 0x36f}, {0x483, 0x489},
		{0x591, 0x5bd}, {0x610, 0x61a}, {0x64b, 0x65f}, {0x900, 0x902},
		{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}};
	/* Wide and fullwidth of Unicode's EastAsianWidth.txt, neighbours joined. */
	static const struct range wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e},
		{0x3041, 0xa4cf}, {0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
		{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
		{0x20000, 0x3fffd}};
	if (code < 0x300)
		return 1;
	if (is_in(combining, ARRAY_SIZE(combining), code))
		return 0;
	return is_in(wide, ARRAY_SIZE(wide), code) ? 2 : 1;
}
