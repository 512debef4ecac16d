/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rpc_server has registered, and what its calls answer: the endpoint
 * mapper's, and ServerAlive2 of the object exporter.
 * Sources: C706, appendices I (towers) and O (ep.idl); [MS-RPCE] 2.2.1.2; [MS-DCOM]
 * 3.1.2.5.1.6.
 */
#ifndef TESTS_RPC_SERVER_MAPPER_H
#define TESTS_RPC_SERVER_MAPPER_H

#include "tests/support/rpc_server/wire.h"

/* How an interface behaves; see `usage` in options.c. */
enum rpc_mode {
	MODE_OK,
	MODE_SILENT,
	MODE_CLOSE,
	MODE_RESET,
	MODE_GARBAGE,
	MODE_NAK,
	MODE_REJECT,
	MODE_BIND_FAULT,
	MODE_MUTE,
	MODE_FAULT,
	MODE_CUT,
	MODE_STATUS,
	MODE_ABSENT,
	MODE_HIDDEN,
	MODE_COUNT
};

/* What the fourth floor of a tower says. */
enum rpc_transport {
	ON_TCP,
	ON_PIPE,
	ON_LOCAL,
	ON_HTTP,
	ON_UDP,
	ON_COUNT
};

/* An interface and where it is registered. */
struct rpc_entry {
	struct rpc_uuid uuid;
	uint16_t major, minor, port;
	enum rpc_transport transport;
	const char *annotation; /* at most 63 characters */
	enum rpc_mode mode;
	uint32_t number; /* of the mode */
	bool listed;     /* by the mapper */
};

enum {
	RPC_MAX_ENTRIES = 8192,
	RPC_PAGE = 500, /* max_ents and max_towers are range(0, 500) */
};

struct rpc_mapper {
	struct rpc_entry entries[RPC_MAX_ENTRIES]; /* the first is the mapper's own */
	size_t n_entries;
	uint32_t page;   /* at most so many entries an answer */
	bool like_samba; /* a lookup ends with an empty page, not with the last entry */
	bool aliases;    /* equal towers of an answer are told once */
};

/* The endpoint mapper on port 135, and nothing registered. */
void rpc_mapper_init(struct rpc_mapper *mapper);

/* False when there are too many. */
bool rpc_mapper_add(struct rpc_mapper *mapper, const struct rpc_entry *entry);

/* Registrations of all transports that nobody asked for; those on TCP are where the
 * first interface is. */
void rpc_mapper_add_made(struct rpc_mapper *mapper, unsigned long n);

/* The management interface is on every port (C706, appendix Q), and behaves as its
 * neighbour does; but nothing rejects it. */
void rpc_mapper_add_mgmt(struct rpc_mapper *mapper);

/* What a port serves by that name, or NULL. */
const struct rpc_entry *rpc_mapper_find(const struct rpc_mapper *mapper, uint16_t port,
	const struct rpc_uuid *uuid, unsigned major, unsigned minor);

/* Statuses as they are on the wire. */
enum {
	RPC_NOT_REGISTERED = 0x16c9a0d6,
	RPC_BAD_OPNUM = 0x1c010002,
	RPC_BAD_INTERFACE = 0x1c010003,
	RPC_BAD_STUB = 0x000006f7,
};

/*
 * Answers a call of the entry's interface with the stub of a response in *out: 0, or
 * the status of a fault.
 */
uint32_t rpc_call(const struct rpc_mapper *mapper, const struct rpc_entry *entry,
	unsigned opnum, struct rpc_in *in, struct rpc_out *out);

#endif
