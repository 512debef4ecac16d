/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"
#include "probes/rpc_internal.h"

/* IObjectExporter::ServerAlive2 ([MS-DCOM] 3.1.2.5.1.6); it has no in parameters. */
#define OPNUM_SERVER_ALIVE2 5

static struct rpc_run *rpc_of(struct stream *stream)
{
	return CONTAINER_OF(stream, struct rpc_run, stream);
}

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
	struct rpc_stage stage = {
		.phase = rpc->run.phase,
		.port = target->port,
		.state = state == STATE_OPEN ? STATE_NONE : state,
		.reason = state == STATE_OPEN ? REASON_NONE : reason,
		.elapsed_us = rpc_stage_elapsed_us(rpc),
		.detail = detail,
	};

	target->state = state;
	target->reason = reason;
	target->phase = rpc->run.phase;
	target->rtt_us = rtt_us;
	rpc_stage_add(rpc, &stage);
	if (state == STATE_OPEN)
		tell_open(rpc, target);
	else
		probe_run_tell(&rpc->run, target->phase, "%u: %s",
			(unsigned)target->port, probe_reason_text(reason));
	rpc_go_on(rpc);
}

/* The server said something that ends it. */
static void finish_answered(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, char *detail)
{
	finish(rpc, state, reason, rpc_stage_elapsed_us(rpc), detail);
}

/* ---- the call after the bind */

static void on_alive(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	if (answer->kind == DCERPC_RESPONSE)
		finish_answered(rpc, STATE_OPEN, REASON_RPC_ANSWERED, NULL);
	else if (answer->kind == DCERPC_FAULT)
		finish_answered(rpc, STATE_FAILED,
			answer->status == DCERPC_ACCESS_DENIED
				? REASON_RPC_ACCESS_DENIED
				: REASON_RPC_FAULT,
			rpc_detail_status(answer->status));
	else
		finish_answered(rpc, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR, NULL);
}

static void ask_alive(struct rpc_run *rpc)
{
	struct rpc_stage stage = {
		.phase = PHASE_BIND,
		.port = target_of(rpc)->port,
		.elapsed_us = rpc_stage_elapsed_us(rpc),
	};

	rpc_stage_add(rpc, &stage);
	rpc_stage_begin(rpc, PHASE_CALL);
	rpc_call_request(rpc, OPNUM_SERVER_ALIVE2, NULL, 0, on_alive);
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

static void on_bound(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	switch (answer->kind) {
	case DCERPC_ACCEPTED:
		if (rpc_conf_of(rpc)->has_alive)
			ask_alive(rpc);
		else
			finish_answered(rpc, STATE_OPEN, REASON_RPC_BOUND, NULL);
		break;
	case DCERPC_REJECTED:
		finish_answered(rpc, STATE_FAILED, reason_of_rejection(answer),
			rpc_detail("\"result\":%u,\"provider_reason\":%u",
				(unsigned)answer->result, (unsigned)answer->reason));
		break;
	case DCERPC_NAK:
		finish_answered(rpc, STATE_FAILED, REASON_RPC_BIND_NAK,
			rpc_detail("\"nak\":%u", (unsigned)answer->reason));
		break;
	case DCERPC_FAULT:
		finish_answered(rpc, STATE_FAILED,
			answer->status == DCERPC_ACCESS_DENIED
				? REASON_RPC_ACCESS_DENIED
				: REASON_RPC_FAULT,
			rpc_detail_status(answer->status));
		break;
	case DCERPC_PARTIAL:
	case DCERPC_RESPONSE:
	case DCERPC_MALFORMED:
		finish_answered(rpc, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR, NULL);
		break;
	}
}

/* ---- the connection */

static void on_connected(struct stream *stream)
{
	struct rpc_run *rpc = rpc_of(stream);
	struct rpc_stage stage = {
		.phase = rpc->run.phase,
		.port = target_of(rpc)->port,
		.elapsed_us = stream->rtt_us,
	};
	char time[RPC_TIME_TEXT];

	rpc_stage_add(rpc, &stage);
	probe_run_tell(&rpc->run, rpc->run.phase, "%u: connected in %s",
		(unsigned)target_of(rpc)->port, rpc_time_text(stream->rtt_us, time));
	rpc_stage_begin(rpc, PHASE_BIND);
	rpc_call_bind(rpc, &target_of(rpc)->interface, on_bound);
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
	struct rpc_run *rpc = rpc_of(stream);
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

	finish(rpc_of(stream), STATE_FAILED, reason, 0, NULL);
}

static const struct stream_ops endpoint_ops = {
	.limit = RPC_CALL_LIMIT,
	.connected = on_connected,
	.refused = on_refused,
	.received = rpc_call_received,
	.ended = on_ended,
};

int rpc_endpoint_start(struct rpc_run *rpc)
{
	bool is_own = rpc_conf_of(rpc)->has_own_port;

	rpc->port = target_of(rpc)->port;
	rpc->call_id = 0;
	rpc_stage_begin(rpc, is_own ? PHASE_CONNECT : PHASE_ENDPOINT);
	return stream_open(&rpc->stream, &rpc->run, &endpoint_ops, rpc->port);
}
