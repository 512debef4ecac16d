/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One self-contained HTML page, piece by piece: it needs no other file and no script,
 * and its policy forbids both. The markup is XML too, so that any XML reader can check
 * it. Text handed over is made visible and escaped here.
 */
#ifndef DAEMON_RENDER_HTML_PAGE_H
#define DAEMON_RENDER_HTML_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/render/digest.h"
#include "daemon/render/matrix.h"

struct html_page {
	FILE *out;
	bool failed; /* memory ran out */
};

/* What something means at a glance: a sign and a colour, beside which a word always
 * stands. */
struct html_sign {
	const char *glyph;
	const char *class; /* "good", "bad", "unsure", "dim" */
};

struct html_sign html_sign_of_kind(enum change_kind kind);
struct html_sign html_sign_of_mark(enum matrix_mark mark);

/* Up to the heading, which is the title too. */
void html_begin(struct html_page *page, const char *title);
void html_end(struct html_page *page);

/* Markup as it is. */
void html_raw(struct html_page *page, const char *markup);

/* Text, escaped. */
void html_text(struct html_page *page, const char *text);

/* <ELEMENT>text</ELEMENT> and the end of the line. */
void html_element(struct html_page *page, const char *element, const char *text);

/* The sign, then the word, in the sign's colour. */
void html_signed(struct html_page *page, struct html_sign sign, const char *word);

/* A table's begin: its caption and the heads of its columns, NULL after the last. */
void html_table_begin(
	struct html_page *page, const char *caption, const char *const *heads);
void html_table_end(struct html_page *page);

/* The host names of an entry, in a cell. */
void html_hosts(struct html_page *page, const struct host_ranges *hosts);

/* "and 12 more flows ..."; nothing for 0. */
void html_left_out(struct html_page *page, uint64_t count, const char *what);

/* ---- html_flows.c: sections, which are nothing where there are no entries */

/* One of them with what is to be said of it; `with_since`: and since when. */
void html_findings(struct html_page *page, const struct digest *digest,
	const char *heading, bool with_since);

/* The mark of an entry of changes: of what incident (0: none), and how it changed. */
uint32_t html_change_mark(uint32_t incident, enum change_kind kind);

/* Of the incidents the first `n_incidents` stand on the page, as #incident-N. */
void html_changes(
	struct html_page *page, const struct digest *changes, uint32_t n_incidents);

/* ---- html_matrix.c */

/* Hosts down, checks across, one table a vantage; see matrix.h. */
void html_matrix(struct html_page *page, const struct matrix *matrix);

#endif
