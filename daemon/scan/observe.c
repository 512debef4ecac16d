/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/observe.h"

#include <errno.h>

enum {
	MAX_HOPS = 64, /* gateways and silent neighbours that are remembered */
	WAIT_MS = 100,
	MAX_WAITS = 100, /* the kernel asks for 5 s + 3 s at most before it gives up */
};

struct known_hop {
	struct os_hop hop;
	enum os_hop_state state;
};

struct silence {
	const struct engine *engine;
	const struct plan *plan;
	struct results *results;
	struct known_hop hops[MAX_HOPS];
	size_t n_hops;
};

/* ---- the first step ------------------------------------------------------- */

static bool same_hop(const struct os_hop *a, const struct os_hop *b)
{
	return a->interface == b->interface &&
	       net_address_compare(&a->next, &b->next) == 0;
}

/* True when some other address that lies behind the same hop let packets through. */
static bool hop_delivers(const struct silence *s, const struct os_hop *hop)
{
	const struct results *results = s->results;

	for (uint32_t i = 0; i < s->plan->n_flows; i++) {
		const struct host_addresses *host =
			&results->hosts[s->plan->flows[i].host];
		uint32_t clear = results->flows[i].clear;
		for (uint32_t a = 0; a < host->count && clear >> a; a++) {
			struct os_hop other;
			if (clear >> a & 1 &&
				engine_next_hop(s->engine, &host->items[a], &other) &&
				same_hop(hop, &other))
				return true;
		}
	}
	return false;
}

static enum os_hop_state settled_state(
	const struct silence *s, const struct os_hop *hop)
{
	enum os_hop_state state = engine_hop_state(s->engine, hop);

	if (state != HOP_ASKED || hop_delivers(s, hop))
		return state;
	for (int i = 0; i < MAX_WAITS && state == HOP_ASKED; i++) {
		if (!engine_wait(s->engine, WAIT_MS))
			break;
		state = engine_hop_state(s->engine, hop);
	}
	return state;
}

static enum os_hop_state hop_state(struct silence *s, const struct os_hop *hop)
{
	enum os_hop_state state;

	for (size_t i = 0; i < s->n_hops; i++)
		if (same_hop(&s->hops[i].hop, hop))
			return s->hops[i].state;
	state = settled_state(s, hop);
	if (s->n_hops < MAX_HOPS)
		s->hops[s->n_hops++] = (struct known_hop){*hop, state};
	return state;
}

/* ---- what it makes of silence --------------------------------------------- */

/* What the silence of one address really is; STATE_FILTERED when it stands. */
static enum probe_state explain_address(
	struct silence *s, const struct net_address *address, enum probe_reason *reason)
{
	struct os_hop hop;
	enum os_hop_state state;

	if (!engine_next_hop(s->engine, address, &hop))
		return STATE_FILTERED;
	state = hop_state(s, &hop);
	if (state == HOP_DOWN) {
		*reason = REASON_NO_LINK;
		return STATE_ERROR;
	}
	if (state != HOP_SILENT)
		return STATE_FILTERED;
	*reason = hop.is_gateway ? REASON_NO_GATEWAY : REASON_NEIGHBOUR_SILENT;
	return hop.is_gateway ? STATE_ERROR : STATE_UNREACHABLE;
}

static void explain_single(struct silence *s, const struct host_addresses *addresses,
	struct flow_result *result)
{
	enum probe_reason reason = REASON_NONE;
	enum probe_state state;

	if (result->state != STATE_FILTERED || addresses->count != 1)
		return;
	state = explain_address(s, &addresses->items[0], &reason);
	if (state == STATE_FILTERED)
		return;
	result->state = (uint8_t)state;
	result->reason = (uint8_t)reason;
	result->phase = PHASE_CONNECT;
}

/* An error of one leg is one of the whole; that all have one silent neighbour is too.
 */
static void explain_legs(struct silence *s, struct flow_result *result)
{
	struct flow_detail *detail = result->detail;
	uint32_t unreachable = 0;

	for (uint32_t i = 0; i < detail->n_addresses; i++) {
		struct flow_address *leg = &detail->addresses[i];
		enum probe_reason reason = REASON_NONE;
		enum probe_state state = STATE_FILTERED;
		if (leg->state == STATE_FILTERED)
			state = explain_address(s, &leg->address, &reason);
		if (state == STATE_FILTERED)
			continue;
		leg->state = (uint8_t)state;
		leg->reason = (uint8_t)reason;
		unreachable += state == STATE_UNREACHABLE;
		if (state == STATE_ERROR || unreachable == detail->n_addresses) {
			result->state = leg->state;
			result->reason = leg->reason;
			result->phase = PHASE_CONNECT;
		}
	}
}

static void explain_flow(struct silence *s, uint32_t flow)
{
	struct flow_result *result = &s->results->flows[flow];
	uint32_t host = s->plan->flows[flow].host;

	if (result->state != STATE_FILTERED && result->state != STATE_PARTIAL)
		return;
	if (result->detail && result->detail->n_addresses)
		explain_legs(s, result);
	else
		explain_single(s, &s->results->hosts[host], result);
}

void silence_explain(const struct engine *engine, const struct plan *plan,
	const uint32_t *flows, size_t n_flows, struct results *results)
{
	struct silence silence = {.engine = engine, .plan = plan, .results = results};
	size_t count = flows ? n_flows : plan->n_flows;

	for (size_t i = 0; i < count; i++)
		explain_flow(&silence, flows ? flows[i] : (uint32_t)i);
}

int observe(struct engine *engine, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	int rc = engine_run(engine, plan, flows, n_flows, results);

	if (rc == 0)
		silence_explain(engine, plan, flows, n_flows, results);
	return rc == 0 && engine_is_cancelled(engine) ? -ECANCELED : rc;
}
