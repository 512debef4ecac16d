/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "hostile.h"

#include "probes/rdp/x224.h"
#include "probes/registry.h"

/* As xrdp and FreeRDP's shadow server sent them. */
static const uint8_t chose_tls[] = {3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, /* */
	2, 1, 8, 0, 1, 0, 0, 0};
static const uint8_t plain[] = {3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0};
static const uint8_t ssl_required[] = {3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, /* */
	3, 0, 8, 0, 1, 0, 0, 0};

static bool decode(const uint8_t *data, size_t size)
{
	struct x224_answer answer;
	return x224_read_confirm(data, size, &answer) > 0;
}

static const struct kind_peer rdp_peer = {
	.ops = &rdp_probe_ops,
	.answer = chose_tls,
	.size = sizeof chose_tls,
};

static void open_peer(struct contract *c, enum contract_peer peer)
{
	kind_peer_open(c, peer, &rdp_peer);
}

static const struct contract_kind rdp_contract = {
	.open_peer = open_peer,
	.close_peer = kind_peer_close,
	.answers = {STATE_OPEN, REASON_RDP_NEGOTIATED},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

#define LIE(...)                                                                       \
	{                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}

static const struct hostile_bytes lies[] = {
	LIE(3, 0, 0xff, 0xff, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0),
	LIE(3, 0, 0, 0, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0),
	LIE(3, 0, 0, 11, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0),
	LIE(3, 0, 0, 19, 6, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0),
	LIE(3, 0, 0, 19, 255, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0),
	LIE(3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 1, 0xff, 0xff, 1, 0, 0, 0),
};

static const struct hostile_kind rdp_hostile = {
	.ops = &rdp_probe_ops,
	.answer = {chose_tls, sizeof chose_tls},
	.reason = REASON_RDP_NEGOTIATED,
	.decode = decode,
	.lies = lies,
	.n_lies = ARRAY_SIZE(lies),
};

/* --- what is particular to it --- */

static void assert_says(const uint8_t *answer, size_t size, enum probe_state state,
	enum probe_reason reason, const char *evidence)
{
	struct speaker speaker = {.port = 0};
	const struct speaker_script script = {.bytes = answer, .size = size};
	struct harness_run at =
		kind_peer_ask(&rdp_probe_ops, &speaker, &script, 1, 2000);

	assert_result(&at, state, reason, PHASE_RDP);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	kind_peer_assert_evidence(&at, evidence);
	harness_run_fini(&at);
	static const uint8_t request[] = {
		3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0x0b, 0, 0, 0};
	assert_int_equal(speaker.heard_size, sizeof request);
	assert_memory_equal(speaker.heard, request, sizeof request);
}

static void tells_what_the_server_chose(void **state)
{
	(void)state;
	assert_says(chose_tls, sizeof chose_tls, STATE_OPEN, REASON_RDP_NEGOTIATED,
		"{\"protocol\":\"tls\",\"flags\":[\"extended-client-data\"]}");
	assert_says(plain, sizeof plain, STATE_OPEN, REASON_RDP_NEGOTIATED,
		"{\"protocol\":\"rdp\",\"flags\":[]}");
}

static void whoever_refuses_is_a_listener(void **state)
{
	(void)state;
	assert_says(ssl_required, sizeof ssl_required, STATE_OPEN, REASON_RDP_REFUSED,
		"{\"failure\":\"ssl-required\",\"code\":1}");
	uint8_t unknown[sizeof ssl_required];
	memcpy(unknown, ssl_required, sizeof unknown);
	unknown[15] = 99;
	assert_says(unknown, sizeof unknown, STATE_OPEN, REASON_RDP_REFUSED,
		"{\"failure\":\"unknown\",\"code\":99}");
}

static void another_protocol_is_no_answer(void **state)
{
	(void)state;
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	assert_says((const uint8_t *)banner, sizeof banner - 1, STATE_FAILED,
		REASON_MALFORMED_ANSWER, NULL);
	/* Two protocols at once are none. */
	uint8_t both[sizeof chose_tls];
	memcpy(both, chose_tls, sizeof both);
	both[15] = 3;
	assert_says(both, sizeof both, STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
}

static void every_word_of_the_protocol_has_a_name(void **state)
{
	(void)state;
	static const uint32_t protocols[] = {X224_RDP, X224_TLS, X224_HYBRID,
		X224_RDSTLS, X224_HYBRID_EX, X224_RDSAAD};
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		assert_non_null(x224_protocol_word(protocols[i]));
	assert_null(x224_protocol_word(3));
	assert_null(x224_protocol_word(0x20));
	for (uint32_t code = 1; code <= 6; code++)
		assert_non_null(x224_failure_word(code));
	assert_null(x224_failure_word(0));
	assert_null(x224_failure_word(7));
	assert_string_equal(x224_flag_word(4), "redirected-auth");
	assert_null(x224_flag_word(2));
	assert_null(x224_flag_word(5));
}

static void the_default_port_has_no_argument(void **state)
{
	(void)state;
	kind_peer_assert_ports(&rdp_probe_ops, "3389");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("rdp: ", &rdp_contract),
		HOSTILE_TESTS("rdp: ", &rdp_hostile),
		cmocka_unit_test(tells_what_the_server_chose),
		cmocka_unit_test(whoever_refuses_is_a_listener),
		cmocka_unit_test(another_protocol_is_no_answer),
		cmocka_unit_test(every_word_of_the_protocol_has_a_name),
		cmocka_unit_test(the_default_port_has_no_argument),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
