/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/ndr.h"

const struct uuid_syntax ndr_syntax_20 = {
	.uuid = UUID_LITERAL(0x8a885d04, 0x1ceb, 0x11c9, 0x9fe8, 0x08002b104860),
	.major = 2,
};

void ndr_reader_init(
	struct ndr_reader *reader, const void *data, size_t size, bool big_endian)
{
	cursor_init(&reader->cursor, data, size);
	reader->big_endian = big_endian;
}

uint16_t ndr_u16(struct ndr_reader *reader)
{
	return reader->big_endian ? cursor_u16be(&reader->cursor)
				  : cursor_u16le(&reader->cursor);
}

uint32_t ndr_u32(struct ndr_reader *reader)
{
	return reader->big_endian ? cursor_u32be(&reader->cursor)
				  : cursor_u32le(&reader->cursor);
}

void ndr_uuid(struct ndr_reader *reader, struct uuid *uuid)
{
	uint8_t bytes[16];

	if (reader->big_endian) {
		cursor_bytes(&reader->cursor, uuid->bytes, sizeof uuid->bytes);
		return;
	}
	cursor_bytes(&reader->cursor, bytes, sizeof bytes);
	uuid_from_le(bytes, uuid);
}

void ndr_syntax(struct ndr_reader *reader, struct uuid_syntax *syntax)
{
	ndr_uuid(reader, &syntax->uuid);
	uint32_t version = ndr_u32(reader);
	syntax->major = (uint16_t)(version & 0xffff);
	syntax->minor = (uint16_t)(version >> 16);
	syntax->any_version = false;
}

void ndr_align(struct ndr_reader *reader)
{
	cursor_skip(&reader->cursor, (4 - reader->cursor.at % 4) % 4);
}

uint8_t *ndr_put_u16(uint8_t *out, uint16_t value)
{
	out[0] = (uint8_t)(value & 0xff);
	out[1] = (uint8_t)(value >> 8);
	return out + 2;
}

uint8_t *ndr_put_u32(uint8_t *out, uint32_t value)
{
	out = ndr_put_u16(out, (uint16_t)(value & 0xffff));
	return ndr_put_u16(out, (uint16_t)(value >> 16));
}

uint8_t *ndr_put_uuid(uint8_t *out, const struct uuid *uuid)
{
	uuid_to_le(uuid, out);
	return out + sizeof uuid->bytes;
}
