/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who starts the next connection, and when. Hosts stand in a ring, in an order that was
 * shuffled so that neighbours in a subnet are not neighbours here; a host has one start
 * a turn and leaves the ring while it has nothing to start or has its limit open.
 */
#include <assert.h>

#include "base/clock.h"
#include "daemon/engine/pass.h"

enum {
	/* Starts between two looks at the sockets: an answer waits behind them, and its
	 * round-trip time with it. */
	STARTS_A_ROUND = 8,
	LOOKUPS_AT_ONCE = 256, /* of all passes */
	/* Hosts admitted before those in the ring have had their turn. It bounds how
	 * old a lookup is when it is used and how fast the DNS servers are asked. */
	HOSTS_AHEAD = 4096
};

static bool has_work(const struct pass *pass, const struct pass_host *host)
{
	return host->slots < pass->per_host &&
	       (!list_empty(&host->ready) || (host->next < host->end && !host->parked));
}

void dispatch_host(struct pass *pass, struct pass_host *host)
{
	uint32_t tail = pass->ring_head + pass->ring_count;

	if (host->queued || !has_work(pass, host))
		return;
	if (tail >= pass->n_hosts)
		tail -= pass->n_hosts;
	assert(pass->ring_count < pass->n_hosts);
	pass->ring[tail] = (uint32_t)(host - pass->hosts);
	pass->ring_count++;
	host->queued = true;
}

static struct pass_host *pop(struct pass *pass)
{
	struct pass_host *host = &pass->hosts[pass->ring[pass->ring_head]];

	if (++pass->ring_head == pass->n_hosts)
		pass->ring_head = 0;
	pass->ring_count--;
	host->queued = false;
	if (host->fresh)
		pass->fresh--;
	host->fresh = false;
	return host;
}

/* Moves on to the next flow to begin; false when those left were settled by the lookup.
 */
static bool seek_flow(const struct pass *pass, struct pass_host *host)
{
	while (host->undialable && host->next < host->end &&
		!(pass_check(pass, pass_flow(pass, host->next))->ops->flags &
			PROBE_PER_HOST))
		host->next++;
	return host->next < host->end;
}

static void park(struct pass *pass, struct pass_host *host)
{
	uint32_t number = (uint32_t)(host - pass->hosts) + 1;

	host->parked = true;
	host->next_parked = 0;
	if (pass->parked_last)
		pass->hosts[pass->parked_last - 1].next_parked = number;
	else
		pass->parked_first = number;
	pass->parked_last = number;
}

void dispatch_unpark(struct pass *pass)
{
	if (!pass->parked_first)
		return;
	struct pass_host *host = &pass->hosts[pass->parked_first - 1];
	pass->parked_first = host->next_parked;
	if (!pass->parked_first)
		pass->parked_last = 0;
	host->parked = false;
	dispatch_host(pass, host);
}

/* Begins the host's next flow. A sweep has state for every port: as many are open at
 * once as keep the connections busy, and not one a host. */
static void begin_flow(struct pass *pass, struct pass_host *host)
{
	if (host->parked || !seek_flow(pass, host))
		return;
	uint32_t flow = pass_flow(pass, host->next);
	bool paced = pass_check(pass, flow)->ops->flags & PROBE_PACED;
	if (paced && pass->paced >= pass->most_paced) {
		park(pass, host);
		return;
	}
	host->next++;
	flight_begin(pass, host, flow);
}

/* A leg that stands first in the list wants a connection for its run, or has none. */
static void serve(struct leg *leg)
{
	struct probe_run *run = leg->run;

	if (!run || run->settled || run->wants == 1)
		list_remove(&leg->node);
	if (!run) {
		leg_start(leg);
	} else if (!run->settled) {
		leg_take_slot(leg);
		probe_run_grant(run);
	}
}

/* One start at most. */
static void take_turn(struct pass *pass)
{
	struct pass_host *host = pop(pass);

	if (!list_empty(&host->ready))
		serve(LIST_FIRST(&host->ready, struct leg, node));
	else
		begin_flow(pass, host);
	dispatch_host(pass, host);
}

static void admit_given(struct pass *pass)
{
	while (pass->next_given < pass->n_hosts && pass->ring_count < HOSTS_AHEAD) {
		struct pass_host *host = &pass->hosts[pass->order[pass->next_given++]];
		if (!lookup_is_needed(pass, host))
			lookup_spare(pass, host);
	}
}

static void admit_named(struct pass *pass)
{
	uint32_t most = LOOKUPS_AT_ONCE / pass->team->n_passes;

	while (pass->next_named < pass->n_hosts && pass->lookups < most &&
		pass->lookups + pass->fresh < HOSTS_AHEAD) {
		struct pass_host *host = &pass->hosts[pass->order[pass->next_named++]];
		if (lookup_is_needed(pass, host))
			lookup_start(pass, host);
	}
}

/* dispatch() runs before the loop waits again: to be woken is all that is needed. */
static void on_wake(uv_timer_t *timer)
{
	(void)timer;
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

/* What is left in the ring waits for a slot (an event will come), a token or the end of
 * a pause (a timer), or only for the sockets to be looked at (no waiting at all). */
static void arm(struct pass *pass, uint64_t now_us)
{
	uint64_t hold_us = throttle_wait_us(&pass->throttle, now_us);
	uint64_t token_us = pace_wait_us(&pass->pace, now_us);
	bool full = pass->pace.in_flight >= pass->pace.concurrency;

	uv_timer_stop(&pass->wake);
	uv_idle_stop(&pass->idle);
	if (pass->ring_count == 0 || (full && hold_us == 0))
		return;
	if (hold_us > 0 || token_us > 0)
		uv_timer_start(&pass->wake, on_wake,
			((hold_us > 0 ? hold_us : token_us) + 999) / 1000, 0);
	else
		uv_idle_start(&pass->idle, on_idle);
}

void dispatch(struct pass *pass)
{
	uint64_t now_us = clock_monotonic_us();
	uint32_t room = 0;

	pass->pace.concurrency = pass->throttle.limit;
	if (throttle_wait_us(&pass->throttle, now_us) == 0)
		room = pace_available(&pass->pace, now_us);
	if (room > STARTS_A_ROUND)
		room = STARTS_A_ROUND;
	admit_given(pass);
	admit_named(pass);
	/* A turn may spend further tokens: see dispatch_again(). */
	for (; room > 0 && pass->ring_count > 0 && pace_available(&pass->pace, now_us);
		room--)
		take_turn(pass);
	arm(pass, now_us);
}

void dispatch_want(struct probe_env *env, struct probe_run *run)
{
	struct pass *pass = CONTAINER_OF(env, struct pass, env);
	struct leg *leg = run->data;
	struct pass_host *host = leg->flight->host;

	/* In front of what has not begun: the sooner a sweep ends the better. */
	if (list_empty(&leg->node))
		list_append(host->ready.next, &leg->node);
	dispatch_host(pass, host);
}

void dispatch_release(struct probe_env *env, struct probe_run *run)
{
	struct pass *pass = CONTAINER_OF(env, struct pass, env);
	struct leg *leg = run->data;

	leg_give_slot(leg);
	dispatch_host(pass, leg->flight->host);
}

bool dispatch_again(struct probe_env *env, struct probe_run *run)
{
	struct pass *pass = CONTAINER_OF(env, struct pass, env);
	uint64_t now_us = clock_monotonic_us();

	(void)run;
	/* Where tokens or slots are short, those who wait in the ring come first. */
	if (pass->ring_count > 0 &&
		pace_available(&pass->pace, now_us) <= STARTS_A_ROUND)
		return false;
	if (throttle_wait_us(&pass->throttle, now_us) > 0 ||
		!pace_swap(&pass->pace, now_us))
		return false;
	pass->connections++;
	return true;
}
