/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "config/bind.h"

struct thing {
	const char *name;
	bool enabled;
	uint32_t attempts;
	uint32_t timeout_ms;
	uint64_t rate;
	int expect;
	struct conf_texts servers;
	const struct conf_node *tree;
	uint32_t any_number;
	uint32_t any_duration_ms;
	uint64_t any_rate;
};

static const char *const expects[] = {"open", "clear", "blocked", "any", NULL};

static const struct conf_field fields[] = {
	{.key = "name",
		.type = CONF_TEXT,
		.offset = offsetof(struct thing, name),
		.required = true,
		.help = "what to call it"},
	{.key = "enabled",
		.type = CONF_BOOL,
		.offset = offsetof(struct thing, enabled)},
	{.key = "attempts",
		.type = CONF_NUMBER,
		.offset = offsetof(struct thing, attempts),
		.min = 1,
		.max = 10},
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct thing, timeout_ms),
		.min = 1,
		.max = 3600000,
		.help = "how long one attempt may take"},
	{.key = "rate",
		.type = CONF_RATE,
		.offset = offsetof(struct thing, rate),
		.min = 60,
		.max = 36000000},
	{.key = "expect",
		.type = CONF_WORD,
		.offset = offsetof(struct thing, expect),
		.words = expects},
	{.key = "servers",
		.type = CONF_TEXTS,
		.offset = offsetof(struct thing, servers)},
	{.key = "tree", .type = CONF_TREE, .offset = offsetof(struct thing, tree)},
	{.key = "any_number",
		.type = CONF_NUMBER,
		.offset = offsetof(struct thing, any_number)},
	{.key = "any_duration",
		.type = CONF_DURATION,
		.offset = offsetof(struct thing, any_duration_ms)},
	{.key = "any_rate",
		.type = CONF_RATE,
		.offset = offsetof(struct thing, any_rate)},
	CONF_END,
};

struct fixture {
	struct arena arena;
	struct conf_report report;
	struct thing thing;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	arena_init(&f->arena, 0);
	conf_report_init(&f->report);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	conf_report_fini(&f->report);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static const struct conf_node *parse(struct fixture *f, const char *text)
{
	const struct conf_node *root = NULL;
	conf_report_fini(&f->report);
	arena_fini(&f->arena);
	assert_int_equal(conf_document_parse(
				 "t", text, strlen(text), &f->arena, &f->report, &root),
		0);
	return root;
}

static int bind(struct fixture *f, const char *text)
{
	const struct conf_node *root = parse(f, text);
	f->thing = (struct thing){.name = "unset", .attempts = 77};
	return conf_bind(root, fields, NULL, &f->thing, &f->arena, &f->report);
}

static char *messages(const struct fixture *f)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	conf_report_print(&f->report, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_says(const struct fixture *f, const char *part)
{
	char *text = messages(f);
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
	free(text);
}

static void good(struct fixture *f, const char *text)
{
	if (bind(f, text) != 0)
		assert_says(f, "(nothing)");
	assert_true(conf_report_ok(&f->report));
}

static void wrong(struct fixture *f, const char *text, const char *part)
{
	if (bind(f, text) != -EINVAL)
		fail_msg("accepted:\n%s", text);
	assert_says(f, part);
}

static void fills_every_type(void **state)
{
	struct fixture *f = *state;
	good(f, "name: rdls\n"
		"enabled: yes\n"
		"attempts: 3\n"
		"timeout: 1.5s\n"
		"rate: 5000/s\n"
		"expect: blocked\n"
		"servers: [10.0.0.53, '10.0.1.53']\n"
		"tree: {a: 1}\n"
		"any_number: 4294967295\n"
		"any_duration: 49d\n"
		"any_rate: 10000000/s\n");
	assert_string_equal(f->thing.name, "rdls");
	assert_true(f->thing.enabled);
	assert_int_equal(f->thing.attempts, 3);
	assert_int_equal(f->thing.timeout_ms, 1500);
	assert_int_equal(f->thing.rate, 18000000);
	assert_int_equal(f->thing.expect, 2);
	assert_int_equal(f->thing.servers.count, 2);
	assert_string_equal(f->thing.servers.items[0], "10.0.0.53");
	assert_string_equal(f->thing.servers.items[1], "10.0.1.53");
	assert_int_equal(f->thing.servers.nodes[1]->mark.column, 22);
	assert_string_equal(conf_node_get(f->thing.tree, "a")->text, "1");
	assert_int_equal(f->thing.any_number, UINT32_MAX);
	assert_int_equal(f->thing.any_duration_ms, 4233600000);
	assert_int_equal(f->thing.any_rate, 36000000000);
}

static void keeps_what_absent_and_null_keys_hold(void **state)
{
	struct fixture *f = *state;
	good(f, "name: x\nattempts:\ntimeout: ~\ntree: null\nservers:\n");
	assert_int_equal(f->thing.attempts, 77);
	assert_int_equal(f->thing.timeout_ms, 0);
	assert_null(f->thing.tree);
	assert_int_equal(f->thing.servers.count, 0);
}

static void takes_any_scalar_for_text(void **state)
{
	struct fixture *f = *state;
	good(f, "name: 443\n");
	assert_string_equal(f->thing.name, "443");
	good(f, "name: yes\n");
	assert_string_equal(f->thing.name, "yes");
	good(f, "name: 'null'\n");
	assert_string_equal(f->thing.name, "null");
	wrong(f, "name: ''\n",
		"t:1:7: error: 'name': expected text, found an empty text");
	wrong(f, "name: [a]\n", "'name': expected text, found a list");
	wrong(f, "name: {a: b}\n", "'name': expected text, found a mapping");
}

static void knows_the_booleans_of_yaml(void **state)
{
	struct fixture *f = *state;
	static const char *const yes[] = {"true", "True", "yes", "on", "YES", "ON"};
	static const char *const no[] = {"false", "FALSE", "no", "off", "No", "Off"};
	char text[64];
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		snprintf(text, sizeof text, "{name: x, enabled: %s}", yes[i]);
		good(f, text);
		assert_true(f->thing.enabled);
		snprintf(text, sizeof text, "{name: x, enabled: %s}", no[i]);
		f->thing.enabled = true;
		good(f, text);
		assert_false(f->thing.enabled);
	}
	wrong(f, "{name: x, enabled: 1}",
		"t:1:20: error: 'enabled': expected true or false, found '1'");
	wrong(f, "{name: x, enabled: 'yes'}",
		"'enabled': expected true or false, found the text 'yes'");
	assert_says(f, "help: remove the quotes");
	wrong(f, "{name: x, enabled: y}", "expected true or false, found 'y'");
}

static void refuses_numbers_out_of_bounds(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
		{"0", "'attempts': expected a whole number from 1 to 10, found '0'"},
		{"11", "from 1 to 10, found '11'"},
		{"-1", "found '-1'"},
		{"+1", "found '+1'"},
		{"1.5", "found '1.5'"},
		{"0x5", "found '0x5'"},
		{"five", "found 'five'"},
		{"4294967297", "found '4294967297'"},
		{"99999999999999999999", "found '99999999999999999999'"},
		{"[1]", "found a list"},
		{"'2'", "found the text '2'"},
		{"'2'", "help: remove the quotes"},
		{"010", "help: remove the leading zeros"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];
		snprintf(text, sizeof text, "{name: x, attempts: %s}", cases[i][0]);
		wrong(f, text, cases[i][1]);
		assert_int_equal(f->thing.attempts, 77);
	}
	wrong(f, "{name: x, any_number: 4294967296}",
		"'any_number': expected a whole number, found '4294967296'");
	good(f, "{name: x, attempts: 1}");
	good(f, "{name: x, attempts: 10}");
	good(f, "{name: x, attempts: !!int '2'}");
	assert_int_equal(f->thing.attempts, 2);
}

static void refuses_durations_out_of_bounds(void **state)
{
	struct fixture *f = *state;
	wrong(f, "{name: x, timeout: 2}",
		"t:1:20: error: 'timeout': expected a duration from 1ms to 1h, found "
		"'2'\n");
	assert_says(f, "help: give a unit: 2ms, 2s, 2m, 2h or 2d");
	assert_says(f, "help: timeout: how long one attempt may take");
	wrong(f, "{name: x, timeout: 0}", "found '0'");
	wrong(f, "{name: x, timeout: 2h}", "from 1ms to 1h, found '2h'");
	wrong(f, "{name: x, timeout: soon}", "found 'soon'");
	wrong(f, "{name: x, timeout: {s: 2}}", "found a mapping");
	wrong(f, "{name: x, any_duration: soon}",
		"expected a duration such as \"2s\", found 'soon'");
	wrong(f, "{name: x, any_duration: 50d}", "found '50d'"); /* over 32 bits */
	good(f, "{name: x, timeout: '2s'}");
	assert_int_equal(f->thing.timeout_ms, 2000);
	good(f, "{name: x, timeout: 1h}");
}

static void refuses_rates_out_of_bounds(void **state)
{
	struct fixture *f = *state;
	wrong(f, "{name: x, rate: 5000}",
		"'rate': expected a rate from 1/m to 10000/s, found '5000'");
	assert_says(f, "help: give a unit: 5000/s, 5000/m or 5000/h");
	wrong(f, "{name: x, rate: 59/h}", "found '59/h'");
	wrong(f, "{name: x, rate: 10001/s}", "found '10001/s'");
	wrong(f, "{name: x, rate: [1/s]}", "found a list");
	wrong(f, "{name: x, any_rate: fast}",
		"expected a rate such as \"5000/s\", found 'fast'");
	good(f, "{name: x, rate: 60/h}");
	assert_int_equal(f->thing.rate, 60);
}

static void suggests_the_word_that_was_meant(void **state)
{
	struct fixture *f = *state;
	wrong(f, "{name: x, expect: opne}",
		"'expect': expected one of open, clear, blocked, any, found 'opne'");
	assert_says(f, "help: did you mean 'open'?");
	wrong(f, "{name: x, expect: Open}", "help: did you mean 'open'?");
	wrong(f, "{name: x, expect: [open]}", "any, found a list");
	good(f, "{name: x, expect: 'any'}");
	assert_int_equal(f->thing.expect, 3);
}

static void takes_one_text_or_a_list_of_texts(void **state)
{
	struct fixture *f = *state;
	good(f, "{name: x, servers: one}");
	assert_int_equal(f->thing.servers.count, 1);
	assert_string_equal(f->thing.servers.items[0], "one");
	assert_int_equal(f->thing.servers.nodes[0]->mark.column, 20);
	good(f, "{name: x, servers: []}");
	assert_int_equal(f->thing.servers.count, 0);
	wrong(f, "{name: x, servers: {a: b}}",
		"'servers': expected text or a list of texts, found a mapping");
	wrong(f, "{name: x, servers: [a, [b], ~, '']}",
		"t:1:24: error: 'servers': expected text, found a list");
	assert_says(f, "t:1:29: error: 'servers': expected text, found nothing");
	assert_says(f, "t:1:32: error: 'servers': expected text, found an empty text");
	assert_int_equal(f->thing.servers.count, 0);
}

static void refuses_unknown_keys(void **state)
{
	struct fixture *f = *state;
	wrong(f, "name: x\ntimout: 2s\n",
		"t:2:1: error: unknown key 'timout'\n"
		"   2 | timout: 2s\n"
		"     | ^\n"
		"t:2:1: help: did you mean 'timeout'?\n");
	wrong(f, "{name: x, zzz: 1}",
		"help: the keys are: name, enabled, attempts, timeout, rate, expect, "
		"servers, tree, any_number, any_duration, any_rate\n");
	/* A null does not make an unknown key known. */
	wrong(f, "{name: x, zzz: }", "unknown key 'zzz'");
}

static void passes_over_keys_that_others_bind(void **state)
{
	struct fixture *f = *state;
	static const char *const ignore[] = {"check", "control", NULL};
	const struct conf_node *root = parse(f, "{name: x, check: tcp/443}");
	assert_int_equal(
		conf_bind(root, fields, ignore, &f->thing, &f->arena, &f->report), 0);
	root = parse(f, "{name: x, contrl: tcp/443}");
	assert_int_equal(
		conf_bind(root, fields, ignore, &f->thing, &f->arena, &f->report),
		-EINVAL);
	assert_says(f, "help: did you mean 'control'?");
}

static void asks_for_required_keys(void **state)
{
	struct fixture *f = *state;
	wrong(f, "- x\n", "expected a mapping with keys such as 'name', found a list");
	wrong(f, "\nattempts: 1\n", "t:2:1: error: the key 'name' is missing");
	assert_says(f, "help: name: what to call it");
	wrong(f, "attempts: 1\nname:\n", "t:2:6: error: the key 'name' has no value");
	wrong(f, "~\n", "t:1:1: error: the key 'name' is missing");
	conf_report_fini(&f->report);
	assert_int_equal(
		conf_bind(NULL, fields, NULL, &f->thing, &f->arena, &f->report),
		-EINVAL);
	assert_int_equal(f->report.errors, 1);
	static const struct conf_field none[] = {CONF_END};
	conf_report_fini(&f->report);
	assert_int_equal(
		conf_bind(NULL, none, NULL, &f->thing, &f->arena, &f->report), 0);
	assert_true(conf_report_ok(&f->report));
}

static void reports_every_mistake_at_once(void **state)
{
	struct fixture *f = *state;
	wrong(f, "attempts: 0\ntimeout: x\nfoo: 1\nrate: y\n", "'attempts'");
	assert_int_equal(f->report.errors, 5); /* name is missing too */
}

static void binds_one_value_alone(void **state)
{
	struct fixture *f = *state;
	const struct conf_field field = {.type = CONF_NUMBER, .min = 5};
	uint32_t number = 0;
	const struct conf_node *list = parse(f, "[7, 4, ~]");
	assert_int_equal(
		conf_bind_value(list->items[0], &field, &number, &f->arena, &f->report),
		0);
	assert_int_equal(number, 7);
	assert_int_equal(
		conf_bind_value(list->items[1], &field, &number, &f->arena, &f->report),
		-EINVAL);
	assert_says(
		f, "t:1:5: error: expected a whole number of at least 5, found '4'");
	assert_int_equal(
		conf_bind_value(list->items[2], &field, &number, &f->arena, &f->report),
		-EINVAL);
	assert_says(f, "t:1:8: error: expected a whole number of at least 5, found "
		       "nothing");
	assert_int_equal(number, 7);
	const struct conf_field most = {.type = CONF_NUMBER, .max = 3};
	assert_int_equal(
		conf_bind_value(list->items[1], &most, &number, &f->arena, &f->report),
		-EINVAL);
	assert_says(f, "expected a whole number of at most 3, found '4'");
}

static void cuts_long_values_in_messages(void **state)
{
	struct fixture *f = *state;
	wrong(f,
		"{name: x, attempts: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9"
		"bbbbb}",
		"found 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'\n");
}

static void tells_when_memory_ends(void **state)
{
	struct fixture *f = *state;
	const struct conf_node *root = parse(f, "{name: x, servers: [a, b]}");
	struct arena none;
	arena_init(&none, 1);
	assert_int_equal(
		conf_bind(root, fields, NULL, &f->thing, &none, &f->report), -ENOMEM);
	arena_fini(&none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fills_every_type),
		TEST(keeps_what_absent_and_null_keys_hold),
		TEST(takes_any_scalar_for_text),
		TEST(knows_the_booleans_of_yaml),
		TEST(refuses_numbers_out_of_bounds),
		TEST(refuses_durations_out_of_bounds),
		TEST(refuses_rates_out_of_bounds),
		TEST(suggests_the_word_that_was_meant),
		TEST(takes_one_text_or_a_list_of_texts),
		TEST(refuses_unknown_keys),
		TEST(passes_over_keys_that_others_bind),
		TEST(asks_for_required_keys),
		TEST(reports_every_mistake_at_once),
		TEST(binds_one_value_alone),
		TEST(cuts_long_values_in_messages),
		TEST(tells_when_memory_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
