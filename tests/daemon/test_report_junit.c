/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/report_sample.h"

static void check_golden(const char *command, const char *name)
{
	char *text = report_sample_text("junit", command, false, 0);

	report_sample_check(name, text);
	free(text);
}

static void a_scan_a_diff_and_hostile_strings_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", "scan.xml");
	check_golden("diff", "diff.xml");
	check_golden("hostile", "hostile.xml");
}

static void what_is_silenced_or_flaps_says_so(void **state)
{
	(void)state;
	check_golden("quiet", "quiet.xml");
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* The sum of an attribute over all suites. */
static unsigned sum(const char *text, const char *attribute)
{
	char word[32];
	unsigned total = 0;

	snprintf(word, sizeof word, " %s=\"", attribute);
	for (; (text = strstr(text, word)); text += strlen(word))
		total += (unsigned)strtoul(text + strlen(word), NULL, 10);
	return total;
}

static void suites_count_what_they_hold(void **state)
{
	static const char *const commands[] = {"scan", "status", "diff", "hostile"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		char *text = report_sample_text("junit", commands[i], false, 0);
		assert_true(count(text, "<testcase") > 0);
		assert_int_equal(sum(text, "tests"), count(text, "<testcase"));
		assert_int_equal(sum(text, "failures"), count(text, "<failure"));
		assert_int_equal(sum(text, "errors"), count(text, "<error"));
		assert_int_equal(sum(text, "skipped"), count(text, "<skipped"));
		assert_int_equal(
			count(text, "<testsuite "), count(text, "</testsuite>"));
		free(text);
	}
}

static void a_scan_takes_no_recovery_for_a_failure(void **state)
{
	char *text = report_sample_text("junit", "scan", false, 0);

	(void)state;
	assert_int_equal(count(text, "<testcase"), 18);
	assert_int_equal(count(text, "recovery"), 0);
	free(text);
}

static void a_diff_takes_no_recovery_for_a_failure(void **state)
{
	char *text = report_sample_text("junit", "diff", false, 0);

	(void)state;
	assert_int_equal(count(text, "<testcase"), 7);
	assert_int_equal(count(text, "<failure"), 6);
	assert_int_equal(count(text, "type=\"recovery\""), 0);
	free(text);
}

static char *one_result(enum probe_reason reason)
{
	struct report_result result = {
		.vantage = "par",
		.host = "h1",
		.check = "tcp/1",
		.state = STATE_ERROR,
		.reason = reason,
		.expect = EXPECT_OPEN,
		.verdict = VERDICT_INCONCLUSIVE,
	};
	struct report report;
	char *text = NULL;
	size_t size = 0;
	struct report_options options = {.out = open_memstream(&text, &size)};

	assert_int_equal(
		report_begin(&report, report_find("junit"), &options, "scan"), 0);
	assert_int_equal(report_result(&report, &result), 0);
	assert_int_equal(report_end(&report), 0);
	fclose(options.out);
	return text;
}

static void what_could_not_be_measured_is_an_error(void **state)
{
	char *text = one_result(REASON_NO_DESCRIPTOR);

	(void)state;
	assert_int_equal(count(text, "<error type=\"no-descriptor\""), 1);
	assert_int_equal(sum(text, "errors"), 1);
	assert_int_equal(sum(text, "skipped"), 0);
	free(text);
}

static void what_was_not_asked_is_skipped(void **state)
{
	char *text = one_result(REASON_NOT_DUE);

	(void)state;
	assert_int_equal(count(text, "<skipped"), 1);
	assert_int_equal(sum(text, "errors"), 0);
	assert_int_equal(sum(text, "skipped"), 1);
	free(text);
}

static void hostile_strings_are_characters_and_nothing_else(void **state)
{
	char *text = report_sample_text("junit", "hostile", false, 0);

	(void)state;
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
		assert_int_not_equal(c, 0xff);
	}
	assert_int_equal(count(text, "<a>"), 0);
	assert_int_equal(count(text, "]]>"), 0);
	assert_int_equal(count(text, "\xe2\x80\xae"), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_a_diff_and_hostile_strings_are_as_before),
		cmocka_unit_test(what_is_silenced_or_flaps_says_so),
		cmocka_unit_test(suites_count_what_they_hold),
		cmocka_unit_test(a_scan_takes_no_recovery_for_a_failure),
		cmocka_unit_test(a_diff_takes_no_recovery_for_a_failure),
		cmocka_unit_test(what_could_not_be_measured_is_an_error),
		cmocka_unit_test(what_was_not_asked_is_skipped),
		cmocka_unit_test(hostile_strings_are_characters_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
