/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DCE/RPC client over TCP (C706; [MS-RPCE]): one connection, one call at a time,
 * fragments put together. It knows no interface and no verdict.
 */
#ifndef PROBES_RPC_CLIENT_H
#define PROBES_RPC_CLIENT_H

#include "probes/net/stream.h"
#include "probes/rpc/dcerpc.h"

struct rpc_client;

/* The whole answer to a call, once, unless the stream ends before. Garbage is one of
 * kind DCERPC_MALFORMED. */
typedef void (*rpc_client_fn)(
	struct rpc_client *client, const struct dcerpc_answer *answer);

struct rpc_client {
	struct stream stream; /* whose ops are the caller's */
	/* The call in hand. */
	struct dcerpc_reader reader;
	uint32_t call_id;
	rpc_client_fn answered;
};

/* The most that the stream collects: one whole PDU. Goes into stream_ops with
 * rpc_client_received(). */
#define RPC_CLIENT_LIMIT UINT16_MAX
size_t rpc_client_received(struct stream *stream, const uint8_t *data, size_t size);

/* Bytes of in parameters that a request may have. */
#define RPC_CLIENT_MAX_STUB 256

/* Connects, as stream_open(). */
int rpc_client_open(struct rpc_client *client, struct probe_run *run,
	const struct stream_ops *ops, uint16_t port);

/* Start a call on the stream, which is connected and has none in hand. Memory that runs
 * out settles the run. stub_size <= RPC_CLIENT_MAX_STUB. */
void rpc_client_bind(struct rpc_client *client, const struct uuid_syntax *interface,
	rpc_client_fn answered);
void rpc_client_request(struct rpc_client *client, uint16_t opnum, const uint8_t *stub,
	size_t stub_size, rpc_client_fn answered);

/* For ops->fini; a client that was never opened may be zeroed memory. */
void rpc_client_fini(struct rpc_client *client);

#endif
