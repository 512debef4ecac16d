/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc, rpc/NAME, rpc/UUID[@VERSION] and rpc with a star: from the endpoint mapper to
 * the interface that accepts a bind. run.h says which file does what.
 *
 * One connection after the other, each with a slot and a time limit of its own:
 *
 *   mapper ──▶ go_on() ──▶ close ──▶ slot ──▶ endpoint ──▶ go_on() ... verdict
 */
#include <stdlib.h>

#include "probes/registry.h"
#include "probes/rpc/run.h"

static struct rpc_run *rpc_of(struct probe_run *run)
{
	return CONTAINER_OF(run, struct rpc_run, run);
}

/* ---- the verdict */

static struct rpc_verdict verdict_of(const struct rpc_run *rpc)
{
	if (rpc_conf_of(rpc)->mode == RPC_ALL)
		return rpc_targets_verdict(rpc->targets, rpc->n_targets, rpc->cut);
	const struct rpc_target *best = rpc_targets_best(rpc->targets, rpc->n_targets);
	return (struct rpc_verdict){
		.state = best->state,
		.reason = best->reason,
		.phase = best->phase,
		.target = best,
	};
}

static void conclude(struct rpc_run *rpc)
{
	struct probe_run *run = &rpc->run;
	struct rpc_verdict verdict = verdict_of(rpc);
	const struct rpc_target *target = verdict.target;

	if (verdict.is_mixed && !(run->result.identity = rpc_targets_identity(
					  rpc->targets, rpc->n_targets))) {
		/* Without it the next scan would see a change. */
		probe_run_settle_local(run, UV_ENOMEM, verdict.phase);
		return;
	}
	rpc->port = target->port;
	run->result.rtt_us = target->rtt_us;
	if (target->err.state != STATE_NONE)
		run->result.evidence = sockerr_evidence(&target->err);
	probe_run_settle(run, verdict.state, verdict.reason, verdict.phase);
}

/* ---- one target after the other */

static void start_target(struct rpc_run *rpc)
{
	int rc = rpc_endpoint_start(rpc);

	if (rc >= 0)
		return;
	/* One that accepts is proof enough for an interface; the rest is a shortage. */
	if (rpc_conf_of(rpc)->mode == RPC_INTERFACE &&
		rpc_targets_best(rpc->targets, rpc->n_targets)->state == STATE_OPEN)
		conclude(rpc);
	else
		probe_run_settle_local(&rpc->run, rc, rpc->run.phase);
}

static void rpc_grant(struct probe_run *run)
{
	start_target(rpc_of(run));
}

static void on_closed(struct stream *stream)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	if (probe_run_next(&rpc->run))
		start_target(rpc);
}

/* A port that could not be connected to is no better for its other interfaces. */
static bool shares_outcome(
	const struct rpc_target *target, const struct rpc_target *before)
{
	return target->port == before->port && before->phase == PHASE_ENDPOINT &&
	       before->state != STATE_OPEN;
}

/* Moves on to the first target that is to be tried; false: there is none. */
static bool find_next(struct rpc_run *rpc)
{
	for (; rpc->at < rpc->n_targets; rpc->at++) {
		struct rpc_target *target = &rpc->targets[rpc->at];
		if (target->state != STATE_NONE)
			continue;
		if (rpc->at == 0 || !shares_outcome(target, target - 1))
			return true;
		target->state = target[-1].state;
		target->reason = target[-1].reason;
		target->phase = target[-1].phase;
		target->rtt_us = target[-1].rtt_us;
		target->err = target[-1].err;
	}
	return false;
}

/* With trouble of this machine not every interface was asked, whatever follows. */
static bool is_spoilt(const struct rpc_run *rpc)
{
	return rpc_conf_of(rpc)->mode == RPC_ALL && rpc->at < rpc->n_targets &&
	       rpc->targets[rpc->at].state == STATE_ERROR;
}

static bool is_out_of_time(const struct rpc_run *rpc)
{
	uint64_t limit_us =
		rpc->run.spec.timeout_ms * UINT64_C(1000) * RPC_MAX_TIMEOUTS;

	return rpc_conf_of(rpc)->mode == RPC_ALL && rpc->spent_us >= limit_us;
}

/* The targets from here on were not tried, and are not judged. */
static void conclude_early(struct rpc_run *rpc)
{
	rpc->n_targets = rpc->at;
	rpc->cut = REASON_OUT_OF_TIME;
	conclude(rpc);
}

static void go_on(struct rpc_run *rpc)
{
	rpc->spent_us += stream_elapsed_us(&rpc->client.stream);
	if (is_spoilt(rpc) || !find_next(rpc)) {
		conclude(rpc);
		return;
	}
	if (is_out_of_time(rpc)) {
		conclude_early(rpc);
		return;
	}
	rpc->run.phase = PHASE_ENDPOINT;
	rpc->run.result.rtt_us = 0; /* no answer of the mapper settles it now */
	stream_close(&rpc->client.stream, on_closed);
}

/* ---- the kind */

static uint16_t rpc_port(const void *conf)
{
	return (uint16_t)((const struct rpc_conf *)conf)->mapper_port;
}

static uint32_t rpc_connections(const void *data)
{
	const struct rpc_conf *conf = data;

	if (conf->mode == RPC_ALL)
		return RPC_MANY_CONNECTIONS;
	return conf->mode == RPC_INTERFACE && !conf->has_own_port ? 2 : 1;
}

static int rpc_start(struct probe_run *run)
{
	struct rpc_run *rpc = rpc_of(run);
	const struct rpc_conf *conf = rpc_conf_of(rpc);

	rpc->served = go_on;
	if (!conf->has_own_port)
		return rpc_mapper_start(rpc);
	rpc->interface = conf->interface;
	if (rpc_targets_add(rpc, &conf->interface, (uint16_t)conf->mapper_port, 1) < 0)
		return UV_ENOMEM;
	return rpc_endpoint_start(rpc);
}

static void rpc_expired(struct probe_run *run)
{
	struct rpc_run *rpc = rpc_of(run);

	/* Between two connections; the next has its own time limit. */
	if (!rpc->client.stream.is_closed)
		stream_expired(&rpc->client.stream);
}

static void rpc_stop(struct probe_run *run)
{
	rpc_evidence_make(rpc_of(run));
}

static void rpc_fini(struct probe_run *run)
{
	struct rpc_run *rpc = rpc_of(run);

	rpc_client_fini(&rpc->client);
	rpc_evidence_fini(rpc);
	free(rpc->targets);
}

const struct probe_ops rpc_probe_ops = {
	.name = "rpc",
	.argument_help = "NAME, rpc/UUID[@MAJOR.MINOR] or rpc/*",
	.fields = rpc_conf_fields,
	.conf_size = sizeof(struct rpc_conf),
	.parse = rpc_conf_parse,
	.nearest = rpc_conf_nearest,
	.bound = rpc_conf_bound,
	.connections = rpc_connections,
	.port = rpc_port,
	.found_port = rpc_evidence_found_port,
	.print = rpc_evidence_print,
	.advice = rpc_advice,
	.run_size = sizeof(struct rpc_run),
	.start = rpc_start,
	.grant = rpc_grant,
	.expired = rpc_expired,
	.stop = rpc_stop,
	.fini = rpc_fini,
};
