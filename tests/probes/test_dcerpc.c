/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "probes/rpc/epm.h"
#include "tests/probes/dcerpc_samples.h"

/* What was sent to Samba and answered. */
#define BIND                                                                 \
	"05000b03100000004800000001000000d016d01600000000010000000000010008" \
	"83afe11f5dc91191a408002b14a0fa03000000045d888aeb1cc9119fe808002b10486002000000"
#define MAP_REQUEST                                                        \
	"05000003100000009c0000000200000084000000000003000100000000000000" \
	"000000000000000000000000020000004b0000004b000000050013000d785734" \
	"123412cdabef000123456789ac01000200000013000d045d888aeb1cc9119fe8" \
	"08002b10486002000200000001000b0200000001000702000087010009040000" \
	"00000000000000000000000000000000000000000000000008000000"

static void writes_the_bind_of_the_capture(void **state)
{
	(void)state;
	uint8_t pdu[DCERPC_BIND_SIZE];
	struct wire wire = wire_of(BIND);
	assert_int_equal(dcerpc_write_bind(pdu, 1, &epm_interface), wire.size);
	assert_memory_equal(pdu, wire.bytes, wire.size);
	wire_free(&wire);
}

static void writes_the_request_of_the_capture(void **state)
{
	(void)state;
	struct wire wire = wire_of(MAP_REQUEST);
	struct wire out = wire_copy(wire.bytes, wire.size);
	memset(out.bytes, 0xee, out.size);
	size_t stub_size = wire.size - DCERPC_REQUEST_OVERHEAD;
	assert_int_equal(dcerpc_write_request(out.bytes, out.size, 2, EPM_MAP,
				 wire.bytes + DCERPC_REQUEST_OVERHEAD, stub_size),
		out.size);
	assert_memory_equal(out.bytes, wire.bytes, wire.size);
	assert_int_equal(dcerpc_write_request(out.bytes, out.size - 1, 2, EPM_MAP,
				 wire.bytes + DCERPC_REQUEST_OVERHEAD, stub_size),
		0);
	assert_int_equal(dcerpc_write_request(out.bytes, DCERPC_REQUEST_OVERHEAD, 2,
				 EPM_LOOKUP, NULL, 0),
		DCERPC_REQUEST_OVERHEAD);
	wire_free(&wire);
	wire_free(&out);
}

static void a_request_is_one_fragment(void **state)
{
	(void)state;
	static uint8_t out[2 * DCERPC_MAX_FRAGMENT], stub[DCERPC_MAX_FRAGMENT];
	size_t most = DCERPC_MAX_FRAGMENT - DCERPC_REQUEST_OVERHEAD;
	assert_int_equal(dcerpc_write_request(out, sizeof out, 1, 0, stub, most),
		DCERPC_MAX_FRAGMENT);
	assert_int_equal(
		dcerpc_write_request(out, sizeof out, 1, 0, stub, most + 1), 0);
	assert_int_equal(
		dcerpc_write_request(out, sizeof out, 1, 0, stub, SIZE_MAX), 0);
}

static int frame(const char *digits, size_t *size)
{
	struct wire wire = wire_of(digits);
	*size = 99;
	int rc = dcerpc_frame(wire.bytes, wire.size, size);
	wire_free(&wire);
	return rc;
}

static void a_frame_is_known_by_its_tenth_byte(void **state)
{
	(void)state;
	struct wire wire = wire_of(ACCEPTED);
	size_t size;
	for (size_t n = 0; n < wire.size; n++) {
		struct wire cut = wire_copy(wire.bytes, n);
		assert_int_equal(dcerpc_frame(cut.bytes, cut.size, &size), -EAGAIN);
		assert_int_equal(size, n < 10 ? 0 : 60);
		wire_free(&cut);
	}
	assert_int_equal(dcerpc_frame(wire.bytes, wire.size, &size), 0);
	assert_int_equal(size, 60);
	wire_free(&wire);
	assert_int_equal(frame(ACCEPTED "05000203", &size), 0);
	assert_int_equal(size, 60);
	assert_int_equal(frame(BIG_FAULT, &size), 0);
	assert_int_equal(size, 32);
	assert_int_equal(frame("0500020310000000ffff", &size), -EAGAIN);
	assert_int_equal(size, 65535);
	assert_int_equal(frame("05010203100000001000000001000000", &size), 0);
	assert_int_equal(size, 16);
}

static void what_is_no_dcerpc_is_known_by_the_first_wrong_byte(void **state)
{
	(void)state;
	static const char *const wrong[] = {"04", "48", "0502", "0500020320",
		"05000203f0",
		"0500020310000000"
		"0f00",
		"0500020310000000"
		"0000",
		"0500020300000000"
		"000f",
		"485454502f312e3120343030"};
	size_t size;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(frame(wrong[i], &size), -EPROTO);
}

static void an_accepted_bind(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, ACCEPTED), DCERPC_ACCEPTED);
	assert_int_equal(answer.result, DCERPC_RESULT_ACCEPTANCE);
	assert_false(answer.big_endian);
	assert_null(reader.stub);
}

static void the_secondary_address_may_have_any_length(void **state)
{
	(void)state;
	/* none; 1 byte; 2 bytes and so no padding */
	assert_int_equal(
		read_digits(1,
			"05000c03100000003800000001000000d016d016a1fd00000000eeee"
			"0100000000000000045d888aeb1cc9119fe808002b10486002000000"),
		DCERPC_ACCEPTED);
	assert_int_equal(
		read_digits(1,
			"05000c03100000003800000001000000d016d016a1fd0000010000ee"
			"0100000000000000045d888aeb1cc9119fe808002b10486002000000"),
		DCERPC_ACCEPTED);
	assert_int_equal(
		read_digits(1,
			"05000c03100000003800000001000000d016d016a1fd000002003100"
			"0100000000000000045d888aeb1cc9119fe808002b10486002000000"),
		DCERPC_ACCEPTED);
	assert_int_equal(read_patched(1, ACCEPTED, 24, "ffff"), DCERPC_MALFORMED);
}

static void a_wrong_interface_is_a_rejection(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, REJECTED), DCERPC_REJECTED);
	assert_int_equal(answer.result, DCERPC_RESULT_PROVIDER_REJECTION);
	assert_int_equal(answer.reason, DCERPC_REASON_ABSTRACT_SYNTAX);
	assert_int_equal(read_patched(1, REJECTED, 36, "02000200"), DCERPC_REJECTED);
	assert_int_equal(answer.reason, DCERPC_REASON_TRANSFER_SYNTAXES);
	assert_int_equal(read_patched(1, REJECTED, 36, "01000000"), DCERPC_REJECTED);
	assert_int_equal(answer.result, 1);
}

static void what_was_not_offered_is_not_accepted(void **state)
{
	(void)state;
	/* negotiate_ack; no result; two; another transfer syntax; its version */
	assert_int_equal(read_patched(1, ACCEPTED, 36, "0300"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 36, "0400"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 32, "00"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 32, "02"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 40, "05"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 56, "01"), DCERPC_MALFORMED);
	/* half of a bind_ack */
	assert_int_equal(read_patched(1, ACCEPTED, 3, "01"), DCERPC_MALFORMED);
}

static void a_big_endian_bind_ack_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		read_digits(1, "05000c0300000000003c00000000000116d016d00000fda1"
			       "00043133350000000100000000000000"
			       "8a885d041ceb11c99fe808002b10486000000002"),
		DCERPC_ACCEPTED);
	assert_true(answer.big_endian);
	assert_int_equal(
		read_digits(1, "05000c0300000000003c00000000000116d016d00000fda1"
			       "00043133350000000100000000020001"
			       "0000000000000000000000000000000000000000"),
		DCERPC_REJECTED);
	assert_int_equal(answer.result, 2);
	assert_int_equal(answer.reason, 1);
}

static void a_nak_has_a_reason(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, NAK), DCERPC_NAK);
	assert_int_equal(answer.reason, 4);
	/* the versions may be missing, the reason may not */
	assert_int_equal(
		read_digits(1, "05000d031000000012000000010000000100"), DCERPC_NAK);
	assert_int_equal(answer.reason, 1);
	assert_int_equal(
		read_digits(1, "05000d0310000000110000000100000001"), DCERPC_MALFORMED);
}

static void a_fault_has_a_status(void **state)
{
	(void)state;
	assert_int_equal(read_digits(7, FAULT), DCERPC_FAULT);
	assert_int_equal(answer.status, DCERPC_OP_RANGE_ERROR);
	assert_int_equal(read_digits(7, BIG_FAULT), DCERPC_FAULT);
	assert_int_equal(answer.status, DCERPC_OP_RANGE_ERROR);
	assert_true(answer.big_endian);
	assert_int_equal(read_patched(7, FAULT, 24, "05000000"), DCERPC_FAULT);
	assert_int_equal(answer.status, DCERPC_ACCESS_DENIED);
	assert_int_equal(read_digits(7, "05000323100000001b0000000700000018000000000000"
					"00020001"),
		DCERPC_MALFORMED);
}

static void what_only_a_client_sends_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, BIND), DCERPC_MALFORMED);
	assert_int_equal(read_digits(2, MAP_REQUEST), DCERPC_MALFORMED);
	for (unsigned type = 0; type < 256; type++) {
		char digits[3];
		snprintf(digits, sizeof digits, "%02x", type);
		if (type == 2 || type == 3 || type == 12 || type == 13)
			continue;
		assert_int_equal(
			read_patched(1, ACCEPTED, 2, digits), DCERPC_MALFORMED);
	}
}

static void the_length_of_a_pdu_is_its_own(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, ACCEPTED "00"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 8, "3b00"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 8, "ffff"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, ACCEPTED, 8, "0000"), DCERPC_MALFORMED);
	assert_int_equal(
		read_digits(1, "05000203100000001000000001000000"), DCERPC_MALFORMED);
	read_pdu(1, NULL, 0);
	assert_int_equal(answer.kind, DCERPC_MALFORMED);
}

/* For each of the goldens, as its call and as what follows a first fragment. */
static void try(const uint8_t *bytes, size_t size)
{
	static const uint32_t calls[] = {1, 2, 7, 8};
	size_t length;
	int rc = dcerpc_frame(bytes, size, &length);
	assert_true(rc == 0 || rc == -EAGAIN || rc == -EPROTO);
	assert_true(rc != 0 || (length >= DCERPC_HEADER_SIZE && length <= size));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		read_pdu(calls[i], bytes, size);
		assert_in_range(answer.kind, DCERPC_PARTIAL, DCERPC_MALFORMED);
		assert_true(answer.kind == DCERPC_RESPONSE || !answer.stub);
		assert_true(answer.stub_size <= size);
		if (answer.kind == DCERPC_RESPONSE)
			assert_true(answer.stub >= bytes &&
				    answer.stub + answer.stub_size <= bytes + size);
		assert_true(reader.room <= 16 * 1024);
		dcerpc_reader_reset(&reader);
	}
}

static void no_spoilt_answer_leads_astray(void **state)
{
	(void)state;
	static const char *const good[] = {
		ACCEPTED, REJECTED, NAK, FAULT, BIG_FAULT, FREED, SIGNED};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct wire wire = wire_of(good[i]);
		wire_spoil(&wire, try);
		wire_free(&wire);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_the_bind_of_the_capture),
		TEST(writes_the_request_of_the_capture),
		TEST(a_request_is_one_fragment),
		TEST(a_frame_is_known_by_its_tenth_byte),
		TEST(what_is_no_dcerpc_is_known_by_the_first_wrong_byte),
		TEST(an_accepted_bind),
		TEST(the_secondary_address_may_have_any_length),
		TEST(a_wrong_interface_is_a_rejection),
		TEST(what_was_not_offered_is_not_accepted),
		TEST(a_big_endian_bind_ack_is_read),
		TEST(a_nak_has_a_reason),
		TEST(a_fault_has_a_status),
		TEST(what_only_a_client_sends_is_no_answer),
		TEST(the_length_of_a_pdu_is_its_own),
		TEST(no_spoilt_answer_leads_astray),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
