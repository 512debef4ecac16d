/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What RPC servers say, built from the bytes that Samba sent: the answers of one
 * connection, in the order of its calls, which are numbered from 1.
 */
#ifndef TESTS_PROBES_RPC_ANSWERS_H
#define TESTS_PROBES_RPC_ANSWERS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"

enum {
	RPC_ANSWERS_ROOM = 2 << 20,
	RPC_ANSWERS_TURNS = 256,
	RPC_ACCESS_DENIED = 5,
	RPC_NOT_REGISTERED = 0x16c9a0d6,
	RPC_OP_RANGE = 0x1c010002,
};

struct rpc_answers {
	uint8_t *bytes; /* RPC_ANSWERS_ROOM of them */
	size_t size;
	uint32_t call_id;                /* of the last answer */
	uint32_t fragment;               /* bytes of stub in one; 0: all */
	size_t turns[RPC_ANSWERS_TURNS]; /* bytes of each answer */
	size_t n_turns;
};

struct rpc_listing {
	const char *interface; /* "UUID@1.0" */
	uint16_t port;
	uint8_t protocol; /* of the fourth floor; 0: 7, TCP */
	const char *annotation;
};

static inline void answers_init(struct rpc_answers *a)
{
	memset(a, 0, sizeof *a);
	a->bytes = malloc(RPC_ANSWERS_ROOM);
	assert(a->bytes);
}

static inline void answers_fini(struct rpc_answers *a)
{
	free(a->bytes);
	a->bytes = NULL;
}

/* ---- octets */

static inline void say(struct rpc_answers *a, const void *bytes, size_t size)
{
	assert(a->size + size <= RPC_ANSWERS_ROOM);
	memcpy(a->bytes + a->size, bytes, size);
	a->size += size;
}

static inline void say_u8(struct rpc_answers *a, unsigned value)
{
	uint8_t byte = (uint8_t)value;
	say(a, &byte, 1);
}

static inline void say_u16(struct rpc_answers *a, unsigned value)
{
	say_u8(a, value & 0xff);
	say_u8(a, value >> 8 & 0xff);
}

static inline void say_u32(struct rpc_answers *a, uint32_t value)
{
	say_u16(a, value & 0xffff);
	say_u16(a, value >> 16);
}

static inline void say_zeros(struct rpc_answers *a, size_t size)
{
	static const uint8_t zeros[64];
	assert(size <= sizeof zeros);
	say(a, zeros, size);
}

/* `from`: where the count begins. */
static inline void say_padding(struct rpc_answers *a, size_t from)
{
	say_zeros(a, (4 - (a->size - from) % 4) % 4);
}

static inline void say_uuid(struct rpc_answers *a, const struct uuid *uuid)
{
	uint8_t bytes[16];
	uuid_to_le(uuid, bytes);
	say(a, bytes, sizeof bytes);
}

static inline struct uuid_syntax syntax_of(const char *text)
{
	struct uuid_syntax syntax;
	bool is_one = uuid_syntax_parse(text, &syntax);
	assert(is_one);
	(void)is_one;
	return syntax;
}

/* ---- PDUs */

static inline size_t begin_pdu(struct rpc_answers *a, unsigned type, unsigned flags)
{
	size_t at = a->size;
	say_u8(a, 5);
	say_u8(a, 0);
	say_u8(a, type);
	say_u8(a, flags);
	say_u32(a, 0x10);
	say_u16(a, 0);
	say_u16(a, 0);
	say_u32(a, a->call_id);
	return at;
}

static inline void end_pdu(struct rpc_answers *a, size_t at)
{
	a->bytes[at + 8] = (uint8_t)(a->size - at);
	a->bytes[at + 9] = (uint8_t)((a->size - at) >> 8);
	if (a->call_id <= RPC_ANSWERS_TURNS) {
		a->turns[a->call_id - 1] += a->size - at;
		a->n_turns = a->call_id;
	}
}

static inline void say_bind_ack(struct rpc_answers *a, unsigned result, unsigned reason)
{
	static const char transfer[] = "8a885d04-1ceb-11c9-9fe8-08002b104860@2.0";
	struct uuid_syntax syntax = syntax_of(transfer);

	a->call_id++;
	size_t at = begin_pdu(a, 12, 3);
	say_u16(a, 5840);
	say_u16(a, 5840);
	say_u32(a, 0xfda1);
	say_u16(a, 4);
	say(a, "135", 4);
	say_padding(a, at);
	say_u32(a, 1);
	say_u16(a, result);
	say_u16(a, reason);
	if (result) {
		say_zeros(a, 20);
	} else {
		say_uuid(a, &syntax.uuid);
		say_u32(a, syntax.major);
	}
	end_pdu(a, at);
}

static inline void say_bind_nak(struct rpc_answers *a, unsigned reason)
{
	a->call_id++;
	size_t at = begin_pdu(a, 13, 3);
	say_u16(a, reason);
	say_u8(a, 1);
	say_u8(a, 5);
	say_u8(a, 0);
	end_pdu(a, at);
}

static inline void say_fault(struct rpc_answers *a, uint32_t status)
{
	a->call_id++;
	size_t at = begin_pdu(a, 3, 3);
	say_u32(a, 32);
	say_u32(a, 0);
	say_u32(a, status);
	say_u32(a, 0);
	end_pdu(a, at);
}

/* Everything from `at` on is a stub: it becomes a response, in fragments if asked. */
static inline void wrap_response(struct rpc_answers *a, size_t at)
{
	size_t size = a->size - at, done = 0;
	size_t most = a->fragment ? a->fragment : size;
	uint8_t *stub = malloc(size + 1);

	assert(stub);
	memcpy(stub, a->bytes + at, size);
	a->size = at;
	a->call_id++;
	do {
		size_t part = size - done < most ? size - done : most;
		unsigned flags = (done == 0) | (done + part == size ? 2U : 0U);
		size_t pdu = begin_pdu(a, 2, flags);
		say_u32(a, (uint32_t)(size - done));
		say_u32(a, 0);
		say(a, stub + done, part);
		end_pdu(a, pdu);
		done += part;
	} while (done < size);
	free(stub);
}

/* ---- the endpoint mapper */

static inline void say_floor(struct rpc_answers *a, const struct uuid_syntax *syntax)
{
	say_u16(a, 19);
	say_u8(a, 0x0d);
	say_uuid(a, &syntax->uuid);
	say_u16(a, syntax->major);
	say_u16(a, 2);
	say_u16(a, syntax->minor);
}

static inline void say_tower(struct rpc_answers *a, const struct rpc_listing *listing)
{
	struct uuid_syntax interface = syntax_of(listing->interface);
	struct uuid_syntax ndr = syntax_of("8a885d04-1ceb-11c9-9fe8-08002b104860@2.0");

	say_u32(a, 75);
	say_u32(a, 75);
	say_u16(a, 5);
	say_floor(a, &interface);
	say_floor(a, &ndr);
	say(a, "\x01\x00\x0b\x02\x00\x00\x00\x01\x00", 9);
	say_u8(a, listing->protocol ? listing->protocol : 7);
	say_u16(a, 2);
	say_u8(a, listing->port >> 8);
	say_u8(a, listing->port & 0xff);
	/* The address must be ignored: nobody is at 192.0.2.1. */
	say(a, "\x01\x00\x09\x04\x00\xc0\x00\x02\x01", 9);
	say_zeros(a, 1);
}

static inline void say_handle(struct rpc_answers *a, bool is_null)
{
	uint8_t handle[20] = {0};

	if (!is_null)
		memset(handle + 4, 0xab, 16);
	say(a, handle, sizeof handle);
}

static inline void say_map(struct rpc_answers *a, const struct rpc_listing *listings,
	uint32_t count, bool is_last, uint32_t status)
{
	size_t at = a->size;

	say_handle(a, is_last);
	say_u32(a, count);
	say_u32(a, 64);
	say_u32(a, 0);
	say_u32(a, count);
	for (uint32_t i = 0; i < count; i++)
		say_u32(a, 3 + i);
	for (uint32_t i = 0; i < count; i++)
		say_tower(a, &listings[i]);
	say_u32(a, status);
	wrap_response(a, at);
}

static inline void say_lookup(struct rpc_answers *a, const struct rpc_listing *listings,
	uint32_t count, bool is_last, uint32_t status)
{
	size_t at = a->size;

	say_handle(a, is_last);
	say_u32(a, count);
	say_u32(a, 500);
	say_u32(a, 0);
	say_u32(a, count);
	for (uint32_t i = 0; i < count; i++) {
		const char *text = listings[i].annotation ? listings[i].annotation : "";
		say_zeros(a, 16);
		say_u32(a, 3 + i);
		say_u32(a, 0);
		say_u32(a, (uint32_t)strlen(text) + 1);
		say(a, text, strlen(text) + 1);
		say_padding(a, at);
	}
	for (uint32_t i = 0; i < count; i++)
		say_tower(a, &listings[i]);
	say_u32(a, status);
	wrap_response(a, at);
}

static inline void say_freed(struct rpc_answers *a)
{
	size_t at = a->size;

	say_handle(a, true);
	say_u32(a, 0);
	wrap_response(a, at);
}

/* ServerAlive2: version 5.7, one string binding, one security binding. */
static inline void say_alive(struct rpc_answers *a)
{
	size_t at = a->size;

	say_u16(a, 5);
	say_u16(a, 7);
	say_u32(a, 0);
	say_u32(a, 0);
	say_u32(a, 0);
	wrap_response(a, at);
}

#endif
