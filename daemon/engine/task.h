/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: the flows in progress of one worker. A task has a target for each address to
 * probe, each with attempts of its own, and ends with one folded result. What ends an
 * attempt decides what follows:
 *
 *   silence, or some of it  another attempt after a back-off, while any are left
 *   a local shortage        the same attempt again after a pause, while patience lasts
 *   other local trouble     once more after a while: a route may flap
 *   anything else           settles the target
 *
 * Internal to the engine. Includes run one way: engine.c (the pool), partition, worker,
 * task, then pace and throttle.
 */
#ifndef DAEMON_ENGINE_TASK_H
#define DAEMON_ENGINE_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/random.h"
#include "base/strbuf.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/pace.h"
#include "daemon/engine/throttle.h"
#include "probes/run.h"

/* A host, as its tasks see it. */
struct task_host {
	struct list ready; /* targets to start, and targets that want one more
			      connection */
	uint32_t host;     /* index into plan->hosts */
	uint32_t slots;    /* connections open */
};

/* The tasks of one worker and what they share. */
struct task_set {
	/* Set by the worker. */
	const struct plan *plan;
	struct results *results; /* only those of the worker's flows are written */
	const struct engine_options *options;
	uint64_t started_us; /* of this engine_run(), for the observer */
	struct deadline_set deadlines;
	struct pace pace;
	struct throttle throttle;
	struct random_state random;
	struct probe_env env; /* `want`, `release` and `tell` are set by
				 task_set_init() */
	/* The host may have something to start now. */
	void (*ready)(struct task_set *set, struct task_host *host);

	/* Kept by the tasks. */
	struct list running;
	uint32_t settled;     /* flows */
	uint64_t connections; /* started */
	uint32_t paced;       /* open targets of paced kinds */
	bool cancelled;
};

void task_set_init(struct task_set *set);

static inline const struct plan_check *task_check(
	const struct task_set *set, uint32_t flow)
{
	return &set->plan->checks[set->plan->flows[flow].check];
}

/* Begins a flow of a host with at least one address, or of a kind that needs none: its
 * first target starts a connection now, the others are ready. A token and a slot must
 * be free. */
void task_begin(struct task_set *set, struct task_host *host, uint32_t flow);

/* Serves the first target of host->ready, which must not be empty: it starts one
 * connection at most. A token and a slot must be free. */
void task_serve(struct task_host *host);

/* Settles a flow that never began. */
void task_settle(struct task_set *set, uint32_t flow, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase);

/* No task starts anything from now on: settles targets that wait as error/cancelled and
 * cancels those that run, which settle from the loop. */
void task_cancel_all(struct task_set *set);

/* One line for options->observer, which must be there; `text` is freed. */
void task_log(const struct task_set *set, uint32_t flow, enum probe_phase phase,
	struct strbuf *text);

/* "850 us", "12.3 ms", "2.00 s". Returns `out`. */
#define TASK_ELAPSED_TEXT 24
const char *task_elapsed(uint64_t us, char out[TASK_ELAPSED_TEXT]);

#endif
