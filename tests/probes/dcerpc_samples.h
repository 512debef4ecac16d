/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of Samba 4.17, and one reader to read them and others with. */
#ifndef TESTS_PROBES_DCERPC_SAMPLES_H
#define TESTS_PROBES_DCERPC_SAMPLES_H

#include "base/size.h"
#include "probes/rpc/dcerpc.h"
#include "tests/probes/wire.h"

#define ACCEPTED                                                                   \
	"05000c03100000003c00000001000000d016d016a1fd0000040031333500000001000000" \
	"00000000045d888aeb1cc9119fe808002b10486002000000"
#define REJECTED                                                           \
	"05000c03100000003c00000001000000d016d016ed0400000600343931353200" \
	"010000000200010000000000000000000000000000000000"                 \
	"00000000"
#define NAK "05000d031000000018000000010000000400010500000000"
#define FAULT "0500032310000000200000000700000018000000000000000200011c00000000"
#define BIG_FAULT "0500032300000000002000000000000700000018000000001c01000200000000"
#define FREED                                              \
	"050002031000000030000000080000001800000000000000" \
	"000000000000000000000000000000000000000000000000"

/* A response with 4 bytes of stub, 4 of padding, a trailer and 16 bytes of value. */
#define SIGNED                                                             \
	"0500020310000000380010000100000004000000000000006162636400000000" \
	"0a0604000000000011111111111111111111111111111111"

static struct dcerpc_reader reader;
static struct dcerpc_answer answer;

static inline void read_pdu(uint32_t call_id, const uint8_t *bytes, size_t size)
{
	memset(&answer, 0xee, sizeof answer);
	assert_int_equal(dcerpc_read(&reader, call_id, bytes, size, &answer), 0);
}

static inline enum dcerpc_kind read_digits(uint32_t call_id, const char *digits)
{
	struct wire wire = wire_of(digits);
	read_pdu(call_id, wire.bytes, wire.size);
	wire_free(&wire);
	return answer.kind;
}

/* `digits` with the bytes at `at` replaced. */
static inline enum dcerpc_kind read_patched(
	uint32_t call_id, const char *digits, size_t at, const char *patch)
{
	struct wire wire = wire_of(digits), bytes = wire_of(patch);
	memcpy(wire.bytes + at, bytes.bytes, bytes.size);
	read_pdu(call_id, wire.bytes, wire.size);
	wire_free(&wire);
	wire_free(&bytes);
	return answer.kind;
}

static inline int forget_reader(void **state)
{
	(void)state;
	dcerpc_reader_fini(&reader);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, forget_reader)

#endif
