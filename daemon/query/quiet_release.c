/* SPDX-License-Identifier: Apache-2.0 */
/* What a silence kept back is told when it is over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/query/quiet.h"

struct releasing {
	const struct plan *plan;
	const uint32_t *silences;
	struct previous *previous;
	struct quiet then; /* what held when one silence ended, each beginning when the
			      first of its chain did */
	int64_t *after;    /* per flow: the scan after which it became quiet; -1: it was
			      not, or still is */
	int64_t scan;      /* one of these */
	int rc;
};

static int put_back(struct previous *previous, uint32_t flow,
	const struct store_flow *then, enum probe_state state)
{
	const char *identity = NULL;
	enum probe_reason reason = REASON_NONE;

	probe_reason_from_word(then->reason, &reason);
	if (*then->identity) {
		identity = arena_strdup(&previous->arena, then->identity);
		if (!identity)
			return -ENOMEM;
	}
	previous->states[flow] = (uint8_t)state;
	previous->reasons[flow] = (uint8_t)reason;
	previous->identities[flow] = identity;
	return 0;
}

static bool on_flow(void *data, const struct store_flow *then)
{
	struct releasing *r = data;
	int64_t found = plan_find(r->plan, then->host, then->check);
	enum probe_state state;

	if (found < 0 || r->after[found] != r->scan ||
		!probe_state_from_word(then->state, &state))
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

/* The newest up to the limit, or else the oldest that is kept. */
static bool on_scan(void *data, const struct store_scan *scan)
{
	struct finding *finding = data;

	if (scan->status != STORE_SCAN_COMPLETE ||
		strcmp(scan->vantage, finding->vantage) != 0)
		return true;
	finding->found = scan->id;
	return scan->id > finding->limit;
}

static int put_back_all(struct store *store, struct releasing *r, int64_t scan)
{
	struct finding finding = {
		.vantage = r->plan->config->settings.vantage, .limit = scan};
	int rc = store_scan_list(store, UINT32_MAX, on_scan, &finding);

	if (rc < 0 || !finding.found)
		return rc;
	r->scan = scan;
	rc = store_flows_at(store, finding.found, on_flow, r);
	return rc == 0 ? r->rc : rc;
}

/* Whether any became quiet after it. */
static bool find_flows(struct releasing *r, int64_t scan)
{
	bool any = false;

	for (uint32_t i = 0; i < r->plan->n_flows; i++) {
		const struct silence *by = NULL;
		if (r->previous->present[i] && !(r->silences && r->silences[i]))
			by = quiet_find(&r->then, r->plan, i);
		r->after[i] = by ? by->after_scan : -1;
		any = any || r->after[i] == scan;
	}
	return any;
}

/* All that held when silence `at` ended: others may have hidden a flow together with
 * it. */
static void find_silences(struct releasing *r, const struct quiet *all, uint32_t at)
{
	int64_t then_us = end_of(&all->silences[at]) - 1;

	r->then.count = 0;
	for (uint32_t i = 0; i < all->count; i++) {
		struct silence *one = &r->then.silences[r->then.count];
		if (i != at && !silence_held(&all->silences[i], then_us))
			continue;
		*one = all->silences[i];
		one->after_scan = scan_before(all, i);
		r->then.count++;
	}
}

static bool is_first_of_its_scan(const struct quiet *quiet, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (quiet->silences[i].after_scan == quiet->silences[at].after_scan)
			return false;
	return true;
}

static int release_one(
	struct store *store, const struct quiet *all, uint32_t at, struct releasing *r)
{
	int rc = 0;

	find_silences(r, all, at);
	for (uint32_t i = 0; i < r->then.count && rc == 0; i++) {
		int64_t scan = r->then.silences[i].after_scan;
		if (is_first_of_its_scan(&r->then, i) && find_flows(r, scan))
			rc = put_back_all(store, r, scan);
	}
	return rc;
}

static int release_all(struct store *store, const struct quiet *all, int64_t since_us,
	int64_t now_us, struct releasing *r)
{
	int rc = 0;

	/* The newest first: an older one of the same flow goes further back. */
	for (uint32_t i = all->count; i-- > 0 && rc == 0;) {
		int64_t end_us = end_of(&all->silences[i]);
		if (since_us < end_us && end_us <= now_us)
			rc = release_one(store, all, i, r);
	}
	return rc;
}

int quiet_release(struct store *store, const struct plan *plan,
	const uint32_t *silences, int64_t since_us, int64_t now_us,
	struct previous *previous)
{
	struct releasing r = {.plan = plan, .silences = silences, .previous = previous};
	struct quiet all = {.count = 0};
	int rc;

	if (!previous->scan)
		return 0;
	rc = quiet_load_all(store, &all);
	if (rc < 0)
		return rc;
	r.then.silences = calloc(all.count + 1U, sizeof *r.then.silences);
	r.after = calloc(plan->n_flows + 1U, sizeof *r.after);
	rc = r.then.silences && r.after ? release_all(store, &all, since_us, now_us, &r)
					: -ENOMEM;
	free(r.then.silences);
	free(r.after);
	quiet_fini(&all);
	return rc;
}
