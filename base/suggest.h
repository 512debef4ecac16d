/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest word of a list. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/*
 * The candidate with the smallest edit distance (insert, delete, replace, swap of
 * neighbours; case ignored) to `word`, or NULL when none is near enough: at most a
 * third of the word's length, at least 1. Words over 64 bytes have no suggestion.
 */
const char *suggest_nearest(
	const char *word, const char *const *candidates, size_t count);

#endif
