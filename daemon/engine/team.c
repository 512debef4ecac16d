/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/engine/pass.h"
#include "daemon/engine/thread.h"

#define REPORT_NS UINT64_C(100000000)

/* ---- what is to be probed */

static int compare_flows(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* A sorted copy, each flow once: the plan is ordered by host, so this is too. */
static int select_flows(struct team *team, const uint32_t *flows, size_t count)
{
	uint32_t kept = 0;

	team->selection = malloc((count + 1) * sizeof *team->selection);
	if (!team->selection)
		return -ENOMEM;
	if (count > 0)
		memcpy(team->selection, flows, count * sizeof *flows);
	qsort(team->selection, count, sizeof *team->selection, compare_flows);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || team->selection[kept - 1] != team->selection[i])
			team->selection[kept++] = team->selection[i];
	team->n_flows = kept;
	return 0;
}

/* Of addresses that the inventory gives, those of the family that is probed. Those of
 * names are not even asked for: see open_resolver(). */
static int choose_addresses(struct team *team, uint32_t host)
{
	const struct plan_host *from = &team->plan->hosts[host];
	struct net_address kept[INVENTORY_MAX_ADDRESSES];
	size_t count = 0;

	if (from->dial_name)
		return 0;
	for (uint32_t i = 0; i < from->n_addresses; i++)
		if (from->addresses[i].family == team->engine->options.family)
			kept[count++] = from->addresses[i];
	return results_set_addresses(team->results, host, kept, count);
}

static int choose_family(struct team *team)
{
	uint32_t last = UINT32_MAX;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < team->n_flows; i++) {
		uint32_t host = team->plan->flows[team_flow(team, i)].host;
		if (host != last)
			rc = choose_addresses(team, host);
		last = host;
	}
	return rc;
}

int team_init(struct team *team, const uint32_t *flows, size_t n_flows)
{
	const struct engine_options *options = &team->engine->options;
	int rc = 0;

	team->started_us = clock_monotonic_us();
	if (team->results->started_us == 0)
		team->results->started_us = team->started_us;
	random_seed(&team->random, options->seed ? options->seed : team->started_us);
	team->n_flows = team->plan->n_flows;
	if (flows)
		rc = select_flows(team, flows, n_flows);
	if (rc == 0 && options->family != 0)
		rc = choose_family(team);
	if (rc == 0)
		rc = team_deal(team);
	for (uint32_t i = 0; rc == 0 && i < team->n_flows; i++)
		results_forget(team->results, team_flow(team, i));
	return rc;
}

void team_fini(struct team *team)
{
	for (uint32_t i = 0; i < team->n_passes; i++) {
		free(team->passes[i].hosts);
		free(team->passes[i].order);
		free(team->passes[i].ring);
	}
	free(team->passes);
	free(team->selection);
}

/* ---- what its passes have got done */

static uint64_t silent_us(struct pass_news *news)
{
	uint64_t seen_us = atomic_load(&news->seen_us); /* before "now" */

	return seen_us ? clock_monotonic_us() - seen_us : 0;
}

void team_report(struct team *team)
{
	const struct engine_options *options = &team->engine->options;
	struct engine_progress progress = {
		.flows = team->n_flows,
		.elapsed_us = clock_monotonic_us() - team->started_us,
	};

	if (!options->progress)
		return;
	for (uint32_t i = 0; i < team->n_passes; i++) {
		struct pass_news *news = &team->passes[i].news;
		progress.settled += atomic_load(&news->settled);
		progress.in_flight += atomic_load(&news->in_flight);
		progress.connections += atomic_load(&news->connections);
		progress.shortages += atomic_load(&news->shortages);
		if (silent_us(news) > progress.silent_us)
			progress.silent_us = silent_us(news);
	}
	options->progress(options->progress_data, &progress);
}

/* ---- their threads */

static int open_passes(struct team *team)
{
	uint32_t opened = 0;
	int rc = 0;

	for (; rc == 0 && opened < team->n_passes; opened++)
		rc = pass_open(&team->passes[opened]);
	if (rc == 0)
		return 0;
	for (opened--; opened > 0; opened--)
		pass_close(&team->passes[opened - 1]);
	return rc;
}

static void on_thread(void *data)
{
	struct pass *pass = data;
	struct team *team = pass->team;

	pass_work(pass);
	uv_mutex_lock(&team->lock);
	team->threads--;
	uv_cond_signal(&team->ended);
	uv_mutex_unlock(&team->lock);
}

/* Where no thread can be had, the calling one does that pass's work too, later. */
static void start_thread(struct team *team, struct pass *pass)
{
	uv_mutex_lock(&team->lock);
	if (thread_start(&pass->thread, on_thread, pass) == 0)
		team->threads++;
	else
		pass->leads = true;
	uv_mutex_unlock(&team->lock);
}

static void wait_for_threads(struct team *team)
{
	uv_mutex_lock(&team->lock);
	while (team->threads > 0) {
		if (uv_cond_timedwait(&team->ended, &team->lock, REPORT_NS) == 0)
			continue;
		uv_mutex_unlock(&team->lock);
		team_report(team);
		uv_mutex_lock(&team->lock);
	}
	uv_mutex_unlock(&team->lock);
	for (uint32_t i = 0; i < team->n_passes; i++)
		if (!team->passes[i].leads)
			uv_thread_join(&team->passes[i].thread);
}

static void work(struct team *team)
{
	atomic_init(&team->at_work, team->n_passes);
	team->passes[0].leads = true;
	for (uint32_t i = 1; i < team->n_passes; i++)
		start_thread(team, &team->passes[i]);
	for (uint32_t i = 0; i < team->n_passes; i++)
		if (team->passes[i].leads)
			pass_work(&team->passes[i]);
	wait_for_threads(team);
	team_report(team);
}

static bool was_cancelled(const struct team *team)
{
	for (uint32_t i = 0; i < team->n_passes; i++)
		if (team->passes[i].cancelled)
			return true;
	return false;
}

/* All are set up before the first one starts: what can fail fails before anything is
 * probed. */
static int open_and_work(struct team *team)
{
	int rc = open_passes(team);

	if (rc < 0)
		return rc;
	work(team);
	if (!was_cancelled(team))
		return 0;
	atomic_store(&team->engine->cancelled, false);
	return -ECANCELED;
}

int team_run(struct team *team)
{
	int rc = uv_mutex_init(&team->lock);

	if (rc < 0)
		return rc;
	rc = uv_cond_init(&team->ended);
	if (rc == 0) {
		rc = open_and_work(team);
		uv_cond_destroy(&team->ended);
	}
	uv_mutex_destroy(&team->lock);
	return rc;
}
