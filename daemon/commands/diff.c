/* SPDX-License-Identifier: Apache-2.0 */
/* reachd diff: what changed between two stored scans. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/analyze/changes.h"
#include "daemon/analyze/health.h"
#include "daemon/commands/command.h"
#include "daemon/commands/side.h"
#include "daemon/query/snapshot.h"
#include "daemon/query/status.h"
#include "daemon/render/changes.h"

static const char *degraded_reason(const struct store_scan *scan)
{
	return scan->degraded ? health_text(health_from_word(scan->degraded_why))
			      : NULL;
}

static int publish(const struct common_options *options, const struct side *before,
	const struct side *after, const struct change_set *changes)
{
	char before_text[SIDE_TEXT], after_text[SIDE_TEXT];
	bool one_store = before->store == after->store;
	bool apart = strcmp(before->scan.vantage, after->scan.vantage) != 0;
	struct report report;
	struct report_options out;
	struct report_counts counts = {
		.flows = before->scan.flows,
		.pass = before->scan.pass,
		.fail = before->scan.fail,
		.inconclusive = before->scan.inconclusive,
	};
	struct report_summary summary = {
		.scan = after->scan.id,
		.command = "diff",
		.flows = after->scan.flows,
		.pass = after->scan.pass,
		.fail = after->scan.fail,
		.inconclusive = after->scan.inconclusive,
		.changes = changes->reachability,
		.incidents = changes->n_incidents,
		.degraded = after->scan.degraded,
		.degraded_reason = degraded_reason(&after->scan),
		.degraded_before = before->scan.degraded,
		.degraded_before_reason = degraded_reason(&before->scan),
		.unmeasured_before = before->scan.unmeasured,
		.unmeasured = after->scan.unmeasured,
		.before = side_text(before->scan.id,
			apart ? before->scan.vantage : NULL, before->scan.started_us,
			before_text, sizeof before_text),
		.after = side_text(after->scan.id, apart ? after->scan.vantage : NULL,
			after->scan.started_us, after_text, sizeof after_text),
		.vantage = after->scan.vantage,
		.counts_before = &counts,
		.silenced = changes_silenced(changes),
	};
	int rc;

	options_report(options, &out);
	rc = report_begin(&report, options->format, &out, "diff");
	if (rc == 0)
		rc = changes_report(changes, one_store ? after->scan.id : 0,
			one_store ? before->scan.id : 0, NULL, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

/* What could not be measured may hide a difference. */
static int status_of_equal(const struct side *before, const struct side *after)
{
	return before->scan.degraded || after->scan.degraded ||
			       before->scan.unmeasured || after->scan.unmeasured
		       ? STATUS_TROUBLE
		       : STATUS_PASS;
}

static int compare(const struct common_options *options, const struct side *before,
	const struct side *after)
{
	struct change_set changes = {.count = 0};
	struct snapshot then, now;
	int rc = snapshot_load_pair(
		before->store, &before->scan, after->store, &after->scan, &then, &now);
	int status = STATUS_TROUBLE;

	/* What was silenced then; and what flaps, where the later side is the present.
	 */
	if (rc == 0)
		rc = status_mark(
			after->store, after->scan.started_us, &options->flap, &now);
	if (rc == 0)
		rc = changes_between(&then, &now, &changes);
	if (rc < 0) {
		log_error("the scans can't be compared: %s", strerror(-rc));
	} else {
		rc = publish(options, before, after, &changes);
		status = command_finish(rc,
			changes.count ? STATUS_FAIL : status_of_equal(before, after));
	}
	changes_fini(&changes);
	snapshot_fini(&then);
	snapshot_fini(&now);
	return status;
}

static int run_diff(
	struct common_options *options, const char *before_spec, const char *after_spec)
{
	struct store *store = NULL;
	struct side before, after;
	int status;

	if (!side_names_file(before_spec) || !side_names_file(after_spec)) {
		status = options_open_store(options, STORE_READ, &store);
		if (status != STATUS_PASS)
			return status;
	}
	if (!side_open(store, options, before_spec, &before)) {
		store_close(store);
		return STATUS_USAGE;
	}
	if (side_open(store, options, after_spec, &after)) {
		status = compare(options, &before, &after);
		side_fini(&after);
	} else {
		status = STATUS_USAGE;
	}
	side_fini(&before);
	store_close(store);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	int at = options_parse(self, argc, argv, NULL, &options);

	if (at < 0)
		return options_status(at);
	if (argc - at > 2)
		return command_usage(self, "expected at most two scans, A and B");
	return run_diff(&options, at < argc ? argv[at] : "previous",
		at + 1 < argc ? argv[at + 1] : "last");
}

const struct command diff_command = {
	.name = "diff",
	.summary = "Show what changed between two scans",
	.usage = "[A [B]]",
	.help = "A and B are each a scan number, a time (2026-01-31T12:00:00Z), a baseline,\n"
		"'last' or 'now', 'previous', a database file, or FILE@ any of these.\n"
		"The defaults are 'previous' for A and 'last' for B. Times, 'last' and\n"
		"'previous' refer to the vantage of the configuration, or to --vantage.\n",
	.run = run,
};
