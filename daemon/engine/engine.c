/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/os/os.h"
#include "daemon/engine/partition.h"
#include "daemon/engine/thread.h"
#include "probes/prepare.h"

enum {
	DEFAULT_PATIENCE_MS = 30000,
	MOMENT_MS = 50, /* between two looks at whether it was cancelled */
	/* The loop's own five (epoll, an event, a pipe, /dev/null), a resolver's two, a
	 * file that is read, and two for a connection. */
	FEWEST_DESCRIPTORS = 10
};

#define REPORT_NS UINT64_C(100000000)

struct engine {
	struct engine_options options;
	unsigned descriptors;      /* that this process may open */
	unsigned cpus;             /* that it may run on */
	struct pace_bucket bucket; /* of all its runs: the next one pays what the last
				      one spent */
	atomic_bool cancelled;
};

/* The workers of one engine_run() and their threads. */
struct pool {
	struct job job;
	struct worker *workers; /* job.n_workers of them */
	uv_mutex_t lock;        /* over the next one */
	uv_cond_t ended;        /* a thread has */
	uint32_t threads;
};

static uint8_t family_of(const struct settings *settings)
{
	switch (settings->family) {
	case SETTINGS_IPV4:
		return 4;
	case SETTINGS_IPV6:
		return 6;
	default:
		return 0;
	}
}

void engine_options_from(const struct settings *settings, struct engine_options *out)
{
	*out = (struct engine_options){
		.concurrency = settings->concurrency,
		.per_host = settings->per_host,
		.rate_per_hour = settings->rate_per_hour,
		.engines = settings->engines,
		.family = family_of(settings),
		.n_dns = settings->n_dns,
		.dns_timeout_ms = settings->dns_timeout_ms,
		.dns_attempts = settings->dns_attempts,
	};
	for (size_t i = 0; i < settings->n_dns; i++) {
		out->dns[i].address = settings->dns[i].address;
		out->dns[i].port = settings->dns[i].port;
	}
}

/* A scan that is slower than it was told to be should not be a riddle. */
static void warn_of_limits(const struct engine *engine)
{
	uint32_t wanted = engine->options.concurrency;

	if (wanted != UINT32_MAX &&
		engine->descriptors < wanted + PARTITION_RESERVED_DESCRIPTORS)
		log_notice(
			"this process may open %u descriptors, which is fewer than %u "
			"connections at once",
			engine->descriptors, (unsigned)wanted);
}

static const struct engine_world real_world;

int engine_new(const struct engine_options *options, struct engine **out)
{
	struct engine *engine = calloc(1, sizeof *engine);

	if (!engine)
		return -ENOMEM;
	engine->options = *options;
	if (!engine->options.world)
		engine->options.world = &real_world;
	if (engine->options.patience_ms == 0)
		engine->options.patience_ms = DEFAULT_PATIENCE_MS;
	if (engine->options.concurrency == 0)
		engine->options.concurrency = UINT32_MAX;
	if (engine->options.per_host == 0)
		engine->options.per_host = UINT32_MAX;
	engine->descriptors = os_raise_descriptors();
	engine->cpus = os_count_cpus();
	warn_of_limits(engine);
	pace_bucket_init(&engine->bucket, options->rate_per_hour, clock_monotonic_us());
	atomic_init(&engine->cancelled, false);
	probes_prepare();
	*out = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (engine)
		pace_bucket_fini(&engine->bucket);
	free(engine);
}

void engine_cancel(struct engine *engine)
{
	atomic_store(&engine->cancelled, true);
}

bool engine_is_cancelled(const struct engine *engine)
{
	return atomic_load(&engine->cancelled);
}

/* ---- the pool ------------------------------------------------------------------ */

static int compare_flows(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* A sorted copy, each flow once: the plan is ordered by host, so this is too. */
static int select_flows(struct job *job, const uint32_t *flows, size_t count)
{
	uint32_t kept = 0;

	job->selection = malloc((count + 1) * sizeof *job->selection);
	if (!job->selection)
		return -ENOMEM;
	if (count > 0)
		memcpy(job->selection, flows, count * sizeof *flows);
	qsort(job->selection, count, sizeof *job->selection, compare_flows);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || job->selection[kept - 1] != job->selection[i])
			job->selection[kept++] = job->selection[i];
	job->n_flows = kept;
	return 0;
}

/* Of addresses that the inventory gives, those of the family that is probed. Names are
 * not even asked for those of the other: see worker_open(). */
static int choose_addresses(const struct job *job)
{
	struct net_address kept[INVENTORY_MAX_ADDRESSES];
	uint32_t last = UINT32_MAX;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < job->n_flows; i++) {
		uint32_t host = job->plan->flows[job_flow(job, i)].host;
		const struct plan_host *from = &job->plan->hosts[host];
		size_t count = 0;
		if (host == last || from->dial_name)
			continue;
		last = host;
		for (uint32_t a = 0; a < from->n_addresses; a++)
			if (from->addresses[a].family == job->options->family)
				kept[count++] = from->addresses[a];
		rc = results_set_addresses(job->results, host, kept, count);
	}
	return rc;
}

static void report_progress(void *data)
{
	const struct pool *pool = data;
	const struct engine_options *options = pool->job.options;
	struct engine_progress progress = {
		.flows = pool->job.n_flows,
		.elapsed_us = clock_monotonic_us() - pool->job.started_us,
	};

	if (!options->progress)
		return;
	for (uint32_t w = 0; w < pool->job.n_workers; w++) {
		struct worker_stats *stats = &pool->workers[w].stats;
		uint64_t seen_us = atomic_load(&stats->seen_us); /* before "now" */
		uint64_t silent_us = seen_us ? clock_monotonic_us() - seen_us : 0;
		progress.settled += atomic_load(&stats->settled);
		progress.in_flight += atomic_load(&stats->in_flight);
		progress.connections += atomic_load(&stats->connections);
		progress.shortages += atomic_load(&stats->shortages);
		if (silent_us > progress.silent_us)
			progress.silent_us = silent_us;
	}
	options->progress(options->progress_data, &progress);
}

static void on_thread(void *data)
{
	struct worker *worker = data;
	struct pool *pool = CONTAINER_OF(worker->job, struct pool, job);

	worker_run(worker);
	uv_mutex_lock(&pool->lock);
	pool->threads--;
	uv_cond_signal(&pool->ended);
	uv_mutex_unlock(&pool->lock);
}

/* The first worker, and those that no thread can be started for, run on the calling
 * thread, one after another. Only these report the progress, since nobody else may. */
static void run_workers(struct pool *pool)
{
	uint32_t count = pool->job.n_workers;

	atomic_init(&pool->job.at_work, count);
	for (uint32_t w = 0; w < count; w++) {
		struct worker *worker = &pool->workers[w];
		uv_mutex_lock(&pool->lock);
		if (w > 0 && thread_start(&worker->thread, on_thread, worker) == 0) {
			pool->threads++;
		} else {
			worker->tick_fn = report_progress;
			worker->tick_data = pool;
		}
		uv_mutex_unlock(&pool->lock);
	}
	for (uint32_t w = 0; w < count; w++)
		if (pool->workers[w].tick_fn)
			worker_run(&pool->workers[w]);
	uv_mutex_lock(&pool->lock);
	while (pool->threads > 0) {
		if (uv_cond_timedwait(&pool->ended, &pool->lock, REPORT_NS) == 0)
			continue;
		uv_mutex_unlock(&pool->lock);
		report_progress(pool);
		uv_mutex_lock(&pool->lock);
	}
	uv_mutex_unlock(&pool->lock);
	for (uint32_t w = 0; w < count; w++)
		if (!pool->workers[w].tick_fn)
			uv_thread_join(&pool->workers[w].thread);
	report_progress(pool);
}

/* All workers are set up before the first one starts: what can fail fails before
 * anything is probed. */
static int open_and_run(struct pool *pool, struct engine *engine)
{
	uint32_t opened = 0;
	bool cancelled = false;
	int rc = 0;

	while (rc == 0 && opened < pool->job.n_workers) {
		rc = worker_open(&pool->workers[opened]);
		opened += rc == 0;
	}
	if (rc < 0) {
		while (opened > 0)
			worker_close(&pool->workers[--opened]);
		return rc;
	}
	run_workers(pool);
	for (uint32_t w = 0; w < pool->job.n_workers; w++)
		cancelled |= pool->workers[w].cancelled;
	if (!cancelled)
		return 0;
	atomic_store(&engine->cancelled, false);
	return -ECANCELED;
}

static int run_pool(struct pool *pool, struct engine *engine)
{
	int rc = uv_mutex_init(&pool->lock);

	if (rc < 0)
		return rc;
	rc = uv_cond_init(&pool->ended);
	if (rc == 0) {
		rc = open_and_run(pool, engine);
		uv_cond_destroy(&pool->ended);
	}
	uv_mutex_destroy(&pool->lock);
	return rc;
}

int engine_run(struct engine *engine, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	const struct engine_options *options = &engine->options;
	const struct engine_world *world = options->world;
	uint64_t now_us = clock_monotonic_us();
	struct pool pool = {.job = {.options = options,
				    .cancelled = &engine->cancelled,
				    .bucket = &engine->bucket,
				    .plan = plan,
				    .results = results,
				    .n_flows = plan->n_flows,
				    .started_us = now_us}};
	struct random_state random;
	int rc = 0;

	if (world->run)
		return world->run(world->data, plan, flows, n_flows, results);
	unsigned open = os_count_descriptors();
	unsigned left = engine->descriptors > open ? engine->descriptors - open : 0;
	/* Where there is none left for its signal pipe, uv_loop_init() aborts. */
	if (left < FEWEST_DESCRIPTORS) {
		log_error(
			"this process may open %u descriptors and uses %u already, but "
			"probing needs %d: raise the limit (ulimit -n)",
			engine->descriptors, open, FEWEST_DESCRIPTORS);
		return -EMFILE;
	}
	pool.job.descriptors = left;
	if (results->started_us == 0)
		results->started_us = now_us;
	random_seed(&random, options->seed ? options->seed : now_us);
	if (flows)
		rc = select_flows(&pool.job, flows, n_flows);
	if (rc == 0 && options->family != 0)
		rc = choose_addresses(&pool.job);
	if (rc == 0)
		rc = partition(&pool.job, engine->cpus, &random, &pool.workers);
	for (uint32_t i = 0; rc == 0 && i < pool.job.n_flows; i++)
		results_forget(results, job_flow(&pool.job, i));
	if (rc == 0 && pool.job.n_flows > 0)
		rc = run_pool(&pool, engine);
	partition_free(pool.workers, pool.job.n_workers);
	free(pool.job.selection);
	return rc;
}

/* ---- its world ----------------------------------------------------------------- */

bool engine_wait(const struct engine *engine, uint32_t ms)
{
	const struct engine_world *world = engine->options.world;
	struct timespec moment = {0};

	if (world->wait) {
		world->wait(world->data, ms);
		return !engine_is_cancelled(engine);
	}
	while (ms > 0 && !engine_is_cancelled(engine)) {
		uint32_t part = ms < MOMENT_MS ? ms : MOMENT_MS;
		moment.tv_nsec = part * 1000000L;
		nanosleep(&moment, NULL);
		ms -= part;
	}
	return !engine_is_cancelled(engine);
}

bool engine_next_hop(const struct engine *engine, const struct net_address *address,
	struct os_hop *hop)
{
	const struct engine_world *world = engine->options.world;

	if (world->next_hop)
		return world->next_hop(world->data, address, hop);
	return !world->run && os_next_hop(address, hop);
}

enum os_hop_state engine_hop_state(
	const struct engine *engine, const struct os_hop *hop)
{
	const struct engine_world *world = engine->options.world;

	return world->hop_state ? world->hop_state(world->data, hop)
				: os_hop_state(hop);
}

int64_t engine_wall_us(const struct engine *engine)
{
	const struct engine_world *world = engine->options.world;

	return world->wall_us ? world->wall_us(world->data) : clock_wall_us();
}
