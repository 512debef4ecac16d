/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/confirm.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/scan/observe.h"
#include "daemon/verdict/diff.h"

/* A change of what was known; own trouble and new flows need no second look. */
static bool needs_look(const struct plan *plan, const struct previous *previous,
	const struct results *results, uint32_t flow)
{
	struct diff_side before = previous_side(previous, flow);
	struct diff_side after = result_side(plan, results, flow);
	enum change_kind kind =
		diff_flow(&before, &after, (enum rule_expect)plan->flows[flow].expect);

	return kind != CHANGE_NONE && kind != CHANGE_ADDED;
}

/* The flows of `from` (all when NULL) that need a look. */
static size_t select_flows(const struct plan *plan, const struct previous *previous,
	const struct results *results, const uint32_t *from, size_t n_from,
	uint32_t *out)
{
	size_t count = 0;

	for (size_t i = 0; i < n_from; i++) {
		uint32_t flow = from ? from[i] : (uint32_t)i;
		if (needs_look(plan, previous, results, flow))
			out[count++] = flow;
	}
	return count;
}

int confirm_changes(struct engine *engine, const struct plan *plan,
	const struct previous *previous, uint32_t confirm, struct results *results)
{
	uint32_t *flows;
	size_t count;
	int rc = 0;

	if (!previous->scan || confirm < 2)
		return 0;
	flows = calloc(plan->n_flows ? plan->n_flows : 1, sizeof *flows);
	if (!flows)
		return -ENOMEM;
	count = select_flows(plan, previous, results, NULL, plan->n_flows, flows);
	for (uint32_t seen = 1; seen < confirm && count && rc == 0; seen++) {
		rc = observe(engine, plan, flows, count, results);
		count = select_flows(plan, previous, results, flows, count, flows);
	}
	free(flows);
	return rc;
}
