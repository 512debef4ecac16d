/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/diff.h"
#include "daemon/notify/message.h"
#include "daemon/notify/notices.h"

static json_t *message(const char *body, uint64_t dropped)
{
	struct outbox_notice notice = {.number = 7, .uid = "abc", .body = body};
	json_t *object = message_of_notice(&notice, dropped);

	assert_non_null(object);
	return object;
}

static void check_text(const char *body, uint64_t dropped, const char *wanted)
{
	json_t *object = message(body, dropped);
	char *text = message_text(object);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(object);
}

static void a_notice_gets_its_uid_and_number_behind_what_it_says(void **state)
{
	(void)state;
	check_text("{\"type\":\"incident\",\"scan\":3}", 0,
		"{\"type\":\"incident\",\"scan\":3,\"uid\":\"abc\",\"notice\":7}");
	check_text("{}", 5, "{\"uid\":\"abc\",\"notice\":7,\"dropped\":5}");
}

static void a_body_that_is_no_object_is_told_as_text(void **state)
{
	(void)state;
	check_text("[1", 0,
		"{\"type\":\"notice\",\"summary\":\"[1\",\"uid\":\"abc\",\"notice\":7}");
	check_text("[]", 0,
		"{\"type\":\"notice\",\"summary\":\"[]\",\"uid\":\"abc\",\"notice\":7}");
	check_text("", 0,
		"{\"type\":\"notice\",\"summary\":\"\",\"uid\":\"abc\",\"notice\":7}");
}

static void a_terminal_obeys_none_of_it(void **state)
{
	(void)state;
	check_text("{\"a\":\"\\u001b[2J\xe2\x80\xae\"}", 0,
		"{\"a\":\"\\u001B[2J\\u202e\",\"uid\":\"abc\",\"notice\":7}");
}

static void several_become_a_digest_and_one_stays_as_it_is(void **state)
{
	json_t *one = message_of_list(json_pack("[{s:s}]", "uid", "a"));
	json_t *two = message_of_list(json_pack("[{s:s},{s:s,s:s,s:s}]", "uid", "a",
		"uid", "b", "vantage", "v", "time", "t"));
	char *text = message_text(two);

	(void)state;
	assert_string_equal(message_get(one, "uid"), "a");
	assert_int_equal(message_count(one), 1);
	assert_ptr_equal(message_at(one, 0), one);
	assert_string_equal(text,
		"{\"type\":\"digest\",\"summary\":\"2 notices\",\"vantage\":\"v\","
		"\"time\":\"t\",\"uid\":\"a-2\",\"notices\":[{\"uid\":\"a\"},"
		"{\"uid\":\"b\",\"vantage\":\"v\",\"time\":\"t\"}]}");
	assert_int_equal(message_count(two), 2);
	assert_string_equal(message_get(message_at(two, 1), "uid"), "b");
	free(text);
	json_decref(one);
	json_decref(two);
}

/* ---- as text ------------------------------------------------------------------- */

static void check_title(const char *body, const char *wanted, int severity)
{
	json_t *object = json_loads(body, 0, NULL);
	struct strbuf title;

	assert_non_null(object);
	strbuf_init(&title);
	message_title(&title, object);
	assert_string_equal(title.text, wanted);
	assert_int_equal(message_severity(object), severity);
	strbuf_fini(&title);
	json_decref(object);
}

static void a_title_says_what_became_of_the_incident(void **state)
{
	(void)state;
	check_title("{\"kind\":\"regression\",\"status\":\"opened\",\"summary\":\"x\"}",
		"regression opened: x", 3);
	check_title("{\"kind\":\"exposure\",\"status\":\"updated\",\"summary\":\"x\"}",
		"exposure updated: x", 3);
	check_title("{\"kind\":\"failing\",\"status\":\"opened\",\"summary\":\"x\"}",
		"opened: x", 3);
	check_title("{\"kind\":\"other\",\"status\":\"opened\",\"summary\":\"x\"}",
		"opened: x", 4);
	check_title("{\"kind\":\"other\",\"status\":\"closed\",\"summary\":\"x\"}",
		"closed: x", 5);
	check_title("{\"kind\":\"recovery\",\"status\":\"updated\",\"summary\":\"x\"}",
		"updated: x", 5);
	check_title("{\"kind\":\"recovery\",\"summary\":\"x\"}", "recovery: x", 5);
	check_title("{\"kind\":\"test\",\"summary\":\"x\"}", "test: x", 6);
	check_title("{\"summary\":\"x\"}", "x", 4);
	check_title("{\"notices\":[{\"kind\":\"recovery\"},{\"kind\":\"failing\"},"
		    "{\"kind\":\"test\"}]}",
		"reachd: 3 notices", 3);
}

/* ---- filters ----------------------------------------------------------------- */

#define TEXTS(...)                                                               \
	{                                                                        \
		.count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
		.items = (const char *[])                                        \
		{                                                                \
			__VA_ARGS__                                              \
		}                                                                \
	}

static const char incident[] = "{\"kind\":\"regression\",\"rules\":[\"a\",\"b\"],"
			       "\"groups\":[\"web\"]}";

static bool passes(const char *body, struct notify_only only)
{
	json_t *object = message(body, 0);
	bool wanted = message_is_wanted(object, &only);

	json_decref(object);
	return wanted;
}

static void each_list_that_is_not_empty_must_match(void **state)
{
	(void)state;
	assert_true(passes(incident, (struct notify_only){.kinds = {0}}));
	assert_true(passes(incident,
		(struct notify_only){.kinds = TEXTS("exposure", "regression")}));
	assert_false(
		passes(incident, (struct notify_only){.kinds = TEXTS("recovery")}));
	assert_true(passes(incident, (struct notify_only){.rules = TEXTS("x", "b")}));
	assert_false(passes(incident, (struct notify_only){.rules = TEXTS("x")}));
	assert_true(passes(incident, (struct notify_only){.groups = TEXTS("web")}));
	assert_false(passes(incident, (struct notify_only){.groups = TEXTS("We")}));
	assert_false(passes(incident, (struct notify_only){.kinds = TEXTS("regression"),
					      .rules = TEXTS("x")}));
}

static void a_status_matches_that_of_the_notice_or_of_any_incident(void **state)
{
	static const char opened[] =
		"{\"status\":\"opened\",\"incident\":{\"uid\":\"a\"}}";
	static const char several[] = "{\"status\":\"closed\",\"incidents\":["
				      "{\"status\":\"updated\"},"
				      "{\"status\":\"closed\"}]}";

	(void)state;
	assert_true(passes(opened, (struct notify_only){.statuses = TEXTS("opened")}));
	assert_false(passes(
		opened, (struct notify_only){.statuses = TEXTS("updated", "closed")}));
	assert_true(
		passes(several, (struct notify_only){.statuses = TEXTS("updated")}));
	assert_true(passes(several, (struct notify_only){.statuses = TEXTS("closed")}));
	assert_false(
		passes(several, (struct notify_only){.statuses = TEXTS("opened")}));
	assert_true(passes(several, (struct notify_only){.kinds = {0}}));
	assert_false(passes("{\"status\":\"closed\",\"kind\":\"x\"}",
		(struct notify_only){
			.statuses = TEXTS("closed"), .kinds = TEXTS("y")}));
	/* Of an older program. */
	assert_true(
		passes(incident, (struct notify_only){.statuses = TEXTS("closed")}));
}

static void what_a_notice_does_not_say_holds_it_back_from_nobody(void **state)
{
	(void)state;
	assert_true(passes("{\"kind\":\"test\"}",
		(struct notify_only){.rules = TEXTS("x"), .groups = TEXTS("y")}));
	assert_false(passes("{\"kind\":7}", (struct notify_only){.kinds = TEXTS("x")}));
	assert_false(
		passes("{\"rules\":[]}", (struct notify_only){.rules = TEXTS("x")}));
}

static bool is_listed(const char *word)
{
	for (size_t i = 0; notify_kinds[i]; i++)
		if (strcmp(notify_kinds[i], word) == 0)
			return true;
	return false;
}

static void a_filter_knows_every_kind_of_incident(void **state)
{
	(void)state;
	for (int kind = CHANGE_REGRESSION; kind <= CHANGE_OTHER; kind++)
		assert_true(is_listed(change_kind_word((enum change_kind)kind)));
}

static void a_test_says_that_it_is_one(void **state)
{
	char *body = notice_of_test("here", 0);

	(void)state;
	assert_string_equal(body,
		"{\"type\":\"test\",\"summary\":\"this is a test: reachd can tell this "
		"receiver what changes\",\"changes\":0,\"kind\":\"test\",\"vantage\":"
		"\"here\",\"time\":\"1970-01-01T00:00:00.000Z\"}");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_gets_its_uid_and_number_behind_what_it_says),
		cmocka_unit_test(a_body_that_is_no_object_is_told_as_text),
		cmocka_unit_test(a_terminal_obeys_none_of_it),
		cmocka_unit_test(several_become_a_digest_and_one_stays_as_it_is),
		cmocka_unit_test(a_title_says_what_became_of_the_incident),
		cmocka_unit_test(each_list_that_is_not_empty_must_match),
		cmocka_unit_test(
			a_status_matches_that_of_the_notice_or_of_any_incident),
		cmocka_unit_test(what_a_notice_does_not_say_holds_it_back_from_nobody),
		cmocka_unit_test(a_filter_knows_every_kind_of_incident),
		cmocka_unit_test(a_test_says_that_it_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
