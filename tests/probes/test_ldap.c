/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "hostile.h"

#include "probes/ldap/message.h"
#include "probes/registry.h"

/* As Active Directory writes it, lengths in four bytes. */
static const uint8_t ad_answer[] = {0x30, 0x84, 0, 0, 0, 0x9a, 2, 1, 1, 0x64, 0x84, 0,
	0, 0, 0x91, 4, 0, 0x30, 0x84, 0, 0, 0, 0x89, 0x30, 0x84, 0, 0, 0, 0x30, 4, 0x14,
	0x64, 0x65, 0x66, 0x61, 0x75, 0x6c, 0x74, 0x4e, 0x61, 0x6d, 0x69, 0x6e, 0x67,
	0x43, 0x6f, 0x6e, 0x74, 0x65, 0x78, 0x74, 0x31, 0x84, 0, 0, 0, 0x14, 4, 0x12,
	0x44, 0x43, 0x3d, 0x63, 0x6f, 0x72, 0x70, 0x2c, 0x44, 0x43, 0x3d, 0x65, 0x78,
	0x61, 0x6d, 0x70, 0x6c, 0x65, 0x30, 0x84, 0, 0, 0, 0x25, 4, 0x0b, 0x64, 0x6e,
	0x73, 0x48, 0x6f, 0x73, 0x74, 0x4e, 0x61, 0x6d, 0x65, 0x31, 0x84, 0, 0, 0, 0x12,
	4, 0x10, 0x64, 0x63, 0x31, 0x2e, 0x63, 0x6f, 0x72, 0x70, 0x2e, 0x65, 0x78, 0x61,
	0x6d, 0x70, 0x6c, 0x65, 0x30, 0x84, 0, 0, 0, 0x22, 4, 0x14, 0x73, 0x75, 0x70,
	0x70, 0x6f, 0x72, 0x74, 0x65, 0x64, 0x4c, 0x44, 0x41, 0x50, 0x56, 0x65, 0x72,
	0x73, 0x69, 0x6f, 0x6e, 0x31, 0x84, 0, 0, 0, 6, 4, 1, 0x33, 4, 1, 0x32, 0x30,
	0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x65, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0};

/* As far as the end of a search. */
static bool decode(const uint8_t *data, size_t size)
{
	struct ldap_message message;
	ssize_t used;

	while ((used = ldap_read(data, size, &message)) > 0) {
		if (message.kind == LDAP_DONE || message.kind == LDAP_NOTICE)
			return true;
		data += used;
		size -= (size_t)used;
	}
	return false;
}

static const struct kind_peer ldap_peer = {
	.ops = &ldap_probe_ops,
	.answer = ad_answer,
	.size = sizeof ad_answer,
};

static void open_peer(struct contract *c, enum contract_peer peer)
{
	kind_peer_open(c, peer, &ldap_peer);
}

static const struct contract_kind ldap_contract = {
	.open_peer = open_peer,
	.close_peer = kind_peer_close,
	.answers = {STATE_OPEN, REASON_LDAP_ANSWERED},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- hostile peers --- */

#define BYTES(...)                                                                     \
	{                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
/* A message with id 1 and a SearchResultDone of `size` bytes. */
#define DONE(size, ...) BYTES(0x30, 5 + (size), 2, 1, 1, 0x65, size, __VA_ARGS__)

static const struct hostile_bytes lies[] = {
	BYTES(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1), /* 4 GiB */
	BYTES(0x30, 0x84, 0, 0, 0x40, 0, 2, 1, 1, 0x65),    /* over the limit */
	BYTES(0x30, 0x84, 0, 0, 0x3f, 0xf0, 2, 1, 1, 0x65), /* just under it */
	BYTES(0x30, 0x85, 0, 0, 0, 0, 12, 2, 1, 1),         /* five bytes of length */
	BYTES(0x30, 0x80, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0, 0,
		0),              /* indefinite */
	BYTES(0x30, 0),          /* empty */
	BYTES(0x30, 3, 2, 1, 1), /* no operation */
	BYTES(0x30, 12, 2, 0x7f, 1, 0x65, 7, 10, 1, 0, 4, 0, 4,
		0),                                              /* the id's length */
	BYTES(0x30, 11, 2, 0, 0x65, 7, 10, 1, 0, 4, 0, 4, 0),    /* no id */
	BYTES(0x30, 12, 2, 1, 2, 0x65, 7, 10, 1, 0, 4, 0, 4, 0), /* another id */
	BYTES(0x30, 12, 2, 1, 0xff, 0x65, 7, 10, 1, 0, 4, 0, 4, 0), /* a negative one */
	BYTES(0x30, 16, 2, 5, 0, 0, 0, 0, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0),
	BYTES(0x30, 12, 2, 1, 1, 0x66, 7, 10, 1, 0, 4, 0, 4, 0), /* no answer's tag */
	BYTES(0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4,
		0),                       /* extended, not asked */
	DONE(7, 10, 1, 0, 4, 0x7f, 4, 0), /* a text's length */
	DONE(7, 10, 1, 0, 4, 0, 4, 1),    /* one byte too long */
	DONE(7, 10, 1, 0, 4, 0, 5, 0),    /* no text */
	DONE(7, 2, 1, 0, 4, 0, 4, 0),     /* no code */
	DONE(8, 10, 1, 0, 4, 0, 4, 0, 0), /* something behind */
	DONE(7, 10, 1, 0xff, 4, 0, 4, 0), /* a negative code */
	/* Something behind an entry's attributes, and behind an attribute's values. */
	BYTES(0x30, 11, 2, 1, 1, 0x64, 6, 4, 0, 0x30, 0, 5, 0, 0x30, 12, 2, 1, 1, 0x65,
		7, 10, 1, 0, 4, 0, 4, 0),
	BYTES(0x30, 17, 2, 1, 1, 0x64, 12, 4, 0, 0x30, 8, 0x30, 6, 4, 0, 0x31, 0, 5, 0,
		0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0),
	DONE(4, 10, 2, 0, 0), /* the code alone */
};

static const struct hostile_kind ldap_hostile = {
	.ops = &ldap_probe_ops,
	.answer = {ad_answer, sizeof ad_answer},
	.reason = REASON_LDAP_ANSWERED,
	.decode = decode,
	.lies = lies,
	.n_lies = ARRAY_SIZE(lies),
};

/* --- what is particular to it --- */

static void assert_says(const void *answer, size_t size, enum probe_state state,
	enum probe_reason reason, const char *evidence)
{
	struct speaker speaker = {.port = 0};
	const struct speaker_script script = {
		.bytes = answer, .size = size, .end = SPEAKER_CLOSES};
	struct harness_run at =
		kind_peer_ask(&ldap_probe_ops, &speaker, &script, 1, 2000);

	assert_result(&at, state, reason, PHASE_LDAP);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	kind_peer_assert_evidence(&at, evidence);
	harness_run_fini(&at);
	assert_int_equal(speaker.heard_size, LDAP_REQUEST_SIZE);
}

/* A string's bytes, the NUL at its end not counted. */
#define ASSERT_SAYS(bytes, ...) assert_says(bytes, sizeof(bytes) - 1, __VA_ARGS__)

static void tells_what_the_directory_says_of_itself(void **state)
{
	(void)state;
	assert_says(ad_answer, sizeof ad_answer, STATE_OPEN, REASON_LDAP_ANSWERED,
		"{\"default_naming_context\":\"DC=corp,DC=example\","
		"\"dns_host_name\":\"dc1.corp.example\",\"versions\":[2,3]}");
}

/* A directory that is none of Active Directory's has neither; one that hides its root
 * DSE has nothing. */
static void what_is_not_said_is_not_told(void **state)
{
	(void)state;
	ASSERT_SAYS("\x30\x07\x02\x01\x01\x64\x02\x04\x00" /* too short */,
		STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
	ASSERT_SAYS("\x30\x09\x02\x01\x01\x64\x04\x04\x00\x30\x00"
		    "\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
		STATE_OPEN, REASON_LDAP_ANSWERED, "{}");
	ASSERT_SAYS("\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
		STATE_OPEN, REASON_LDAP_ANSWERED, NULL);
}

static void whoever_refuses_is_a_directory(void **state)
{
	(void)state;
	/* As Active Directory says it, a NUL at the end. */
	ASSERT_SAYS("\x30\x15\x02\x01\x01\x65\x10\x0a\x01\x01\x04\x00\x04\x09"
		    "00002020\0",
		STATE_OPEN, REASON_LDAP_REFUSED,
		"{\"code\":1,\"result\":\"operationsError\","
		"\"message\":\"00002020\"}");
	static const uint8_t codes[] = {1, 8, 13, 48, 50, 53, 99};
	for (size_t i = 0; i < sizeof codes; i++) {
		uint8_t answer[] = {
			0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, codes[i], 4, 0, 4, 0};
		struct speaker speaker = {.port = 0};
		const struct speaker_script script = {
			.bytes = answer, .size = sizeof answer};
		struct harness_run at =
			kind_peer_ask(&ldap_probe_ops, &speaker, &script, 1, 2000);
		assert_result(&at, STATE_OPEN, REASON_LDAP_REFUSED, PHASE_LDAP);
		harness_run_fini(&at);
	}
}

static void whoever_is_busy_has_failed(void **state)
{
	(void)state;
	ASSERT_SAYS("\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x33\x04\x00\x04\x00",
		STATE_FAILED, REASON_LDAP_UNAVAILABLE,
		"{\"code\":51,\"result\":\"busy\"}");
	ASSERT_SAYS("\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x34\x04\x00\x04\x00",
		STATE_FAILED, REASON_LDAP_UNAVAILABLE,
		"{\"code\":52,\"result\":\"unavailable\"}");
}

#define NOTICE(code, name) \
	"\x30\x24\x02\x01\x00\x78\x1f\x0a\x01" code "\x04\x00\x04\x00\x8a\x16" name

static void a_notice_of_disconnection_is_understood(void **state)
{
	(void)state;
	ASSERT_SAYS(NOTICE("\x34", "1.3.6.1.4.1.1466.20036"), STATE_FAILED,
		REASON_LDAP_UNAVAILABLE,
		"{\"code\":52,\"result\":\"unavailable\",\"disconnected\":true}");
	ASSERT_SAYS(NOTICE("\x08", "1.3.6.1.4.1.1466.20036"), STATE_OPEN,
		REASON_LDAP_REFUSED,
		"{\"code\":8,\"result\":\"strongerAuthRequired\","
		"\"disconnected\":true}");
	/* No other notification means anything, and the connection ends. */
	ASSERT_SAYS(NOTICE("\x34", "1.3.6.1.4.1.1466.20037"), STATE_FAILED,
		REASON_PEER_CLOSED, NULL);
}

static void references_are_passed_over_but_not_for_ever(void **state)
{
	(void)state;
	/* As long as a part of the flood's chunk, so that it never breaks off. */
	static const uint8_t reference[16] = {
		0x30, 14, 2, 1, 1, 0x73, 9, 4, 7, 'l', 'd', 'a', 'p', ':', '/', '/'};
	uint8_t answer[sizeof reference + sizeof ad_answer], flood[SPEAKER_CHUNK];
	memcpy(answer, reference, sizeof reference);
	memcpy(answer + sizeof reference, ad_answer, sizeof ad_answer);
	struct speaker speaker = {.port = 0};
	struct speaker_script script = {.bytes = answer, .size = sizeof answer};
	struct harness_run at =
		kind_peer_ask(&ldap_probe_ops, &speaker, &script, 1, 2000);
	assert_result(&at, STATE_OPEN, REASON_LDAP_ANSWERED, PHASE_LDAP);
	harness_run_fini(&at);

	for (size_t i = 0; i < sizeof flood; i++)
		flood[i] = reference[i % sizeof reference];
	memset(&speaker, 0, sizeof speaker);
	speaker.flood = flood;
	script = (struct speaker_script){.flood = HOSTILE_FLOOD};
	at = kind_peer_ask(&ldap_probe_ops, &speaker, &script, 1, 5000);
	assert_result(&at, STATE_FAILED, REASON_MALFORMED_ANSWER, PHASE_LDAP);
	assert_true(speaker.sent < HOSTILE_FLOOD);
}

/* --- the codec --- */

/* One message whose diagnostic text is `text`. */
static void read_text(const char *text, size_t size, struct ldap_message *message)
{
	uint8_t bytes[1024] = {
		0x30, 0x82, 0, 0, 2, 1, 1, 0x65, 0x82, 0, 0, 10, 1, 53, 4, 0, 4, 0x82};
	size_t at = 18;
	assert_true(size + 20 <= sizeof bytes);
	bytes[at++] = (uint8_t)(size >> 8);
	bytes[at++] = (uint8_t)size;
	memcpy(bytes + at, text, size);
	bytes[9] = (uint8_t)((size + 9) >> 8);
	bytes[10] = (uint8_t)(size + 9);
	bytes[2] = (uint8_t)((size + 16) >> 8);
	bytes[3] = (uint8_t)(size + 16);
	assert_int_equal(ldap_read(bytes, at + size, message), at + size);
	assert_int_equal(message->kind, LDAP_DONE);
	assert_int_equal(message->code, 53);
}

static void assert_text(const char *text, size_t size, const char *expected)
{
	struct ldap_message message;
	read_text(text, size, &message);
	assert_string_equal(message.text, expected);
}

static void what_is_not_printable_is_escaped(void **state)
{
	(void)state;
	assert_text("plain", 5, "plain");
	assert_text("na\xc3\xafve", 6, "na\xc3\xafve");
	assert_text("\x1b[2J", 4, "\\x1b[2J");
	assert_text("a\xff\xc3", 3, "a\\xff\\xc3");
	assert_text("a\0b\0\0", 5, "a\\x00b");
	/* A mark that turns the order of the text around. */
	assert_text("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
}

static void a_long_text_is_cut_between_characters(void **state)
{
	(void)state;
	struct ldap_message message;
	char text[900];
	memset(text, 'x', sizeof text);
	read_text(text, sizeof text, &message);
	assert_int_equal(strlen(message.text), 256);
	/* Two bytes each, behind one of one byte: the last would not fit. */
	for (size_t i = 1; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xaf", 2);
	read_text(text, sizeof text - 1, &message);
	assert_int_equal(strlen(message.text), 255);
	memset(text, '\x01', sizeof text);
	read_text(text, sizeof text, &message);
	assert_int_equal(strlen(message.text), 256);
}

static void no_message_over_the_limit_is_waited_for(void **state)
{
	(void)state;
	struct ldap_message message;
	static const uint8_t most[] = {0x30, 0x84, 0, 0, 0x3f, 0xfa};
	static const uint8_t more[] = {0x30, 0x84, 0, 0, 0x3f, 0xfb};
	assert_int_equal(ldap_read(most, sizeof most, &message), 0);
	assert_int_equal(ldap_read(more, sizeof more, &message), -EPROTO);
}

static void the_request_is_a_search_of_the_root(void **state)
{
	(void)state;
	uint8_t out[LDAP_REQUEST_SIZE];
	ldap_write_search(out);
	assert_memory_equal(out, "\x30\x5e\x02\x01\x01\x63\x59\x04\x00\x0a\x01", 11);
	assert_memory_equal(out + 26,
		"objectClass\x30\x39\x04\x14"
		"defaultNamingContext",
		35);
	assert_memory_equal(out + sizeof out - 22,
		"\x04\x14"
		"supportedLDAPVersion",
		22);
}

static void the_usual_codes_have_words(void **state)
{
	(void)state;
	assert_string_equal(ldap_code_word(0), "success");
	assert_string_equal(ldap_code_word(53), "unwillingToPerform");
	assert_string_equal(ldap_code_word(80), "other");
	assert_null(ldap_code_word(81));
	assert_null(ldap_code_word(UINT32_MAX));
}

static void the_default_port_has_no_argument(void **state)
{
	(void)state;
	kind_peer_assert_ports(&ldap_probe_ops, "389");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("ldap: ", &ldap_contract),
		HOSTILE_TESTS("ldap: ", &ldap_hostile),
		cmocka_unit_test(tells_what_the_directory_says_of_itself),
		cmocka_unit_test(what_is_not_said_is_not_told),
		cmocka_unit_test(whoever_refuses_is_a_directory),
		cmocka_unit_test(whoever_is_busy_has_failed),
		cmocka_unit_test(a_notice_of_disconnection_is_understood),
		cmocka_unit_test(references_are_passed_over_but_not_for_ever),
		cmocka_unit_test(what_is_not_printable_is_escaped),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(no_message_over_the_limit_is_waited_for),
		cmocka_unit_test(the_request_is_a_search_of_the_root),
		cmocka_unit_test(the_usual_codes_have_words),
		cmocka_unit_test(the_default_port_has_no_argument),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
