/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/one_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify/notices.h"
#include "daemon/query/flapping.h"
#include "daemon/query/quiet.h"
#include "daemon/scan/carry.h"
#include "daemon/scan/confirm.h"
#include "daemon/scan/impaired.h"
#include "daemon/scan/observe.h"
#include "daemon/scan/record.h"
#include "daemon/scan/retention.h"
#include "daemon/scan/trace_changes.h"
#include "store/outbox.h"

/* Walks end by themselves after their limit, unless they still wait for the rate. */
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

/* ---- before --------------------------------------------------------------- */

static int begin(struct one_scan *scan)
{
	int rc;

	scan->started_us = engine_wall_us(scan->engine);
	if (!scan->store)
		return 0;
	rc = previous_load(scan->store, scan->plan, &scan->previous);
	if (rc == 0)
		rc = trail_load(scan->store, settings_of(scan)->vantage, &scan->trail);
	if (rc == 0)
		rc = store_scan_begin(scan->store, settings_of(scan)->vantage,
			scan->started_us, &scan->id);
	if (rc < 0)
		log_error("%s", store_last_error(scan->store));
	return rc;
}

/* ---- the pass ------------------------------------------------------------- */

static int choose_flows(struct one_scan *scan)
{
	int rc = carry_select(scan->plan, scan->rules, &scan->flows, &scan->n_flows);

	if (rc < 0)
		return rc;
	return carry_over(scan->plan, &scan->previous, scan->flows, scan->n_flows,
		&scan->results);
}

static int probe_flows(struct one_scan *scan)
{
	int rc = results_init(&scan->results, scan->plan);

	/* Only one that asks everything can tell that an impairment is over. */
	if (scan->trail.degraded)
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
		rc = confirm_changes(scan->engine, scan->plan, &scan->previous,
			settings_of(scan)->confirm, &scan->results);
	}
	return rc;
}

/* What got worse is walked to, unless it is this machine that has trouble. Evidence
 * that took too long is done without. */
static int trace_flows(struct one_scan *scan)
{
	const uint64_t limit_us =
		(TRACE_CHANGES_LIMIT_MS + TRACE_GRACE_MS) * UINT64_C(1000);
	uint64_t end_us = clock_monotonic_us() + limit_us;
	int rc;

	if (!settings_of(scan)->trace || scan->assessment.degraded)
		return 0;
	scan->stage = "tracing";
	scan->trace_end_us = end_us;
	rc = trace_changes(scan->engine, scan->plan, &scan->previous, &scan->results);
	scan->trace_end_us = 0;
	return rc == -ECANCELED && clock_monotonic_us() > end_us ? 0 : rc;
}

/* What is silenced is measured and recorded as ever, and marked. */
static int mark_silenced(struct one_scan *scan)
{
	struct quiet quiet;
	int64_t now_us = engine_wall_us(scan->engine);
	int rc;

	if (!scan->store)
		return 0;
	rc = quiet_load(scan->store, now_us, &quiet);
	if (rc < 0)
		return rc;
	scan->assessment.silences = quiet_of_all(&quiet, scan->plan, &rc);
	quiet_fini(&quiet);
	if (rc < 0 || scan->assessment.degraded)
		return rc;
	return quiet_release(scan->store, scan->plan, scan->assessment.silences,
		scan->trail.clean_us, now_us, &scan->previous);
}

static int mark_flapping(struct one_scan *scan)
{
	struct flapping flapping = {NULL};
	int rc = scan->store ? flapping_of_scan(scan->store, scan->plan, &scan->results,
				       scan->assessment.degraded, scan->started_us,
				       &scan->previous, &flapping)
			     : 0;

	scan->assessment.phases = flapping.phases;
	return rc;
}

static int judge_vantage(struct one_scan *scan)
{
	int rc = assess(scan->plan, &scan->results, &scan->assessment);

	return rc < 0 ? rc
		      : impaired_judge(scan->plan, &scan->results, &scan->previous,
				&scan->trail, &scan->assessment);
}

/* A part is too little to doubt this vantage by: then the rest is asked as well. */
static int widen(struct one_scan *scan)
{
	int rc;

	assessment_fini(&scan->assessment);
	results_fini(&scan->results);
	free(scan->flows);
	scan->flows = NULL;
	scan->n_flows = 0;
	scan->rules = NULL;
	rc = probe_flows(scan);
	return rc < 0 ? rc : judge_vantage(scan);
}

static int judge(struct one_scan *scan)
{
	int rc = judge_vantage(scan);

	if (rc == 0 && scan->assessment.degraded && scan->rules)
		rc = widen(scan);
	if (rc == 0)
		rc = mark_silenced(scan);
	if (rc == 0)
		rc = mark_flapping(scan);
	if (rc == 0)
		rc = trace_flows(scan);
	/* The changes of a degraded scan are withheld until a clean one settles them.
	 */
	if (rc == 0)
		rc = changes_of_scan(scan->plan, &scan->results, &scan->previous,
			scan->assessment.degraded, &scan->changes);
	if (rc == 0)
		rc = impaired_tell(scan->plan, &scan->results, &scan->previous,
			&scan->assessment, &scan->trail, scan->started_us,
			&scan->changes);
	if (rc < 0)
		return rc;
	changes_silence(&scan->changes, scan->assessment.silences);
	changes_flap(&scan->changes, scan->assessment.phases);
	return 0;
}

/* ---- after ---------------------------------------------------------------- */

/* The names of those who are told; `names` has room for all. */
static size_t name_sinks(const struct notify_list *list, const char **names)
{
	for (uint32_t i = 0; i < list->count; i++)
		names[i] = list->sinks[i].name;
	return list->count;
}

/* The scan, together with what people are to be told of it. */
static int record_with_notices(struct one_scan *scan)
{
	const char *names[NOTIFY_MAX_SINKS];
	struct notices notices = {0};
	struct outbox_put put = {.sinks = names,
		.n_sinks = name_sinks(&scan->plan->config->notify, names)};
	const struct recording recording = {
		.scan = scan->id,
		.plan = scan->plan,
		.results = &scan->results,
		.assessment = &scan->assessment,
		.previous = &scan->previous,
		.finished_us = engine_wall_us(scan->engine),
		.duration_us = scan->duration_us,
		.changes = scan->changes.reachability,
		.outbox = &put,
	};
	int rc = put.n_sinks ? notices_of_scan(&scan->changes, scan->plan, scan->id,
				       recording.finished_us, &notices)
			     : 0;

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

	if (rc < 0)
		return rc;
	probing_us = clock_monotonic_us();
	rc = probe_flows(scan);
	if (rc == 0)
		rc = judge(scan);
	scan->duration_us = clock_monotonic_us() - probing_us;
	if (rc < 0)
		give_up(scan, rc);
	else if (scan->store)
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
		.degraded = scan->assessment.degraded,
		.degraded_reason = scan->assessment.degraded_reason,
		.duration_us = scan->duration_us,
		.silenced = assessment_silenced(&scan->assessment, scan->plan->n_flows),
		.flapping = assessment_flapping(&scan->assessment, scan->plan->n_flows),
	};
}

void one_scan_fini(struct one_scan *scan)
{
	engine_free(scan->engine);
	changes_fini(&scan->changes);
	assessment_fini(&scan->assessment);
	results_fini(&scan->results);
	previous_fini(&scan->previous);
	free(scan->flows);
}
