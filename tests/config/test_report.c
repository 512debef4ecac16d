/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "config/report.h"

static char *print(const struct conf_report *report)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	conf_report_print(report, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_prints(const struct conf_report *report, const char *expected)
{
	char *text = print(report);
	assert_string_equal(text, expected);
	free(text);
}

static struct conf_mark mark(uint32_t file, uint32_t line, uint32_t column)
{
	return (struct conf_mark){file, line, column};
}

static const char yaml[] = "rules:\n"
			   "  - name: licensing\n"
			   "    to: license_servers\n"
			   "    port: 443\n";

static void shows_the_line_and_a_caret(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file =
		conf_report_add_file(&report, "reachd.yaml", yaml, strlen(yaml));
	assert_int_equal(file, 0);
	assert_true(conf_report_ok(&report));
	conf_error(&report, mark(file, 4, 5), "unknown key '%s'", "port");
	conf_help(&report, "did you mean '%s'?", "ports");
	conf_help(&report, "see %s", "reachd.yaml(5)");
	assert_false(conf_report_ok(&report));
	assert_prints(&report, "reachd.yaml:4:5: error: unknown key 'port'\n"
			       "   4 |     port: 443\n"
			       "     |     ^\n"
			       "reachd.yaml:4:5: help: did you mean 'ports'?\n"
			       "reachd.yaml:4:5: help: see reachd.yaml(5)\n");
	conf_report_fini(&report);
}

static void orders_by_file_line_and_column_and_then_by_arrival(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t a = conf_report_add_file(&report, "a.yaml", NULL, 0);
	uint32_t b = conf_report_add_file(&report, "b.yaml", NULL, 0);
	conf_error(&report, mark(b, 1, 1), "seven");
	conf_error(&report, mark(a, 10, 2), "five");
	conf_warning(&report, mark(a, 10, 2), "six");
	conf_error(&report, mark(a, 9, 30), "three");
	conf_help(&report, "belongs to three");
	conf_error(&report, mark(a, 10, 1), "four");
	conf_error(&report, mark(a, 3, 0), "two");
	conf_error(&report, mark(a, 0, 0), "one");
	assert_int_equal(report.errors, 6);
	assert_prints(&report, "a.yaml: error: one\n"
			       "a.yaml:3: error: two\n"
			       "a.yaml:9:30: error: three\n"
			       "a.yaml:9:30: help: belongs to three\n"
			       "a.yaml:10:1: error: four\n"
			       "a.yaml:10:2: error: five\n"
			       "a.yaml:10:2: warning: six\n"
			       "b.yaml:1:1: error: seven\n");
	conf_report_fini(&report);
}

static void is_ok_with_warnings_alone(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a.yaml", "x\n", 2);
	assert_string_equal(conf_report_file(&report, file), "a.yaml");
	conf_warning(&report, mark(file, 1, 1), "odd");
	assert_true(conf_report_ok(&report));
	assert_prints(&report, "a.yaml:1:1: warning: odd\n   1 | x\n     | ^\n");
	conf_report_fini(&report);
}

static void lines_up_the_caret_below_tabs_and_wide_characters(void **state)
{
	(void)state;
	static const char text[] =
		"\t\xc3\xa9\t\xe6\x97\xa5\xe6\x9c\xac: e\xcc\x81 x\r\n"
		"next\n";
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a.yaml", text, strlen(text));
	conf_error(&report, mark(file, 1, 11), "here"); /* the x */
	conf_error(&report, mark(file, 2, 5), "past the end");
	conf_error(&report, mark(file, 2, 50), "far past the end");
	assert_prints(&report,
		"a.yaml:1:11: error: here\n"
		"   1 | \t\xc3\xa9\t\xe6\x97\xa5\xe6\x9c\xac: e\xcc\x81 x\n"
		"     | \t \t        ^\n"
		"a.yaml:2:5: error: past the end\n"
		"   2 | next\n"
		"     |     ^\n"
		"a.yaml:2:50: error: far past the end\n"
		"   2 | next\n"
		"     |     ^\n");
	conf_report_fini(&report);
}

static void never_sends_a_control_character_to_the_terminal(void **state)
{
	(void)state;
	static const char text[] = "a\x1b[31m\x7f\xff\xc2\x9b\xe2\x80\xae!b\n";
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file =
		conf_report_add_file(&report, "a\x1b\n.yaml", text, strlen(text));
	conf_error(&report, mark(file, 1, 12), "no '%s'", "\x1b[2J");
	conf_help(&report, "\a");
	assert_prints(&report, "a\\x1b\\x0a.yaml:1:12: error: no '\\x1b[2J'\n"
			       "   1 | a\\x1b[31m\\x7f\\xff\\u009b\\u202e!b\n"
			       "     |                               ^\n"
			       "a\\x1b\\x0a.yaml:1:12: help: \\x07\n");
	conf_report_fini(&report);
}

static void cuts_a_long_line_around_the_caret(void **state)
{
	(void)state;
	char text[1001], expected[1000];
	for (int i = 0; i < 1000; i++)
		text[i] = (char)('a' + i % 26);
	text[1000] = '\0';
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a.yaml", text, 1000);
	conf_error(&report, mark(file, 1, 501), "x");
	snprintf(expected, sizeof expected,
		"a.yaml:1:501: error: x\n   1 | ...%.100s...\n     | %63s^\n",
		text + 440, "");
	assert_prints(&report, expected);
	conf_report_fini(&report);

	conf_report_init(&report);
	file = conf_report_add_file(&report, "a.yaml", text, 1000);
	conf_error(&report, mark(file, 1, 1), "x");
	snprintf(expected, sizeof expected,
		"a.yaml:1:1: error: x\n   1 | %.40s...\n     | ^\n", text);
	assert_prints(&report, expected);
	conf_report_fini(&report);

	conf_report_init(&report);
	file = conf_report_add_file(&report, "a.yaml", text, 100);
	conf_error(&report, mark(file, 1, 100), "x");
	snprintf(expected, sizeof expected,
		"a.yaml:1:100: error: x\n   1 | %.100s\n     | %99s^\n", text, "");
	assert_prints(&report, expected);
	conf_report_fini(&report);
}

static void counts_lines_as_yaml_does(void **state)
{
	(void)state;
	static const char text[] = "1\r\n2\n3\r4\xc2\x85"
				   "5\xe2\x80\xa8"
				   "6\xe2\x80\xa9"
				   "7\n\n9";
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", text, strlen(text));
	/* One past the last line, for a mistake at the end of the file. */
	for (uint32_t line = 1; line <= 10; line++)
		conf_error(&report, mark(file, line, 0), "x");
	assert_prints(&report, "a:1: error: x\n   1 | 1\na:2: error: x\n   2 | 2\n"
			       "a:3: error: x\n   3 | 3\na:4: error: x\n   4 | 4\n"
			       "a:5: error: x\n   5 | 5\na:6: error: x\n   6 | 6\n"
			       "a:7: error: x\n   7 | 7\na:8: error: x\n   8 | \n"
			       "a:9: error: x\n   9 | 9\na:10: error: x\n");
	conf_report_fini(&report);
}

static void makes_room_for_large_line_numbers(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	for (int i = 1; i < 123456; i++)
		strbuf_adds(&buf, "-\n");
	strbuf_adds(&buf, "- x\n");
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", buf.text, buf.length);
	conf_error(&report, mark(file, 123456, 3), "y");
	assert_prints(&report, "a:123456:3: error: y\n123456 | - x\n       |   ^\n");
	conf_report_fini(&report);
	strbuf_fini(&buf);
}

static void tells_one_mistake_once(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", NULL, 0);
	for (int i = 0; i < 3; i++) {
		conf_error(&report, mark(file, 1, 1), "same");
		conf_help(&report, "help");
	}
	conf_error(&report, mark(file, 1, 2), "same");
	assert_int_equal(report.errors, 2);
	assert_prints(
		&report, "a:1:1: error: same\na:1:1: help: help\na:1:2: error: same\n");
	conf_report_fini(&report);
}

static void counts_what_it_does_not_keep(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", NULL, 0);
	for (uint32_t i = 1; i <= CONF_REPORT_MAX + 23; i++)
		conf_error(&report, mark(file, i, 0), "x");
	conf_help(&report, "to a message that was dropped");
	assert_int_equal(report.errors, CONF_REPORT_MAX + 23);
	assert_int_equal(report.dropped, 23);
	char *text = print(&report);
	assert_non_null(strstr(text, "a:100: error: x\n23 more not shown\n"));
	assert_null(strstr(text, "help"));
	free(text);
	conf_report_fini(&report);
}

static void leaves_room_for_errors_behind_warnings(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", NULL, 0);
	for (uint32_t i = 1; i <= 200; i++)
		conf_warning(&report, mark(file, i, 0), "x");
	conf_error(&report, mark(file, 300, 0), "the error");
	char *text = print(&report);
	assert_non_null(strstr(text, "a:300: error: the error\n"));
	free(text);
	conf_report_fini(&report);
}

static void cuts_a_message_without_end_in_the_middle(void **state)
{
	(void)state;
	char *key = calloc(1, 100001);
	assert_non_null(key);
	for (int i = 0; i < 100000; i += 2)
		memcpy(key + i, "\xc3\xa9", 2);
	struct conf_report report;
	conf_report_init(&report);
	uint32_t file = conf_report_add_file(&report, "a", NULL, 0);
	conf_error(&report, mark(file, 1, 1), "no '%s' here", key);
	char *text = print(&report);
	assert_true(strlen(text) < 1100);
	assert_non_null(strstr(text, "\xc3\xa9...\xc3\xa9"));
	assert_non_null(strstr(text, "\xc3\xa9' here\n"));
	assert_null(strstr(text, "\\x"));
	free(text);
	conf_report_fini(&report);
	free(key);
}

static void stands_marks_of_no_file(void **state)
{
	(void)state;
	struct conf_report report;
	conf_report_init(&report);
	conf_help(&report, "before any message");
	conf_error(&report, mark(7, 1, 1), "x");
	assert_string_equal(conf_report_file(&report, 7), "(unknown)");
	assert_prints(&report, "(unknown):1:1: error: x\n");
	conf_report_fini(&report);
	assert_true(conf_report_ok(&report));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_line_and_a_caret),
		cmocka_unit_test(orders_by_file_line_and_column_and_then_by_arrival),
		cmocka_unit_test(is_ok_with_warnings_alone),
		cmocka_unit_test(lines_up_the_caret_below_tabs_and_wide_characters),
		cmocka_unit_test(never_sends_a_control_character_to_the_terminal),
		cmocka_unit_test(cuts_a_long_line_around_the_caret),
		cmocka_unit_test(counts_lines_as_yaml_does),
		cmocka_unit_test(makes_room_for_large_line_numbers),
		cmocka_unit_test(tells_one_mistake_once),
		cmocka_unit_test(counts_what_it_does_not_keep),
		cmocka_unit_test(leaves_room_for_errors_behind_warnings),
		cmocka_unit_test(cuts_a_message_without_end_in_the_middle),
		cmocka_unit_test(stands_marks_of_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
