/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/incidents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "probes/trace/evidence.h"

/* Sentences about one incident that are told apart. */
#define MAX_SENTENCES 16

/* ---- the open ones --------------------------------------------------------------- */

struct loading {
	struct open_incidents *out;
	uint32_t capacity;
	int rc;
};

static bool on_incident(void *data, const struct store_incident *row)
{
	struct loading *loading = data;
	struct open_incidents *out = loading->out;
	struct open_incident *items = array_grow(
		out->items, &loading->capacity, (uint32_t)out->count, sizeof *items);

	if (!items) {
		loading->rc = -ENOMEM;
		return false;
	}
	out->items = items;
	items[out->count] = (struct open_incident){
		.number = row->id,
		.kind = (uint8_t)change_kind_of(row->kind),
		.opened_scan = row->opened_scan,
		.opened_us = row->opened_us,
		.flows = row->flows,
		.remaining = row->remaining,
	};
	snprintf(items[out->count++].uid, INCIDENT_UID, "%s", row->uid);
	return true;
}

int incidents_load_open(
	struct store *store, const char *vantage, struct open_incidents *out)
{
	struct loading loading = {.out = out};
	int rc;

	*out = (struct open_incidents){.count = 0};
	rc = store_incident_list(store, vantage, true, on_incident, &loading);
	return rc < 0 ? rc : loading.rc;
}

void incidents_fini(struct open_incidents *open)
{
	free(open->items);
	*open = (struct open_incidents){.count = 0};
}

/* ---- where it is dropped --------------------------------------------------------- */

struct sentence {
	char *sentence;
	uint32_t times;
};

struct tally {
	struct sentence items[MAX_SENTENCES];
	uint32_t count, times;
};

static void tally_add(struct tally *tally, char *sentence)
{
	uint32_t at = 0;

	while (at < tally->count && strcmp(tally->items[at].sentence, sentence) != 0)
		at++;
	if (at == MAX_SENTENCES) {
		free(sentence);
		return;
	}
	if (at == tally->count)
		tally->items[tally->count++] = (struct sentence){sentence, 0};
	else
		free(sentence);
	tally->items[at].times++;
	tally->times++;
}

static void tally_incident(struct tally *tally, const struct change_set *set,
	uint32_t incident, uint32_t at)
{
	for (; at < set->count && set->items[at].incident == incident; at++) {
		const char *evidence = set->items[at].evidence;
		char *sentence = NULL;
		/* Most have none, and parsing takes time. */
		if (evidence && strstr(evidence, "\"trace\""))
			sentence = trace_evidence_sentence(evidence);
		if (sentence)
			tally_add(tally, sentence);
	}
}

/* What most traces of an incident say, and whether all did; NULL: there was none.
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

/* ---- rows ------------------------------------------------------------------------ */

/* Are all changes of an incident silenced, or at least muted? They begin at `at`. */
static void fill_mute(
	const struct change_set *set, uint32_t at, struct report_incident *row)
{
	uint32_t id = row->incident->id;
	bool any = at < set->count && set->items[at].incident == id;

	row->silenced = any;
	row->quiet = any;
	for (; at < set->count && set->items[at].incident == id; at++) {
		const struct change *change = &set->items[at];
		row->silenced &= change->silence != 0;
		row->quiet &= change->silence || change->flap == FLAP_ON;
	}
}

static struct report_incident_ref ref_of(const struct open_incident *open)
{
	return (struct report_incident_ref){
		.number = open->number,
		.uid = open->uid,
		.kind = (enum change_kind)open->kind,
		.opened_us = open->opened_us,
		.flows = open->flows,
		.remaining = open->left,
		.status = open->left ? INCIDENT_UPDATED : INCIDENT_CLOSED,
	};
}

/* free() *refs. 0 or -ENOMEM. */
static int fill_life(const struct incidents_life *life,
	const struct reported_incident *reported, struct report_incident *row,
	struct report_incident_ref **refs)
{
	*refs = calloc(reported->n_open + 1U, sizeof **refs);
	if (!*refs)
		return -ENOMEM;
	for (uint32_t i = 0; i < reported->n_open; i++)
		(*refs)[i] = ref_of(&life->open->items[reported->open[i]]);
	row->number = reported->number;
	row->uid = reported->uid;
	row->opening = row->incident->kind;
	row->status = reported->status;
	row->refs = *refs;
	row->n_refs = reported->n_open;
	row->opened_us = life->opened_us;
	row->flows = row->incident->n_flows;
	/* One without flows is about the vantage, and is 1 while it is open. */
	row->remaining = reported->opens ? (row->flows ? row->flows : 1) : 0;
	if (reported->opens || reported->n_open == 0)
		return 0;
	row->opening = (*refs)->kind;
	row->opened_us = (*refs)->opened_us;
	row->flows = (*refs)->flows;
	row->remaining = (*refs)->remaining;
	return 0;
}

int incidents_each(const struct change_set *set, int64_t scan,
	const struct incidents_life *life,
	int (*each)(void *data, const struct report_incident *incident), void *data)
{
	uint32_t at = 0;
	int rc = 0;

	/* The changes stand in the order of the incidents. */
	for (size_t i = 0; i < set->n_incidents && rc == 0; i++) {
		struct report_incident_ref *refs = NULL;
		char *trace = trace_of_incident(set, set->incidents[i].id, at);
		struct report_incident row = {
			.scan = scan,
			.incident = &set->incidents[i],
			.input = &set->input,
			.trace = trace,
		};
		fill_mute(set, at, &row);
		if (life && !life->lifecycle->reported[i].muted)
			rc = fill_life(
				life, &life->lifecycle->reported[i], &row, &refs);
		if (rc == 0)
			rc = each(data, &row);
		free(refs);
		free(trace);
		at += set->incidents[i].n_flows;
	}
	return rc;
}
