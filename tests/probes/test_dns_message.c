/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "probes/net/dns_message.h"

#define HOST "\6rdls01\4corp\7example\0"
/* 12 bytes of header, and the question for HOST; the name is at 0x0c. */
#define HEAD(flags, answers) "\x12\x34" flags "\0\1\0" answers "\0\0\0\0"
#define ASKS(type) HOST "\0" type "\0\1"
#define OWNER "\xc0\x0c"
#define FIXED(type) "\0" type "\0\1\0\0\1\54"
#define A_RECORD(last) OWNER FIXED("\1") "\0\4\300\0\2" last

static struct dns_answer answer;

/* An exact allocation lets AddressSanitizer see a read past the end. */
static bool parse(const char *bytes, size_t size, const char *name, enum dns_type type)
{
	char *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	memset(&answer, 0xee, sizeof answer);
	bool ok = dns_message_parse(copy, size, name, type, &answer);
	free(copy);
	return ok;
}

#define PARSE(bytes, type) parse(bytes, sizeof(bytes) - 1, "rdls01.corp.example", type)

static void assert_address(size_t i, const char *text)
{
	struct net_address address;
	assert_true(i < answer.count);
	assert_true(net_address_parse(text, &address));
	assert_int_equal(net_address_compare(&answer.records[i].address, &address), 0);
}

static void reads_addresses_sorted_and_once(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x81\x80", "\3") ASKS("\1") A_RECORD("\11")
				  A_RECORD("\3") A_RECORD("\11"),
		DNS_TYPE_A));
	assert_int_equal(answer.count, 2);
	assert_address(0, "192.0.2.3");
	assert_address(1, "192.0.2.9");
	assert_false(answer.cut);
	assert_true(answer.recursive);
	assert_false(answer.authoritative);
	assert_int_equal(dns_answer_reason(&answer), REASON_RESOLVED);
}

static void reads_ipv6(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x85\x80", "\1") ASKS("\34") OWNER FIXED(
				  "\34") "\0\20"
					 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7",
		DNS_TYPE_AAAA));
	assert_address(0, "2001:db8::7");
	assert_true(answer.authoritative);
}

static void follows_aliases_in_any_order_and_ignores_strangers(void **state)
{
	(void)state;
	/* x.example has an address too, but nobody asked for it. */
	assert_true(
		PARSE(HEAD("\x81\x80", "\4") ASKS("\1") "\1b\300\30" FIXED(
			      "\1") "\0\4\300\0\2\5"
				    "\1x\300\30" FIXED(
					    "\1") "\0\4\300\0\2\6"
						  "\1a\300\30" FIXED(
							  "\5") "\0\4\1b\300\30" OWNER
							  FIXED("\5") "\0\4\1a\300\30",
			DNS_TYPE_A));
	assert_int_equal(answer.count, 1);
	assert_address(0, "192.0.2.5");
}

static void a_ring_of_aliases_is_refused(void **state)
{
	(void)state;
	assert_false(
		PARSE(HEAD("\x81\x80", "\1") ASKS("\1") OWNER FIXED("\5") "\0\2" OWNER,
			DNS_TYPE_A));
}

static void an_alias_to_nowhere_is_no_data(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x81\x80", "\1") ASKS("\1")
				  OWNER FIXED("\5") "\0\4\1a\300\30",
		DNS_TYPE_A));
	assert_int_equal(dns_answer_reason(&answer), REASON_NO_DATA);
}

static void reads_service_records(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x81\x80", "\2") ASKS("\41") OWNER FIXED(
				  "\41") "\0\12\0\12\0\74\1\205\1a\300\30" OWNER
				  FIXED("\41") "\0\12\0\0\0\144\1\205\1a\300\30",
		DNS_TYPE_SRV));
	assert_int_equal(answer.count, 2);
	assert_string_equal(answer.records[1].name, "a.example");
	assert_int_equal(answer.records[0].priority, 0);
	assert_int_equal(answer.records[0].weight, 100);
	assert_int_equal(answer.records[1].priority, 10);
	assert_int_equal(answer.records[1].weight, 60);
	assert_int_equal(answer.records[1].port, 389);
}

static void a_service_at_the_root_is_none(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x81\x80", "\1") ASKS("\41")
				  OWNER FIXED("\41") "\0\7\0\0\0\0\0\0\0",
		DNS_TYPE_SRV));
	assert_int_equal(dns_answer_reason(&answer), REASON_NO_DATA);
}

static void reads_pointers(void **state)
{
	(void)state;
	static const char bytes[] =
		HEAD("\x81\x80", "\1") "\2"
				       "10\1"
				       "2\1"
				       "0\3"
				       "192\7in-addr\4arpa\0"
				       "\0\14\0\1" OWNER FIXED("\14") "\0\25" HOST;
	assert_true(parse(
		bytes, sizeof bytes - 1, "10.2.0.192.in-addr.arpa", DNS_TYPE_PTR));
	assert_int_equal(answer.count, 1);
	assert_string_equal(answer.records[0].name, "rdls01.corp.example");
}

static void tells_codes_apart(void **state)
{
	static const struct {
		char code;
		enum probe_reason reason;
		const char *word;
	} cases[] = {
		{0, REASON_NO_DATA, "NOERROR"},
		{1, REASON_SERVFAIL, "FORMERR"},
		{2, REASON_SERVFAIL, "SERVFAIL"},
		{3, REASON_NXDOMAIN, "NXDOMAIN"},
		{4, REASON_SERVFAIL, "NOTIMP"},
		{5, REASON_REFUSED, "REFUSED"},
		{9, REASON_SERVFAIL, "NOTAUTH"},
		{15, REASON_SERVFAIL, "unassigned"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char bytes[] = HEAD("\x81\x80", "\0") ASKS("\1");
		bytes[3] = (char)(bytes[3] | cases[i].code);
		assert_true(PARSE(bytes, DNS_TYPE_A));
		assert_string_equal(dns_rcode_word(answer.rcode), cases[i].word);
		assert_int_equal(dns_answer_reason(&answer), cases[i].reason);
	}
}

static void a_referral_is_refused_and_a_truncated_answer_is_malformed(void **state)
{
	(void)state;
	assert_true(PARSE(HEAD("\x80\0", "\0") ASKS("\1"), DNS_TYPE_A));
	assert_int_equal(dns_answer_reason(&answer), REASON_REFUSED);
	assert_true(
		PARSE(HEAD("\x83\x80", "\1") ASKS("\1") A_RECORD("\1"), DNS_TYPE_A));
	assert_int_equal(dns_answer_reason(&answer), REASON_DNS_MALFORMED);
}

static void refuses_what_answers_another_question(void **state)
{
	static const char other[] = HEAD("\x81\x80", "\0") ASKS("\1");
	(void)state;
	assert_false(PARSE(other, DNS_TYPE_AAAA));
	assert_false(parse(other, sizeof other - 1, "rdls02.corp.example", DNS_TYPE_A));
	assert_false(parse(other, sizeof other - 1, "rdls01.corp", DNS_TYPE_A));
	assert_true(parse(other, sizeof other - 1, "RDLS01.Corp.Example.", DNS_TYPE_A));
	/* A query; another opcode; no question; two of them. */
	assert_false(PARSE(HEAD("\1\0", "\0") ASKS("\1"), DNS_TYPE_A));
	assert_false(PARSE(HEAD("\x91\x80", "\0") ASKS("\1"), DNS_TYPE_A));
	assert_false(PARSE("\1\1\x81\x80\0\0\0\0\0\0\0\0" ASKS("\1"), DNS_TYPE_A));
	assert_false(PARSE("\1\1\x81\x80\0\2\0\0\0\0\0\0" ASKS("\1"), DNS_TYPE_A));
	/* The class CHAOS. */
	assert_false(PARSE(HEAD("\x81\x80", "\0") HOST "\0\1\0\3", DNS_TYPE_A));
}

static void refuses_records_that_are_not_what_their_type_says(void **state)
{
	(void)state;
	assert_false(PARSE(HEAD("\x81\x80", "\1") ASKS("\1")
				   OWNER FIXED("\1") "\0\5\1\2\3\4\5",
		DNS_TYPE_A));
	assert_false(PARSE(HEAD("\x81\x80", "\1") ASKS("\34")
				   OWNER FIXED("\34") "\0\4\1\2\3\4",
		DNS_TYPE_AAAA));
	/* The name ends before the record does. */
	assert_false(PARSE(HEAD("\x81\x80", "\1") ASKS("\14")
				   OWNER FIXED("\14") "\0\4\1a\0x",
		DNS_TYPE_PTR));
	assert_false(PARSE(HEAD("\x81\x80", "\1") ASKS("\41")
				   OWNER FIXED("\41") "\0\3\0\1\2",
		DNS_TYPE_SRV));
}

static void refuses_every_shorter_message(void **state)
{
	static const char bytes[] = HEAD("\x81\x80", "\2") ASKS("\1") A_RECORD("\1")
		OWNER FIXED("\5") "\0\4\1a\300\30";
	(void)state;
	assert_true(PARSE(bytes, DNS_TYPE_A));
	for (size_t size = 0; size < sizeof bytes - 1; size++)
		assert_false(parse(bytes, size, "rdls01.corp.example", DNS_TYPE_A));
}

static void keeps_the_lowest_of_too_many_records(void **state)
{
	static const char head[] = HEAD("\x81\x80", "\50") ASKS("\1");
	static const char record[] = A_RECORD("\0");
	char bytes[4096];
	size_t size = sizeof head - 1;
	(void)state;
	memcpy(bytes, head, sizeof head);
	for (char last = 40; last > 0; last--) {
		memcpy(bytes + size, record, sizeof record);
		size += sizeof record - 1;
		bytes[size - 1] = last;
	}
	assert_true(parse(bytes, size, "rdls01.corp.example", DNS_TYPE_A));
	assert_int_equal(answer.count, DNS_MAX_RECORDS);
	assert_true(answer.cut);
	assert_address(0, "192.0.2.1");
	assert_address(31, "192.0.2.32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_addresses_sorted_and_once),
		cmocka_unit_test(reads_ipv6),
		cmocka_unit_test(follows_aliases_in_any_order_and_ignores_strangers),
		cmocka_unit_test(a_ring_of_aliases_is_refused),
		cmocka_unit_test(an_alias_to_nowhere_is_no_data),
		cmocka_unit_test(reads_service_records),
		cmocka_unit_test(a_service_at_the_root_is_none),
		cmocka_unit_test(reads_pointers),
		cmocka_unit_test(tells_codes_apart),
		cmocka_unit_test(
			a_referral_is_refused_and_a_truncated_answer_is_malformed),
		cmocka_unit_test(refuses_what_answers_another_question),
		cmocka_unit_test(refuses_records_that_are_not_what_their_type_says),
		cmocka_unit_test(refuses_every_shorter_message),
		cmocka_unit_test(keeps_the_lowest_of_too_many_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
