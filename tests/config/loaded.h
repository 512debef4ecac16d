/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration from text, and what was reported about it, for the tests here. */
#ifndef TESTS_CONFIG_LOADED_H
#define TESTS_CONFIG_LOADED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

struct loaded {
	struct conf_report report;
	struct config *config; /* NULL when it was refused */
	char *told;            /* all messages */
	int rc;
};

static inline void loaded_tell(struct loaded *loaded)
{
	size_t size;
	FILE *out = open_memstream(&loaded->told, &size);
	assert_non_null(out);
	conf_report_print(&loaded->report, out);
	assert_int_equal(fclose(out), 0);
}

/* End it with loaded_fini(). */
static inline void loaded_parse(struct loaded *loaded, const char *text)
{
	*loaded = (struct loaded){0};
	conf_report_init(&loaded->report);
	loaded->rc = config_parse(
		"reachd.yaml", text, strlen(text), &loaded->report, &loaded->config);
	loaded_tell(loaded);
	if (loaded->rc < 0)
		assert_null(loaded->config);
}

static inline void loaded_fini(struct loaded *loaded)
{
	config_free(loaded->config);
	conf_report_fini(&loaded->report);
	free(loaded->told);
}

/* The text must be good, without a warning. */
static inline void loaded_good(struct loaded *loaded, const char *text)
{
	loaded_parse(loaded, text);
	assert_string_equal(loaded->told, "");
	assert_int_equal(loaded->rc, 0);
	assert_non_null(loaded->config);
}

/* The text must be refused, with `errors` errors and this among what is told. */
static inline void expect_refused(const char *text, size_t errors, const char *part)
{
	struct loaded loaded;
	loaded_parse(&loaded, text);
	if (!strstr(loaded.told, part))
		assert_string_equal(loaded.told, part);
	assert_int_equal(loaded.report.errors, errors);
	assert_int_equal(loaded.rc, -EINVAL);
	loaded_fini(&loaded);
}

#endif
