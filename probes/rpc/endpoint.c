/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/run.h"

/* IObjectExporter::ServerAlive2 ([MS-DCOM] 3.1.2.5.1.6); it has no in parameters. */
#define OPNUM_SERVER_ALIVE2 5

static struct rpc_target *target_of(struct rpc_run *rpc)
{
	return &rpc->targets[rpc->at];
}

static void tell_open(struct rpc_run *rpc, const struct rpc_target *target)
{
	char name[RPC_NAME_TEXT], time[RPC_TIME_TEXT];

	if (!rpc->run.env->tell)
		return;
	rpc_name_text(&target->interface, name);
	rpc_time_text(target->rtt_us, time);
	if (target->phase == PHASE_CALL)
		probe_run_tell(&rpc->run, PHASE_CALL, "%u: %s answered a call in %s",
			(unsigned)target->port, name, time);
	else
		probe_run_tell(&rpc->run, PHASE_BIND, "%u: %s accepted the bind in %s",
			(unsigned)target->port, name, time);
}

/* What came of the target: of the phase in hand. rtt_us is 0 where nothing answered. */
static void finish(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, uint32_t rtt_us, char *detail)
{
	struct rpc_target *target = target_of(rpc);

	target->state = state;
	target->reason = reason;
	target->phase = rpc->run.phase;
	target->rtt_us = rtt_us;
	if (state == STATE_OPEN) {
		rpc_stage_end(rpc, STATE_NONE, REASON_NONE, NULL);
		tell_open(rpc, target);
	} else {
		rpc_stage_end(rpc, state, reason, detail);
		probe_run_tell(&rpc->run, target->phase, "%u: %s",
			(unsigned)target->port, probe_reason_text(reason));
	}
	rpc->served(rpc);
}

static void finish_open(struct rpc_run *rpc, enum probe_reason reason)
{
	finish(rpc, STATE_OPEN, reason, rpc_stage_elapsed_us(rpc), NULL);
}

static void finish_failed(struct rpc_run *rpc, enum probe_reason reason,
	const struct dcerpc_answer *answer)
{
	finish(rpc, STATE_FAILED, reason, rpc_stage_elapsed_us(rpc),
		rpc_detail_refusal(answer));
}

static enum probe_reason reason_of_fault(const struct dcerpc_answer *answer)
{
	return answer->status == DCERPC_ACCESS_DENIED ? REASON_RPC_ACCESS_DENIED
						      : REASON_RPC_FAULT;
}

/* ---- the call after the bind */

static void on_alive(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	if (answer->kind == DCERPC_RESPONSE)
		finish_open(rpc, REASON_RPC_ANSWERED);
	else
		finish_failed(rpc,
			answer->kind == DCERPC_FAULT ? reason_of_fault(answer)
						     : REASON_RPC_PROTOCOL_ERROR,
			answer);
}

static void ask_alive(struct rpc_run *rpc)
{
	rpc_stage_end(rpc, STATE_NONE, REASON_NONE, NULL);
	rpc_stage_begin(rpc, PHASE_CALL);
	rpc_client_request(&rpc->client, OPNUM_SERVER_ALIVE2, NULL, 0, on_alive);
}

/* ---- the bind */

/* A wrong interface or version is an acknowledged bind with that result, not a nak. */
static enum probe_reason reason_of_rejection(const struct dcerpc_answer *answer)
{
	if (answer->result == DCERPC_RESULT_PROVIDER_REJECTION &&
		answer->reason == DCERPC_REASON_ABSTRACT_SYNTAX)
		return REASON_RPC_WRONG_INTERFACE;
	return REASON_RPC_BIND_REJECTED;
}

static enum probe_reason reason_of_refused_bind(const struct dcerpc_answer *answer)
{
	switch (answer->kind) {
	case DCERPC_REJECTED:
		return reason_of_rejection(answer);
	case DCERPC_NAK:
		return REASON_RPC_BIND_NAK;
	case DCERPC_FAULT:
		return reason_of_fault(answer);
	default:
		return REASON_RPC_PROTOCOL_ERROR;
	}
}

static void on_bound(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	if (answer->kind != DCERPC_ACCEPTED)
		finish_failed(rpc, reason_of_refused_bind(answer), answer);
	else if (rpc_conf_of(rpc)->has_alive)
		ask_alive(rpc);
	else
		finish_open(rpc, REASON_RPC_BOUND);
}

/* ---- the connection */

static void on_connected(struct stream *stream)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	rpc_stage_connected(rpc);
	rpc_stage_begin(rpc, PHASE_BIND);
	rpc_client_bind(&rpc->client, &target_of(rpc)->interface, on_bound);
}

static enum probe_reason reason_of_refusal(const struct sockerr *err)
{
	switch (err->state) {
	case STATE_CLOSED:
		return REASON_ENDPOINT_CLOSED;
	case STATE_FILTERED:
		return REASON_ENDPOINT_FILTERED;
	case STATE_PROHIBITED:
		return REASON_ENDPOINT_PROHIBITED;
	case STATE_UNREACHABLE:
		return REASON_ENDPOINT_UNREACHABLE;
	default:
		return err->reason; /* this machine's own trouble */
	}
}

static void on_refused(struct stream *stream, const struct sockerr *err)
{
	struct rpc_run *rpc = rpc_of_stream(stream);
	bool is_own = rpc_conf_of(rpc)->has_own_port;

	target_of(rpc)->err = *err;
	finish(rpc, err->state, is_own ? err->reason : reason_of_refusal(err),
		sockerr_is_answer(err) ? stream_elapsed_us(stream) : 0,
		rpc_detail_connect(err));
}

static void on_ended(struct stream *stream, enum stream_end end)
{
	enum probe_reason reason = end == STREAM_SILENT     ? REASON_RPC_SILENT
				   : end == STREAM_TOO_LONG ? REASON_RPC_PROTOCOL_ERROR
							    : REASON_RPC_CLOSED;

	finish(rpc_of_stream(stream), STATE_FAILED, reason, 0, NULL);
}

static const struct stream_ops endpoint_ops = {
	.limit = RPC_CLIENT_LIMIT,
	.connected = on_connected,
	.refused = on_refused,
	.received = rpc_client_received,
	.ended = on_ended,
};

int rpc_endpoint_start(struct rpc_run *rpc)
{
	bool is_own = rpc_conf_of(rpc)->has_own_port;

	rpc->port = target_of(rpc)->port;
	rpc_stage_begin(rpc, is_own ? PHASE_CONNECT : PHASE_ENDPOINT);
	return rpc_client_open(&rpc->client, &rpc->run, &endpoint_ops, rpc->port);
}
