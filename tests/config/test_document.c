/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config/document_fixture.h"

static void builds_the_tree(void **state)
{
	struct fixture *f = *state;
	assert_tree(f, "a", "a");
	assert_tree(f, "[]", "[]");
	assert_tree(f, "{}", "{}");
	assert_tree(f, "a: 1\nb: [x, 'y', \"z\"]\n", "{a: 1, b: [x, 'y', 'z']}");
	assert_tree(f, "- a\n- - b\n  - c\n-\n", "[a, [b, c], ]");
	assert_tree(f, "a: |\n  x\n  y\nb: >\n  x\n  y\n", "{a: 'x\ny\n', b: 'x y\n'}");
	assert_tree(f, "all:\n  hosts:\n    rdls01: {ansible_host: 10.20.0.11}\n",
		"{all: {hosts: {rdls01: {ansible_host: 10.20.0.11}}}}");
	assert_tree(f, "---\na: 1\n...\n", "{a: 1}");
	assert_tree(f, "%YAML 1.1\n---\na: 1\n", "{a: 1}");
	assert_tree(f, "caf\xc3\xa9: \xe6\x97\xa5", "{caf\xc3\xa9: \xe6\x97\xa5}");
}

static void knows_where_nodes_stand(void **state)
{
	struct fixture *f = *state;
	const struct conf_node *root = good(f, "# c\r\na:\r\n  - \xc3\xa9: {x: 1}\r\n");
	assert_int_equal(root->mark.line, 2);
	assert_int_equal(root->mark.column, 1);
	const struct conf_node *list = conf_node_get(root, "a");
	assert_int_equal(list->mark.line, 3);
	assert_int_equal(list->mark.column, 3);
	const struct conf_pair *pair = &list->items[0]->pairs[0];
	assert_int_equal(pair->key->mark.column, 5);
	assert_int_equal(pair->value->mark.column, 8); /* characters, not bytes */
	assert_int_equal(pair->value->pairs[0].value->mark.column, 12);
	assert_int_equal(pair->value->mark.file, 0);
}

static void has_no_root_in_an_empty_file(void **state)
{
	struct fixture *f = *state;
	assert_null(good(f, ""));
	assert_null(good(f, "\n\n"));
	assert_null(good(f, "# only a comment\n"));
	assert_null(good(f, "\xef\xbb\xbf"));
	assert_true(conf_node_is_null(good(f, "---\n")));
}

static void takes_no_notice_of_a_byte_order_mark(void **state)
{
	struct fixture *f = *state;
	const struct conf_node *root = good(f, "\xef\xbb\xbf"
					       "a: 1\n");
	assert_string_equal(root->pairs[0].key->text, "a");
	assert_int_equal(root->pairs[0].key->mark.column, 1);
	wrong(f,
		"\xef\xbb\xbf"
		"a: 1\na: 2\n",
		"t:2:1: error: duplicate key 'a'");
}

static void finds_values_by_key(void **state)
{
	struct fixture *f = *state;
	const struct conf_node *root = good(f, "a: 1\nb: [x]\n");
	assert_string_equal(conf_node_get(root, "a")->text, "1");
	assert_null(conf_node_get(root, "c"));
	assert_null(conf_node_get(NULL, "a"));
	assert_null(conf_node_get(conf_node_get(root, "b"), "x"));
	assert_null(conf_node_get(conf_node_get(root, "a"), "1"));
}

static void knows_null_by_its_words_without_quotes(void **state)
{
	struct fixture *f = *state;
	const struct conf_node *root =
		good(f, "[~, null, '', 'null', nil, 0, [], {}, !!null x, !!str null]");
	assert_true(conf_node_is_null(root->items[0]));
	assert_true(conf_node_is_null(root->items[1]));
	for (size_t i = 2; i < 8; i++)
		assert_false(conf_node_is_null(root->items[i]));
	assert_false(conf_node_is_null(root->items[9]));
	assert_true(conf_node_is_null(NULL));
	root = good(f, "a:\n");
	assert_true(conf_node_is_null(conf_node_get(root, "a")));
}

static void names_kinds_for_people(void **state)
{
	(void)state;
	assert_string_equal(conf_kind_name(CONF_SCALAR), "text");
	assert_string_equal(conf_kind_name(CONF_SEQUENCE), "a list");
	assert_string_equal(conf_kind_name(CONF_MAPPING), "a mapping");
}

static void takes_tagged_scalars_for_text(void **state)
{
	struct fixture *f = *state;
	assert_tree(f, "[!!str 443, ! 443, !vault x, !unsafe 'x', !!binary eA==]",
		"['443', '443', 'x', 'x', 'eA==']");
	assert_tree(f, "[!!int '443', !!bool \"yes\", !!null '']", "[443, yes, ]");
	assert_tree(f, "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
		"{a: '$ANSIBLE_VAULT;1.1;AES256\n6162\n'}");
	assert_tree(f, "a: !custom {x: 1}\nb: !!set {y}\nc: !list [1]\n",
		"{a: {x: 1}, b: {y: }, c: [1]}");
}

static void shares_what_an_alias_stands_for(void **state)
{
	struct fixture *f = *state;
	assert_tree(f, "a: &x [1, 2]\nb: *x\nc: &s t\nd: *s\n",
		"{a: [1, 2], b: [1, 2], c: t, d: t}");
	assert_ptr_equal(conf_node_get(f->root, "a"), conf_node_get(f->root, "b"));
	/* The last anchor of a name above the alias counts. */
	assert_tree(f, "[&x 1, *x, &x 2, *x]", "[1, 1, 2, 2]");
	assert_tree(f, "&x [&x 1, *x]", "[1, 1]");
	assert_tree(f, "a: &k key\n*k : 1\n", "{a: key, key: 1}");
	assert_int_equal(f->root->pairs[1].key->mark.line, 2);
}

static void refuses_aliases_that_stand_for_nothing(void **state)
{
	struct fixture *f = *state;
	wrong(f, "a: &defaults {}\nb: *defualts\n",
		"t:2:4: error: unknown alias: there is no anchor '&defualts' above it");
	assert_says(f, "help: did you mean '*defaults'?");
	wrong(f, "a: *b\nc: &b 1\n", "no anchor '&b'");
	/* The rest of the file is there to be looked at. */
	assert_non_null(f->root);
	assert_string_equal(conf_node_get(f->root, "c")->text, "1");
}

static void refuses_an_alias_inside_of_its_anchor(void **state)
{
	struct fixture *f = *state;
	wrong(f, "a: &x\n  b: [*x]\n",
		"t:2:7: error: the alias '*x' is inside of its own anchor");
	wrong(f, "&x [*x]", "is inside");
	wrong(f, "a: &x\n  <<: *x\n", "is inside");
}

static void applies_merge_keys(void **state)
{
	struct fixture *f = *state;
	assert_tree(f, "d: &d {a: 1, b: 2}\ne: {<<: *d, c: 3}\n",
		"{d: {a: 1, b: 2}, e: {c: 3, a: 1, b: 2}}");
	/* Explicit keys win wherever the merge stands. */
	assert_tree(f, "- &d {a: 1, b: 2}\n- {<<: *d, a: 9}\n- {a: 9, <<: *d}\n",
		"[{a: 1, b: 2}, {a: 9, b: 2}, {a: 9, b: 2}]");
	/* Earlier mappings of a list win. */
	assert_tree(f, "- &x {a: 1}\n- &y {a: 2, b: 3}\n- <<: [*x, *y]\n  c: 4\n",
		"[{a: 1}, {a: 2, b: 3}, {c: 4, a: 1, b: 3}]");
	assert_tree(f, "- &x {a: 1}\n- &y {a: 2, b: 3}\n- <<: [*y, *x]\n",
		"[{a: 1}, {a: 2, b: 3}, {a: 2, b: 3}]");
	/* A merged mapping may have merged itself. */
	assert_tree(f, "- &x {a: 1}\n- &y {<<: *x, b: 2}\n- {<<: *y, c: 3}\n",
		"[{a: 1}, {b: 2, a: 1}, {c: 3, b: 2, a: 1}]");
	assert_tree(f, "{<<: {a: 1}}", "{a: 1}");
	assert_tree(f, "{<<: {}, a: 1}", "{a: 1}");
	assert_tree(f, "{<<: [], a: 1}", "{a: 1}");
	assert_tree(f, "{'<<': x}", "{'<<': x}");
	assert_tree(f, "- &x {a: 1}\n- {<<: [*x, *x]}\n", "[{a: 1}, {a: 1}]");
}

static void refuses_merges_of_what_is_no_mapping(void **state)
{
	struct fixture *f = *state;
	wrong(f, "<<: x\n",
		"t:1:5: error: '<<' must have a mapping or a list of mappings, "
		"not text");
	wrong(f, "<<: [{a: 1}, x, [y]]\nb: 2\n",
		"t:1:14: error: '<<' must have a list of mappings; this item is text");
	assert_says(f,
		"t:1:17: error: '<<' must have a list of mappings; this item is a "
		"list");
	assert_string_equal(conf_node_get(f->root, "a")->text, "1");
	wrong(f, "- &a {x: 1}\n- &b {y: 1}\n- <<: *a\n  <<: *b\n",
		"help: merge several mappings with one list: <<: [*a, *b]");
}

static void reports_every_duplicate_key(void **state)
{
	struct fixture *f = *state;
	wrong(f, "a: 1\nb: 2\na: 3\n'a': 4\nc: {x: 1, x: 2}\n",
		"t:3:1: error: duplicate key 'a'\n"
		"   3 | a: 3\n"
		"     | ^\n"
		"t:3:1: help: the first one is in line 1\n");
	assert_says(f, "t:4:1: error: duplicate key 'a'\n");
	assert_says(f, "t:5:11: error: duplicate key 'x'\n");
	assert_says(f, "help: the first one is in column 5\n");
	assert_int_equal(f->report.errors, 3);
	/* The first one stays. */
	assert_int_equal(f->root->count, 3);
	assert_string_equal(conf_node_get(f->root, "a")->text, "1");
}

static void finds_duplicates_in_large_mappings(void **state)
{
	struct fixture *f = *state;
	struct strbuf buf;
	strbuf_init(&buf);
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&buf, "key%d: %d\n", i, i);
	assert_int_equal(parse(f, buf.text), 0);
	assert_int_equal(f->root->count, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(atoi(f->root->pairs[i].value->text), i);
	strbuf_adds(&buf, "key1234: x\nkey: y\nkey4999: z\n");
	wrong(f, buf.text, "t:5001:1: error: duplicate key 'key1234'");
	assert_says(f, "help: the first one is in line 1235\n");
	assert_says(f, "t:5003:1: error: duplicate key 'key4999'");
	assert_int_equal(f->report.errors, 2);
	assert_int_equal(f->root->count, 5001);
	strbuf_fini(&buf);
}

static void refuses_keys_that_are_no_text(void **state)
{
	struct fixture *f = *state;
	wrong(f, "[a, b]: 1\nc: 2\n", "t:1:1: error: a key must be text, not a list");
	assert_string_equal(conf_node_get(f->root, "c")->text, "2");
	wrong(f, "port: {{ port }}\n",
		"t:1:8: error: a key must be text, not a mapping");
	assert_says(f, "help: text that starts with '{' needs quotes");
	wrong(f, "- &x [1]\n- *x : 2\n",
		"t:2:3: error: a key must be text, not a list");
}

static void refuses_a_second_document(void **state)
{
	struct fixture *f = *state;
	wrong(f, "a: 1\n---\nb: 2\n",
		"t:2:1: error: a second document starts here; a file has only one");
	wrong(f, "---\n---\n", "t:2:1: error: a second document");
	assert_null(f->root);
}

static char *make_folder(char *path, size_t size)
{
	const char *base = getenv("TMPDIR");
	snprintf(path, size, "%s/reachd-document-XXXXXX", base ? base : "/tmp");
	return mkdtemp(path);
}

static int load(struct fixture *f, const char *path)
{
	conf_report_fini(&f->report);
	arena_fini(&f->arena);
	return conf_document_load(path, &f->arena, &f->report, &f->root);
}

static void loads_regular_files_alone(void **state)
{
	struct fixture *f = *state;
	char folder[200], path[256];
	assert_non_null(make_folder(folder, sizeof folder));
	snprintf(path, sizeof path, "%s/file", folder);

	assert_int_equal(load(f, path), -EINVAL);
	assert_says(f, "/file: error: can't be read: No such file or directory\n");

	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("a: 1\n", file);
	fclose(file);
	assert_int_equal(load(f, path), 0);
	assert_string_equal(conf_node_get(f->root, "a")->text, "1");
	assert_string_equal(conf_report_file(&f->report, f->root->mark.file), path);
	assert_int_equal(truncate(path, (off_t)CONF_MAX_FILE + 1), 0);
	assert_int_equal(load(f, path), -EINVAL);
	assert_says(f, "/file: error: can't be read: it is larger than 256 MiB\n");
	assert_int_equal(unlink(path), 0);

	/* Must not wait for a writer. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(f, path), -EINVAL);
	assert_says(f, "/file: error: can't be read: it is not a regular file\n");
	assert_int_equal(unlink(path), 0);

	assert_int_equal(load(f, folder), -EINVAL);
	assert_says(f, ": error: can't be read: it is a folder; name a file in it\n");
	assert_null(f->root);
	assert_int_equal(rmdir(folder), 0);
}

static void loads_an_empty_file(void **state)
{
	struct fixture *f = *state;
	char folder[200], path[256];
	assert_non_null(make_folder(folder, sizeof folder));
	snprintf(path, sizeof path, "%s/empty", folder);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(load(f, path), 0);
	assert_null(f->root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(builds_the_tree),
		TEST(knows_where_nodes_stand),
		TEST(has_no_root_in_an_empty_file),
		TEST(takes_no_notice_of_a_byte_order_mark),
		TEST(finds_values_by_key),
		TEST(knows_null_by_its_words_without_quotes),
		TEST(names_kinds_for_people),
		TEST(takes_tagged_scalars_for_text),
		TEST(shares_what_an_alias_stands_for),
		TEST(refuses_aliases_that_stand_for_nothing),
		TEST(refuses_an_alias_inside_of_its_anchor),
		TEST(applies_merge_keys),
		TEST(refuses_merges_of_what_is_no_mapping),
		TEST(reports_every_duplicate_key),
		TEST(finds_duplicates_in_large_mappings),
		TEST(refuses_keys_that_are_no_text),
		TEST(refuses_a_second_document),
		TEST(loads_regular_files_alone),
		TEST(loads_an_empty_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
