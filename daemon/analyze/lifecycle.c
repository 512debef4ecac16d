/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/lifecycle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "daemon/analyze/due.h"

struct settling {
	const struct snapshot *before, *now;
	const uint32_t *places;
	const struct change_set *set;
	const struct lifecycle_terms *terms;
	struct open_incidents *open;
	struct lifecycle *out;
};

void lifecycle_uid(const uint64_t seed[2], int64_t number, char uid[INCIDENT_UID])
{
	snprintf(uid, INCIDENT_UID, "%016" PRIx64 "%016" PRIx64, seed[0],
		intern_mix(seed[1] + (uint64_t)number));
}

static const struct snapshot_flow *then_of(const struct settling *s, uint32_t flow)
{
	uint32_t place = s->places[flow];

	return place == SNAPSHOT_NOWHERE ? NULL : &s->before->flows[place];
}

static int compare_open(const void *key, const void *item)
{
	int64_t number = *(const int64_t *)key;
	const struct open_incident *incident = item;

	return (number > incident->number) - (number < incident->number);
}

/* NULL: it is not open, which a damaged store may claim. */
static struct open_incident *find_open(struct open_incidents *open, int64_t number)
{
	if (!number || open->count == 0)
		return NULL;
	return bsearch(
		&number, open->items, open->count, sizeof *open->items, compare_open);
}

/* ---- flows ----------------------------------------------------------------------- */

/* What is reported moves only with what this scan measured and may report. */
static void settle_flow(struct settling *s, uint32_t flow)
{
	const struct snapshot_flow *now = &s->now->flows[flow], *then;
	struct due due;

	then = then_of(s, flow);
	s->out->incidents[flow] = then ? then->incident : 0;
	if (s->now->degraded || !due_is_measured(now))
		return;
	due = due_of(s->before, then, s->now, now);
	if (s->terms->adopt ? due.adopt || due.kind != CHANGE_NONE
			    : due.adopt && !due_is_muted(now))
		s->out->steps[flow] = REPORTED_NOW;
}

static void settle_change(struct settling *s, const struct change *change,
	const struct reported_incident *reported)
{
	s->out->steps[change->flow] = REPORTED_NOW;
	if (due_opens((enum change_kind)change->kind))
		s->out->incidents[change->flow] = (uint32_t)reported->number;
	else if (change->kind == CHANGE_RECOVERY)
		s->out->incidents[change->flow] = 0;
}

/* ---- incidents ------------------------------------------------------------------- */

/* The open incidents that the flows of one of the set were part of. */
static int find_touched(struct settling *s, uint32_t first, uint32_t count, bool *marks,
	struct reported_incident *reported)
{
	uint32_t *open = NULL;
	uint32_t n = 0;

	for (uint32_t i = first; i < first + count; i++) {
		const struct snapshot_flow *then = then_of(s, s->set->items[i].flow);
		struct open_incident *one =
			then ? find_open(s->open, then->incident) : NULL;
		if (one && !marks[one - s->open->items]) {
			marks[one - s->open->items] = true;
			n++;
		}
	}
	if (n)
		open = arena_calloc(&s->out->arena, n, sizeof *open);
	if (n && !open)
		return -ENOMEM;
	for (size_t i = 0, at = 0; at < n; i++) {
		if (marks[i])
			open[at++] = (uint32_t)i;
		marks[i] = false;
	}
	reported->open = open;
	reported->n_open = n;
	return 0;
}

static void name_reported(
	struct settling *s, bool opens, struct reported_incident *reported)
{
	reported->opens = opens;
	if (opens || reported->n_open == 0) {
		reported->number = s->out->next++;
		lifecycle_uid(s->terms->seed, reported->number, reported->uid);
	} else {
		const struct open_incident *about = &s->open->items[reported->open[0]];
		reported->number = about->number;
		memcpy(reported->uid, about->uid, sizeof reported->uid);
	}
}

/* That of the vantage, of which one at most is open: the one without flows. */
static int settle_vantage(
	struct settling *s, enum change_kind kind, struct reported_incident *reported)
{
	uint32_t *open = arena_calloc(&s->out->arena, 1, sizeof *open);

	if (!open)
		return -ENOMEM;
	reported->open = open;
	for (size_t i = 0; i < s->open->count && reported->n_open == 0; i++) {
		struct open_incident *one = &s->open->items[i];
		if (one->flows)
			continue;
		*open = (uint32_t)i;
		reported->n_open = 1;
		one->left = kind != CHANGE_RECOVERY;
	}
	name_reported(s, kind != CHANGE_RECOVERY && reported->n_open == 0, reported);
	return 0;
}

static int settle_incidents(struct settling *s)
{
	const struct change_set *set = s->set;
	bool *marks = calloc(s->open->count + 1, sizeof *marks);
	uint32_t at = 0;
	int rc = marks ? 0 : -ENOMEM;

	for (size_t i = 0; i < set->n_incidents && rc == 0; i++) {
		const struct incident *incident = &set->incidents[i];
		struct reported_incident *reported = &s->out->reported[i];
		if (incident->scope == INCIDENT_VANTAGE) {
			rc = settle_vantage(s, incident->kind, reported);
			continue;
		}
		reported->muted = s->terms->adopt || set->items[at].muted;
		if (!reported->muted) {
			rc = find_touched(s, at, incident->n_flows, marks, reported);
			name_reported(s, due_opens(incident->kind), reported);
		}
		for (uint32_t j = at; !reported->muted && j < at + incident->n_flows;
			j++)
			settle_change(s, &set->items[j], reported);
		at += incident->n_flows;
	}
	free(marks);
	return rc;
}

/* What is left of each open incident follows from its flows alone. */
static void count_left(struct settling *s)
{
	for (uint32_t i = 0; i < s->now->n_flows; i++) {
		struct open_incident *one = find_open(s->open, s->out->incidents[i]);
		if (one)
			one->left++;
	}
}

static void find_status(const struct settling *s, struct reported_incident *reported)
{
	uint64_t left = 0;

	for (uint32_t i = 0; i < reported->n_open; i++)
		left += s->open->items[reported->open[i]].left;
	reported->status = reported->opens ? INCIDENT_OPENED
			   : left          ? INCIDENT_UPDATED
					   : INCIDENT_CLOSED;
}

int lifecycle_settle(const struct snapshot *before, const uint32_t *places,
	const struct snapshot *now, const struct change_set *set,
	const struct lifecycle_terms *terms, struct open_incidents *open,
	struct lifecycle *out)
{
	struct settling s = {before, now, places, set, terms, open, out};
	int rc = 0;

	*out = (struct lifecycle){.next = terms->next};
	arena_init(&out->arena, 0);
	out->reported =
		arena_calloc(&out->arena, set->n_incidents + 1, sizeof *out->reported);
	out->steps = calloc(now->n_flows + 1U, sizeof *out->steps);
	out->incidents = calloc(now->n_flows + 1U, sizeof *out->incidents);
	if (!out->reported || !out->steps || !out->incidents)
		rc = -ENOMEM;
	for (size_t i = 0; i < open->count; i++)
		open->items[i].left = open->items[i].flows ? 0 : 1;
	for (uint32_t i = 0; i < now->n_flows && rc == 0; i++)
		settle_flow(&s, i);
	if (rc == 0)
		rc = settle_incidents(&s);
	if (rc < 0) {
		lifecycle_fini(out);
		return rc;
	}
	count_left(&s);
	for (size_t i = 0; i < set->n_incidents; i++)
		find_status(&s, &out->reported[i]);
	return 0;
}

void lifecycle_fini(struct lifecycle *lifecycle)
{
	free(lifecycle->steps);
	free(lifecycle->incidents);
	arena_fini(&lifecycle->arena);
	*lifecycle = (struct lifecycle){.next = 0};
}
