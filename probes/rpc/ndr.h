/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing NDR 2.0 (C706, chapter 14). A server answers in its own byte
 * order and says so in every PDU; what is written here is little-endian.
 */
#ifndef PROBES_NDR_H
#define PROBES_NDR_H

#include "base/cursor.h"
#include "base/uuid.h"

struct ndr_reader {
	struct cursor cursor; /* its offset 0 is what alignment counts from */
	bool big_endian;
};

/* The bytes stay the caller's and must outlive the reader. */
void ndr_reader_init(
	struct ndr_reader *reader, const void *data, size_t size, bool big_endian);

/* As cursor_*: zeros once something was missing; reader->cursor.failed tells. No
 * padding is passed over: see ndr_align(). */
uint16_t ndr_u16(struct ndr_reader *reader);
uint32_t ndr_u32(struct ndr_reader *reader);
void ndr_uuid(struct ndr_reader *reader, struct uuid *uuid);

/* A UUID and its version: major in the low half of the u32 (C706, 12.6.3.1). */
void ndr_syntax(struct ndr_reader *reader, struct uuid_syntax *syntax);

/* Passes over the padding before something that is aligned to 4 bytes. */
void ndr_align(struct ndr_reader *reader);

/* Write little-endian; return where the next byte goes. */
uint8_t *ndr_put_u16(uint8_t *out, uint16_t value);
uint8_t *ndr_put_u32(uint8_t *out, uint32_t value);
uint8_t *ndr_put_uuid(uint8_t *out, const struct uuid *uuid);

/* The transfer syntax 8a885d04-1ceb-11c9-9fe8-08002b104860 2.0 (C706, appendix I). */
extern const struct uuid_syntax ndr_syntax_20;

#endif
