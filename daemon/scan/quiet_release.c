/* SPDX-License-Identifier: Apache-2.0 */
/* What a silence kept back is told when it is over. */
#include <errno.h>
#include <string.h>

#include "daemon/scan/quiet.h"

struct releasing {
	const struct plan *plan;
	const uint32_t *silences;
	const struct quiet *over; /* the one silence that is over */
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
		!quiet_of_plan(r->over, r->plan, (uint32_t)found))
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

/* When the first began of those that follow each other up to silence `at`. They stand
 * in the order in which they were made. */
static int64_t beginning(const struct quiet *all, uint32_t at)
{
	const struct silence *last = &all->silences[at];
	int64_t from_us = last->from_us;

	for (uint32_t i = at; i-- > 0;) {
		const struct silence *s = &all->silences[i];
		if (same_scope(&s->scope, &last->scope) && s->from_us < from_us &&
			end_of(s) >= from_us)
			from_us = s->from_us;
	}
	return from_us;
}

static int release_one(struct store *store, const struct quiet *all, uint32_t at,
	struct releasing *releasing)
{
	const struct quiet over = {.silences = &all->silences[at], .count = 1};
	struct store_scan scan;
	int rc = store_scan_at(store, releasing->plan->config->settings.vantage,
		beginning(all, at), &scan);

	if (rc == -ENOENT)
		return 0;
	releasing->over = &over;
	if (rc == 0)
		rc = store_flows_at(store, scan.id, on_flow, releasing);
	return rc == 0 ? releasing->rc : rc;
}

int quiet_release(struct store *store, const struct plan *plan,
	const uint32_t *silences, int64_t since_us, int64_t now_us,
	struct previous *previous)
{
	struct releasing releasing = {plan, silences, NULL, previous, 0};
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
