/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"
#include "daemon/notify/syslog_line.h"
#include "tests/support/notice_sample.h"

static void add_line(struct strbuf *out, const json_t *message)
{
	syslog_line(out, message, 3, out->length + 2048);
}

static void lines_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.syslog", add_line);
}

static bool is_utf8(const char *text, size_t length)
{
	uint32_t code;
	size_t n;

	for (; length; text += n, length -= n) {
		n = utf8_read(text, length, &code);
		if (n == 0)
			return false;
	}
	return true;
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
	char summary[4001] = "";
	json_t *notice;

	(void)state;
	while (strlen(summary) < sizeof summary - 4)
		strcat(summary, "\xe2\x86\x92");
	notice = json_pack("{s:s, s:s}", "kind", "other", "summary", summary);
	for (size_t limit = 0; limit < 300; limit++) {
		struct strbuf line;
		strbuf_init(&line);
		syslog_line(&line, notice, 23, limit);
		assert_true(line.length <= (limit > 60 ? limit : 60));
		assert_true(is_utf8(line.text, line.length));
		if (limit > 100)
			assert_true(line.length > limit - 3);
		strbuf_fini(&line);
	}
	json_decref(notice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_as_before),
		cmocka_unit_test(what_is_too_long_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
