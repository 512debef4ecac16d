/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for a terminal: colour where it is wanted, words wrapped at its width, ASCII
 * where its locale has no UTF-8. Text handed over is made visible here.
 */
#ifndef DAEMON_RENDER_PAGE_H
#define DAEMON_RENDER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum ink {
	INK_PLAIN,
	INK_STRONG,
	INK_DIM,
	INK_GOOD,
	INK_BAD,
	INK_UNSURE,
};

struct page {
	FILE *out;
	bool colour;
	bool ascii;
	unsigned width;  /* columns; 0: no limit */
	unsigned column; /* where the next character goes */
	bool begun;      /* there is something on it */
	bool failed;     /* memory ran out */
};

/* ASCII when the locale's character set is not UTF-8. */
void page_init(struct page *page, FILE *out, bool colour, unsigned width);

/* Text as it is, on the same line. */
void page_add(struct page *page, enum ink ink, const char *text);

/* Text whose lines break between words, the next ones indented by `indent`. Words that
 * are longer than a line stand alone. */
void page_wrap(struct page *page, enum ink ink, unsigned indent, const char *text);

/* Text cut to `width` columns, with an ellipsis when that cuts it. */
void page_cut(struct page *page, enum ink ink, size_t width, const char *text);

/* Blanks up to a column; none when it is past. */
void page_to(struct page *page, unsigned column);

void page_newline(struct page *page);

/* An empty line, unless the page has nothing yet. At the begin of a line. */
void page_gap(struct page *page);

/* Columns that the text takes. */
size_t page_measure(struct page *page, const char *text);

/* One of two glyphs, by what the terminal can show. */
static inline const char *page_glyph(
	const struct page *page, const char *utf8, const char *ascii)
{
	return page->ascii ? ascii : utf8;
}

#endif
