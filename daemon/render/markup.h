/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside inside XML and HTML: characters, never markup. */
#ifndef DAEMON_RENDER_MARKUP_H
#define DAEMON_RENDER_MARKUP_H

#include "base/strbuf.h"

/*
 * Appends `text`, made visible, with what means something in markup as references; good
 * between tags and inside a value in quotation marks. XML 1.0, 2.2 allows no control
 * characters but tab and newlines, not even as references: visible_add() has none.
 */
void markup_add(struct strbuf *out, const char *text);

#endif
