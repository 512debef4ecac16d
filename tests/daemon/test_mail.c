/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/notify/mail.h"
#include "tests/support/notice_sample.h"

static const char *to[] = {"ops@corp.example", "net@corp.example"};

static void add_mail(struct strbuf *out, const json_t *message)
{
	struct notify_smtp smtp = {
		.from = "reachd@corp.example", .to = {.count = 2, .items = to}};

	mail_text(out, &smtp, message, INT64_C(1769904000000000));
}

static void mails_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.mail", add_mail);
}

/* RFC 5322, 2.1.1, and no line that a server would take for something else. */
static void no_line_is_long_bare_or_a_dot(void **state)
{
	char summary[3000];
	json_t *notice;
	struct strbuf out;
	const char *at;

	(void)state;
	memset(summary, '.', sizeof summary - 1);
	summary[sizeof summary - 1] = '\0';
	notice = json_pack("{s:s, s:s}", "summary", summary, "uid", "u");
	strbuf_init(&out);
	add_mail(&out, notice);
	for (at = out.text; *at;) {
		size_t length = strcspn(at, "\r\n");
		assert_true(length <= 78);
		assert_memory_equal(at + length, "\r\n", 2);
		assert_true(*at != '.');
		at += length + 2;
	}
	strbuf_fini(&out);
	json_decref(notice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_are_as_before),
		cmocka_unit_test(no_line_is_long_bare_or_a_dot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
