/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/earlier.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/analyze/due.h"
#include "daemon/query/snapshot.h"

int earlier_load(struct store *store, const struct snapshot *frame, struct earlier *out)
{
	struct store_scan last;
	int rc = store ? store_scan_last(store, frame->vantage, &last) : -ENOENT;

	*out = (struct earlier){.places = NULL};
	if (rc == 0)
		rc = snapshot_load(store, &last, SNAPSHOT_STATES, &out->snapshot);
	else if (rc == -ENOENT)
		rc = snapshot_init(&out->snapshot);
	if (rc == 0)
		rc = snapshot_match(&out->snapshot, frame, &out->places);
	if (rc < 0)
		return rc;
	out->states = calloc(frame->n_flows + 1U, sizeof *out->states);
	out->reasons = calloc(frame->n_flows + 1U, sizeof *out->reasons);
	out->last = (struct controls_before){out->states, out->reasons};
	if (!out->states || !out->reasons)
		return -ENOMEM;
	for (uint32_t i = 0; i < frame->n_flows; i++) {
		const struct snapshot_flow *then = earlier_flow(out, i);
		out->states[i] = then ? then->state : STATE_NONE;
		out->reasons[i] = then ? then->reason : REASON_NONE;
	}
	return 0;
}

void earlier_fini(struct earlier *earlier)
{
	snapshot_fini(&earlier->snapshot);
	free(earlier->places);
	free(earlier->states);
	free(earlier->reasons);
	*earlier = (struct earlier){.places = NULL};
}

const struct snapshot_flow *earlier_flow(const struct earlier *earlier, uint32_t flow)
{
	uint32_t place = earlier->places[flow];

	return place == SNAPSHOT_NOWHERE ? NULL : &earlier->snapshot.flows[place];
}

struct diff_side earlier_side(const struct earlier *earlier, uint32_t flow)
{
	const struct snapshot_flow *then = earlier_flow(earlier, flow);

	return then ? snapshot_side(&earlier->snapshot, then)
		    : (struct diff_side){.present = false};
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

enum change_kind earlier_change(const struct earlier *earlier, const struct plan *plan,
	const struct results *results, uint32_t flow)
{
	struct diff_side before = earlier_side(earlier, flow);
	struct diff_side after = result_side(plan, results, flow);

	return diff_flow(&before, &after, (enum rule_expect)plan->flows[flow].expect);
}

void earlier_withhold(const struct earlier *earlier, const struct plan *plan,
	const struct results *results, struct snapshot *now)
{
	for (uint32_t i = 0; i < now->n_flows; i++)
		now->flows[i].withheld =
			!now->flows[i].carried &&
			earlier_change(earlier, plan, results, i) != CHANGE_NONE;
}

void earlier_drop_flows(struct earlier *earlier)
{
	int64_t scan = earlier->snapshot.scan;
	int64_t started_us = earlier->snapshot.started_us;

	earlier_fini(earlier);
	earlier->snapshot.scan = scan;
	earlier->snapshot.started_us = started_us;
}
