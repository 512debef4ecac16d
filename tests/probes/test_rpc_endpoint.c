/* SPDX-License-Identifier: Apache-2.0 */
/* What a port that the mapper named may do, and what comes of it. */
#include "harness.h"

#include "rpc_lab.h"

/* One port, of which this is to come. */
static void expect_endpoint(struct lab *lab, uint16_t port, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	lab_maps(lab, &port, 1);
	struct harness_run at = lab_see(lab, state, reason, phase);
	json_t *root = lab_evidence(&at);
	assert_int_equal(lab_number(root, "port"), port);
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void an_endpoint_that_refuses(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_refuses(lab);
	expect_endpoint(
		lab, port, STATE_CLOSED, REASON_ENDPOINT_CLOSED, PHASE_ENDPOINT);
}

static void an_endpoint_that_is_dropped(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_is_silent(lab);
	lab->spec.timeout_ms = 100;
	expect_endpoint(
		lab, port, STATE_FILTERED, REASON_ENDPOINT_FILTERED, PHASE_ENDPOINT);
}

/* What the kernel would have told of a connect that failed; linked with --wrap. */
static const struct sockerr *made_up;

void __real_sockerr_from_event(uv_os_sock_t fd, int uv_status,
	const struct net_address *target, struct sockerr *out);
void __wrap_sockerr_from_event(uv_os_sock_t fd, int uv_status,
	const struct net_address *target, struct sockerr *out);

void __wrap_sockerr_from_event(uv_os_sock_t fd, int uv_status,
	const struct net_address *target, struct sockerr *out)
{
	if (uv_status < 0 && made_up)
		*out = *made_up;
	else
		__real_sockerr_from_event(fd, uv_status, target, out);
}

static void an_endpoint_that_icmp_denies(void **state)
{
	(void)state;
	static const struct {
		struct sockerr err;
		enum probe_reason reason;
	} cases[] = {
		{{.state = STATE_PROHIBITED,
			 .reason = REASON_ICMP_ADMIN_PROHIBITED,
			 .has_icmp = true,
			 .icmp_type = 3,
			 .icmp_code = 13,
			 .icmp_sender = {.family = 4, .bytes = {10, 0, 0, 1}}},
			REASON_ENDPOINT_PROHIBITED},
		{{.state = STATE_UNREACHABLE,
			 .reason = REASON_ICMP_HOST_UNREACHABLE,
			 .has_icmp = true,
			 .icmp_type = 3,
			 .icmp_code = 1,
			 .icmp_sender = {.family = 4, .bytes = {10, 0, 0, 1}}},
			REASON_ENDPOINT_UNREACHABLE},
		{{.state = STATE_ERROR,
			 .reason = REASON_LOCAL_FIREWALL,
			 .error = EACCES},
			REASON_LOCAL_FIREWALL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lab *lab = lab_new("licensing");
		uint16_t port = lab_refuses(lab);
		lab_maps(lab, &port, 1);
		made_up = &cases[i].err;
		struct harness_run at = lab_see(
			lab, cases[i].err.state, cases[i].reason, PHASE_ENDPOINT);
		made_up = NULL;
		/* Whole, as for any other check, and with its stage. */
		json_t *root = lab_evidence(&at);
		json_t *stages = json_object_get(root, "stages");
		const char *key = cases[i].err.has_icmp ? "icmp" : "errno";
		assert_non_null(json_object_get(root, key));
		assert_true(json_equal(json_object_get(root, key),
			json_object_get(json_array_get(stages, 2), key)));
		json_decref(root);
		harness_run_fini(&at);
		lab_free(lab);
	}
}

static void a_port_of_another_service(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	uint16_t port = lab_binds(lab, 2, 1);
	expect_endpoint(
		lab, port, STATE_FAILED, REASON_RPC_WRONG_INTERFACE, PHASE_BIND);
}

static void a_bind_that_is_rejected(void **state)
{
	(void)state;
	static const unsigned rejections[][2] = {{2, 2}, {2, 3}, {1, 0}, {1, 1}};
	for (size_t i = 0; i < ARRAY_SIZE(rejections); i++) {
		struct lab *lab = lab_new("licensing");
		uint16_t port = lab_binds(lab, rejections[i][0], rejections[i][1]);
		expect_endpoint(
			lab, port, STATE_FAILED, REASON_RPC_BIND_REJECTED, PHASE_BIND);
	}
	struct lab *lab = lab_new("licensing");
	struct lab_place *place = lab_endpoint(lab);
	say_bind_nak(lab_answers(place), 1);
	lab_speak(lab, place);
	expect_endpoint(
		lab, place->port, STATE_FAILED, REASON_RPC_BIND_NAK, PHASE_BIND);
}

/* An endpoint that says these bytes, and then does `end`. */
static void expect_words(
	const char *words, size_t size, enum speaker_end end, enum probe_reason reason)
{
	struct lab *lab = lab_new("licensing");
	struct lab_place *place = lab_endpoint(lab);

	say(lab_answers(place), words, size);
	lab_script(place)->end = end;
	lab->spec.timeout_ms = end == SPEAKER_STAYS && size == 0 ? 100 : 2000;
	lab_speak(lab, place);
	expect_endpoint(lab, place->port, STATE_FAILED, reason, PHASE_BIND);
}

static void an_endpoint_that_does_not_answer_the_bind(void **state)
{
	(void)state;
	expect_words("", 0, SPEAKER_STAYS, REASON_RPC_SILENT);
	expect_words("", 0, SPEAKER_CLOSES, REASON_RPC_CLOSED);
	expect_words("", 0, SPEAKER_RESETS, REASON_RPC_CLOSED);
	expect_words("\x05\x00\x0c\x03", 4, SPEAKER_CLOSES, REASON_RPC_CLOSED);
}

static void an_endpoint_that_talks_nonsense(void **state)
{
	(void)state;
	static const char http[] = "HTTP/1.1 200 OK\r\n";
	expect_words(http, sizeof http - 1, SPEAKER_STAYS, REASON_RPC_PROTOCOL_ERROR);
	/* A length less than the header's. */
	expect_words("\x05\x00\x0c\x03\x10\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00",
		16, SPEAKER_STAYS, REASON_RPC_PROTOCOL_ERROR);
}

/* --- a machine that keeps the question back --- */

/* What the kernel would have told of a silence; linked with --wrap. */
static bool keeps_back;

bool __real_sockerr_kept_back(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out);
bool __wrap_sockerr_kept_back(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out);

bool __wrap_sockerr_kept_back(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out)
{
	if (!keeps_back)
		return __real_sockerr_kept_back(fd, target, out);
	*out = (struct sockerr){
		.state = STATE_ERROR, .reason = REASON_LOCAL_FIREWALL, .error = EPERM};
	return true;
}

static void expect_kept_back(
	struct lab *lab, enum probe_phase phase, const char *stages)
{
	char seen[256];

	lab->spec.timeout_ms = 100;
	keeps_back = true;
	struct harness_run at = lab_see(lab, STATE_ERROR, REASON_LOCAL_FIREWALL, phase);
	keeps_back = false;
	json_t *root = lab_evidence(&at);
	assert_string_equal(lab_stages(root, seen, sizeof seen), stages);
	assert_string_equal(json_string_value(json_object_get(root, "errno")), "EPERM");
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void a_bind_that_never_left_has_its_stage(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	struct lab_place *place = lab_endpoint(lab);
	lab_answers(place);
	lab_speak(lab, place);
	lab_maps(lab, &place->port, 1);
	expect_kept_back(lab, PHASE_BIND, "connect epm endpoint bind:error");
}

static void a_question_to_the_mapper_that_never_left_has_its_stage(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	lab_answers(&lab->mapper);
	lab_start_mapper(lab);
	expect_kept_back(lab, PHASE_EPM, "connect epm:error");
}

/* It is this one connection's: another port may well be let through. */
static void the_next_port_is_tried_nevertheless(void **state)
{
	(void)state;
	struct lab *lab = lab_new("licensing");
	struct lab_place *silent = lab_endpoint(lab);
	lab_answers(silent);
	lab_speak(lab, silent);
	const uint16_t ports[] = {silent->port, lab_accepts(lab)};
	lab_maps(lab, ports, ARRAY_SIZE(ports));
	lab->spec.timeout_ms = 100;
	keeps_back = true;
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	keeps_back = false;
	assert_non_null(strstr(at.result.evidence, "\"reason\":\"local-firewall\""));
	harness_run_fini(&at);
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_endpoint_that_refuses),
		cmocka_unit_test(an_endpoint_that_is_dropped),
		cmocka_unit_test(an_endpoint_that_icmp_denies),
		cmocka_unit_test(a_port_of_another_service),
		cmocka_unit_test(a_bind_that_is_rejected),
		cmocka_unit_test(an_endpoint_that_does_not_answer_the_bind),
		cmocka_unit_test(an_endpoint_that_talks_nonsense),
		cmocka_unit_test(a_bind_that_never_left_has_its_stage),
		cmocka_unit_test(
			a_question_to_the_mapper_that_never_left_has_its_stage),
		cmocka_unit_test(the_next_port_is_tried_nevertheless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
