/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "socket_peer.h"

#include "probes/net/sockerr.h"
#include "probes/registry.h"

static _Alignas(max_align_t) unsigned char conf[64];

static const void *parse(unsigned port)
{
	char argument[16], canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;
	assert_true(tcp_probe_ops.conf_size <= sizeof conf);
	snprintf(argument, sizeof argument, "%u", port);
	assert_true(tcp_probe_ops.parse(
		argument, NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, argument);
	return conf;
}

/* --- the contract --- */

static void open_peer_on(struct contract *c, enum contract_peer peer, const char *host)
{
	c->spec.ops = &tcp_probe_ops;
	c->spec.conf = parse(socket_peer_open(c, peer, host));
}

static void open_peer(struct contract *c, enum contract_peer peer)
{
	open_peer_on(c, peer, "127.0.0.1");
}

static void open_peer_v6(struct contract *c, enum contract_peer peer)
{
	open_peer_on(c, peer, "::1");
}

#define TCP_CONTRACT(opener)                                            \
	{                                                               \
		.open_peer = (opener), .close_peer = socket_peer_close, \
		.answers = {STATE_OPEN, REASON_SYN_ACK},                \
		.refuses = {STATE_CLOSED, REASON_RST},                  \
		.silent = {STATE_FILTERED, REASON_TIMEOUT},             \
		.without_descriptors = REASON_NO_DESCRIPTOR,            \
	}

static const struct contract_kind tcp_v4 = TCP_CONTRACT(open_peer);
static const struct contract_kind tcp_v6 = TCP_CONTRACT(open_peer_v6);

/* --- beyond the contract --- */

static struct harness_run probe(const char *host, uint16_t port, uint32_t timeout_ms)
{
	struct harness *h = harness_new();
	struct net_address address = harness_address(host);
	struct probe_spec spec = {
		.ops = &tcp_probe_ops,
		.conf = parse(port),
		.target = {.host = "peer", .address = &address},
		.timeout_ms = timeout_ms,
		.attempts = 1,
		.window = 1,
	};
	struct harness_run at = harness_run_one(h, &spec);
	harness_free(h);
	return at;
}

static void an_answer_has_a_round_trip_and_no_evidence(void **state)
{
	(void)state;
	uint16_t port = 0;
	int fd = harness_listen("127.0.0.1", &port);
	struct harness_run at = probe("127.0.0.1", port, 2000);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	assert_int_equal(at.result.attempts, 1);
	assert_null(at.result.evidence);
	assert_null(at.result.identity);
	close(fd);
}

static void silence_has_no_round_trip_and_takes_the_time_limit(void **state)
{
	(void)state;
	uint16_t port = 0;
	int filler;
	int fd = harness_silence("127.0.0.1", &port, &filler);
	uint64_t before = uv_hrtime();
	struct harness_run at = probe("127.0.0.1", port, 120);
	uint64_t took_ms = (uv_hrtime() - before) / 1000000;
	assert_result(&at, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	assert_int_equal(at.result.rtt_us, 0);
	assert_in_range(took_ms, 120, 1000);
	close(filler);
	close(fd);
}

/* The peer sees a reset instead of an end of file, so no TIME_WAIT stays here. */
static void closes_with_a_reset(void **state)
{
	(void)state;
	uint16_t port = 0;
	char byte;
	int fd = harness_listen("127.0.0.1", &port);
	struct harness_run at = probe("127.0.0.1", port, 2000);
	assert_int_equal(at.result.state, STATE_OPEN);
	int peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(read(peer, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close(peer);
	close(fd);
}

/* connect() itself refuses TCP to the broadcast address. */
static void a_refused_call_is_an_error_with_its_errno(void **state)
{
	(void)state;
	struct harness_run at = probe("255.255.255.255", 80, 500);
	assert_int_equal(at.result.state, STATE_ERROR);
	assert_true(probe_reason_is_local(at.result.reason));
	assert_non_null(at.result.evidence);
	assert_non_null(strstr(at.result.evidence, "\"errno\":\"E"));
	harness_run_fini(&at);
}

/* While the loop is stuck elsewhere the time limit passes, but the answer had come. */
static void an_answer_that_came_in_time_counts_though_the_loop_is_late(void **state)
{
	(void)state;
	uint16_t port = 0;
	int fd = harness_listen("127.0.0.1", &port);
	struct harness *h = harness_new();
	struct net_address address = harness_address("127.0.0.1");
	struct probe_spec spec = {
		.ops = &tcp_probe_ops,
		.conf = parse(port),
		.target = {.host = "peer", .address = &address},
		.timeout_ms = 5,
		.attempts = 1,
		.window = 1,
	};
	struct harness_run at = {0};
	harness_start(h, &spec, &at);
	/* libuv runs timers before it polls: time must have passed for that. */
	for (uint64_t start = uv_hrtime(); uv_hrtime() - start < 20000000;)
		;
	harness_until_idle(h);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	harness_free(h);
	close(fd);
}

/* Binding the probe's side to the probed port makes TCP meet itself. */
static void a_socket_that_met_itself_is_no_listener(void **state)
{
	(void)state;
	uint16_t port = 0;
	int fd = harness_bind("127.0.0.1", &port);
	assert_true(fd >= 0);
	struct net_address address = harness_address("127.0.0.1");
	struct sockaddr_storage ss;
	socklen_t length = net_address_to_sockaddr(&address, port, &ss);
	struct sockerr err;
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, length), 0);
	sockerr_from_event(fd, 0, &address, &err);
	assert_int_equal(err.state, STATE_CLOSED);
	assert_int_equal(err.reason, REASON_RST);
	close(fd);
}

static void refuses_what_is_no_port(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"0", "65536", "-1", "+1", "80x", "x", "", " 80", "1-2", "99999999999"};
	char canonical[PROBE_ARGUMENT_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *error = NULL;
		assert_false(tcp_probe_ops.parse(
			wrong[i], NULL, conf, canonical, sizeof canonical, &error));
		assert_non_null(strstr(error, "1 to 65535"));
	}
}

static void a_port_is_written_without_its_zeros(void **state)
{
	(void)state;
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error;
	assert_true(tcp_probe_ops.parse(
		"00443", NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "443");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("tcp: ", &tcp_v4),
		CONTRACT_TESTS("tcp, IPv6: ", &tcp_v6),
		cmocka_unit_test(an_answer_has_a_round_trip_and_no_evidence),
		cmocka_unit_test(silence_has_no_round_trip_and_takes_the_time_limit),
		cmocka_unit_test(closes_with_a_reset),
		cmocka_unit_test(a_refused_call_is_an_error_with_its_errno),
		cmocka_unit_test(
			an_answer_that_came_in_time_counts_though_the_loop_is_late),
		cmocka_unit_test(a_socket_that_met_itself_is_no_listener),
		cmocka_unit_test(refuses_what_is_no_port),
		cmocka_unit_test(a_port_is_written_without_its_zeros),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
