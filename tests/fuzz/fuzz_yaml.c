/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML loader: whatever the bytes, a tree that keeps its promises or a report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
	if (!claim)
		abort();
}

static void check_scalar(const struct conf_node *node)
{
	require(node->text && strlen(node->text) == node->count);
	require(node->mark.line > 0 && node->mark.column > 0);
}

/* `budget` bounds the walk where aliases make the tree large. */
static void check_node(const struct conf_node *node, int depth, size_t *budget)
{
	if (*budget == 0)
		return;
	(*budget)--;
	if (node->kind == CONF_SCALAR) {
		check_scalar(node);
		return;
	}
	require(depth < CONF_MAX_DEPTH);
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == CONF_SEQUENCE) {
			check_node(node->items[i], depth + 1, budget);
			continue;
		}
		const struct conf_pair *pair = &node->pairs[i];
		require(pair->key->kind == CONF_SCALAR);
		check_scalar(pair->key);
		if (i < 100)
			require(conf_node_get(node, pair->key->text) == pair->value);
		check_node(pair->value, depth + 1, budget);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct conf_report report;
	const struct conf_node *root = NULL;
	size_t budget = 100000;
	arena_init(&arena, 0);
	conf_report_init(&report);
	int rc = conf_document_parse(
		"input", (const char *)data, size, &arena, &report, &root);
	require(rc == 0 ? conf_report_ok(&report) : rc == -EINVAL);
	require(rc == 0 || !conf_report_ok(&report));
	if (root)
		check_node(root, 0, &budget);
	FILE *out = fopen("/dev/null", "w");
	if (out) {
		conf_report_print(&report, out);
		fclose(out);
	}
	conf_report_fini(&report);
	arena_fini(&arena);
	return 0;
}
