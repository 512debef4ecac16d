/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside (host names, DNS answers, causes), made fit for a terminal or a
 * file: nothing in it can move a cursor, hide or reorder what stands beside it.
 */
#ifndef DAEMON_RENDER_VISIBLE_H
#define DAEMON_RENDER_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Columns of text that visible_add() wrote: one a character, two for wide ones (East
 * Asian, emoji), none for combining marks. */
size_t visible_width(const char *text);

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

#endif
