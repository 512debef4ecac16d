/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, however it comes: too deep, too long, no text, no YAML. */
#include "base/size.h"
#include "tests/config/document_fixture.h"

static char *repeat(const char *text, size_t count)
{
	size_t length = strlen(text);
	char *all = malloc(length * count + 1);
	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		memcpy(all + i * length, text, length);
	all[length * count] = '\0';
	return all;
}

static void nests_to_its_limit_and_no_deeper(void **state)
{
	struct fixture *f = *state;
	static const char *const openings[] = {"[", "{a: ", "- ", "? "};
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		char *text = repeat(openings[i], 100000);
		wrong(f, text, "error: nested deeper than 64 levels");
		assert_null(f->root);
		assert_true(f->arena.used < 100000);
		free(text);
	}
	char *open = repeat("[", CONF_MAX_DEPTH), *close = repeat("]", CONF_MAX_DEPTH);
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_addf(&buf, "%sx%s", open, close);
	good(f, buf.text);
	strbuf_reset(&buf);
	strbuf_addf(&buf, "[%s%s]", open, close);
	wrong(f, buf.text, "t:1:65: error: nested deeper than 64 levels");
	strbuf_fini(&buf);
	free(open);
	free(close);
}

static void counts_the_depth_of_what_aliases_stand_for(void **state)
{
	struct fixture *f = *state;
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_adds(&buf, "- &a0 [x]\n");
	for (int i = 1; i < 63; i++)
		strbuf_addf(&buf, "- &a%d [*a%d]\n", i, i - 1);
	good(f, buf.text); /* 64 with the list of all */
	strbuf_adds(&buf, "- &a63 [*a62]\n");
	wrong(f, buf.text, "t:64:9: error: nested deeper than 64 levels");
	strbuf_fini(&buf);
}

static void refuses_a_billion_laughs(void **state)
{
	struct fixture *f = *state;
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_adds(&buf, "a0: &a0 lol\n");
	for (int i = 1; i < 12; i++) {
		strbuf_addf(&buf, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			strbuf_addf(&buf, "%s*a%d", j ? ", " : "", i - 1);
		strbuf_adds(&buf, "]\n");
	}
	wrong(f, buf.text,
		"error: more than 8000000 keys and values, aliases expanded");
	assert_null(f->root);
	assert_true(f->arena.used < 100000);
	strbuf_reset(&buf);
	/* The same by merges. */
	strbuf_adds(&buf, "- &a0 {");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&buf, "%sk%d: v", i ? ", " : "", i);
	strbuf_adds(&buf, "}\n- {<<: [");
	for (int i = 0; i < 10000; i++)
		strbuf_adds(&buf, i ? ", *a0" : "*a0");
	strbuf_adds(&buf, "]}\n");
	wrong(f, buf.text,
		"error: more than 8000000 keys and values, aliases expanded");
	assert_true(f->arena.used < 1000000);
	strbuf_fini(&buf);
}

static void refuses_a_text_or_comment_without_end(void **state)
{
	struct fixture *f = *state;
	size_t size = (size_t)CONF_MAX_TEXT * 2;
	char *text = malloc(size + 1);
	assert_non_null(text);
	static const char fills[] = {'x', '#', ' ', '\n'};
	for (size_t i = 0; i < ARRAY_SIZE(fills); i++) {
		memset(text, fills[i], size);
		text[size] = '\0';
		wrong(f, text, "error: a text or comment of more than 4 MiB");
		assert_null(f->root);
		assert_int_equal(f->arena.used, 0);
	}
	/* Half of that is fine. */
	memset(text, 'x', size);
	text[CONF_MAX_TEXT / 2] = '\0';
	assert_int_equal(good(f, text)->count, CONF_MAX_TEXT / 2);
	free(text);
}

static void refuses_tag_directives_without_end(void **state)
{
	struct fixture *f = *state;
	struct strbuf buf;
	static const char *const ends[] = {"\n", "\r", "\r\n"};
	strbuf_init(&buf);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		strbuf_reset(&buf);
		for (int j = 0; j < CONF_MAX_TAGS; j++)
			strbuf_addf(&buf, "%%TAG !a%d! b:%s", j, ends[i]);
		size_t length = buf.length;
		strbuf_adds(&buf, "---\nx\n");
		good(f, buf.text);
		buf.text[length] = '\0';
		buf.length = length;
		strbuf_addf(&buf, "%%TAG !z! b:%s---\nx\n", ends[i]);
		wrong(f, buf.text, "t: error: more than 64 %TAG directives");
	}
	strbuf_fini(&buf);
}

static void refuses_bytes_that_are_no_text(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *part;
	} cases[] = {
		{"a: caf\xe9\n", 8, "t:1:7: error: the byte 0xe9 is not valid UTF-8"},
		{"a: 1\nb\xff: 2\n", 11,
			"t:2:2: error: the byte 0xff is not valid UTF-8"},
		{"\xc3\xa9: \xc3", 5, "t:1:4: error: the byte 0xc3 is not valid UTF-8"},
		{"a: \0\n", 5, "t:1:4: error: a NUL byte; YAML is text"},
		{"a: \x1b[2J", 7, "t:1:4: error: the control character U+001B"},
		{"a: \x7f", 4, "t:1:4: error: the control character U+007F"},
		{"a: \xc2\x9b", 5, "t:1:4: error: the control character U+009B"},
		{"a: \xef\xbb\xbf", 6, "t:1:4: error: the control character U+FEFF"},
		{"\xff\xfe"
		 "a\0",
			4, "t: error: it is UTF-16; save it as UTF-8"},
		{"\xfe\xff\0a", 4, "t: error: it is UTF-16; save it as UTF-8"},
		{"a\0:\0", 4, "t: error: it is UTF-16; save it as UTF-8"},
		{"\0a\0:", 4, "t: error: it is UTF-16; save it as UTF-8"},
		{"\0\0", 2, "t:1:1: error: a NUL byte; YAML is text"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			parse_bytes(f, cases[i].bytes, cases[i].size), -EINVAL);
		assert_says(f, cases[i].part);
		assert_null(f->root);
	}
	wrong(f, "a: \"x\\0y\"\n",
		"t:1:4: error: a text can't contain the character \\0");
	assert_tree(f, "a: \"\\e\\x7f\"\n", "{a: '\x1b\x7f'}");
}

static void tells_syntax_errors_in_plain_words(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"a:\n\tb: 1\n", "t:2:1: error: a tab in the indentation"},
		{"a:\n  b: 1\n \tc: 2\n", "t:3:2: error: a tab in the indentation"},
		{"a: 'x\nb: 1\n", "t:1:4: error: the closing quote is missing"},
		{"a: \"x\n---\n", "t:1:4: error: the closing quote is missing"},
		{"a: [1, 2\n", "t:1:4: error: this list is not closed: ']' is missing"},
		{"a: [\xc3\xa9",
			"t:1:4: error: this list is not closed: ']' is missing"},
		{"a: {b: 1\n",
			"t:1:4: error: this mapping is not closed: '}' is missing"},
		{"a: [1, 2}\n", "t:1:9: error: expected ',' or ']' here"},
		{"a: {b: [1}\n", "t:1:10: error: expected ',' or ']' here"},
		{"a: 1\nb\nc: 2\n", "t:2:1: error: expected ':' after this key"},
		{"a: b: c\n", "t:1:5: error: a ':' is not allowed here"},
		{"a: 1\n  b: 2\n", "t:2:4: error: a ':' is not allowed here"},
		{"a: 'x' y\n", "t:1:8: error: this is not a valid part of the mapping"},
		{"  a: 1\n b: 2\n", "t:2:2: error: this is not"},
		{"- a\nb: 1\n", "t:2:1: error: this is not a valid part of the list"},
		{"a: - b\n", "t:1:4: error: a list item can't start here"},
		{"a: @x\n", "t:1:4: error: no value can start with this character"},
		{"a: `x`\n", "t:1:4: error: no value can start with this character"},
		{"a: %x\n", "t:1:4: error: no value can start with this character"},
		{"a: *.corp.example\n", "t:1:4: error: expected the name of an anchor"},
		{"a: &\n", "t:1:4: error: expected the name of an anchor"},
		{"a: \"C:\\Windows\"\n", "error: unknown escape in double quotes"},
		{"a: \"\\xzz\"\n", "error: expected hexadecimal digits"},
		{"a: \"\\ud800\"\n", "error: this escape is not a valid Unicode"},
		{"a: !x!y z\n", "t:1:4: error: unknown tag prefix"},
		{"a: |x\n", "error: the text after '|' or '>' begins on the next"},
		{"%FOO\n---\n", "t:1:1: error: this is not a valid directive"},
		{"%YAML 3.0\n---\n", "error: unknown version of YAML"},
		{"a\nb: c\n", "error: "},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		wrong(f, cases[i].text, cases[i].part);
		assert_null(f->root);
		assert_int_equal(f->report.errors, 1);
	}
	wrong(f, "a:\n  - 1\n  -2\n", "help: ");
	wrong(f, "x:\n  b: [1,\n  c: 2\nd: 3\n", "help: the list starts at line 2");
}

static void tells_when_memory_ends(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "a: &x {b: [1, 2], <<: {c: 3}}\n*x : 1\nd: [*x]\n";
	size_t limit = 1;
	int rc = -ENOMEM;
	for (; rc == -ENOMEM && limit < 10000; limit++) {
		struct arena arena;
		struct conf_report report;
		arena_init(&arena, limit);
		conf_report_init(&report);
		rc = conf_document_parse(
			"t", text, strlen(text), &arena, &report, &f->root);
		conf_report_fini(&report);
		arena_fini(&arena);
	}
	assert_int_equal(rc, -EINVAL); /* the key is a mapping */
	assert_true(limit > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nests_to_its_limit_and_no_deeper),
		TEST(counts_the_depth_of_what_aliases_stand_for),
		TEST(refuses_a_billion_laughs),
		TEST(refuses_a_text_or_comment_without_end),
		TEST(refuses_tag_directives_without_end),
		TEST(refuses_bytes_that_are_no_text),
		TEST(tells_syntax_errors_in_plain_words),
		TEST(tells_when_memory_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
