/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A paced kind: each slot that is granted carries one SYN of whichever path has one to
 * send. probes/trace/walk.h says which TTL is next and what it comes to, dial.h has the
 * sockets.
 */
#include "probes/trace/trace.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/size.h"
#include "probes/net/dial.h"
#include "probes/trace/evidence.h"
#include "probes/trace/walk.h"

struct trace_run;

/* One source port. */
struct trace_path {
	struct dial_line line;
	struct deadline deadline;
	struct trace_run *trace;
	uint64_t sent_us;
	bool in_flight;
};

struct trace_run {
	struct probe_run run;
	struct dialer dialer;
	struct deadline budget;
	struct walk walk;
	struct trace_path paths[WALK_PATHS];
	uint32_t in_flight;
	struct sockerr stopped; /* the answer behind the nearest refusal */
	bool cut;
};

static struct trace_run *trace_of(struct probe_run *run)
{
	return CONTAINER_OF(run, struct trace_run, run);
}

/* ---- what it comes to ------------------------------------------------------- */

static void settle(struct trace_run *trace)
{
	const struct trace_conf *conf = trace->run.spec.conf;
	struct probe_result *result = &trace->run.result;
	enum probe_state state = STATE_FILTERED;
	enum probe_reason reason = REASON_TIMEOUT;
	struct walk_summary sum;

	walk_sum_up(&trace->walk, &sum);
	if (sum.reached) {
		bool accepted = sum.reached->accepted;
		state = accepted ? STATE_OPEN : STATE_CLOSED;
		reason = accepted ? REASON_SYN_ACK : REASON_RST;
		result->rtt_us = sum.reached->rtt_us;
	} else if (sum.stopped) {
		state = trace->stopped.state;
		reason = trace->stopped.reason;
		result->rtt_us = sum.stopped->rtt_us;
	}
	result->evidence = trace_evidence_make(
		&trace->walk, trace->run.spec.target.address, conf->port, trace->cut);
	if (!result->evidence)
		probe_run_settle_local(&trace->run, UV_ENOMEM, PHASE_CONNECT);
	probe_run_settle(&trace->run, state, reason, PHASE_CONNECT);
}

static void on_budget_spent(struct deadline *deadline)
{
	struct trace_run *trace = CONTAINER_OF(deadline, struct trace_run, budget);
	trace->cut = true;
	settle(trace);
}

/* ---- lines for whoever watches ---------------------------------------------- */

/* Once for all paths that end alike. */
static bool is_told(const struct trace_run *trace, uint32_t index)
{
	const struct walk_end *end = &trace->walk.paths[index].end;

	for (uint32_t i = 0; i < trace->walk.n_paths; i++) {
		const struct walk_path *other = &trace->walk.paths[i];
		if (i != index && other->ttl == 0 && other->end.kind == end->kind &&
			other->end.ttl == end->ttl &&
			other->end.accepted == end->accepted)
			return true;
	}
	return false;
}

static void tell_end(struct trace_run *trace, uint32_t index)
{
	const struct walk_end *end = &trace->walk.paths[index].end;
	char address[NET_ADDRESS_TEXT];
	double ms = end->rtt_us / 1e3;

	if (is_told(trace, index))
		return;
	if (end->kind == WALK_TARGET)
		probe_run_tell(&trace->run, PHASE_TRACE,
			"hop %2u  the target, %s  %.3f ms", end->ttl,
			probe_reason_word(end->accepted ? REASON_SYN_ACK : REASON_RST),
			ms);
	else
		probe_run_tell(&trace->run, PHASE_TRACE,
			"hop %2u  %s refuses, ICMP type %u code %u  %.3f ms", end->ttl,
			net_address_format(&end->address, address, sizeof address),
			end->icmp_type, end->icmp_code, ms);
}

/* What a path that was at `ttl` has learnt. */
static void tell(struct trace_run *trace, uint32_t index, uint8_t ttl, bool is_new,
	const struct walk_report *report)
{
	const struct walk_path *path = &trace->walk.paths[index];
	struct probe_run *run = &trace->run;
	char address[NET_ADDRESS_TEXT];

	if (!run->env->tell || path->ttl == ttl)
		return;
	if (is_new)
		probe_run_tell(run, PHASE_TRACE, "hop %2u  %s  %.3f ms", ttl,
			net_address_format(&report->address, address, sizeof address),
			report->rtt_us / 1e3);
	else if (report->kind == WALK_SILENCE && ttl < WALK_MAX_TTL &&
		 walk_is_silent_at(&trace->walk, ttl))
		probe_run_tell(run, PHASE_TRACE, "hop %2u  no answer", ttl);
	if (path->ttl == 0 && path->end.kind != WALK_SILENCE)
		tell_end(trace, index);
}

/* ---- the walk --------------------------------------------------------------- */

static struct trace_path *next_due(struct trace_run *trace)
{
	for (uint32_t i = 0; i < trace->walk.n_paths; i++)
		if (trace->walk.paths[i].ttl && !trace->paths[i].in_flight)
			return &trace->paths[i];
	return NULL;
}

static uint32_t index_of(const struct trace_path *path)
{
	return (uint32_t)(path - path->trace->paths);
}

static enum walk_answer kind_of(const struct sockerr *answer)
{
	if (answer->state == STATE_OPEN || answer->state == STATE_CLOSED)
		return WALK_TARGET;
	if (!answer->has_icmp)
		return WALK_SILENCE;
	return answer->reason == REASON_ICMP_TIME_EXCEEDED ? WALK_HOP : WALK_REFUSAL;
}

static void note_refusal(
	struct trace_run *trace, uint8_t ttl, const struct sockerr *answer)
{
	struct walk_summary sum;
	walk_sum_up(&trace->walk, &sum);
	if (!trace->stopped.has_icmp || sum.stopped->ttl == ttl)
		trace->stopped = *answer;
}

static void take_answer(
	struct trace_run *trace, struct trace_path *path, const struct sockerr *answer)
{
	uint32_t index = index_of(path);
	uint8_t ttl = trace->walk.paths[index].ttl;
	uint64_t elapsed_us = clock_monotonic_us() - path->sent_us;
	struct walk_report report = {
		.kind = kind_of(answer),
		.accepted = answer->state == STATE_OPEN,
		.icmp_type = answer->icmp_type,
		.icmp_code = answer->icmp_code,
		.address = answer->icmp_sender,
		.rtt_us = elapsed_us < 1 ? 1 : (uint32_t)elapsed_us,
	};

	if (answer->state == STATE_ERROR) {
		trace->run.result.evidence = sockerr_evidence(answer);
		probe_run_settle(
			&trace->run, answer->state, answer->reason, PHASE_CONNECT);
		return;
	}
	bool is_new = walk_take(&trace->walk, index, &report);
	if (report.kind == WALK_REFUSAL)
		note_refusal(trace, ttl, answer);
	tell(trace, index, ttl, is_new, &report);
}

static void go_on(struct trace_run *trace, bool granted);

/* The SYN of a path came to an end. */
static void end_connect(
	struct trace_run *trace, struct trace_path *path, const struct sockerr *answer)
{
	deadline_disarm(&path->deadline);
	/* The next SYN has another TTL, and so another socket. */
	dial_hang_up(&path->line);
	path->in_flight = false;
	trace->in_flight--;
	take_answer(trace, path, answer);
	if (!trace->run.settled)
		go_on(trace, next_due(trace) && probe_run_again(&trace->run));
}

static void on_answer(
	struct dialer *dialer, struct dial_line *line, const struct sockerr *answer)
{
	end_connect(CONTAINER_OF(dialer, struct trace_run, dialer),
		CONTAINER_OF(line, struct trace_path, line), answer);
}

static void on_silence(struct deadline *deadline)
{
	struct trace_path *path = CONTAINER_OF(deadline, struct trace_path, deadline);
	struct trace_run *trace = path->trace;
	struct sockerr answer;

	dial_expire(&trace->dialer, &path->line, &answer);
	end_connect(trace, path, &answer);
}

/* False with the answer when there is one at once. */
static bool send_syn(
	struct trace_run *trace, struct trace_path *path, struct sockerr *answer)
{
	const struct trace_conf *conf = trace->run.spec.conf;
	uint32_t index = index_of(path);
	uint32_t wait_ms =
		walk_wait_ms(&trace->walk, index, trace->run.spec.timeout_ms);

	path->line.ttl = trace->walk.paths[index].ttl;
	path->sent_us = clock_monotonic_us();
	bool waits = dial_start(&trace->dialer, &path->line, conf->port, answer);
	if (waits || answer->state != STATE_ERROR)
		trace->run.result.attempts++;
	if (!waits)
		return false;
	if (deadline_arm(trace->run.env->deadlines, &path->deadline, wait_ms,
		    on_silence) == 0)
		return true;
	sockerr_from_call(UV_ENOMEM, answer);
	return false;
}

/* Asks for as many slots as could carry a SYN now. */
static void ask(struct trace_run *trace)
{
	uint32_t due = 0;

	for (uint32_t i = 0; i < trace->walk.n_paths; i++)
		due += trace->walk.paths[i].ttl && !trace->paths[i].in_flight;
	if (trace->in_flight + due > trace->run.spec.window)
		due = trace->run.spec.window - trace->in_flight;
	while (!trace->run.settled && trace->run.wants < due)
		probe_run_want(&trace->run);
}

static void go_on(struct trace_run *trace, bool granted)
{
	struct trace_path *path = granted ? next_due(trace) : NULL;
	struct sockerr answer;

	if (path) {
		bool waits = send_syn(trace, path, &answer);
		path->in_flight = true;
		trace->in_flight++;
		if (!waits) {
			end_connect(trace, path, &answer);
			return;
		}
	} else {
		probe_run_release(&trace->run);
	}
	if (walk_is_over(&trace->walk) && trace->in_flight == 0)
		settle(trace);
	ask(trace);
}

/* ---- the ops ---------------------------------------------------------------- */

static void trace_grant(struct probe_run *run)
{
	go_on(trace_of(run), true);
}

static int trace_start(struct probe_run *run)
{
	struct trace_run *trace = trace_of(run);
	const struct trace_conf *conf = run->spec.conf;

	run->phase = PHASE_CONNECT;
	walk_init(&trace->walk, conf->distance ? 1 : WALK_PATHS, conf->distance);
	for (uint32_t i = 0; i < WALK_PATHS; i++) {
		trace->paths[i].trace = trace;
		dial_line_init(&trace->paths[i].line);
		trace->paths[i].line.keeps_port = true;
		deadline_init(&trace->paths[i].deadline);
	}
	deadline_init(&trace->budget);
	dialer_init(&trace->dialer);
	int rc = dialer_open(&trace->dialer, run, run->spec.target.address, on_answer);
	if (rc == 0)
		rc = deadline_arm(run->env->deadlines, &trace->budget, conf->budget_ms,
			on_budget_spent);
	if (rc == 0)
		go_on(trace, true);
	return rc;
}

static void trace_stop(struct probe_run *run)
{
	struct trace_run *trace = trace_of(run);
	deadline_disarm(&trace->budget);
	for (uint32_t i = 0; i < WALK_PATHS; i++) {
		deadline_disarm(&trace->paths[i].deadline);
		dial_hang_up(&trace->paths[i].line);
	}
}

static void trace_fini(struct probe_run *run)
{
	dialer_close(&trace_of(run)->dialer);
}

const struct probe_ops trace_probe_ops = {
	.name = "trace",
	.flags = PROBE_PACED,
	.conf_size = sizeof(struct trace_conf),
	.run_size = sizeof(struct trace_run),
	.start = trace_start,
	.grant = trace_grant,
	.stop = trace_stop,
	.fini = trace_fini,
};
