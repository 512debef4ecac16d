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
#include "probes/dns/compare.h"
#include "probes/net/dns_channel.h"

#define MAX_VIEWS 4

/* Views under test; their records live in a pool. */
static struct dns_view views[MAX_VIEWS];
static size_t n_views;
static struct dns_record pool[MAX_VIEWS][4];

static struct dns_view *add(enum probe_reason reason)
{
	struct dns_view *view = &views[n_views];
	*view = (struct dns_view){.reason = reason, .records = pool[n_views]};
	n_views++;
	return view;
}

static void add_record(struct dns_view *view, const char *text)
{
	struct dns_record *record = &view->records[view->count++];
	memset(record, 0, sizeof *record);
	if (!net_address_parse(text, &record->address))
		snprintf(record->name, sizeof record->name, "%s", text);
}

/* A server that gives these records; sorted by the caller. */
static void resolves(const char *first, const char *second)
{
	struct dns_view *view = add(REASON_RESOLVED);
	add_record(view, first);
	if (second)
		add_record(view, second);
}

static int reset(void **state)
{
	(void)state;
	n_views = 0;
	return 0;
}

static void assert_verdict(
	struct dns_verdict verdict, enum probe_state state, enum probe_reason reason)
{
	assert_string_equal(probe_state_word(verdict.state), probe_state_word(state));
	assert_string_equal(
		probe_reason_word(verdict.reason), probe_reason_word(reason));
}

static void all_alike_is_open(void **state)
{
	(void)state;
	resolves("10.0.0.1", "2001:db8::1");
	assert_verdict(dns_compare(views, 1), STATE_OPEN, REASON_RESOLVED);
	resolves("10.0.0.1", "2001:db8::1");
	assert_verdict(dns_compare(views, 2), STATE_OPEN, REASON_RESOLVED);
}

static void another_address_or_one_too_few_is_a_disagreement(void **state)
{
	(void)state;
	resolves("10.0.0.1", NULL);
	resolves("10.0.0.2", NULL);
	resolves("10.0.0.1", "10.0.0.2");
	assert_verdict(dns_compare(views, 2), STATE_FAILED, REASON_DNS_DISAGREE);
	assert_verdict(dns_compare(views + 1, 2), STATE_FAILED, REASON_DNS_DISAGREE);
}

static void a_name_that_one_server_denies_is_a_disagreement(void **state)
{
	static const enum probe_reason reasons[] = {REASON_NXDOMAIN, REASON_NO_DATA};
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		reset(state);
		resolves("10.0.0.1", NULL);
		add(reasons[i]);
		assert_verdict(
			dns_compare(views, 2), STATE_FAILED, REASON_DNS_DISAGREE);
	}
}

static void a_server_that_does_not_answer_leaves_the_name_unresolved(void **state)
{
	static const enum probe_reason reasons[] = {REASON_SERVFAIL, REASON_REFUSED,
		REASON_DNS_TIMEOUT, REASON_DNS_MALFORMED};
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		reset(state);
		resolves("10.0.0.1", NULL);
		add(reasons[i]);
		assert_verdict(dns_compare(views, 2), STATE_UNRESOLVED, reasons[i]);
	}
}

static void a_proven_disagreement_outweighs_silence_and_local_trouble(void **state)
{
	(void)state;
	resolves("10.0.0.1", NULL);
	add(REASON_DNS_TIMEOUT);
	add(REASON_NO_ROUTE);
	add(REASON_NXDOMAIN);
	assert_verdict(dns_compare(views, 4), STATE_FAILED, REASON_DNS_DISAGREE);
}

static void local_trouble_is_an_error(void **state)
{
	(void)state;
	resolves("10.0.0.1", NULL);
	add(REASON_NO_ROUTE);
	assert_verdict(dns_compare(views, 2), STATE_ERROR, REASON_NO_ROUTE);
	add(REASON_NO_DESCRIPTOR);
	assert_verdict(dns_compare(views, 3), STATE_ERROR, REASON_NO_DESCRIPTOR);
	reset(state);
	add(REASON_NXDOMAIN);
	add(REASON_NO_ROUTE);
	assert_verdict(dns_compare(views, 2), STATE_ERROR, REASON_NO_ROUTE);
}

static void without_any_address_the_most_telling_reason_stands(void **state)
{
	static const enum probe_reason falling[] = {REASON_NXDOMAIN, REASON_NO_DATA,
		REASON_REFUSED, REASON_SERVFAIL, REASON_DNS_MALFORMED,
		REASON_DNS_TIMEOUT};
	for (size_t i = 0; i < ARRAY_SIZE(falling); i++)
		for (size_t j = i; j < ARRAY_SIZE(falling); j++) {
			reset(state);
			add(falling[i]);
			add(falling[j]);
			add(falling[i]);
			assert_verdict(
				dns_compare(views, 2), STATE_UNRESOLVED, falling[i]);
			assert_verdict(dns_compare(views + 1, 2), STATE_UNRESOLVED,
				falling[i]);
		}
}

static void declared_addresses_must_be_those_of_dns(void **state)
{
	struct net_address declared[3];
	(void)state;
	net_address_parse("2001:db8::1", &declared[0]);
	net_address_parse("10.0.0.1", &declared[1]);
	net_address_parse("10.0.0.1", &declared[2]);
	resolves("10.0.0.1", "2001:db8::1");
	resolves("10.0.0.1", "2001:db8::1");
	assert_verdict(dns_compare_declared(views, 2, declared, 3), STATE_OPEN,
		REASON_RESOLVED);
	assert_verdict(dns_compare_declared(views, 2, declared, 0), STATE_OPEN,
		REASON_RESOLVED);
	assert_verdict(dns_compare_declared(views, 2, declared, 1), STATE_FAILED,
		REASON_DNS_MISMATCH);
	net_address_parse("10.0.0.2", &declared[2]);
	assert_verdict(dns_compare_declared(views, 2, declared, 3), STATE_FAILED,
		REASON_DNS_MISMATCH);
	add(REASON_NXDOMAIN);
	assert_verdict(dns_compare_declared(views, 3, declared, 1), STATE_FAILED,
		REASON_DNS_DISAGREE);
}

static void zones_of_declared_addresses_do_not_count(void **state)
{
	struct net_address declared;
	(void)state;
	net_address_parse("fe80::1", &declared);
	declared.scope = 7;
	resolves("fe80::1", NULL);
	assert_verdict(dns_compare_declared(views, 1, &declared, 1), STATE_OPEN,
		REASON_RESOLVED);
}

static void pointers_must_name_the_host(void **state)
{
	(void)state;
	resolves("other.example", "rdls01.corp.example");
	assert_verdict(dns_compare_ptr(views, 1, "RDLS01.corp.example"), STATE_OPEN,
		REASON_RESOLVED);
	assert_verdict(
		dns_compare_ptr(views, 1, "rdls01"), STATE_OPEN, REASON_RESOLVED);
	assert_verdict(
		dns_compare_ptr(views, 1, "rdls02"), STATE_FAILED, REASON_PTR_MISMATCH);
	/* The same name in another order of records, and more of them: it is named. */
	resolves("rdls01.corp.example", NULL);
	assert_verdict(
		dns_compare_ptr(views, 2, "rdls01"), STATE_OPEN, REASON_RESOLVED);
	resolves("other.example", NULL);
	assert_verdict(
		dns_compare_ptr(views, 3, "rdls01"), STATE_FAILED, REASON_DNS_DISAGREE);
	reset(state);
	add(REASON_NXDOMAIN);
	add(REASON_DNS_TIMEOUT);
	assert_verdict(
		dns_compare_ptr(views, 2, "rdls01"), STATE_UNRESOLVED, REASON_NXDOMAIN);
	resolves("other.example", NULL);
	assert_verdict(
		dns_compare_ptr(views, 3, "rdls01"), STATE_FAILED, REASON_PTR_MISMATCH);
}

static void joins_the_addresses_of_a_host_in_any_order(void **state)
{
	static const struct dns_verdict open = {STATE_OPEN, REASON_RESOLVED},
					nameless = {STATE_UNRESOLVED, REASON_NXDOMAIN},
					silent = {STATE_UNRESOLVED, REASON_DNS_TIMEOUT},
					local = {STATE_ERROR, REASON_NO_ROUTE},
					mismatch = {STATE_FAILED, REASON_PTR_MISMATCH},
					disagree = {STATE_FAILED, REASON_DNS_DISAGREE};
	const struct {
		struct dns_verdict parts[3], whole;
	} cases[] = {
		{{open, open, open}, open},
		{{nameless, nameless, nameless}, nameless},
		{{open, nameless, open}, mismatch},
		{{open, nameless, silent}, mismatch},
		{{open, nameless, local}, mismatch},
		{{open, silent, open}, silent},
		{{nameless, silent, silent}, nameless},
		{{open, local, silent}, local},
		{{mismatch, local, open}, mismatch},
		{{mismatch, disagree, silent}, disagree},
	};
	(void)state;
	static const size_t orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
			struct dns_verdict parts[3];
			for (size_t k = 0; k < 3; k++)
				parts[k] = cases[i].parts[orders[o][k]];
			assert_verdict(dns_verdict_join(parts, 3), cases[i].whole.state,
				cases[i].whole.reason);
		}
}

/* --- the two halves of one server --- */

static struct dns_view half(enum probe_reason reason, const char *address)
{
	struct dns_view view = {.reason = reason};
	if (!address)
		return view;
	view.records = calloc(1, sizeof *view.records);
	assert_non_null(view.records);
	add_record(&view, address);
	return view;
}

static void assert_merges(enum probe_reason a, const char *a_address,
	enum probe_reason b, const char *b_address, enum probe_reason whole)
{
	struct dns_view first = half(a, a_address), second = half(b, b_address), out;
	first.elapsed_us = 10;
	second.elapsed_us = 20;
	dns_view_merge(&out, &first, &second);
	assert_string_equal(probe_reason_word(out.reason), probe_reason_word(whole));
	assert_int_equal(out.count, (a_address != NULL) + (b_address != NULL));
	assert_int_equal(out.elapsed_us, 20);
	assert_null(first.records);
	assert_null(second.records);
	dns_view_fini(&out);
}

static void both_families_make_one_answer(void **state)
{
	(void)state;
	assert_merges(REASON_RESOLVED, "10.0.0.1", REASON_RESOLVED, "2001:db8::1",
		REASON_RESOLVED);
	assert_merges(
		REASON_RESOLVED, "10.0.0.1", REASON_NO_DATA, NULL, REASON_RESOLVED);
	assert_merges(
		REASON_NO_DATA, NULL, REASON_RESOLVED, "2001:db8::1", REASON_RESOLVED);
	assert_merges(REASON_NO_DATA, NULL, REASON_NO_DATA, NULL, REASON_NO_DATA);
	assert_merges(REASON_NXDOMAIN, NULL, REASON_NXDOMAIN, NULL, REASON_NXDOMAIN);
	assert_merges(
		REASON_RESOLVED, "10.0.0.1", REASON_NXDOMAIN, NULL, REASON_RESOLVED);
	assert_merges(REASON_NO_DATA, NULL, REASON_NXDOMAIN, NULL, REASON_NO_DATA);
}

static void half_an_answer_is_none(void **state)
{
	(void)state;
	assert_merges(REASON_RESOLVED, "10.0.0.1", REASON_DNS_TIMEOUT, NULL,
		REASON_DNS_TIMEOUT);
	assert_merges(
		REASON_SERVFAIL, NULL, REASON_RESOLVED, "2001:db8::1", REASON_SERVFAIL);
	assert_merges(REASON_NXDOMAIN, NULL, REASON_REFUSED, NULL, REASON_REFUSED);
	assert_merges(REASON_DNS_TIMEOUT, NULL, REASON_SERVFAIL, NULL, REASON_SERVFAIL);
	assert_merges(REASON_SERVFAIL, NULL, REASON_NO_ROUTE, NULL, REASON_NO_ROUTE);
}

static void a_reply_without_an_answer_keeps_its_reason(void **state)
{
	struct dns_reply reply = {.reason = REASON_DNS_TIMEOUT,
		.error = UV_ECONNREFUSED,
		.elapsed_us = 7};
	struct dns_view view;
	(void)state;
	dns_view_read(&view, &reply, "a.example", DNS_TYPE_A);
	assert_int_equal(view.reason, REASON_DNS_TIMEOUT);
	assert_int_equal(view.error, UV_ECONNREFUSED);
	assert_int_equal(view.elapsed_us, 7);
	assert_false(view.answered);
	reply = (struct dns_reply){.bytes = (const uint8_t *)"nonsense", .size = 8};
	dns_view_read(&view, &reply, "a.example", DNS_TYPE_A);
	assert_int_equal(view.reason, REASON_DNS_MALFORMED);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_alike_is_open),
		TEST(another_address_or_one_too_few_is_a_disagreement),
		TEST(a_name_that_one_server_denies_is_a_disagreement),
		TEST(a_server_that_does_not_answer_leaves_the_name_unresolved),
		TEST(a_proven_disagreement_outweighs_silence_and_local_trouble),
		TEST(local_trouble_is_an_error),
		TEST(without_any_address_the_most_telling_reason_stands),
		TEST(declared_addresses_must_be_those_of_dns),
		TEST(zones_of_declared_addresses_do_not_count),
		TEST(pointers_must_name_the_host),
		TEST(joins_the_addresses_of_a_host_in_any_order),
		TEST(both_families_make_one_answer),
		TEST(half_an_answer_is_none),
		TEST(a_reply_without_an_answer_keeps_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
