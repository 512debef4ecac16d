/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/probes/resolve_bench.h"

static void finds_every_address_of_both_families_in_order(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A,
		"10.20.0.12,10.20.0.11,10.20.0.12");
	dns_peer_answer(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA,
		"2001:db8::2,2001:db8::1");
	open_configured(bench, 1000, 2);
	look_up(bench, "RDLS01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.20.0.11", "10.20.0.12", "2001:db8::1", "2001:db8::2");
}

/* Not even asked for: a server that drops AAAA questions does no harm then. */
static void a_family_leaves_the_other_out(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(
		&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, "10.20.0.11");
	dns_peer_silent(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA);
	dns_peer_rcode(
		&bench->peers[0], "gone.example", DNS_TYPE_A, DNS_RCODE_NXDOMAIN);
	dns_peer_answer(&bench->peers[0], "six.example", DNS_TYPE_AAAA, "2001:db8::1");
	bench->family = 4;
	open_configured(bench, 1000, 2);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.20.0.11");
	look_up(bench, "gone.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	look_up(bench, "six.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NO_DATA);
	assert_int_equal(bench->peers[0].n_udp, 3);
	look_up(bench, "2001:db8::5");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NO_DATA);
	assert_int_equal(bench->count, 0);
}

static void a_family_holds_for_the_hosts_file_too(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "four.example", DNS_TYPE_AAAA, "2001:db8::4");
	bench->family = 6;
	open_system(bench, "",
		"10.0.0.1 both.example four.example\n2001:db8::1 both.example\n");
	look_up(bench, "both.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "2001:db8::1");
	look_up(bench, "four.example"); /* on to DNS, as the C library goes */
	assert_found(bench, "2001:db8::4");
}

static void follows_aliases(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "www.corp.example", DNS_TYPE_A, "192.0.2.7")
		->alias = "real.corp.example";
	dns_peer_answer(&bench->peers[0], "www.corp.example", DNS_TYPE_AAAA, NULL)
		->alias = "real.corp.example";
	open_configured(bench, 1000, 2);
	look_up(bench, "www.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "192.0.2.7");
}

static void takes_an_address_as_its_own_answer(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	open_configured(bench, 1000, 2);
	look_up(bench, "2001:db8::5");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "2001:db8::5");
	look_up(bench, "10.0.0.1");
	assert_found(bench, "10.0.0.1");
	assert_int_equal(bench->peers[0].n_udp, 0);
}

static void tells_the_answers_that_are_none_apart(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *name;
		uint8_t rcode;
		enum probe_reason reason;
	} cases[] = {
		{"gone.example", DNS_RCODE_NXDOMAIN, REASON_NXDOMAIN},
		{"empty.example", DNS_RCODE_NOERROR, REASON_NO_DATA},
		{"broken.example", DNS_RCODE_SERVFAIL, REASON_SERVFAIL},
		{"secret.example", DNS_RCODE_REFUSED, REASON_REFUSED},
	};
	open_peers(bench, 1);
	open_configured(bench, 1000, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		dns_peer_rcode(
			&bench->peers[0], cases[i].name, DNS_TYPE_A, cases[i].rcode);
		dns_peer_rcode(
			&bench->peers[0], cases[i].name, DNS_TYPE_AAAA, cases[i].rcode);
		look_up(bench, cases[i].name);
		assert_outcome(bench, STATE_UNRESOLVED, cases[i].reason);
		assert_int_equal(bench->count, 0);
	}
	assert_int_equal(bench->peers[0].n_udp, 2 * ARRAY_SIZE(cases));
}

static void an_impossible_name_does_not_exist(void **state)
{
	struct bench *bench = *state;
	char name[80];
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	open_peers(bench, 1);
	open_configured(bench, 1000, 2);
	look_up(bench, name);
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	look_up(bench, "two..dots");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_int_equal(bench->peers[0].n_udp, 0);
}

static void asks_again_over_tcp_when_an_answer_is_truncated(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "many.example", DNS_TYPE_A,
		"10.0.0.2,10.0.0.1,10.0.0.3")
		->truncate = true;
	open_configured(bench, 1000, 1);
	look_up(bench, "many.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.1", "10.0.0.2", "10.0.0.3");
	assert_int_equal(bench->peers[0].n_tcp, 1);
}

static void keeps_the_lowest_of_too_many_addresses(void **state)
{
	struct bench *bench = *state;
	char records[40 * 12] = "", text[NET_ADDRESS_TEXT];
	for (int i = 40; i > 0; i--)
		sprintf(records + strlen(records), "10.0.0.%d,", i);
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "many.example", DNS_TYPE_A, records)
		->truncate = true;
	dns_peer_answer(&bench->peers[0], "many.example", DNS_TYPE_AAAA, "2001:db8::1");
	open_configured(bench, 1000, 1);
	look_up(bench, "many.example");
	assert_int_equal(bench->count, RESOLVER_MAX_ADDRESSES);
	net_address_format(&bench->items[31], text, sizeof text);
	assert_string_equal(text, "10.0.0.32");
}

static void nonsense_is_malformed(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "odd.example", DNS_TYPE_A, NULL)->garble =
		true;
	open_configured(bench, 1000, 1);
	look_up(bench, "odd.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_DNS_MALFORMED);
}

static void a_referral_is_a_refusal(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "else.example", DNS_TYPE_A, NULL)->lame =
		true;
	dns_peer_answer(&bench->peers[0], "else.example", DNS_TYPE_AAAA, NULL)->lame =
		true;
	open_configured(bench, 1000, 1);
	look_up(bench, "else.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_REFUSED);
}

static void the_hosts_file_comes_first_and_is_read_again_when_it_changes(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "rdls01", DNS_TYPE_A, "10.0.0.9");
	open_system(bench, "search .\n",
		"# comment\n10.0.0.2 rdls01 alias # more\n\n10.0.0.1\tRDLS01\n"
		"2001:db8::1 rdls01\nnonsense rdls01\n");
	look_up(bench, "rdls01");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.1", "10.0.0.2", "2001:db8::1");
	look_up(bench, "Alias.");
	assert_found(bench, "10.0.0.2");
	write_file(bench->hosts, "10.0.0.3 rdls01\n");
	look_up(bench, "rdls01");
	assert_found(bench, "10.0.0.3");
	assert_int_equal(bench->peers[0].n_udp, 0);
	unlink(bench->hosts);
	look_up(bench, "rdls01");
	assert_found(bench, "10.0.0.9");
}

static void the_search_list_completes_short_names(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "rdls01.b.example", DNS_TYPE_A, "10.0.0.2");
	open_system(bench, "search a.example b.example c.example\n", "");
	look_up(bench, "rdls01");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.2");
	assert_int_equal(bench->peers[0].n_udp, 4);
	look_up(bench, "rdls01.");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_int_equal(bench->peers[0].n_udp, 6);
	look_up(bench, "rdls02.a.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_int_equal(bench->peers[0].n_udp, 14);
}

static void a_failing_domain_ends_the_search(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_rcode(
		&bench->peers[0], "rdls01.a.example", DNS_TYPE_A, DNS_RCODE_SERVFAIL);
	dns_peer_answer(&bench->peers[0], "rdls01.b.example", DNS_TYPE_A, "10.0.0.2");
	open_system(bench, "search a.example b.example\n", "");
	look_up(bench, "rdls01");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_SERVFAIL);
}

static void configured_servers_know_no_hosts_file_and_no_search_list(void **state)
{
	struct bench *bench = *state;
	char name[RESOLVER_NAME_TEXT];
	open_peers(bench, 1);
	open_configured(bench, 1000, 1);
	look_up(bench, "localhost");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_true(resolver_candidate(bench->resolver, "rdls01", 0, name));
	assert_string_equal(name, "rdls01");
	assert_false(resolver_candidate(bench->resolver, "rdls01", 1, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_every_address_of_both_families_in_order),
		TEST(a_family_leaves_the_other_out),
		TEST(a_family_holds_for_the_hosts_file_too),
		TEST(follows_aliases),
		TEST(takes_an_address_as_its_own_answer),
		TEST(tells_the_answers_that_are_none_apart),
		TEST(an_impossible_name_does_not_exist),
		TEST(asks_again_over_tcp_when_an_answer_is_truncated),
		TEST(keeps_the_lowest_of_too_many_addresses),
		TEST(nonsense_is_malformed),
		TEST(a_referral_is_a_refusal),
		TEST(the_hosts_file_comes_first_and_is_read_again_when_it_changes),
		TEST(the_search_list_completes_short_names),
		TEST(a_failing_domain_ends_the_search),
		TEST(configured_servers_know_no_hosts_file_and_no_search_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
