/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "daemon/render/matrix.h"

enum {
	MAX_SHOWN = 40, /* rows of a table */
	MIN_LABEL = 8,  /* columns */
	MAX_LABEL = 44,
	MAX_NAME = 20,     /* of a check, where names hang; longer ones may be cut */
	WIDEST_FLAT = 200, /* names side by side where the width has no limit */
	FLAT_GAP = 2,      /* between columns that have their name above them */
	STAIR_WIDTH = 2,   /* of a column whose name hangs from a line */
	LEGEND_GAP = 3,
	SINCE_WIDTH = 26, /* "since 2026-01-31 23:59:59Z" */
};

#define X(symbol, utf8, ascii, ink, words) {utf8, ascii, ink, words},
static const struct {
	const char *utf8, *ascii;
	enum ink ink;
	const char *words;
} marks[MARK_COUNT] = {MATRIX_MARKS(X)};
#undef X

void matrix_print_mark(struct page *page, enum matrix_mark mark)
{
	page_add(page, marks[mark].ink,
		page_glyph(page, marks[mark].utf8, marks[mark].ascii));
}

/* How one table is laid out. */
struct layout {
	const struct matrix *matrix;
	uint32_t vantage;
	uint32_t *rows; /* those shown */
	uint32_t n_rows;
	uint64_t hosts_left_out;
	uint32_t *columns; /* those shown, in order */
	uint32_t n_columns, columns_left_out;
	uint8_t *worst; /* by column of the matrix: enum matrix_mark */
	unsigned label; /* columns of the label */
	unsigned count; /* columns of the number of hosts; 0: each row is one host */
	bool stairs;    /* names hang from lines */
	bool since;
};

/* ---- what is shown ----------------------------------------------------------- */

static bool is_trouble(uint8_t mark)
{
	return mark > MARK_PASS;
}

static void choose_rows(struct layout *layout)
{
	const struct matrix *matrix = layout->matrix;
	uint32_t n = 0;

	for (uint32_t i = 0; i < matrix->n_rows; i++)
		n += matrix->rows[i].vantage == layout->vantage;
	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		if (row->vantage != layout->vantage)
			continue;
		if (n > MAX_SHOWN &&
			(layout->n_rows == MAX_SHOWN || !is_trouble(row->worst)))
			layout->hosts_left_out += row->hosts.hosts;
		else
			layout->rows[layout->n_rows++] = i;
		layout->since |= row->since_us > 0;
	}
	layout->hosts_left_out += matrix->hosts_unrowed;
}

static void find_worst(struct layout *layout)
{
	const struct matrix *matrix = layout->matrix;

	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		for (uint32_t c = 0; c < row->n_cells; c++) {
			uint32_t column = row->cells[c].column;
			if (row->vantage == layout->vantage &&
				row->cells[c].mark > layout->worst[column])
				layout->worst[column] = (uint8_t)row->cells[c].mark;
		}
	}
}

static char *label_of(const struct matrix_row *row)
{
	struct strbuf text;

	strbuf_init(&text);
	host_ranges_format(&row->hosts, &text, MAX_LABEL);
	return strbuf_take(&text);
}

static unsigned digits_of(uint64_t number)
{
	unsigned digits = 1;

	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

static void measure_labels(struct layout *layout, struct page *page)
{
	unsigned most = MIN_LABEL, half = page->width / 2;

	for (uint32_t i = 0; i < layout->n_rows; i++) {
		const struct matrix_row *row = &layout->matrix->rows[layout->rows[i]];
		char *label = label_of(row);
		uint64_t hosts = row->hosts.hosts;
		size_t width = label ? page_measure(page, label) : 0;

		if (width > most)
			most = (unsigned)width;
		if (hosts > 1 && digits_of(hosts) + 2 > layout->count)
			layout->count = digits_of(hosts) + 2;
		free(label);
	}
	if (most > MAX_LABEL)
		most = MAX_LABEL;
	layout->label = page->width && most > half ? half : most;
}

static bool asked(const struct layout *layout, uint32_t column)
{
	return layout->worst[column] != MARK_NOT_ASKED;
}

/* Columns that the names of checks take, all of them and the longest, and how many. */
struct names {
	unsigned all, longest;
	uint32_t count;
};

static struct names measure_names(const struct layout *layout, struct page *page)
{
	struct names names = {.all = 0};

	for (uint32_t i = 0; i < layout->matrix->n_columns; i++) {
		unsigned width =
			(unsigned)page_measure(page, layout->matrix->columns[i]);
		if (!asked(layout, i))
			continue;
		names.count++;
		names.all += width + FLAT_GAP;
		if (width > names.longest)
			names.longest = width;
	}
	return names;
}

/* How many columns fit when their names hang, the last of them to the right. */
static uint32_t stairs_room(
	const struct layout *layout, const struct page *page, const struct names *names)
{
	unsigned used = layout->label + layout->count + FLAT_GAP;
	unsigned right = names->longest < MAX_NAME ? names->longest : MAX_NAME;

	if (!page->width)
		return names->count;
	if (right > page->width / 4)
		right = page->width / 4;
	if (layout->since && right < SINCE_WIDTH)
		right = SINCE_WIDTH;
	if (page->width < used + right + STAIR_WIDTH)
		return 1;
	return (page->width - used - right) / STAIR_WIDTH;
}

/* Every column when they fit; else those with trouble before the others. */
static void choose_columns(struct layout *layout, struct page *page)
{
	struct names names = measure_names(layout, page);
	unsigned used = layout->label + layout->count + FLAT_GAP +
			(layout->since ? SINCE_WIDTH : 0);
	uint32_t n = layout->matrix->n_columns, room = n;

	layout->stairs =
		page->width ? used + names.all > page->width : names.all > WIDEST_FLAT;
	if (layout->stairs)
		room = stairs_room(layout, page, &names);
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < n && layout->n_columns < room; i++) {
			bool first =
				room >= names.count || is_trouble(layout->worst[i]);
			if (asked(layout, i) && first == (pass == 0))
				layout->columns[layout->n_columns++] = i;
		}
	layout->columns_left_out = names.count - layout->n_columns;
}

/* ---- lines ------------------------------------------------------------------- */

static unsigned first_column(const struct layout *layout)
{
	return layout->label + layout->count + FLAT_GAP;
}

static void print_flat_heading(const struct layout *layout, struct page *page)
{
	unsigned column = first_column(layout);

	for (uint32_t i = 0; i < layout->n_columns; i++) {
		const char *name = layout->matrix->columns[layout->columns[i]];
		page_to(page, column);
		page_add(page, INK_PLAIN, name);
		column += (unsigned)page_measure(page, name) + FLAT_GAP;
	}
	page_newline(page);
}

/* A line a check, each hanging from its column:
 *   / dns
 *   | / tcp/135
 */
static void print_stairs(const struct layout *layout, struct page *page)
{
	const char *corner = page_glyph(page, "\xe2\x95\xad", "/");
	const char *line = page_glyph(page, "\xe2\x94\x82", "|");
	unsigned begin = first_column(layout);

	for (uint32_t i = 0; i < layout->n_columns; i++) {
		const char *name = layout->matrix->columns[layout->columns[i]];
		for (uint32_t j = 0; j < i; j++) {
			page_to(page, begin + j * STAIR_WIDTH);
			page_add(page, INK_DIM, line);
		}
		page_to(page, begin + i * STAIR_WIDTH);
		page_add(page, INK_DIM, corner);
		page_add(page, INK_PLAIN, " ");
		if (page->width && page->width > page->column)
			page_cut(page, INK_PLAIN, page->width - page->column, name);
		else
			page_add(page, INK_PLAIN, name);
		page_newline(page);
	}
}

static enum matrix_mark mark_at(const struct matrix_row *row, uint32_t column)
{
	for (uint32_t i = 0; i < row->n_cells; i++)
		if (row->cells[i].column == column)
			return (enum matrix_mark)row->cells[i].mark;
	return MARK_NOT_ASKED;
}

static void print_since(struct page *page, int64_t since_us)
{
	char text[32];

	page_add(page, INK_DIM, "since ");
	page_add(page, INK_DIM, clock_format_short(since_us, text, sizeof text));
}

static void print_label(
	const struct layout *layout, struct page *page, const struct matrix_row *row)
{
	char *label = label_of(row), count[32];

	if (label)
		page_cut(page, row->worst > MARK_HELD ? INK_STRONG : INK_PLAIN,
			layout->label, label);
	page->failed |= !label;
	free(label);
	if (row->hosts.hosts < 2)
		return;
	snprintf(count, sizeof count, "%" PRIu64, row->hosts.hosts);
	page_to(page, layout->label + layout->count - digits_of(row->hosts.hosts));
	page_add(page, INK_DIM, count);
}

static void print_row(
	const struct layout *layout, struct page *page, const struct matrix_row *row)
{
	unsigned column = first_column(layout);

	print_label(layout, page, row);
	for (uint32_t i = 0; i < layout->n_columns; i++) {
		const char *name = layout->matrix->columns[layout->columns[i]];
		page_to(page, column);
		matrix_print_mark(page, mark_at(row, layout->columns[i]));
		column += layout->stairs
				  ? STAIR_WIDTH
				  : (unsigned)page_measure(page, name) + FLAT_GAP;
	}
	if (layout->since && row->since_us) {
		page_to(page, column + (layout->stairs ? FLAT_GAP - 1 : 0));
		print_since(page, row->since_us);
	}
	page_newline(page);
}

static void print_left_out(const struct layout *layout, struct page *page)
{
	char text[160];

	if (layout->hosts_left_out) {
		snprintf(text, sizeof text,
			"and %" PRIu64 " more hosts (--format jsonl shows all)",
			layout->hosts_left_out);
		page_wrap(page, INK_DIM, 0, text);
		page_newline(page);
	}
	if (layout->columns_left_out) {
		snprintf(text, sizeof text,
			"and %" PRIu32 " more checks (a wider terminal shows them)",
			layout->columns_left_out);
		page_wrap(page, INK_DIM, 0, text);
		page_newline(page);
	}
}

static void print_table(struct layout *layout, struct page *page)
{
	if (layout->matrix->n_vantages > 1) {
		page_add(page, INK_STRONG, "from ");
		page_add(page, INK_STRONG, layout->matrix->vantages[layout->vantage]);
		page_newline(page);
	}
	if (layout->stairs)
		print_stairs(layout, page);
	else
		print_flat_heading(layout, page);
	for (uint32_t i = 0; i < layout->n_rows; i++)
		print_row(layout, page, &layout->matrix->rows[layout->rows[i]]);
	print_left_out(layout, page);
	page_newline(page);
}

static void print_vantage(
	const struct matrix *matrix, struct page *page, uint32_t vantage)
{
	struct layout layout = {
		.matrix = matrix,
		.vantage = vantage,
		.rows = calloc(matrix->n_rows, sizeof *layout.rows),
		.columns = calloc(matrix->n_columns, sizeof *layout.columns),
		.worst = calloc(matrix->n_columns, sizeof *layout.worst),
	};

	if (layout.rows && layout.columns && layout.worst) {
		choose_rows(&layout);
		find_worst(&layout);
		measure_labels(&layout, page);
		choose_columns(&layout, page);
		print_table(&layout, page);
	} else {
		page->failed = true;
	}
	free(layout.rows);
	free(layout.columns);
	free(layout.worst);
}

/* ---- legend ------------------------------------------------------------------ */

/* A mark for what a row does not ask only shows where another row does. */
static void find_marks(const struct matrix *matrix, bool *used)
{
	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		for (uint32_t c = 0; c < row->n_cells; c++)
			used[row->cells[c].mark] = true;
		if (matrix->n_vantages == 1 && row->n_cells < matrix->n_columns)
			used[MARK_NOT_ASKED] = true;
	}
}

static void print_legend(const struct matrix *matrix, struct page *page)
{
	bool used[MARK_COUNT] = {false};

	find_marks(matrix, used);
	for (unsigned i = 1; i <= MARK_COUNT; i++) {
		unsigned mark = i % MARK_COUNT; /* what was not asked comes last */
		size_t gap = page->column ? LEGEND_GAP : 0;
		size_t width = gap + 2 + strlen(marks[mark].words);
		if (!used[mark])
			continue;
		if (page->width && page->column && page->column + width > page->width)
			page_newline(page);
		else
			page_to(page, page->column + (unsigned)gap);
		matrix_print_mark(page, (enum matrix_mark)mark);
		page_add(page, INK_PLAIN, " ");
		page_add(page, INK_DIM, marks[mark].words);
	}
	page_newline(page);
}

void matrix_print(const struct matrix *matrix, struct page *page)
{
	if (matrix->n_rows == 0)
		return;
	for (uint32_t i = 0; i < matrix->n_vantages; i++)
		print_vantage(matrix, page, i);
	print_legend(matrix, page);
}
