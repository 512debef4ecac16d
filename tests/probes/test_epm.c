/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/size.h"
#include "probes/rpc/dcerpc.h"
#include "probes/rpc/epm.h"
#include "probes/rpc/ndr.h"
#include "tests/probes/wire.h"

/* What tshark reads from corpus/epm/lookup-53, Samba's list: interface, protocol
 * sequence, port, annotation. */
static const char *const listed[] = {
	"50abc2a4-574d-40b3-9d66-ee4fd5fba076@5.0 ncacn_np 0 dnsserver",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"6bffd098-a112-3610-9833-012892020162@0.0 ncacn_np 0 browser",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"9c54e310-a955-4885-bd31-78787147dfa6@0.0 ncacn_np 0 unixinfo",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"3dde7c30-165d-11d1-ab8f-00805f14db40@1.0 ncacn_np 0 backupkey",
	"e3514235-4b06-11d1-ab04-00c04fc2dcd2@4.0 ncacn_np 0 drsuapi",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"50abc2a4-574d-40b3-9d66-ee4fd5fba076@5.0 ncacn_ip_tcp 49153 dnsserver",
	"3dde7c30-165d-11d1-ab8f-00805f14db40@1.0 ncacn_ip_tcp 49153 backupkey",
	"f6beaff7-1e19-4fbb-9f8f-b89e2018337c@1.0 ncacn_ip_tcp 49153 eventlog6",
	"6bffd098-a112-3610-9833-012892020162@0.0 ncacn_ip_tcp 49153 browser",
	"9c54e310-a955-4885-bd31-78787147dfa6@0.0 ncacn_ip_tcp 49153 unixinfo",
	"3919286a-b10c-11d0-9ba8-00c04fd92ef5@0.0 ncacn_ip_tcp 49153 dssetup",
	"e3514235-4b06-11d1-ab04-00c04fc2dcd2@4.0 ncacn_ip_tcp 49153 drsuapi",
	"12345778-1234-abcd-ef00-0123456789ab@0.0 ncacn_ip_tcp 49153 lsarpc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_ip_tcp 49153 mgmt",
	"3919286a-b10c-11d0-9ba8-00c04fd92ef5@0.0 ncacn_np 0 dssetup",
	"e3514235-4b06-11d1-ab04-00c04fc2dcd2@4.0 ncacn_np 0 drsuapi",
	"12345778-1234-abcd-ef00-0123456789ab@0.0 ncacn_np 0 lsarpc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"3919286a-b10c-11d0-9ba8-00c04fd92ef5@0.0 ncacn_np 0 dssetup",
	"12345778-1234-abcd-ef00-0123456789ab@0.0 ncacn_np 0 lsarpc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"12345678-1234-abcd-ef00-01234567cffb@1.0 ncacn_ip_tcp 49152 netlogon",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_ip_tcp 49152 mgmt",
	"12345678-1234-abcd-ef00-01234567cffb@1.0 ncacn_np 0 netlogon",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"12345778-1234-abcd-ef00-0123456789ac@1.0 ncacn_np 0 samr",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"6bffd098-a112-3610-9833-012892020162@0.0 ncalrpc 0 browser",
	"9c54e310-a955-4885-bd31-78787147dfa6@0.0 ncalrpc 0 unixinfo",
	"3919286a-b10c-11d0-9ba8-00c04fd92ef5@0.0 ncalrpc 0 dssetup",
	"e3514235-4b06-11d1-ab04-00c04fc2dcd2@4.0 ncalrpc 0 drsuapi",
	"12345778-1234-abcd-ef00-0123456789ab@0.0 ncalrpc 0 lsarpc",
	"12345678-1234-abcd-ef00-01234567cffb@1.0 ncalrpc 0 netlogon",
	"12345778-1234-abcd-ef00-0123456789ac@1.0 ncalrpc 0 samr",
	"6bffd098-a112-3610-9833-46c3f87e345a@1.0 ncalrpc 0 wkssvc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncalrpc 0 mgmt",
	"12345778-1234-abcd-ef00-0123456789ac@1.0 ncacn_ip_tcp 49154 samr",
	"6bffd098-a112-3610-9833-46c3f87e345a@1.0 ncacn_ip_tcp 49154 wkssvc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_ip_tcp 49154 mgmt",
	"6bffd098-a112-3610-9833-46c3f87e345a@1.0 ncacn_np 0 wkssvc",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
	"e1af8308-5d1f-11c9-91a4-08002b14a0fa@3.0 ncalrpc 0 epmapper",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncalrpc 0 mgmt",
	"e1af8308-5d1f-11c9-91a4-08002b14a0fa@3.0 ncacn_http 593 epmapper",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_http 593 mgmt",
	"e1af8308-5d1f-11c9-91a4-08002b14a0fa@3.0 ncacn_ip_tcp 135 epmapper",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_ip_tcp 135 mgmt",
	"e1af8308-5d1f-11c9-91a4-08002b14a0fa@3.0 ncacn_np 0 epmapper",
	"afa8bd80-7d8a-11c9-bef4-08002b102989@1.0 ncacn_np 0 mgmt",
};

/* What Samba was sent and what it answered: stubs. */
#define SAMR_TOWER_BEFORE_PORT                                                         \
	"050013000d785734123412cdabef000123456789ac01000200000013000d045d888aeb1cc911" \
	"9fe808002b10486002000200000001000b020000000100070200"
#define SAMR_TOWER                              \
	SAMR_TOWER_BEFORE_PORT "c0020100090400" \
			       "00000000"
#define MAP_REQUEST                                                                               \
	"0100000000000000000000000000000000000000020000004b0000004b000000" SAMR_TOWER_BEFORE_PORT \
	"008701000904000000000000"                                                                \
	"0000000000000000000000000000000000000000"                                                \
	"08000000"
#define HANDLE "0000000000000000000000000000000000000000"
#define MAP_ANSWER                                        \
	HANDLE "0100000008000000000000000100000003000000" \
	       "4b0000004b000000" SAMR_TOWER "00"         \
	       "00000000"
#define BIG_MAP_ANSWER                                    \
	HANDLE "0000000100000008000000000000000100000003" \
	       "0000004b0000004b" SAMR_TOWER "00"         \
	       "00000000"
#define NOT_REGISTERED HANDLE "00000000080000000000000000000000d6a0c916"
#define END HANDLE "00000000f40100000000000000000000d6a0c916"

#define SAMR "12345778-1234-abcd-ef00-0123456789ac@1.0 ncacn_ip_tcp 49154"

#define MAX_LINES (EPM_MAX_ENTRIES + 1)

struct seen {
	char lines[MAX_LINES][128];
	size_t count;
	struct epm_endpoint last;
};

static struct seen seen;
static struct epm_page page;

static const char *const words[] = {
	[EPM_OTHER] = "other",
	[EPM_TCP] = "ncacn_ip_tcp",
	[EPM_UDP] = "ncadg_ip_udp",
	[EPM_HTTP] = "ncacn_http",
	[EPM_PIPE] = "ncacn_np",
	[EPM_LOCAL] = "ncalrpc",
};

static void note(void *data, const struct epm_endpoint *endpoint)
{
	char syntax[UUID_SYNTAX_TEXT];
	struct seen *to = data;
	assert_true(to->count < MAX_LINES);
	char *line = to->lines[to->count++];
	int size = snprintf(line, sizeof to->lines[0], "%s %s %u",
		uuid_syntax_format(&endpoint->interface, syntax),
		words[endpoint->transport], endpoint->port);
	assert_true(strlen(endpoint->annotation) < EPM_ANNOTATION_TEXT);
	if (endpoint->annotation[0] != '\0')
		snprintf(line + size, sizeof to->lines[0] - (size_t)size, " %s",
			endpoint->annotation);
	to->last = *endpoint;
}

static int read_lookup(const uint8_t *stub, size_t size, bool big_endian)
{
	seen.count = 0;
	memset(&page, 0xee, sizeof page);
	return epm_read_lookup(stub, size, big_endian, note, &seen, &page);
}

static int read_map(const char *digits, bool big_endian)
{
	struct wire wire = wire_of(digits);
	seen.count = 0;
	memset(&page, 0xee, sizeof page);
	int rc = epm_read_map(wire.bytes, wire.size, big_endian, note, &seen, &page);
	wire_free(&wire);
	return rc;
}

static int read_lookup_digits(const char *digits)
{
	struct wire wire = wire_of(digits);
	int rc = read_lookup(wire.bytes, wire.size, false);
	wire_free(&wire);
	return rc;
}

/* A file of the corpus without its first byte, which is the fuzz target's. */
static struct wire read_corpus(const char *path)
{
	struct wire file = wire_read(path);
	struct wire stub = wire_copy(file.bytes + 1, file.size - 1);
	wire_free(&file);
	return stub;
}

static void assert_written(const uint8_t *out, size_t size, const char *digits)
{
	struct wire wire = wire_of(digits);
	assert_true(size <= EPM_MAX_STUB_OUT);
	assert_int_equal(size, wire.size);
	assert_memory_equal(out, wire.bytes, size);
	wire_free(&wire);
}

static const struct uuid_syntax samr = {
	.uuid = UUID_LITERAL(0x12345778, 0x1234, 0xabcd, 0xef00, 0x0123456789ac),
	.major = 1,
};

static void writes_the_requests_of_the_capture(void **state)
{
	(void)state;
	uint8_t out[EPM_MAX_STUB_OUT];
	struct epm_handle handle = {{0}};
	memset(out, 0xee, sizeof out);
	assert_written(out, epm_write_lookup(out, &handle, 500),
		"00000000000000000000000001000000" HANDLE "f4010000");
	memset(out, 0xee, sizeof out);
	assert_written(out, epm_write_map(out, &samr, &handle, 8), MAP_REQUEST);
	memset(handle.bytes, 0xab, sizeof handle.bytes);
	assert_written(out, epm_write_free(out, &handle),
		"abababababababababababababababababababab");
	assert_int_equal(epm_write_lookup(out, &handle, 1), 40);
	assert_memory_equal(out + 16, handle.bytes, EPM_HANDLE_SIZE);
}

static void knows_a_null_handle(void **state)
{
	(void)state;
	struct epm_handle handle = {{0}};
	assert_true(epm_handle_is_null(&handle));
	for (size_t i = 0; i < EPM_HANDLE_SIZE; i++) {
		handle.bytes[i] = 1;
		assert_false(epm_handle_is_null(&handle));
		handle.bytes[i] = 0;
	}
}

static void reads_the_whole_list_of_the_capture(void **state)
{
	(void)state;
	struct wire stub = read_corpus("fuzz/corpus/epm/lookup-53");
	assert_int_equal(read_lookup(stub.bytes, stub.size, false), 0);
	assert_int_equal(page.entries, 53);
	assert_int_equal(page.unreadable, 0);
	assert_int_equal(page.status, 0);
	assert_false(epm_handle_is_null(&page.handle));
	assert_memory_equal(page.handle.bytes, stub.bytes, EPM_HANDLE_SIZE);
	assert_int_equal(seen.count, ARRAY_SIZE(listed));
	for (size_t i = 0; i < seen.count; i++)
		assert_string_equal(seen.lines[i], listed[i]);
	wire_free(&stub);
}

static void reads_a_page_of_five(void **state)
{
	(void)state;
	struct wire stub = read_corpus("fuzz/corpus/epm/lookup-5");
	assert_int_equal(read_lookup(stub.bytes, stub.size, false), 0);
	assert_int_equal(page.entries, 5);
	for (size_t i = 0; i < seen.count; i++)
		assert_string_equal(seen.lines[i], listed[i]);
	wire_free(&stub);
}

static void reads_the_end_of_a_list(void **state)
{
	(void)state;
	assert_int_equal(read_lookup_digits(END), 0);
	assert_int_equal(page.entries, 0);
	assert_int_equal(page.status, DCERPC_EPT_NOT_REGISTERED);
	assert_true(epm_handle_is_null(&page.handle));
	assert_int_equal(seen.count, 0);
}

static void reads_a_mapped_port(void **state)
{
	(void)state;
	assert_int_equal(read_map(MAP_ANSWER, false), 0);
	assert_int_equal(page.entries, 1);
	assert_int_equal(page.status, 0);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.lines[0], SAMR);
	assert_int_equal(read_map(NOT_REGISTERED, false), 0);
	assert_int_equal(page.entries, 0);
	assert_int_equal(page.status, DCERPC_EPT_NOT_REGISTERED);
}

static void towers_are_little_endian_in_a_big_endian_answer(void **state)
{
	(void)state;
	assert_int_equal(read_map(BIG_MAP_ANSWER, true), 0);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.lines[0], SAMR);
	assert_int_equal(read_map(BIG_MAP_ANSWER, false), -EPROTO);
	assert_int_equal(read_map(MAP_ANSWER, true), -EPROTO);
}

/* Attributes 1, a UUID as text has it, and what it becomes in a request of ours. */
static void a_big_endian_handle_goes_back_little_endian(void **state)
{
	(void)state;
	struct wire stub = wire_of("000000010011223344556677"
				   "8899aabbccddeeff"
				   "00000000000001f40000000000000000"
				   "16c9a0d6");
	struct wire back = wire_of("01000000332211005544776688"
				   "99aabbccddeeff");
	assert_int_equal(read_lookup(stub.bytes, stub.size, true), 0);
	assert_int_equal(page.status, DCERPC_EPT_NOT_REGISTERED);
	assert_memory_equal(page.handle.bytes, back.bytes, EPM_HANDLE_SIZE);
	wire_free(&stub);
	wire_free(&back);
}

/* One entry: object, referent, annotation of 3 characters and padding. */
#define ENTRY(referent)                    \
	OBJECT referent "0000000003000000" \
			"61620000"
#define OBJECT "01000000020003000405060708090a0b"
#define TOWER "4b0000004b000000" SAMR_TOWER "00"
#define COUNTS(n) n "f401000000000000" n
#define REFERENT(n) n "000000"

static void an_entry_has_an_annotation_behind_its_object(void **state)
{
	(void)state;
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("01000000")
					 ENTRY(REFERENT("07")) TOWER "00000000"),
		0);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.lines[0], SAMR " ab");
}

static void an_annotation_is_printable_and_bounded(void **state)
{
	(void)state;
	/* not ended, and with what a terminal would obey */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("01000000") OBJECT
				 "07000000"
				 "0000000004000000"
				 "1b5bc37f" TOWER "00000000"),
		0);
	assert_string_equal(seen.last.annotation, "?[??");
	/* 66 characters are cut to 64 */
#define TEN "61616161616161616161"
	assert_int_equal(
		read_lookup_digits(HANDLE COUNTS("01000000") OBJECT
			"07000000"
			"0000000042000000" TEN TEN TEN TEN TEN TEN "616161616161"
			"0000" TOWER "00000000"),
		0);
	assert_int_equal(strlen(seen.last.annotation), 64);
	/* none at all */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("01000000") OBJECT
				 "07000000"
				 "0000000000000000" TOWER "00000000"),
		0);
	assert_string_equal(seen.last.annotation, "");
	/* one that begins elsewhere, one that is longer than the answer */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("01000000") OBJECT
				 "07000000"
				 "0100000004000000"
				 "61616161" TOWER "00000000"),
		-EPROTO);
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("01000000") OBJECT
				 "07000000"
				 "00000000ffffffff"
				 "61616161" TOWER "00000000"),
		-EPROTO);
}

static void a_referent_that_comes_back_is_an_alias(void **state)
{
	(void)state;
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("03000000") ENTRY(
				 REFERENT("07")) ENTRY(REFERENT("02"))
					 ENTRY(REFERENT("07")) TOWER TOWER "00000000"),
		0);
	assert_int_equal(page.entries, 3);
	assert_int_equal(page.unreadable, 0);
	assert_int_equal(seen.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(seen.lines[i], SAMR " ab");
	/* one tower for each entry would be too much, and is where the status should be
	 */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("02000000") ENTRY(REFERENT(
				 "07")) ENTRY(REFERENT("07")) TOWER TOWER "00000000"),
		0);
	assert_int_equal(page.status, 0x4b);
	assert_int_equal(read_map(HANDLE "0200000008000000000000000200000003000000"
					 "03000000" TOWER "00000000",
				 false),
		0);
	assert_int_equal(seen.count, 2);
}

static void an_entry_without_a_tower_is_counted(void **state)
{
	(void)state;
	/* so that the towers of this one would still lie about */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("03000000") ENTRY(REFERENT(
				 "01")) ENTRY(REFERENT("02")) ENTRY(REFERENT("03"))
					 TOWER TOWER TOWER "00000000"),
		0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("03000000") ENTRY(
				 REFERENT("00")) ENTRY(REFERENT("02"))
					 ENTRY(REFERENT("00")) TOWER "00000000"),
		0);
	assert_int_equal(page.entries, 3);
	assert_int_equal(page.unreadable, 2);
	assert_int_equal(seen.count, 1);
}

static void a_tower_that_makes_no_sense_is_counted(void **state)
{
	(void)state;
	/* the second one is empty, the third says 9 floors */
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("03000000") ENTRY(
				 REFERENT("01")) ENTRY(REFERENT("02"))
					 ENTRY(REFERENT("03")) TOWER "0000000000000000"
								     "0400000004000000"
								     "09000000"
								     "00000000"),
		0);
	assert_int_equal(page.entries, 3);
	assert_int_equal(page.unreadable, 2);
	assert_int_equal(seen.count, 1);
}

static void counts_that_lie_visit_nothing(void **state)
{
	(void)state;
	static const char *const wrong[] = {/* a million, one more than a page, the
					       array shorter, its room, its offset */
		COUNTS("40420f00"), "f5010000f501000000000000f5010000",
		"02000000080000000000000001000000", "01000000000000000000000001000000",
		"01000000080000000100000001000000", "01000000080000000000000002000000",
		"ffffffffffffffff00000000ffffffff", "00000000080000000000000001000000"};
	char digits[1024];
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(digits, sizeof digits,
			HANDLE "%s" ENTRY(REFERENT("01")) TOWER "00000000", wrong[i]);
		assert_int_equal(read_lookup_digits(digits), -EPROTO);
		assert_int_equal(seen.count, 0);
		snprintf(digits, sizeof digits,
			HANDLE "%s" REFERENT("01") TOWER "00000000", wrong[i]);
		assert_int_equal(read_map(digits, false), -EPROTO);
		assert_int_equal(seen.count, 0);
	}
}

static void an_answer_that_stops_short_visits_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_lookup_digits(HANDLE COUNTS("02000000") ENTRY(
				 REFERENT("01")) ENTRY(REFERENT("02")) TOWER),
		-EPROTO);
	assert_int_equal(seen.count, 0);
	/* the two lengths of a tower differ; both are beyond the end */
	assert_int_equal(read_map(HANDLE COUNTS("01000000")
					  REFERENT("01") "4c0000004b000000" SAMR_TOWER
							 "0000000000",
				 false),
		-EPROTO);
	assert_int_equal(read_map(HANDLE COUNTS("01000000")
					  REFERENT("01") "ffffffffffffffff" SAMR_TOWER
							 "0000000000",
				 false),
		-EPROTO);
	assert_int_equal(seen.count, 0);
}

static size_t put_entry(uint8_t *at, uint32_t referent)
{
	uint8_t *end = at + 16;
	memset(at, 0, 16);
	end = ndr_put_u32(end, referent);
	end = ndr_put_u32(end, 0);
	end = ndr_put_u32(end, 0);
	return (size_t)(end - at);
}

/* A full page whose entries share one tower, or have towers with descending
 * referents, so that each one is searched for. */
static void a_full_page_is_read(void **state)
{
	(void)state;
	static uint8_t bytes[64 * 1024 + 1024];
	for (int descending = 0; descending < 2; descending++) {
		memset(bytes, 0, sizeof bytes);
		uint8_t *at = bytes + EPM_HANDLE_SIZE;
		at = ndr_put_u32(at, EPM_MAX_ENTRIES);
		at = ndr_put_u32(at, EPM_MAX_ENTRIES);
		at = ndr_put_u32(at, 0);
		at = ndr_put_u32(at, EPM_MAX_ENTRIES);
		for (uint32_t i = 0; i < EPM_MAX_ENTRIES; i++)
			at += put_entry(at, descending ? EPM_MAX_ENTRIES - i : 7);
		for (int i = 0; i < (descending ? EPM_MAX_ENTRIES : 1); i++) {
			at = ndr_put_u32(at, EPM_TOWER_SIZE);
			at = ndr_put_u32(at, EPM_TOWER_SIZE);
			at = epm_put_tower(at, &samr, 49154) + 1;
		}
		at = ndr_put_u32(at, 0);
		struct wire wire = wire_copy(bytes, (size_t)(at - bytes));
		assert_int_equal(read_lookup(wire.bytes, wire.size, false), 0);
		assert_int_equal(seen.count, EPM_MAX_ENTRIES);
		assert_int_equal(page.unreadable, 0);
		assert_string_equal(seen.lines[EPM_MAX_ENTRIES - 1], SAMR);
		wire_free(&wire);
	}
}

static int wrong_entries;

static void visit_checked(void *data, const struct epm_endpoint *endpoint)
{
	(void)data;
	bool has_port = endpoint->transport == EPM_TCP ||
			endpoint->transport == EPM_UDP ||
			endpoint->transport == EPM_HTTP;
	wrong_entries += has_port != (endpoint->port != 0);
	wrong_entries += !memchr(endpoint->annotation, '\0', EPM_ANNOTATION_TEXT);
	wrong_entries += endpoint->interface.any_version;
	for (const char *c = endpoint->annotation; *c; c++)
		wrong_entries += *c < ' ' || *c > '~';
	seen.count++;
}

static void try(const uint8_t *bytes, size_t size)
{
	for (int way = 0; way < 4; way++) {
		bool big_endian = way & 1;
		seen.count = 0;
		int rc = (way & 2 ? epm_read_map : epm_read_lookup)(
			bytes, size, big_endian, visit_checked, NULL, &page);
		assert_true(rc == 0 || (rc == -EPROTO && seen.count == 0));
		assert_true(rc < 0 || page.entries == seen.count + page.unreadable);
		assert_int_equal(wrong_entries, 0);
	}
}

static void no_spoilt_answer_leads_astray(void **state)
{
	(void)state;
	static const char *const good[] = {MAP_ANSWER, BIG_MAP_ANSWER, NOT_REGISTERED,
		END,
		HANDLE COUNTS("02000000") ENTRY(REFERENT("07")) ENTRY(REFERENT("07"))
			TOWER "00000000"};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct wire wire = wire_of(good[i]);
		wire_spoil(&wire, try);
		wire_free(&wire);
	}
	struct wire five = read_corpus("fuzz/corpus/epm/lookup-5");
	wire_spoil_long(&five, try);
	wire_free(&five);
	struct wire all = read_corpus("fuzz/corpus/epm/lookup-53");
	wire_spoil_long(&all, try);
	wire_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_requests_of_the_capture),
		cmocka_unit_test(knows_a_null_handle),
		cmocka_unit_test(reads_the_whole_list_of_the_capture),
		cmocka_unit_test(reads_a_page_of_five),
		cmocka_unit_test(reads_the_end_of_a_list),
		cmocka_unit_test(reads_a_mapped_port),
		cmocka_unit_test(towers_are_little_endian_in_a_big_endian_answer),
		cmocka_unit_test(a_big_endian_handle_goes_back_little_endian),
		cmocka_unit_test(an_entry_has_an_annotation_behind_its_object),
		cmocka_unit_test(an_annotation_is_printable_and_bounded),
		cmocka_unit_test(a_referent_that_comes_back_is_an_alias),
		cmocka_unit_test(an_entry_without_a_tower_is_counted),
		cmocka_unit_test(a_tower_that_makes_no_sense_is_counted),
		cmocka_unit_test(counts_that_lie_visit_nothing),
		cmocka_unit_test(an_answer_that_stops_short_visits_nothing),
		cmocka_unit_test(a_full_page_is_read),
		cmocka_unit_test(no_spoilt_answer_leads_astray),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
