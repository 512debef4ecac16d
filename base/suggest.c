/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <string.h>

enum {
	LONGEST = 64
};

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, over three rows of its table. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			int x = lower(a[i - 1]), y = lower(b[j - 1]);
			row[j] = least(above[j - 1] + (x != y),
				least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
				y == lower(a[i - 2]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

const char *suggest_nearest(
	const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	size_t best = length / 3 ? length / 3 : 1;
	const char *nearest = NULL;
	if (length > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t candidate = strlen(candidates[i]);
		if (candidate > LONGEST)
			continue;
		size_t d = distance(word, length, candidates[i], candidate);
		if (d < best || (d == best && !nearest)) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}
