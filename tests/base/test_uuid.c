/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "base/uuid.h"

/* The example of RFC 4122 and its bytes in both orders. */
static const char text[] = "3d267954-eeb7-11d1-b94e-00c04fa3080d";
static const uint8_t in_order[16] = {0x3d, 0x26, 0x79, 0x54, 0xee, 0xb7, 0x11, 0xd1,
	0xb9, 0x4e, 0x00, 0xc0, 0x4f, 0xa3, 0x08, 0x0d};
static const uint8_t in_ndr[16] = {0x54, 0x79, 0x26, 0x3d, 0xb7, 0xee, 0xd1, 0x11, 0xb9,
	0x4e, 0x00, 0xc0, 0x4f, 0xa3, 0x08, 0x0d};

static void reads_and_writes_text(void **state)
{
	char out[UUID_TEXT];
	struct uuid_syntax syntax;
	(void)state;
	assert_true(uuid_syntax_parse(text, &syntax));
	assert_memory_equal(syntax.uuid.bytes, in_order, sizeof in_order);
	assert_string_equal(uuid_format(&syntax.uuid, out), text);
	assert_true(uuid_syntax_parse("3D267954-EEB7-11D1-B94E-00C04FA3080D", &syntax));
	assert_string_equal(uuid_format(&syntax.uuid, out), text);
}

static void refuses_what_is_no_uuid(void **state)
{
	static const char *const wrong[] = {
		"",
		"3d267954",
		"3d267954-eeb7-11d1-b94e-00c04fa3080",
		"3d267954-eeb7-11d1-b94e-00c04fa3080d0",
		"3d267954-eeb7-11d1-b94e-00c04fa3080g",
		"3d2679540eeb7-11d1-b94e-00c04fa3080d",
		"{3d267954-eeb7-11d1-b94e-00c04fa3080}",
		" 3d267954-eeb7-11d1-b94e-00c04fa3080d",
	};
	struct uuid_syntax syntax;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(uuid_syntax_parse(wrong[i], &syntax));
}

static void swaps_three_fields_for_ndr(void **state)
{
	struct uuid uuid, back;
	uint8_t bytes[16];
	(void)state;
	memcpy(uuid.bytes, in_order, sizeof in_order);
	uuid_to_le(&uuid, bytes);
	assert_memory_equal(bytes, in_ndr, sizeof in_ndr);
	uuid_from_le(bytes, &back);
	assert_true(uuid_equal(&uuid, &back));
	back.bytes[15] ^= 1;
	assert_false(uuid_equal(&uuid, &back));
}

static void reads_the_version_of_a_syntax(void **state)
{
	static const struct {
		const char *suffix, *canonical;
		unsigned major, minor;
	} cases[] = {
		{"", "", 0, 0},
		{"@1", "@1.0", 1, 0},
		{"@1.0", "@1.0", 1, 0},
		{"@0.0", "@0.0", 0, 0},
		{"@2.10", "@2.10", 2, 10},
		{"@65535.65535", "@65535.65535", 65535, 65535},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char in[UUID_SYNTAX_TEXT], expected[UUID_SYNTAX_TEXT];
		char out[UUID_SYNTAX_TEXT];
		struct uuid_syntax syntax;
		strcpy(in, text);
		strcat(in, cases[i].suffix);
		strcpy(expected, text);
		strcat(expected, cases[i].canonical);
		assert_true(uuid_syntax_parse(in, &syntax));
		assert_int_equal(syntax.major, cases[i].major);
		assert_int_equal(syntax.minor, cases[i].minor);
		assert_int_equal(syntax.any_version, cases[i].suffix[0] == '\0');
		assert_string_equal(uuid_syntax_format(&syntax, out), expected);
	}
}

static void refuses_what_is_no_version(void **state)
{
	static const char *const wrong[] = {"@", "@.", "@1.", "@.1", "@1.0.0", "@65536",
		"@-1", "1.0", "@123456789.0"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char in[64];
		struct uuid_syntax syntax;
		strcpy(in, text);
		strcat(in, wrong[i]);
		assert_false(uuid_syntax_parse(in, &syntax));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_text),
		cmocka_unit_test(refuses_what_is_no_uuid),
		cmocka_unit_test(swaps_three_fields_for_ndr),
		cmocka_unit_test(reads_the_version_of_a_syntax),
		cmocka_unit_test(refuses_what_is_no_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
