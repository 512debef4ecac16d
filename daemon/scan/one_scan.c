/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/one_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/os/os.h"
#include "daemon/analyze/diff.h"
#include "daemon/analyze/mute.h"
#include "daemon/notify/notices.h"
#include "daemon/query/flapping.h"
#include "daemon/query/silences.h"
#include "daemon/query/streak.h"
#include "daemon/render/changes.h"
#include "daemon/scan/carry.h"
#include "daemon/scan/confirm.h"
#include "daemon/scan/measured.h"
#include "daemon/scan/observe.h"
#include "daemon/scan/record.h"
#include "daemon/scan/retention.h"
#include "daemon/scan/trace_changes.h"
#include "daemon/scan/vantage.h"
#include "store/outbox.h"

/* Traces end by themselves after their limit, unless they still wait for the rate. */
#define TRACE_GRACE_MS 1000

static const struct settings *settings_of(const struct one_scan *scan)
{
	return &scan->plan->config->settings;
}

static void on_progress(void *data, const struct engine_progress *now)
{
	struct one_scan *scan = data;

	if (scan->progress)
		scan->progress(scan->progress_data, scan->stage, now);
	if (scan->trace_end_us && clock_monotonic_us() > scan->trace_end_us)
		engine_cancel(scan->engine);
}

int one_scan_init(struct one_scan *scan)
{
	struct engine_options options;

	engine_options_from(settings_of(scan), &options);
	options.progress = on_progress;
	options.progress_data = scan;
	options.world = scan->world;
	return engine_new(&options, &scan->engine);
}

/* ---- before ---------------------------------------------------------------------- */

static int begin(struct one_scan *scan)
{
	const char *vantage = settings_of(scan)->vantage;
	int rc = measured_frame(scan->plan, &scan->now);

	scan->started_us = engine_wall_us(scan->engine);
	scan->now.started_us = scan->started_us;
	if (rc == 0)
		rc = earlier_load(scan->store, &scan->now, &scan->earlier);
	if (rc < 0 || !scan->store)
		return rc;
	rc = incidents_load_open(scan->store, vantage, &scan->open);
	if (rc == 0)
		rc = streak_load(scan->store, vantage, &scan->streak);
	if (rc == 0)
		rc = store_scan_begin(
			scan->store, vantage, scan->started_us, &scan->id);
	scan->now.scan = scan->id;
	return rc;
}

/* ---- what the network says ------------------------------------------------------- */

static int choose_flows(struct one_scan *scan)
{
	int rc = carry_select(
		scan->plan, &scan->earlier, scan->rules, &scan->flows, &scan->n_flows);

	if (rc < 0)
		return rc;
	return carry_forward(
		&scan->now, &scan->earlier, scan->flows, scan->n_flows, &scan->results);
}

static int probe_flows(struct one_scan *scan)
{
	int rc = results_init(&scan->results, scan->plan);

	/* Only one that asks everything can tell that an impairment is over. */
	if (scan->streak.degraded || scan->streak.accepted != HEALTH_FINE)
		scan->rules = NULL;
	if (rc == 0 && scan->rules)
		rc = choose_flows(scan);
	if (rc < 0)
		return rc;
	scan->stage = "scanning";
	rc = observe(
		scan->engine, scan->plan, scan->flows, scan->n_flows, &scan->results);
	if (rc == 0) {
		scan->stage = "confirming changes";
		rc = confirm_changes(scan->engine, scan->plan, &scan->earlier,
			settings_of(scan)->confirm, &scan->results);
	}
	return rc;
}

/* NULL: nothing is known of the flows yet. */
static const struct controls_before *states_before(const struct one_scan *scan)
{
	return scan->earlier.snapshot.scan ? &scan->earlier.last : NULL;
}

static int judge(struct one_scan *scan)
{
	int rc = assess(scan->plan, &scan->results, &scan->assessment);

	if (rc < 0)
		return rc;
	rc = health_judge(scan->plan, &scan->results, states_before(scan),
		&scan->streak, &scan->health);
	if (rc == 0 && scan->health.cause != HEALTH_FINE && !scan->health.degraded &&
		scan->streak.degraded)
		log_notice("%s, for %u scans in a row: changes are reported again",
			health_text(scan->health.cause), scan->streak.degraded + 1);
	return rc;
}

/* A part is too little to doubt this vantage by: then the rest is asked as well. */
static int probe_and_judge(struct one_scan *scan)
{
	int rc = probe_flows(scan);

	if (rc == 0)
		rc = judge(scan);
	if (rc < 0 || !scan->health.degraded || !scan->rules)
		return rc;
	assessment_fini(&scan->assessment);
	results_fini(&scan->results);
	free(scan->flows);
	scan->flows = NULL;
	scan->n_flows = 0;
	scan->rules = NULL;
	rc = probe_flows(scan);
	return rc < 0 ? rc : judge(scan);
}

/* What got worse is traced, unless it is this machine that has trouble. Evidence that
 * took too long is done without. */
static int trace_flows(struct one_scan *scan)
{
	const uint64_t limit_us =
		(TRACE_CHANGES_LIMIT_MS + TRACE_GRACE_MS) * UINT64_C(1000);
	uint64_t end_us = clock_monotonic_us() + limit_us;
	int rc;

	if (!settings_of(scan)->trace || scan->health.degraded)
		return 0;
	scan->stage = "tracing";
	scan->trace_end_us = end_us;
	rc = trace_changes(scan->engine, scan->plan, &scan->earlier, &scan->results);
	scan->trace_end_us = 0;
	return rc == -ECANCELED && clock_monotonic_us() > end_us ? 0 : rc;
}

/* ---- what it means --------------------------------------------------------------- */

static bool has_changed(const void *data, uint32_t flow)
{
	const struct one_scan *scan = data;
	struct diff_side before = earlier_side(&scan->earlier, flow);
	struct diff_side after = result_side(scan->plan, &scan->results, flow);
	enum change_kind kind = diff_flow(&before, &after, EXPECT_ANY);

	return kind != CHANGE_NONE && kind != CHANGE_ADDED;
}

/* What is silenced or flaps is measured and recorded as usual, and marked. */
static int mute(struct one_scan *scan)
{
	const struct flapping_scan flapping = {
		.plan = scan->plan,
		.changed = has_changed,
		.data = scan,
		.degraded = scan->health.degraded,
		.now_us = scan->started_us,
	};
	struct silence_list silences;
	int rc;

	if (!scan->store)
		return 0;
	rc = silences_load(scan->store, engine_wall_us(scan->engine), &silences);
	if (rc == 0)
		rc = mute_flows(silences.items, silences.count, &scan->now,
			&scan->assessment.silences);
	silences_fini(&silences);
	if (rc < 0 || !scan->earlier.snapshot.scan)
		return rc;
	return flapping_of_scan(scan->store, &flapping, &scan->assessment.phases);
}

/* Nothing of this vantage was ever reported, also not that all is well. */
static bool is_first(const struct one_scan *scan)
{
	const struct snapshot *before = &scan->earlier.snapshot;

	for (uint32_t i = 0; i < before->n_flows; i++)
		if (before->flows[i].is_reported)
			return false;
	return true;
}

/* What there is to say, and what becomes of the incidents that are open. */
static int compare(struct one_scan *scan)
{
	const struct vantage_scan vantage = {
		.plan = scan->plan,
		.results = &scan->results,
		.before = states_before(scan),
		.streak = &scan->streak,
		.health = &scan->health,
		.now_us = scan->started_us,
	};
	struct lifecycle_terms terms = {
		.adopt = !scan->plan->config->notify.first_scan && is_first(scan)};
	int rc;

	if (!scan->store)
		return 0;
	rc = store_incident_next(scan->store, &terms.next);
	if (rc < 0)
		return rc;
	os_random(terms.seed, sizeof terms.seed);
	rc = changes_due(&scan->earlier.snapshot, scan->earlier.places, &scan->now,
		&scan->changes);
	if (rc == 0)
		rc = vantage_add_news(&vantage, &scan->changes);
	if (rc == 0)
		rc = lifecycle_settle(&scan->earlier.snapshot, scan->earlier.places,
			&scan->now, &scan->changes, &terms, &scan->open,
			&scan->lifecycle);
	return rc;
}

/* ---- after ----------------------------------------------------------------------- */

static struct incidents_life life_of(const struct one_scan *scan)
{
	return (struct incidents_life){
		.lifecycle = &scan->lifecycle,
		.open = &scan->open,
		.scan = scan->id,
		.opened_us = scan->finished_us,
	};
}

int one_scan_incidents(const struct one_scan *scan,
	int (*each)(void *data, const struct report_incident *incident), void *data)
{
	struct incidents_life life = life_of(scan);

	return incidents_each(&scan->changes, scan->id, &life, each, data);
}

int one_scan_report_changes(const struct one_scan *scan, struct report *report)
{
	struct incidents_life life = life_of(scan);

	if (!scan->store)
		return 0;
	return changes_report(&scan->changes, scan->recorded ? scan->id : 0,
		scan->earlier.snapshot.scan, &life, report);
}

/* The scan, together with what people are to be notified of. */
static int record_with_notices(struct one_scan *scan)
{
	const struct notify_list *sinks = &scan->plan->config->notify;
	const struct incidents_life life = life_of(scan);
	const char *names[NOTIFY_MAX_SINKS];
	struct notices notices = {0};
	struct outbox_put put = {.sinks = names, .n_sinks = sinks->count};
	const struct recording recording = {
		.scan = scan->id,
		.plan = scan->plan,
		.results = &scan->results,
		.assessment = &scan->assessment,
		.health = &scan->health,
		.now = &scan->now,
		.changes = &scan->changes,
		.lifecycle = &scan->lifecycle,
		.open = &scan->open,
		.finished_us = scan->finished_us,
		.duration_us = scan->duration_us,
		.outbox = &put,
	};
	int rc = 0;

	for (uint32_t i = 0; i < sinks->count; i++)
		names[i] = sinks->sinks[i].name;
	if (put.n_sinks)
		rc = notices_of_scan(&scan->changes, scan->plan, &life,
			recording.finished_us, &notices);
	put.bodies = (const char *const *)notices.bodies;
	put.n_bodies = notices.count;
	if (rc == 0)
		rc = record_scan(scan->store, &recording);
	notices_fini(&notices);
	return rc;
}

static void record(struct one_scan *scan)
{
	int rc = record_with_notices(scan);

	scan->recorded = rc == 0;
	if (rc == -ENOMEM)
		log_error("the scan could not be stored: out of memory");
	else if (rc < 0)
		log_error("%s", store_last_error(scan->store));
}

static void give_up(struct one_scan *scan, int rc)
{
	if (rc == -ECANCELED && !scan->store)
		log_error("stopped: nothing was stored");
	else if (rc == -ECANCELED)
		log_error("stopped: scan %lld is marked interrupted and counts for "
			  "nothing",
			(long long)scan->id);
	else
		log_error("the scan failed: %s", strerror(-rc));
	if (scan->store && store_scan_interrupt(scan->store, scan->id) < 0)
		log_error("%s", store_last_error(scan->store));
}

int one_scan_run(struct one_scan *scan)
{
	uint64_t probing_us;
	int rc = begin(scan);

	if (rc < 0) {
		log_error("%s",
			scan->store ? store_last_error(scan->store) : strerror(-rc));
		return rc;
	}
	probing_us = clock_monotonic_us();
	rc = probe_and_judge(scan);
	if (rc == 0)
		rc = trace_flows(scan);
	if (rc == 0)
		rc = mute(scan);
	if (rc == 0)
		rc = measured_fill(scan->plan, &scan->results, &scan->assessment,
			scan->health.degraded, &scan->now);
	if (rc == 0 && scan->health.degraded)
		earlier_withhold(
			&scan->earlier, scan->plan, &scan->results, &scan->now);
	if (rc == 0)
		rc = compare(scan);
	/* From here on what was known before is of no use, and recording needs room. */
	earlier_drop_flows(&scan->earlier);
	scan->duration_us = clock_monotonic_us() - probing_us;
	if (rc < 0)
		give_up(scan, rc);
	scan->finished_us = engine_wall_us(scan->engine);
	if (rc == 0 && scan->store)
		record(scan);
	if (scan->recorded)
		retention_apply(
			scan->store, settings_of(scan), engine_wall_us(scan->engine));
	return rc;
}

void one_scan_cancel(struct one_scan *scan)
{
	engine_cancel(scan->engine);
}

struct report_summary one_scan_summary(const struct one_scan *scan)
{
	return (struct report_summary){
		.scan = scan->recorded ? scan->id : 0,
		.command = "scan",
		.flows = scan->plan->n_flows,
		.carried = results_count_carried(&scan->results),
		.pass = scan->assessment.pass,
		.fail = scan->assessment.fail,
		.inconclusive = scan->assessment.inconclusive,
		.changes = scan->changes.reachability,
		.incidents = scan->changes.n_incidents,
		.degraded = scan->health.degraded,
		.degraded_reason =
			scan->health.degraded ? health_text(scan->health.cause) : NULL,
		.duration_us = scan->duration_us,
		.silenced = assessment_silenced(&scan->assessment, scan->plan->n_flows),
		.flapping = assessment_flapping(&scan->assessment, scan->plan->n_flows),
	};
}

void one_scan_fini(struct one_scan *scan)
{
	engine_free(scan->engine);
	lifecycle_fini(&scan->lifecycle);
	changes_fini(&scan->changes);
	snapshot_fini(&scan->now);
	assessment_fini(&scan->assessment);
	results_fini(&scan->results);
	incidents_fini(&scan->open);
	earlier_fini(&scan->earlier);
	free(scan->flows);
}
