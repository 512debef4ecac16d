/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "daemon/render/advice.h"
#include "daemon/render/digest.h"
#include "daemon/render/host_ranges.h"
#include "daemon/render/visible.h"

/* ---- ranges of hosts --------------------------------------------------------- */

/* Adds names, blanks between them, and writes them in about `limit` bytes. */
static void check_ranges(const char *names, size_t limit, const char *wanted)
{
	struct host_ranges ranges = {.items = NULL};
	struct strbuf text;
	char *copy = strdup(names), *rest = copy, *name;

	assert_non_null(copy);
	while ((name = strsep(&rest, " ")))
		if (*name)
			assert_int_equal(host_ranges_add(&ranges, name), 0);
	strbuf_init(&text);
	host_ranges_format(&ranges, &text, limit);
	assert_string_equal(text.text ? text.text : "", wanted);
	strbuf_fini(&text);
	host_ranges_fini(&ranges);
	free(copy);
}

static void hosts_that_count_up_are_a_range(void **state)
{
	(void)state;
	check_ranges("", 0, "");
	check_ranges("a1", 0, "a1");
	check_ranges("rdsh001 rdsh002 rdsh003", 0, "rdsh[001:003]");
	check_ranges("rdls01.corp.example rdls02.corp.example", 0,
		"rdls[01:02].corp.example");
	check_ranges("w8 w9 w10 w11", 0, "w[8:11]");
	check_ranges("w098 w099 w100", 0, "w[098:100]");
	check_ranges("w99 w100", 0, "w[99:100]");
	check_ranges("10.0.0.9 10.0.0.10", 0, "10.0.0.[9:10]");
	check_ranges("a1b2c a1b3c", 0, "a1b[2:3]c");
	check_ranges("web-7-eu.x1 web-8-eu.x1", 0, "web-[7:8]-eu.x1");
}

static void what_does_not_count_up_stands_alone(void **state)
{
	(void)state;
	check_ranges("w9 w010", 0, "w9, w010");
	check_ranges("w1 x2", 0, "w1, x2");
	check_ranges("w1.a w2.b", 0, "w1.a, w2.b");
	check_ranges("w1 w3", 0, "w1, w3");
	check_ranges("alpha beta", 0, "alpha, beta");
	check_ranges("2001:db8::1 2001:db8::2", 0, "2001:db8::1, 2001:db8::2");
	check_ranges("h99999999999999999999 h100000000000000000000", 0,
		"h99999999999999999999, h100000000000000000000");
}

static void ranges_grow_at_both_ends_and_between_others(void **state)
{
	(void)state;
	check_ranges("w3 w2 w1", 0, "w[1:3]");
	check_ranges("a1 b1 a2 b2 a3", 0, "a[1:3], b[1:2]");
	check_ranges("w1 w1 w2 w2", 0, "w[1:2]");
	check_ranges("alpha alpha", 0, "alpha");
}

static void ranges_are_cut_and_the_rest_is_counted(void **state)
{
	struct host_ranges ranges = {.items = NULL};
	struct strbuf text;

	(void)state;
	check_ranges("alpha beta gamma delta", 12, "alpha, beta and 2 more");
	check_ranges("alpha beta1 beta2 beta3", 5, "alpha and 3 more");
	for (int i = 0; i < 1000; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i * 2);
		assert_int_equal(host_ranges_add(&ranges, name), 0);
	}
	assert_int_equal(ranges.hosts, 1000);
	assert_true(ranges.count <= 64);
	strbuf_init(&text);
	host_ranges_format(&ranges, &text, 10);
	assert_string_equal(text.text, "n0, n2, n4 and 997 more");
	strbuf_fini(&text);
	host_ranges_fini(&ranges);
}

/* ---- visible text ------------------------------------------------------------ */

static void check_visible(const char *text, const char *utf8, const char *ascii)
{
	struct strbuf buf;

	strbuf_init(&buf);
	visible_add(&buf, text, false);
	assert_string_equal(buf.text ? buf.text : "", utf8);
	strbuf_reset(&buf);
	visible_add(&buf, text, true);
	assert_string_equal(buf.text ? buf.text : "", ascii);
	strbuf_fini(&buf);
}

static void what_a_terminal_would_obey_is_shown(void **state)
{
	(void)state;
	check_visible("", "", "");
	check_visible("plain ~", "plain ~", "plain ~");
	check_visible("\x1b]0;x\x07", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07");
	check_visible(
		"a\r\n\tb\x7f", "a\\x0d\\x0a\\x09b\\x7f", "a\\x0d\\x0a\\x09b\\x7f");
	check_visible("\xc2\x9b", "\\x9b", "\\x9b");
	check_visible("\xe2\x80\xae", "\\u{202e}", "\\u{202e}");
	check_visible("\xef\xbb\xbf", "\\u{feff}", "\\u{feff}");
	check_visible("\xf3\xa0\x81\x81", "\\u{e0041}", "\\u{e0041}");
	check_visible("caf\xc3\xa9", "caf\xc3\xa9", "caf\\u{e9}");
	check_visible("a \xe2\x86\x92 b", "a \xe2\x86\x92 b", "a -> b");
}

static void bytes_that_are_no_utf8_are_shown(void **state)
{
	(void)state;
	check_visible("\xff", "\\xff", "\\xff");
	check_visible("\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf");
	check_visible("\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf");
	check_visible("\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80");
	check_visible(
		"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80");
	check_visible("\xe2\x82", "\\xe2\\x82", "\\xe2\\x82");
	check_visible("\xc3", "\\xc3", "\\xc3");
}

static void columns_are_counted_as_a_terminal_does(void **state)
{
	(void)state;
	assert_int_equal(visible_width(""), 0);
	assert_int_equal(visible_width("abc"), 3);
	assert_int_equal(visible_width("\xc3\xa9"), 1);
	assert_int_equal(visible_width("e\xcc\x81"), 1);
	assert_int_equal(visible_width("\xe6\x9d\xb1"), 2);
	assert_int_equal(visible_width("\xe2\x9c\x93"), 1);
}

static void json_keeps_its_meaning_when_made_visible(void **state)
{
	struct strbuf buf;

	(void)state;
	strbuf_init(&buf);
	visible_add_json(
		&buf, "{\"a\":\"\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81\xc3\xa9\x7f\"}");
	assert_string_equal(buf.text, "{\"a\":\"\\u009b\\u202e\\udb40\\udc41"
				      "\xc3\xa9\\u007f\"}");
	strbuf_fini(&buf);
}

/* ---- digests ----------------------------------------------------------------- */

static void equal_findings_are_one_entry(void **state)
{
	struct digest digest = {.limit = 2};
	struct digest_flow flow = {1, "w1", "tcp/1", "filtered", "silence", 5};

	(void)state;
	assert_int_equal(digest_add(&digest, &flow), 0);
	flow.host = "w2";
	flow.since_us = 9;
	assert_int_equal(digest_add(&digest, &flow), 0);
	flow.why = "icmp";
	assert_int_equal(digest_add(&digest, &flow), 0);
	flow.why = "more";
	assert_int_equal(digest_add(&digest, &flow), 0);
	assert_int_equal(digest.count, 2);
	assert_int_equal(digest.flows, 4);
	assert_int_equal(digest.left_out, 1);
	assert_int_equal(digest.entries[0].hosts.hosts, 2);
	assert_int_equal(digest.entries[0].since_us, 9);
	assert_string_equal(digest.entries[1].why, "icmp");
	digest_fini(&digest);
}

/* ---- advice ------------------------------------------------------------------- */

static void check_advice(struct report_result result, const char *wanted)
{
	struct strbuf text;

	result.host = "ls1";
	result.verdict = VERDICT_FAIL;
	strbuf_init(&text);
	advice_add(&text, &result);
	assert_string_equal(text.text ? text.text : "", wanted);
	strbuf_fini(&text);
}

static void advice_names_the_port_the_host_and_the_sender(void **state)
{
	(void)state;
	check_advice((struct report_result){.check = "tcp/443",
			     .reason = REASON_ICMP_ADMIN_PROHIBITED,
			     .evidence = "{\"icmp\":{\"type\":3,\"code\":13,"
					 "\"sender\":\"10.0.0.1\"}}"},
		"10.0.0.1 has a rule against it: let TCP 443 to ls1 through there.");
	check_advice((struct report_result){.check = "rpc/licensing",
			     .reason = REASON_ENDPOINT_FILTERED,
			     .evidence = "{\"port\":49664}"},
		"TCP 135 is let through, but TCP 49664, where the service listens now, "
		"is dropped: open the dynamic RPC ports from here to ls1 (TCP "
		"49152-65535, or the narrower range that is set there). 'reachd trace "
		"rpc/licensing ls1' shows where.");
	check_advice((struct report_result){.check = "rdp",
			     .reason = REASON_MALFORMED_ANSWER,
			     .evidence = "not even JSON"},
		"The port belongs to another program, or a proxy answers instead.");
}

/* A brace that is no placeholder is text. */
static void advice_keeps_other_braces(void **state)
{
	(void)state;
	check_advice((struct report_result){.check = "rpc/licensing",
			     .reason = REASON_EPM_ACCESS_DENIED},
		"The path to the mapper is proven; it requires authentication "
		"(RestrictRemoteClients on ls1). Where the service has a fixed port, "
		"{check: rpc/licensing, ports: [PORT]} proves the rest.");
}

static void advice_is_silent_where_there_is_none(void **state)
{
	(void)state;
	struct strbuf text;
	const struct report_result passing = {.check = "tcp/443",
		.host = "ls1",
		.reason = REASON_TIMEOUT,
		.verdict = VERDICT_PASS};

	check_advice(
		(struct report_result){.check = "tcp/1", .reason = REASON_SYN_ACK}, "");
	strbuf_init(&text);
	advice_add(&text, &passing);
	assert_int_equal(text.length, 0);
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice_names_the_port_the_host_and_the_sender),
		cmocka_unit_test(advice_keeps_other_braces),
		cmocka_unit_test(advice_is_silent_where_there_is_none),
		cmocka_unit_test(hosts_that_count_up_are_a_range),
		cmocka_unit_test(what_does_not_count_up_stands_alone),
		cmocka_unit_test(ranges_grow_at_both_ends_and_between_others),
		cmocka_unit_test(ranges_are_cut_and_the_rest_is_counted),
		cmocka_unit_test(what_a_terminal_would_obey_is_shown),
		cmocka_unit_test(bytes_that_are_no_utf8_are_shown),
		cmocka_unit_test(columns_are_counted_as_a_terminal_does),
		cmocka_unit_test(json_keeps_its_meaning_when_made_visible),
		cmocka_unit_test(equal_findings_are_one_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
