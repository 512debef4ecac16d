/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/size.h"
#include "base/zone_rule.h"

static bool parse(const char *text, struct zone_rule *rule)
{
	return zone_rule_parse(text, strlen(text), rule);
}

static void refuses_what_is_no_rule(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"CE-1",
		"CET",
		"CET-25",
		"CET-1CEST", /* no word of when */
		"CET-1CEST,M3.5.0",
		"CET-1CEST,M3.5.0,M10.5.0/3,",
		"CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5.0/168,M10.5.0",
		"CET-1CEST,J0,J365",
		"CET-1CEST,366,1",
		"<CET-1",
		"CET-1:60",
		"CET-99999999999999999999",
	};
	struct zone_rule rule;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (parse(cases[i], &rule))
			fail_msg("'%s' was read", cases[i]);
}

/* Every half hour of some years is what the C library makes of the same text. */
static void compare(const char *text)
{
	struct zone_rule rule;
	assert_true(parse(text, &rule));
	assert_int_equal(setenv("TZ", text, 1), 0);
	tzset();
	for (int64_t t = INT64_C(1700000000); t < INT64_C(2100000000); t += 1800) {
		time_t seconds = (time_t)t;
		struct tm tm;
		assert_non_null(localtime_r(&seconds, &tm));
		if (zone_rule_offset_s(&rule, t) != tm.tm_gmtoff)
			fail_msg("%s at %lld: %d, and the C library says %ld", text,
				(long long)t, (int)zone_rule_offset_s(&rule, t),
				tm.tm_gmtoff);
	}
}

static void rules_are_what_the_c_library_makes_of_them(void **state)
{
	(void)state;
	compare("UTC0");
	compare("<+0530>-5:30");
	compare("CET-1CEST,M3.5.0,M10.5.0/3");
	compare("EST5EDT,M3.2.0,M11.1.0");
	compare("AEST-10AEDT,M10.1.0,M4.1.0/3");
	compare("IST-1GMT0,M10.5.0,M3.5.0/1"); /* summer is behind */
	compare("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
	compare("AAA3BBB,J59,J300/4");
	compare("AAA3BBB,J60,J300/4"); /* the first of March, leap year or not */
	compare("AAA3BBB,58,299");
	compare("AAA3BBB,M2.5.4,M12.1.1/22:30:15");
}

/* Hours past a day are more than the C library here may know (RFC 8536, 3.3.1). */
static void hours_may_lie_on_other_days(void **state)
{
	(void)state;
	struct zone_rule rule;
	/* Saturday 22:00 before the last Sunday of March 2026: the 29th. */
	assert_true(parse("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &rule));
	int64_t start = INT64_C(1774746000); /* 2026-03-29T01:00:00Z */
	assert_int_equal(zone_rule_offset_s(&rule, start - 1), -7200);
	assert_int_equal(zone_rule_offset_s(&rule, start), -3600);
	assert_true(parse("IST-2IDT,M3.4.4/26,M10.5.0", &rule));
	start = INT64_C(1774569600); /* 2026-03-27T00:00:00Z, 26 hours into Thursday */
	assert_int_equal(zone_rule_offset_s(&rule, start - 1), 7200);
	assert_int_equal(zone_rule_offset_s(&rule, start), 10800);
}

static void summer_may_last_all_year(void **state)
{
	(void)state;
	struct zone_rule rule;
	assert_true(parse("XXX3EDT4,0/0,J365/23", &rule));
	for (int64_t t = 1760000000; t < 1840000000; t += 1800)
		assert_int_equal(zone_rule_offset_s(&rule, t), -4 * 3600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_rule),
		cmocka_unit_test(rules_are_what_the_c_library_makes_of_them),
		cmocka_unit_test(hours_may_lie_on_other_days),
		cmocka_unit_test(summer_may_last_all_year),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
