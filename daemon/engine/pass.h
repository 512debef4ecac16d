/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine_run(), done by a team of passes: each has a loop, a thread and hosts of
 * its own. Shared by the files of the engine, no one else's.
 *
 *   engine.c    the public side
 *   team.c      what to probe, how many passes, their threads, what is for all
 *   deal.c      which pass has which hosts
 *   pass.c      a loop from set-up to tear-down; cancelling
 *   dispatch.c  the ring of hosts: who starts the next connection, and when
 *   leg.c       a flow's attempts on its addresses, back-off, the folded result
 *   lookup.c    names to addresses, ahead of the probes
 *   tell.c      what happens, in lines for people
 *
 * The plan is not written to, and of the results each pass writes those of its hosts
 * and their flows: no one else looks at these until the passes have ended. What passes
 * share besides has a lock or is atomic: see struct team and struct pass_news.
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

enum {
	/* Kept for what is no connection: the loop's own, the resolver's sockets, a
	 * file that is read meanwhile. */
	PASS_RESERVED_DESCRIPTORS = 32
};

struct engine {
	struct engine_options options;
	unsigned descriptors;      /* that this process may open */
	unsigned cpus;             /* that it may run on */
	struct pace_bucket bucket; /* of all its runs: the next one pays what the last
				      one spent */
	atomic_bool cancelled;
};

struct pass;

/* What the passes of one engine_run() have in common. */
struct team {
	struct engine *engine;
	const struct plan *plan;
	struct results *results;
	uint32_t *selection; /* flows, rising; NULL: all */
	uint32_t n_flows;
	uint64_t started_us;
	struct random_state random;

	uint32_t descriptors; /* that are free; once the hosts are dealt out, those
				 for connections and runs of paced kinds of all */
	struct pass *passes;
	uint32_t n_passes;
	atomic_uint at_work; /* passes that have not ended: concurrency and descriptors
				are divided by it */

	uv_mutex_t lock; /* over the next one */
	uv_cond_t ended; /* a thread has */
	uint32_t threads;
};

/* What a pass tells of itself, every now and then. */
struct pass_news {
	atomic_uint settled, in_flight;
	atomic_ullong connections, shortages;
	atomic_ullong seen_us; /* monotonic: when its loop last turned; 0: it is not
				  at work */
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
	struct flow_address seen;
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
	struct team *team;
	struct engine *engine; /* the team's, and so are the next two */
	const struct plan *plan;
	struct results *results;
	uint32_t n_flows; /* its own */
	uint32_t settled;
	uint64_t connections;
	struct pass_news news;
	bool leads; /* is on the calling thread, and tells how far all have got */
	uv_thread_t thread; /* otherwise */

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

	bool has_paced;                     /* it has flows of paced kinds */
	uint32_t paced, most_paced;         /* legs of those: open, allowed */
	uint32_t parked_first, parked_last; /* 1 + host; 0: none */

	struct list flights;
	struct pace pace;
	struct throttle throttle;
	struct random_state random;
	uint32_t per_host;
	uint32_t sharers; /* passes at work when its share was reckoned last */
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

/* ---- team.c */

/* The flow at a place of the selection. */
static inline uint32_t team_flow(const struct team *team, uint32_t place)
{
	return team->selection ? team->selection[place] : place;
}

/* Selects flows (all when NULL) and makes the passes, each with its hosts; engine,
 * plan, results and descriptors are set. 0 or -ENOMEM; team_fini() it in any case. */
int team_init(struct team *team, const uint32_t *flows, size_t n_flows);

/* Probes. Returns as engine_run(). There must be a flow. */
int team_run(struct team *team);

void team_fini(struct team *team);

/* Tells how far all have got, if anybody wants to know. From the calling thread of
 * engine_run() alone. */
void team_report(struct team *team);

/* ---- deal.c */

/* Deals the hosts of the team's selection out to a number of passes that suits them, so
 * that each has about as many connections to make. 0 or -ENOMEM. */
int team_deal(struct team *team);

/* ---- pass.c */

/* Sets its loop up; team, engine, plan, results and hosts are set. 0 or a negative
 * libuv code: then nothing is left. */
int pass_open(struct pass *pass);

/* Probes on the calling thread and takes the loop down; `cancelled` is then whether it
 * was. */
void pass_work(struct pass *pass);

/* In place of pass_work(). */
void pass_close(struct pass *pass);

/* ---- dispatch.c */

/* The flow at a place of the selection. */
static inline uint32_t pass_flow(const struct pass *pass, uint32_t place)
{
	return team_flow(pass->team, place);
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

/* ---- tell.c: lines for options.observer; cheap when there is none */

void tell_lookup(struct pass *pass, const struct pass_host *host,
	const struct resolver_addresses *answer);
void tell_attempt(const struct leg *leg, const struct probe_run *run);

/* The member of probe_env; only while somebody watches. */
void tell_line(struct probe_env *env, struct probe_run *run, enum probe_phase phase,
	const char *line);

#endif
