/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"
#include "probes/rpc/epm.h"
#include "tests/probes/wire.h"

/* What Samba's list has; corpus/epm has the same. */
#define INTERFACE                                    \
	"13000d785734123412cdabef000123456789ac0100" \
	"02000000"
#define NDR                                          \
	"13000d045d888aeb1cc9119fe808002b1048600200" \
	"02000000"
#define CONNECTED \
	"01000b"  \
	"02000000"
#define DATAGRAM \
	"01000a" \
	"02000000"
#define LOCAL    \
	"01000c" \
	"02000000"
#define TCP(port) \
	"010007"  \
	"0200" port
#define UDP(port) \
	"010008"  \
	"0200" port
#define HTTP(port) \
	"01001f"   \
	"0200" port
#define PIPE     \
	"01000f" \
	"0600"   \
	"5c7069706500"
#define NAMED    \
	"010010" \
	"0800"   \
	"44454641554c5400"
#define IP       \
	"010009" \
	"0400"   \
	"0a000001"
#define NETBIOS  \
	"010011" \
	"0100"   \
	"00"
#define OSI      \
	"010001" \
	"0100"   \
	"00"

static struct epm_endpoint endpoint;

static bool read_tower(const char *digits)
{
	struct wire wire = wire_of(digits);
	memset(&endpoint, 0xee, sizeof endpoint);
	bool ok = epm_read_tower(wire.bytes, wire.size, &endpoint);
	wire_free(&wire);
	return ok;
}

static void assert_tower(
	const char *digits, enum epm_transport transport, uint16_t port)
{
	char text[UUID_SYNTAX_TEXT];
	assert_true(read_tower(digits));
	assert_int_equal(endpoint.transport, transport);
	assert_int_equal(endpoint.port, port);
	assert_string_equal(uuid_syntax_format(&endpoint.interface, text),
		"12345778-1234-abcd-ef00-0123456789ac@1.0");
	assert_string_equal(endpoint.annotation, "");
}

static void reads_every_protocol_sequence(void **state)
{
	(void)state;
	assert_tower("0500" INTERFACE NDR CONNECTED TCP("c002") IP, EPM_TCP, 49154);
	assert_tower("0500" INTERFACE NDR DATAGRAM UDP("0087") IP, EPM_UDP, 135);
	assert_tower("0500" INTERFACE NDR CONNECTED HTTP("0251") IP, EPM_HTTP, 593);
	assert_tower("0500" INTERFACE NDR CONNECTED PIPE NETBIOS, EPM_PIPE, 0);
	assert_tower("0400" INTERFACE NDR LOCAL NAMED, EPM_LOCAL, 0);
	assert_tower("0300" INTERFACE NDR LOCAL, EPM_LOCAL, 0);
	assert_tower("0600" INTERFACE NDR CONNECTED TCP("0050") IP OSI, EPM_TCP, 80);
	assert_tower("0400" INTERFACE NDR CONNECTED TCP("0050"), EPM_TCP, 80);
}

static void what_is_not_known_is_other(void **state)
{
	(void)state;
	assert_tower("0500" INTERFACE NDR DATAGRAM TCP("c002") IP, EPM_OTHER, 0);
	assert_tower("0500" INTERFACE NDR CONNECTED UDP("c002") IP, EPM_OTHER, 0);
	assert_tower("0500" INTERFACE NDR CONNECTED OSI IP, EPM_OTHER, 0);
	assert_tower("0500" INTERFACE NDR OSI TCP("c002") IP, EPM_OTHER, 0);
	assert_tower("0300" INTERFACE NDR CONNECTED, EPM_OTHER, 0);
}

static void the_transfer_syntax_may_be_another(void **state)
{
	(void)state;
	/* NDR64, and a version of NDR that does not exist */
	assert_true(
		read_tower("0500" INTERFACE "13000d33057171babe37498319b5dbef9ccc360100"
			   "02000000" CONNECTED TCP("c002") IP));
	assert_int_equal(endpoint.port, 49154);
	assert_true(
		read_tower("0500" INTERFACE "13000d045d888aeb1cc9119fe808002b1048600100"
			   "02000000" CONNECTED TCP("c002") IP));
	assert_int_equal(endpoint.port, 49154);
}

static void an_interface_may_have_any_version(void **state)
{
	(void)state;
	assert_true(read_tower("0500"
			       "13000d785734123412cdabef000123456789acffff"
			       "0200"
			       "0300" NDR CONNECTED TCP("c002") IP));
	assert_int_equal(endpoint.interface.major, 65535);
	assert_int_equal(endpoint.interface.minor, 3);
	assert_false(endpoint.interface.any_version);
}

static void refuses_what_makes_no_sense(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "05", "0000", "0200" INTERFACE NDR,
		"ffff" INTERFACE,
		/* 7 floors; 5 of which 4 are there */
		"0700" INTERFACE NDR CONNECTED TCP("c002") IP IP IP,
		"0500" INTERFACE NDR CONNECTED TCP("c002"),
		/* no interface first, no transfer syntax second */
		"0500"
		"13000e785734123412cdabef000123456789ac0100"
		"02000000" NDR CONNECTED TCP("c002") IP,
		"0500" CONNECTED NDR INTERFACE TCP("c002") IP,
		"0500" INTERFACE CONNECTED NDR TCP("c002") IP,
		/* halves that are empty, too short, too long, or beyond the end */
		"0500" INTERFACE NDR CONNECTED "00000200c002" IP,
		"0500" INTERFACE NDR "00000000" TCP("c002") IP,
		"0500"
		"12000d785734123412cdabef000123456789ac01"
		"02000000" NDR CONNECTED TCP("c002") IP,
		"0500"
		"14000d785734123412cdabef000123456789ac010000"
		"02000000" NDR CONNECTED TCP("c002") IP,
		"0500"
		"13000d785734123412cdabef000123456789ac0100"
		"010000" NDR CONNECTED TCP("c002") IP,
		"0500" INTERFACE NDR CONNECTED TCP("c002") "010009"
							   "0500"
							   "0a000001",
		"0500" INTERFACE NDR CONNECTED TCP("c002") "ffff09"
							   "0400"
							   "0a000001",
		/* ports of 0, of one byte, of four, and none */
		"0500" INTERFACE NDR CONNECTED TCP("0000") IP,
		"0500" INTERFACE NDR CONNECTED "010007"
		"0100"
		"c0" IP,
		"0500" INTERFACE NDR CONNECTED "010007"
		"0400"
		"c0020000" IP,
		"0500" INTERFACE NDR CONNECTED "010007"
		"0000" IP,
		"0500" INTERFACE NDR DATAGRAM UDP("0000") IP,
		"0500" INTERFACE NDR CONNECTED HTTP("0000") IP};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(read_tower(wrong[i]));
}

static void reads_what_it_writes(void **state)
{
	(void)state;
	uint8_t out[EPM_TOWER_SIZE + 1];
	out[EPM_TOWER_SIZE] = 0xee;
	assert_true(read_tower("0500" INTERFACE NDR CONNECTED TCP("c002") IP));
	assert_ptr_equal(
		epm_put_tower(out, &endpoint.interface, 4660), out + EPM_TOWER_SIZE);
	assert_int_equal(out[EPM_TOWER_SIZE], 0xee);
	assert_true(epm_read_tower(out, EPM_TOWER_SIZE, &endpoint));
	assert_int_equal(endpoint.port, 4660);
	assert_int_equal(endpoint.transport, EPM_TCP);
}

static void try(const uint8_t *bytes, size_t size)
{
	if (!epm_read_tower(bytes, size, &endpoint))
		return;
	bool has_port = endpoint.transport == EPM_TCP ||
			endpoint.transport == EPM_UDP || endpoint.transport == EPM_HTTP;
	assert_int_equal(has_port, endpoint.port != 0);
}

static void no_spoilt_tower_leads_astray(void **state)
{
	(void)state;
	static const char *const good[] = {"0500" INTERFACE NDR CONNECTED TCP("c002")
						   IP,
		"0500" INTERFACE NDR CONNECTED PIPE NETBIOS,
		"0400" INTERFACE NDR LOCAL NAMED,
		"0600" INTERFACE NDR CONNECTED HTTP("0251") IP OSI};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct wire wire = wire_of(good[i]);
		wire_spoil(&wire, try);
		wire_free(&wire);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_protocol_sequence),
		cmocka_unit_test(what_is_not_known_is_other),
		cmocka_unit_test(the_transfer_syntax_may_be_another),
		cmocka_unit_test(an_interface_may_have_any_version),
		cmocka_unit_test(refuses_what_makes_no_sense),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(no_spoilt_tower_leads_astray),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
