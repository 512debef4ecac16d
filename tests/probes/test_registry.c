/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/registry.h"

struct scene {
	struct arena arena;
	struct conf_report report;
	struct check check;
	char *messages;
	size_t size;
};

static int parse(struct scene *s, const char *text)
{
	memset(s, 0, sizeof *s);
	arena_init(&s->arena, 0);
	conf_report_init(&s->report);
	struct conf_mark mark = {
		.file = conf_report_add_file(&s->report, "test", NULL, 0)};
	int rc = check_parse(text, NULL, mark, &s->arena, &s->report, &s->check);
	FILE *out = open_memstream(&s->messages, &s->size);
	assert_non_null(out);
	conf_report_print(&s->report, out);
	fclose(out);
	return rc;
}

static void fini(struct scene *s)
{
	free(s->messages);
	conf_report_fini(&s->report);
	arena_fini(&s->arena);
}

static void assert_named(const char *text, const char *kind, const char *name)
{
	struct scene s;
	assert_int_equal(parse(&s, text), 0);
	assert_true(conf_report_ok(&s.report));
	assert_string_equal(s.check.ops->name, kind);
	assert_string_equal(s.check.name, name);
	fini(&s);
}

static void assert_refused(const char *text, const char *says)
{
	struct scene s;
	assert_int_equal(parse(&s, text), -EINVAL);
	assert_int_equal(s.report.errors, 1);
	assert_null(s.check.ops);
	if (!strstr(s.messages, says))
		fail_msg("'%s' not in: %s", says, s.messages);
	fini(&s);
}

static void checks_have_one_canonical_name(void **state)
{
	(void)state;
	assert_named("tcp/443", "tcp", "tcp/443");
	assert_named("tcp/0443", "tcp", "tcp/443");
	assert_named("dns", "dns", "dns");
	assert_named("sweep/49152-65535", "sweep", "sweep/49152-65535");
	assert_named("sweep/2,1,5-4000,3", "sweep", "sweep/1-3,5-4000");
	assert_named("rdp", "rdp", "rdp");
	assert_named("rdp/3389", "rdp", "rdp");
	assert_named("rdp/03390", "rdp", "rdp/3390");
	assert_named("smb/445", "smb", "smb");
	assert_named("ldap/3268", "ldap", "ldap/3268");
}

static void a_check_names_the_port_that_it_goes_to(void **state)
{
	(void)state;
	static const struct {
		const char *check;
		uint16_t port; /* 0: it goes to none */
	} cases[] = {
		{"tcp/443", 443},
		{"sweep/49152-65535,135", 135},
		{"rdp", 3389},
		{"rdp/3390", 3390},
		{"smb", 445},
		{"ldap", 389},
		{"rpc/licensing", 135},
		{"dns", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scene s;
		assert_int_equal(parse(&s, cases[i].check), 0);
		const struct probe_ops *ops = s.check.ops;
		assert_int_equal(
			ops->port ? ops->port(s.check.conf) : 0, cases[i].port);
		fini(&s);
	}
}

static void mistakes_say_what_would_be_right(void **state)
{
	(void)state;
	assert_refused("tpc/443", "unknown check 'tpc'");
	assert_refused("tpc/443", "did you mean 'tcp'?");
	assert_refused("sweeep/1-2", "did you mean 'sweep'?");
	assert_refused("telepathy", "the checks are tcp, dns, sweep");
	assert_refused(
		"tcp", "'tcp' is not a valid check: the port must be a number from 1");
	assert_refused("tcp", "write tcp/PORT");
	assert_refused("tcp/", "the argument after the '/' is missing");
	assert_refused("tcp/70000", "from 1 to 65535");
	assert_refused("tcp/80/81", "from 1 to 65535");
	assert_refused("sweep", "it needs the ports");
	assert_refused("sweep/9-1", "'sweep/9-1' is not a valid check: ");
	assert_refused("sweep/9-1", "write sweep/LO-HI[,...]");
	assert_refused("", "unknown check ''");
	assert_refused("/443", "unknown check ''");
	assert_refused("TCP/443", "unknown check 'TCP'");
}

/* However long the text is, a message stays a message. */
static void a_long_text_is_quoted_in_part(void **state)
{
	(void)state;
	char text[5000];
	struct scene s;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(parse(&s, text), -EINVAL);
	assert_true(s.size < 500);
	fini(&s);
	memcpy(text, "tcp/", 4);
	assert_int_equal(parse(&s, text), -EINVAL);
	assert_true(s.size < 500);
	fini(&s);
}

static void a_full_arena_is_out_of_memory(void **state)
{
	(void)state;
	struct arena arena;
	struct conf_report report;
	struct check check;
	conf_report_init(&report);
	for (size_t limit = 1; limit < 64; limit *= 2) {
		arena_init(&arena, limit);
		int rc = check_parse("sweep/49152-65535", NULL, (struct conf_mark){0},
			&arena, &report, &check);
		assert_int_equal(rc, -ENOMEM);
		arena_fini(&arena);
	}
	assert_true(conf_report_ok(&report));
	conf_report_fini(&report);
}

/* What the framework relies on, for each kind. */
static void every_kind_is_complete(void **state)
{
	(void)state;
	size_t count = 0;
	for (; registry_kinds[count]; count++) {
		const struct probe_ops *ops = registry_kinds[count];
		assert_ptr_equal(registry_find(ops->name), ops);
		assert_true(ops->run_size >= sizeof(struct probe_run));
		assert_non_null(ops->start);
		assert_true(ops->conf_size == 0 || ops->parse);
		assert_true(!(ops->flags & PROBE_PACED) || ops->grant);
	}
	assert_true(count > 3);
	assert_null(registry_find(""));
	assert_ptr_equal(registry_of_check("tcp/443"), &tcp_probe_ops);
	assert_ptr_equal(registry_of_check("dns"), &dns_probe_ops);
	assert_null(registry_of_check("tc/443"));
	assert_null(registry_of_check("tcps/443"));
	assert_null(registry_of_check(""));
	assert_null(registry_find("tcp/443"));
}

static char *read_file(const char *path)
{
	static char text[256 * 1024];
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("there is no %s", path);
	size_t size = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[size] = '\0';
	return text;
}

/* Does the word stand in the text, right behind `before` ("": anything)? */
static bool has_word(const char *text, const char *before, const char *word)
{
	size_t lead = strlen(before);

	for (const char *at = text; (at = strstr(at, word)); at++) {
		bool begins =
			lead == 0 && (at == text || !isalnum((unsigned char)at[-1]));
		bool follows = lead > 0 && (size_t)(at - text) >= lead &&
			       strncmp(at - lead, before, lead) == 0;
		if ((begins || follows) && !isalnum((unsigned char)at[strlen(word)]))
			return true;
	}
	return false;
}

/* The places that name every kind and can't ask the registry. */
static void every_kind_keeps_the_contract_and_is_documented(void **state)
{
	static const struct {
		const char *path, *before; /* of the kind's name */
	} places[] = {
		{NULL, "CONTRACT_TESTS(\""}, /* in the kind's own test */
		{"../docs/reachd.yaml.5", "\n.It Cm "},
		{"../deploy/completions/reachd.bash", ""},
		{"../deploy/completions/reachd.fish", ""},
		{"../deploy/completions/_reachd", ""},
		{"../daemon/commands/probe.c", ""},
	};

	(void)state;
	for (size_t i = 0; registry_kinds[i]; i++)
		for (size_t j = 0; j < ARRAY_SIZE(places); j++) {
			const char *kind = registry_kinds[i]->name;
			char own[128];
			snprintf(own, sizeof own, "probes/test_%s.c", kind);
			const char *path = places[j].path ? places[j].path : own;
			if (!has_word(read_file(path), places[j].before, kind))
				fail_msg("%s does not name '%s'", path, kind);
		}
	assert_false(has_word("xtcp tcps", "", "tcp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_have_one_canonical_name),
		cmocka_unit_test(a_check_names_the_port_that_it_goes_to),
		cmocka_unit_test(mistakes_say_what_would_be_right),
		cmocka_unit_test(a_long_text_is_quoted_in_part),
		cmocka_unit_test(a_full_arena_is_out_of_memory),
		cmocka_unit_test(every_kind_is_complete),
		cmocka_unit_test(every_kind_keeps_the_contract_and_is_documented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
