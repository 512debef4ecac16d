/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: one character at a time, and what of it may be shown on a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads the character at `text`, which has `size` > 0 bytes. Returns how many bytes it
 * takes (1 to 4), or 0 when they are no UTF-8 (RFC 3629: no surrogates, no overlong
 * forms, nothing above U+10FFFF).
 */
size_t utf8_read(const char *text, size_t size, uint32_t *code);

/*
 * False for what would move the cursor, start an escape sequence, show nothing or turn
 * the order of the text around: C0 and C1 controls (tab and line feed too), line
 * separators, marks of direction, characters of no width, private use.
 */
bool utf8_is_printable(uint32_t code);

/* Columns that a printable character takes on a terminal: 0 for combining marks, 2 for
 * wide East Asian characters and emoji, else 1. */
unsigned utf8_columns(uint32_t code);

#endif
