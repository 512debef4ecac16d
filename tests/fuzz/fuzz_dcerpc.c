/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a DCE/RPC server may send: PDU after PDU to one reader, each in memory of
 * its own. The call id is the first PDU's, so that the input reaches the bodies.
 */
#include <stdlib.h>
#include <string.h>

#include "probes/rpc/dcerpc.h"
#include "probes/rpc/ndr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t find_call(const uint8_t *pdu)
{
	struct ndr_reader ndr;

	ndr_reader_init(&ndr, pdu, DCERPC_HEADER_SIZE, !(pdu[4] & 0x10));
	cursor_skip(&ndr.cursor, 12);
	return ndr_u32(&ndr);
}

static void check(
	const struct dcerpc_reader *reader, const struct dcerpc_answer *answer)
{
	if (reader->room > DCERPC_MAX_STUB || reader->size > reader->room)
		abort();
	if (answer->stub_size > DCERPC_MAX_STUB ||
		reader->fragments > DCERPC_MAX_FRAGMENTS)
		abort();
	if ((answer->kind == DCERPC_RESPONSE) != (answer->stub != NULL))
		abort();
	if ((answer->kind == DCERPC_PARTIAL) != (reader->fragments > 0))
		abort();
	if (answer->stub_size)
		free(memcpy(
			malloc(answer->stub_size), answer->stub, answer->stub_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dcerpc_reader reader = {0};
	struct dcerpc_answer answer;
	uint32_t call_id = 0;
	size_t length;

	for (size_t at = 0; dcerpc_frame(data + at, size - at, &length) == 0;
		at += length) {
		if (length < DCERPC_HEADER_SIZE || length > size - at)
			abort();
		if (at == 0)
			call_id = find_call(data);
		uint8_t *pdu = malloc(length);
		memcpy(pdu, data + at, length);
		if (dcerpc_read(&reader, call_id, pdu, length, &answer) == 0)
			check(&reader, &answer);
		free(pdu);
	}
	dcerpc_reader_fini(&reader);
	return 0;
}
