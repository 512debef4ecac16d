/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "socket_peer.h"

#include <fcntl.h>

#include "probes/trace/trace.h"
#include "probes/trace/walk.h"

static struct trace_conf conf;

static const void *conf_of(uint16_t port)
{
	conf = (struct trace_conf){.port = port, .budget_ms = 5000};
	return &conf;
}

/* --- the contract --- */

static void open_peer(struct contract *c, enum contract_peer peer)
{
	c->spec.ops = &trace_probe_ops;
	c->spec.conf = conf_of(socket_peer_open(c, peer, "127.0.0.1"));
	c->spec.timeout_ms = 30;
}

static const struct contract_kind trace = {
	.open_peer = open_peer,
	.close_peer = socket_peer_close,
	.answers = {STATE_OPEN, REASON_SYN_ACK},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- what is particular to it --- */

struct scene {
	struct harness *h;
	struct net_address address;
	struct probe_spec spec;
	struct harness_run at;
};

static void scene_open(struct scene *s, const char *address, uint16_t port)
{
	*s = (struct scene){.h = harness_new(), .address = harness_address(address)};
	s->spec = (struct probe_spec){
		.ops = &trace_probe_ops,
		.conf = conf_of(port),
		.target = {.host = "peer"},
		.timeout_ms = 30,
		.attempts = 1,
		.window = 8,
	};
	s->spec.target.address = &s->address;
}

static void scene_run(struct scene *s)
{
	s->at = harness_run_one(s->h, &s->spec);
}

static void scene_close(struct scene *s)
{
	harness_run_fini(&s->at);
	harness_free(s->h);
}

static void assert_evidence(const struct scene *s, const char *text)
{
	assert_non_null(s->at.result.evidence);
	if (!strstr(s->at.result.evidence, text))
		fail_msg("no %s in %s", text, s->at.result.evidence);
}

static void see_listener(const char *address)
{
	struct scene s;
	uint16_t port = 0;
	int fd = harness_listen(address, &port);
	char text[96];
	scene_open(&s, address, port);
	scene_run(&s);
	assert_result(&s.at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	assert_int_equal(s.at.result.attempts, WALK_PATHS);
	assert_in_range(s.at.result.rtt_us, 1, 1000000);
	snprintf(text, sizeof text,
		"{\"trace\":{\"address\":\"%s\",\"port\":%u,\"paths\":3,\"hops\":[],",
		address, port);
	assert_evidence(&s, text);
	assert_evidence(&s, "\"last\":null,\"reached\":{\"ttl\":1,\"by\":\"syn-ack\"");
	assert_evidence(&s, "\"stopped\":null,\"silent\":0}}");
	scene_close(&s);
	close(fd);
}

static void a_listener_on_this_machine_is_one_hop_away(void **state)
{
	(void)state;
	see_listener("127.0.0.1");
}

static void and_so_it_is_by_ipv6(void **state)
{
	(void)state;
	see_listener("::1");
}

static void a_reset_is_told_by_its_name(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int fd = harness_refuse("127.0.0.1", &port);
	scene_open(&s, "127.0.0.1", port);
	scene_run(&s);
	assert_result(&s.at, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	assert_evidence(&s, "\"reached\":{\"ttl\":1,\"by\":\"rst\"");
	scene_close(&s);
	close(fd);
}

static void a_distance_takes_one_path(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int fd = harness_listen("127.0.0.1", &port);
	scene_open(&s, "127.0.0.1", port);
	conf.distance = true;
	scene_run(&s);
	assert_result(&s.at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	/* 30, 15, 7, 3, 1 */
	assert_int_equal(s.at.result.attempts, 5);
	assert_int_equal(s.h->most_in_use, 1);
	assert_evidence(&s, "\"paths\":1,");
	assert_evidence(&s, "\"reached\":{\"ttl\":1,");
	scene_close(&s);
	close(fd);
}

static void see_silence(struct scene *s)
{
	uint16_t port = 0;
	int filler, fd = harness_silence("127.0.0.1", &port, &filler);
	scene_open(s, "127.0.0.1", port);
	scene_run(s);
	assert_result(&s->at, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	close(fd);
	close(filler);
}

static void silence_ends_after_its_gap(void **state)
{
	(void)state;
	struct scene s;
	see_silence(&s);
	assert_int_equal(
		s.at.result.attempts, WALK_PATHS * WALK_TRIES * (WALK_GAP + 1));
	assert_evidence(&s, "\"hops\":[],\"last\":null,\"reached\":null,"
			    "\"stopped\":null,\"silent\":3}}");
	scene_close(&s);
}

static void never_has_more_syns_in_flight_than_its_window(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int filler, fd = harness_silence("127.0.0.1", &port, &filler);
	scene_open(&s, "127.0.0.1", port);
	s.spec.window = 1;
	s.spec.timeout_ms = 5;
	scene_run(&s);
	assert_result(&s.at, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	assert_int_equal(s.h->most_in_use, 1);
	scene_close(&s);
	close(fd);
	close(filler);
}

/* Without env->again each SYN has a slot that was asked for and given back. */
static void asks_for_a_slot_for_every_syn(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int filler, fd = harness_silence("127.0.0.1", &port, &filler);
	scene_open(&s, "127.0.0.1", port);
	s.spec.timeout_ms = 5;
	s.h->says_again = false;
	scene_run(&s);
	assert_in_range(
		s.h->granted, s.at.result.attempts, s.at.result.attempts + WALK_PATHS);
	scene_close(&s);
	close(fd);
	close(filler);
}

static void says_what_it_knows_when_its_budget_is_spent(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int filler, fd = harness_silence("127.0.0.1", &port, &filler);
	scene_open(&s, "127.0.0.1", port);
	conf.budget_ms = 40;
	s.spec.timeout_ms = 500;
	scene_run(&s);
	assert_result(&s.at, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	assert_int_equal(s.at.result.attempts, WALK_PATHS);
	assert_evidence(&s, "\"silent\":3,\"cut\":true}}");
	scene_close(&s);
	close(fd);
	close(filler);
}

struct lines {
	unsigned count;
	char first[96];
};

static struct lines lines;

static void note_line(struct probe_env *env, struct probe_run *run,
	enum probe_phase phase, const char *text)
{
	(void)env;
	(void)run;
	assert_int_equal(phase, PHASE_TRACE);
	if (lines.count++ == 0)
		snprintf(lines.first, sizeof lines.first, "%s", text);
}

static void tells_what_answers_at_which_hop(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int fd = harness_listen("127.0.0.1", &port);
	scene_open(&s, "127.0.0.1", port);
	lines = (struct lines){.count = 0};
	s.h->env.tell = note_line;
	scene_run(&s);
	/* All three paths end alike: that is said once. */
	assert_int_equal(lines.count, 1);
	assert_non_null(strstr(lines.first, "hop  1  the target, syn-ack  "));
	scene_close(&s);
	close(fd);
}

/* A path keeps its source port, whatever the TTL; three paths have three. */
static void every_path_has_a_port_of_its_own_and_keeps_it(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	uint16_t seen[8];
	unsigned n_seen = 0;
	int fd = harness_listen("127.0.0.1", &port);
	scene_open(&s, "127.0.0.1", port);
	conf.distance = true;
	scene_run(&s);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		int peer = accept(fd, (struct sockaddr *)&from, &length);
		if (peer < 0)
			break;
		assert_true(n_seen < ARRAY_SIZE(seen));
		seen[n_seen++] = from.sin_port;
		close(peer);
	}
	assert_true(n_seen > 1);
	for (unsigned i = 1; i < n_seen; i++)
		assert_int_equal(seen[i], seen[0]);
	scene_close(&s);
	close(fd);
}

static void no_route_is_this_machines_own_trouble(void **state)
{
	(void)state;
	struct scene s;
	/* The kernel refuses to connect to class E without a route: 240.0.0.0/4. */
	scene_open(&s, "255.255.255.255", 9);
	scene_run(&s);
	assert_int_equal(s.at.result.state, STATE_ERROR);
	assert_true(probe_reason_is_local(s.at.result.reason));
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("trace: ", &trace),
		cmocka_unit_test(a_listener_on_this_machine_is_one_hop_away),
		cmocka_unit_test(and_so_it_is_by_ipv6),
		cmocka_unit_test(a_reset_is_told_by_its_name),
		cmocka_unit_test(a_distance_takes_one_path),
		cmocka_unit_test(silence_ends_after_its_gap),
		cmocka_unit_test(never_has_more_syns_in_flight_than_its_window),
		cmocka_unit_test(asks_for_a_slot_for_every_syn),
		cmocka_unit_test(says_what_it_knows_when_its_budget_is_spent),
		cmocka_unit_test(tells_what_answers_at_which_hop),
		cmocka_unit_test(every_path_has_a_port_of_its_own_and_keeps_it),
		cmocka_unit_test(no_route_is_this_machines_own_trouble),
	};
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
