/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void made_print(struct made *made)
{
	size_t size;
	FILE *out = open_memstream(&made->said, &size);

	assert_non_null(out);
	conf_report_print(&made->report, out);
	fclose(out);
}

void made_load(struct made *made, const char *text)
{
	*made = (struct made){0};
	conf_report_init(&made->report);
	int rc = config_parse(
		"reachd.yaml", text, strlen(text), &made->report, &made->config);
	if (rc < 0)
		conf_report_print(&made->report, stderr);
	assert_int_equal(rc, 0);
}

void made_build(struct made *made, const char *text)
{
	made_load(made, text);
	made->rc = plan_build(made->config, &made->report, &made->plan);
	made_print(made);
}

void made_fini(struct made *made)
{
	if (made->rc == 0)
		plan_free(made->plan);
	config_free(made->config);
	conf_report_fini(&made->report);
	free(made->said);
}

void made_assert_said(const struct made *made, const char *words)
{
	if (!strstr(made->said, words))
		fail_msg("\"%s\" is not in:\n%s", words, made->said);
}
