/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the probes of a plan: paced, interleaved over hosts, with attempts and back-off;
 * on one libuv loop or on several, each of which has its own thread and its own hosts.
 * Knows no rules, no store.
 */
#ifndef DAEMON_ENGINE_ENGINE_H
#define DAEMON_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/os/os.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "probes/net/resolve.h"

struct engine_progress {
	uint32_t flows, settled;
	uint64_t connections; /* started so far, retries included */
	uint32_t in_flight;
	uint64_t elapsed_us;
	uint64_t shortages; /* times local trouble made a probe wait */
	uint64_t silent_us; /* how long the loop that hangs longest has not turned */
};

/* What happens to one flow, as it happens: for `probe` and `trace`. Text is one line.
 */
typedef void (*engine_observer_fn)(void *data, uint32_t flow, uint64_t elapsed_us,
	const char *phase, const char *text);

/*
 * The network, the routes and the clock that a scan meets: this machine's own, or those
 * of a test. A member that is NULL is the machine's own, but where `run` is given and
 * `next_hop` is not, no address has a first hop. All are called with `data`.
 */
struct engine_world {
	/* In place of probing; otherwise as engine_run(). */
	int (*run)(void *data, const struct plan *plan, const uint32_t *flows,
		size_t n_flows, struct results *results);
	/* As os_next_hop() and os_hop_state(). */
	bool (*next_hop)(
		void *data, const struct net_address *address, struct os_hop *hop);
	enum os_hop_state (*hop_state)(void *data, const struct os_hop *hop);
	void (*wait)(void *data, uint32_t ms);
	int64_t (*wall_us)(void *data); /* as clock_wall_us() */
	void *data;
};

struct engine_options {
	uint32_t concurrency; /* connections at once; less where descriptors are few */
	uint32_t per_host;
	uint64_t rate_per_hour; /* 0: no limit; also for the two above */
	uint32_t engines; /* loops; fewer where there are fewer hosts or descriptors. 0:
			     as many as there are processors, up to 8, and no more
			     than there is work for */
	uint8_t family; /* 4 or 6: addresses of the other are not probed; 0: both are */
	struct resolver_server dns[SETTINGS_MAX_DNS_SERVERS];
	size_t n_dns; /* 0: the system's resolvers */
	uint32_t dns_timeout_ms, dns_attempts;
	uint64_t seed; /* of the order of hosts and the jitter; 0: from the clock */
	uint32_t patience_ms; /* how long an attempt waits for local shortages
				 before it is an error; default 30000 when 0 */
	void (*progress)(void *data, const struct engine_progress *progress);
	void *progress_data; /* called every 100 ms or so, and at the end, on the
				calling thread */
	engine_observer_fn observer; /* may be NULL; else there is one loop, on the
				  calling thread */
	void *observer_data;
	const struct engine_world *world; /* must outlive the engine; NULL: the real
					     one */
};

struct engine;

/* From the settings of a configuration; what they do not say is zero. */
void engine_options_from(const struct settings *settings, struct engine_options *out);

/* Raises the descriptor limit as far as it goes. 0 or a negative libuv code. */
int engine_new(const struct engine_options *options, struct engine **out);

/*
 * Probes the flows listed (or all when NULL) and fills their results; others are left
 * alone. Names are resolved anew. Blocks until every one has settled. 0; -ECANCELED
 * after engine_cancel() (flows that had not settled are error/cancelled); -ENOMEM or
 * another negative libuv code when the loop or the resolver could not be set up. May be
 * called again.
 */
int engine_run(struct engine *engine, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results);

/*
 * Makes engine_run() end within a moment (100 ms and what closing takes): the one that
 * runs, or else the next one. From a signal handler or any thread, while the engine
 * lives.
 */
void engine_cancel(struct engine *engine);

/* A cancel waits for the next engine_run(). */
bool engine_is_cancelled(const struct engine *engine);

/* Waits on the calling thread, no longer than a moment (50 ms) once it is cancelled.
 * False when it was. */
bool engine_wait(const struct engine *engine, uint32_t ms);

/* As os_next_hop(), os_hop_state() and clock_wall_us(), of the engine's world. */
bool engine_next_hop(const struct engine *engine, const struct net_address *address,
	struct os_hop *hop);
enum os_hop_state engine_hop_state(
	const struct engine *engine, const struct os_hop *hop);
int64_t engine_wall_us(const struct engine *engine);

void engine_free(struct engine *engine);

#endif
