/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/confirm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/diff.h"
#include "daemon/scan/observe.h"

/* A change of what was known; own trouble and new flows need no second look. */
static bool needs_look(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, uint32_t flow)
{
	enum change_kind kind = earlier_change(earlier, plan, results, flow);

	return kind != CHANGE_NONE && kind != CHANGE_ADDED;
}

/* A flow that differs, and how often it was seen so without a break. */
struct doubt {
	uint32_t flow;
	uint32_t seen;
	uint8_t state, reason;
	char *identity; /* owned; NULL: none */
};

struct doubts {
	struct doubt *items;
	uint32_t *flows; /* of the next look */
	size_t count;
};

/* What it is now becomes what must be seen again. */
static int remember(struct doubt *doubt, const struct diff_side *now)
{
	free(doubt->identity);
	doubt->identity = NULL;
	doubt->seen = 1;
	doubt->state = (uint8_t)now->state;
	doubt->reason = (uint8_t)now->reason;
	if (now->identity)
		doubt->identity = strdup(now->identity);
	return now->identity && !doubt->identity ? -ENOMEM : 0;
}

static bool same_as_before(const struct doubt *doubt, const struct diff_side *now)
{
	struct diff_side last = {
		.present = true,
		.state = (enum probe_state)doubt->state,
		.reason = (enum probe_reason)doubt->reason,
		.identity = doubt->identity,
	};

	return now->state != STATE_ERROR &&
	       diff_flow(&last, now, EXPECT_ANY) == CHANGE_NONE;
}

static int first_doubts(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, struct doubts *out)
{
	size_t count = 0;
	int rc = 0;

	for (uint32_t i = 0; i < plan->n_flows; i++)
		count += needs_look(plan, earlier, results, i);
	if (count == 0)
		return 0;
	out->items = calloc(count, sizeof *out->items);
	out->flows = calloc(count, sizeof *out->flows);
	if (!out->items || !out->flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_flows && rc == 0; i++) {
		struct diff_side now = result_side(plan, results, i);
		if (!needs_look(plan, earlier, results, i))
			continue;
		out->items[out->count].flow = i;
		rc = remember(&out->items[out->count++], &now);
	}
	return rc;
}

/* One flow after another look. *keep: it must be seen once more. */
static int look_at(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, uint32_t confirm, struct doubt *doubt,
	bool *keep)
{
	struct diff_side now = result_side(plan, results, doubt->flow);
	int rc = 0;

	*keep = needs_look(plan, earlier, results, doubt->flow);
	if (!*keep)
		return 0;
	if (same_as_before(doubt, &now))
		doubt->seen++;
	else
		rc = remember(doubt, &now);
	*keep = doubt->seen < confirm;
	return rc;
}

static int settle_doubts(const struct plan *plan, const struct earlier *earlier,
	const struct results *results, uint32_t confirm, struct doubts *doubts)
{
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < doubts->count && rc == 0; i++) {
		struct doubt doubt = doubts->items[i];
		bool keep;
		doubts->items[i].identity = NULL;
		rc = look_at(plan, earlier, results, confirm, &doubt, &keep);
		if (keep)
			doubts->items[kept++] = doubt;
		else
			free(doubt.identity);
	}
	doubts->count = rc == 0 ? kept : doubts->count;
	return rc;
}

/* What did not hold still at once gets a growing moment to do so: none, 250 ms, 500 ms,
 * then a second each. */
static void wait_before(struct engine *engine, uint32_t look)
{
	static const uint32_t pauses_ms[] = {0, 0, 250, 500, 1000};

	engine_wait(engine, pauses_ms[look < 4 ? look : 4]);
}

static int look_again(struct engine *engine, const struct plan *plan,
	struct doubts *doubts, struct results *results)
{
	for (size_t i = 0; i < doubts->count; i++)
		doubts->flows[i] = doubts->items[i].flow;
	return observe(engine, plan, doubts->flows, doubts->count, results);
}

static void doubts_fini(struct doubts *doubts)
{
	for (size_t i = 0; i < doubts->count; i++)
		free(doubts->items[i].identity);
	free(doubts->items);
	free(doubts->flows);
}

int confirm_changes(struct engine *engine, const struct plan *plan,
	const struct earlier *earlier, uint32_t confirm, struct results *results)
{
	struct doubts doubts = {.count = 0};
	int rc = 0;

	if (!earlier->snapshot.scan || confirm < 2)
		return 0;
	rc = first_doubts(plan, earlier, results, &doubts);
	for (uint32_t look = 1; look <= 2 * confirm && doubts.count && rc == 0;
		look++) {
		wait_before(engine, look);
		rc = look_again(engine, plan, &doubts, results);
		if (rc == 0)
			rc = settle_doubts(plan, earlier, results, confirm, &doubts);
	}
	doubts_fini(&doubts);
	return rc;
}
