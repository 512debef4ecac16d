/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/flapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probes/registry.h"

enum {
	MAX_SCANS = 5000, /* that are looked back at */
	KEY_SIZE = 2048,
};

struct flap_limits flapping_limits(const struct settings *settings)
{
	return (struct flap_limits){
		.changes = settings->flap_changes,
		.within_us = (int64_t)settings->flap_within_ms * 1000,
		.settle_us = (int64_t)settings->flap_settle_ms * 1000,
	};
}

/* ---- the scans of late ---------------------------------------------------------- */

/* Newest first, then turned round. */
struct scans {
	const char *vantage;
	int64_t *ids, *times_us;
	bool *degraded;
	size_t count;
	int64_t oldest_us, reached_us; /* how far to look back, and how far it went */
};

/* Steps of the clock are no way back: only what passed counts. */
static bool on_scan(void *data, const struct store_scan *scan)
{
	struct scans *s = data;

	if (scan->status != STORE_SCAN_COMPLETE ||
		strcmp(scan->vantage, s->vantage) != 0)
		return true;
	if (s->count && scan->started_us < s->times_us[s->count - 1])
		s->reached_us += s->times_us[s->count - 1] - scan->started_us;
	s->ids[s->count] = scan->id;
	s->times_us[s->count] = scan->started_us;
	s->degraded[s->count] = scan->degraded;
	s->count++;
	return s->count < MAX_SCANS && s->reached_us < s->oldest_us;
}

static void turn_round(struct scans *s)
{
	for (size_t i = 0, j = s->count; i + 1 < j--; i++) {
		int64_t id = s->ids[i], time_us = s->times_us[i];
		bool degraded = s->degraded[i];
		s->ids[i] = s->ids[j];
		s->times_us[i] = s->times_us[j];
		s->degraded[i] = s->degraded[j];
		s->ids[j] = id;
		s->times_us[j] = time_us;
		s->degraded[j] = degraded;
	}
}

/*
 * A flow that flaps slowly is remembered by what it did before, so it is looked back
 * eight times as far as one decision needs. 0, -ENOMEM or another negative errno;
 * scans_fini() either way.
 */
static int scans_load(struct store *store, const char *vantage,
	const struct flap_limits *limits, struct scans *s)
{
	int rc;

	*s = (struct scans){
		.vantage = vantage,
		.ids = calloc(MAX_SCANS, sizeof *s->ids),
		.times_us = calloc(MAX_SCANS + 1, sizeof *s->times_us),
		.degraded = calloc(MAX_SCANS, sizeof *s->degraded),
		.oldest_us = 8 * (limits->within_us + limits->settle_us),
	};
	if (!s->ids || !s->times_us || !s->degraded)
		return -ENOMEM;
	rc = store_scan_list(store, UINT32_MAX, on_scan, s);
	turn_round(s);
	return rc;
}

static void scans_fini(struct scans *s)
{
	free(s->ids);
	free(s->times_us);
	free(s->degraded);
}

/* Where a scan stands among them; they rise by number. */
static size_t scan_place(const struct scans *s, int64_t id)
{
	size_t low = 0, high = s->count;

	while (low + 1 < high) {
		size_t middle = (low + high) / 2;
		if (s->ids[middle] <= id)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ---- each flow's changes -------------------------------------------------------- */

/* One flow at a time, as its moves come. */
struct reading {
	const struct flap_limits *limits;
	const struct scans *scans;
	char host[INVENTORY_MAX_NAME + 1];
	char check[PROBE_ARGUMENT_MAX + 32];
	bool any;
	struct flap flap;
	enum probe_state told; /* what was told of it last */
	char *told_identity;   /* owned */
	int (*flow)(struct reading *reading);
	void *data;
	int rc;
};

static enum probe_state state_of(const char *word)
{
	enum probe_state state = STATE_NONE;

	probe_state_from_word(word, &state);
	return state;
}

static bool counts_by_path(const char *check)
{
	const struct probe_ops *ops = registry_of_check(check);

	return ops && ops->flags & PROBE_EXPECTS_CLEAR;
}

static bool is_change(const struct store_move *move)
{
	struct diff_side before = {
		.present = true,
		.state = state_of(move->from_state),
		.identity = move->from_identity,
		.by_path = counts_by_path(move->check),
	};
	struct diff_side after = {
		.present = true,
		.state = state_of(move->to_state),
		.identity = move->to_identity,
	};

	return diff_flow(&before, &after, EXPECT_ANY) != CHANGE_NONE;
}

static int tell(struct reading *reading, const struct store_move *move)
{
	reading->told = state_of(move->to_state);
	free(reading->told_identity);
	reading->told_identity = strdup(move->to_identity);
	return reading->told_identity ? 0 : -ENOMEM;
}

static int end_flow(struct reading *reading)
{
	int rc = reading->any ? reading->flow(reading) : 0;

	reading->any = false;
	reading->flap = (struct flap){0};
	return rc;
}

static int begin_flow(struct reading *reading, const struct store_move *move)
{
	int rc = end_flow(reading);

	snprintf(reading->host, sizeof reading->host, "%s", move->host);
	snprintf(reading->check, sizeof reading->check, "%s", move->check);
	reading->any = true;
	return rc;
}

static int take_move(struct reading *reading, const struct store_move *move)
{
	int64_t time_us;
	int rc = 0;

	if (!reading->any || strcmp(reading->host, move->host) != 0 ||
		strcmp(reading->check, move->check) != 0)
		rc = begin_flow(reading, move);
	if (rc < 0 || !is_change(move))
		return rc;
	time_us = reading->scans->times_us[scan_place(reading->scans, move->scan)];
	if (flap_change(&reading->flap, reading->limits, time_us) != FLAP_ON)
		rc = tell(reading, move);
	return rc;
}

static bool on_move(void *data, const struct store_move *move)
{
	struct reading *reading = data;

	reading->rc = take_move(reading, move);
	return reading->rc == 0;
}

static int read_moves(struct store *store, struct reading *reading)
{
	int rc = 0;

	/* A new store's first scan is of no interest, and all flows begin there. */
	if (reading->scans->count)
		rc = store_moves(store, reading->scans->vantage,
			reading->scans->ids[0] + 1, on_move, reading);
	if (rc == 0)
		rc = reading->rc;
	if (rc == 0)
		rc = end_flow(reading);
	free(reading->told_identity);
	return rc;
}

/* ---- of a scan ------------------------------------------------------------------ */

struct judging {
	const struct plan *plan;
	const struct results *results;
	struct previous *previous;
	struct flapping *out;
	bool degraded;
	int64_t last_us, now_us; /* the last clean scan's and this one's */
};

static bool has_changed(const struct judging *judging, uint32_t flow)
{
	struct diff_side before = previous_side(judging->previous, flow);
	struct diff_side after = result_side(judging->plan, judging->results, flow);
	enum change_kind kind = diff_flow(&before, &after, EXPECT_ANY);

	return !judging->degraded && kind != CHANGE_NONE && kind != CHANGE_ADDED;
}

/* What it settled on is held against what was told of it last. */
static int compare_with_told(
	struct judging *judging, const struct reading *reading, uint32_t flow)
{
	struct previous *previous = judging->previous;
	const char *identity = NULL;

	if (*reading->told_identity) {
		identity = arena_strdup(&previous->arena, reading->told_identity);
		if (!identity)
			return -ENOMEM;
	}
	previous->states[flow] = (uint8_t)reading->told;
	previous->reasons[flow] = REASON_NONE; /* not read: the state's path alone */
	previous->identities[flow] = identity;
	return 0;
}

static int note_phase(struct judging *judging, uint32_t flow, enum flap_phase phase)
{
	struct flapping *out = judging->out;

	if (!out->phases)
		out->phases = calloc(judging->plan->n_flows, sizeof *out->phases);
	if (!out->phases)
		return -ENOMEM;
	out->phases[flow] = (uint8_t)phase;
	return 0;
}

static int judge_flow(struct reading *reading)
{
	struct judging *judging = reading->data;
	int64_t found = plan_find(judging->plan, reading->host, reading->check);
	enum flap_phase phase;
	uint32_t flow;
	int rc = 0;

	if (found < 0 || !judging->previous->present[found])
		return 0;
	flow = (uint32_t)found;
	if (has_changed(judging, flow))
		phase = flap_change(&reading->flap, reading->limits, judging->now_us);
	else
		phase = flap_look(&reading->flap, reading->limits, judging->last_us,
			judging->now_us);
	if (phase == FLAP_ENDED && judging->degraded)
		phase = FLAP_ON;
	if (phase == FLAP_ENDED)
		rc = compare_with_told(judging, reading, flow);
	return rc == 0 && phase != FLAP_NONE ? note_phase(judging, flow, phase) : rc;
}

/* The newest clean scan: what has ended since then ends now. */
static int64_t last_clean(const struct scans *s)
{
	for (size_t i = s->count; i-- > 0;)
		if (!s->degraded[i])
			return s->times_us[i];
	return INT64_MIN;
}

int flapping_of_scan(struct store *store, const struct plan *plan,
	const struct results *results, bool degraded, int64_t now_us,
	struct previous *previous, struct flapping *out)
{
	struct flap_limits limits = flapping_limits(&plan->config->settings);
	struct scans scans;
	struct judging judging = {plan, results, previous, out, degraded, 0, 0};
	struct reading reading = {.limits = &limits,
		.scans = &scans,
		.flow = judge_flow,
		.data = &judging};
	int rc;

	*out = (struct flapping){NULL};
	if (!previous->scan)
		return 0;
	rc = scans_load(store, plan->config->settings.vantage, &limits, &scans);
	if (rc == 0) {
		scans.times_us[scans.count] = now_us;
		flap_timeline(scans.times_us, scans.count + 1);
		judging.now_us = scans.times_us[scans.count];
		judging.last_us = last_clean(&scans);
		rc = read_moves(store, &reading);
	}
	scans_fini(&scans);
	if (rc < 0)
		flapping_fini(out);
	return rc;
}

void flapping_fini(struct flapping *flapping)
{
	free(flapping->phases);
	flapping->phases = NULL;
}

/* ---- of stored scans ------------------------------------------------------------ */

struct naming {
	struct flapping_names *out;
	int64_t now_us;
};

static bool key_of(const char *host, const char *check, char *key)
{
	return snprintf(key, KEY_SIZE, "%s %s", host, check) < KEY_SIZE;
}

static int name_flow(struct reading *reading)
{
	const struct naming *naming = reading->data;
	char key[KEY_SIZE];
	uint32_t number;

	if (flap_look(&reading->flap, reading->limits, naming->now_us,
		    naming->now_us) != FLAP_ON ||
		!key_of(reading->host, reading->check, key))
		return 0;
	return intern_add(&naming->out->names, key, &number);
}

int flapping_names_load(struct store *store, const char *vantage,
	const struct flap_limits *limits, struct flapping_names *out)
{
	struct scans scans;
	struct naming naming = {.out = out};
	struct reading reading = {
		.limits = limits, .scans = &scans, .flow = name_flow, .data = &naming};
	int rc;

	intern_init(&out->names, clock_monotonic_us());
	rc = scans_load(store, vantage, limits, &scans);
	if (rc == 0) {
		flap_timeline(scans.times_us, scans.count);
		if (scans.count)
			naming.now_us = scans.times_us[scans.count - 1];
		rc = read_moves(store, &reading);
	}
	scans_fini(&scans);
	if (rc < 0)
		flapping_names_fini(out);
	return rc;
}

bool flapping_names_has(
	const struct flapping_names *names, const char *host, const char *check)
{
	char key[KEY_SIZE];
	uint32_t number;

	return key_of(host, check, key) && intern_find(&names->names, key, &number);
}

void flapping_names_fini(struct flapping_names *names)
{
	intern_fini(&names->names);
}
