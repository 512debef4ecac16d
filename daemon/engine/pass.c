/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/pass.h"

#include <assert.h>

#include "base/clock.h"

enum {
	TICK_MS = 100,
	FEWEST_PACED = 64
};

static void publish_news(struct pass *pass)
{
	atomic_store(&pass->news.settled, pass->settled);
	atomic_store(&pass->news.in_flight, pass->pace.in_flight);
	atomic_store(&pass->news.connections, pass->connections);
	atomic_store(&pass->news.shortages, pass->throttle.shortages);
	atomic_store(&pass->news.seen_us, clock_monotonic_us());
}

static void cancel(struct pass *pass)
{
	struct list *node, *next;

	pass->cancelled = true;
	uv_idle_stop(&pass->idle);
	uv_timer_stop(&pass->wake);
	for (uint32_t h = 0; h < pass->n_hosts; h++) {
		struct pass_host *host = &pass->hosts[h];
		for (; host->next < host->end; host->next++) {
			uint32_t flow = pass_flow(pass, host->next);
			if (pass->results->flows[flow].state == STATE_NONE)
				pass_settle(pass, flow, STATE_ERROR, REASON_CANCELLED,
					PHASE_NONE);
		}
	}
	for (node = pass->flights.next; node != &pass->flights; node = next) {
		next = node->next;
		flight_cancel(CONTAINER_OF(node, struct flight, node));
	}
}

static void on_resolver_closed(void *data)
{
	struct pass *pass = data;

	pass->resolver = NULL;
}

/* Nothing is in flight: closes what is the pass's own, and the loop ends by itself. */
static void close_handles(struct pass *pass)
{
	uv_close((uv_handle_t *)&pass->prepare, NULL);
	uv_close((uv_handle_t *)&pass->idle, NULL);
	uv_close((uv_handle_t *)&pass->wake, NULL);
	uv_close((uv_handle_t *)&pass->tick, NULL);
	if (pass->resolver)
		resolver_close(pass->resolver, on_resolver_closed, pass);
	deadline_set_close(&pass->deadlines);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct pass *pass = prepare->data;

	if (!pass->cancelled && atomic_load(&pass->engine->cancelled))
		cancel(pass);
	if (pass->settled == pass->n_flows)
		close_handles(pass);
	else if (!pass->cancelled)
		dispatch(pass);
}

static int open_resolver(struct pass *pass)
{
	const struct engine_options *options = &pass->engine->options;
	struct resolver_options resolver = {
		.servers = options->dns,
		.n_servers = options->n_dns,
		.timeout_ms = options->dns_timeout_ms,
		.attempts = options->dns_attempts,
		.family = options->family,
	};

	return resolver_open(&pass->loop, &resolver, &pass->resolver);
}

static int open_handles(struct pass *pass)
{
	deadline_set_init(&pass->deadlines, &pass->loop);
	pass->env = (struct probe_env){
		.loop = &pass->loop,
		.deadlines = &pass->deadlines,
		.want = dispatch_want,
		.release = dispatch_release,
		.again = dispatch_again,
		.tell = pass->engine->options.observer ? tell_line : NULL,
	};
	/* These can't fail: they allocate nothing. */
	uv_prepare_init(&pass->loop, &pass->prepare);
	uv_idle_init(&pass->loop, &pass->idle);
	uv_timer_init(&pass->loop, &pass->wake);
	uv_timer_init(&pass->loop, &pass->tick);
	pass->prepare.data = pass;
	pass->tick.data = pass;
	int rc = open_resolver(pass);
	pass->env.resolver = pass->resolver;
	return rc;
}

/* ---- its share of what is for all */

static bool has_paced(const struct pass *pass)
{
	for (uint32_t h = 0; h < pass->n_hosts; h++)
		for (uint32_t i = pass->hosts[h].next; i < pass->hosts[h].end; i++)
			if (pass_check(pass, pass_flow(pass, i))->ops->flags &
				PROBE_PACED)
				return true;
	return false;
}

/* Twice as many paced runs as fill the connections with their windows. */
static uint32_t enough_paced(const struct pass *pass, uint32_t concurrency)
{
	uint32_t window = pass->per_host < concurrency ? pass->per_host : concurrency;

	assert(window > 0); /* engine_new() saw to it */
	uint64_t enough = 2 * (uint64_t)concurrency / window;
	uint32_t fewest = FEWEST_PACED / pass->sharers;

	if (enough < fewest)
		return fewest;
	return enough > UINT32_MAX ? UINT32_MAX : (uint32_t)enough;
}

static uint32_t part_of(uint32_t whole, uint32_t sharers)
{
	return whole / sharers > 1 ? whole / sharers : 1;
}

/* A connection takes a descriptor, and an open run of a paced kind one more: if those
 * took all there are, none would get on. Returns how many connections that leaves. */
static uint32_t share_out(struct pass *pass)
{
	uint32_t descriptors = part_of(pass->team->descriptors, pass->sharers);
	uint32_t wanted = part_of(pass->engine->options.concurrency, pass->sharers);
	uint32_t half = part_of(descriptors, 2);

	if (wanted > descriptors)
		wanted = descriptors;
	pass->most_paced = enough_paced(pass, wanted);
	if (!pass->has_paced)
		return wanted;
	if (pass->most_paced > half)
		pass->most_paced = half;
	descriptors -= pass->most_paced;
	return wanted < descriptors ? wanted : descriptors;
}

/* Another pass has ended: this one may have more. */
static void share_anew(struct pass *pass)
{
	uint32_t sharers = atomic_load(&pass->team->at_work);
	uint32_t before = pass->most_paced;

	if (sharers == pass->sharers)
		return;
	pass->sharers = sharers;
	throttle_set_ceiling(&pass->throttle, share_out(pass));
	for (; before < pass->most_paced && pass->parked_first; before++)
		dispatch_unpark(pass);
}

/* ---- from set-up to tear-down */

static void on_tick(uv_timer_t *tick)
{
	struct pass *pass = tick->data;

	throttle_recover(&pass->throttle, clock_monotonic_us());
	if (!pass->cancelled)
		share_anew(pass);
	publish_news(pass);
	if (pass->leads)
		team_report(pass->team);
}

int pass_open(struct pass *pass)
{
	const struct engine_options *options = &pass->engine->options;
	int rc = uv_loop_init(&pass->loop);

	if (rc < 0)
		return rc;
	list_init(&pass->flights);
	pass->per_host = options->per_host;
	pass->sharers = pass->team->n_passes;
	pass->has_paced = has_paced(pass);
	uint32_t concurrency = share_out(pass);
	throttle_init(&pass->throttle, concurrency, options->patience_ms);
	pace_init(&pass->pace, &pass->engine->bucket, concurrency);
	rc = open_handles(pass);
	if (rc < 0)
		pass_close(pass);
	return rc;
}

static void run_loop(struct pass *pass)
{
	uv_run(&pass->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&pass->loop);
	assert(left == 0);
	(void)left;
}

void pass_work(struct pass *pass)
{
	publish_news(pass);
	uv_update_time(&pass->loop);
	uv_prepare_start(&pass->prepare, on_prepare);
	uv_timer_start(&pass->tick, on_tick, TICK_MS, TICK_MS);
	run_loop(pass);
	publish_news(pass);
	atomic_store(&pass->news.seen_us, 0);
	atomic_fetch_sub(&pass->team->at_work, 1);
}

void pass_close(struct pass *pass)
{
	close_handles(pass);
	run_loop(pass);
}
