/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/matrix.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

/* More rows than anybody reads; hosts beyond are counted. */
#define MAX_ROWS 4096

static enum matrix_mark mark_of_state(enum probe_state state)
{
	switch (state) {
	case STATE_OPEN:
		return MARK_EXPOSED;
	case STATE_CLOSED:
		return MARK_CLOSED;
	case STATE_FAILED:
		return MARK_FAILED;
	case STATE_PARTIAL:
		return MARK_PARTIAL;
	case STATE_FILTERED:
		return MARK_FILTERED;
	case STATE_PROHIBITED:
		return MARK_PROHIBITED;
	case STATE_UNREACHABLE:
		return MARK_UNREACHABLE;
	default:
		return MARK_UNSURE;
	}
}

enum matrix_mark matrix_mark_of(const struct report_result *result)
{
	if (result->verdict == VERDICT_PASS)
		return result->held_by ? MARK_HELD : MARK_PASS;
	if (result->verdict == VERDICT_INCONCLUSIVE)
		return MARK_UNSURE;
	return mark_of_state(result->state);
}

/* ---- names ------------------------------------------------------------------- */

/* The place of a name, which is most likely at or after `hint`; added when new. */
static int find_name(char ***names, uint32_t *count, uint32_t *capacity,
	const char *name, uint32_t hint, uint32_t *index)
{
	char **grown;

	for (uint32_t i = 0; i < *count; i++) {
		*index = (hint + i) % *count;
		if (strcmp((*names)[*index], name) == 0)
			return 0;
	}
	grown = array_grow(*names, capacity, *count, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	*names = grown;
	*index = *count;
	(*names)[*count] = strdup(name);
	if (!(*names)[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

/* ---- rows -------------------------------------------------------------------- */

/* By column; most hosts have their checks in the same order, so few are moved. */
static void sort_cells(struct matrix_cell *cells, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct matrix_cell cell = cells[i];
		uint32_t at = i;

		for (; at > 0 && cells[at - 1].column > cell.column; at--)
			cells[at] = cells[at - 1];
		cells[at] = cell;
	}
}

static uint64_t hash_row(uint32_t vantage, const struct matrix_cell *cells, uint32_t n)
{
	uint64_t hash = HASH_START ^ vantage;

	for (uint32_t i = 0; i < n; i++) {
		hash = hash_add(hash, cells[i].column);
		hash = hash_add(hash, cells[i].mark);
	}
	return hash ^ hash >> 32;
}

static bool is_row(
	const struct matrix *matrix, const struct matrix_row *row, uint64_t hash)
{
	return row->hash == hash && row->vantage == matrix->vantage &&
	       row->n_cells == matrix->n_cells &&
	       memcmp(row->cells, matrix->cells,
		       matrix->n_cells * sizeof *row->cells) == 0;
}

static int grow_index(struct matrix *matrix)
{
	uint32_t size = matrix->index_size ? matrix->index_size * 2 : 64;
	uint32_t *index;

	if (matrix->n_rows * 2 < matrix->index_size)
		return 0;
	index = calloc(size, sizeof *index);
	if (!index)
		return -ENOMEM;
	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		uint32_t at = (uint32_t)matrix->rows[i].hash & (size - 1);
		while (index[at])
			at = (at + 1) & (size - 1);
		index[at] = i + 1;
	}
	free(matrix->index);
	matrix->index = index;
	matrix->index_size = size;
	return 0;
}

/* A new row at the free place `at` of the index. */
static int add_row(struct matrix *matrix, uint64_t hash, uint32_t at)
{
	size_t bytes = matrix->n_cells * sizeof *matrix->cells;
	struct matrix_row *row, *rows = array_grow(matrix->rows, &matrix->rows_capacity,
					matrix->n_rows, sizeof *rows);

	if (!rows)
		return -ENOMEM;
	matrix->rows = rows;
	row = &matrix->rows[matrix->n_rows];
	*row = (struct matrix_row){
		.hash = hash,
		.vantage = matrix->vantage,
		.n_cells = matrix->n_cells,
		.cells = malloc(bytes),
	};
	if (!row->cells)
		return -ENOMEM;
	memcpy(row->cells, matrix->cells, bytes);
	for (uint32_t i = 0; i < row->n_cells; i++)
		if (row->cells[i].mark > row->worst)
			row->worst = (uint8_t)row->cells[i].mark;
	matrix->index[at] = ++matrix->n_rows;
	return 0;
}

/* The row of the host at hand, added when new; NULL in *out when there is no room. */
static int find_row(struct matrix *matrix, struct matrix_row **out)
{
	uint64_t hash = hash_row(matrix->vantage, matrix->cells, matrix->n_cells);
	uint32_t at;
	int rc = grow_index(matrix);

	*out = NULL;
	if (rc < 0)
		return rc;
	for (at = (uint32_t)hash & (matrix->index_size - 1); matrix->index[at];
		at = (at + 1) & (matrix->index_size - 1)) {
		*out = &matrix->rows[matrix->index[at] - 1];
		if (is_row(matrix, *out, hash))
			return 0;
	}
	*out = NULL;
	if (matrix->n_rows == MAX_ROWS)
		return 0;
	rc = add_row(matrix, hash, at);
	if (rc == 0)
		*out = &matrix->rows[matrix->n_rows - 1];
	return rc;
}

static int close_host(struct matrix *matrix)
{
	struct matrix_row *row;
	int rc;

	if (!matrix->host)
		return 0;
	sort_cells(matrix->cells, matrix->n_cells);
	rc = find_row(matrix, &row);
	if (rc == 0 && row) {
		rc = host_ranges_add(&row->hosts, matrix->host);
		if (matrix->since_us > row->since_us)
			row->since_us = matrix->since_us;
	}
	matrix->hosts++;
	matrix->hosts_unrowed += !row;
	matrix->n_cells = 0;
	matrix->since_us = 0;
	free(matrix->host);
	matrix->host = NULL;
	return rc;
}

static int open_host(struct matrix *matrix, const struct report_result *result)
{
	uint32_t vantage;
	int rc = find_name(&matrix->vantages, &matrix->n_vantages,
		&matrix->vantages_capacity, result->vantage, matrix->vantage, &vantage);

	if (rc < 0)
		return rc;
	if (matrix->host && vantage == matrix->vantage &&
		strcmp(matrix->host, result->host) == 0)
		return 0;
	rc = close_host(matrix);
	if (rc < 0)
		return rc;
	matrix->vantage = vantage;
	matrix->host = strdup(result->host);
	return matrix->host ? 0 : -ENOMEM;
}

int matrix_add(struct matrix *matrix, const struct report_result *result)
{
	uint32_t hint = 0;
	struct matrix_cell *cells;
	int rc = open_host(matrix, result);

	if (rc < 0)
		return rc;
	cells = array_grow(
		matrix->cells, &matrix->cells_capacity, matrix->n_cells, sizeof *cells);
	if (!cells)
		return -ENOMEM;
	matrix->cells = cells;
	if (matrix->n_cells)
		hint = matrix->cells[matrix->n_cells - 1].column + 1;
	rc = find_name(&matrix->columns, &matrix->n_columns, &matrix->columns_capacity,
		result->check, hint, &matrix->cells[matrix->n_cells].column);
	if (rc < 0)
		return rc;
	matrix->cells[matrix->n_cells++].mark = matrix_mark_of(result);
	if (result->since_us > matrix->since_us)
		matrix->since_us = result->since_us;
	return 0;
}

int matrix_finish(struct matrix *matrix)
{
	return close_host(matrix);
}

static void free_names(char **names, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

void matrix_fini(struct matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->n_rows; i++) {
		host_ranges_fini(&matrix->rows[i].hosts);
		free(matrix->rows[i].cells);
	}
	free(matrix->rows);
	free(matrix->index);
	free(matrix->cells);
	free(matrix->host);
	free_names(matrix->columns, matrix->n_columns);
	free_names(matrix->vantages, matrix->n_vantages);
	*matrix = (struct matrix){0};
}
