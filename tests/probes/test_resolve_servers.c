/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that are silent, broken or out of reach. */
#include <sys/resource.h>

#include "base/clock.h"
#include "tests/probes/resolve_bench.h"

static void silence_is_a_timeout_after_every_attempt(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	bench->peers[0].deaf = true;
	open_configured(bench, 30, 3);
	uint64_t before = clock_monotonic_us();
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_int_equal(bench->peers[0].n_udp, 2 * 3);
	/* 30 + 60 + 120 ms */
	assert_true(clock_monotonic_us() - before >= 209000);
}

static void a_lost_packet_is_asked_for_again(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.1")
		->ignore = 1;
	open_configured(bench, 30, 2);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.1");
	assert_int_equal(bench->peers[0].n_udp, 3);
}

static void half_an_answer_is_none_and_hides_nothing(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(
		&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.1");
	dns_peer_silent(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA);
	open_configured(bench, 20, 2);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_found(bench, "10.0.0.1");
}

static void a_whole_answer_of_the_next_server_replaces_half_a_one(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 2);
	dns_peer_answer(
		&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.1");
	dns_peer_rcode(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA,
		DNS_RCODE_SERVFAIL);
	dns_peer_answer(
		&bench->peers[1], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.2");
	open_configured(bench, 1000, 1);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.2");
}

static void passes_over_servers_that_do_not_answer(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 3);
	dns_peer_rcode(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A,
		DNS_RCODE_SERVFAIL);
	dns_peer_rcode(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA,
		DNS_RCODE_SERVFAIL);
	bench->peers[1].deaf = true;
	dns_peer_answer(
		&bench->peers[2], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.3");
	open_configured(bench, 20, 1);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_found(bench, "10.0.0.3");
}

static void believes_the_first_server_that_says_there_is_no_such_name(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 2);
	dns_peer_answer(
		&bench->peers[1], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.3");
	open_configured(bench, 1000, 1);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_int_equal(bench->peers[1].n_udp, 0);
}

static void names_the_most_telling_failure_of_several(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 2);
	dns_peer_rcode(
		&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, DNS_RCODE_REFUSED);
	dns_peer_rcode(&bench->peers[0], "rdls01.corp.example", DNS_TYPE_AAAA,
		DNS_RCODE_REFUSED);
	bench->peers[1].deaf = true;
	open_configured(bench, 20, 1);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_REFUSED);
}

static void a_configured_server_with_a_closed_port_is_silent(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	open_configured(bench, 5000, 2);
	dns_peer_close(&bench->peers[0]);
	bench->n_peers = 0;
	uv_run(&bench->loop, UV_RUN_NOWAIT);
	uint64_t before = clock_monotonic_us();
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	/* The ICMP error is believed at once. */
	assert_true(clock_monotonic_us() - before < 2000000);
}

/* Else a fleet of names would wait for it once a name. It is asked when it is the only
 * one, and first again once it has answered. */
static void a_server_that_was_silent_three_times_is_asked_last(void **state)
{
	struct bench *bench = *state;
	char name[16];
	open_peers(bench, 2);
	bench->peers[0].deaf = true;
	bench->peers[0].numbered = bench->peers[1].numbered = true;
	open_configured(bench, 20, 1);
	for (int i = 1; i <= 6; i++) {
		snprintf(name, sizeof name, "h%d.example", i);
		look_up(bench, name);
		assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
		assert_int_equal(bench->peers[0].n_udp, 2 * (i < 3 ? i : 3));
	}
	bench->peers[0].deaf = false;
	bench->peers[1].deaf = true;
	look_up(bench, "h7.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
	assert_int_equal(bench->peers[0].n_udp, 8);
	look_up(bench, "h8.example");
	assert_int_equal(bench->peers[0].n_udp, 10);
	assert_int_equal(bench->peers[1].n_udp, 14);
}

static void this_machines_own_resolver_that_does_not_run_is_local_trouble(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	open_system(bench, "search .\n", "");
	dns_peer_close(&bench->peers[0]);
	bench->n_peers = 0;
	uv_run(&bench->loop, UV_RUN_NOWAIT);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_ERROR, REASON_RESOLVER_UNAVAILABLE);
}

static void a_server_without_a_route_is_local_trouble(void **state)
{
	struct bench *bench = *state;
	struct resolver_server server = {.port = 53};
	struct resolver_options options = {
		.servers = &server, .n_servers = 1, .timeout_ms = 1000, .attempts = 2};
	/* Broadcast needs SO_BROADCAST: connect() says EACCES, whatever the routes. */
	net_address_parse("255.255.255.255", &server.address);
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
	look_up(bench, "rdls01.corp.example");
	assert_int_equal(bench->state, STATE_ERROR);
	assert_true(probe_reason_is_local(bench->reason));
}

static void running_out_of_descriptors_is_an_error_and_passes(void **state)
{
	struct bench *bench = *state;
	struct rlimit old, none;
	open_peers(bench, 1);
	dns_peer_answer(
		&bench->peers[0], "rdls01.corp.example", DNS_TYPE_A, "10.0.0.1");
	open_configured(bench, 1000, 2);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	look_up(bench, "rdls01.corp.example");
	setrlimit(RLIMIT_NOFILE, &old);
	assert_outcome(bench, STATE_ERROR, REASON_NO_DESCRIPTOR);
	look_up(bench, "rdls01.corp.example");
	assert_outcome(bench, STATE_OPEN, REASON_RESOLVED);
}

static void names_its_servers(void **state)
{
	struct bench *bench = *state;
	struct resolver_server servers[3] = {
		{.port = 53}, {.port = 5353}, {.port = 54}};
	struct resolver_options options = {
		.servers = servers, .n_servers = 3, .timeout_ms = 1000, .attempts = 2};
	net_address_parse("10.0.0.53", &servers[0].address);
	net_address_parse("10.0.1.53", &servers[1].address);
	net_address_parse("2001:db8::53", &servers[2].address);
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
	assert_int_equal(resolver_server_count(bench->resolver), 3);
	assert_string_equal(resolver_server_text(bench->resolver, 0), "10.0.0.53");
	assert_string_equal(resolver_server_text(bench->resolver, 1), "10.0.1.53:5353");
	assert_string_equal(
		resolver_server_text(bench->resolver, 2), "[2001:db8::53]:54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(silence_is_a_timeout_after_every_attempt),
		TEST(a_lost_packet_is_asked_for_again),
		TEST(half_an_answer_is_none_and_hides_nothing),
		TEST(a_whole_answer_of_the_next_server_replaces_half_a_one),
		TEST(passes_over_servers_that_do_not_answer),
		TEST(believes_the_first_server_that_says_there_is_no_such_name),
		TEST(names_the_most_telling_failure_of_several),
		TEST(a_configured_server_with_a_closed_port_is_silent),
		TEST(a_server_that_was_silent_three_times_is_asked_last),
		TEST(this_machines_own_resolver_that_does_not_run_is_local_trouble),
		TEST(a_server_without_a_route_is_local_trouble),
		TEST(running_out_of_descriptors_is_an_error_and_passes),
		TEST(names_its_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
