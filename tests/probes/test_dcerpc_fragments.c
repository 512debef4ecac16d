/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/probes/dcerpc_samples.h"

enum {
	FIRST = 1,
	LAST = 2,
	WHOLE = 3,
	BODY = 24,
};

static bool realloc_fails;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
	return realloc_fails ? NULL : __real_realloc(memory, size);
}

/* A response to call 1 with `size` bytes of `fill` as its part of the stub. */
static enum dcerpc_kind read_part(unsigned flags, size_t size, uint8_t fill)
{
	size_t length = BODY + size;
	struct wire wire = {.bytes = calloc(1, length), .size = length};
	assert_non_null(wire.bytes);
	const uint8_t head[] = {5, 0, 2, (uint8_t)flags, 0x10, 0, 0, 0,
		(uint8_t)(length & 0xff), (uint8_t)(length >> 8), 0, 0, 1, 0, 0, 0,
		/* alloc_hint is a lie */ 0xff, 0xff, 0xff, 0xff};
	memcpy(wire.bytes, head, sizeof head);
	memset(wire.bytes + BODY, fill, size);
	read_pdu(1, wire.bytes, wire.size);
	wire_free(&wire);
	return answer.kind;
}

static void one_fragment_is_not_copied(void **state)
{
	(void)state;
	struct wire wire = wire_of(FREED);
	read_pdu(8, wire.bytes, wire.size);
	assert_int_equal(answer.kind, DCERPC_RESPONSE);
	assert_ptr_equal(answer.stub, wire.bytes + BODY);
	assert_int_equal(answer.stub_size, 24);
	assert_null(reader.stub);
	wire_free(&wire);
}

/* Reads the PDUs of a file one after another; the last one's kind. */
static enum dcerpc_kind read_file(const char *path, uint32_t call_id, struct wire *file)
{
	size_t at = 0, size;
	*file = wire_read(path);
	while (at < file->size) {
		assert_int_equal(
			dcerpc_frame(file->bytes + at, file->size - at, &size), 0);
		if (at > 0)
			assert_int_equal(answer.kind, DCERPC_PARTIAL);
		read_pdu(call_id, file->bytes + at, size);
		at += size;
	}
	return answer.kind;
}

static void fragments_become_one_stub(void **state)
{
	(void)state;
	struct wire file;
	assert_int_equal(
		read_file("fuzz/corpus/dcerpc/lookup-53", 2, &file), DCERPC_RESPONSE);
	/* 5832 and 900 bytes, of which 24 each are headers */
	assert_int_equal(answer.stub_size, 6684);
	assert_memory_equal(answer.stub, file.bytes + BODY, 5808);
	assert_memory_equal(answer.stub + 5808, file.bytes + 5832 + BODY, 876);
	wire_free(&file);
	/* the same answer, cut elsewhere: only the handle differs */
	struct wire copy = wire_copy(answer.stub, answer.stub_size);
	assert_int_equal(read_file("fuzz/corpus/dcerpc/lookup-53-4280", 1, &file),
		DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, copy.size);
	assert_memory_equal(answer.stub + 20, copy.bytes + 20, copy.size - 20);
	wire_free(&copy);
	wire_free(&file);
}

static void what_a_peer_claims_is_not_allocated(void **state)
{
	(void)state;
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_PARTIAL);
	assert_null(answer.stub);
	assert_in_range(reader.room, 1, 16 * 1024);
	assert_int_equal(read_part(LAST, 1, 'b'), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 2);
	assert_memory_equal(answer.stub, "ab", 2);
}

static void an_answer_to_another_call_is_none(void **state)
{
	(void)state;
	assert_int_equal(read_digits(2, ACCEPTED), DCERPC_MALFORMED);
	assert_int_equal(read_digits(0x01000000, ACCEPTED), DCERPC_MALFORMED);
	assert_int_equal(read_digits(8, FAULT), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_digits(2, FREED), DCERPC_MALFORMED);
}

static void fragments_have_one_first_and_come_in_one_byte_order(void **state)
{
	(void)state;
	assert_int_equal(read_part(LAST, 1, 'a'), DCERPC_MALFORMED);
	assert_int_equal(read_part(0, 1, 'a'), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_part(WHOLE, 1, 'a'), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 1, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_digits(1, "0500020200000000001900000000000100000001000000"
					"00"
					"62"),
		DCERPC_MALFORMED);
	/* nothing of all that is left */
	assert_int_equal(read_part(FIRST, 1, 'c'), DCERPC_PARTIAL);
	assert_int_equal(read_part(0, 2, 'd'), DCERPC_PARTIAL);
	assert_int_equal(read_part(LAST, 1, 'e'), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 4);
	assert_memory_equal(answer.stub, "cdde", 4);
}

static void big_endian_fragments_are_put_together(void **state)
{
	(void)state;
	assert_int_equal(
		read_digits(1, "050002010000000000190000000000010000000200000000"
			       "61"),
		DCERPC_PARTIAL);
	assert_int_equal(
		read_digits(1, "050002020000000000190000000000010000000100000000"
			       "62"),
		DCERPC_RESPONSE);
	assert_true(answer.big_endian);
	assert_int_equal(answer.stub_size, 2);
	assert_memory_equal(answer.stub, "ab", 2);
}

static void a_fault_may_end_an_answer_and_a_bind_ack_may_not(void **state)
{
	(void)state;
	assert_int_equal(read_part(FIRST, 9, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_patched(1, FAULT, 12, "01"), DCERPC_FAULT);
	assert_int_equal(answer.status, DCERPC_OP_RANGE_ERROR);
	assert_int_equal(read_part(FIRST, 9, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_digits(1, ACCEPTED), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 9, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_digits(1, NAK), DCERPC_MALFORMED);
	assert_int_equal(read_digits(1, ACCEPTED), DCERPC_ACCEPTED);
}

static void authentication_is_no_part_of_the_stub(void **state)
{
	(void)state;
	assert_int_equal(read_digits(1, SIGNED), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 4);
	/* no padding; as much as there is; more than there is */
	assert_int_equal(read_patched(1, SIGNED, 34, "00"), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 8);
	assert_int_equal(read_patched(1, SIGNED, 34, "08"), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 0);
	assert_int_equal(read_patched(1, SIGNED, 34, "09"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, SIGNED, 34, "ff"), DCERPC_MALFORMED);
	/* a value as long as the body, and longer than the PDU */
	assert_int_equal(read_patched(1, SIGNED, 10, "2000"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, SIGNED, 10, "2800"), DCERPC_MALFORMED);
	assert_int_equal(read_patched(1, SIGNED, 10, "ffff"), DCERPC_MALFORMED);
}

static void authentication_of_a_bind_is_cut_off_too(void **state)
{
	(void)state;
	/* padding: none, as much as it takes to reach into the results, more than all
	 */
	const char *const bind = ACCEPTED "0a060000"
					  "00000000"
					  "11111111";
	struct wire wire = wire_of(bind);
	wire.bytes[8] = 72;
	wire.bytes[10] = 4;
	static const struct {
		uint8_t padding;
		enum dcerpc_kind kind;
	} tries[] = {{0, DCERPC_ACCEPTED}, {1, DCERPC_MALFORMED},
		{44, DCERPC_MALFORMED}, {45, DCERPC_MALFORMED},
		{255, DCERPC_MALFORMED}};
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		wire.bytes[62] = tries[i].padding;
		read_pdu(1, wire.bytes, wire.size);
		assert_int_equal(answer.kind, tries[i].kind);
	}
	wire_free(&wire);
}

static void authentication_of_fragments_is_cut_off_each(void **state)
{
	(void)state;
	assert_int_equal(read_patched(1, SIGNED, 3, "01"), DCERPC_PARTIAL);
	assert_int_equal(read_patched(1, SIGNED, 3, "02"), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 8);
	assert_memory_equal(answer.stub, "abcdabcd", 8);
}

static void empty_fragments_are_counted(void **state)
{
	(void)state;
	assert_int_equal(read_part(WHOLE, 0, 0), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 0);
	assert_non_null(answer.stub);
	assert_int_equal(read_part(FIRST, 0, 0), DCERPC_PARTIAL);
	for (int i = 1; i < DCERPC_MAX_FRAGMENTS; i++)
		assert_int_equal(read_part(0, 0, 0), DCERPC_PARTIAL);
	assert_int_equal(read_part(0, 0, 0), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, 0, 0), DCERPC_PARTIAL);
	assert_int_equal(read_part(LAST, 0, 0), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, 0);
}

static void no_more_than_the_cap_is_kept(void **state)
{
	(void)state;
	const size_t most = 65535 - BODY;
	assert_int_equal(read_part(FIRST, most, 'a'), DCERPC_PARTIAL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(read_part(0, most, 'a'), DCERPC_PARTIAL);
	size_t left = DCERPC_MAX_STUB - 4 * most;
	assert_int_equal(read_part(0, left, 'b'), DCERPC_PARTIAL);
	assert_int_equal(reader.room, DCERPC_MAX_STUB);
	assert_int_equal(read_part(LAST, 1, 'c'), DCERPC_MALFORMED);
	assert_int_equal(read_part(FIRST, most, 'a'), DCERPC_PARTIAL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(read_part(0, most, 'a'), DCERPC_PARTIAL);
	assert_int_equal(read_part(LAST, left, 'b'), DCERPC_RESPONSE);
	assert_int_equal(answer.stub_size, DCERPC_MAX_STUB);
	assert_int_equal(answer.stub[4 * most - 1], 'a');
	assert_int_equal(answer.stub[DCERPC_MAX_STUB - 1], 'b');
	assert_int_equal(reader.room, DCERPC_MAX_STUB);
}

static void a_reset_forgets_and_keeps_the_memory(void **state)
{
	(void)state;
	assert_int_equal(read_part(FIRST, 9, 'a'), DCERPC_PARTIAL);
	uint8_t *memory = reader.stub;
	dcerpc_reader_reset(&reader);
	assert_int_equal(read_part(FIRST, 1, 'b'), DCERPC_PARTIAL);
	assert_int_equal(read_part(LAST, 1, 'b'), DCERPC_RESPONSE);
	assert_ptr_equal(answer.stub, memory);
	assert_int_equal(answer.stub_size, 2);
	dcerpc_reader_fini(&reader);
	dcerpc_reader_fini(&reader);
}

static void a_lack_of_memory_is_told_and_survived(void **state)
{
	(void)state;
	struct wire file = wire_read("fuzz/corpus/dcerpc/lookup-53");
	realloc_fails = true;
	assert_int_equal(dcerpc_read(&reader, 2, file.bytes, 5832, &answer), -ENOMEM);
	assert_int_equal(read_digits(8, FREED), DCERPC_RESPONSE);
	realloc_fails = false;
	read_pdu(2, file.bytes, 5832);
	realloc_fails = true; /* room for 16 KiB is there by now */
	read_pdu(2, file.bytes + 5832, 900);
	realloc_fails = false;
	assert_int_equal(answer.kind, DCERPC_RESPONSE);
	wire_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_fragment_is_not_copied),
		TEST(fragments_become_one_stub),
		TEST(what_a_peer_claims_is_not_allocated),
		TEST(an_answer_to_another_call_is_none),
		TEST(fragments_have_one_first_and_come_in_one_byte_order),
		TEST(big_endian_fragments_are_put_together),
		TEST(a_fault_may_end_an_answer_and_a_bind_ack_may_not),
		TEST(authentication_is_no_part_of_the_stub),
		TEST(authentication_of_a_bind_is_cut_off_too),
		TEST(authentication_of_fragments_is_cut_off_each),
		TEST(empty_fragments_are_counted),
		TEST(no_more_than_the_cap_is_kept),
		TEST(a_reset_forgets_and_keeps_the_memory),
		TEST(a_lack_of_memory_is_told_and_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
