/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/page.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "daemon/render/visible.h"

/* SGR parameters of ECMA-48, 8.3.117; 16 colours, which every terminal themes. */
static const char *const codes[] = {
	[INK_PLAIN] = NULL,
	[INK_STRONG] = "1",
	[INK_DIM] = "2",
	[INK_GOOD] = "32",
	[INK_BAD] = "1;31",
	[INK_UNSURE] = "33",
};

void page_init(struct page *page, FILE *out, bool colour, unsigned width)
{
	*page = (struct page){.out = out, .colour = colour, .width = width};
	page->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static void ink_on(struct page *page, enum ink ink)
{
	if (page->colour && codes[ink])
		fprintf(page->out, "\033[%sm", codes[ink]);
}

static void ink_off(struct page *page, enum ink ink)
{
	if (page->colour && codes[ink])
		fputs("\033[0m", page->out);
}

/* NULL when memory ran out. */
static char *make_visible(struct page *page, const char *text)
{
	struct strbuf shown;
	char *taken;

	strbuf_init(&shown);
	visible_add(&shown, text, page->ascii);
	taken = strbuf_take(&shown);
	page->failed |= !taken;
	return taken;
}

/* Text that is visible already. */
static void write_text(struct page *page, const char *text, size_t length, size_t width)
{
	fwrite(text, 1, length, page->out);
	page->column += (unsigned)width;
}

void page_add(struct page *page, enum ink ink, const char *text)
{
	char *shown = make_visible(page, text);

	if (!shown)
		return;
	ink_on(page, ink);
	write_text(page, shown, strlen(shown), visible_width(shown));
	ink_off(page, ink);
	free(shown);
}

void page_newline(struct page *page)
{
	putc('\n', page->out);
	page->column = 0;
	page->begun = true;
}

void page_gap(struct page *page)
{
	if (page->begun)
		page_newline(page);
}

void page_to(struct page *page, unsigned column)
{
	for (; page->column < column; page->column++)
		putc(' ', page->out);
}

/* Columns of the word, which ends at a blank that is cut off here. */
static size_t word_width(char *word, size_t length)
{
	char after = word[length];
	size_t width;

	word[length] = '\0';
	width = visible_width(word);
	word[length] = after;
	return width;
}

void page_wrap(struct page *page, enum ink ink, unsigned indent, const char *text)
{
	char *shown = make_visible(page, text);
	bool first = true;

	if (!shown)
		return;
	ink_on(page, ink);
	for (char *word = shown; *word; first = false) {
		size_t length = strcspn(word, " ");
		size_t width = word_width(word, length);
		bool blank = !first && page->column > indent;

		if (page->width && page->column > indent &&
			page->column + blank + width > page->width) {
			page_newline(page);
			page_to(page, indent);
			blank = false;
		}
		if (blank)
			write_text(page, " ", 1, 1);
		write_text(page, word, length, width);
		word += length + strspn(word + length, " ");
	}
	ink_off(page, ink);
	free(shown);
}

/* Bytes of `text` that take at most `width` columns. */
static size_t fitting(const char *text, size_t width)
{
	size_t at = 0;

	while (text[at]) {
		uint32_t character;
		size_t length = utf8_read(text + at, strnlen(text + at, 4), &character);
		size_t columns = length ? utf8_columns(character) : 1;
		if (columns > width)
			break;
		width -= columns;
		at += length ? length : 1;
	}
	return at;
}

void page_cut(struct page *page, enum ink ink, size_t width, const char *text)
{
	char *shown = make_visible(page, text);
	const char *dots = page_glyph(page, "\xe2\x80\xa6", "~");
	size_t length;

	if (!shown)
		return;
	if (visible_width(shown) <= width) {
		ink_on(page, ink);
		write_text(page, shown, strlen(shown), visible_width(shown));
	} else {
		length = fitting(shown, width - 1);
		shown[length] = '\0';
		ink_on(page, ink);
		write_text(page, shown, length, visible_width(shown));
		write_text(page, dots, strlen(dots), 1);
	}
	ink_off(page, ink);
	free(shown);
}

size_t page_measure(struct page *page, const char *text)
{
	char *shown = make_visible(page, text);
	size_t width = shown ? visible_width(shown) : 0;

	free(shown);
	return width;
}
