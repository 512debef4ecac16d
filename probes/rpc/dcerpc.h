/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DCE/RPC over a connection, as far as a client without authentication needs it: bind,
 * request, and what comes back, fragments put together. Pure: bytes in, structs out.
 * Source: The Open Group C706, chapter 12, and [MS-RPCE] 2.2.2.
 */
#ifndef PROBES_DCERPC_H
#define PROBES_DCERPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

enum {
	DCERPC_HEADER_SIZE = 16,
	DCERPC_BIND_SIZE = 72,        /* one interface, one transfer syntax */
	DCERPC_REQUEST_OVERHEAD = 24, /* before the stub, no object UUID */
	DCERPC_MAX_FRAGMENT = 5840,   /* what Windows asks for and so do we */
	DCERPC_MAX_STUB = 256 * 1024, /* of one answer, put together */
	DCERPC_MAX_FRAGMENTS = 512,
};

/* Fault and endpoint mapper statuses as they are on the wire. */
enum dcerpc_status {
	DCERPC_ACCESS_DENIED = 0x00000005,
	DCERPC_EPT_NOT_REGISTERED = 0x16c9a0d6, /* [MS-RPCE] 2.2.1.2.5 */
	DCERPC_OP_RANGE_ERROR = 0x1c010002,
	DCERPC_UNKNOWN_INTERFACE = 0x1c010003,
	DCERPC_PROTOCOL_ERROR = 0x1c01000b,
	DCERPC_TOO_BUSY = 0x1c010014,
};

/* Both write exactly the size they return. The transfer syntax offered is NDR 2.0
 * alone. `interface` has a version. */
size_t dcerpc_write_bind(uint8_t out[DCERPC_BIND_SIZE], uint32_t call_id,
	const struct uuid_syntax *interface);

/* 0 when `room` is less than DCERPC_REQUEST_OVERHEAD + stub_size, or that is more than
 * DCERPC_MAX_FRAGMENT. One fragment, presentation context 0. */
size_t dcerpc_write_request(uint8_t *out, size_t room, uint32_t call_id, uint16_t opnum,
	const uint8_t *stub, size_t stub_size);

/*
 * The length of the PDU that starts here, in *size, at most 65535. 0; -EAGAIN: the
 * `available` bytes are not enough to know it (then *size is 0) or to hold it; -EPROTO:
 * this is no DCE/RPC version 5, or its length is less than a header's. What is no
 * DCE/RPC is known by the first byte that is wrong.
 */
int dcerpc_frame(const uint8_t *data, size_t available, size_t *size);

enum dcerpc_kind {
	DCERPC_PARTIAL,   /* a fragment, and more are to come */
	DCERPC_ACCEPTED,  /* bind_ack: the context was accepted */
	DCERPC_REJECTED,  /* bind_ack: result and reason say why not */
	DCERPC_NAK,       /* bind_nak: reason says why */
	DCERPC_RESPONSE,  /* whole: stub */
	DCERPC_FAULT,     /* status */
	DCERPC_MALFORMED, /* not an answer to that call */
};

/* bind_ack results and reasons (C706, 12.6.3.1, p_cont_def_result_t and
 * p_provider_reason_t). */
enum {
	DCERPC_RESULT_ACCEPTANCE = 0,
	DCERPC_RESULT_PROVIDER_REJECTION = 2,
	DCERPC_REASON_ABSTRACT_SYNTAX = 1,
	DCERPC_REASON_TRANSFER_SYNTAXES = 2,
};

struct dcerpc_answer {
	enum dcerpc_kind kind;
	uint16_t result, reason;
	uint32_t status;
	bool big_endian;
	const uint8_t *stub; /* of a response. In the PDU where one fragment was all of
				it, which was not copied; else the reader's, until its
				next read or fini. So: used before either is touched */
	size_t stub_size;
};

/* Puts the fragments of one call's answer together. Zeroed memory is ready, and so is a
 * reader whose last answer was not partial. */
struct dcerpc_reader {
	uint8_t *stub;
	size_t size, room;
	unsigned fragments;
	bool big_endian;
};

/*
 * Reads one whole PDU, as dcerpc_frame() measured it, that answers `call_id`. Never
 * keeps more than DCERPC_MAX_STUB bytes; more, or more fragments than
 * DCERPC_MAX_FRAGMENTS, are malformed, and so are fragments without a first, with two,
 * or of different byte orders. Padding, trailer and value of an authentication
 * (auth_length, C706 13.2.6.1) are no part of the stub. Allocates only for an answer of
 * several fragments, by what came and not by alloc_hint. 0 with *out, or -ENOMEM.
 */
int dcerpc_read(struct dcerpc_reader *reader, uint32_t call_id, const uint8_t *pdu,
	size_t size, struct dcerpc_answer *out);

/* Forgets what was put together; the memory may serve the next call. */
void dcerpc_reader_reset(struct dcerpc_reader *reader);
void dcerpc_reader_fini(struct dcerpc_reader *reader);

#endif
