/* SPDX-License-Identifier: Apache-2.0 */
/* rpc/NAME: the stages, one after the other, and how each can end. */
#include "contract.h"

#include "rpc_lab.h"

/* --- the contract: a mapper, and one endpoint behind it --- */

static void open_peer(struct contract *c, enum contract_peer peer)
{
	struct lab *lab = calloc(1, sizeof *lab);
	uint16_t port;

	assert_non_null(lab);
	lab->h = c->h;
	lab_parse(&lab->conf, "licensing");
	if (peer == PEER_ANSWERS) {
		port = lab_accepts(lab);
		lab_maps(lab, &port, 1);
	} else {
		port = peer == PEER_REFUSES ? lab_refuses(lab) : lab_is_silent(lab);
		lab->conf.mapper_port = port;
	}
	c->peer = lab;
	c->address = harness_address("127.0.0.1");
	c->spec.ops = &rpc_probe_ops;
	c->spec.conf = &lab->conf;
	c->spec.target.address = &c->address;
}

static void close_peer(struct contract *c)
{
	struct lab *lab = c->peer;

	lab_close_place(&lab->mapper);
	lab_close_place(&lab->endpoints[0]);
	uv_run(&c->h->loop, UV_RUN_DEFAULT);
	lab_free_place(&lab->mapper);
	lab_free_place(&lab->endpoints[0]);
	free(lab);
}

static const struct contract_kind rpc_contract = {
	.open_peer = open_peer,
	.close_peer = close_peer,
	.answers = {STATE_OPEN, REASON_RPC_BOUND},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- the peer of these tests says what Samba said --- */

static void assert_bytes(const struct rpc_answers *a, const char *digits)
{
	size_t size = strlen(digits) / 2;

	assert_int_equal(a->size, size);
	for (size_t i = 0; i < size; i++) {
		char pair[3];
		snprintf(pair, sizeof pair, "%02x", a->bytes[i]);
		assert_memory_equal(pair, digits + 2 * i, 2);
	}
}

static void the_peer_speaks_as_samba_does(void **state)
{
	(void)state;
	struct rpc_answers a;
	answers_init(&a);
	say_bind_ack(&a, 0, 0);
	assert_bytes(&a,
		"05000c03100000003c00000001000000d016d016a1fd000004003133350000000100"
		"000000000000045d888aeb1cc9119fe808002b10486002000000");
	const struct rpc_listing samr = {.interface = SAMR, .port = 49154};
	a.size = 0;
	say_map(&a, &samr, 1, true, 0);
	/* But for the most towers that are asked for, and the tower's address. */
	assert_int_equal(a.bytes[48], 64);
	a.bytes[48] = 8;
	memset(a.bytes + a.size - 9, 0, 4);
	assert_bytes(&a,
		"05000203100000009800000002000000800000000000000000000000000000000000"
		"0000000000000000000001000000080000000000000001000000030000004b000000"
		"4b000000050013000d785734123412cdabef000123456789ac01000200000013000d"
		"045d888aeb1cc9119fe808002b10486002000200000001000b020000000100070200"
		"c0020100090400000000000000000000");
	answers_fini(&a);
}

/* --- the way through --- */

static void proves_every_stage_and_times_it(void **state)
{
	(void)state;
	char stages[256];
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	lab_maps(lab, &port, 1);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	assert_null(at.result.identity);
	json_t *root = lab_evidence(&at);
	assert_string_equal(
		lab_stages(root, stages, sizeof stages), "connect epm endpoint bind");
	assert_int_equal(lab_number(root, "port"), port);
	assert_string_equal(json_string_value(json_object_get(root, "uuid")),
		"3d267954-eeb7-11d1-b94e-00c04fa3080d");
	assert_string_equal(json_string_value(json_object_get(root, "version")), "1.0");
	assert_string_equal(
		json_string_value(json_object_get(root, "name")), "licensing");
	json_decref(root);
	/* One connection each, and the mapper kept nothing that is to be given back. */
	assert_int_equal(lab->mapper.speaker.accepted, 1);
	assert_int_equal(lab->endpoints[0].speaker.accepted, 1);
	assert_int_equal(lab_heard(lab, EPM_MAP), 1);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 0);
	harness_run_fini(&at);
	lab_free(lab);
}

static void tells_the_stages_as_they_happen(void **state)
{
	(void)state;
	char line[256];
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	lab_maps(lab, &port, 1);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	snprintf(line, sizeof line,
		"epm endpoint mapper: licensing (" LICENSING ") is on port %u\n", port);
	assert_non_null(strstr(lab->told, line));
	snprintf(line, sizeof line,
		"bind %u: licensing (" LICENSING ") accepted the bind in ", port);
	assert_non_null(strstr(lab->told, line));
	assert_memory_equal(lab->told, "connect ", 8);
	harness_run_fini(&at);
	lab_free(lab);
}

/* One connection after the other: never two slots, and the first descriptor is free
 * before the second is taken. */
static void holds_one_slot_at_a_time(void **state)
{
	(void)state;
	uint16_t ports[2];
	struct lab *lab = lab_new("licensing");
	lab->h->says_again = false;
	ports[0] = lab_accepts(lab);
	ports[1] = lab_accepts(lab);
	lab_maps(lab, ports, 2);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab->h->most_in_use, 1);
	assert_int_equal(lab->h->granted, 3);
	harness_run_fini(&at);
	lab_free(lab);
}

static void grant_now(uv_timer_t *timer)
{
	((struct harness *)timer->data)->holds_back = false;
}

/* What the pace costs is no silence of the peer. */
static void waits_for_its_slot_without_a_deadline(void **state)
{
	(void)state;
	uv_timer_t timer;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	lab_maps(lab, &port, 1);
	lab->spec.timeout_ms = 50;
	lab->h->says_again = false;
	lab->h->holds_back = true;
	uv_timer_init(&lab->h->loop, &timer);
	timer.data = lab->h;
	uv_timer_start(&timer, grant_now, 200, 0);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	uv_close((uv_handle_t *)&timer, NULL);
	harness_run_fini(&at);
	lab_free(lab);
}

static void is_cancelled_while_it_waits_for_its_slot(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	struct harness_run at = {0};
	lab_maps(lab, &port, 1);
	lab->h->says_again = false;
	lab->h->holds_back = true;
	harness_start(lab->h, &lab->spec, &at);
	while (lab->h->n_wants == 0)
		uv_run(&lab->h->loop, UV_RUN_ONCE);
	probe_run_cancel(at.run);
	lab->h->holds_back = false;
	harness_until_idle(lab->h);
	assert_int_equal(at.dones, 1);
	assert_result(&at, STATE_ERROR, REASON_CANCELLED, PHASE_ENDPOINT);
	assert_int_equal(at.result.rtt_us, 0);
	harness_run_fini(&at);
	lab_free(lab);
}

/* A cancel after each turn of the loop, from the first to the last. */
static void may_be_cancelled_at_every_event(void **state)
{
	(void)state;
	bool was_late = false;
	for (unsigned turns = 0; !was_late; turns++) {
		struct lab *lab = lab_new("licensing");
		uint16_t port = lab_accepts(lab);
		struct harness_run at = {0};
		lab_maps(lab, &port, 1);
		lab->h->says_again = turns % 2;
		harness_start(lab->h, &lab->spec, &at);
		for (unsigned i = 0; i < turns; i++)
			uv_run(&lab->h->loop, UV_RUN_NOWAIT);
		was_late = !at.run;
		if (at.run)
			probe_run_cancel(at.run);
		harness_until_idle(lab->h);
		assert_int_equal(at.dones, 1);
		if (was_late)
			assert_int_equal(at.result.state, STATE_OPEN);
		harness_run_fini(&at);
		lab_free(lab);
		assert_true(turns < 1000);
	}
}

static struct rlimit saved_limit;

static void want_without_descriptors(struct probe_env *env, struct probe_run *run)
{
	harness_limit_files(0, &saved_limit);
	harness_want(env, run);
}

static void no_descriptor_for_the_second_connection_is_an_error(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	lab_maps(lab, &port, 1);
	lab->h->says_again = false;
	lab->h->env.want = want_without_descriptors;
	struct harness_run at =
		lab_see(lab, STATE_ERROR, REASON_NO_DESCRIPTOR, PHASE_ENDPOINT);
	harness_limit_back(&saved_limit);
	assert_non_null(strstr(at.result.evidence, "\"errno\":\"EMFILE\""));
	assert_non_null(strstr(at.result.evidence, "\"phase\":\"epm\""));
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- several ports --- */

static void one_port_that_accepts_is_enough(void **state)
{
	(void)state;
	uint16_t ports[4], accepting;
	struct lab *lab = lab_new("licensing");
	lab->spec.timeout_ms = 100;
	ports[0] = lab_is_silent(lab);
	ports[1] = lab_refuses(lab);
	ports[2] = lab_binds(lab, 2, 1);
	accepting = ports[3] = lab_accepts(lab);
	lab_maps(lab, ports, ARRAY_SIZE(ports));
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	json_t *root = lab_evidence(&at);
	assert_int_equal(lab_number(root, "port"), accepting);
	/* All are tried, and told of. */
	assert_int_equal(json_array_size(json_object_get(root, "stages")), 8);
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void without_one_the_worst_counts(void **state)
{
	(void)state;
	uint16_t ports[3], silent;
	struct lab *lab = lab_new("licensing");
	lab->spec.timeout_ms = 100;
	ports[0] = lab_refuses(lab);
	silent = ports[1] = lab_is_silent(lab);
	ports[2] = lab_binds(lab, 2, 1);
	lab_maps(lab, ports, ARRAY_SIZE(ports));
	struct harness_run at =
		lab_see(lab, STATE_FILTERED, REASON_ENDPOINT_FILTERED, PHASE_ENDPOINT);
	json_t *root = lab_evidence(&at);
	assert_int_equal(lab_number(root, "port"), silent);
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void a_port_that_is_named_twice_is_tried_once(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	const uint16_t ports[] = {port, port, port};
	lab_maps(lab, ports, ARRAY_SIZE(ports));
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab->endpoints[0].speaker.accepted, 1);
	harness_run_fini(&at);
	lab_free(lab);
}

/* 20 ports that refuse: each costs a connection, so there is an end to it. */
static void no_more_than_sixteen_ports_are_tried(void **state)
{
	(void)state;
	uint16_t ports[20];
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_refuses(lab);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = (uint16_t)(i + 1);
	ports[0] = port;
	lab_maps(lab, ports, ARRAY_SIZE(ports));
	lab->h->says_again = false;
	struct harness_run at = {0};
	lab_run(lab, &at);
	assert_int_equal(lab->h->granted, 1 + RPC_MAX_PORTS);
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- interfaces that live with the mapper --- */

static void object_exporter_is_bound_and_called_without_the_mapper(void **state)
{
	(void)state;
	char stages[256];
	struct lab *lab = lab_new("object-exporter");
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_alive(a);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_RPC_ANSWERED, PHASE_CALL);
	json_t *root = lab_evidence(&at);
	lab_stages(root, stages, sizeof stages);
	assert_string_equal(stages, "connect bind call");
	json_decref(root);
	assert_int_equal(lab_heard(lab, 5), 1);
	assert_int_equal(lab->mapper.speaker.accepted, 1);
	harness_run_fini(&at);
	lab_free(lab);
}

static void expect_call(uint32_t status, enum probe_reason reason)
{
	struct lab *lab = lab_new("object-exporter");
	struct rpc_answers *a = lab_answers(&lab->mapper);

	say_bind_ack(a, 0, 0);
	if (status)
		say_fault(a, status);
	lab->spec.timeout_ms = status ? 2000 : 100;
	lab_start_mapper(lab);
	lab_expect(lab, STATE_FAILED, reason, PHASE_CALL);
}

static void a_call_that_fails(void **state)
{
	(void)state;
	expect_call(RPC_OP_RANGE, REASON_RPC_FAULT);
	expect_call(RPC_ACCESS_DENIED, REASON_RPC_ACCESS_DENIED);
	expect_call(0, REASON_RPC_SILENT);
}

static void its_port_is_judged_as_any(void **state)
{
	(void)state;
	struct lab *lab = lab_new("object-exporter");
	lab->conf.mapper_port = lab_refuses(lab);
	lab_expect(lab, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	lab = lab_new("object-exporter");
	lab->conf.mapper_port = lab_is_silent(lab);
	lab->spec.timeout_ms = 100;
	lab_expect(lab, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
}

/* --- a late loop --- */

/* The answers came in time; the loop was busy elsewhere. */
static void answers_that_came_in_time_count_though_the_loop_is_late(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_accepts(lab);
	struct harness_run at = {0};
	lab_maps(lab, &port, 1);
	lab->spec.timeout_ms = 20;
	harness_start(lab->h, &lab->spec, &at);
	for (uint64_t start = uv_hrtime(); uv_hrtime() - start < 40000000;)
		;
	harness_until_idle(lab->h);
	assert_result(&at, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	harness_run_fini(&at);
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("rpc: ", &rpc_contract),
		cmocka_unit_test(the_peer_speaks_as_samba_does),
		cmocka_unit_test(proves_every_stage_and_times_it),
		cmocka_unit_test(tells_the_stages_as_they_happen),
		cmocka_unit_test(holds_one_slot_at_a_time),
		cmocka_unit_test(waits_for_its_slot_without_a_deadline),
		cmocka_unit_test(is_cancelled_while_it_waits_for_its_slot),
		cmocka_unit_test(may_be_cancelled_at_every_event),
		cmocka_unit_test(no_descriptor_for_the_second_connection_is_an_error),
		cmocka_unit_test(one_port_that_accepts_is_enough),
		cmocka_unit_test(without_one_the_worst_counts),
		cmocka_unit_test(a_port_that_is_named_twice_is_tried_once),
		cmocka_unit_test(no_more_than_sixteen_ports_are_tried),
		cmocka_unit_test(
			object_exporter_is_bound_and_called_without_the_mapper),
		cmocka_unit_test(a_call_that_fails),
		cmocka_unit_test(its_port_is_judged_as_any),
		cmocka_unit_test(
			answers_that_came_in_time_count_though_the_loop_is_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
