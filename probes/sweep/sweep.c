/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep/LO-HI[,...]: every port of a set on one address. A paced kind: each slot that
 * is granted carries one connect, and when that ends goes on to the next port or back.
 *
 *   sweep_ports   which port is next, and what is known of each
 *   sweep_passes  how often silence is asked again, how fast and how long
 *   sweep_runs    what it all comes to
 *   dial          the sockets
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ports.h"
#include "base/size.h"
#include "probes/evidence.h"
#include "probes/net/dial.h"
#include "probes/registry.h"
#include "probes/sweep/passes.h"
#include "probes/sweep/ports.h"
#include "probes/sweep/runs.h"

/* Windows Server 2008 and later: "Service overview and network port requirements". */
#define DYNAMIC_PORTS "49152-65535"

struct sweep_conf {
	struct port_set ports;
};

struct sweep_run;

/* One connect in flight, or room for one. */
struct sweep_slot {
	struct dial_line line;
	struct deadline deadline;
	struct sweep_run *sweep;
	struct sweep_slot *next; /* while it is free */
	uint32_t index;          /* of the port that it dials */
	uint64_t sent_us;
};

struct sweep_run {
	struct probe_run run;
	struct dialer dialer;
	struct deadline pause; /* armed while a local shortage is waited out */
	struct sweep_passes passes;
	struct sweep_ports ports;
	struct sweep_icmp icmp;
	struct sweep_slot *slots, *free;
	uint32_t n_slots, in_flight;
};

static bool sweep_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error)
{
	struct port_set *set = &((struct sweep_conf *)conf)->ports;
	if (!argument) {
		*error = "it needs the ports, such as sweep/49152-65535";
		return false;
	}
	if (strcmp(argument, "dynamic") == 0)
		argument = vocabulary && vocabulary->dynamic_ports
				   ? vocabulary->dynamic_ports
				   : DYNAMIC_PORTS;
	if (!ports_parse(argument, set, error))
		return false;
	ports_format(set, canonical, size);
	return true;
}

static uint32_t sweep_connections(const void *conf)
{
	return ports_count(&((const struct sweep_conf *)conf)->ports);
}

static uint16_t sweep_port(const void *conf)
{
	return ports_at(&((const struct sweep_conf *)conf)->ports, 0);
}

static struct sweep_run *sweep_of(struct probe_run *run)
{
	return CONTAINER_OF(run, struct sweep_run, run);
}

static void settle_with(struct sweep_run *sweep, const struct sockerr *err)
{
	sweep->run.result.evidence = sockerr_evidence(err);
	probe_run_settle(&sweep->run, err->state, err->reason, PHASE_SWEEP);
}

static void settle_all(struct sweep_run *sweep)
{
	struct probe_result *result = &sweep->run.result;
	struct sweep_counts counts;
	enum probe_state state;
	enum probe_reason reason;

	sweep_count(&sweep->ports, &counts);
	sweep_verdict(&counts, &sweep->icmp, &state, &reason);
	result->evidence = sweep_evidence(&sweep->ports, &counts, &sweep->icmp);
	if ((state == STATE_PARTIAL || state == STATE_OPEN) &&
		!(result->identity = sweep_identity(&sweep->ports))) {
		/* Without it the next scan would see a change. */
		probe_run_settle_local(&sweep->run, UV_ENOMEM, PHASE_SWEEP);
		return;
	}
	result->rtt_us = sweep->passes.least_us;
	probe_run_settle(&sweep->run, state, reason, PHASE_SWEEP);
}

static bool may_start(const struct sweep_run *sweep)
{
	return sweep->ports.due > 0 && sweep->in_flight < sweep->passes.room &&
	       !sweep->pause.class;
}

/* Asks for as many slots as could carry a connect now. */
static void ask(struct sweep_run *sweep)
{
	if (sweep->run.settled || sweep->pause.class)
		return;
	uint32_t room = sweep->passes.room > sweep->in_flight
				? sweep->passes.room - sweep->in_flight
				: 0;
	uint32_t most = room < sweep->ports.due ? room : sweep->ports.due;
	while (sweep->run.wants < most)
		probe_run_want(&sweep->run);
}

static void note_port(struct sweep_run *sweep, uint32_t index, uint64_t elapsed_us,
	const struct sockerr *answer)
{
	struct sockerr *first = &sweep->icmp.first[answer->state];
	bool was_silent = sweep_ports_state(&sweep->ports, index) == STATE_FILTERED;
	if (sockerr_is_answer(answer))
		sweep_passes_answer(&sweep->passes, elapsed_us, was_silent);
	if (first->state == STATE_NONE)
		*first = *answer;
	sweep_ports_set(&sweep->ports, index, answer->state);
}

static void on_pause_over(struct deadline *deadline)
{
	ask(CONTAINER_OF(deadline, struct sweep_run, pause));
}

/* The port waits for better times, and so does the sweep. */
static void wait_out(struct sweep_run *sweep, uint32_t index, const struct sockerr *err)
{
	uint32_t pause_ms = sweep_passes_shortage(&sweep->passes, clock_monotonic_us());
	sweep_ports_put_back(&sweep->ports, index);
	if (pause_ms == 0)
		settle_with(sweep, err);
	else if (deadline_arm(sweep->run.env->deadlines, &sweep->pause, pause_ms,
			 on_pause_over) < 0)
		probe_run_settle_local(&sweep->run, UV_ENOMEM, PHASE_SWEEP);
}

/* An answer, or silence, for the port of a slot. */
static void take_answer(
	struct sweep_run *sweep, struct sweep_slot *slot, const struct sockerr *answer)
{
	if (answer->state != STATE_ERROR)
		note_port(sweep, slot->index, clock_monotonic_us() - slot->sent_us,
			answer);
	else if (probe_reason_is_shortage(answer->reason))
		wait_out(sweep, slot->index, answer);
	else
		settle_with(sweep, answer);
}

static void on_silence(struct deadline *deadline);

/* Dials the next port that is due; false with the answer when there is one at once. */
static bool dial_next(
	struct sweep_run *sweep, struct sweep_slot *slot, struct sockerr *answer)
{
	slot->index = sweep_ports_next(&sweep->ports);
	slot->sent_us = clock_monotonic_us();
	bool waits = dial_start(&sweep->dialer, &slot->line,
		ports_at(sweep->ports.set, slot->index), answer);
	if (waits || answer->state != STATE_ERROR)
		sweep->run.result.attempts++;
	if (!waits)
		return false;
	if (deadline_arm(sweep->run.env->deadlines, &slot->deadline,
		    sweep_passes_limit_ms(&sweep->passes), on_silence) < 0) {
		sockerr_from_call(UV_ENOMEM, answer); /* give_back() hangs up */
		return false;
	}
	sweep_passes_started(&sweep->passes);
	return true;
}

static void give_back(struct sweep_run *sweep, struct sweep_slot *slot)
{
	dial_hang_up(&slot->line);
	slot->next = sweep->free;
	sweep->free = slot;
	probe_run_release(&sweep->run);
}

/* Nothing is due and nothing under way: another pass, or the end. */
static void end_pass(struct sweep_run *sweep)
{
	uint32_t silent = sweep_ports_renew(&sweep->ports);
	if (!sweep_passes_next(&sweep->passes, silent))
		settle_all(sweep);
}

/* The slot's line is idle: while granted it dials ports until one lets it wait. */
static void go_on(struct sweep_run *sweep, struct sweep_slot *slot, bool granted)
{
	struct sockerr answer;
	while (granted && may_start(sweep)) {
		if (dial_next(sweep, slot, &answer)) {
			sweep->in_flight++;
			ask(sweep);
			return;
		}
		take_answer(sweep, slot, &answer);
		granted = may_start(sweep) && probe_run_again(&sweep->run);
	}
	if (sweep->run.settled)
		return;
	give_back(sweep, slot);
	if (sweep->ports.due == 0 && sweep->in_flight == 0)
		end_pass(sweep);
	ask(sweep);
}

/* The connect of a slot is over. */
static void end_connect(
	struct sweep_run *sweep, struct sweep_slot *slot, const struct sockerr *answer)
{
	deadline_disarm(&slot->deadline);
	sweep->in_flight--;
	take_answer(sweep, slot, answer);
	if (!sweep->run.settled)
		go_on(sweep, slot, may_start(sweep) && probe_run_again(&sweep->run));
}

static void on_answer(
	struct dialer *dialer, struct dial_line *line, const struct sockerr *answer)
{
	end_connect(CONTAINER_OF(dialer, struct sweep_run, dialer),
		CONTAINER_OF(line, struct sweep_slot, line), answer);
}

static void on_silence(struct deadline *deadline)
{
	struct sweep_slot *slot = CONTAINER_OF(deadline, struct sweep_slot, deadline);
	struct sweep_run *sweep = slot->sweep;
	struct sockerr answer;

	dial_expire(&sweep->dialer, &slot->line, &answer);
	end_connect(sweep, slot, &answer);
}

static struct sweep_slot *take_free(struct sweep_run *sweep)
{
	struct sweep_slot *slot = sweep->free;
	assert(slot); /* slots in use and asked for are never more than there are */
	sweep->free = slot->next;
	return slot;
}

static void sweep_grant(struct probe_run *run)
{
	struct sweep_run *sweep = sweep_of(run);
	go_on(sweep, take_free(sweep), true);
}

static int make_slots(struct sweep_run *sweep, uint32_t count)
{
	sweep->slots = calloc(count, sizeof *sweep->slots);
	if (!sweep->slots)
		return UV_ENOMEM;
	sweep->n_slots = count;
	for (uint32_t i = 0; i < count; i++) {
		struct sweep_slot *slot = &sweep->slots[i];
		dial_line_init(&slot->line);
		deadline_init(&slot->deadline);
		slot->sweep = sweep;
		slot->next = sweep->free;
		sweep->free = slot;
	}
	return 0;
}

/* Any number that differs between hosts does. */
static uint64_t salt_of(const struct net_address *address)
{
	uint64_t salt = 0;
	for (size_t i = 0; i < sizeof address->bytes; i++)
		salt = salt * 31 + address->bytes[i];
	return salt;
}

static int sweep_start(struct probe_run *run)
{
	struct sweep_run *sweep = sweep_of(run);
	const struct probe_spec *spec = &run->spec;
	const struct sweep_conf *conf = spec->conf;

	run->phase = PHASE_SWEEP;
	dialer_init(&sweep->dialer);
	deadline_init(&sweep->pause);
	if (sweep_ports_init(
		    &sweep->ports, &conf->ports, salt_of(spec->target.address)) < 0)
		return UV_ENOMEM;
	uint32_t window =
		spec->window < sweep->ports.count ? spec->window : sweep->ports.count;
	sweep_passes_init(&sweep->passes, spec->attempts, spec->timeout_ms, window);
	int rc = make_slots(sweep, window);
	if (rc == 0)
		rc = dialer_open(&sweep->dialer, run, spec->target.address, on_answer);
	if (rc < 0)
		return rc;
	go_on(sweep, take_free(sweep), true);
	return 0;
}

static void sweep_stop(struct probe_run *run)
{
	struct sweep_run *sweep = sweep_of(run);
	deadline_disarm(&sweep->pause);
	for (uint32_t i = 0; i < sweep->n_slots; i++) {
		deadline_disarm(&sweep->slots[i].deadline);
		dial_hang_up(&sweep->slots[i].line);
	}
}

static void sweep_fini(struct probe_run *run)
{
	struct sweep_run *sweep = sweep_of(run);
	dialer_close(&sweep->dialer);
	sweep_ports_fini(&sweep->ports);
	free(sweep->slots);
}

/* ---- what its evidence (runs.h) says */

static void add_run(
	struct evidence_line *line, const json_t *run, const char *separator)
{
	json_int_t low = json_integer_value(json_array_get(run, 0));
	json_int_t high = json_integer_value(json_array_get(run, 1));
	const char *state = json_string_value(json_array_get(run, 2));

	evidence_separate(line, separator);
	strbuf_addf(line->out, "%" JSON_INTEGER_FORMAT, low);
	if (high != low)
		strbuf_addf(line->out, "-%" JSON_INTEGER_FORMAT, high);
	strbuf_addf(line->out, " %s", state ? state : "?");
}

/* What is blocked is what the reader looks for, so it comes first. */
static void add_runs(struct evidence_line *line, const json_t *runs)
{
	for (int pass = 0; pass < 2; pass++) {
		size_t i, n = 0;
		const json_t *run;

		json_array_foreach(runs, i, run)
		{
			bool blocked = evidence_is_blocked(json_array_get(run, 2));
			if (blocked == (pass == 1))
				continue;
			if (evidence_is_full(line))
				return;
			add_run(line, run, n++ ? ", " : "; ");
		}
	}
}

static bool sweep_print(struct evidence_line *line, const json_t *evidence,
	const char *key, const json_t *value)
{
	if (strcmp(key, "runs") == 0)
		add_runs(line, value);
	else if (strcmp(key, "runs_cut") == 0)
		line->cut = true;
	else
		return strcmp(key, "ports") == 0 && json_object_get(evidence, "runs");
	return true;
}

static uint16_t sweep_found_port(const json_t *evidence)
{
	size_t i;
	const json_t *run;

	json_array_foreach(json_object_get(evidence, "runs"), i, run)
	{
		if (evidence_is_blocked(json_array_get(run, 2)))
			return evidence_number_port(json_array_get(run, 0));
	}
	return 0;
}

const struct probe_ops sweep_probe_ops = {
	.name = "sweep",
	.flags = PROBE_PACED | PROBE_EXPECTS_CLEAR,
	.argument_help = "LO-HI[,...] or sweep/dynamic",
	.conf_size = sizeof(struct sweep_conf),
	.parse = sweep_parse,
	.connections = sweep_connections,
	.port = sweep_port,
	.found_port = sweep_found_port,
	.print = sweep_print,
	.run_size = sizeof(struct sweep_run),
	.start = sweep_start,
	.grant = sweep_grant,
	.stop = sweep_stop,
	.fini = sweep_fini,
};
