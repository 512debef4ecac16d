/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static void is_terminated_after_each_addition(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	assert_null(buf.text);
	strbuf_adds(&buf, "tcp");
	assert_string_equal(buf.text, "tcp");
	strbuf_addf(&buf, "/%d", 135);
	assert_string_equal(buf.text, "tcp/135");
	strbuf_add(&buf, "-x-", 1);
	assert_string_equal(buf.text, "tcp/135-");
	assert_int_equal(buf.length, 8);
	strbuf_fini(&buf);
	assert_null(buf.text);
}

static void grows_without_losing_text(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	for (int i = 0; i < 10000; i++)
		strbuf_addf(&buf, "%04d", i);
	assert_int_equal(buf.length, 40000);
	assert_int_equal(strlen(buf.text), 40000);
	assert_memory_equal(buf.text + 4 * 6789, "6789", 4);
	strbuf_fini(&buf);
}

static void hands_over_what_it_holds(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_adds(&buf, "x");
	char *text = strbuf_take(&buf);
	assert_string_equal(text, "x");
	free(text);
	assert_null(buf.text);
	text = strbuf_take(&buf);
	assert_string_equal(text, "");
	free(text);
}

static void remembers_that_an_allocation_failed(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_adds(&buf, "kept");
	strbuf_add(&buf, "x", SIZE_MAX - 2);
	assert_true(buf.failed);
	strbuf_adds(&buf, "ignored");
	strbuf_addf(&buf, "%s", "ignored");
	assert_string_equal(buf.text, "kept");
	assert_null(strbuf_take(&buf));
	assert_false(buf.failed);
}

static void is_empty_and_sound_after_reset(void **state)
{
	(void)state;
	struct strbuf buf;
	strbuf_init(&buf);
	strbuf_reset(&buf);
	strbuf_adds(&buf, "old");
	strbuf_add(&buf, "x", SIZE_MAX - 2);
	strbuf_reset(&buf);
	assert_int_equal(buf.length, 0);
	assert_string_equal(buf.text, "");
	strbuf_adds(&buf, "new");
	assert_string_equal(buf.text, "new");
	strbuf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_terminated_after_each_addition),
		cmocka_unit_test(grows_without_losing_text),
		cmocka_unit_test(hands_over_what_it_holds),
		cmocka_unit_test(remembers_that_an_allocation_failed),
		cmocka_unit_test(is_empty_and_sound_after_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
