/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/report_sample.h"

static void check_golden(const char *command, const char *name)
{
	char *text = report_sample_text("tap", command, false, 0);

	report_sample_check(name, text);
	free(text);
}

static void a_scan_a_diff_and_hostile_strings_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", "scan.tap");
	check_golden("diff", "diff.tap");
	check_golden("hostile", "hostile.tap");
}

static void what_is_silenced_or_flaps_says_so(void **state)
{
	(void)state;
	check_golden("quiet", "quiet.tap");
}

/* Points are numbered from 1 without a gap, and the plan at the end counts them. */
static void points_are_numbered_and_planned(void **state)
{
	char *text = report_sample_text("tap", "scan", false, 0), *rest = text, *line;
	unsigned points = 0, failed = 0, skipped = 0;
	const char *last = "";

	(void)state;
	assert_string_equal(strsep(&rest, "\n"), "TAP version 14");
	while ((line = strsep(&rest, "\n")) && *line) {
		bool not_ok = strncmp(line, "not ok ", 7) == 0;
		last = line;
		if (!not_ok && strncmp(line, "ok ", 3) != 0)
			continue;
		assert_int_equal(atoi(line + (not_ok ? 7 : 3)), ++points);
		failed += not_ok;
		skipped += strstr(line, " # SKIP ") != NULL;
	}
	assert_int_equal(points, 18);
	assert_int_equal(failed, 6);
	assert_int_equal(skipped, 2);
	assert_string_equal(last, "1..18");
	free(text);
}

static void a_recovery_is_ok(void **state)
{
	char *text = report_sample_text("tap", "diff", false, 0), *rest = text, *line;
	unsigned recoveries = 0;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		bool is_ok = strncmp(line, "ok ", 3) == 0;
		if (is_ok || strncmp(line, "not ok ", 7) == 0)
			assert_int_equal(is_ok, strstr(line, "(recovery)") != NULL);
		recoveries += is_ok;
	}
	assert_int_equal(recoveries, 1);
	free(text);
}

/* What a host is called can neither skip its own test nor add one. */
static void hostile_names_are_no_directives(void **state)
{
	char *text = report_sample_text("tap", "hostile", false, 0), *rest = text,
	     *line;
	unsigned points = 0;

	(void)state;
	for (size_t i = 0; text[i]; i++)
		assert_true(text[i] == '\n' ||
			    ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
	while ((line = strsep(&rest, "\n"))) {
		points += strncmp(line, "ok ", 3) == 0;
		points += strncmp(line, "not ok ", 7) == 0;
		if (strncmp(line, "not ok ", 7) == 0)
			assert_null(strstr(line, " # SKIP"));
	}
	assert_int_equal(points, 2);
	free(text);
}

static void nothing_to_test_is_said(void **state)
{
	char *text = NULL;
	size_t size = 0;
	struct report report;
	struct report_options options = {.out = open_memstream(&text, &size)};

	(void)state;
	assert_int_equal(
		report_begin(&report, report_find("tap"), &options, "diff"), 0);
	assert_int_equal(report_end(&report), 0);
	fclose(options.out);
	assert_string_equal(text, "TAP version 14\n1..0 # SKIP no difference\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_a_diff_and_hostile_strings_are_as_before),
		cmocka_unit_test(what_is_silenced_or_flaps_says_so),
		cmocka_unit_test(points_are_numbered_and_planned),
		cmocka_unit_test(a_recovery_is_ok),
		cmocka_unit_test(hostile_names_are_no_directives),
		cmocka_unit_test(nothing_to_test_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
