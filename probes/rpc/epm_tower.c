/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cursor.h"
#include "base/size.h"
#include "probes/rpc/epm.h"
#include "probes/rpc/ndr.h"

/*
 * Protocol identifiers, the first octet of a floor's left half (C706, appendix I), and
 * sizes. Everything in a tower is little-endian, whatever the PDU says, except for
 * ports and addresses, which are big-endian (C706, appendix L).
 */
enum {
	ID_UUID = 0x0d, /* an interface or a transfer syntax */
	ID_CONNECTED = 0x0b,
	ID_DATAGRAM = 0x0a,
	ID_LOCAL = 0x0c,
	ID_TCP = 0x07,
	ID_UDP = 0x08,
	ID_IP = 0x09,
	ID_PIPE = 0x0f,
	ID_HTTP = 0x1f,
	SYNTAX_SIZE = 19, /* ID_UUID, the UUID, the major version */
	MIN_FLOORS = 3,   /* interface, transfer syntax, RPC protocol */
	MAX_FLOORS = 6,   /* [MS-RPCE] 2.2.1.2.2 */
};

/* One floor: where its halves are. */
struct floor {
	const uint8_t *left, *right;
	uint16_t left_size, right_size;
};

static uint8_t *put_syntax_floor(uint8_t *out, const struct uuid_syntax *syntax)
{
	out = ndr_put_u16(out, SYNTAX_SIZE);
	*out++ = ID_UUID;
	out = ndr_put_uuid(out, &syntax->uuid);
	out = ndr_put_u16(out, syntax->major);
	out = ndr_put_u16(out, sizeof syntax->minor);
	return ndr_put_u16(out, syntax->minor);
}

/* A floor whose left half is an identifier alone. */
static uint8_t *put_floor(uint8_t *out, uint8_t id, const uint8_t *right, uint16_t size)
{
	out = ndr_put_u16(out, 1);
	*out++ = id;
	out = ndr_put_u16(out, size);
	memcpy(out, right, size);
	return out + size;
}

uint8_t *epm_put_tower(uint8_t *out, const struct uuid_syntax *interface, uint16_t port)
{
	const uint8_t zeros[4] = {0};
	const uint8_t octets[2] = {(uint8_t)(port >> 8), (uint8_t)(port & 0xff)};

	out = ndr_put_u16(out, 5);
	out = put_syntax_floor(out, interface);
	out = put_syntax_floor(out, &ndr_syntax_20);
	out = put_floor(out, ID_CONNECTED, zeros, 2); /* minor version */
	out = put_floor(out, ID_TCP, octets, sizeof octets);
	return put_floor(out, ID_IP, zeros, sizeof zeros);
}

static uint16_t begin_half(struct cursor *cursor, const uint8_t **bytes)
{
	uint16_t size = cursor_u16le(cursor);
	*bytes = cursor->data + cursor->at;
	cursor_skip(cursor, size);
	return size;
}

static bool read_floor(struct cursor *cursor, struct floor *floor)
{
	floor->left_size = begin_half(cursor, &floor->left);
	floor->right_size = begin_half(cursor, &floor->right);
	return !cursor->failed && floor->left_size > 0;
}

static bool read_syntax(const struct floor *floor, struct uuid_syntax *syntax)
{
	struct cursor left, right;
	uint8_t bytes[16];

	cursor_init(&left, floor->left, floor->left_size);
	cursor_init(&right, floor->right, floor->right_size);
	uint8_t id = cursor_u8(&left);
	cursor_bytes(&left, bytes, sizeof bytes);
	uuid_from_le(bytes, &syntax->uuid);
	syntax->major = cursor_u16le(&left);
	syntax->minor = cursor_u16le(&right);
	syntax->any_version = false;
	return id == ID_UUID && floor->left_size == SYNTAX_SIZE && !right.failed;
}

/* By the third floor and the fourth ([MS-RPCE] 2.1: the protocol sequences). */
static enum epm_transport find_transport(uint8_t rpc, uint8_t network)
{
	static const struct {
		uint8_t rpc, network;
		enum epm_transport transport;
	} known[] = {
		{ID_CONNECTED, ID_TCP, EPM_TCP},
		{ID_DATAGRAM, ID_UDP, EPM_UDP},
		{ID_CONNECTED, ID_HTTP, EPM_HTTP},
		{ID_CONNECTED, ID_PIPE, EPM_PIPE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].rpc == rpc && known[i].network == network)
			return known[i].transport;
	return rpc == ID_LOCAL ? EPM_LOCAL : EPM_OTHER;
}

static bool read_port(const struct floor *floor, uint16_t *port)
{
	struct cursor cursor;

	cursor_init(&cursor, floor->right, floor->right_size);
	*port = cursor_u16be(&cursor);
	return floor->right_size == sizeof *port && *port != 0;
}

bool epm_read_tower(const uint8_t *octets, size_t size, struct epm_endpoint *endpoint)
{
	struct floor floors[MAX_FLOORS] = {0};
	struct uuid_syntax transfer;
	struct cursor cursor;

	memset(endpoint, 0, sizeof *endpoint);
	cursor_init(&cursor, octets, size);
	uint16_t count = cursor_u16le(&cursor);
	if (count < MIN_FLOORS || count > MAX_FLOORS)
		return false;
	for (uint16_t i = 0; i < count; i++)
		if (!read_floor(&cursor, &floors[i]))
			return false;
	if (!read_syntax(&floors[0], &endpoint->interface) ||
		!read_syntax(&floors[1], &transfer))
		return false;
	endpoint->transport = find_transport(
		floors[2].left[0], floors[3].left_size ? floors[3].left[0] : 0);
	if (endpoint->transport == EPM_TCP || endpoint->transport == EPM_UDP ||
		endpoint->transport == EPM_HTTP)
		return read_port(&floors[3], &endpoint->port);
	return true;
}
