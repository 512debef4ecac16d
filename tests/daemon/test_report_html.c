/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the page is well formed is for tests/cli/html to say, of these samples too.
 */
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
	char *text = report_sample_text("html", command, false, 0);

	report_sample_check(name, text);
	free(text);
}

static void the_samples_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", "scan.html");
	check_golden("status", "status.html");
	check_golden("diff", "diff.html");
	check_golden("hostile", "hostile.html");
}

static void hostile_strings_are_characters_and_nothing_else(void **state)
{
	char *text = report_sample_text("html", "hostile", false, 0);

	(void)state;
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
		assert_int_not_equal(c, 0xff);
	}
	assert_null(strstr(text, "<a>"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "&lt;a&gt;&amp;]]&gt;"));
	free(text);
}

static void a_page_needs_no_other_file_and_no_script(void **state)
{
	static const char *const foreign[] = {
		"<script", "<link", "<img", "src=", "url(", "@import"};
	char *text = report_sample_text("html", "diff", false, 0);
	char *body = strstr(text, "<body>");

	(void)state;
	assert_non_null(body);
	for (size_t i = 0; i < 6; i++)
		assert_null(strstr(text, foreign[i]));
	assert_null(strstr(body, "http:"));
	assert_non_null(strstr(text, "default-src 'none'"));
	free(text);
}

/* ---- many changes ------------------------------------------------------------ */

static char *page_of_changes(uint32_t count, bool alike, size_t *size)
{
	char *text = NULL;
	struct report report;
	struct report_options options = {.out = open_memstream(&text, size)};

	assert_non_null(options.out);
	assert_int_equal(
		report_begin(&report, report_find("html"), &options, "diff"), 0);
	for (uint32_t i = 0; i < count; i++) {
		char host[32], check[32];
		struct report_change change = {.vantage = "here",
			.host = host,
			.check = check,
			.from = STATE_OPEN,
			.to = STATE_FILTERED,
			.reason = REASON_TIMEOUT,
			.kind = CHANGE_REGRESSION,
			.incident = 1};
		snprintf(host, sizeof host, "h%05u", i);
		snprintf(check, sizeof check, "tcp/%u", alike ? 135 : i % 65535 + 1);
		assert_int_equal(report_change(&report, &change), 0);
	}
	assert_int_equal(report_end(&report), 0);
	assert_int_equal(fclose(options.out), 0);
	return text;
}

static void ten_thousand_changes_alike_are_one_row(void **state)
{
	size_t size;
	char *text = page_of_changes(10000, true, &size);

	(void)state;
	assert_non_null(strstr(text, "h[00000:09999]"));
	assert_null(strstr(text, "has no room for"));
	assert_true(size < 8000);
	free(text);
}

static void changes_that_do_not_fold_are_counted_and_said(void **state)
{
	size_t size;
	char *text = page_of_changes(10000, false, &size);

	(void)state;
	assert_non_null(strstr(text, "… and 9000 more changed flows"));
	assert_true(size < 400000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_samples_are_as_before),
		cmocka_unit_test(hostile_strings_are_characters_and_nothing_else),
		cmocka_unit_test(a_page_needs_no_other_file_and_no_script),
		cmocka_unit_test(ten_thousand_changes_alike_are_one_row),
		cmocka_unit_test(changes_that_do_not_fold_are_counted_and_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
