/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/trace_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/size.h"
#include "daemon/analyze/diff.h"
#include "probes/evidence.h"
#include "probes/trace/evidence.h"

enum {
	/* Routers answer few expired packets of one sender at once: Linux six, then one
	 * a second (net.ipv4.icmp_ratelimit). More walks at a time would see silence
	 * that is not there. */
	WALKS_AT_ONCE = 4,
	WALK_BUDGET_MS = 10000,
	WALK_LEAST_MS = 2000, /* with less time left no walk is begun */
};

/* A flow to walk to. */
struct suspect {
	uint32_t flow;
	uint32_t leg; /* of its addresses */
	struct net_address address, network;
	uint16_t port, open_port; /* another one, that answers; 0: none */
};

struct suspects {
	struct suspect items[TRACE_CHANGES_MAX];
	uint32_t count;
};

/* ---- which flows ------------------------------------------------------------- */

/* What a walk can say something about. A silent neighbour on our own link is no riddle.
 */
static bool is_stopped(uint8_t state, uint8_t reason)
{
	return reason != REASON_NEIGHBOUR_SILENT &&
	       (state == STATE_CLOSED ||
		       probe_state_path((enum probe_state)state) == PATH_BLOCKED);
}

static bool got_worse(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, uint32_t flow)
{
	return earlier_change(earlier, plan, results, flow) == CHANGE_REGRESSION;
}

/* Finds the address that is stopped, of several the first. A sweep is partial as a
 * whole where some of its ports are. */
static bool find_address(
	const struct plan *plan, const struct results *results, struct suspect *suspect)
{
	const struct flow_result *result = &results->flows[suspect->flow];
	const struct host_addresses *addresses =
		&results->hosts[plan->flows[suspect->flow].host];
	const struct flow_detail *detail = result->detail;
	uint32_t n_legs = detail ? detail->n_addresses : 0;

	for (uint32_t i = 0; i < n_legs; i++) {
		const struct flow_address *leg = &detail->addresses[i];
		if (leg->state != STATE_PARTIAL && !is_stopped(leg->state, leg->reason))
			continue;
		suspect->leg = i;
		suspect->address = leg->address;
		return true;
	}
	if (n_legs > 0 || addresses->count != 1 ||
		results_is_carried(results, suspect->flow))
		return false;
	if (result->state != STATE_PARTIAL &&
		!is_stopped(result->state, result->reason))
		return false;
	suspect->address = addresses->items[0];
	return true;
}

/* The evidence of that address. */
static const char *evidence_of(
	const struct results *results, const struct suspect *suspect)
{
	const struct flow_detail *detail = results->flows[suspect->flow].detail;

	if (detail && suspect->leg < detail->n_addresses)
		return detail->addresses[suspect->leg].evidence;
	return detail ? detail->evidence : NULL;
}

static bool make_suspect(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, uint32_t flow, struct suspect *out)
{
	const struct plan_check *check = &plan->checks[plan->flows[flow].check];

	*out = (struct suspect){.flow = flow};
	if (!check->ops->port || !got_worse(plan, earlier, results, flow) ||
		!find_address(plan, results, out))
		return false;
	out->network =
		net_address_network(&out->address, out->address.family == 6 ? 64 : 24);
	return true;
}

/* How many suspects share the check and the network; UINT32_MAX: it is one itself. */
static uint32_t count_like(const struct suspects *suspects, const struct plan *plan,
	const struct suspect *suspect)
{
	uint32_t check = plan->flows[suspect->flow].check, count = 0;

	for (uint32_t i = 0; i < suspects->count; i++) {
		const struct suspect *other = &suspects->items[i];
		if (other->flow == suspect->flow)
			return UINT32_MAX;
		count += plan->flows[other->flow].check == check &&
			 net_address_compare(&other->network, &suspect->network) == 0;
	}
	return count;
}

/* One of every check and network first, since each may have a cause of its own. */
static void find_suspects(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, struct suspects *out)
{
	for (uint32_t most = 1; most <= TRACE_CHANGES_PER_NETWORK; most++) {
		for (uint32_t i = 0; i < plan->n_flows; i++) {
			const struct plan_check *check;
			struct suspect suspect;
			if (out->count == TRACE_CHANGES_MAX)
				return;
			if (!make_suspect(plan, earlier, results, i, &suspect) ||
				count_like(out, plan, &suspect) >= most)
				continue;
			check = &plan->checks[plan->flows[i].check];
			suspect.port = evidence_port(check->ops, check->conf,
				evidence_of(results, &suspect));
			out->items[out->count++] = suspect;
		}
	}
}

/* ---- another port of the same address ---------------------------------------- */

static bool answers_at(const struct plan *plan, const struct results *results,
	uint32_t flow, const struct net_address *address)
{
	const struct flow_result *result = &results->flows[flow];
	const struct host_addresses *addresses =
		&results->hosts[plan->flows[flow].host];
	const struct flow_detail *detail = result->detail;

	for (uint32_t i = 0; detail && i < detail->n_addresses; i++)
		if (net_address_compare(&detail->addresses[i].address, address) == 0)
			return detail->addresses[i].state == STATE_OPEN;
	return addresses->count == 1 && result->state == STATE_OPEN;
}

/* A check that was led to another port got its answer from its own. */
static uint16_t own_port(const struct plan *plan, const struct suspect *suspect)
{
	const struct plan_check *check =
		&plan->checks[plan->flows[suspect->flow].check];
	uint16_t port = check->ops->port(check->conf);

	return check->ops->flags & PROBE_PACED || port == suspect->port ? 0 : port;
}

/* A flow of the same host that found its port open. Not one that finds its port: a
 * sweep's first port is not the one that accepted. */
static void find_open_port(
	const struct plan *plan, const struct results *results, struct suspect *suspect)
{
	const struct plan_host *host = &plan->hosts[plan->flows[suspect->flow].host];

	for (uint32_t i = host->first_flow; i < host->first_flow + host->n_flows; i++) {
		const struct plan_check *check = &plan->checks[plan->flows[i].check];
		if (!check->ops->port || check->ops->flags & PROBE_PACED ||
			results_is_carried(results, i) ||
			!answers_at(plan, results, i, &suspect->address))
			continue;
		suspect->open_port = check->ops->port(check->conf);
		if (suspect->open_port != suspect->port)
			return;
		suspect->open_port = 0;
	}
	suspect->open_port = own_port(plan, suspect);
}

/* ---- the walks --------------------------------------------------------------- */

struct batch {
	const struct suspect *suspects;
	uint32_t count;
	struct plan_trace walks[2 * WALKS_AT_ONCE];
	uint32_t n_walks;
	uint32_t walk_of[WALKS_AT_ONCE];     /* the suspect's */
	uint32_t distance_of[WALKS_AT_ONCE]; /* the walk; 0: none */
};

static struct plan_trace walk_to(const struct plan *plan, const struct suspect *suspect,
	uint16_t port, uint32_t budget_ms)
{
	const struct plan_flow *flow = &plan->flows[suspect->flow];

	return (struct plan_trace){
		.host =
			{
				.name = plan->hosts[flow->host].name,
				.addresses = &suspect->address,
				.n_addresses = 1,
				.inventory = plan->hosts[flow->host].inventory,
			},
		.port = port,
		.distance = port != suspect->port,
		.timeout_ms = plan->checks[flow->check].timeout_ms,
		.budget_ms = budget_ms,
	};
}

/* Of one host all stand side by side, as plan_traces() wants it. */
static void fill_batch(struct batch *batch, const struct plan *plan, uint32_t budget_ms)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct suspect *suspect = &batch->suspects[i];
		batch->walk_of[i] = batch->n_walks;
		batch->walks[batch->n_walks++] =
			walk_to(plan, suspect, suspect->port, budget_ms);
		if (!suspect->open_port)
			continue;
		batch->distance_of[i] = batch->n_walks;
		batch->walks[batch->n_walks++] =
			walk_to(plan, suspect, suspect->open_port, budget_ms);
	}
}

static const char *walk_evidence(const struct results *walked, uint32_t index)
{
	const struct flow_result *result = &walked->flows[index];

	return result->state == STATE_ERROR ? NULL : flow_result_evidence(result);
}

static int keep(const struct batch *batch, uint32_t index, const struct results *walked,
	struct results *results)
{
	const struct suspect *suspect = &batch->suspects[index];
	struct flow_result *result = &results->flows[suspect->flow];
	const char *walk = walk_evidence(walked, batch->walk_of[index]);
	unsigned distance = 0;
	char *joined;

	if (!walk)
		return 0;
	if (batch->distance_of[index])
		distance = trace_evidence_distance(
			walk_evidence(walked, batch->distance_of[index]));
	joined = trace_evidence_join(evidence_of(results, suspect), walk, distance);
	if (joined && !result->detail)
		result->detail = calloc(1, sizeof *result->detail);
	if (!joined || !result->detail) {
		free(joined);
		return -ENOMEM;
	}
	free(result->detail->evidence);
	result->detail->evidence = joined;
	return 0;
}

static int walk_batch(struct engine *engine, const struct plan *plan,
	struct batch *batch, uint32_t budget_ms, struct results *results)
{
	struct results walked = {.flows = NULL};
	struct plan *walks;
	int rc;

	fill_batch(batch, plan, budget_ms);
	rc = plan_traces(plan->config, batch->walks, batch->n_walks, &walks);
	if (rc < 0)
		return rc;
	rc = results_init(&walked, walks);
	if (rc == 0)
		rc = engine_run(engine, walks, NULL, 0, &walked);
	for (uint32_t i = 0; walked.flows && i < batch->count && rc != -ENOMEM; i++) {
		int kept = keep(batch, i, &walked, results);
		rc = kept < 0 ? kept : rc;
	}
	results_fini(&walked);
	plan_free(walks);
	return rc;
}

static int compare_suspects(const void *left, const void *right)
{
	const struct suspect *a = left, *b = right;

	return (a->flow > b->flow) - (a->flow < b->flow);
}

static uint32_t time_left_ms(uint64_t started_us)
{
	uint64_t spent_ms = (clock_monotonic_us() - started_us) / 1000;

	return spent_ms < TRACE_CHANGES_LIMIT_MS
		       ? TRACE_CHANGES_LIMIT_MS - (uint32_t)spent_ms
		       : 0;
}

int trace_changes(struct engine *engine, const struct plan *plan,
	const struct earlier *earlier, struct results *results)
{
	struct suspects suspects = {.count = 0};
	uint64_t started_us = clock_monotonic_us();
	int rc = 0;

	if (earlier->snapshot.scan)
		find_suspects(plan, earlier, results, &suspects);
	for (uint32_t i = 0; i < suspects.count; i++)
		find_open_port(plan, results, &suspects.items[i]);
	for (uint32_t i = 0; i < suspects.count && rc == 0; i += WALKS_AT_ONCE) {
		uint32_t left_ms = time_left_ms(started_us);
		uint32_t count = suspects.count - i;
		struct batch batch = {
			.suspects = &suspects.items[i],
			.count = count < WALKS_AT_ONCE ? count : WALKS_AT_ONCE,
		};
		if (left_ms < WALK_LEAST_MS)
			break;
		qsort(&suspects.items[i], batch.count, sizeof suspects.items[0],
			compare_suspects);
		rc = walk_batch(engine, plan, &batch,
			left_ms < WALK_BUDGET_MS ? left_ms : WALK_BUDGET_MS, results);
	}
	if (rc == 0 || rc == -ECANCELED)
		return rc;
	log_notice("not all changes were traced: %s", strerror(-rc));
	return 0;
}
