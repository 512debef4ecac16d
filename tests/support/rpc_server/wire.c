/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rpc_server/wire.h"

#include <assert.h>
#include <string.h>

void put(struct rpc_out *out, const void *bytes, size_t size)
{
	assert(size <= RPC_OUT_SIZE - out->size);
	memcpy(out->bytes + out->size, bytes, size);
	out->size += size;
}

void put8(struct rpc_out *out, unsigned value)
{
	put(out, &(uint8_t){(uint8_t)value}, 1);
}

void put16_le(struct rpc_out *out, unsigned value)
{
	put8(out, value & 0xff);
	put8(out, value >> 8 & 0xff);
}

void put16(struct rpc_out *out, unsigned value)
{
	put16_le(out, out->big_endian ? (value & 0xff) << 8 | value >> 8 : value);
}

void put32(struct rpc_out *out, uint32_t value)
{
	put16(out, out->big_endian ? value >> 16 : value & 0xffff);
	put16(out, out->big_endian ? value & 0xffff : value >> 16);
}

/* UUIDs are three integers and eight bytes. */
struct rpc_uuid swapped(const uint8_t *from)
{
	static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6};
	struct rpc_uuid to;

	for (size_t i = 0; i < 8; i++)
		to.bytes[i] = from[order[i]];
	memcpy(to.bytes + 8, from + 8, 8);
	return to;
}

void put_uuid_le(struct rpc_out *out, const struct rpc_uuid *uuid)
{
	struct rpc_uuid le = swapped(uuid->bytes);

	put(out, le.bytes, sizeof le.bytes);
}

void put_uuid(struct rpc_out *out, const struct rpc_uuid *uuid)
{
	if (out->big_endian)
		put(out, uuid->bytes, sizeof uuid->bytes);
	else
		put_uuid_le(out, uuid);
}

void put_padding(struct rpc_out *out)
{
	while (out->size % 4)
		put8(out, 0);
}

const uint8_t *take(struct rpc_in *in, size_t size)
{
	static const uint8_t nothing[32];
	const uint8_t *at = in->at;

	if ((size_t)(in->end - in->at) < size) {
		in->at = in->end;
		in->bad = true;
		return nothing;
	}
	in->at += size;
	return at;
}

unsigned get16(struct rpc_in *in)
{
	const uint8_t *at = take(in, 2);

	return at[0] | (unsigned)at[1] << 8;
}

uint32_t get32(struct rpc_in *in)
{
	uint32_t low = get16(in);

	return low | (uint32_t)get16(in) << 16;
}

struct rpc_uuid get_uuid(struct rpc_in *in)
{
	return swapped(take(in, 16));
}

bool same_uuid(const struct rpc_uuid *a, const struct rpc_uuid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}
