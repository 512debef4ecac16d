/* SPDX-License-Identifier: Apache-2.0 */
#include "config/mapping.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/size.h"

/* Pairs to compare two by two before sorting pays. */
#define FEW 8

static bool same_key(const struct conf_node *a, const struct conf_node *b)
{
	return a->count == b->count && memcmp(a->text, b->text, a->count) == 0;
}

static bool is_merge(const struct conf_pair *pair)
{
	return pair->key->plain && strcmp(pair->key->text, "<<") == 0;
}

/* A key with its hash, which spares most comparisons of texts; where hashes collide the
 * texts decide, so that no choice of keys makes the sort slow. */
struct entry {
	uint64_t hash;
	const struct conf_node *key;
	size_t index;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	size_t shared = x->key->count < y->key->count ? x->key->count : y->key->count;
	int order = memcmp(x->key->text, y->key->text, shared);
	if (order)
		return order;
	if (x->key->count != y->key->count)
		return x->key->count < y->key->count ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* first[i] becomes the index of the first pair with the key of pair i. */
static bool find_first_sorted(
	const struct conf_pair *pairs, size_t count, size_t *first)
{
	struct entry *entries = calloc(count, sizeof *entries);
	if (!entries)
		return false;
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){
			hash_bytes(HASH_START, pairs[i].key->text, pairs[i].key->count),
			pairs[i].key, i};
	qsort(entries, count, sizeof *entries, compare_entries);
	for (size_t i = 0; i < count; i++) {
		bool again = i > 0 && entries[i - 1].hash == entries[i].hash &&
			     same_key(entries[i - 1].key, entries[i].key);
		first[entries[i].index] =
			again ? first[entries[i - 1].index] : entries[i].index;
	}
	free(entries);
	return true;
}

static void find_first_few(const struct conf_pair *pairs, size_t count, size_t *first)
{
	for (size_t i = 0; i < count; i++) {
		first[i] = 0;
		while (!same_key(pairs[first[i]].key, pairs[i].key))
			first[i]++;
	}
}

static void report_duplicate(struct conf_report *report, const struct conf_node *key,
	const struct conf_node *first)
{
	conf_error(report, key->mark, "duplicate key '%s'", key->text);
	if (key->mark.line != first->mark.line)
		conf_help(report, "the first one is in line %u",
			(unsigned)first->mark.line);
	else
		conf_help(report, "the first one is in column %u",
			(unsigned)first->mark.column);
	if (key->plain && strcmp(key->text, "<<") == 0)
		conf_help(report, "merge several mappings with one list: <<: [*a, *b]");
}

/* Keeps the first pair of every key, of `count` pairs the first `own` as written.
 * Duplicates among those are mistakes. False when memory ran out. */
static bool keep_first(
	struct conf_pair *pairs, size_t *count, size_t own, struct conf_report *report)
{
	size_t few[FEW], kept = 0;
	size_t *first = *count <= FEW ? few : calloc(*count, sizeof *first);
	if (*count <= FEW)
		find_first_few(pairs, *count, first);
	else if (!first || !find_first_sorted(pairs, *count, first)) {
		free(first);
		return false;
	}
	/* Told before the pairs move, while first[] still points at them. */
	for (size_t i = 0; i < own; i++)
		if (first[i] != i)
			report_duplicate(report, pairs[i].key, pairs[first[i]].key);
	for (size_t i = 0; i < *count; i++)
		if (first[i] == i)
			pairs[kept++] = pairs[i];
	if (first != few)
		free(first);
	*count = kept;
	return true;
}

/* Drops pairs whose key is no scalar. */
static size_t keep_scalar_keys(
	struct conf_pair *pairs, size_t count, struct conf_report *report)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		const struct conf_node *key = pairs[i].key;
		if (key->kind == CONF_SCALAR) {
			pairs[kept++] = pairs[i];
			continue;
		}
		conf_error(report, key->mark, "a key must be text, not %s",
			conf_kind_name(key->kind));
		if (key->kind == CONF_MAPPING)
			conf_help(report, "text that starts with '{' needs quotes");
	}
	return kept;
}

/* How many pairs a merge value brings; wrong ones are reported and bring none. */
static size_t count_merged(const struct conf_node *value, struct conf_report *report)
{
	size_t count = 0;
	if (value->kind == CONF_MAPPING)
		return value->count;
	if (value->kind == CONF_SCALAR) {
		conf_error(report, value->mark,
			"'<<' must have a mapping or a list of mappings, not text");
		return 0;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct conf_node *item = value->items[i];
		if (item->kind == CONF_MAPPING)
			count += item->count;
		else
			conf_error(report, item->mark,
				"'<<' must have a list of mappings; this item is %s",
				conf_kind_name(item->kind));
	}
	return count;
}

static struct conf_pair *append(struct conf_pair *end, const struct conf_node *mapping)
{
	if (mapping->kind != CONF_MAPPING)
		return end;
	if (mapping->count)
		memcpy(end, mapping->pairs, mapping->count * sizeof *end);
	return end + mapping->count;
}

static void append_merged(struct conf_pair *end, const struct conf_node *value)
{
	if (value->kind != CONF_SEQUENCE) {
		append(end, value);
		return;
	}
	for (size_t i = 0; i < value->count; i++)
		end = append(end, value->items[i]);
}

/* The value of the merge key, which is taken out of the pairs; NULL without one. */
static const struct conf_node *take_merge(struct conf_pair *pairs, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		if (!is_merge(&pairs[i]))
			continue;
		const struct conf_node *value = pairs[i].value;
		memmove(&pairs[i], &pairs[i + 1], (*count - i - 1) * sizeof *pairs);
		(*count)--;
		return value;
	}
	return NULL;
}

static bool store(struct conf_node *node, const struct conf_pair *pairs, size_t count,
	struct arena *arena)
{
	node->count = count;
	if (count == 0)
		return true;
	node->pairs = arena_calloc(arena, count, sizeof *pairs);
	if (node->pairs)
		memcpy(node->pairs, pairs, count * sizeof *pairs);
	return node->pairs != NULL;
}

bool mapping_fill(struct conf_node *node, struct conf_pair *pairs, size_t count,
	struct arena *arena, struct conf_report *report)
{
	size_t all;
	count = keep_scalar_keys(pairs, count, report);
	if (!keep_first(pairs, &count, count, report))
		return false;
	const struct conf_node *merge = take_merge(pairs, &count);
	size_t merged = merge ? count_merged(merge, report) : 0;
	if (merged == 0)
		return store(node, pairs, count, arena);
	if (!size_add(count, merged, &all))
		return false;
	struct conf_pair *both = calloc(all, sizeof *both);
	if (!both)
		return false;
	if (count)
		memcpy(both, pairs, count * sizeof *both);
	append_merged(both + count, merge);
	bool done = keep_first(both, &all, 0, report) && store(node, both, all, arena);
	free(both);
	return done;
}
