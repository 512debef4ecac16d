/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "probes/rpc/internal.h"

/* Room for every request that is sent here. */
#define REQUEST_ROOM (DCERPC_REQUEST_OVERHEAD + EPM_MAX_STUB_OUT)

static void begin(struct rpc_run *rpc,
	void (*answered)(struct rpc_run *rpc, const struct dcerpc_answer *answer))
{
	rpc->call_id++;
	rpc->answered = answered;
	dcerpc_reader_reset(&rpc->reader);
}

void rpc_call_bind(struct rpc_run *rpc, const struct uuid_syntax *interface,
	void (*answered)(struct rpc_run *rpc, const struct dcerpc_answer *answer))
{
	uint8_t pdu[DCERPC_BIND_SIZE];

	begin(rpc, answered);
	stream_send(&rpc->stream, pdu, dcerpc_write_bind(pdu, rpc->call_id, interface));
}

void rpc_call_request(struct rpc_run *rpc, uint16_t opnum, const uint8_t *stub,
	size_t stub_size,
	void (*answered)(struct rpc_run *rpc, const struct dcerpc_answer *answer))
{
	uint8_t pdu[REQUEST_ROOM];

	begin(rpc, answered);
	stream_send(&rpc->stream, pdu,
		dcerpc_write_request(
			pdu, sizeof pdu, rpc->call_id, opnum, stub, stub_size));
}

size_t rpc_call_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct rpc_run *rpc = rpc_of_stream(stream);
	struct dcerpc_answer answer = {.kind = DCERPC_MALFORMED};
	size_t length;
	int rc = dcerpc_frame(data, size, &length);

	if (rc == -EAGAIN)
		return 0;
	if (rc < 0) {
		/* Nothing that follows can be made sense of. */
		rpc->answered(rpc, &answer);
		return size;
	}
	rc = dcerpc_read(&rpc->reader, rpc->call_id, data, length, &answer);
	if (rc < 0)
		probe_run_settle_local(&rpc->run, rc, rpc->run.phase);
	else if (answer.kind != DCERPC_PARTIAL)
		rpc->answered(rpc, &answer);
	return length;
}
