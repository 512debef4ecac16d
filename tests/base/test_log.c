/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_its_level_and_drops_what_is_above_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
