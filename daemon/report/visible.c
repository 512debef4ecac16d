/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/report/visible.h"

#include "base/size.h"

#define ARROW 0x2192U

/* Bytes of the character that begins with `lead`, by its highest bits; 0: none does. */
static size_t length_of(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

size_t utf8_decode(const char *text, uint32_t *character)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = bytes[0] ? length_of(bytes[0]) : 0;
	uint32_t value = length > 1 ? bytes[0] & (0x7fU >> length) : bytes[0];

	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3fU);
	}
	if (!length || value < lowest[length] || value > 0x10ffff ||
		(value >= 0xd800 && value < 0xe000))
		return 0;
	*character = value;
	return length;
}

struct range {
	uint32_t low, high;
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].low && character <= ranges[i].high)
			return true;
	return false;
}

/* C0, DEL and C1: a terminal may obey them. */
static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* Characters that show nothing, or change the order or the shape of others: Unicode's
 * bidirectional controls, format characters, separators, tags, private use. */
static bool is_hidden(uint32_t character)
{
	static const struct range hidden[] = {
		{0x00ad, 0x00ad}, /* soft hyphen */
		{0x034f, 0x034f},
		{0x061c, 0x061c},
		{0x115f, 0x1160},
		{0x17b4, 0x17b5},
		{0x180b, 0x180f},
		{0x200b, 0x200f},
		{0x2028, 0x202e},
		{0x2060, 0x206f},
		{0x3164, 0x3164},
		{0xe000, 0xf8ff},
		{0xfe00, 0xfe0f},
		{0xfeff, 0xfeff},
		{0xfff0, 0xfffb},
		{0xe0000, 0x10ffff},
	};
	return in_ranges(hidden, ARRAY_SIZE(hidden), character);
}

/* Combining marks, as far as names are likely to hold them. */
static bool is_combining(uint32_t character)
{
	static const struct range combining[] = {
		{0x0300, 0x036f},
		{0x0483, 0x0489},
		{0x0591, 0x05bd},
		{0x0610, 0x061a},
		{0x064b, 0x065f},
		{0x0900, 0x0902},
		{0x1ab0, 0x1aff},
		{0x1dc0, 0x1dff},
		{0x20d0, 0x20ff},
		{0xfe20, 0xfe2f},
	};
	return in_ranges(combining, ARRAY_SIZE(combining), character);
}

/* Unicode's East Asian Width W and F, by block. */
static bool is_wide(uint32_t character)
{
	static const struct range wide[] = {
		{0x1100, 0x115f},
		{0x2e80, 0x303e},
		{0x3041, 0xa4cf},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0xfe30, 0xfe6f},
		{0xff00, 0xff60},
		{0xffe0, 0xffe6},
		{0x1f300, 0x1f64f},
		{0x1f900, 0x1f9ff},
		{0x20000, 0x3fffd},
	};
	return in_ranges(wide, ARRAY_SIZE(wide), character);
}

size_t utf8_width(const char *text)
{
	size_t width = 0, length;
	uint32_t character;

	for (; *text; text += length) {
		length = utf8_decode(text, &character);
		if (length == 0) {
			length = 1;
			width++;
		} else if (!is_combining(character)) {
			width += is_wide(character) ? 2 : 1;
		}
	}
	return width;
}

static void add_character(struct strbuf *buf, const char *text, size_t length,
	uint32_t character, bool ascii)
{
	if (is_control(character))
		strbuf_addf(buf, "\\x%02x", character);
	else if (ascii && character == ARROW)
		strbuf_adds(buf, "->");
	else if (is_hidden(character) || (ascii && character > 0x7f))
		strbuf_addf(buf, "\\u{%x}", character);
	else
		strbuf_add(buf, text, length);
}

/* Bytes from `text` on that need no care: printable ASCII, which is nearly all. */
static size_t plain_length(const char *text)
{
	size_t length = 0;

	while (text[length] >= 0x20 && text[length] < 0x7f)
		length++;
	return length;
}

void visible_add(struct strbuf *buf, const char *text, bool ascii)
{
	size_t length;
	uint32_t character;

	for (; *text; text += length) {
		length = plain_length(text);
		if (length) {
			strbuf_add(buf, text, length);
			continue;
		}
		length = utf8_decode(text, &character);
		if (length) {
			add_character(buf, text, length, character, ascii);
			continue;
		}
		strbuf_addf(buf, "\\x%02x", (unsigned)(unsigned char)*text);
		length = 1;
	}
}

static void add_json_escape(struct strbuf *buf, uint32_t character)
{
	uint32_t above = character - 0x10000;

	if (character < 0x10000)
		strbuf_addf(buf, "\\u%04x", character);
	else
		strbuf_addf(buf, "\\u%04x\\u%04x", 0xd800 + (above >> 10),
			0xdc00 + (above & 0x3ff));
}

void visible_add_json(struct strbuf *buf, const char *json)
{
	size_t length;
	uint32_t character;

	for (; *json; json += length) {
		length = plain_length(json);
		if (length) {
			strbuf_add(buf, json, length);
			continue;
		}
		length = utf8_decode(json, &character);
		if (length && (is_control(character) || is_hidden(character)))
			add_json_escape(buf, character);
		else
			strbuf_add(buf, json, length ? length : 1);
		if (!length)
			length = 1;
	}
}

void utf8_repair(struct strbuf *buf, const char *text)
{
	size_t length;
	uint32_t character;

	for (; *text; text += length) {
		length = utf8_decode(text, &character);
		if (length)
			strbuf_add(buf, text, length);
		else
			strbuf_adds(buf, "\xef\xbf\xbd");
		if (!length)
			length = 1;
	}
}
