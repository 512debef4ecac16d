/* SPDX-License-Identifier: Apache-2.0 */
/* What a silence kept back is told when it is over. */
#include <errno.h>
#include <string.h>

#include "daemon/scan/quiet.h"

struct releasing {
	const struct plan *plan;
	const uint32_t *silences;
	struct quiet over; /* the one silence that is over */
	struct previous *previous;
	int rc;
};

static int put_back(struct previous *previous, uint32_t flow,
	const struct store_flow *then, enum probe_state state)
{
	const char *identity = NULL;

	if (*then->identity) {
		identity = arena_strdup(&previous->arena, then->identity);
		if (!identity)
			return -ENOMEM;
	}
	previous->states[flow] = (uint8_t)state;
	previous->identities[flow] = identity;
	return 0;
}

static bool on_flow(void *data, const struct store_flow *then)
{
	struct releasing *r = data;
	int64_t found = plan_find(r->plan, then->host, then->check);
	enum probe_state state;

	if (found < 0 || !r->previous->present[found] ||
		!probe_state_from_word(then->state, &state) ||
		(r->silences && r->silences[found]) ||
		!quiet_of_plan(&r->over, r->plan, (uint32_t)found))
		return true;
	r->rc = put_back(r->previous, (uint32_t)found, then, state);
	return r->rc == 0;
}

static int64_t end_of(const struct silence *silence)
{
	return silence->ended_us && silence->ended_us < silence->until_us
		       ? silence->ended_us
		       : silence->until_us;
}

static bool same_scope(const struct silence_scope *a, const struct silence_scope *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->group, b->group) == 0 &&
	       strcmp(a->rule, b->rule) == 0 && strcmp(a->check, b->check) == 0 &&
	       strcmp(a->vantage, b->vantage) == 0;
}

/* The scan after which the first began of those that follow each other up to silence
 * `at`. They stand in the order in which they were made. */
static int64_t scan_before(const struct quiet *all, uint32_t at)
{
	const struct silence *last = &all->silences[at], *first = last;

	for (uint32_t i = at; i-- > 0;) {
		const struct silence *s = &all->silences[i];
		if (same_scope(&s->scope, &last->scope) && end_of(s) >= first->from_us)
			first = s;
	}
	return first->after_scan;
}

struct finding {
	const char *vantage;
	int64_t limit, found; /* found 0: none */
};

static bool on_scan(void *data, const struct store_scan *scan)
{
	struct finding *finding = data;

	if (scan->id > finding->limit || scan->status != STORE_SCAN_COMPLETE ||
		strcmp(scan->vantage, finding->vantage) != 0)
		return true;
	finding->found = scan->id;
	return false;
}

static int release_one(struct store *store, const struct quiet *all, uint32_t at,
	struct releasing *releasing)
{
	struct finding finding = {.vantage = releasing->plan->config->settings.vantage,
		.limit = scan_before(all, at)};
	int rc = store_scan_list(store, UINT32_MAX, on_scan, &finding);

	if (rc < 0 || !finding.found)
		return rc;
	releasing->over = (struct quiet){.silences = &all->silences[at], .count = 1};
	rc = store_flows_at(store, finding.found, on_flow, releasing);
	return rc == 0 ? releasing->rc : rc;
}

int quiet_release(struct store *store, const struct plan *plan,
	const uint32_t *silences, int64_t since_us, int64_t now_us,
	struct previous *previous)
{
	struct releasing releasing = {
		.plan = plan, .silences = silences, .previous = previous};
	struct quiet all;
	int rc;

	if (!previous->scan)
		return 0;
	rc = quiet_load_all(store, &all);
	if (rc < 0)
		return rc;
	/* The newest first: an older one of the same flow goes further back. */
	for (uint32_t i = all.count; i-- > 0 && rc == 0;) {
		int64_t end_us = end_of(&all.silences[i]);
		if (since_us < end_us && end_us <= now_us)
			rc = release_one(store, &all, i, &releasing);
	}
	quiet_fini(&all);
	return rc;
}
