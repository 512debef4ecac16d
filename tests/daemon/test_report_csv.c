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
	char *text = report_sample_text("csv", command, false, 0);

	report_sample_check(name, text);
	free(text);
}

static void a_scan_a_diff_and_hostile_strings_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", "scan.csv");
	check_golden("diff", "diff.csv");
	check_golden("hostile", "hostile.csv");
}

static void what_is_silenced_or_flaps_says_so(void **state)
{
	(void)state;
	check_golden("quiet", "quiet.csv");
}

/* A strict reader of RFC 4180: passes over one cell, copies it to `cell`. */
static const char *read_cell(const char *at, char *cell)
{
	bool quoted = *at == '"';

	at += quoted;
	while (quoted ? *at != '"' || at[1] == '"' : *at != ',' && *at != '\r') {
		assert_int_not_equal(*at, '\0');
		assert_true(quoted || *at != '"');
		at += quoted && *at == '"';
		*cell++ = *at++;
	}
	*cell = '\0';
	return at + quoted;
}

static void check_table(const char *text, int columns)
{
	char cell[8192];

	while (*text) {
		int n = 1;
		for (text = read_cell(text, cell); *text == ','; n++) {
			text = read_cell(text + 1, cell);
			assert_false(*cell && strchr("=+-@", *cell));
		}
		assert_int_equal(n, columns);
		assert_memory_equal(text, "\r\n", 2);
		text += 2;
	}
}

static void every_row_has_every_column_and_no_cell_is_a_formula(void **state)
{
	static const char *const commands[] = {
		"scan", "diff", "status", "hostile", "quiet"};

	(void)state;
	for (int i = 0; i < 5; i++) {
		char *text = report_sample_text("csv", commands[i], false, 0);
		assert_memory_equal(text, "record,scan,", 12);
		check_table(text, 34);
		free(text);
	}
}

static void a_scan_without_results_has_its_header(void **state)
{
	char *text = NULL;
	size_t size = 0;
	struct report report;
	struct report_options options = {.out = open_memstream(&text, &size)};

	(void)state;
	assert_int_equal(
		report_begin(&report, report_find("csv"), &options, "scan"), 0);
	assert_int_equal(report_end(&report), 0);
	fclose(options.out);
	check_table(text, 34);
	assert_int_equal(strcspn(text, "\n") + 1, size);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_a_diff_and_hostile_strings_are_as_before),
		cmocka_unit_test(what_is_silenced_or_flaps_says_so),
		cmocka_unit_test(every_row_has_every_column_and_no_cell_is_a_formula),
		cmocka_unit_test(a_scan_without_results_has_its_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
