/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "daemon/render/html_page.h"

enum {
	MAX_SHOWN = 200, /* rows of a table, then those with trouble alone */
	MAX_COLUMNS = 60,
};

/* One word a mark, for the glyph says nothing to those who can't see it. */
static const char *word_of(enum matrix_mark mark)
{
	static const char *const words[MARK_COUNT] = {
		[MARK_NOT_ASKED] = "not asked",
		[MARK_PASS] = "pass",
		[MARK_HELD] = "held",
		[MARK_UNSURE] = "inconclusive",
		[MARK_PARTIAL] = "partial",
		[MARK_FAILED] = "failed",
		[MARK_CLOSED] = "closed",
		[MARK_UNREACHABLE] = "unreachable",
		[MARK_PROHIBITED] = "prohibited",
		[MARK_FILTERED] = "filtered",
		[MARK_EXPOSED] = "exposed",
	};

	return words[mark];
}

static uint32_t columns_of(const struct matrix *matrix)
{
	return matrix->n_columns < MAX_COLUMNS ? matrix->n_columns : MAX_COLUMNS;
}

static void add_cells(
	struct html_page *page, const struct matrix_row *row, uint32_t n_columns)
{
	uint32_t at = 0;

	for (uint32_t column = 0; column < n_columns; column++) {
		enum matrix_mark mark = MARK_NOT_ASKED;

		if (at < row->n_cells && row->cells[at].column == column)
			mark = (enum matrix_mark)row->cells[at++].mark;
		html_raw(page, "<td>");
		html_signed(page, html_sign_of_mark(mark), word_of(mark));
		html_raw(page, "</td>");
	}
}

static void add_row(struct html_page *page, const struct matrix *matrix,
	const struct matrix_row *row)
{
	html_raw(page, "<tr><th scope=\"row\">");
	html_hosts(page, &row->hosts);
	html_raw(page, "</th>");
	fprintf(page->out, "<td>%" PRIu64 "</td>", row->hosts.hosts);
	add_cells(page, row, columns_of(matrix));
	html_raw(page, "</tr>\n");
}

static void begin_table(
	struct html_page *page, const struct matrix *matrix, uint32_t vantage)
{
	html_raw(page, "<div class=\"wide\">\n<table>\n<caption>From ");
	html_text(page, matrix->vantages[vantage]);
	html_raw(page,
		"; hosts with the same results share a row</caption>\n<thead><tr>"
		"<th scope=\"col\">Hosts</th><th scope=\"col\">Number</th>");
	for (uint32_t i = 0; i < columns_of(matrix); i++) {
		html_raw(page, "<th scope=\"col\">");
		html_text(page, matrix->columns[i]);
		html_raw(page, "</th>");
	}
	html_raw(page, "</tr></thead>\n<tbody>\n");
}

static void add_table(
	struct html_page *page, const struct matrix *matrix, uint32_t vantage)
{
	uint32_t rows = 0, shown = 0;
	uint64_t left_out = 0;

	for (uint32_t i = 0; i < matrix->n_rows; i++)
		rows += matrix->rows[i].vantage == vantage;
	if (!rows)
		return;
	begin_table(page, matrix, vantage);
	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		bool room = shown < MAX_SHOWN &&
			    (rows <= MAX_SHOWN || row->worst > MARK_PASS);

		if (row->vantage != vantage)
			continue;
		if (room)
			add_row(page, matrix, row);
		else
			left_out += row->hosts.hosts;
		shown += room;
	}
	html_table_end(page);
	html_left_out(page, left_out, "host");
}

void html_matrix(struct html_page *page, const struct matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->n_vantages; i++)
		add_table(page, matrix, i);
	html_left_out(page, matrix->hosts_unrowed, "host");
	html_left_out(page, matrix->n_columns - columns_of(matrix), "check");
}
