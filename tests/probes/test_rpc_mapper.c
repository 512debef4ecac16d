/* SPDX-License-Identifier: Apache-2.0 */
/* What an endpoint mapper may say to rpc/NAME and rpc/UUID, and what comes of it. */
#include "harness.h"

#include "rpc_lab.h"

/* --- how the mapper can fail --- */

/* A mapper that has said `answers` and then does `end`. */
static void expect_mapper(struct lab *lab, enum speaker_end end, bool is_slow,
	enum probe_state state, enum probe_reason reason)
{
	lab->spec.timeout_ms = is_slow ? 100 : 2000;
	lab_script(&lab->mapper)->end = end;
	lab_start_mapper(lab);
	lab_expect(lab, state, reason, PHASE_EPM);
}

static void a_silent_mapper(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	lab_answers(&lab->mapper);
	expect_mapper(lab, SPEAKER_STAYS, true, STATE_FAILED, REASON_EPM_SILENT);
	lab = lab_new("licensing");
	say_bind_ack(lab_answers(&lab->mapper), 0, 0);
	expect_mapper(lab, SPEAKER_STAYS, true, STATE_FAILED, REASON_EPM_SILENT);
}

static void a_mapper_that_hangs_up(void **state)
{
	(void)state;
	static const enum speaker_end ends[] = {SPEAKER_CLOSES, SPEAKER_RESETS};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct lab *lab = lab_new("licensing");
		lab_answers(&lab->mapper);
		expect_mapper(lab, ends[i], false, STATE_FAILED, REASON_EPM_CLOSED);
		lab = lab_new("licensing");
		say_bind_ack(lab_answers(&lab->mapper), 0, 0);
		expect_mapper(lab, ends[i], false, STATE_FAILED, REASON_EPM_CLOSED);
	}
}

static void a_server_that_is_no_mapper(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	say_bind_ack(lab_answers(&lab->mapper), 2, 1);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_FAILED, REASON_EPM_NO_MAPPER, PHASE_EPM);
	assert_non_null(
		strstr(at.result.evidence, "\"result\":2,\"provider_reason\":1"));
	assert_in_range(at.result.rtt_us, 1, 2000000);
	harness_run_fini(&at);
	lab_free(lab);
	lab = lab_new("licensing");
	say_bind_nak(lab_answers(&lab->mapper), 4);
	expect_mapper(lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_RPC_BIND_NAK);
}

static void a_mapper_that_talks_nonsense(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	say(lab_answers(&lab->mapper), "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	expect_mapper(
		lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR);
	/* An answer to another call. */
	lab = lab_new("licensing");
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_bind_ack(a, 0, 0);
	expect_mapper(
		lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR);
	/* A response that is no map. */
	lab = lab_new("licensing");
	a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_alive(a);
	expect_mapper(
		lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR);
}

static void an_interface_that_nobody_registered(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	lab_maps(lab, NULL, 0);
	struct harness_run at =
		lab_see(lab, STATE_FAILED, REASON_EPM_NOT_REGISTERED, PHASE_EPM);
	assert_non_null(strstr(lab->told, "is not registered on TCP"));
	harness_run_fini(&at);
	lab_free(lab);
}

/* Named pipes, other interfaces and port 0 are no way to it over TCP. */
static void an_interface_that_is_not_on_tcp(void **state)
{
	(void)state;
	static const struct rpc_listing others[] = {
		{.interface = LICENSING, .port = 1, .protocol = 0x0f},
		{.interface = LICENSING, .port = 593, .protocol = 0x1f},
		{.interface = LICENSING, .port = 0},
		{.interface = SAMR, .port = 49154},
	};
	struct lab *lab = lab_new("licensing");
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_map(a, others, ARRAY_SIZE(others), true, 0);
	expect_mapper(
		lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_EPM_NOT_REGISTERED);
}

static void faults_are_told_by_their_status(void **state)
{
	(void)state;
	static const struct {
		uint32_t status;
		const char *text;
	} faults[] = {
		{0x1c010014, "\"status\":\"0x1c010014\",\"status_word\":\"too-busy\""},
		{0x1c010002, "\"status\":\"0x1c010002\",\"status_word\":\"op-range\""},
		{0x1c00001d, "\"status\":\"0x1c00001d\"}"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct lab *lab = lab_new("licensing");
		struct rpc_answers *a = lab_answers(&lab->mapper);
		say_bind_ack(a, 0, 0);
		say_fault(a, faults[i].status);
		lab_start_mapper(lab);
		struct harness_run at =
			lab_see(lab, STATE_FAILED, REASON_RPC_FAULT, PHASE_EPM);
		assert_non_null(strstr(at.result.evidence, faults[i].text));
		harness_run_fini(&at);
		lab_free(lab);
	}
	/* A status that comes in a response. */
	struct lab *lab = lab_new("licensing");
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_map(a, NULL, 0, true, 0x16c9a0cd);
	expect_mapper(lab, SPEAKER_STAYS, false, STATE_FAILED, REASON_RPC_FAULT);
}

static void denies(struct lab *lab)
{
	struct rpc_answers *a = lab_answers(&lab->mapper);

	say_bind_ack(a, 0, 0);
	say_fault(a, RPC_ACCESS_DENIED);
	lab_start_mapper(lab);
}

static void a_mapper_that_wants_a_log_on(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	denies(lab);
	lab_expect(lab, STATE_FAILED, REASON_EPM_ACCESS_DENIED, PHASE_EPM);
}

static void then_the_configured_ports_are_tried(void **state)
{
	(void)state;
	char stages[256];
	struct lab *lab = lab_new("licensing");
	lab->conf.fixed[0] = lab_refuses(lab);
	lab->conf.fixed[1] = lab_accepts(lab);
	lab->conf.n_fixed = 2;
	denies(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	json_t *root = lab_evidence(&at);
	lab_stages(root, stages, sizeof stages);
	assert_string_equal(stages, "connect epm endpoint:closed endpoint bind");
	assert_int_equal(lab_number(root, "port"), lab->conf.fixed[1]);
	assert_non_null(strstr(at.result.evidence, "\"reason\":\"epm-access-denied\""));
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

/* A server that wants a log-on may say so at the bind. */
static void a_mapper_that_refuses_the_association_too(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	lab->conf.fixed[0] = lab_accepts(lab);
	lab->conf.n_fixed = 1;
	say_bind_nak(lab_answers(&lab->mapper), 8);
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	json_t *root = lab_evidence(&at);
	json_t *epm = json_array_get(json_object_get(root, "stages"), 1);
	assert_string_equal(
		json_string_value(json_object_get(epm, "reason")), "rpc-bind-nak");
	assert_int_equal(lab_number(epm, "nak"), 8);
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- several answers to one question --- */

static void a_map_goes_on_while_there_is_more(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	const struct rpc_listing first = {
		.interface = LICENSING, .port = lab_refuses(lab)};
	const struct rpc_listing second = {
		.interface = LICENSING, .port = lab_accepts(lab)};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_map(a, &first, 1, false, 0);
	say_map(a, &second, 1, true, 0);
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab_heard(lab, EPM_MAP), 2);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 0);
	harness_run_fini(&at);
	lab_free(lab);
}

/* A mapper that says there is more and gives nothing would go round for ever. */
static void a_map_without_end_is_left_and_its_handle_freed(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	const struct rpc_listing one = {
		.interface = LICENSING, .port = lab_accepts(lab)};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_map(a, &one, 1, false, 0);
	say_map(a, NULL, 0, false, 0);
	say_freed(a);
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab_heard(lab, EPM_MAP), 2);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 1);
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- an interface of any version --- */

#define ANY "3d267954-eeb7-11d1-b94e-00c04fa3080d"

/* The version that ept_map asked for; it is the last request. */
static void assert_mapped(const struct lab *lab, unsigned major, unsigned minor)
{
	const struct speaker *speaker = &lab->mapper.speaker;
	const uint8_t *map = speaker->heard + speaker->heard_size - 156;

	assert_int_equal(map[22], EPM_MAP);
	/* Behind the stub's first 36 bytes and the floor's: 0d, UUID, major; minor. */
	assert_int_equal(map[24 + 32 + 2 + 2 + 1 + 16], major);
	assert_int_equal(map[24 + 32 + 2 + 2 + 1 + 16 + 4], minor);
}

static void of_several_versions_the_highest_is_mapped(void **state)
{
	(void)state;
	struct lab *lab = lab_new(ANY);
	uint16_t port = lab_accepts(lab);
	const struct rpc_listing all[] = {
		{.interface = ANY "@1.7", .port = port},
		{.interface = ANY "@2.1", .port = port},
		{.interface = SAMR, .port = port},
		{.interface = ANY "@9.0", .port = 1, .protocol = 0x0f},
		{.interface = ANY "@2.0", .port = port},
	};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_lookup(a, all, ARRAY_SIZE(all), false, 0);
	say_lookup(a, NULL, 0, true, RPC_NOT_REGISTERED);
	say_map(a, &all[1], 1, true, 0);
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_mapped(lab, 2, 1);
	assert_non_null(strstr(at.result.evidence, "\"version\":\"2.1\""));
	harness_run_fini(&at);
	lab_free(lab);
}

static void an_interface_that_is_not_listed_is_not_mapped(void **state)
{
	(void)state;
	const struct rpc_listing other = {.interface = SAMR, .port = 49154};
	struct lab *lab = lab_new(ANY);
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_lookup(a, &other, 1, true, 0);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_FAILED, REASON_EPM_NOT_REGISTERED, PHASE_EPM);
	assert_int_equal(lab_heard(lab, EPM_MAP), 0);
	harness_run_fini(&at);
	lab_free(lab);
}

/* Between the list and the map the handle is given back: a mapper that hangs up then
 * has not answered. */
static void a_mapper_that_hangs_up_before_the_map(void **state)
{
	(void)state;
	const struct rpc_listing one = {.interface = LICENSING, .port = 49154};
	struct lab *lab = lab_new(ANY);
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_lookup(a, &one, 1, false, 0);
	say_lookup(a, NULL, 0, false, 0);
	expect_mapper(lab, SPEAKER_CLOSES, false, STATE_FAILED, REASON_EPM_CLOSED);
}

/* Without the list the version is not known: that of the table is tried. */
static void configured_ports_are_tried_with_the_known_version(void **state)
{
	(void)state;
	struct lab *lab = lab_new(ANY);
	lab->conf.fixed[0] = lab_accepts(lab);
	lab->conf.n_fixed = 1;
	denies(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	/* The bind's abstract syntax: UUID, then the version. */
	assert_int_equal(lab->endpoints[0].speaker.heard[32 + 16], 1);
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- limits --- */

static void maps_without_end_are_not_all_read(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	const struct rpc_listing one = {
		.interface = LICENSING, .port = lab_accepts(lab)};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	for (int i = 0; i < RPC_MAX_PAGES; i++)
		say_map(a, &one, 1, false, 0);
	say_freed(a);
	for (int i = 0; i < RPC_MAX_PAGES / 2; i++)
		say_map(a, &one, 1, false, 0);
	lab->spec.timeout_ms = 5000;
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab_heard(lab, EPM_MAP), RPC_MAX_PAGES);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 1);
	harness_run_fini(&at);
	lab_free(lab);
}

/* The handle of a list that was cut short was given back: the map begins anew. */
static void a_map_does_not_begin_with_the_handle_of_a_list(void **state)
{
	static const uint8_t none[20];
	(void)state;
	struct lab *lab = lab_new(ANY);
	const struct rpc_listing one = {
		.interface = LICENSING, .port = lab_accepts(lab)};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	for (int i = 0; i < RPC_MAX_PAGES; i++)
		say_lookup(a, &one, 1, false, 0);
	say_freed(a);
	for (int i = 0; i < 3; i++)
		say_map(a, &one, 1, i == 2, 0);
	lab->spec.timeout_ms = 5000;
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	/* Before the count of towers, a request's stub has its handle. */
	const struct speaker *speaker = &lab->mapper.speaker;
	size_t i = 0;
	while (speaker->heard[i + 2] != 0 || speaker->heard[i + 22] != EPM_MAP) {
		i += speaker->heard[i + 8] + 256U * speaker->heard[i + 9];
		assert_true(i < speaker->heard_size);
	}
	size_t end = i + speaker->heard[i + 8] + 256U * speaker->heard[i + 9];
	assert_memory_equal(speaker->heard + end - 24, none, sizeof none);
	/* Pages of the list don't count against the map. */
	assert_int_equal(lab_heard(lab, EPM_MAP), 3);
	harness_run_fini(&at);
	lab_free(lab);
}

/* What a mapper left unsaid is no part of what the endpoint says. */
static void an_answer_that_is_cut_off_leaves_nothing_behind(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	const struct rpc_listing one = {
		.interface = LICENSING, .port = lab_accepts(lab)};
	struct rpc_answers *a = lab_answers(&lab->mapper);
	say_bind_ack(a, 0, 0);
	say_map(a, &one, 1, false, 0);
	say_map(a, NULL, 0, false, 0);
	a->fragment = 12;
	say_freed(a); /* two fragments, of 36 octets each; the second stays unsaid */
	a->size -= 36;
	a->turns[a->n_turns - 1] -= 36;
	lab_script(&lab->mapper)->end = SPEAKER_CLOSES;
	lab_start_mapper(lab);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 1);
	harness_run_fini(&at);
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_mapper),
		cmocka_unit_test(a_mapper_that_hangs_up),
		cmocka_unit_test(a_server_that_is_no_mapper),
		cmocka_unit_test(a_mapper_that_talks_nonsense),
		cmocka_unit_test(an_interface_that_nobody_registered),
		cmocka_unit_test(an_interface_that_is_not_on_tcp),
		cmocka_unit_test(faults_are_told_by_their_status),
		cmocka_unit_test(a_mapper_that_wants_a_log_on),
		cmocka_unit_test(then_the_configured_ports_are_tried),
		cmocka_unit_test(a_mapper_that_refuses_the_association_too),
		cmocka_unit_test(a_map_goes_on_while_there_is_more),
		cmocka_unit_test(a_map_without_end_is_left_and_its_handle_freed),
		cmocka_unit_test(of_several_versions_the_highest_is_mapped),
		cmocka_unit_test(an_interface_that_is_not_listed_is_not_mapped),
		cmocka_unit_test(a_mapper_that_hangs_up_before_the_map),
		cmocka_unit_test(configured_ports_are_tried_with_the_known_version),
		cmocka_unit_test(maps_without_end_are_not_all_read),
		cmocka_unit_test(a_map_does_not_begin_with_the_handle_of_a_list),
		cmocka_unit_test(an_answer_that_is_cut_off_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
