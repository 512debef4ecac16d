/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of flows on a page of text: what is to be said of those that are, and of
 * those that changed. Used by text.c alone. */
#ifndef DAEMON_RENDER_TEXT_FLOWS_H
#define DAEMON_RENDER_TEXT_FLOWS_H

#include "daemon/render/digest.h"
#include "daemon/render/page.h"

/* After an empty line. */
void text_heading(struct page *page, const char *text);

/* "and 12 more flows ..."; nothing for 0. */
void text_left_out(struct page *page, uint64_t count, const char *what);

/* A heading and the entries, whose marks are an enum matrix_mark; nothing where there
 * are none. */
void text_findings(struct page *page, const struct digest *digest, const char *heading);

/* The entries, whose marks are an enum change_kind. */
void text_changes(struct page *page, const struct digest *changes);

#endif
