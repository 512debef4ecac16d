/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "probes/net/dns_name.h"

/* Reads a name at `at`; the cursor must end at `behind`. */
static void assert_reads(
	const char *bytes, size_t size, size_t at, const char *text, size_t behind)
{
	struct cursor cursor;
	char name[DNS_NAME_TEXT];
	cursor_init(&cursor, bytes, size);
	cursor_seek(&cursor, at);
	assert_true(dns_name_read(&cursor, name));
	assert_string_equal(name, text);
	assert_int_equal(cursor.at, behind);
}

static void assert_refuses(const char *bytes, size_t size, size_t at)
{
	struct cursor cursor;
	char name[DNS_NAME_TEXT];
	cursor_init(&cursor, bytes, size);
	cursor_seek(&cursor, at);
	assert_false(dns_name_read(&cursor, name));
}

#define BYTES(text) text, sizeof(text) - 1

static void reads_labels_in_lower_case(void **state)
{
	(void)state;
	assert_reads(BYTES("\2AB\7Example\0rest"), 0, "ab.example", 12);
	assert_reads(BYTES("\0"), 0, ".", 1);
}

static void follows_pointers_backwards_and_stops_behind_the_first(void **state)
{
	(void)state;
	/* "example" at 0, "a"+0 at 9, "b"+9 at 13 */
	static const char bytes[] = "\7example\0\1a\xc0\0\1b\xc0\x9tail";
	assert_reads(bytes, sizeof bytes - 1, 9, "a.example", 13);
	assert_reads(bytes, sizeof bytes - 1, 13, "b.a.example", 17);
}

static void refuses_pointers_that_do_not_lead_back(void **state)
{
	(void)state;
	assert_refuses(BYTES("\xc0\0"), 0);
	assert_refuses(BYTES("\1a\xc0\0"), 0);
	assert_refuses(BYTES("\1a\xc0\4\1b\0"), 0);
	/* Two that point at each other. */
	assert_refuses(BYTES("\xc0\2\xc0\0"), 2);
}

/* Each points at the one before: a name of them costs as many steps as there are. */
static void refuses_chains_of_pointers(void **state)
{
	uint8_t bytes[2 + 2 * 400] = {0};
	(void)state;
	for (size_t at = 2; at < sizeof bytes; at += 2) {
		bytes[at] = (uint8_t)(0xc0 | (at - 2) >> 8);
		bytes[at + 1] = (uint8_t)(at - 2);
	}
	assert_reads((const char *)bytes, sizeof bytes, 2 * 127, ".", 2 * 128);
	assert_refuses((const char *)bytes, sizeof bytes, sizeof bytes - 2);
}

static void refuses_what_is_cut_short(void **state)
{
	(void)state;
	assert_refuses(BYTES("\3ab"), 0);
	assert_refuses(BYTES("\3abc"), 0);
	assert_refuses(BYTES("\1a\xc0"), 0);
	assert_refuses("", 0, 0);
}

static void refuses_reserved_label_types(void **state)
{
	(void)state;
	assert_refuses(BYTES("\x40\0"), 0);
	assert_refuses(BYTES("\x80\0"), 0);
}

static void refuses_names_over_255_bytes(void **state)
{
	char bytes[300], name[DNS_NAME_TEXT];
	struct cursor cursor;
	(void)state;
	memset(bytes, 'a', sizeof bytes);
	for (size_t at = 0; at < 256; at += 64)
		bytes[at] = 63;
	/* 3 labels of 63 and one of 61, and the root: 255 bytes. */
	bytes[192] = 61;
	bytes[254] = 0;
	cursor_init(&cursor, bytes, sizeof bytes);
	assert_true(dns_name_read(&cursor, name));
	assert_int_equal(strlen(name), 253);
	bytes[192] = 62;
	bytes[255] = 0;
	assert_refuses(bytes, sizeof bytes, 0);
}

static void escapes_odd_bytes_and_refuses_too_many_of_them(void **state)
{
	char bytes[70];
	(void)state;
	assert_reads(BYTES("\6a.b\\\"\xff\0"), 0, "a\\.b\\\\\\\"\\255", 8);
	memset(bytes, 0xff, sizeof bytes);
	bytes[0] = 63;
	bytes[64] = 1;
	bytes[66] = 0;
	/* 64 bytes that take four characters each, and a dot: 257. */
	assert_refuses(bytes, sizeof bytes, 0);
}

static void makes_names_canonical(void **state)
{
	char out[DNS_NAME_TEXT];
	const char *error;
	(void)state;
	assert_true(dns_name_canonical("_LDAP._tcp.Corp.Example.", out, &error));
	assert_string_equal(out, "_ldap._tcp.corp.example");
	static const char *const wrong[] = {"", ".", "a..b", ".a", "a b", "a\\b", "a/b",
		"\xc3\xa9.example", "a..",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		error = NULL;
		assert_false(dns_name_canonical(wrong[i], out, &error));
		assert_non_null(error);
	}
	char longest[256];
	for (size_t i = 0; i < 254; i++)
		longest[i] = i % 50 == 49 ? '.' : 'x';
	longest[254] = '\0';
	assert_false(dns_name_canonical(longest, out, &error));
	longest[253] = '\0';
	assert_true(dns_name_canonical(longest, out, &error));
}

static void reverses_addresses(void **state)
{
	struct net_address address;
	char out[DNS_REVERSE_TEXT];
	(void)state;
	net_address_parse("192.0.2.10", &address);
	dns_name_reverse(&address, out);
	assert_string_equal(out, "10.2.0.192.in-addr.arpa");
	/* The example of RFC 3596 section 2.5. */
	net_address_parse("4321:0:1:2:3:4:567:89ab", &address);
	dns_name_reverse(&address, out);
	assert_string_equal(out,
		"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4"
		".ip6.arpa");
}

static void knows_the_host_that_a_name_is_of(void **state)
{
	(void)state;
	assert_true(dns_name_is_host("rdls01.corp.example", "RDLS01.corp.example"));
	assert_true(dns_name_is_host("rdls01.corp.example", "rdls01.corp.example."));
	assert_true(dns_name_is_host("rdls01.corp.example", "rdls01"));
	assert_true(dns_name_is_host("rdls01", "rdls01"));
	assert_false(dns_name_is_host("rdls011.corp.example", "rdls01"));
	assert_false(dns_name_is_host("rdls01.other.example", "rdls01.corp.example"));
	assert_false(dns_name_is_host("rdls01.corp.example", "rdls01.corp"));
	assert_false(dns_name_is_host("rdls01", "rdls01.corp.example"));
	assert_false(dns_name_is_host("rdls01", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_labels_in_lower_case),
		cmocka_unit_test(follows_pointers_backwards_and_stops_behind_the_first),
		cmocka_unit_test(refuses_pointers_that_do_not_lead_back),
		cmocka_unit_test(refuses_chains_of_pointers),
		cmocka_unit_test(refuses_what_is_cut_short),
		cmocka_unit_test(refuses_reserved_label_types),
		cmocka_unit_test(refuses_names_over_255_bytes),
		cmocka_unit_test(escapes_odd_bytes_and_refuses_too_many_of_them),
		cmocka_unit_test(makes_names_canonical),
		cmocka_unit_test(reverses_addresses),
		cmocka_unit_test(knows_the_host_that_a_name_is_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
