/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "daemon/render/visible.h"
#include "tests/support/report_sample.h"

static int utf8_locale(void **state)
{
	(void)state;
	return setlocale(LC_ALL, "C.UTF-8") ? 0 : -1;
}

static int c_locale(void **state)
{
	(void)state;
	return setlocale(LC_ALL, "C") ? 0 : -1;
}

static void check_golden(
	const char *command, bool colour, unsigned width, const char *name)
{
	char *text = report_sample_text("text", command, colour, width);

	report_sample_check(name, text);
	free(text);
}

static void pages_are_as_before(void **state)
{
	(void)state;
	check_golden("scan", false, 80, "scan.txt");
	check_golden("scan", true, 80, "scan.ansi");
	check_golden("scan", false, 0, "scan.wide.txt");
	check_golden("scan", false, 40, "scan.narrow.txt");
	check_golden("status", false, 80, "status.txt");
	check_golden("diff", false, 80, "diff.txt");
	check_golden("hostile", false, 80, "hostile.txt");
}

static char *diff_summary(const char *format, struct report_summary *summary)
{
	struct report report;
	char *text = NULL;
	size_t size = 0;
	struct report_options options = {.out = open_memstream(&text, &size)};

	summary->command = "diff";
	summary->before = "scan 11, 2026-01-31T23:54:59.000Z";
	summary->after = "scan 12, 2026-01-31T23:59:59.250Z";
	assert_int_equal(
		report_begin(&report, report_find(format), &options, "diff"), 0);
	assert_int_equal(report_summary(&report, summary), 0);
	assert_int_equal(report_end(&report), 0);
	fclose(options.out);
	return text;
}

static void a_diff_says_what_its_sides_could_not_measure(void **state)
{
	struct report_summary summary = {
		.degraded_before = true,
		.degraded_before_reason = "the link is gone",
		.unmeasured = 1,
	};
	struct report_summary whole = {.flows = 1};
	char *text = diff_summary("text", &summary);

	(void)state;
	assert_string_equal(text,
		"Differences may be missing: scan 11 was degraded: the link is gone; "
		"in scan 12, 1 flow could not be measured.\nno difference\n");
	free(text);
	text = diff_summary("tap", &summary);
	assert_non_null(strstr(text, "\n# scan 11 was degraded: the link is gone; "));
	free(text);
	text = diff_summary("jsonl", &summary);
	assert_non_null(strstr(text, "\"degraded_before\":true"));
	assert_non_null(strstr(text, "\"unmeasured\":1"));
	assert_null(strstr(text, "\"unmeasured_before\""));
	free(text);
	text = diff_summary("html", &summary);
	assert_non_null(strstr(text, "in scan 12, 1 flow could not be measured"));
	free(text);
	text = diff_summary("text", &whole);
	assert_string_equal(text, "no difference\n");
	free(text);
}

static void a_page_is_ascii_where_the_locale_is(void **state)
{
	char *text = report_sample_text("text", "scan", false, 80);

	(void)state;
	for (size_t i = 0; text[i]; i++)
		assert_true((unsigned char)text[i] < 0x80);
	report_sample_check("scan.ascii.txt", text);
	free(text);
}

/* The text without the escapes that colour it. */
static char *strip_colour(const char *text)
{
	char *plain = calloc(1, strlen(text) + 1), *out = plain;

	assert_non_null(plain);
	while (*text) {
		if (*text == '\033')
			text += strcspn(text, "m") + 1;
		else
			*out++ = *text++;
	}
	return plain;
}

static void colour_adds_nothing_but_colour(void **state)
{
	static const char *const commands[] = {"scan", "status", "diff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char *coloured = report_sample_text("text", commands[i], true, 80);
		char *plain = report_sample_text("text", commands[i], false, 80);
		char *stripped = strip_colour(coloured);

		assert_string_not_equal(coloured, plain);
		assert_null(strchr(plain, '\033'));
		assert_string_equal(stripped, plain);
		free(coloured);
		free(plain);
		free(stripped);
	}
}

static void check_width(const char *text, unsigned width)
{
	char *copy = strdup(text), *rest = copy, *line;

	assert_non_null(copy);
	while ((line = strsep(&rest, "\n"))) {
		if (visible_width(line) > width)
			fail_msg("more than %u columns: %s", width, line);
		assert_false(*line && line[strlen(line) - 1] == ' ');
	}
	free(copy);
}

static void no_line_is_wider_than_the_terminal_or_ends_in_blanks(void **state)
{
	static const char *const commands[] = {"scan", "status", "diff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		for (unsigned width = 60; width <= 160; width += 10) {
			char *text =
				report_sample_text("text", commands[i], false, width);
			check_width(text, width);
			free(text);
		}
}

static void nothing_hostile_reaches_the_terminal(void **state)
{
	char *text = report_sample_text("text", "hostile", false, 80);

	(void)state;
	for (size_t i = 0; text[i]; i++)
		assert_true(text[i] == '\n' ||
			    ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
}

/* ---- fleets ------------------------------------------------------------------ */

struct page {
	struct report report;
	char *text;
	size_t size;
};

static void page_open(struct page *page, const char *command, unsigned width)
{
	struct report_options options = {.width = width, .quiet_passes = true};

	page->text = NULL;
	options.out = open_memstream(&page->text, &page->size);
	assert_non_null(options.out);
	assert_int_equal(
		report_begin(&page->report, report_find("text"), &options, command), 0);
}

static void page_close(struct page *page)
{
	struct report_summary summary = {.command = "scan", .flows = 1, .pass = 1};

	assert_int_equal(report_summary(&page->report, &summary), 0);
	assert_int_equal(report_end(&page->report), 0);
	fclose(page->report.options.out);
}

static void page_flow(struct page *page, const char *vantage, const char *host,
	const char *check, bool passes)
{
	struct report_result result = {
		.time_us = 1769903999250000,
		.vantage = vantage,
		.host = host,
		.check = check,
		.state = passes ? STATE_OPEN : STATE_FILTERED,
		.reason = passes ? REASON_SYN_ACK : REASON_TIMEOUT,
		.phase = PHASE_CONNECT,
		.expect = EXPECT_OPEN,
		.verdict = passes ? VERDICT_PASS : VERDICT_FAIL,
		.attempts = 1,
	};

	assert_int_equal(report_result(&page->report, &result), 0);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void feed_fleet(struct page *page, unsigned hosts, unsigned checks)
{
	for (unsigned i = 1; i <= hosts; i++) {
		char host[64];
		snprintf(host, sizeof host, "rdsh%05u.corp.example", i);
		for (unsigned c = 0; c < checks; c++) {
			char check[16];
			snprintf(check, sizeof check, "tcp/%u", 440 + c);
			page_flow(page, "par-sh-001", host, check, i % 2500 || c);
		}
	}
}

static void ten_thousand_hosts_fit_a_screen(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "scan", 80);
	feed_fleet(&page, 10000, 5);
	page_close(&page);
	assert_true(count_lines(page.text) < 24);
	assert_non_null(strstr(page.text, "rdsh[00001:02499].corp.example"));
	assert_non_null(strstr(page.text, "9996"));
	assert_non_null(
		strstr(page.text, "rdsh02500.corp.example, rdsh05000.corp.example"));
	check_width(page.text, 80);
	free(page.text);
}

/* Of a million flows nothing is kept that grows with them. */
static void memory_does_not_follow_the_fleet(void **state)
{
	struct page page;
	size_t before, after;

	(void)state;
	page_open(&page, "scan", 80);
	feed_fleet(&page, 100, 10);
	before = mallinfo2().uordblks;
	feed_fleet(&page, 20000, 10);
	after = mallinfo2().uordblks;
	assert_true(after < before + 40000);
	page_close(&page);
	free(page.text);
}

static void many_different_rows_show_those_with_trouble(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "scan", 80);
	for (unsigned i = 0; i < 200; i++) {
		char host[16];
		snprintf(host, sizeof host, "h%c%c%c", 'a' + i / 26, 'a' + i % 26, 'x');
		for (unsigned c = 0; c < 8; c++) {
			char check[16];
			snprintf(check, sizeof check, "tcp/%u", c);
			/* Each host asks other checks; the last six fail one. */
			if (i >> c & 1 || c == 7)
				page_flow(&page, "v", host, check, i < 194 || c != 7);
		}
	}
	page_close(&page);
	assert_non_null(strstr(page.text, "and 194 more hosts"));
	assert_non_null(strstr(page.text, "hhmx"));
	assert_null(strstr(page.text, "haax"));
	free(page.text);
}

static void checks_that_do_not_fit_are_left_out_but_not_those_that_fail(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "scan", 40);
	for (unsigned c = 0; c < 60; c++) {
		char check[16];
		snprintf(check, sizeof check, "tcp/%u", 1000 + c);
		page_flow(&page, "v", "host", check, c != 59);
	}
	page_close(&page);
	assert_non_null(strstr(page.text, "more checks"));
	assert_non_null(strstr(page.text, " tcp/1059\n"));
	check_width(page.text, 40);
	free(page.text);
}

static void each_vantage_has_its_table(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "status", 80);
	page_flow(&page, "paris", "db1", "tcp/5432", true);
	page_flow(&page, "paris", "db2", "tcp/5432", true);
	page_flow(&page, "lyon", "db1", "tcp/5432", false);
	page_flow(&page, "lyon", "db2", "tcp/22", true);
	page_close(&page);
	assert_non_null(strstr(page.text, "from paris\n"));
	assert_non_null(strstr(page.text, "from lyon\n"));
	assert_non_null(strstr(page.text, "db[1:2]"));
	free(page.text);
}

static void more_than_fifty_findings_are_counted(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "scan", 80);
	for (unsigned i = 0; i < 70; i++) {
		char check[16];
		snprintf(check, sizeof check, "tcp/%u", 1000 + i);
		page_flow(&page, "v", "host", check, false);
	}
	page_close(&page);
	assert_non_null(strstr(page.text, "tcp/1049 on host: filtered"));
	assert_null(strstr(page.text, "tcp/1050 on host: filtered"));
	assert_non_null(
		strstr(page.text, "and 20 more flows (--format jsonl shows all)"));
	free(page.text);
}

/* ---- outputs that fail ------------------------------------------------------- */

static int feed_until_it_fails(const char *format, FILE *out, const char *command)
{
	struct report report;
	struct report_options options = {.out = out, .quiet_passes = true};
	int rc = report_begin(&report, report_find(format), &options, command);

	if (rc == 0)
		rc = report_sample_feed(&report, command);
	int end = report_end(&report);
	return rc ? rc : end;
}

static void a_full_disk_is_told_by_every_format(void **state)
{
	(void)state;
	for (size_t i = 0; report_formats[i]; i++) {
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		assert_int_equal(
			feed_until_it_fails(report_formats[i]->name, full, "scan"),
			-EIO);
		fclose(full);
	}
}

static void a_closed_pipe_is_told_by_every_format(void **state)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);

	(void)state;
	for (size_t i = 0; report_formats[i]; i++) {
		int ends[2];
		FILE *out;
		assert_int_equal(pipe(ends), 0);
		close(ends[0]);
		out = fdopen(ends[1], "w");
		assert_non_null(out);
		setvbuf(out, NULL, _IONBF, 0);
		assert_int_equal(
			feed_until_it_fails(report_formats[i]->name, out, "diff"),
			-EIO);
		fclose(out);
	}
	signal(SIGPIPE, before);
}

static void formats_are_found_by_name(void **state)
{
	(void)state;
	assert_string_equal(report_formats[0]->name, "text");
	assert_ptr_equal(report_find("text"), report_formats[0]);
	assert_string_equal(report_find("junit")->name, "junit");
	assert_null(report_find("xml"));
	assert_null(report_find(""));
}

#define CASE(name) cmocka_unit_test_setup(name, utf8_locale)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pages_are_as_before),
		cmocka_unit_test(a_diff_says_what_its_sides_could_not_measure),
		cmocka_unit_test_setup(a_page_is_ascii_where_the_locale_is, c_locale),
		CASE(colour_adds_nothing_but_colour),
		CASE(no_line_is_wider_than_the_terminal_or_ends_in_blanks),
		CASE(nothing_hostile_reaches_the_terminal),
		CASE(ten_thousand_hosts_fit_a_screen),
		CASE(memory_does_not_follow_the_fleet),
		CASE(many_different_rows_show_those_with_trouble),
		CASE(checks_that_do_not_fit_are_left_out_but_not_those_that_fail),
		CASE(each_vantage_has_its_table),
		CASE(more_than_fifty_findings_are_counted),
		CASE(a_full_disk_is_told_by_every_format),
		CASE(a_closed_pipe_is_told_by_every_format),
		CASE(formats_are_found_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
