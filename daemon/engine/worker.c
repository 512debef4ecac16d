/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts stand in a ring, in an order that was shuffled so that neighbours in a subnet
 * are not neighbours here. A host has one start a turn, and leaves the ring while it
 * has nothing to start or has its limit open.
 */
#include "daemon/engine/worker.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "probes/net/resolve.h"

enum {
	TICK_MS = 100,
	FEWEST_PACED = 64,
	/* Starts between two looks at the sockets: an answer waits behind them, and its
	 * round-trip time with it. */
	STARTS_A_ROUND = 8,
	LOOKUPS_AT_ONCE = 256, /* of all workers */
	/* Hosts admitted before those in the ring have had their turn. It bounds how
	 * old a lookup is when it is used and how fast the DNS servers are asked. */
	HOSTS_AHEAD = 4096
};

static unsigned flags_at(const struct worker *worker, uint32_t place)
{
	return task_check(&worker->tasks, job_flow(worker->job, place))->ops->flags;
}

/* ---- the ring ------------------------------------------------------------------ */

/* Puts the host into the ring if it can start something and is not in it. */
static void enqueue(struct worker *worker, struct worker_host *host)
{
	uint32_t tail = worker->ring_head + worker->ring_count;
	bool has_work = !list_empty(&host->task.ready) ||
			(host->next < host->end && list_empty(&host->deferred));

	if (host->queued || !has_work ||
		host->task.slots >= worker->job->options->per_host)
		return;
	if (tail >= worker->n_hosts)
		tail -= worker->n_hosts;
	assert(worker->ring_count < worker->n_hosts);
	worker->ring[tail] = (uint32_t)(host - worker->hosts);
	worker->ring_count++;
	host->queued = true;
}

static void on_ready(struct task_set *set, struct task_host *host)
{
	enqueue(CONTAINER_OF(set, struct worker, tasks),
		CONTAINER_OF(host, struct worker_host, task));
}

static struct worker_host *dequeue(struct worker *worker)
{
	struct worker_host *host = &worker->hosts[worker->ring[worker->ring_head]];

	if (++worker->ring_head == worker->n_hosts)
		worker->ring_head = 0;
	worker->ring_count--;
	worker->fresh -= host->fresh;
	worker->invited -= host->invited;
	host->queued = host->fresh = host->invited = false;
	return host;
}

/* Deferred hosts come back while fewer runs of paced kinds are open than may be. */
static void invite_deferred(struct worker *worker)
{
	while (!list_empty(&worker->deferred) &&
		worker->tasks.paced + worker->invited < worker->most_paced) {
		struct worker_host *host = CONTAINER_OF(
			list_pop(&worker->deferred), struct worker_host, deferred);
		bool queued = host->queued;
		enqueue(worker, host);
		host->invited = host->queued && !queued;
		worker->invited += host->invited;
	}
}

/* Begins the host's next flow that the lookup has not settled. A sweep has state for
 * every port: as many are open at once as keep the connections busy, and not one a
 * host.
 */
static void begin_next(struct worker *worker, struct worker_host *host)
{
	if (!list_empty(&host->deferred))
		return;
	while (host->undialable && host->next < host->end &&
		!(flags_at(worker, host->next) & PROBE_PER_HOST))
		host->next++;
	if (host->next == host->end)
		return;
	if (flags_at(worker, host->next) & PROBE_PACED &&
		worker->tasks.paced >= worker->most_paced)
		list_append(&worker->deferred, &host->deferred);
	else
		task_begin(&worker->tasks, &host->task,
			job_flow(worker->job, host->next++));
}

/* ---- names to addresses, ahead of the probes that need them --------------------- */

struct lookup {
	struct worker *worker;
	struct worker_host *host;
};

/* The host's name must be resolved before its next flows can run. */
static bool needs_lookup(const struct worker *worker, const struct worker_host *host)
{
	if (!worker->job->plan->hosts[host->task.host].dial_name)
		return false;
	for (uint32_t i = host->next; i < host->end; i++)
		if (!(flags_at(worker, i) & PROBE_PER_HOST))
			return true;
	return false;
}

/* The host has no address: settles the flows that need one; the others are probed. */
static void give_up(struct worker *worker, struct worker_host *host,
	enum probe_state state, enum probe_reason reason)
{
	host->undialable = true;
	for (uint32_t i = host->next; i < host->end; i++)
		if (!(flags_at(worker, i) & PROBE_PER_HOST))
			task_settle(&worker->tasks, job_flow(worker->job, i), state,
				reason, PHASE_RESOLVE);
}

static void log_lookup(struct worker *worker, const struct worker_host *host,
	const struct resolver_addresses *answer)
{
	char address[NET_ADDRESS_TEXT], elapsed[TASK_ELAPSED_TEXT];
	struct strbuf text;

	strbuf_init(&text);
	strbuf_addf(
		&text, "%s -> ", worker->job->plan->hosts[host->task.host].dial_name);
	for (size_t i = 0; answer->state == STATE_OPEN && i < answer->count; i++)
		strbuf_addf(&text, "%s%s", i ? ", " : "",
			net_address_format(&answer->items[i], address, sizeof address));
	if (answer->state != STATE_OPEN)
		strbuf_adds(&text, probe_reason_word(answer->reason));
	strbuf_addf(&text, " in %s", task_elapsed(answer->elapsed_us, elapsed));
	task_log(&worker->tasks, job_flow(worker->job, host->next), PHASE_RESOLVE,
		&text);
}

static void on_answer(void *data, const struct resolver_addresses *answer)
{
	struct lookup lookup = *(struct lookup *)data;
	struct worker *worker = lookup.worker;
	struct worker_host *host = lookup.host;
	struct results *results = worker->job->results;
	bool open = answer->state == STATE_OPEN;

	free(data);
	worker->lookups--;
	if (worker->cancelled)
		return; /* its flows are settled */
	if (worker->job->options->observer)
		log_lookup(worker, host, answer);
	if (results_set_addresses(results, host->task.host, answer->items,
		    open ? answer->count : 0) < 0)
		give_up(worker, host, STATE_ERROR, REASON_NO_MEMORY);
	else if (!open)
		give_up(worker, host, answer->state, answer->reason);
	else if (answer->count == 0)
		give_up(worker, host, STATE_UNRESOLVED, REASON_NO_DATA);
	results->hosts[host->task.host].by_server = answer->by_server;
	enqueue(worker, host);
	host->fresh = host->queued;
	worker->fresh += host->fresh;
}

static void start_lookup(struct worker *worker, struct worker_host *host)
{
	const char *name = worker->job->plan->hosts[host->task.host].dial_name;
	struct lookup *lookup = malloc(sizeof *lookup);

	if (lookup) {
		*lookup = (struct lookup){worker, host};
		worker->lookups++;
		if (resolver_lookup(worker->resolver, name, on_answer, lookup) == 0)
			return;
		worker->lookups--;
		free(lookup);
	}
	give_up(worker, host, STATE_ERROR, REASON_NO_MEMORY);
	enqueue(worker, host);
}

/* Hosts that need no lookup go to the ring, those that need one when it ends. */
static void admit(struct worker *worker)
{
	uint32_t most = LOOKUPS_AT_ONCE / worker->job->n_workers;

	while (worker->next_given < worker->n_hosts &&
		worker->ring_count < HOSTS_AHEAD) {
		struct worker_host *host =
			&worker->hosts[worker->order[worker->next_given++]];
		const struct plan_host *from =
			&worker->job->plan->hosts[host->task.host];
		if (needs_lookup(worker, host))
			continue;
		/* None of its addresses is of the family that is probed. */
		if (!from->dial_name &&
			worker->job->results->hosts[host->task.host].count == 0)
			give_up(worker, host, STATE_UNRESOLVED, REASON_NO_DATA);
		enqueue(worker, host);
	}
	while (worker->next_named < worker->n_hosts && worker->lookups < most &&
		worker->lookups + worker->fresh < HOSTS_AHEAD) {
		struct worker_host *host =
			&worker->hosts[worker->order[worker->next_named++]];
		if (needs_lookup(worker, host))
			start_lookup(worker, host);
	}
}

/* ---- who starts the next connection, and when ----------------------------------- */

/* The loop dispatches before it waits again: to be woken is all that is needed. */
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
static void arm_wake(struct worker *worker, uint64_t now_us)
{
	const struct pace *pace = &worker->tasks.pace;
	uint64_t wait_us = throttle_wait_us(&worker->tasks.throttle, now_us);
	bool full = pace->in_flight >= pace->concurrency;

	uv_timer_stop(&worker->wake);
	uv_idle_stop(&worker->idle);
	if (worker->ring_count == 0 || (full && wait_us == 0))
		return;
	if (wait_us == 0)
		wait_us = pace_wait_us(pace, now_us);
	if (wait_us > 0)
		uv_timer_start(&worker->wake, on_wake, (wait_us + 999) / 1000, 0);
	else
		uv_idle_start(&worker->idle, on_idle);
}

static void dispatch(struct worker *worker)
{
	struct task_set *tasks = &worker->tasks;
	uint64_t now_us = clock_monotonic_us();
	bool held = throttle_wait_us(&tasks->throttle, now_us) > 0;

	tasks->pace.concurrency = tasks->throttle.limit;
	admit(worker);
	invite_deferred(worker);
	/* A turn may spend further tokens: see on_again(). */
	for (int i = 0; i < STARTS_A_ROUND && !held && worker->ring_count > 0 &&
			pace_available(&tasks->pace, now_us);
		i++) {
		struct worker_host *host = dequeue(worker);
		if (!list_empty(&host->task.ready))
			task_serve(&host->task);
		else
			begin_next(worker, host);
		enqueue(worker, host);
		invite_deferred(worker);
	}
	arm_wake(worker, now_us);
}

/* A run wants to replace a connection that has ended: probe_env.again. */
static bool on_again(struct probe_env *env, struct probe_run *run)
{
	struct task_set *tasks = CONTAINER_OF(env, struct task_set, env);
	struct worker *worker = CONTAINER_OF(tasks, struct worker, tasks);
	uint64_t now_us = clock_monotonic_us();

	(void)run;
	/* Where tokens or slots are short, the hosts that wait in the ring go first. */
	if (worker->ring_count > 0 &&
		pace_available(&tasks->pace, now_us) <= STARTS_A_ROUND)
		return false;
	if (throttle_wait_us(&tasks->throttle, now_us) > 0 ||
		!pace_swap(&tasks->pace, now_us))
		return false;
	tasks->connections++;
	return true;
}

/* ---- its share of what all workers use ------------------------------------------ */

static uint32_t part_of(uint32_t whole, uint32_t sharers)
{
	return whole / sharers > 1 ? whole / sharers : 1;
}

/*
 * A connection takes a descriptor, and an open run of a paced kind one more: if those
 * took all there are, none could make progress. Twice as many paced runs may be open as
 * fill the connections with their windows. Returns how many connections that leaves.
 */
static uint32_t compute_share(struct worker *worker)
{
	const struct engine_options *options = worker->job->options;
	uint32_t descriptors = part_of(worker->job->descriptors, worker->sharers);
	uint32_t wanted = part_of(options->concurrency, worker->sharers);
	uint32_t half = part_of(descriptors, 2);
	uint32_t fewest = FEWEST_PACED / worker->sharers;

	if (wanted > descriptors)
		wanted = descriptors;
	uint32_t window = options->per_host < wanted ? options->per_host : wanted;
	assert(window > 0); /* engine_new() saw to it */
	uint64_t paced = 2 * (uint64_t)wanted / window;
	if (paced < fewest)
		paced = fewest;
	worker->most_paced = paced < half ? (uint32_t)paced : half;
	if (!worker->has_paced)
		return wanted;
	descriptors -= worker->most_paced;
	return wanted < descriptors ? wanted : descriptors;
}

static void publish_stats(struct worker *worker)
{
	struct worker_stats *stats = &worker->stats;

	atomic_store(&stats->settled, worker->tasks.settled);
	atomic_store(&stats->in_flight, worker->tasks.pace.in_flight);
	atomic_store(&stats->connections, worker->tasks.connections);
	atomic_store(&stats->shortages, worker->tasks.throttle.shortages);
	atomic_store(&stats->seen_us, clock_monotonic_us());
}

static void on_tick(uv_timer_t *tick)
{
	struct worker *worker = CONTAINER_OF(tick, struct worker, tick);
	struct throttle *throttle = &worker->tasks.throttle;
	uint32_t sharers = atomic_load(&worker->job->at_work);

	throttle_recover(throttle, clock_monotonic_us());
	/* Another worker has ended: this one may have more. */
	if (sharers != worker->sharers) {
		worker->sharers = sharers;
		throttle_set_ceiling(throttle, compute_share(worker));
	}
	publish_stats(worker);
	if (worker->tick_fn)
		worker->tick_fn(worker->tick_data);
}

/* ---- from set-up to tear-down ---------------------------------------------------- */

static void cancel(struct worker *worker)
{
	const struct results *results = worker->job->results;

	worker->cancelled = true;
	uv_idle_stop(&worker->idle);
	uv_timer_stop(&worker->wake);
	for (uint32_t h = 0; h < worker->n_hosts; h++) {
		struct worker_host *host = &worker->hosts[h];
		for (; host->next < host->end; host->next++) {
			uint32_t flow = job_flow(worker->job, host->next);
			/* A lookup may have settled it. */
			if (results->flows[flow].state == STATE_NONE)
				task_settle(&worker->tasks, flow, STATE_ERROR,
					REASON_CANCELLED, PHASE_NONE);
		}
	}
	task_cancel_all(&worker->tasks);
}

static void on_resolver_closed(void *data)
{
	(void)data;
}

/* Nothing is in flight: once all handles are closed the loop ends by itself. */
static void close_handles(struct worker *worker)
{
	uv_close((uv_handle_t *)&worker->prepare, NULL);
	uv_close((uv_handle_t *)&worker->idle, NULL);
	uv_close((uv_handle_t *)&worker->wake, NULL);
	uv_close((uv_handle_t *)&worker->tick, NULL);
	if (worker->resolver)
		resolver_close(worker->resolver, on_resolver_closed, NULL);
	deadline_set_close(&worker->tasks.deadlines);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct worker *worker = CONTAINER_OF(prepare, struct worker, prepare);

	if (!worker->cancelled && atomic_load(worker->job->cancelled))
		cancel(worker);
	if (worker->tasks.settled == worker->n_flows)
		close_handles(worker);
	else if (!worker->cancelled)
		dispatch(worker);
}

static void run_loop(struct worker *worker)
{
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&worker->loop);
	assert(left == 0);
	(void)left;
}

int worker_open(struct worker *worker)
{
	const struct job *job = worker->job;
	const struct engine_options *options = job->options;
	struct task_set *tasks = &worker->tasks;
	const struct resolver_options resolver = {
		.servers = options->dns,
		.n_servers = options->n_dns,
		.timeout_ms = options->dns_timeout_ms,
		.attempts = options->dns_attempts,
		.family = options->family,
	};
	int rc = uv_loop_init(&worker->loop);

	if (rc < 0)
		return rc;
	list_init(&worker->deferred);
	tasks->plan = job->plan;
	tasks->results = job->results;
	tasks->options = options;
	tasks->started_us = job->started_us;
	tasks->ready = on_ready;
	tasks->env.loop = &worker->loop;
	tasks->env.deadlines = &tasks->deadlines;
	tasks->env.again = on_again;
	task_set_init(tasks);
	for (uint32_t h = 0; h < worker->n_hosts; h++)
		for (uint32_t i = worker->hosts[h].next; i < worker->hosts[h].end; i++)
			worker->has_paced |= (flags_at(worker, i) & PROBE_PACED) != 0;
	worker->sharers = job->n_workers;
	uint32_t concurrency = compute_share(worker);
	throttle_init(&tasks->throttle, concurrency, options->patience_ms);
	pace_init(&tasks->pace, job->bucket, concurrency);
	deadline_set_init(&tasks->deadlines, &worker->loop);
	/* These can't fail: they allocate nothing. */
	uv_prepare_init(&worker->loop, &worker->prepare);
	uv_idle_init(&worker->loop, &worker->idle);
	uv_timer_init(&worker->loop, &worker->wake);
	uv_timer_init(&worker->loop, &worker->tick);
	rc = resolver_open(&worker->loop, &resolver, &worker->resolver);
	tasks->env.resolver = worker->resolver;
	if (rc < 0)
		worker_close(worker);
	return rc;
}

void worker_run(struct worker *worker)
{
	publish_stats(worker);
	uv_update_time(&worker->loop);
	uv_prepare_start(&worker->prepare, on_prepare);
	uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS);
	run_loop(worker);
	publish_stats(worker);
	atomic_store(&worker->stats.seen_us, 0);
	/* Those still at work may have this one's share. */
	atomic_fetch_sub(&worker->job->at_work, 1);
}

void worker_close(struct worker *worker)
{
	close_handles(worker);
	run_loop(worker);
}
