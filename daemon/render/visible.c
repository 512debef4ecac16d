/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/visible.h"

#include <string.h>

#include "base/utf8.h"

#define ARROW 0x2192U
#define LAST_CONTROL 0x9fU /* of C1 */

/* Bytes of the character at `text`; 0 when there is no valid one. */
static size_t read_character(const char *text, uint32_t *character)
{
	return utf8_read(text, strnlen(text, 4), character);
}

size_t visible_width(const char *text)
{
	size_t width = 0, length;
	uint32_t character;

	for (; *text; text += length ? length : 1) {
		length = read_character(text, &character);
		width += length ? utf8_columns(character) : 1;
	}
	return width;
}

static void add_character(struct strbuf *buf, const char *text, size_t length,
	uint32_t character, bool ascii)
{
	bool printable = utf8_is_printable(character);

	if (ascii && character == ARROW)
		strbuf_adds(buf, "->");
	else if (!printable && character <= LAST_CONTROL)
		strbuf_addf(buf, "\\x%02x", character);
	else if (!printable || (ascii && character > 0x7f))
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
		length = read_character(text, &character);
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
		length = read_character(json, &character);
		if (length && !utf8_is_printable(character))
			add_json_escape(buf, character);
		else
			strbuf_add(buf, json, length ? length : 1);
		if (!length)
			length = 1;
	}
}
