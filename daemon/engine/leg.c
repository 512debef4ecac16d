/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow in progress: a leg for each address, each with its own attempts, folded when
 * all are in. What ends an attempt decides what comes next:
 *
 *   silence, or some of it  another attempt after a back-off, while there are any left
 *   a local shortage        the same attempt again after a pause, while patience lasts
 *   other local trouble     once more after a while: a route may flap
 *   anything else           settles the leg
 */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/engine/pass.h"

enum {
	FIRST_BACKOFF_MS = 200,
	LAST_BACKOFF_MS = 5000,
	FIRST_PAUSE_MS = 10,
	LAST_PAUSE_MS = 1000
};

static const struct plan_check *check_of(const struct leg *leg)
{
	return pass_check(leg->flight->pass, leg->flight->flow);
}

/* Milliseconds since the scan began, of which this may not be the first pass. */
static uint32_t now_ms(const struct pass *pass)
{
	uint64_t ms = (clock_monotonic_us() - pass->results->started_us) / 1000;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void pass_settle(struct pass *pass, uint32_t flow, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	pass->results->flows[flow] = (struct flow_result){
		.state = (uint8_t)state,
		.reason = (uint8_t)reason,
		.phase = (uint8_t)phase,
		.at_ms = now_ms(pass),
	};
	pass->settled++;
}

void leg_take_slot(struct leg *leg)
{
	struct pass *pass = leg->flight->pass;

	pace_take(&pass->pace);
	pass->connections++;
	leg->flight->host->slots++;
}

void leg_give_slot(struct leg *leg)
{
	leg->flight->host->slots--;
	pace_give(&leg->flight->pass->pace);
}

/* ---- the end of a flow */

static void fold_one(struct flight *flight, struct flow_result *result)
{
	struct leg *leg = &flight->legs[0];

	results_fold(&leg->seen, &leg->identity, 1, result);
}

static void fold_many(struct flight *flight, struct flow_result *result)
{
	struct flow_address *legs = calloc(flight->n_legs + 1U, sizeof *legs);
	char **identities = calloc(flight->n_legs + 1U, sizeof *identities);

	for (uint32_t i = 0; i < flight->n_legs; i++) {
		struct leg *leg = &flight->legs[i];
		if (legs && identities) {
			legs[i] = leg->seen;
			identities[i] = leg->identity;
		} else {
			free(leg->seen.evidence);
			free(leg->identity);
		}
	}
	if (legs && identities) {
		results_fold(legs, identities, flight->n_legs, result);
	} else {
		free(legs);
		*result = (struct flow_result){
			.state = STATE_ERROR, .reason = REASON_NO_MEMORY};
	}
	free(identities);
}

static void flight_land(struct flight *flight)
{
	struct pass *pass = flight->pass;
	struct flow_result *result = &pass->results->flows[flight->flow];

	if (flight->n_legs == 1)
		fold_one(flight, result);
	else
		fold_many(flight, result);
	result->at_ms = now_ms(pass);
	pass->settled++;
	if (flight->paced) {
		pass->paced -= flight->n_legs;
		for (uint32_t i = 0; i < flight->n_legs; i++)
			dispatch_unpark(pass);
	}
	list_remove(&flight->node);
	free(flight);
}

static void flight_put(struct flight *flight)
{
	if (--flight->open == 0)
		flight_land(flight);
}

/* The flight may be gone afterwards. */
static void leg_settle(struct leg *leg, struct probe_result *result)
{
	bool counts_itself = check_of(leg)->ops->flags & (PROBE_PACED | PROBE_PER_HOST);
	uint32_t attempts = counts_itself ? result->attempts : leg->attempts;

	leg->seen.state = (uint8_t)result->state;
	leg->seen.reason = (uint8_t)result->reason;
	leg->seen.phase = (uint8_t)result->phase;
	leg->seen.attempts = attempts > UINT8_MAX ? UINT8_MAX : (uint8_t)attempts;
	leg->seen.rtt_us = result->rtt_us;
	leg->seen.evidence = result->evidence;
	leg->identity = result->identity;
	result->evidence = NULL;
	result->identity = NULL;
	leg->settled = true;
	flight_put(leg->flight);
}

static void leg_settle_error(
	struct leg *leg, enum probe_reason reason, enum probe_phase phase)
{
	struct probe_result result = {
		.state = STATE_ERROR, .reason = reason, .phase = phase};

	leg_settle(leg, &result);
}

/* ---- what comes after an attempt */

static void on_backoff(struct deadline *deadline)
{
	struct leg *leg = CONTAINER_OF(deadline, struct leg, backoff);
	struct pass_host *host = leg->flight->host;

	list_append(&host->ready, &leg->node);
	dispatch_host(leg->flight->pass, host);
}

/* Ready again after about `ms`: a quarter more or less, so that those who failed
 * together do not come back together; in few steps, since each length has a timer. */
static void leg_wait(struct leg *leg, uint32_t ms)
{
	struct pass *pass = leg->flight->pass;
	uint32_t wait = ms - ms / 4 + random_below(&pass->random, 9) * ms / 16;

	/* Without memory for a timer the throttle's pause has to do. */
	if (deadline_arm(&pass->deadlines, &leg->backoff, wait, on_backoff) < 0)
		on_backoff(&leg->backoff);
}

static uint32_t doubled(uint32_t ms, uint32_t first, uint32_t last)
{
	if (ms == 0)
		return first;
	return ms > last / 2 ? last : ms * 2;
}

static uint32_t backoff_ms(const struct leg *leg)
{
	uint32_t ms = 0;

	for (uint32_t i = 0; i < leg->attempts && ms < LAST_BACKOFF_MS; i++)
		ms = doubled(ms, FIRST_BACKOFF_MS, LAST_BACKOFF_MS);
	return ms;
}

/* True when the leg waits; false when its patience is used up. */
static bool wait_for_shortage(struct leg *leg, uint64_t started_us)
{
	struct pass *pass = leg->flight->pass;
	uint64_t now_us = clock_monotonic_us();

	throttle_shortage(&pass->throttle, started_us, now_us, pass->pace.in_flight);
	if (leg->short_us == 0)
		leg->short_us = now_us;
	if (now_us - leg->short_us > pass->throttle.patience_us ||
		throttle_is_stuck(&pass->throttle, now_us))
		return false;
	leg->pause_ms = doubled(leg->pause_ms, FIRST_PAUSE_MS, LAST_PAUSE_MS);
	leg_wait(leg, leg->pause_ms);
	return true;
}

static bool is_worth_a_retry(enum probe_reason reason)
{
	switch (reason) {
	case REASON_NO_ROUTE:
	case REASON_NO_GATEWAY:
	case REASON_LOCAL_FIREWALL:
	case REASON_LOCAL_ERROR:
		return true;
	default:
		return false;
	}
}

static bool retry_local(struct leg *leg, const struct probe_result *result)
{
	if (leg->retried_local || !is_worth_a_retry(result->reason))
		return false;
	leg->retried_local = true;
	leg_wait(leg, FIRST_BACKOFF_MS);
	return true;
}

/* Of what is partial something may have been silent: a packet that was lost. */
static bool may_be_silence(const struct probe_result *result)
{
	return result->state == STATE_FILTERED || result->state == STATE_PARTIAL ||
	       probe_reason_is_silence(result->reason);
}

static bool retry_silence(struct leg *leg, const struct probe_result *result)
{
	const struct plan_check *check = check_of(leg);

	if (check->ops->flags & (PROBE_PACED | PROBE_PER_HOST))
		return false;
	if (!may_be_silence(result))
		return false;
	if (leg->attempts >= check->attempts)
		return false;
	leg_wait(leg, backoff_ms(leg));
	return true;
}

/* True when the leg will run again. */
static bool run_again(
	struct leg *leg, const struct probe_result *result, uint64_t started_us)
{
	if (leg->flight->pass->cancelled)
		return false;
	if (result->state == STATE_ERROR && probe_reason_is_shortage(result->reason))
		return wait_for_shortage(leg, started_us);
	if (result->state == STATE_ERROR)
		return retry_local(leg, result);
	leg->attempts++;
	leg->short_us = 0;
	throttle_success(&leg->flight->pass->throttle);
	return retry_silence(leg, result);
}

static void on_done(struct probe_run *run, void *data)
{
	struct leg *leg = data;
	struct pass *pass = leg->flight->pass;
	struct pass_host *host = leg->flight->host;

	list_remove(&leg->node);
	leg->run = NULL;
	tell_attempt(leg, run);
	if (!run_again(leg, &run->result, run->started_us))
		leg_settle(leg, &run->result);
	dispatch_host(pass, host);
}

/* ---- starting */

static void fill_target(const struct leg *leg, struct probe_target *target)
{
	const struct pass *pass = leg->flight->pass;
	const struct plan_host *host = &pass->plan->hosts[leg->flight->host->host];

	*target = (struct probe_target){
		.host = host->name,
		.address = leg->seen.address.family ? &leg->seen.address : NULL,
		.declared = host->addresses,
		.n_declared = host->n_addresses,
	};
}

void leg_start(struct leg *leg)
{
	struct pass *pass = leg->flight->pass;
	const struct plan_check *check = check_of(leg);
	struct probe_spec spec = {
		.ops = check->ops,
		.conf = check->conf,
		.timeout_ms = check->timeout_ms,
		.attempts = check->attempts,
		.window = pass->per_host,
	};

	fill_target(leg, &spec.target);
	leg_take_slot(leg);
	if (probe_run_start(&pass->env, &spec, on_done, leg, &leg->run) == 0)
		return;
	leg_give_slot(leg);
	leg->run = NULL;
	if (!wait_for_shortage(leg, clock_monotonic_us()))
		leg_settle_error(leg, REASON_NO_MEMORY, PHASE_NONE);
}

static struct flight *flight_new(
	struct pass *pass, struct pass_host *host, uint32_t flow, uint32_t n_legs)
{
	struct flight *flight =
		calloc(1, sizeof *flight + n_legs * sizeof flight->legs[0]);

	if (!flight)
		return NULL;
	flight->pass = pass;
	flight->host = host;
	flight->flow = flow;
	flight->open = flight->n_legs = n_legs;
	list_append(&pass->flights, &flight->node);
	for (uint32_t i = 0; i < n_legs; i++) {
		flight->legs[i].flight = flight;
		list_init(&flight->legs[i].node);
		deadline_init(&flight->legs[i].backoff);
	}
	return flight;
}

void flight_begin(struct pass *pass, struct pass_host *host, uint32_t flow)
{
	const struct host_addresses *addresses = &pass->results->hosts[host->host];
	unsigned flags = pass_check(pass, flow)->ops->flags;
	bool per_host = flags & PROBE_PER_HOST;
	uint32_t n_legs = per_host ? 1 : addresses->count;
	struct flight *flight = flight_new(pass, host, flow, n_legs);

	assert(n_legs > 0); /* a host has addresses or was looked up */
	if (!flight) {
		pass_settle(pass, flow, STATE_ERROR, REASON_NO_MEMORY, PHASE_NONE);
		dispatch_unpark(pass); /* no flight lands for whoever waits for it */
		return;
	}
	flight->paced = flags & PROBE_PACED;
	pass->paced += flight->paced ? n_legs : 0;
	for (uint32_t i = 0; i < n_legs && !per_host; i++)
		flight->legs[i].seen.address = addresses->items[i];
	for (uint32_t i = 1; i < n_legs; i++)
		list_append(&host->ready, &flight->legs[i].node);
	leg_start(&flight->legs[0]);
}

void flight_cancel(struct flight *flight)
{
	flight->open++; /* it must not land while it is walked over */
	for (uint32_t i = 0; i < flight->n_legs; i++) {
		struct leg *leg = &flight->legs[i];
		if (leg->run) {
			probe_run_cancel(leg->run);
		} else if (!leg->settled) {
			deadline_disarm(&leg->backoff);
			list_remove(&leg->node);
			leg_settle_error(leg, REASON_CANCELLED, PHASE_NONE);
		}
	}
	flight_put(flight);
}
