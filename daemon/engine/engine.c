/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/os/os.h"
#include "daemon/engine/pass.h"
#include "probes/prepare.h"

enum {
	DEFAULT_PATIENCE_MS = 30000,
	MOMENT_MS = 50, /* between two looks at whether it was cancelled */
	/* The loop's own five (epoll, an event, a pipe, /dev/null), a resolver's two, a
	 * file that is read, and two for a connection. */
	FEWEST_DESCRIPTORS = 10
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
		engine->descriptors < wanted + PASS_RESERVED_DESCRIPTORS)
		log_notice("this process may open %u descriptors: fewer than %u "
			   "connections at once",
			engine->descriptors, (unsigned)wanted);
}

static const struct engine_world real_world = {NULL};

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

int engine_run(struct engine *engine, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	struct team team = {.engine = engine, .plan = plan, .results = results};
	const struct engine_world *world = engine->options.world;
	unsigned open = os_count_descriptors();
	unsigned left = engine->descriptors > open ? engine->descriptors - open : 0;

	if (world->run)
		return world->run(world->data, plan, flows, n_flows, results);
	/* Where there is none left for its signal pipe, uv_loop_init() aborts. */
	if (left < FEWEST_DESCRIPTORS) {
		log_error("of the %u descriptors that this process may open %u are in "
			  "use, and probing takes %d: raise the limit (ulimit -n)",
			engine->descriptors, open, FEWEST_DESCRIPTORS);
		return -EMFILE;
	}
	team.descriptors = left;
	int rc = team_init(&team, flows, n_flows);
	if (rc == 0 && team.n_flows > 0)
		rc = team_run(&team);
	team_fini(&team);
	return rc;
}

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
