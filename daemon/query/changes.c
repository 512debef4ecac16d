/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/changes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "daemon/analyze/incident.h"
#include "daemon/query/change_set.h"
#include "probes/evidence.h"
#include "probes/registry.h"
#include "probes/trace/evidence.h"

/* Sentences about one incident that are told apart. */
#define MAX_TOLD 16

/* ---- causes in evidence ---------------------------------------------------------- */

const char *changes_cause(struct arena *arena, const struct change *change)
{
	const struct probe_ops *ops =
		change->check ? registry_of_check(change->check) : NULL;
	char *cause;
	const char *copy;

	/* The ICMP error of a silent neighbour is this machine's own. */
	if (!change->evidence || change->reason == REASON_NEIGHBOUR_SILENT)
		return NULL;
	cause = evidence_cause(ops, change->evidence);
	copy = cause ? arena_strdup(arena, cause) : NULL;
	free(cause);
	return copy;
}

const char *changes_hop(struct arena *arena, const struct change *change)
{
	char *hop = trace_evidence_last_hop(change->evidence);
	const char *copy = hop ? arena_strdup(arena, hop) : NULL;

	free(hop);
	return copy;
}

/* ---- the set --------------------------------------------------------------------- */

int change_set_add(struct change_set *set, const struct change *change)
{
	struct change *items =
		array_grow(set->items, &set->capacity, set->count, sizeof *items);

	if (!items)
		return -ENOMEM;
	set->items = items;
	set->items[set->count++] = *change;
	if (change->kind != CHANGE_ADDED && change->kind != CHANGE_REMOVED)
		set->reachability++;
	return 0;
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	/* Those without an incident (added, removed) stand last. */
	uint32_t ix = x->incident - 1, iy = y->incident - 1;

	if (ix != iy)
		return ix < iy ? -1 : 1;
	if (x->flow != y->flow)
		return x->flow < y->flow ? -1 : 1;
	return 0;
}

int change_set_fold(struct change_set *set)
{
	uint32_t *incident_of;
	int rc;

	if (set->reachability == 0)
		return 0;
	rc = incident_fold(
		&set->input, &set->arena, &set->incidents, &set->n_incidents);
	if (rc < 0)
		return rc;
	incident_of = calloc(set->input.n_flows, sizeof *incident_of);
	if (!incident_of)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_incidents; i++)
		for (uint32_t j = 0; j < set->incidents[i].n_flows; j++)
			incident_of[set->incidents[i].flows[j]] = set->incidents[i].id;
	for (uint32_t i = 0; i < set->count; i++)
		if (set->items[i].flow != UINT32_MAX)
			set->items[i].incident = incident_of[set->items[i].flow];
	free(incident_of);
	qsort(set->items, set->count, sizeof *set->items, compare_changes);
	return 0;
}

void changes_fini(struct change_set *set)
{
	intern_fini(&set->hosts);
	intern_fini(&set->checks);
	intern_fini(&set->groups);
	free(set->host_items);
	free(set->flow_items);
	free(set->items);
	arena_fini(&set->arena);
	*set = (struct change_set){0};
}

/* ---- what is silenced ------------------------------------------------------------ */

void changes_silence(struct change_set *set, const uint32_t *silences)
{
	for (uint32_t i = 0; silences && i < set->count; i++)
		if (set->items[i].flow != UINT32_MAX)
			set->items[i].silence = silences[set->items[i].flow];
}

void changes_flap(struct change_set *set, const uint8_t *phases)
{
	for (uint32_t i = 0; phases && i < set->count; i++)
		if (set->items[i].flow != UINT32_MAX)
			set->items[i].flap = phases[set->items[i].flow];
}

uint32_t changes_silenced(const struct change_set *set)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < set->count; i++)
		count += set->items[i].silence != 0;
	return count;
}

/* Are all changes of an incident silenced, or at least quiet? They begin at `at`. */
static void mark_incident(
	const struct change_set *set, uint32_t at, struct report_incident *incident)
{
	uint32_t id = incident->incident->id;
	bool any = at < set->count && set->items[at].incident == id;

	incident->silenced = any;
	incident->quiet = any;
	for (; at < set->count && set->items[at].incident == id; at++) {
		const struct change *change = &set->items[at];
		incident->silenced &= change->silence != 0;
		incident->quiet &= change->silence || change->flap == FLAP_ON;
	}
}

/* ---- where it is dropped --------------------------------------------------------- */

struct told {
	char *sentence;
	uint32_t times;
};

struct tally {
	struct told items[MAX_TOLD];
	uint32_t count, times;
};

static void tally_add(struct tally *tally, char *sentence)
{
	uint32_t at = 0;

	while (at < tally->count && strcmp(tally->items[at].sentence, sentence) != 0)
		at++;
	if (at == MAX_TOLD) {
		free(sentence);
		return;
	}
	if (at == tally->count)
		tally->items[tally->count++] = (struct told){sentence, 0};
	else
		free(sentence);
	tally->items[at].times++;
	tally->times++;
}

static void tally_incident(struct tally *tally, const struct change_set *set,
	uint32_t incident, uint32_t at)
{
	for (; at < set->count && set->items[at].incident == incident; at++) {
		char *sentence = trace_evidence_sentence(set->items[at].evidence);

		if (sentence)
			tally_add(tally, sentence);
	}
}

/* What most walks of an incident came to, and whether all did; NULL: there was none.
 * Its changes begin at `at`. */
static char *trace_of_incident(
	const struct change_set *set, uint32_t incident, uint32_t at)
{
	struct tally tally = {.count = 0};
	uint32_t most = 0;
	struct strbuf text;

	tally_incident(&tally, set, incident, at);
	if (tally.count == 0)
		return NULL;
	for (uint32_t i = 1; i < tally.count; i++)
		if (tally.items[i].times > tally.items[most].times)
			most = i;
	strbuf_init(&text);
	strbuf_adds(&text, tally.items[most].sentence);
	if (tally.count > 1)
		strbuf_addf(&text, " (in %" PRIu32 " of %" PRIu32 " traces)",
			tally.items[most].times, tally.times);
	for (uint32_t i = 0; i < tally.count; i++)
		free(tally.items[i].sentence);
	return strbuf_take(&text);
}

int changes_incidents(const struct change_set *set, int64_t scan,
	int (*each)(void *data, const struct report_incident *incident), void *data)
{
	uint32_t at = 0;
	int rc = 0;

	/* The changes stand in the order of the incidents. */
	for (size_t i = 0; i < set->n_incidents && rc == 0; i++) {
		char *trace = trace_of_incident(set, set->incidents[i].id, at);
		struct report_incident incident = {
			.scan = scan,
			.incident = &set->incidents[i],
			.input = &set->input,
			.trace = trace,
		};
		mark_incident(set, at, &incident);
		rc = each(data, &incident);
		free(trace);
		at += set->incidents[i].n_flows;
	}
	return rc;
}
