/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one loop, on one thread, with hosts of its own. It decides which host
 * starts the next connection, and when; looks names up ahead of the probes; and is
 * cancelled. Internal to the engine, see task.h.
 *
 * Nobody writes to the plan. A worker alone writes the results of its hosts and their
 * flows, and nobody else reads them until all workers have ended. Whatever else workers
 * share has a lock or is atomic.
 */
#ifndef DAEMON_ENGINE_WORKER_H
#define DAEMON_ENGINE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/engine/task.h"

/* One engine_run(), as its workers see it. Once they run, nothing but `at_work`
 * changes. */
struct job {
	const struct engine_options *options;
	const atomic_bool *cancelled;
	struct pace_bucket *bucket;
	const struct plan *plan;
	struct results *results;
	uint32_t *selection; /* flows, rising; NULL: all */
	uint32_t n_flows;
	uint64_t started_us;
	uint32_t descriptors; /* for the connections and the runs of paced kinds of all
				 workers */
	uint32_t n_workers;
	atomic_uint at_work; /* workers that have not ended: concurrency and descriptors
				are divided by it */
};

/* The flow at a place of the selection. */
static inline uint32_t job_flow(const struct job *job, uint32_t place)
{
	return job->selection ? job->selection[place] : place;
}

/* What a worker publishes of itself every 100 ms. */
struct worker_stats {
	atomic_uint settled, in_flight;
	atomic_ullong connections, shortages;
	atomic_ullong seen_us; /* monotonic: when its loop last turned; 0: it is not
				  at work */
};

struct worker_host {
	struct task_host task;
	struct list deferred; /* in worker.deferred: its next flow waits until fewer
				 paced runs are open; or nowhere */
	uint32_t next, end;   /* flows not begun: places in the selection */
	bool queued;          /* in the ring */
	bool fresh;           /* looked up ahead, and had no turn yet */
	bool invited;         /* no longer deferred, and had no turn yet */
	bool undialable;      /* no address: its per-address flows are settled */
};

struct worker {
	/* Set by partition(). */
	struct job *job;
	uint32_t n_flows;
	struct worker_host *hosts;
	uint32_t n_hosts;
	uint32_t *order; /* of admission: indexes into hosts, shuffled */
	uint32_t *ring;  /* a queue of hosts that can start something; n_hosts places */
	uint64_t weight; /* connections to make, as far as can be known before */

	/* Set by the pool: called every 100 ms; NULL: not. */
	void (*tick_fn)(void *data);
	void *tick_data;
	uv_thread_t thread;
	struct worker_stats stats; /* to be read by any thread */
	bool cancelled;            /* to be read once it has ended */

	/* Its own. */
	uint32_t ring_head, ring_count;
	uint32_t next_given; /* place in `order`: hosts with addresses before it are in
			      */
	uint32_t next_named; /* likewise, of those to be looked up */
	uint32_t lookups;    /* in flight */
	uint32_t fresh;      /* hosts that are */
	bool has_paced;      /* it has flows of paced kinds */
	uint32_t most_paced; /* targets of those open at once */
	struct list deferred;
	uint32_t invited; /* hosts that are */
	uint32_t sharers; /* workers at work when its share was last computed */
	struct task_set tasks;
	uv_loop_t loop;
	struct resolver *resolver;
	uv_prepare_t prepare; /* before each wait for events: grant, or finish */
	uv_idle_t idle;       /* active while there is more to grant at once */
	uv_timer_t wake;      /* when the next token or the end of a pause is due */
	uv_timer_t tick;      /* stats, recovery, cancelling */
};

/* Sets its loop up. 0 or a negative libuv code: then nothing is left. Afterwards either
 * worker_run() or worker_close() it. */
int worker_open(struct worker *worker);

/* Probes on the calling thread and takes the loop down. Blocks until all its flows have
 * settled. */
void worker_run(struct worker *worker);

void worker_close(struct worker *worker);

#endif
