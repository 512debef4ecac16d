/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/render/incident_json.h"
#include "tests/support/report_sample.h"

static void check_golden(const char *command, const char *name)
{
	char *text = report_sample_text("jsonl", command, false, 0);

	report_sample_check(name, text);
	free(text);
}

static void a_scan_a_diff_and_a_status_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", "scan.jsonl");
	check_golden("diff", "diff.jsonl");
	check_golden("status", "status.jsonl");
	check_golden("hostile", "hostile.jsonl");
}

/* The names of a type's first object, with a blank after each. */
static char *names_of(const char *text, const char *type)
{
	char *names = calloc(1, 4096), start[64];
	const char *line, *key;
	json_t *object, *value;

	assert_non_null(names);
	snprintf(start, sizeof start, "{\"type\":\"%s\"", type);
	line = strstr(text, start);
	assert_non_null(line);
	object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(object);
	json_object_foreach(object, key, value)
	{
		strcat(names, key);
		strcat(names, " ");
	}
	json_decref(object);
	return names;
}

/* The promised words must come in the promised order; others may stand between. */
static void check_order(const char *text, const char *type, const char *const *promised)
{
	char *names = names_of(text, type);
	const char *at = names;

	for (size_t i = 0; promised[i]; i++) {
		char word[64];
		snprintf(word, sizeof word, "%s ", promised[i]);
		at = strstr(at, word);
		if (!at)
			fail_msg("%s: %s is missing or late", type, promised[i]);
		at += strlen(word);
	}
	free(names);
}

static void names_come_in_the_promised_order(void **state)
{
	static const char *const result[] = {"type", "scan", "time", "vantage", "host",
		"check", "rules", "state", "path", "reason", "phase", "expect",
		"verdict", "attempts", "rtt_us", "addresses", "evidence", NULL};
	static const char *const change[] = {"type", "scan", "since_scan", "vantage",
		"host", "check", "from", "to", "kind", "incident", "evidence", NULL};
	static const char *const incident[] = {
		"type", "scan", "id", "summary", "changes", "scope", NULL};
	static const char *const summary[] = {"type", "scan", "flows", "pass", "fail",
		"inconclusive", "changes", "incidents", "degraded", "duration_us",
		NULL};
	char *text = report_sample_text("jsonl", "scan", false, 0);

	(void)state;
	check_order(text, "result", result);
	check_order(text, "change", change);
	check_order(text, "incident", incident);
	check_order(text, "summary", summary);
	free(text);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void no_string_breaks_a_line(void **state)
{
	char *text = report_sample_text("jsonl", "hostile", false, 0), *rest = text;
	size_t lines = count_lines(text);
	char *line;

	(void)state;
	assert_int_equal(lines, 4);
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
	}
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	while ((line = strsep(&rest, "\n")) && *line) {
		json_error_t error;
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		if (!object)
			fail_msg("%s: %s", error.text, line);
		json_decref(object);
	}
	free(text);
}

static void what_was_escaped_reads_back_the_same(void **state)
{
	char *text = report_sample_text("jsonl", "hostile", false, 0);
	json_t *object = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	const char *host = json_string_value(json_object_get(object, "host"));

	(void)state;
	assert_non_null(host);
	assert_non_null(strstr(host, "\x1b[31m\r\n"));
	/* Three bytes that are no UTF-8, then what hides and what controls. */
	assert_non_null(strstr(host, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
				     "\xe2\x80\xae\xc2\x9b\\e\x7f"));
	/* Evidence that is no JSON is kept as a text. */
	assert_true(json_is_string(json_object_get(object, "evidence")));
	json_decref(object);
	free(text);
}

/* A recovery that closes one incident and shrinks another. */
static void an_incident_that_is_over_is_closed_beside_one_that_is_not(void **state)
{
	const struct report_incident_ref refs[] = {
		{.number = 1, .uid = "a", .flows = 1, .status = INCIDENT_CLOSED},
		{.number = 2,
			.uid = "b",
			.flows = 2,
			.remaining = 1,
			.status = INCIDENT_UPDATED},
	};
	const struct report_incident row = {.number = 1,
		.uid = "a",
		.flows = 1,
		.status = INCIDENT_UPDATED,
		.refs = refs,
		.n_refs = 2};
	struct json_filler filler;
	const char *whole, *own;
	json_t *body;

	(void)state;
	json_filler_init(&filler);
	incident_json_put_life(&filler, &row);
	body = json_filler_take(&filler);
	assert_int_equal(json_unpack(body, "{s:s, s:{s:s}}", "status", &whole,
				 "incident", "status", &own),
		0);
	assert_string_equal(whole, "updated");
	assert_string_equal(own, "closed");
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_a_diff_and_a_status_are_as_before),
		cmocka_unit_test(names_come_in_the_promised_order),
		cmocka_unit_test(no_string_breaks_a_line),
		cmocka_unit_test(what_was_escaped_reads_back_the_same),
		cmocka_unit_test(
			an_incident_that_is_over_is_closed_beside_one_that_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
