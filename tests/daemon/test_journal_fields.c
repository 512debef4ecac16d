/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/notify/journal_fields.h"
#include "tests/support/notice_sample.h"

static void add_fields(struct strbuf *out, const json_t *message)
{
	journal_fields(out, message, true);
}

static void add_few_fields(struct strbuf *out, const json_t *message)
{
	journal_fields(out, message, false);
}

static void fields_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.journal", add_fields);
	notice_sample_check("notify.journal.short", add_few_fields);
}

static void a_value_of_several_lines_has_its_length(void **state)
{
	json_t *notice = json_pack("{s:s}", "trace", "a\nREACHD_UID=b");
	struct strbuf out;

	(void)state;
	strbuf_init(&out);
	journal_fields(&out, notice, false);
	assert_true(out.length > 36);
	assert_memory_equal(out.text + out.length - 36,
		"REACHD_TRACE\n\x0e\0\0\0\0\0\0\0a\nREACHD_UID=b\n", 36);
	strbuf_fini(&out);
	json_decref(notice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_as_before),
		cmocka_unit_test(a_value_of_several_lines_has_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
