/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/internal.h"
#include "probes/rpc/names.h"

/* ---- how it ends */

/* The mapper's part is the whole story. `is_answer`: it said so itself. */
static void settle(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, bool is_answer, char *detail)
{
	probe_run_tell(&rpc->run, PHASE_EPM, "%u: %s", (unsigned)rpc->port,
		probe_reason_text(reason));
	if (is_answer)
		rpc->run.result.rtt_us = rpc_stage_elapsed_us(rpc);
	rpc_stage_end(rpc, state, reason, detail);
	probe_run_settle(&rpc->run, state, reason, PHASE_EPM);
}

void rpc_mapper_malformed(struct rpc_run *rpc)
{
	settle(rpc, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR, true, NULL);
}

/* ---- handles */

static void on_freed(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	(void)answer; /* the handle is gone or will time out there */
	rpc->then(rpc);
}

void rpc_mapper_give_back(struct rpc_run *rpc, void (*then)(struct rpc_run *rpc))
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	if (epm_handle_is_null(&rpc->handle)) {
		then(rpc);
		return;
	}
	rpc->then = then;
	rpc_call_request(rpc, EPM_LOOKUP_HANDLE_FREE, stub,
		epm_write_free(stub, &rpc->handle), on_freed);
}

/* ---- answers that are none */

/* The version to bind where the mapper did not tell: the well-known one, or 1.0. */
static struct uuid_syntax likely_version(const struct uuid_syntax *interface)
{
	const struct rpc_name *name = rpc_name_of(&interface->uuid);
	struct uuid_syntax likely = *interface;

	if (!interface->any_version)
		return likely;
	if (name)
		return name->syntax;
	likely.any_version = false;
	likely.major = 1;
	return likely;
}

static void go_to_fixed(struct rpc_run *rpc, enum probe_reason reason, char *detail)
{
	const struct rpc_conf *conf = rpc_conf_of(rpc);
	struct uuid_syntax interface = likely_version(&rpc->interface);

	probe_run_tell(&rpc->run, PHASE_EPM,
		"endpoint mapper: %s; the configured ports are tried",
		probe_reason_text(reason));
	rpc_stage_end(rpc, STATE_NONE, reason, detail);
	rpc->interface = interface;
	for (size_t i = 0; i < conf->n_fixed; i++)
		if (rpc_targets_add(rpc, &interface, conf->fixed[i], RPC_MAX_PORTS) <
			0) {
			probe_run_settle_local(&rpc->run, UV_ENOMEM, PHASE_EPM);
			return;
		}
	rpc_go_on(rpc);
}

/* It tells nothing to who has not logged on. */
static void on_denied(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, char *detail)
{
	if (rpc_conf_of(rpc)->n_fixed > 0)
		go_to_fixed(rpc, reason, detail);
	else
		settle(rpc, state, reason, true, detail);
}

void rpc_mapper_status(struct rpc_run *rpc, uint32_t status)
{
	bool is_plain = rpc_conf_of(rpc)->mode == RPC_MAPPER;

	/* It is reachable, which is all that plain `rpc` asks. */
	if (status == DCERPC_ACCESS_DENIED)
		on_denied(rpc, is_plain ? STATE_OPEN : STATE_FAILED,
			REASON_EPM_ACCESS_DENIED, rpc_detail_status(status));
	else
		settle(rpc, STATE_FAILED, REASON_RPC_FAULT, true,
			rpc_detail_status(status));
}

bool rpc_mapper_is_response(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	if (answer->kind == DCERPC_RESPONSE)
		return true;
	if (answer->kind == DCERPC_FAULT)
		rpc_mapper_status(rpc, answer->status);
	else
		rpc_mapper_malformed(rpc);
	return false;
}

/* ---- the connection */

static void on_bound(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	switch (answer->kind) {
	case DCERPC_ACCEPTED:
		if (rpc_conf_of(rpc)->mode == RPC_INTERFACE &&
			!rpc->interface.any_version)
			rpc_ask_map(rpc);
		else
			rpc_ask_list(rpc);
		break;
	case DCERPC_REJECTED:
		settle(rpc, STATE_FAILED, REASON_EPM_NO_MAPPER, true,
			rpc_detail_refusal(answer));
		break;
	case DCERPC_NAK:
		on_denied(rpc, STATE_FAILED, REASON_RPC_BIND_NAK,
			rpc_detail_refusal(answer));
		break;
	case DCERPC_FAULT:
		rpc_mapper_status(rpc, answer->status);
		break;
	case DCERPC_PARTIAL:
	case DCERPC_RESPONSE:
	case DCERPC_MALFORMED:
		rpc_mapper_malformed(rpc);
		break;
	}
}

static void on_connected(struct stream *stream)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	rpc_stage_connected(rpc);
	rpc_stage_begin(rpc, PHASE_EPM);
	rpc_call_bind(rpc, &epm_interface, on_bound);
}

static void on_refused(struct stream *stream, const struct sockerr *err)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	rpc_stage_end(rpc, err->state, err->reason, NULL);
	probe_run_tell(&rpc->run, rpc->run.phase, "%u: %s", (unsigned)rpc->port,
		probe_reason_text(err->reason));
	stream_settle_refused(stream, err);
}

static void on_ended(struct stream *stream, enum stream_end end)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	/* A handle that could not be given back is no answer that is missed. */
	if (rpc->is_told)
		rpc->then(rpc);
	else if (end == STREAM_TOO_LONG)
		rpc_mapper_malformed(rpc);
	else
		settle(rpc, STATE_FAILED,
			end == STREAM_SILENT ? REASON_EPM_SILENT : REASON_EPM_CLOSED,
			false, NULL);
}

static const struct stream_ops mapper_ops = {
	.limit = RPC_CALL_LIMIT,
	.connected = on_connected,
	.refused = on_refused,
	.received = rpc_call_received,
	.ended = on_ended,
};

int rpc_mapper_start(struct rpc_run *rpc)
{
	const struct rpc_conf *conf = rpc_conf_of(rpc);

	rpc->interface = conf->interface;
	rpc->port = (uint16_t)conf->mapper_port;
	rpc_stage_begin(rpc, PHASE_CONNECT);
	return stream_open(&rpc->stream, &rpc->run, &mapper_ops, rpc->port);
}
