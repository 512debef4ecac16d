/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/flapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/analyze/diff.h"
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

/* ---- the recent scans ----------------------------------------------------------- */

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

static bool is_change(const struct store_move *move)
{
	const struct probe_ops *ops = registry_of_check(move->check);
	struct diff_side before = {
		.present = true,
		.state = state_of(move->from_state),
		.identity = move->from_identity,
		.by_path = ops && ops->flags & PROBE_EXPECTS_CLEAR,
	};
	struct diff_side after = {
		.present = true,
		.state = state_of(move->to_state),
		.identity = move->to_identity,
	};

	return diff_flow(&before, &after, EXPECT_ANY) != CHANGE_NONE;
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
	flap_change(&reading->flap, reading->limits, time_us);
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
	return rc == 0 ? end_flow(reading) : rc;
}

/* ---- of a scan that is being made ----------------------------------------------- */

struct judging {
	const struct flapping_scan *scan;
	uint8_t *phases;         /* made when the first one flaps */
	int64_t last_us, now_us; /* the last clean scan's and this one's */
};

static int judge_flow(struct reading *reading)
{
	struct judging *judging = reading->data;
	const struct flapping_scan *scan = judging->scan;
	int64_t flow = plan_find(scan->plan, reading->host, reading->check);
	enum flap_phase phase;

	if (flow < 0)
		return 0;
	if (!scan->degraded && scan->changed(scan->data, (uint32_t)flow))
		phase = flap_change(&reading->flap, reading->limits, judging->now_us);
	else
		phase = flap_look(&reading->flap, reading->limits, judging->last_us,
			judging->now_us);
	if (phase == FLAP_ENDED && scan->degraded)
		phase = FLAP_ON;
	if (phase == FLAP_NONE)
		return 0;
	if (!judging->phases)
		judging->phases = calloc(scan->plan->n_flows, sizeof(uint8_t));
	if (!judging->phases)
		return -ENOMEM;
	judging->phases[flow] = (uint8_t)phase;
	return 0;
}

/* The newest clean scan: what has ended since then ends now. */
static int64_t last_clean(const struct scans *s)
{
	for (size_t i = s->count; i-- > 0;)
		if (!s->degraded[i])
			return s->times_us[i];
	return INT64_MIN;
}

int flapping_of_scan(
	struct store *store, const struct flapping_scan *scan, uint8_t **phases)
{
	const struct settings *settings = &scan->plan->config->settings;
	struct flap_limits limits = flapping_limits(settings);
	struct scans scans;
	struct judging judging = {.scan = scan};
	struct reading reading = {.limits = &limits,
		.scans = &scans,
		.flow = judge_flow,
		.data = &judging};
	int rc = scans_load(store, settings->vantage, &limits, &scans);

	if (rc == 0) {
		scans.times_us[scans.count] = scan->now_us;
		flap_timeline(scans.times_us, scans.count + 1);
		judging.now_us = scans.times_us[scans.count];
		judging.last_us = last_clean(&scans);
		rc = read_moves(store, &reading);
	}
	scans_fini(&scans);
	if (rc < 0)
		free(judging.phases);
	*phases = rc < 0 ? NULL : judging.phases;
	return rc;
}

/* ---- of stored scans ------------------------------------------------------------ */

struct naming {
	struct intern names; /* "host check" */
	int64_t now_us;
};

static bool key_of(const char *host, const char *check, char *key)
{
	return snprintf(key, KEY_SIZE, "%s %s", host, check) < KEY_SIZE;
}

static int name_flow(struct reading *reading)
{
	struct naming *naming = reading->data;
	char key[KEY_SIZE];
	uint32_t number;

	if (flap_look(&reading->flap, reading->limits, naming->now_us,
		    naming->now_us) != FLAP_ON ||
		!key_of(reading->host, reading->check, key))
		return 0;
	return intern_add(&naming->names, key, &number);
}

static int mark_named(
	const struct naming *naming, const struct snapshot *snapshot, uint8_t **phases)
{
	char key[KEY_SIZE];
	uint32_t number;

	if (naming->names.count == 0)
		return 0;
	*phases = calloc(snapshot->n_flows + 1U, sizeof **phases);
	if (!*phases)
		return -ENOMEM;
	for (uint32_t i = 0; i < snapshot->n_flows; i++) {
		const struct snapshot_flow *flow = &snapshot->flows[i];
		if (key_of(snapshot_host_name(snapshot, flow),
			    snapshot_check_name(snapshot, flow), key) &&
			intern_find(&naming->names, key, &number))
			(*phases)[i] = FLAP_ON;
	}
	return 0;
}

int flapping_of_stored(struct store *store, const struct snapshot *snapshot,
	const struct flap_limits *limits, uint8_t **phases)
{
	struct scans scans;
	struct naming naming = {.now_us = 0};
	struct reading reading = {
		.limits = limits, .scans = &scans, .flow = name_flow, .data = &naming};
	int rc;

	*phases = NULL;
	intern_init(&naming.names, clock_monotonic_us());
	rc = scans_load(store, snapshot->vantage, limits, &scans);
	if (rc == 0) {
		flap_timeline(scans.times_us, scans.count);
		if (scans.count)
			naming.now_us = scans.times_us[scans.count - 1];
		rc = read_moves(store, &reading);
	}
	if (rc == 0)
		rc = mark_named(&naming, snapshot, phases);
	scans_fini(&scans);
	intern_fini(&naming.names);
	return rc;
}
