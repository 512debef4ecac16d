/* SPDX-License-Identifier: Apache-2.0 */
/* reachd scan: one pass over all flows, stored, judged and compared with the last. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/commands/command.h"
#include "daemon/commands/progress.h"
#include "daemon/commands/side.h"
#include "daemon/engine/engine.h"
#include "daemon/os/os.h"
#include "daemon/scan/changes.h"
#include "daemon/scan/confirm.h"
#include "daemon/scan/observe.h"
#include "daemon/scan/previous.h"
#include "daemon/scan/publish.h"
#include "daemon/scan/record.h"
#include "daemon/verdict/assess.h"

/* All that one scan needs, in the order it is made; taken down in reverse. */
struct scan {
	struct common_options options;
	bool fail_on_change;
	bool no_store;
	struct config *config;
	struct plan *plan;
	struct store *store; /* NULL with --no-store */
	int64_t id;          /* 0: not stored */
	int64_t started_us;
	uint64_t duration_us;
	struct previous previous;
	struct results results;
	struct assessment assessment;
	struct change_set changes;
	struct engine *engine;
};

static struct engine *running_engine; /* what a signal cancels */

static void on_stop(void)
{
	if (running_engine)
		engine_cancel(running_engine);
}

/* ---- before --------------------------------------------------------------- */

static int load(struct scan *scan)
{
	struct conf_report report;
	int rc;

	conf_report_init(&report);
	scan->config = options_config(&scan->options, &report);
	rc = scan->config ? plan_build(scan->config, &report, &scan->plan) : -EINVAL;
	if (scan->config && (rc < 0 || !scan->options.quiet))
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return rc;
}

static int open_store(struct scan *scan)
{
	const char *path = scan->options.store ? scan->options.store
					       : scan->config->settings.store;
	struct store_error error;
	int rc;

	if (scan->no_store)
		return 0;
	rc = store_open(path, STORE_WRITE, &scan->store, &error);
	if (rc < 0) {
		log_error("%s", error.text);
		return rc;
	}
	rc = previous_load(scan->store, scan->plan, &scan->previous);
	if (rc == 0)
		rc = store_scan_begin(scan->store, scan->config->settings.vantage,
			scan->started_us, &scan->id);
	if (rc < 0)
		log_error("%s", store_last_error(scan->store));
	return rc;
}

/* ---- the pass ------------------------------------------------------------- */

static int probe_flows(struct scan *scan)
{
	struct engine_options options;
	struct progress progress;
	uint64_t start = clock_monotonic_us();
	int rc;

	engine_options_from(&scan->config->settings, &options);
	progress_init(&progress, scan->options.quiet, "scanning");
	options.progress = progress_show;
	options.progress_data = &progress;
	rc = results_init(&scan->results, scan->plan);
	if (rc == 0)
		rc = engine_new(&options, &scan->engine);
	if (rc < 0)
		return rc;
	running_engine = scan->engine;
	os_on_stop(on_stop);
	rc = observe(scan->engine, scan->plan, NULL, 0, &scan->results);
	if (rc == 0) {
		progress.label = "confirming changes";
		rc = confirm_changes(scan->engine, scan->plan, &scan->previous,
			scan->config->settings.confirm, &scan->results);
	}
	progress_clear(&progress);
	scan->duration_us = clock_monotonic_us() - start;
	return rc;
}

static int judge(struct scan *scan)
{
	int rc = assess(scan->plan, &scan->results, &scan->assessment);

	if (rc < 0)
		return rc;
	/* The changes of a degraded scan are withheld until a clean one settles them.
	 */
	return changes_of_scan(scan->plan, &scan->results, &scan->previous,
		scan->assessment.degraded, &scan->changes);
}

static int record(struct scan *scan)
{
	struct recording recording = {
		.scan = scan->id,
		.plan = scan->plan,
		.results = &scan->results,
		.assessment = &scan->assessment,
		.previous = &scan->previous,
		.finished_us = clock_wall_us(),
		.duration_us = scan->duration_us,
		.changes = scan->changes.reachability,
	};
	int rc = scan->store ? record_scan(scan->store, &recording) : 0;

	if (rc < 0)
		log_error("%s", store_last_error(scan->store));
	return rc;
}

/* ---- after ---------------------------------------------------------------- */

static int publish(struct scan *scan, bool stored)
{
	char before[SIDE_TEXT], after[SIDE_TEXT];
	struct report report;
	struct report_options options;
	struct report_summary summary = {
		.scan = stored ? scan->id : 0,
		.command = "scan",
		.flows = scan->plan->n_flows,
		.pass = scan->assessment.pass,
		.fail = scan->assessment.fail,
		.inconclusive = scan->assessment.inconclusive,
		.changes = scan->changes.reachability,
		.incidents = scan->changes.n_incidents,
		.degraded = scan->assessment.degraded,
		.degraded_reason = scan->assessment.degraded_reason,
		.duration_us = scan->duration_us,
	};
	int rc;

	if (scan->previous.scan) {
		summary.before = side_text(scan->previous.scan, NULL,
			scan->previous.time_us, before, sizeof before);
		summary.after = side_text(
			scan->id, NULL, scan->started_us, after, sizeof after);
	}
	options_report(&scan->options, &options);
	rc = report_begin(&report, scan->options.format, &options, "scan");
	if (rc == 0)
		rc = publish_results(scan->plan, &scan->results, &scan->assessment,
			summary.scan, scan->started_us, &report);
	if (rc == 0)
		rc = changes_report(
			&scan->changes, summary.scan, scan->previous.scan, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

static int status_of(const struct scan *scan)
{
	const struct assessment *a = &scan->assessment;

	if (a->fail || (scan->fail_on_change && scan->changes.reachability))
		return STATUS_FAIL;
	return a->inconclusive || a->errors || a->degraded ? STATUS_TROUBLE
							   : STATUS_PASS;
}

static int give_up(struct scan *scan, int rc)
{
	if (rc == -ECANCELED && !scan->store)
		log_error("stopped: nothing was stored");
	else if (rc == -ECANCELED)
		log_error("stopped: scan %lld is marked interrupted and counts for "
			  "nothing",
			(long long)scan->id);
	else
		log_error("the scan could not be finished: %s", strerror(-rc));
	if (scan->store && store_scan_interrupt(scan->store, scan->id) < 0)
		log_error("%s", store_last_error(scan->store));
	return STATUS_TROUBLE;
}

static int run_scan(struct scan *scan)
{
	bool stored;
	int rc;

	if (load(scan) < 0)
		return STATUS_USAGE;
	scan->started_us = clock_wall_us();
	if (open_store(scan) < 0)
		return STATUS_TROUBLE;
	rc = probe_flows(scan);
	if (rc == 0)
		rc = judge(scan);
	if (rc < 0)
		return give_up(scan, rc);
	stored = record(scan) == 0;
	rc = publish(scan, stored);
	return command_finish(rc, stored ? status_of(scan) : STATUS_TROUBLE);
}

static void take_down(struct scan *scan)
{
	running_engine = NULL;
	engine_free(scan->engine);
	changes_fini(&scan->changes);
	assessment_fini(&scan->assessment);
	results_fini(&scan->results);
	previous_fini(&scan->previous);
	store_close(scan->store);
	plan_free(scan->plan);
	config_free(scan->config);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct scan scan = {0};
	const struct verb_option verb_options[] = {
		{"fail-on-change", &scan.fail_on_change, NULL},
		{"no-store", &scan.no_store, NULL},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &scan.options);
	int status;

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "'%s' is one word too many", argv[at]);
	status = run_scan(&scan);
	take_down(&scan);
	return status;
}

const struct command scan_command = {
	.name = "scan",
	.summary = "Probe every flow once, store it, and tell what changed",
	.usage = "[-c FILE] [--fail-on-change] [--no-store]",
	.help = "      --fail-on-change  a confirmed change counts as a failure too\n"
		"      --no-store        leave no trace: store nothing, compare with "
		"nothing\n",
	.run = run,
};
