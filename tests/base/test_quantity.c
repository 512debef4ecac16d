/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/quantity.h"
#include "base/size.h"

static void reads_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{"0", 0},
		{"0s", 0},
		{"1ms", 1},
		{"1500ms", 1500},
		{"2s", 2000},
		{"5m", 300000},
		{"1h30m", 5400000},
		{"1d", 86400000},
		{"1d2h3m4s5ms", 93784005},
		{"1m5ms", 60005},
		{"1.5s", 1500},
		{"0.25s", 250},
		{"1h0.5m", 3630000},
		{"0.0005s", 1}, /* rounded */
		{"0.3333333333333333s", 333},
		{"3650d", 315360000000},
		{"87600h", 315360000000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ms = 42;
		assert_true(duration_parse(cases[i].text, &ms));
		assert_int_equal(ms, cases[i].ms);
	}
}

static void refuses_what_is_no_duration(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "s", "2", "00", "2 s", " 2s", "2s ",
		"-1s", "+1s", "1S", "2sec", "1w", "1y", "1us", "1m1h", "1s1s", "1ms1s",
		"1.5h30m", "1.s", ".5s", "1.5", "1..5s", "1e3s", "0x10s", "3651d",
		"3650d1ms", "18446744073709551616ms", "99999999999999999999s", "1s\n"};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ms = 42;
		if (duration_parse(cases[i], &ms))
			fail_msg("'%s' was read as %llu ms", cases[i],
				(unsigned long long)ms);
		assert_int_equal(ms, 42);
	}
}

static void writes_durations_in_their_shortest_form(void **state)
{
	(void)state;
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1ms"},
		{250, "250ms"},
		{1000, "1s"},
		{1500, "1.5s"},
		{1234, "1.234s"},
		{2050, "2.05s"},
		{60000, "1m"},
		{90500, "1m30.5s"},
		{60250, "1m0.25s"},
		{5400000, "1h30m"},
		{86400000, "1d"},
		{86400005, "1d0.005s"},
		{UINT64_MAX, "213503982334d14h25m51.615s"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[32];
		assert_string_equal(
			duration_format(cases[i].ms, buf, sizeof buf), cases[i].text);
	}
}

static void reads_back_every_duration_it_writes(void **state)
{
	(void)state;
	char buf[32];
	for (uint64_t ms = 0; ms < UINT64_C(315360000000); ms = ms * 17 / 16 + 1) {
		uint64_t again = UINT64_MAX;
		assert_true(
			duration_parse(duration_format(ms, buf, sizeof buf), &again));
		assert_int_equal(again, ms);
	}
}

static void reads_rates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t per_hour;
	} cases[] = {
		{"5000/s", 18000000},
		{"300/m", 18000},
		{"7/h", 7},
		{"1/h", 1},
		{"10000000/s", 36000000000},
		{"36000000000/h", 36000000000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t per_hour = 42;
		assert_true(rate_parse(cases[i].text, &per_hour));
		assert_int_equal(per_hour, cases[i].per_hour);
	}
}

static void refuses_what_is_no_rate(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "5000", "5000/", "/s", "0/s", "-1/s",
		"1.5/s", "1 /s", "1/ s", "1/sec", "1/d", "1/ms", "10000001/s",
		"36000000001/h", "18446744073709551617/h", "1/s "};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t per_hour = 42;
		if (rate_parse(cases[i], &per_hour))
			fail_msg("'%s' was read as a rate", cases[i]);
		assert_int_equal(per_hour, 42);
	}
}

static void writes_rates_by_the_largest_whole_unit(void **state)
{
	(void)state;
	char buf[32];
	assert_string_equal(rate_format(18000000, buf, sizeof buf), "5000/s");
	assert_string_equal(rate_format(18000, buf, sizeof buf), "5/s");
	assert_string_equal(rate_format(60, buf, sizeof buf), "1/m");
	assert_string_equal(rate_format(7, buf, sizeof buf), "7/h");
}

static void reads_whole_numbers_up_to_a_bound(void **state)
{
	(void)state;
	uint64_t value = 42;
	assert_true(number_parse("0", 10, &value));
	assert_int_equal(value, 0);
	assert_true(number_parse("010", 10, &value));
	assert_int_equal(value, 10);
	assert_true(number_parse("18446744073709551615", UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
	value = 42;
	static const char *const wrong[] = {"", "11", "-1", "+1", " 1", "1 ", "1.0",
		"0x1", "1e1", "99999999999999999999"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(number_parse(wrong[i], 10, &value));
	assert_false(number_parse("18446744073709551616", UINT64_MAX, &value));
	assert_int_equal(value, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(refuses_what_is_no_duration),
		cmocka_unit_test(writes_durations_in_their_shortest_form),
		cmocka_unit_test(reads_back_every_duration_it_writes),
		cmocka_unit_test(reads_rates),
		cmocka_unit_test(refuses_what_is_no_rate),
		cmocka_unit_test(writes_rates_by_the_largest_whole_unit),
		cmocka_unit_test(reads_whole_numbers_up_to_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
