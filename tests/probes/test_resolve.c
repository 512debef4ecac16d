/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/size.h"
#include "probes/resolve.h"
#include "tests/probes/dns_peer.h"

/* Everything a test needs: a loop, some servers, a resolver, and the last answer. */
struct bench {
	uv_loop_t loop;
	struct dns_peer peers[3];
	size_t n_peers;
	struct resolver *resolver;
	unsigned calls, closed;
	enum probe_state state;
	enum probe_reason reason;
	size_t count;
	struct net_address items[RESOLVER_MAX_ADDRESSES];
	uint8_t family; /* of the resolver to be opened */
	char resolv_conf[32], hosts[32];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	*state = bench;
	return 0;
}

static void on_closed(void *data)
{
	((struct bench *)data)->closed++;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	if (bench->resolver)
		resolver_close(bench->resolver, on_closed, bench);
	for (size_t i = 0; i < bench->n_peers; i++)
		dns_peer_close(&bench->peers[i]);
	while (uv_run(&bench->loop, UV_RUN_DEFAULT) != 0)
		; /* an answer outside of the loop may have stopped it */
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	assert_int_equal(bench->closed, 1);
	if (bench->hosts[0])
		unlink(bench->hosts);
	if (bench->resolv_conf[0])
		unlink(bench->resolv_conf);
	free(bench);
	return 0;
}

static void open_peers(struct bench *bench, size_t n)
{
	for (; bench->n_peers < n; bench->n_peers++)
		dns_peer_open(&bench->peers[bench->n_peers], &bench->loop);
}

static void write_file(char path[32], const char *text)
{
	if (!path[0])
		snprintf(path, 32, "/tmp/reachd.test.XXXXXX");
	int fd =
		strstr(path, "XXXXXX") ? mkstemp(path) : open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A resolver that asks the peers in order. */
static void open_configured(struct bench *bench, uint32_t timeout_ms, uint32_t attempts)
{
	struct resolver_server servers[ARRAY_SIZE(bench->peers)];
	for (size_t i = 0; i < bench->n_peers; i++) {
		net_address_parse("127.0.0.1", &servers[i].address);
		servers[i].port = bench->peers[i].port;
	}
	struct resolver_options options = {.servers = servers,
		.n_servers = bench->n_peers,
		.timeout_ms = timeout_ms,
		.attempts = attempts,
		.family = bench->family};
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
}

/* A resolver for the first peer with a search list and hosts from files. */
static void open_system(struct bench *bench, const char *rest, const char *hosts)
{
	char text[512];
	snprintf(text, sizeof text, "nameserver 127.0.0.1\n%s", rest);
	write_file(bench->resolv_conf, text);
	write_file(bench->hosts, hosts);
	struct resolver_options options = {.timeout_ms = 1000,
		.attempts = 1,
		.family = bench->family,
		.resolv_conf = bench->resolv_conf,
		.hosts_file = bench->hosts,
		.system_port = bench->peers[0].port};
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
}

static void on_addresses(void *data, const struct resolver_addresses *answer)
{
	struct bench *bench = data;
	bench->calls++;
	bench->state = answer->state;
	bench->reason = answer->reason;
	bench->count = answer->count;
	for (size_t i = 0; i < answer->count; i++)
		bench->items[i] = answer->items[i];
	uv_stop(&bench->loop);
}

static void look_up(struct bench *bench, const char *name)
{
	unsigned before = bench->calls;
	assert_int_equal(
		resolver_lookup(bench->resolver, name, on_addresses, bench), 0);
	assert_int_equal(bench->calls, before);
	while (bench->calls == before)
		uv_run(&bench->loop, UV_RUN_DEFAULT);
}

#define assert_found(bench, ...)                                                   \
	do {                                                                       \
		const char *const wanted_[] = {__VA_ARGS__};                       \
		assert_addresses((bench), wanted_, ARRAY_SIZE(wanted_), __LINE__); \
	} while (0)

static void assert_addresses(
	const struct bench *bench, const char *const *wanted, size_t n, int line)
{
	char text[NET_ADDRESS_TEXT];
	if (bench->count != n)
		fail_msg("line %d: %zu addresses, not %zu", line, bench->count, n);
	for (size_t i = 0; i < n; i++) {
		net_address_format(&bench->items[i], text, sizeof text);
		if (strcmp(text, wanted[i]) != 0)
			fail_msg("line %d: %s, not %s", line, text, wanted[i]);
	}
}

#define assert_outcome(bench, state_, reason_)                                       \
	do {                                                                         \
		assert_string_equal(                                                 \
			probe_state_word((bench)->state), probe_state_word(state_)); \
		assert_string_equal(probe_reason_word((bench)->reason),              \
			probe_reason_word(reason_));                                 \
	} while (0)

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

static void closing_cancels_what_is_in_flight_before_it_returns(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	bench->peers[0].deaf = true;
	open_configured(bench, 60000, 1);
	for (int i = 0; i < 3; i++)
		resolver_lookup(bench->resolver, "a.example", on_addresses, bench);
	while (bench->peers[0].n_udp < 6)
		uv_run(&bench->loop, UV_RUN_ONCE);
	resolver_lookup(bench->resolver, "not.sent.example", on_addresses, bench);
	resolver_lookup(bench->resolver, "10.0.0.1", on_addresses, bench);
	resolver_close(bench->resolver, on_closed, bench);
	assert_int_equal(bench->calls, 5);
	assert_outcome(bench, STATE_ERROR, REASON_CANCELLED);
	assert_int_equal(bench->closed, 0);
	bench->resolver = NULL;
}

static void close_from_answer(void *data, const struct resolver_addresses *answer)
{
	struct bench *bench = data;
	on_addresses(bench, answer);
	if (bench->calls == 1) {
		resolver_close(bench->resolver, on_closed, bench);
		assert_int_equal(resolver_lookup(bench->resolver, "late.example",
					 on_addresses, bench),
			UV_ECANCELED);
		bench->resolver = NULL;
	}
}

static void may_be_closed_from_an_answer(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "a.example", DNS_TYPE_A, "10.0.0.1");
	open_configured(bench, 1000, 1);
	for (int i = 0; i < 10; i++)
		resolver_lookup(bench->resolver, "a.example", close_from_answer, bench);
	while (bench->calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	assert_int_equal(bench->calls, 10);
	assert_outcome(bench, STATE_ERROR, REASON_CANCELLED);
}

static void on_reply(void *data, const struct dns_reply *reply)
{
	(void)reply;
	++*(unsigned *)data;
}

static void a_detached_query_is_never_called_back(void **state)
{
	struct bench *bench = *state;
	struct dns_query *queries[3];
	unsigned calls = 0;
	open_peers(bench, 1);
	open_configured(bench, 1000, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(resolver_query(bench->resolver, 0, "a.example",
					 DNS_TYPE_A, on_reply, &calls, &queries[i]),
			0);
	assert_false(dns_query_is_held(queries[0]));
	dns_query_detach(queries[0]);
	while (bench->peers[0].n_udp < 2)
		uv_run(&bench->loop, UV_RUN_ONCE);
	if (calls == 0)
		dns_query_detach(queries[1]);
	while (calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	look_up(bench, "b.example");
	assert_int_equal(calls, 1);
}

static void a_silent_server_gets_a_window_of_queries_at_a_time(void **state)
{
	struct bench *bench = *state;
	struct dns_query *queries[DNS_CHANNEL_WINDOW + 1];
	unsigned calls = 0;
	open_peers(bench, 1);
	bench->peers[0].deaf = true;
	open_configured(bench, 60000, 1);
	for (unsigned i = 0; i <= DNS_CHANNEL_WINDOW; i++)
		assert_int_equal(resolver_query(bench->resolver, 0, "a.example",
					 DNS_TYPE_A, on_reply, &calls, &queries[i]),
			0);
	assert_false(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	uint64_t before = clock_monotonic_us();
	while (bench->peers[0].n_udp < DNS_CHANNEL_WINDOW)
		uv_run(&bench->loop, UV_RUN_ONCE);
	if (clock_monotonic_us() - before < 50000)
		assert_true(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	assert_false(dns_query_is_held(queries[0]));
	/* Then the first are no longer counted on, and it is the last one's turn. */
	while (bench->peers[0].n_udp <= DNS_CHANNEL_WINDOW)
		uv_run(&bench->loop, UV_RUN_ONCE);
	assert_true(clock_monotonic_us() - before >= 50000);
	assert_false(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	dns_query_detach(queries[1]);
	resolver_close(bench->resolver, on_closed, bench);
	bench->resolver = NULL;
	assert_int_equal(calls, DNS_CHANNEL_WINDOW);
}

/* Ten thousand lookups at once, each with its own answer. */
struct many {
	struct bench *bench;
	unsigned number;
};

static unsigned n_right;

static void on_one_of_many(void *data, const struct resolver_addresses *answer)
{
	struct many *one = data;
	one->bench->calls++;
	uint8_t wanted[4] = {10, (uint8_t)(one->number >> 16),
		(uint8_t)(one->number >> 8), (uint8_t)one->number};
	if (answer->state == STATE_OPEN && answer->count == 1 &&
		memcmp(answer->items[0].bytes, wanted, 4) == 0)
		n_right++;
}

static void ten_thousand_lookups_at_once_each_get_their_own_answer(void **state)
{
	struct bench *bench = *state;
	enum {
		MANY = 10000
	};
	struct many *many = calloc(MANY, sizeof *many);
	char name[32];
	assert_non_null(many);
	open_peers(bench, 1);
	bench->peers[0].numbered = true;
	/* Patience, for the servers share this thread, and valgrind may slow it down.
	 */
	open_configured(bench, 60000, 1);
	n_right = 0;
	uint64_t before = clock_monotonic_us();
	for (unsigned i = 0; i < MANY; i++) {
		many[i] = (struct many){bench, i};
		snprintf(name, sizeof name, "h%u.corp.example", i);
		assert_int_equal(resolver_lookup(bench->resolver, name, on_one_of_many,
					 &many[i]),
			0);
	}
	while (bench->calls < MANY)
		uv_run(&bench->loop, UV_RUN_ONCE);
	print_message("%d lookups in %llu ms, %u queries\n", MANY,
		(unsigned long long)((clock_monotonic_us() - before) / 1000),
		bench->peers[0].n_udp);
	assert_int_equal(n_right, MANY);
	free(many);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(silence_is_a_timeout_after_every_attempt),
		TEST(a_lost_packet_is_asked_for_again),
		TEST(half_an_answer_is_none_and_hides_nothing),
		TEST(a_whole_answer_of_the_next_server_replaces_half_a_one),
		TEST(passes_over_servers_that_do_not_answer),
		TEST(believes_the_first_server_that_says_there_is_no_such_name),
		TEST(names_the_most_telling_failure_of_several),
		TEST(asks_again_over_tcp_when_an_answer_is_truncated),
		TEST(keeps_the_lowest_of_too_many_addresses),
		TEST(nonsense_is_malformed),
		TEST(a_referral_is_a_refusal),
		TEST(a_configured_server_with_a_closed_port_is_silent),
		TEST(a_server_that_was_silent_three_times_is_asked_last),
		TEST(this_machines_own_resolver_that_does_not_run_is_local_trouble),
		TEST(a_server_without_a_route_is_local_trouble),
		TEST(running_out_of_descriptors_is_an_error_and_passes),
		TEST(the_hosts_file_comes_first_and_is_read_again_when_it_changes),
		TEST(the_search_list_completes_short_names),
		TEST(a_failing_domain_ends_the_search),
		TEST(configured_servers_know_no_hosts_file_and_no_search_list),
		TEST(names_its_servers),
		TEST(closing_cancels_what_is_in_flight_before_it_returns),
		TEST(may_be_closed_from_an_answer),
		TEST(a_detached_query_is_never_called_back),
		TEST(a_silent_server_gets_a_window_of_queries_at_a_time),
		TEST(ten_thousand_lookups_at_once_each_get_their_own_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
