/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/client.h"

#include <errno.h>

#include "base/size.h"

static void begin(struct rpc_client *client, rpc_client_fn answered)
{
	client->call_id++;
	client->answered = answered;
	dcerpc_reader_reset(&client->reader);
}

void rpc_client_bind(struct rpc_client *client, const struct uuid_syntax *interface,
	rpc_client_fn answered)
{
	uint8_t pdu[DCERPC_BIND_SIZE];

	begin(client, answered);
	stream_send(&client->stream, pdu,
		dcerpc_write_bind(pdu, client->call_id, interface));
}

void rpc_client_request(struct rpc_client *client, uint16_t opnum, const uint8_t *stub,
	size_t stub_size, rpc_client_fn answered)
{
	uint8_t pdu[DCERPC_REQUEST_OVERHEAD + RPC_CLIENT_MAX_STUB];

	begin(client, answered);
	stream_send(&client->stream, pdu,
		dcerpc_write_request(
			pdu, sizeof pdu, client->call_id, opnum, stub, stub_size));
}

size_t rpc_client_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct rpc_client *client = CONTAINER_OF(stream, struct rpc_client, stream);
	struct dcerpc_answer answer = {.kind = DCERPC_MALFORMED};
	size_t length;
	int rc = dcerpc_frame(data, size, &length);

	if (rc == -EAGAIN)
		return 0;
	if (rc < 0) {
		/* Nothing that follows can be made sense of. */
		client->answered(client, &answer);
		return size;
	}
	rc = dcerpc_read(&client->reader, client->call_id, data, length, &answer);
	if (rc < 0)
		probe_run_settle_local(stream->run, rc, stream->run->phase);
	else if (answer.kind != DCERPC_PARTIAL)
		client->answered(client, &answer);
	return length;
}

int rpc_client_open(struct rpc_client *client, struct probe_run *run,
	const struct stream_ops *ops, uint16_t port)
{
	client->call_id = 0;
	return stream_open(&client->stream, run, ops, port);
}

void rpc_client_fini(struct rpc_client *client)
{
	stream_fini(&client->stream);
	dcerpc_reader_fini(&client->reader);
}
