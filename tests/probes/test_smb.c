/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "hostile.h"

#include "probes/registry.h"
#include "probes/smb/smb2.h"

/* As Samba 4.17 sent them: 3.1.1 of all that was offered, */
static const uint8_t chose_311[] = {0, 0, 0, 0xfe, 0xfe, 0x53, 0x4d, 0x42, 0x40, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0x41, 0, 1, 0, 0x11, 3, 1, 0, 0x76, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0x28, 0xd2,
	0xd8, 0x7a, 0xed, 0x7b, 0xdd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0x4a, 0, 0xd0,
	0, 0, 0, 0x60, 0x48, 6, 6, 0x2b, 6, 1, 5, 5, 2, 0xa0, 0x3e, 0x30, 0x3c, 0xa0,
	0x0e, 0x30, 0x0c, 6, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a, 0xa3, 0x2a,
	0x30, 0x28, 0xa0, 0x26, 0x1b, 0x24, 0x6e, 0x6f, 0x74, 0x5f, 0x64, 0x65, 0x66,
	0x69, 0x6e, 0x65, 0x64, 0x5f, 0x69, 0x6e, 0x5f, 0x52, 0x46, 0x43, 0x34, 0x31,
	0x37, 0x38, 0x40, 0x70, 0x6c, 0x65, 0x61, 0x73, 0x65, 0x5f, 0x69, 0x67, 0x6e,
	0x6f, 0x72, 0x65, 0, 0, 0, 0, 0, 0, 1, 0, 0x26, 0, 0, 0, 0, 0, 1, 0, 0x20, 0, 1,
	0, 0xc2, 0xd4, 0x91, 5, 0x0d, 0xd3, 0x30, 0x44, 0x64, 0x75, 0x79, 0xa4, 0x8e,
	0xa1, 3, 0x3b, 0xb0, 0x65, 0x6b, 0xae, 0x40, 0x8a, 0xd1, 0xfa, 0x4d, 0x6a, 0x44,
	0xad, 0x50, 0x0d, 0x53, 0xef};
/* no dialect in common, */
static const uint8_t not_supported[] = {0, 0, 0, 0x49, 0xfe, 0x53, 0x4d, 0x42, 0x40, 0,
	0, 0, 0xbb, 0, 0, 0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0};
/* SMB 2 to a request in SMB 1, */
static const uint8_t wildcard[] = {0, 0, 0, 0xca, 0xfe, 0x53, 0x4d, 0x42, 0x40, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0x41, 0, 1, 0, 0xff, 2, 0, 0, 0x76, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 7, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0x72, 0xa8,
	0x52, 0x7c, 0xed, 0x7b, 0xdd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0x4a, 0, 0, 0,
	0, 0, 0x60, 0x48, 6, 6, 0x2b, 6, 1, 5, 5, 2, 0xa0, 0x3e, 0x30, 0x3c, 0xa0, 0x0e,
	0x30, 0x0c, 6, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a, 0xa3, 0x2a, 0x30,
	0x28, 0xa0, 0x26, 0x1b, 0x24, 0x6e, 0x6f, 0x74, 0x5f, 0x64, 0x65, 0x66, 0x69,
	0x6e, 0x65, 0x64, 0x5f, 0x69, 0x6e, 0x5f, 0x52, 0x46, 0x43, 0x34, 0x31, 0x37,
	0x38, 0x40, 0x70, 0x6c, 0x65, 0x61, 0x73, 0x65, 0x5f, 0x69, 0x67, 0x6e, 0x6f,
	0x72, 0x65};
/* and SMB 1 alone. */
static const uint8_t smb1[] = {0, 0, 0, 0x25, 0xff, 0x53, 0x4d, 0x42, 0x72, 0, 0, 0, 0,
	0x88, 3, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0,
	1, 0xff, 0xff, 0, 0};

static bool decode(const uint8_t *data, size_t size)
{
	struct smb2_answer answer;
	return smb2_read_negotiate(data, size, &answer) > 0;
}

static const struct kind_peer smb_peer = {
	.ops = &smb_probe_ops,
	.answer = chose_311,
	.size = sizeof chose_311,
};

static void open_peer(struct contract *c, enum contract_peer peer)
{
	kind_peer_open(c, peer, &smb_peer);
}

static const struct contract_kind smb_contract = {
	.open_peer = open_peer,
	.close_peer = kind_peer_close,
	.answers = {STATE_OPEN, REASON_SMB_NEGOTIATED},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- hostile peers --- */

enum {
	STRUCTURE_AT = 4 + 64,
	MODE_AT = STRUCTURE_AT + 2,
	DIALECT_AT = STRUCTURE_AT + 4,
	BUFFER_AT = STRUCTURE_AT + 56,
	FLAGS_AT = 4 + 16,
	COMMAND_AT = 4 + 12,
};

/* The golden answer with one thing changed. */
static const struct {
	size_t at, size;
	uint8_t bytes[4];
} changes[] = {
	{0, 4, {0, 0xff, 0xff, 0xff}},            /* 16 MiB */
	{0, 4, {0, 0, 0, 0}},                     /* nothing */
	{0, 4, {0, 0, 0, 63}},                    /* less than a header */
	{0, 4, {0, 0, 0, 127}},                   /* less than an answer */
	{0, 4, {0, 0, 0, 190}},                   /* the buffer lies outside */
	{4, 4, {0xfd, 'S', 'M', 'B'}},            /* encrypted */
	{4, 4, {0xfe, 'S', 'M', 'A'}},            /* nobody's */
	{8, 2, {63, 0}},                          /* the header's own size */
	{COMMAND_AT, 2, {1, 0}},                  /* session set-up */
	{FLAGS_AT, 1, {0}},                       /* a request */
	{STRUCTURE_AT, 2, {66, 0}},               /* the answer's own size */
	{DIALECT_AT, 2, {0x12, 0x03}},            /* no dialect that there is */
	{BUFFER_AT, 4, {0xff, 0xff, 0xff, 0xff}}, /* far outside */
	{BUFFER_AT, 4, {0, 0, 8, 0}},             /* inside the header */
};

static uint8_t changed[ARRAY_SIZE(changes)][sizeof chose_311];
static struct hostile_bytes lies[ARRAY_SIZE(changes)];

static void make_lies(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		memcpy(changed[i], chose_311, sizeof chose_311);
		memcpy(changed[i] + changes[i].at, changes[i].bytes, changes[i].size);
		lies[i] = (struct hostile_bytes){changed[i], sizeof chose_311};
	}
}

static const struct hostile_kind smb_hostile = {
	.ops = &smb_probe_ops,
	.answer = {chose_311, sizeof chose_311},
	.reason = REASON_SMB_NEGOTIATED,
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
		kind_peer_ask(&smb_probe_ops, &speaker, &script, 1, 2000);

	assert_result(&at, state, reason, PHASE_SMB);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	kind_peer_assert_evidence(&at, evidence);
	assert_int_equal(speaker.accepted, 1);
	harness_run_fini(&at);
}

static void tells_the_dialect_and_whether_it_signs(void **state)
{
	(void)state;
	uint8_t answer[sizeof chose_311];
	assert_says(chose_311, sizeof chose_311, STATE_OPEN, REASON_SMB_NEGOTIATED,
		"{\"dialect\":\"3.1.1\",\"signing\":\"enabled\"}");
	memcpy(answer, chose_311, sizeof answer);
	answer[MODE_AT] = 3;
	memcpy(answer + DIALECT_AT, "\x10\x02", 2);
	assert_says(answer, sizeof answer, STATE_OPEN, REASON_SMB_NEGOTIATED,
		"{\"dialect\":\"2.1\",\"signing\":\"required\"}");
}

static void a_refusal_has_its_status(void **state)
{
	(void)state;
	uint8_t answer[sizeof not_supported];
	assert_says(not_supported, sizeof not_supported, STATE_FAILED,
		REASON_SMB_REFUSED, "{\"status\":\"STATUS_NOT_SUPPORTED\"}");
	memcpy(answer, not_supported, sizeof answer);
	memcpy(answer + 12, "\x99\x01\x00\xc0", 4);
	assert_says(answer, sizeof answer, STATE_FAILED, REASON_SMB_REFUSED,
		"{\"status\":\"0xc0000199\"}");
}

static void an_answer_in_smb1_is_smb1_only(void **state)
{
	(void)state;
	assert_says(smb1, sizeof smb1, STATE_FAILED, REASON_SMB1_ONLY, NULL);
}

static void another_protocol_is_no_answer(void **state)
{
	(void)state;
	static const char banner[] = "220 files.corp.example FTP server ready\r\n";
	assert_says((const uint8_t *)banner, sizeof banner - 1, STATE_FAILED,
		REASON_MALFORMED_ANSWER, NULL);
}

/* --- the second connection --- */

static struct harness_run ask_twice(const struct speaker_script *first,
	const struct speaker_script *second, unsigned connections)
{
	struct speaker speaker = {.port = 0};
	const struct speaker_script scripts[] = {*first, *second};
	struct harness_run at = kind_peer_ask(
		&smb_probe_ops, &speaker, scripts, ARRAY_SIZE(scripts), 200);
	assert_int_equal(speaker.accepted, connections);
	return at;
}

/* As Samba does that is told to speak SMB 1 alone, and as Windows Server 2003 does. */
static void whoever_ignores_smb2_is_asked_in_smb1(void **state)
{
	(void)state;
	static const enum speaker_end ends[] = {
		SPEAKER_CLOSES, SPEAKER_RESETS, SPEAKER_STAYS};
	const struct speaker_script answer = {.bytes = smb1, .size = sizeof smb1};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct speaker_script first = {.end = ends[i]};
		struct harness_run at = ask_twice(&first, &answer, 2);
		assert_result(&at, STATE_FAILED, REASON_SMB1_ONLY, PHASE_SMB);
		assert_in_range(at.result.rtt_us, 1, 2000000);
		harness_run_fini(&at);
	}
}

static void smb2_on_the_second_connection_counts(void **state)
{
	(void)state;
	const struct speaker_script first = {.end = SPEAKER_CLOSES};
	const struct speaker_script answer = {
		.bytes = wildcard, .size = sizeof wildcard};
	struct harness_run at = ask_twice(&first, &answer, 2);
	assert_result(&at, STATE_OPEN, REASON_SMB_NEGOTIATED, PHASE_SMB);
	kind_peer_assert_evidence(&at, "{\"dialect\":\"2.?\",\"signing\":\"enabled\"}");
	harness_run_fini(&at);
}

static void without_any_answer_the_first_end_is_told(void **state)
{
	(void)state;
	const struct speaker_script closes = {.end = SPEAKER_CLOSES};
	const struct speaker_script stays = {.end = SPEAKER_STAYS};
	struct harness_run at = ask_twice(&closes, &stays, 2);
	assert_result(&at, STATE_FAILED, REASON_PEER_CLOSED, PHASE_SMB);
	at = ask_twice(&stays, &closes, 2);
	assert_result(&at, STATE_FAILED, REASON_NO_ANSWER, PHASE_SMB);
}

/* Meanwhile the listener goes away, or answers no more: what the first connection said
 * stands, its time included. */
static void see_the_second_fail(bool stays)
{
	struct harness *h = harness_new();
	struct net_address address = harness_address("127.0.0.1");
	_Alignas(max_align_t) unsigned char conf[64];
	uint16_t port = 0;
	int fd = harness_bind("127.0.0.1", &port);
	struct harness_run at = {0};
	assert_int_equal(listen(fd, 0), 0);
	kind_peer_parse(&smb_probe_ops, port, conf, sizeof conf);
	struct probe_spec spec = {
		.ops = &smb_probe_ops,
		.conf = conf,
		.target = {.host = "peer", .address = &address},
		.timeout_ms = 200,
		.attempts = 1,
		.window = 1,
	};
	harness_start(h, &spec, &at);
	int peer = accept(fd, NULL, NULL);
	int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage to;
	socklen_t length = net_address_to_sockaddr(&address, port, &to);
	assert_true(peer >= 0 && filler >= 0);
	if (stays)
		assert_int_equal(connect(filler, (struct sockaddr *)&to, length), 0);
	else
		assert_int_equal(close(fd), 0);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	harness_until_idle(h);
	assert_result(&at, STATE_FAILED, REASON_PEER_CLOSED, PHASE_SMB);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	kind_peer_assert_evidence(&at, NULL);
	close(peer);
	close(filler);
	if (stays)
		close(fd);
	harness_free(h);
}

static void a_second_connection_that_fails_says_nothing(void **state)
{
	(void)state;
	see_the_second_fail(false);
	see_the_second_fail(true);
}

static void half_an_answer_is_not_asked_for_again(void **state)
{
	(void)state;
	const struct speaker_script half = {
		.bytes = chose_311, .size = 100, .end = SPEAKER_CLOSES};
	struct harness_run at = ask_twice(&half, &half, 1);
	assert_result(&at, STATE_FAILED, REASON_PEER_CLOSED, PHASE_SMB);
}

/* --- requests --- */

static void the_request_is_what_the_specification_wants(void **state)
{
	(void)state;
	uint8_t out[SMB2_REQUEST_SIZE], guid[SMB2_GUID_SIZE], salt[SMB2_SALT_SIZE];
	static const uint8_t dialects[] = {2, 2, 0x10, 2, 0, 3, 2, 3, 0x11, 3};
	memset(guid, 0xaa, sizeof guid);
	memset(salt, 0xbb, sizeof salt);
	smb2_write_negotiate(out, guid, salt);
	const uint8_t *body = out + 4 + 64;
	assert_memory_equal(out, "\0\0\0\x9e\xfeSMB\x40", 9);
	assert_memory_equal(body, "\x24\0\5\0\1\0\0\0\0\0\0\0", 12);
	assert_memory_equal(body + 12, guid, sizeof guid);
	assert_memory_equal(body + 28, "\x70\0\0\0\1\0\0\0", 8);
	assert_memory_equal(body + 36, dialects, sizeof dialects);
	/* The context begins at 0x70 of the message. */
	assert_memory_equal(out + 4 + 0x70, "\1\0\x26\0\0\0\0\0\1\0\x20\0\1\0", 14);
	assert_memory_equal(out + 4 + 0x70 + 14, salt, sizeof salt);
}

static void every_word_of_the_protocol_has_a_name(void **state)
{
	(void)state;
	static const uint16_t dialects[] = {
		0x202, 0x210, 0x300, 0x302, 0x311, SMB2_DIALECT_WILDCARD};
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++)
		assert_non_null(smb2_dialect_word(dialects[i]));
	assert_null(smb2_dialect_word(0));
	static const uint32_t statuses[] = {
		0xc000000d, 0xc0000022, 0xc00000bb, 0xc000009a, 0xc00000d0, 0xc05d0000};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		assert_non_null(strstr(smb2_status_word(statuses[i]), "STATUS_"));
	assert_null(smb2_status_word(0));
}

static void the_default_port_has_no_argument(void **state)
{
	(void)state;
	kind_peer_assert_ports(&smb_probe_ops, "445");
	assert_int_equal(smb_probe_ops.connections(NULL), 2);
}

int main(void)
{
	make_lies();
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("smb: ", &smb_contract),
		HOSTILE_TESTS("smb: ", &smb_hostile),
		cmocka_unit_test(tells_the_dialect_and_whether_it_signs),
		cmocka_unit_test(a_refusal_has_its_status),
		cmocka_unit_test(an_answer_in_smb1_is_smb1_only),
		cmocka_unit_test(another_protocol_is_no_answer),
		cmocka_unit_test(whoever_ignores_smb2_is_asked_in_smb1),
		cmocka_unit_test(smb2_on_the_second_connection_counts),
		cmocka_unit_test(without_any_answer_the_first_end_is_told),
		cmocka_unit_test(a_second_connection_that_fails_says_nothing),
		cmocka_unit_test(half_an_answer_is_not_asked_for_again),
		cmocka_unit_test(the_request_is_what_the_specification_wants),
		cmocka_unit_test(every_word_of_the_protocol_has_a_name),
		cmocka_unit_test(the_default_port_has_no_argument),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
