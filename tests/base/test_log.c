/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What `write` puts on stderr. */
static void capture(void (*write)(void), char *text, size_t size)
{
	FILE *file = tmpfile();
	assert_non_null(file);
	fflush(stderr);
	int saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	write();
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void write_one_of_each(void)
{
	log_error("%s: %d", "rdls01", 1);
	log_warning("two");
	log_notice("three");
	log_debug("four");
}

static void says_its_level_and_drops_what_is_above_it(void **state)
{
	(void)state;
	char text[256];
	capture(write_one_of_each, text, sizeof text);
	assert_string_equal(text,
		"reachd: error: rdls01: 1\nreachd: warning: two\nreachd: three\n");
	log_set_level(LOG_LEVEL_DEBUG);
	capture(write_one_of_each, text, sizeof text);
	assert_string_equal(text,
		"reachd: error: rdls01: 1\nreachd: warning: two\nreachd: three\n"
		"reachd: debug: four\n");
	log_set_level(LOG_LEVEL_ERROR);
	capture(write_one_of_each, text, sizeof text);
	assert_string_equal(text, "reachd: error: rdls01: 1\n");
}

static void write_what_needs_care(void)
{
	log_notice("a \"b\" \\ c\n\x1b \xff\xc3\xa9");
	log_lines(LOG_LEVEL_WARNING, "one\n  two\n");
	log_debug("four");
}

static void the_journal_gets_a_priority_a_line(void **state)
{
	(void)state;
	char text[256];
	log_set_level(LOG_LEVEL_NOTICE);
	log_set_format(LOG_FORMAT_JOURNAL);
	capture(write_one_of_each, text, sizeof text);
	assert_string_equal(text, "<3>rdls01: 1\n<4>two\n<5>three\n");
	capture(write_what_needs_care, text, sizeof text);
	assert_string_equal(strstr(text, "<4>"), "<4>one\n<4>  two\n");
}

/* The time is not the test's to know. */
static void without_time(char *text)
{
	char *at = text;
	while ((at = strstr(at, "\"time\":\""))) {
		char *from = at + strlen("\"time\":\"");
		assert_int_equal(from[strlen("2026-01-31T23:59:59.123Z")], '"');
		memmove(from, from + 24, strlen(from + 24) + 1);
		at = from;
	}
}

static void json_is_valid_whatever_is_said(void **state)
{
	(void)state;
	char text[1024];
	log_set_level(LOG_LEVEL_NOTICE);
	log_set_format(LOG_FORMAT_JSON);
	capture(write_what_needs_care, text, sizeof text);
	without_time(text);
	assert_string_equal(text,
		"{\"type\":\"log\",\"time\":\"\",\"level\":\"notice\",\"text\":"
		"\"a \\\"b\\\" \\\\ c\\u000a\\u001b \xef\xbf\xbd\xc3\xa9\"}\n"
		"{\"type\":\"log\",\"time\":\"\",\"level\":\"warning\",\"text\":"
		"\"one\"}\n"
		"{\"type\":\"log\",\"time\":\"\",\"level\":\"warning\",\"text\":"
		"\"  two\"}\n");
}

static void text_of_several_lines_stays_as_it_is(void **state)
{
	(void)state;
	char text[256];
	log_set_level(LOG_LEVEL_WARNING);
	log_set_format(LOG_FORMAT_TEXT);
	capture(write_what_needs_care, text, sizeof text);
	assert_string_equal(text, "one\n  two\n");
}

enum {
	WRITERS = 4,
	LINES = 200
};

static void *write_many(void *barrier)
{
	pthread_barrier_wait(barrier);
	for (int i = 0; i < LINES / 2; i++) {
		log_notice("a text of some length, with \"quotes\"");
		log_lines(LOG_LEVEL_NOTICE, "a text of some length, with \"quotes\"\n");
	}
	return NULL;
}

static void write_from_several_threads(void)
{
	pthread_t threads[WRITERS];
	pthread_barrier_t barrier;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, WRITERS), 0);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_many, &barrier), 0);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
}

static void lines_of_several_threads_dont_mix(void **state)
{
	(void)state;
	static char text[WRITERS * LINES * 200];
	static const char line[] =
		"{\"type\":\"log\",\"time\":\"\",\"level\":\"notice\",\"text\":"
		"\"a text of some length, with \\\"quotes\\\"\"}\n";
	log_set_level(LOG_LEVEL_NOTICE);
	log_set_format(LOG_FORMAT_JSON);
	capture(write_from_several_threads, text, sizeof text);
	without_time(text);
	char *at = text;
	for (int i = 0; i < WRITERS * LINES; i++, at += strlen(line))
		assert_memory_equal(at, line, strlen(line));
	assert_int_equal(*at, '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_its_level_and_drops_what_is_above_it),
		cmocka_unit_test(the_journal_gets_a_priority_a_line),
		cmocka_unit_test(json_is_valid_whatever_is_said),
		cmocka_unit_test(text_of_several_lines_stays_as_it_is),
		cmocka_unit_test(lines_of_several_threads_dont_mix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
