/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine_run(): its loop, its hosts and what is in flight. Shared by the files of
 * the engine, no one else's.
 *
 *   engine.c    the public side
 *   pass.c      what to probe; the loop from set-up to tear-down; cancelling
 *   dispatch.c  the ring of hosts: who starts the next connection, and when
 *   leg.c       a flow's attempts on its addresses, back-off, the folded result
 *   lookup.c    names to addresses, ahead of the probes
 *   trace.c     what happens, in lines for people
 */
#ifndef DAEMON_ENGINE_PASS_H
#define DAEMON_ENGINE_PASS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "base/random.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/pace.h"
#include "daemon/engine/throttle.h"
#include "probes/resolve.h"
#include "probes/run.h"

struct engine {
	struct engine_options options;
	unsigned descriptors; /* that this process may open */
	atomic_bool cancelled;
};

/* A host that has flows in this pass. */
struct pass_host {
	struct list ready;  /* legs to start, and legs that want one connection more */
	uint32_t host;      /* index into plan->hosts */
	uint32_t next, end; /* flows not begun: places in the pass's selection */
	uint32_t slots;     /* connections open */
	uint32_t next_parked; /* 1 + the host parked after this one; 0: the last */
	bool parked;          /* its next flow waits until fewer paced runs are open */
	bool queued;          /* in the ring */
	bool fresh;           /* looked up ahead, and had no turn yet */
	bool undialable;      /* no address: its per-address flows are settled */
};

struct flight;

/* One address of a flow in progress. */
struct leg {
	struct list node; /* in pass_host.ready, or nowhere */
	struct flight *flight;
	struct probe_run *run; /* NULL between attempts */
	struct deadline backoff;
	struct flow_leg seen;
	char *identity;
	uint64_t short_us; /* when a shortage stopped it first; 0: none did */
	uint32_t pause_ms; /* the last pause that a shortage cost it */
	uint32_t attempts; /* that reached the network */
	bool retried_local;
	bool settled;
};

/* A flow in progress. */
struct flight {
	struct list node; /* in pass->flights */
	struct pass *pass;
	struct pass_host *host;
	uint32_t flow;
	uint32_t open; /* legs not settled */
	uint32_t n_legs;
	bool paced;
	struct leg legs[];
};

struct pass {
	struct engine *engine;
	const struct plan *plan;
	struct results *results;
	uint32_t *selection; /* flows, rising; NULL: all */
	uint32_t n_flows;
	uint32_t settled;
	uint64_t started_us;
	uint64_t connections;

	struct pass_host *hosts;
	uint32_t n_hosts;
	uint32_t *order;     /* of admission: indexes into hosts, shuffled */
	uint32_t next_given; /* place in `order`: hosts with addresses before it are in
			      */
	uint32_t next_named; /* likewise, of those to be looked up */
	uint32_t lookups;    /* in flight */
	uint32_t fresh;      /* hosts that are */
	uint32_t *ring;      /* a queue of hosts that can start something */
	uint32_t ring_head, ring_count;

	uint32_t paced, most_paced;         /* legs of paced kinds: open, allowed */
	uint32_t parked_first, parked_last; /* 1 + host; 0: none */

	struct list flights;
	struct pace pace;
	struct throttle throttle;
	struct random_state random;
	uint32_t per_host;
	bool cancelled;

	uv_loop_t loop;
	struct deadline_set deadlines;
	struct resolver *resolver;
	struct probe_env env;
	uv_prepare_t prepare; /* before each wait for events: grant, or finish */
	uv_idle_t idle;       /* active while there is more to grant at once */
	uv_timer_t wake;      /* when the next token or the end of a pause is due */
	uv_timer_t tick;      /* progress, recovery, cancelling */
};

/* ---- pass.c */

/* Selects flows (all when NULL) and gathers their hosts; engine, plan and results are
 * set. 0 or -ENOMEM; pass_fini() it in any case. */
int pass_init(struct pass *pass, const uint32_t *flows, size_t n_flows);

/* Probes, with at most so many descriptors at once for connections and for runs of
 * paced kinds. Returns as engine_run(). There must be a flow. */
int pass_run(struct pass *pass, uint32_t descriptors);

void pass_fini(struct pass *pass);

/* ---- dispatch.c */

/* The flow at a place of the selection. */
static inline uint32_t pass_flow(const struct pass *pass, uint32_t place)
{
	return pass->selection ? pass->selection[place] : place;
}

static inline const struct plan_check *pass_check(
	const struct pass *pass, uint32_t flow)
{
	return &pass->plan->checks[pass->plan->flows[flow].check];
}

/* Puts the host into the ring if it can start something and is not in it. */
void dispatch_host(struct pass *pass, struct pass_host *host);

/* A flow of a paced kind has ended: a host that waits to begin one may. */
void dispatch_unpark(struct pass *pass);

/* Admits hosts, grants what may start now, and arms what wakes the loop for the rest.
 */
void dispatch(struct pass *pass);

/* The members of probe_env. */
void dispatch_want(struct probe_env *env, struct probe_run *run);
void dispatch_release(struct probe_env *env, struct probe_run *run);
bool dispatch_again(struct probe_env *env, struct probe_run *run);

/* ---- leg.c */

/* Begins a flow: its first leg starts a connection now, the others are ready. */
void flight_begin(struct pass *pass, struct pass_host *host, uint32_t flow);

/* Starts a leg's next attempt; a token and a slot must be free. */
void leg_start(struct leg *leg);

/* Settles what is not running as error/cancelled and cancels what is. */
void flight_cancel(struct flight *flight);

/* Settles a flow that never began. */
void pass_settle(struct pass *pass, uint32_t flow, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase);

/* One slot more or less. */
void leg_take_slot(struct leg *leg);
void leg_give_slot(struct leg *leg);

/* ---- lookup.c */

/* The host's name must be resolved before its next flows can run. */
bool lookup_is_needed(const struct pass *pass, const struct pass_host *host);

/* The host needs no lookup: to the ring with it. Where none of its addresses is of the
 * family that is probed, its per-address flows are settled. */
void lookup_spare(struct pass *pass, struct pass_host *host);

/* Starts it; the host goes to the ring when it ends. */
void lookup_start(struct pass *pass, struct pass_host *host);

/* ---- trace.c: lines for options.trace; cheap when there is none */

void trace_lookup(struct pass *pass, const struct pass_host *host,
	const struct resolver_addresses *answer);
void trace_attempt(const struct leg *leg, const struct probe_run *run);

#endif
