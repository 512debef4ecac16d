/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/pass.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
	TICK_MS = 100,
	FEWEST_PACED = 64
};

/* ---- what is to be probed */

static int compare_flows(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* A sorted copy, each flow once: the plan is ordered by host, so this is too. */
static int select_flows(struct pass *pass, const uint32_t *flows, size_t count)
{
	uint32_t kept = 0;

	pass->selection = malloc((count + 1) * sizeof *pass->selection);
	if (!pass->selection)
		return -ENOMEM;
	if (count > 0)
		memcpy(pass->selection, flows, count * sizeof *flows);
	qsort(pass->selection, count, sizeof *pass->selection, compare_flows);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || pass->selection[kept - 1] != pass->selection[i])
			pass->selection[kept++] = pass->selection[i];
	pass->n_flows = kept;
	return 0;
}

static uint32_t host_of(const struct pass *pass, uint32_t place)
{
	return pass->plan->flows[pass_flow(pass, place)].host;
}

static uint32_t count_hosts(const struct pass *pass)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < pass->n_flows; i++)
		count += i == 0 || host_of(pass, i) != host_of(pass, i - 1);
	return count;
}

static int gather_hosts(struct pass *pass)
{
	uint32_t n_hosts = count_hosts(pass);

	pass->hosts = calloc(n_hosts + 1U, sizeof *pass->hosts);
	pass->order = calloc(n_hosts + 1U, sizeof *pass->order);
	pass->ring = calloc(n_hosts + 1U, sizeof *pass->ring);
	if (!pass->hosts || !pass->order || !pass->ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < pass->n_flows; i++) {
		if (i > 0 && host_of(pass, i) == host_of(pass, i - 1)) {
			pass->hosts[pass->n_hosts - 1].end++;
			continue;
		}
		struct pass_host *host = &pass->hosts[pass->n_hosts];
		*host = (struct pass_host){
			.host = host_of(pass, i), .next = i, .end = i + 1};
		list_init(&host->ready);
		pass->order[pass->n_hosts] = pass->n_hosts;
		pass->n_hosts++;
	}
	random_shuffle(&pass->random, pass->order, pass->n_hosts);
	return 0;
}

/* Of addresses that the inventory gives, those of the family that is probed. Those of
 * names are not even asked for: see open_resolver(). */
static int choose_addresses(struct pass *pass, uint32_t host)
{
	const struct plan_host *from = &pass->plan->hosts[host];
	struct net_address kept[INVENTORY_MAX_ADDRESSES];
	size_t count = 0;

	for (uint32_t i = 0; i < from->n_addresses; i++)
		if (from->addresses[i].family == pass->engine->options.family)
			kept[count++] = from->addresses[i];
	return results_set_addresses(pass->results, host, kept, count);
}

static int choose_family(struct pass *pass)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < pass->n_hosts; i++)
		if (!pass->plan->hosts[pass->hosts[i].host].dial_name)
			rc = choose_addresses(pass, pass->hosts[i].host);
	return rc;
}

int pass_init(struct pass *pass, const uint32_t *flows, size_t n_flows)
{
	const struct engine_options *options = &pass->engine->options;
	int rc = 0;

	pass->started_us = clock_monotonic_us();
	if (pass->results->started_us == 0)
		pass->results->started_us = pass->started_us;
	pass->per_host = options->per_host;
	list_init(&pass->flights);
	random_seed(&pass->random, options->seed ? options->seed : pass->started_us);
	pass->n_flows = pass->plan->n_flows;
	if (flows)
		rc = select_flows(pass, flows, n_flows);
	if (rc == 0)
		rc = gather_hosts(pass);
	if (rc == 0 && options->family != 0)
		rc = choose_family(pass);
	for (uint32_t i = 0; rc == 0 && i < pass->n_flows; i++)
		results_forget(pass->results, pass_flow(pass, i));
	return rc;
}

void pass_fini(struct pass *pass)
{
	free(pass->selection);
	free(pass->hosts);
	free(pass->order);
	free(pass->ring);
}

/* ---- the loop */

static void report_progress(const struct pass *pass)
{
	const struct engine_options *options = &pass->engine->options;
	struct engine_progress progress = {
		.flows = pass->n_flows,
		.settled = pass->settled,
		.connections = pass->connections,
		.in_flight = pass->pace.in_flight,
		.elapsed_us = clock_monotonic_us() - pass->started_us,
		.shortages = pass->throttle.shortages,
	};

	if (options->progress)
		options->progress(options->progress_data, &progress);
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

static void on_tick(uv_timer_t *tick)
{
	struct pass *pass = tick->data;

	throttle_recover(&pass->throttle, clock_monotonic_us());
	report_progress(pass);
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

static bool has_paced(const struct pass *pass)
{
	for (uint32_t i = 0; i < pass->n_flows; i++)
		if (pass_check(pass, pass_flow(pass, i))->ops->flags & PROBE_PACED)
			return true;
	return false;
}

/* Twice as many paced runs as fill the connections with their windows. */
static uint32_t most_paced(const struct pass *pass, uint32_t concurrency)
{
	uint32_t window = pass->per_host < concurrency ? pass->per_host : concurrency;
	uint64_t enough = 2 * (uint64_t)concurrency / window;

	if (enough < FEWEST_PACED)
		return FEWEST_PACED;
	return enough > UINT32_MAX ? UINT32_MAX : (uint32_t)enough;
}

/* A connection takes a descriptor, and an open run of a paced kind one more: if those
 * took all there are, none would get on. Returns how many connections that leaves. */
static uint32_t share_out(struct pass *pass, uint32_t descriptors)
{
	uint32_t wanted = pass->engine->options.concurrency;
	uint32_t half = descriptors / 2 > 1 ? descriptors / 2 : 1;

	if (wanted > descriptors)
		wanted = descriptors;
	pass->most_paced = most_paced(pass, wanted);
	if (!has_paced(pass))
		return wanted;
	if (pass->most_paced > half)
		pass->most_paced = half;
	descriptors -= pass->most_paced;
	return wanted < descriptors ? wanted : descriptors;
}

int pass_run(struct pass *pass, uint32_t descriptors)
{
	const struct engine_options *options = &pass->engine->options;
	int rc = uv_loop_init(&pass->loop);

	if (rc < 0)
		return rc;
	uint32_t concurrency = share_out(pass, descriptors);
	throttle_init(&pass->throttle, concurrency, options->patience_ms);
	pace_init(&pass->pace, options->rate_per_hour, concurrency, pass->started_us);
	rc = open_handles(pass);
	if (rc == 0) {
		uv_prepare_start(&pass->prepare, on_prepare);
		uv_timer_start(&pass->tick, on_tick, TICK_MS, TICK_MS);
	} else {
		close_handles(pass);
	}
	uv_run(&pass->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&pass->loop);
	assert(left == 0);
	(void)left;
	if (rc < 0)
		return rc;
	report_progress(pass);
	if (!pass->cancelled)
		return 0;
	atomic_store(&pass->engine->cancelled, false);
	return -ECANCELED;
}
