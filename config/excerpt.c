/* SPDX-License-Identifier: Apache-2.0 */
#include "config/excerpt.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/utf8.h"

/* Of a long line: characters shown before the caret and from it on. */
enum {
	BEFORE_CARET = 60,
	FROM_CARET = 40
};

/* One character, or one byte that is none. */
struct glyph {
	size_t bytes;
	uint32_t code;
	bool valid;
	bool printable;
};

static struct glyph glyph_at(const char *text, size_t left)
{
	struct glyph glyph = {.bytes = 1, .code = (unsigned char)*text};
	size_t bytes = utf8_read(text, left, &glyph.code);
	if (bytes) {
		glyph.bytes = bytes;
		glyph.valid = true;
		glyph.printable = utf8_is_printable(glyph.code);
	}
	return glyph;
}

/* Returns the columns taken. */
static unsigned put_glyph(FILE *out, const char *text, const struct glyph *glyph)
{
	if (glyph->printable) {
		fwrite(text, 1, glyph->bytes, out);
		return utf8_columns(glyph->code);
	}
	bool byte = !glyph->valid || glyph->code < 0x80;
	int columns = fprintf(out, byte ? "\\x%02x" : "\\u%04x", (unsigned)glyph->code);
	return columns > 0 ? (unsigned)columns : 0;
}

void excerpt_text(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		struct glyph glyph = glyph_at(text + i, length - i);
		put_glyph(out, text + i, &glyph);
		i += glyph.bytes;
	}
}

/* Bytes of the character at `text`; what is none counts byte by byte. */
static size_t step(const char *text, size_t left)
{
	uint32_t code;
	size_t bytes = (unsigned char)*text < 0x80 ? 1 : utf8_read(text, left, &code);
	return bytes ? bytes : 1;
}

/* Bytes of the first `count` characters. */
static size_t bytes_of(const char *text, size_t length, size_t count)
{
	size_t at = 0;
	for (; count && at < length; count--)
		at += step(text + at, length - at);
	return at;
}

static size_t characters_of(const char *text, size_t length)
{
	size_t count = 0;
	for (size_t at = 0; at < length; count++)
		at += step(text + at, length - at);
	return count;
}

/* Writes text and, in `under`, what moves the caret to its end: tabs for its tabs, else
 * a space a column. */
static void put_line(FILE *out, const char *text, size_t length, FILE *under)
{
	for (size_t i = 0; i < length;) {
		struct glyph glyph = glyph_at(text + i, length - i);
		bool tab = glyph.code == '\t';
		unsigned columns = 1;
		if (tab)
			fputc('\t', out);
		else
			columns = put_glyph(out, text + i, &glyph);
		for (; under && columns; columns--)
			fputc(tab ? '\t' : ' ', under);
		i += glyph.bytes;
	}
}

void excerpt_line(
	FILE *out, const char *line, size_t length, uint32_t number, uint32_t column)
{
	size_t count = characters_of(line, length);
	size_t caret = column ? column - 1 : 0;
	size_t first = 0, last = count;
	if (caret > count)
		caret = count;
	if (count > BEFORE_CARET + FROM_CARET) {
		first = caret > BEFORE_CARET ? caret - BEFORE_CARET : 0;
		last = count - caret > FROM_CARET ? caret + FROM_CARET : count;
	}
	size_t start = bytes_of(line, length, first);
	size_t middle = start + bytes_of(line + start, length - start, caret - first);
	size_t end = middle + bytes_of(line + middle, length - middle, last - caret);

	char *under = NULL;
	size_t under_length = 0;
	FILE *spaces = column ? open_memstream(&under, &under_length) : NULL;
	int width = fprintf(out, "%4u", (unsigned)number);
	fputs(first ? " | ..." : " | ", out);
	put_line(out, line + start, middle - start, spaces);
	put_line(out, line + middle, end - middle, NULL);
	fputs(last < count ? "...\n" : "\n", out);
	if (spaces && fclose(spaces) == 0)
		fprintf(out, "%*s | %s%s^\n", width, "", first ? "   " : "", under);
	free(under);
}

/* Bytes of the line end at `text`; 0 when there is none. */
static size_t line_end(const char *text, size_t left)
{
	const unsigned char *b = (const unsigned char *)text;
	if (b[0] == '\n')
		return 1;
	if (b[0] == '\r')
		return left > 1 && b[1] == '\n' ? 2 : 1;
	if (b[0] == 0xc2 && left > 1 && b[1] == 0x85)
		return 2;
	if (b[0] == 0xe2 && left > 2 && b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9))
		return 3;
	return 0;
}

const char *excerpt_next_line(const char *text, size_t size, size_t *at, size_t *length)
{
	size_t start = *at, end = 0, i = start;
	if (start >= size)
		return NULL;
	while (i < size && !(end = line_end(text + i, size - i)))
		i++;
	*length = i - start;
	*at = i + end;
	return text + start;
}
