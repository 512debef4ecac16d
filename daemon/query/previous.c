/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/previous.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "daemon/analyze/judge.h"
#include "daemon/model/words.h"

struct loading {
	struct previous *previous;
	const struct plan *plan;
	int rc;
};

static enum probe_state state_of(const struct store_flow *flow)
{
	enum probe_state state = STATE_NONE;

	/* A word of a newer version is a state we can't compare with. */
	probe_state_from_word(flow->state, &state);
	return state;
}

static enum probe_reason reason_of(const struct store_flow *flow)
{
	enum probe_reason reason = REASON_NONE;

	probe_reason_from_word(flow->reason, &reason);
	return reason;
}

static int add_removed(struct previous *previous, const struct store_flow *flow)
{
	struct previous_removed *item,
		*items = array_grow(previous->removed, &previous->removed_capacity,
			previous->n_removed, sizeof *items);

	if (!items)
		return -ENOMEM;
	previous->removed = items;
	item = &previous->removed[previous->n_removed];
	item->host = arena_strdup(&previous->arena, flow->host);
	item->check = arena_strdup(&previous->arena, flow->check);
	item->state = (uint8_t)state_of(flow);
	if (!item->host || !item->check)
		return -ENOMEM;
	previous->n_removed++;
	return 0;
}

static int add_flow(struct loading *loading, const struct store_flow *flow)
{
	struct previous *previous = loading->previous;
	int64_t index = plan_find(loading->plan, flow->host, flow->check);

	if (index < 0)
		return add_removed(previous, flow);
	previous->present[index] = true;
	previous->states[index] = (uint8_t)state_of(flow);
	previous->reasons[index] = (uint8_t)reason_of(flow);
	previous->proved[index] =
		!flow->gap && expectation_of(flow->expect).expect == EXPECT_BLOCKED &&
		strcmp(flow->verdict, verdict_word(VERDICT_PASS)) == 0;
	if (!flow->identity || !*flow->identity)
		return 0;
	previous->identities[index] = arena_strdup(&previous->arena, flow->identity);
	return previous->identities[index] ? 0 : -ENOMEM;
}

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct loading *loading = data;

	loading->rc = add_flow(loading, flow);
	return loading->rc == 0;
}

int previous_load(struct store *store, const struct plan *plan, struct previous *out)
{
	struct loading loading = {.previous = out, .plan = plan};
	size_t n = plan->n_flows ? plan->n_flows : 1;
	struct store_scan last;
	int rc;

	*out = (struct previous){0};
	arena_init(&out->arena, 0);
	rc = store_scan_last(store, plan->config->settings.vantage, &last);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	out->scan = last.id;
	out->time_us = last.started_us;
	out->states = calloc(n, sizeof *out->states);
	out->reasons = calloc(n, sizeof *out->reasons);
	out->present = calloc(n, sizeof *out->present);
	out->proved = calloc(n, sizeof *out->proved);
	out->identities = calloc(n, sizeof *out->identities);
	if (!out->states || !out->reasons || !out->present || !out->proved ||
		!out->identities)
		rc = -ENOMEM;
	if (rc == 0)
		rc = store_flows_at(store, out->scan, on_flow, &loading);
	if (rc == 0)
		rc = loading.rc;
	if (rc < 0)
		previous_fini(out);
	return rc;
}

struct diff_side previous_side(const struct previous *previous, uint32_t flow)
{
	if (!previous->scan)
		return (struct diff_side){0};
	return (struct diff_side){
		.present = previous->present[flow],
		.state = (enum probe_state)previous->states[flow],
		.reason = (enum probe_reason)previous->reasons[flow],
		.identity = previous->identities[flow],
	};
}

struct diff_side result_side(
	const struct plan *plan, const struct results *results, uint32_t flow)
{
	const struct flow_result *result = &results->flows[flow];
	const struct plan_check *check = &plan->checks[plan->flows[flow].check];

	return (struct diff_side){
		.present = true,
		.state = (enum probe_state)result->state,
		.reason = (enum probe_reason)result->reason,
		.identity = result->detail ? result->detail->identity : NULL,
		.by_path = check->ops->flags & PROBE_EXPECTS_CLEAR,
		.accepts_closed = plan->flows[flow].accept_closed,
	};
}

void previous_fini(struct previous *previous)
{
	free(previous->states);
	free(previous->reasons);
	free(previous->present);
	free(previous->proved);
	free(previous->identities);
	free(previous->removed);
	arena_fini(&previous->arena);
	*previous = (struct previous){0};
}
