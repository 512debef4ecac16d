/* SPDX-License-Identifier: Apache-2.0 */
/* Text from a file, shown so that a terminal obeys none of it. */
#ifndef CONFIG_EXCERPT_H
#define CONFIG_EXCERPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes text; what is not printable (base/utf8.h) or no UTF-8 as \xNN or \uNNNN. */
void excerpt_text(FILE *out, const char *text, size_t length);

/*
 * Writes one source line with its number, and under it a caret at `column` (in
 * characters, from 1; 0 for none). Tabs stay, in both lines; a long line is cut around
 * the caret.
 */
void excerpt_line(
	FILE *out, const char *line, size_t length, uint32_t number, uint32_t column);

/*
 * The line of `text` that starts at *at, without its end, in *length; *at moves to the
 * start of the next. Lines end as in YAML 1.1: CR LF, LF, CR, NEL, LS or PS. NULL when
 * *at is past the last line.
 */
const char *excerpt_next_line(
	const char *text, size_t size, size_t *at, size_t *length);

#endif
