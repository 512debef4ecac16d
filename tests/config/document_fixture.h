/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is parsed, and what came of it. */
#ifndef TESTS_CONFIG_DOCUMENT_FIXTURE_H
#define TESTS_CONFIG_DOCUMENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "config/document.h"

struct fixture {
	struct arena arena;
	struct conf_report report;
	const struct conf_node *root;
};

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	arena_init(&f->arena, 0);
	conf_report_init(&f->report);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;
	conf_report_fini(&f->report);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static inline int parse_bytes(struct fixture *f, const char *text, size_t size)
{
	conf_report_fini(&f->report);
	arena_fini(&f->arena);
	return conf_document_parse("t", text, size, &f->arena, &f->report, &f->root);
}

static inline int parse(struct fixture *f, const char *text)
{
	return parse_bytes(f, text, strlen(text));
}

static inline char *messages(const struct fixture *f)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	conf_report_print(&f->report, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static inline void assert_says(const struct fixture *f, const char *part)
{
	char *text = messages(f);
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
	free(text);
}

/* Parses what is good. */
static inline const struct conf_node *good(struct fixture *f, const char *text)
{
	if (parse(f, text) != 0)
		assert_says(f, "(nothing)");
	return f->root;
}

/* Parses what is wrong and looks for a part of the message. */
static inline void wrong(struct fixture *f, const char *text, const char *part)
{
	if (parse(f, text) != -EINVAL)
		fail_msg("accepted:\n%s", text);
	assert_false(conf_report_ok(&f->report));
	assert_says(f, part);
}

static inline void write_tree(const struct conf_node *node, struct strbuf *out)
{
	if (node->kind == CONF_SCALAR) {
		strbuf_addf(out, node->plain ? "%s" : "'%s'", node->text);
		assert_int_equal(strlen(node->text), node->count);
		return;
	}
	strbuf_adds(out, node->kind == CONF_MAPPING ? "{" : "[");
	for (size_t i = 0; i < node->count; i++) {
		strbuf_adds(out, i ? ", " : "");
		if (node->kind == CONF_MAPPING) {
			write_tree(node->pairs[i].key, out);
			strbuf_adds(out, ": ");
			write_tree(node->pairs[i].value, out);
		} else {
			write_tree(node->items[i], out);
		}
	}
	strbuf_adds(out, node->kind == CONF_MAPPING ? "}" : "]");
}

static inline void assert_tree(
	struct fixture *f, const char *text, const char *expected)
{
	struct strbuf buf;
	strbuf_init(&buf);
	write_tree(good(f, text), &buf);
	assert_string_equal(buf.text, expected);
	strbuf_fini(&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
