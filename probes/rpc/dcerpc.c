/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/dcerpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/rpc/ndr.h"

/* C706, 12.6.3.1 and 12.6.4: PTYPE, pfc_flags, and sizes of fixed parts */
enum {
	TYPE_REQUEST = 0,
	TYPE_RESPONSE = 2,
	TYPE_FAULT = 3,
	TYPE_BIND = 11,
	TYPE_BIND_ACK = 12,
	TYPE_BIND_NAK = 13,
	FLAG_FIRST = 1,
	FLAG_LAST = 2,
	WHOLE = FLAG_FIRST | FLAG_LAST,
	LITTLE_ENDIAN_DREP = 0x10,
	VERSION = 5,
	MAX_MINOR = 1,
	LENGTH_END = 10,  /* where frag_length ends */
	TRAILER_SIZE = 8, /* sec_trailer, before the authentication value */
	SMALLEST_ROOM = 16 * 1024,
};

struct header {
	uint8_t type, flags;
	uint16_t auth_length;
	uint32_t call_id;
	bool big_endian;
};

/* One PDU while it is read; `ndr` ends where authentication begins. */
struct pdu {
	struct header header;
	struct ndr_reader ndr;
};

/* Room for a header; returns where the body goes. */
static uint8_t *put_header(uint8_t *out, uint8_t type, size_t length, uint32_t call_id)
{
	*out++ = VERSION;
	*out++ = 0;
	*out++ = type;
	*out++ = WHOLE;
	out = ndr_put_u32(out, LITTLE_ENDIAN_DREP); /* and ASCII, IEEE */
	out = ndr_put_u16(out, (uint16_t)length);
	out = ndr_put_u16(out, 0);
	return ndr_put_u32(out, call_id);
}

static uint8_t *put_syntax(uint8_t *out, const struct uuid_syntax *syntax)
{
	out = ndr_put_uuid(out, &syntax->uuid);
	out = ndr_put_u16(out, syntax->major);
	return ndr_put_u16(out, syntax->minor);
}

size_t dcerpc_write_bind(uint8_t out[DCERPC_BIND_SIZE], uint32_t call_id,
	const struct uuid_syntax *interface)
{
	out = put_header(out, TYPE_BIND, DCERPC_BIND_SIZE, call_id);
	out = ndr_put_u16(out, DCERPC_MAX_FRAGMENT); /* max_xmit_frag */
	out = ndr_put_u16(out, DCERPC_MAX_FRAGMENT); /* max_recv_frag */
	out = ndr_put_u32(out, 0);                   /* a new association group */
	out = ndr_put_u32(out, 1);                   /* one context, and padding */
	out = ndr_put_u16(out, 0);                   /* its id */
	out = ndr_put_u16(out, 1);                   /* one transfer syntax, padding */
	out = put_syntax(out, interface);
	put_syntax(out, &ndr_syntax_20);
	return DCERPC_BIND_SIZE;
}

size_t dcerpc_write_request(uint8_t *out, size_t room, uint32_t call_id, uint16_t opnum,
	const uint8_t *stub, size_t stub_size)
{
	size_t size = DCERPC_REQUEST_OVERHEAD + stub_size;
	if (stub_size > DCERPC_MAX_FRAGMENT - DCERPC_REQUEST_OVERHEAD || room < size)
		return 0;
	out = put_header(out, TYPE_REQUEST, size, call_id);
	out = ndr_put_u32(out, (uint32_t)stub_size); /* alloc_hint */
	out = ndr_put_u16(out, 0);                   /* context */
	out = ndr_put_u16(out, opnum);
	if (stub_size)
		memcpy(out, stub, stub_size);
	return size;
}

/* Of the first bytes; false when they begin no PDU. */
static bool is_version_5(const uint8_t *data, size_t available)
{
	return (available < 1 || data[0] == VERSION) &&
	       (available < 2 || data[1] <= MAX_MINOR) &&
	       (available < 5 || (data[4] & 0xf0) <= LITTLE_ENDIAN_DREP);
}

int dcerpc_frame(const uint8_t *data, size_t available, size_t *size)
{
	struct ndr_reader reader;

	*size = 0;
	if (!is_version_5(data, available))
		return -EPROTO;
	if (available < LENGTH_END)
		return -EAGAIN;
	ndr_reader_init(&reader, data, available, !(data[4] & LITTLE_ENDIAN_DREP));
	cursor_skip(&reader.cursor, 8);
	uint16_t length = ndr_u16(&reader);
	if (length < DCERPC_HEADER_SIZE)
		return -EPROTO;
	*size = length;
	return available < length ? -EAGAIN : 0;
}

/* Cuts the authentication off: padding, sec_trailer and value (C706, 13.2.6.1). */
static bool cut_trailer(struct pdu *pdu)
{
	struct cursor *cursor = &pdu->ndr.cursor;
	size_t trailer = (size_t)pdu->header.auth_length + TRAILER_SIZE;
	if (pdu->header.auth_length == 0)
		return true;
	if (trailer > cursor_left(cursor))
		return false;
	struct cursor copy = *cursor;
	cursor_seek(&copy, cursor->size - trailer);
	cursor_skip(&copy, 2);
	size_t padding = cursor_u8(&copy);
	if (trailer + padding > cursor_left(cursor))
		return false;
	cursor->size -= trailer + padding;
	return true;
}

/* The common header of a whole PDU; the reader is left behind it. */
static bool read_header(struct pdu *pdu, const uint8_t *data, size_t size)
{
	struct header *header = &pdu->header;
	size_t length;

	if (dcerpc_frame(data, size, &length) < 0 || length != size)
		return false;
	header->big_endian = !(data[4] & LITTLE_ENDIAN_DREP);
	ndr_reader_init(&pdu->ndr, data, size, header->big_endian);
	cursor_skip(&pdu->ndr.cursor, 2);
	header->type = cursor_u8(&pdu->ndr.cursor);
	header->flags = cursor_u8(&pdu->ndr.cursor);
	cursor_skip(&pdu->ndr.cursor, 4 + 2); /* byte order, length */
	header->auth_length = ndr_u16(&pdu->ndr);
	header->call_id = ndr_u32(&pdu->ndr);
	return cut_trailer(pdu);
}

/* C706, 12.6.4.4. One context was offered, so one result comes back. */
static enum dcerpc_kind read_bind_ack(struct pdu *pdu, struct dcerpc_answer *out)
{
	struct ndr_reader *ndr = &pdu->ndr;
	struct uuid_syntax transfer;

	if ((pdu->header.flags & WHOLE) != WHOLE)
		return DCERPC_MALFORMED;
	cursor_skip(&ndr->cursor, 8);            /* fragment sizes, association group */
	cursor_skip(&ndr->cursor, ndr_u16(ndr)); /* secondary address */
	ndr_align(ndr);
	uint8_t results = cursor_u8(&ndr->cursor);
	cursor_skip(&ndr->cursor, 3);
	out->result = ndr_u16(ndr);
	out->reason = ndr_u16(ndr);
	ndr_syntax(ndr, &transfer);
	if (ndr->cursor.failed || results != 1)
		return DCERPC_MALFORMED;
	if (out->result != DCERPC_RESULT_ACCEPTANCE)
		return out->result <= DCERPC_RESULT_PROVIDER_REJECTION
			       ? DCERPC_REJECTED
			       : DCERPC_MALFORMED;
	return uuid_equal(&transfer.uuid, &ndr_syntax_20.uuid) &&
			       transfer.major == ndr_syntax_20.major
		       ? DCERPC_ACCEPTED
		       : DCERPC_MALFORMED;
}

/* C706, 12.6.4.5 */
static enum dcerpc_kind read_bind_nak(struct pdu *pdu, struct dcerpc_answer *out)
{
	out->reason = ndr_u16(&pdu->ndr);
	return pdu->ndr.cursor.failed ? DCERPC_MALFORMED : DCERPC_NAK;
}

/* C706, 12.6.4.7 */
static enum dcerpc_kind read_fault(struct pdu *pdu, struct dcerpc_answer *out)
{
	cursor_skip(&pdu->ndr.cursor, 8); /* alloc_hint, context, cancels */
	out->status = ndr_u32(&pdu->ndr);
	return pdu->ndr.cursor.failed ? DCERPC_MALFORMED : DCERPC_FAULT;
}

/*
 * Keeps one fragment's part of the stub. alloc_hint is the peer's word and not used: no
 * more than twice of what really came is ever allocated.
 */
static int keep(struct dcerpc_reader *reader, const uint8_t *bytes, size_t size)
{
	size_t wanted = reader->size + size;
	if (wanted > reader->room) {
		size_t room = reader->room ? reader->room : SMALLEST_ROOM;
		while (room < wanted)
			room *= 2;
		uint8_t *stub = realloc(reader->stub, room);
		if (!stub)
			return -ENOMEM;
		reader->stub = stub;
		reader->room = room;
	}
	if (size)
		memcpy(reader->stub + reader->size, bytes, size);
	reader->size = wanted;
	return 0;
}

/* Whether this fragment may follow those that the reader has. */
static bool fits(const struct dcerpc_reader *reader, const struct pdu *pdu)
{
	bool is_first = pdu->header.flags & FLAG_FIRST;
	if (is_first != (reader->fragments == 0))
		return false;
	if (!is_first && reader->big_endian != pdu->header.big_endian)
		return false;
	return reader->fragments < DCERPC_MAX_FRAGMENTS &&
	       cursor_left(&pdu->ndr.cursor) <= DCERPC_MAX_STUB - reader->size;
}

static void answer_whole(struct dcerpc_answer *out, const uint8_t *stub, size_t size)
{
	out->kind = DCERPC_RESPONSE;
	out->stub = stub;
	out->stub_size = size;
}

/* C706, 12.6.4.10 */
static int read_response(
	struct dcerpc_reader *reader, struct pdu *pdu, struct dcerpc_answer *out)
{
	struct cursor *cursor = &pdu->ndr.cursor;
	bool is_last = pdu->header.flags & FLAG_LAST;

	cursor_skip(cursor, 8); /* alloc_hint, context, cancels */
	if (cursor->failed || !fits(reader, pdu))
		return 0;
	const uint8_t *bytes = cursor->data + cursor->at;
	size_t size = cursor_left(cursor);
	if (is_last && reader->fragments == 0) {
		answer_whole(out, bytes, size);
		return 0;
	}
	int rc = keep(reader, bytes, size);
	if (rc < 0)
		return rc;
	reader->big_endian = pdu->header.big_endian;
	reader->fragments++;
	out->kind = DCERPC_PARTIAL;
	if (is_last)
		answer_whole(out, reader->stub, reader->size);
	return 0;
}

static int read_body(
	struct dcerpc_reader *reader, struct pdu *pdu, struct dcerpc_answer *out)
{
	bool is_middle = reader->fragments > 0;
	switch (pdu->header.type) {
	case TYPE_RESPONSE:
		return read_response(reader, pdu, out);
	case TYPE_FAULT: /* may end an answer that has begun */
		out->kind = read_fault(pdu, out);
		break;
	case TYPE_BIND_ACK:
		out->kind = is_middle ? DCERPC_MALFORMED : read_bind_ack(pdu, out);
		break;
	case TYPE_BIND_NAK:
		out->kind = is_middle ? DCERPC_MALFORMED : read_bind_nak(pdu, out);
		break;
	}
	return 0;
}

int dcerpc_read(struct dcerpc_reader *reader, uint32_t call_id, const uint8_t *data,
	size_t size, struct dcerpc_answer *out)
{
	struct pdu pdu;
	int rc = 0;

	*out = (struct dcerpc_answer){.kind = DCERPC_MALFORMED};
	if (reader->fragments == 0)
		reader->size = 0;
	if (read_header(&pdu, data, size) && pdu.header.call_id == call_id) {
		out->big_endian = pdu.header.big_endian;
		rc = read_body(reader, &pdu, out);
	}
	if (rc < 0 || out->kind != DCERPC_PARTIAL)
		reader->fragments = 0;
	return rc;
}

void dcerpc_reader_reset(struct dcerpc_reader *reader)
{
	reader->fragments = 0;
	reader->size = 0;
}

void dcerpc_reader_fini(struct dcerpc_reader *reader)
{
	free(reader->stub);
	*reader = (struct dcerpc_reader){0};
}
