/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside (host names, DNS answers, causes), made fit for a terminal or a
 * file: nothing in it can move a cursor, hide or reorder what stands beside it.
 */
#ifndef DAEMON_REPORT_VISIBLE_H
#define DAEMON_REPORT_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/*
 * Decodes one character of UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
 * U+10FFFF); returns its bytes, or 0 when there is no valid one, also at the end.
 */
size_t utf8_decode(const char *text, uint32_t *character);

/* Columns of text that visible_add() wrote: one a character, two for wide ones (East
 * Asian, emoji), none for combining marks. */
size_t utf8_width(const char *text);

/*
 * Appends `text` with what can't be seen as escapes: "\x1b" for control characters and
 * bytes that are no UTF-8, "\u{202e}" for characters that reorder or hide text. With
 * `ascii` everything beyond ASCII is escaped too, but for arrows, which become "->".
 */
void visible_add(struct strbuf *buf, const char *text, bool ascii);

/*
 * Appends JSON with such characters as the escapes of RFC 8259, section 7; they stand
 * in its strings alone, so that it stays the same JSON.
 */
void visible_add_json(struct strbuf *buf, const char *json);

/* Appends `text` with U+FFFD in place of every byte that is no UTF-8. */
void utf8_repair(struct strbuf *buf, const char *text);

#endif
