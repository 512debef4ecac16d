/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts down, checks across, one glyph a flow. Hosts whose rows are equal are one row,
 * so that a fleet of ten thousand fits a screen; memory follows the number of different
 * rows, not of hosts. Flows come host by host.
 */
#ifndef DAEMON_RENDER_MATRIX_H
#define DAEMON_RENDER_MATRIX_H

#include <stdint.h>

#include "daemon/render/host_ranges.h"
#include "daemon/render/page.h"
#include "daemon/render/report.h"

/* X(symbol, utf8, ascii, ink, words), the worst last. */
#define MATRIX_MARKS(X)                                             \
	X(NOT_ASKED, "\xc2\xb7", ".", INK_DIM, "not asked")         \
	X(PASS, "\xe2\x9c\x93", "+", INK_GOOD, "as expected")       \
	X(HELD, "~", "~", INK_UNSURE, "excused by its rule")        \
	X(UNSURE, "?", "?", INK_UNSURE, "inconclusive")             \
	X(PARTIAL, "\xe2\x97\x90", "P", INK_BAD, "partial")         \
	X(FAILED, "\xe2\x89\xa0", "F", INK_BAD, "failed")           \
	X(CLOSED, "\xe2\x96\xa1", "C", INK_BAD, "closed")           \
	X(UNREACHABLE, "\xe2\x88\x85", "U", INK_BAD, "unreachable") \
	X(PROHIBITED, "\xe2\x8a\x98", "D", INK_BAD, "prohibited")   \
	X(FILTERED, "\xe2\x9c\x97", "X", INK_BAD, "filtered")       \
	X(EXPOSED, "!", "!", INK_BAD, "open, should be blocked")

#define X(symbol, utf8, ascii, ink, words) MARK_##symbol,
enum matrix_mark {
	MATRIX_MARKS(X) MARK_COUNT
};
#undef X

/* How a result is marked. */
enum matrix_mark matrix_mark_of(const struct report_result *result);

/* The mark's glyph in its colour. */
void matrix_print_mark(struct page *page, enum matrix_mark mark);

struct matrix_cell {
	uint32_t column;
	uint32_t mark;
};

struct matrix_row {
	uint64_t hash;
	uint32_t vantage;
	uint32_t n_cells;
	struct matrix_cell *cells; /* by column */
	uint8_t worst;             /* enum matrix_mark */
	int64_t since_us;          /* the newest of its flows'; 0: not known */
	struct host_ranges hosts;
};

struct matrix {
	char **columns; /* checks */
	uint32_t n_columns, columns_capacity;
	char **vantages;
	uint32_t n_vantages, vantages_capacity;
	struct matrix_row *rows;
	uint32_t n_rows, rows_capacity;
	uint32_t *index; /* hash table of 1 + row */
	uint32_t index_size;
	uint64_t hosts;         /* all */
	uint64_t hosts_unrowed; /* those whose rows were too many to keep */
	/* The host whose flows are coming in. */
	char *host;
	uint32_t vantage;
	struct matrix_cell *cells;
	uint32_t n_cells, cells_capacity;
	int64_t since_us;
};

/* 0 or -ENOMEM. */
int matrix_add(struct matrix *matrix, const struct report_result *result);

/* After the last flow. 0 or -ENOMEM. */
int matrix_finish(struct matrix *matrix);

/* The tables, one a vantage, and a legend of the marks that occur. A table has at most
 * 40 rows, then those with trouble alone; checks that do not fit are left out, and both
 * is said. */
void matrix_print(const struct matrix *matrix, struct page *page);

void matrix_fini(struct matrix *matrix);

#endif
