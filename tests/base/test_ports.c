/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ports.h"
#include "base/size.h"
#include "base/strbuf.h"

static struct port_set parse(const char *text)
{
	struct port_set set;
	const char *error = NULL;
	if (!ports_parse(text, &set, &error))
		fail_msg("'%s' was refused: %s", text, error);
	return set;
}

static void writes_the_canonical_text(void **state)
{
	(void)state;
	static const struct {
		const char *text, *canonical;
		uint32_t count;
	} cases[] = {
		{"443", "443", 1},
		{"1", "1", 1},
		{"65535", "65535", 1},
		{"1-65535", "1-65535", 65535},
		{"49152-65535,135", "135,49152-65535", 16385},
		{"80,80,80", "80", 1},
		{"80,81", "80-81", 2},
		{"80,82", "80,82", 2},
		{"1-10,5-20", "1-20", 20},
		{"1-20,5-10", "1-20", 20},
		{"1-10,11-20", "1-20", 20},
		{"65535,65534", "65534-65535", 2},
		{"5-5", "5", 1},
		{"0443", "443", 1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[64];
		struct port_set set = parse(cases[i].text);
		assert_string_equal(
			ports_format(&set, buf, sizeof buf), cases[i].canonical);
		assert_int_equal(ports_count(&set), cases[i].count);
	}
}

static void one_port_is_a_port_and_nothing_else(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "0", "65536", "-1", "+1", " 1", "1 ", "80,81", "1-2", "0x50", "x"};
	uint16_t port = 0;
	assert_true(port_parse("65535", &port));
	assert_int_equal(port, 65535);
	assert_true(port_parse("00443", &port));
	assert_int_equal(port, 443);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(port_parse(wrong[i], &port));
}

static void refuses_with_a_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "1 to 65535"},
		{"0", "1 to 65535"},
		{"65536", "1 to 65535"},
		{"99999999999999999999", "1 to 65535"},
		{"http", "1 to 65535"},
		{"80,", "1 to 65535"},
		{",80", "1 to 65535"},
		{"80-", "1 to 65535"},
		{"-80", "1 to 65535"},
		{"0-80", "1 to 65535"},
		{"80-65536", "1 to 65535"},
		{" 80", "1 to 65535"},
		{"81-80", "from the lower"},
		{"80 81", "commas"},
		{"80;81", "commas"},
		{"1-2-3", "commas"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct port_set set;
		const char *error = NULL;
		if (ports_parse(cases[i].text, &set, &error))
			fail_msg("'%s' was read", cases[i].text);
		assert_non_null(error);
		assert_non_null(strstr(error, cases[i].part));
	}
}

static char *odd_ports(unsigned count)
{
	struct strbuf buf;
	strbuf_init(&buf);
	for (unsigned i = 0; i < count; i++)
		strbuf_addf(&buf, "%s%u", i ? "," : "", 2 * i + 1);
	return strbuf_take(&buf);
}

static void holds_64_ranges_and_no_more(void **state)
{
	(void)state;
	struct port_set set;
	const char *error = NULL;
	char *text = odd_ports(64);
	assert_true(ports_parse(text, &set, &error));
	assert_int_equal(set.count, 64);
	free(text);
	text = odd_ports(65);
	assert_false(ports_parse(text, &set, &error));
	assert_non_null(strstr(error, "64 ranges"));
	free(text);
}

static void refuses_texts_without_end(void **state)
{
	(void)state;
	struct port_set set;
	const char *error = NULL;
	struct strbuf buf;
	strbuf_init(&buf);
	for (int i = 0; i < 1024; i++)
		strbuf_adds(&buf, i ? ",1-9" : "1-9");
	assert_true(ports_parse(buf.text, &set, &error));
	assert_int_equal(set.count, 1);
	strbuf_adds(&buf, ",1-9");
	assert_false(ports_parse(buf.text, &set, &error));
	assert_non_null(strstr(error, "1024"));
	strbuf_fini(&buf);
}

static void counts_off_every_port_once(void **state)
{
	(void)state;
	static const uint16_t expected[] = {1, 2, 3, 80, 65534, 65535};
	struct port_set set = parse("80,1-3,65534-65535");
	assert_int_equal(ports_count(&set), ARRAY_SIZE(expected));
	for (uint32_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(ports_at(&set, i), expected[i]);
	set = parse("1-65535");
	assert_int_equal(ports_at(&set, 65534), 65535);
}

static void cuts_text_to_the_buffer(void **state)
{
	(void)state;
	char buf[8] = "xxxxxxx";
	struct port_set set = parse("100,200,300");
	assert_string_equal(ports_format(&set, buf, sizeof buf), "100,200");
	assert_string_equal(ports_format(&set, buf, 1), "");
	set.count = 0;
	assert_string_equal(ports_format(&set, buf, sizeof buf), "");
	assert_int_equal(ports_count(&set), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_canonical_text),
		cmocka_unit_test(one_port_is_a_port_and_nothing_else),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(holds_64_ranges_and_no_more),
		cmocka_unit_test(refuses_texts_without_end),
		cmocka_unit_test(counts_off_every_port_once),
		cmocka_unit_test(cuts_text_to_the_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
