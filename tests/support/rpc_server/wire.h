/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes for rpc_server: NDR and towers written and read. It shares no
 * code with the program under test, so that a mistake there can't be made here as well.
 * Sources: C706, 14.2 (NDR) and appendix I (towers).
 */
#ifndef TESTS_RPC_SERVER_WIRE_H
#define TESTS_RPC_SERVER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RPC_OUT_SIZE = 1 << 20
};

struct rpc_uuid {
	uint8_t bytes[16]; /* as the text has them */
};

struct rpc_out {
	bool big_endian; /* what has an order of its own stays little-endian */
	size_t size;
	uint8_t bytes[RPC_OUT_SIZE];
};

struct rpc_in {
	const uint8_t *at, *end; /* little-endian */
	bool bad;                /* it ended before what was asked of it */
};

void put(struct rpc_out *out, const void *bytes, size_t size);
void put8(struct rpc_out *out, unsigned value);
void put16(struct rpc_out *out, unsigned value);
void put32(struct rpc_out *out, uint32_t value);
void put_uuid(struct rpc_out *out, const struct rpc_uuid *uuid);

/* Little-endian always, as towers are. */
void put16_le(struct rpc_out *out, unsigned value);
void put_uuid_le(struct rpc_out *out, const struct rpc_uuid *uuid);

/* Zeros up to a multiple of four. */
void put_padding(struct rpc_out *out);

/* `size` bytes, or up to 32 zeros when there are not so many: then `bad` is set. */
const uint8_t *take(struct rpc_in *in, size_t size);
unsigned get16(struct rpc_in *in);
uint32_t get32(struct rpc_in *in);
struct rpc_uuid get_uuid(struct rpc_in *in);

/* From NDR's little-endian order to the text's, or back (C706, 14.2.14). */
struct rpc_uuid swapped(const uint8_t *from);
bool same_uuid(const struct rpc_uuid *a, const struct rpc_uuid *b);

#endif
