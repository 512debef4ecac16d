/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/size.h"

static struct net_address parse(const char *text)
{
	struct net_address address;
	if (!net_address_parse(text, &address))
		fail_msg("'%s' was refused", text);
	return address;
}

static void writes_what_rfc_5952_asks_for(void **state)
{
	(void)state;
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"10.20.0.11", "10.20.0.11"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:db8:0000:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
		{"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"::ffff:c000:201", "::ffff:192.0.2.1"},
		{"::1:2", "::1:2"},
		{"fe80::1", "fe80::1"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_address address = parse(cases[i].text);
		char buf[NET_ADDRESS_TEXT];
		assert_string_equal(net_address_format(&address, buf, sizeof buf),
			cases[i].canonical);
	}
}

static void agrees_with_inet_pton_on_the_bytes(void **state)
{
	(void)state;
	uint8_t bytes[16];
	struct net_address address = parse("2001:db8:1:2::abcd");
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:1:2::abcd", bytes), 1);
	assert_int_equal(address.family, 6);
	assert_memory_equal(address.bytes, bytes, 16);
	address = parse("192.0.2.254");
	assert_int_equal(address.family, 4);
	assert_memory_equal(address.bytes, "\xc0\x00\x02\xfe", 4);
}

static void refuses_what_is_no_address(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "10.1", "10.0.0", "1.2.3.4.5",
		"010.0.0.1", "10.0.0.256", "0x0a.0.0.1", "10.0.0.1 ", " 10.0.0.1",
		"10.0.0.1/24", "10.0.0.1:80", "[::1]",
		"::1:", ":::", "1:2:3:4:5:6:7:8:9", "::12345", "::g", "2001:db8::1%lo",
		"::1%1", "10.0.0.1%1", "fe80::1%", "fe80::1%0",
		"fe80::1%no-such-interface", "fe80::1%4294967296", "localhost",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_address address = {.family = 42};
		if (net_address_parse(cases[i], &address))
			fail_msg("'%s' was read", cases[i]);
		assert_int_equal(address.family, 42);
	}
}

static void keeps_the_zone_of_a_link_local_address(void **state)
{
	(void)state;
	char buf[NET_ADDRESS_TEXT];
	struct net_address address = parse("fe80::1%4294967295");
	assert_int_equal(address.scope, UINT32_MAX);
	assert_string_equal(
		net_address_format(&address, buf, sizeof buf), "fe80::1%4294967295");
	unsigned loopback = if_nametoindex("lo");
	if (!loopback)
		return;
	address = parse("fe80::1%lo");
	assert_int_equal(address.scope, loopback);
	assert_string_equal(
		net_address_format(&address, buf, sizeof buf), "fe80::1%lo");
}

static void survives_the_way_through_a_sockaddr(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"192.0.2.1", "2001:db8::1", "fe80::1%7", "::", "::ffff:192.0.2.1"};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_address address = parse(cases[i]), again;
		struct sockaddr_storage sa;
		socklen_t length = net_address_to_sockaddr(&address, 3389, &sa);
		assert_true(net_address_from_sockaddr(
			(const struct sockaddr *)&sa, &again));
		assert_int_equal(net_address_compare(&address, &again), 0);
		assert_int_equal(length, address.family == 4
						 ? sizeof(struct sockaddr_in)
						 : sizeof(struct sockaddr_in6));
		/* The port stands at the same place in both. */
		assert_int_equal(ntohs(((struct sockaddr_in *)&sa)->sin_port), 3389);
	}
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct net_address address;
	assert_false(net_address_from_sockaddr(&other, &address));
}

static void orders_by_family_then_bytes_then_zone(void **state)
{
	(void)state;
	static const char *const rising[] = {"9.255.255.255", "10.0.0.1", "192.0.2.1",
		"::", "2001:db8::1", "2001:db8::2", "fe80::1", "fe80::1%1",
		"fe80::1%2"};
	for (size_t i = 0; i < ARRAY_SIZE(rising); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(rising); j++) {
			struct net_address a = parse(rising[i]), b = parse(rising[j]);
			int order = net_address_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void cuts_an_address_to_its_network(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		unsigned bits;
		const char *network;
	} cases[] = {
		{"192.0.2.201", 24, "192.0.2.0"},
		{"192.0.2.201", 25, "192.0.2.128"},
		{"192.0.2.201", 31, "192.0.2.200"},
		{"192.0.2.201", 32, "192.0.2.201"},
		{"192.0.2.201", 99, "192.0.2.201"},
		{"192.0.2.201", 0, "0.0.0.0"},
		{"192.0.2.201", 1, "128.0.0.0"},
		{"2001:db8:ffff:ffff::1", 33, "2001:db8:8000::"},
		{"2001:db8:ffff:ffff::1", 64, "2001:db8:ffff:ffff::"},
		{"2001:db8::1", 128, "2001:db8::1"},
		{"2001:db8::1", 1000, "2001:db8::1"},
		{"2001:db8::1", 127, "2001:db8::"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[NET_ADDRESS_TEXT];
		struct net_address address = parse(cases[i].address);
		address = net_address_network(&address, cases[i].bits);
		assert_string_equal(net_address_format(&address, buf, sizeof buf),
			cases[i].network);
	}
}

static void reads_endpoints(void **state)
{
	(void)state;
	static const struct {
		const char *text, *address;
		uint16_t port;
	} cases[] = {
		{"10.0.0.53", "10.0.0.53", 53},
		{"10.0.0.53:5353", "10.0.0.53", 5353},
		{"10.0.0.53:65535", "10.0.0.53", 65535},
		{"2001:db8::53", "2001:db8::53", 53},
		{"[2001:db8::53]", "2001:db8::53", 53},
		{"[2001:db8::53]:1", "2001:db8::53", 1},
		{"[fe80::1%3]:853", "fe80::1%3", 853},
		{"2001:db8::53:5353", "2001:db8::53:5353", 53},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_address address, expected = parse(cases[i].address);
		uint16_t port = 53;
		assert_true(net_endpoint_parse(cases[i].text, &address, &port));
		assert_int_equal(net_address_compare(&address, &expected), 0);
		assert_int_equal(port, cases[i].port);
	}
}

static void refuses_what_is_no_endpoint(void **state)
{
	(void)state;
	static const char *const cases[] = {"", ":53", "10.0.0.53:", "10.0.0.53:0",
		"10.0.0.53:65536", "10.0.0.53:+1", "10.0.0.53:1 ", "10.0.0.53:1:2",
		"[::1", "::1]:53", "[::1]53", "[::1]:", "[::1]:0", "[::1]:65536",
		"[10.0.0.53]:53", "[]:53", "dns.corp.example:53", "[[::1]]:53"};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_address address = {.family = 42};
		uint16_t port = 53;
		if (net_endpoint_parse(cases[i], &address, &port))
			fail_msg("'%s' was read", cases[i]);
		assert_int_equal(address.family, 42);
		assert_int_equal(port, 53);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_rfc_5952_asks_for),
		cmocka_unit_test(agrees_with_inet_pton_on_the_bytes),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(keeps_the_zone_of_a_link_local_address),
		cmocka_unit_test(survives_the_way_through_a_sockaddr),
		cmocka_unit_test(orders_by_family_then_bytes_then_zone),
		cmocka_unit_test(cuts_an_address_to_its_network),
		cmocka_unit_test(reads_endpoints),
		cmocka_unit_test(refuses_what_is_no_endpoint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
