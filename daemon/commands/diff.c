/* SPDX-License-Identifier: Apache-2.0 */
/* reachd diff: what changed between two stored scans. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/analyze/assess.h"
#include "daemon/commands/command.h"
#include "daemon/commands/side.h"
#include "daemon/query/changes.h"
#include "daemon/query/flapping.h"
#include "daemon/render/changes.h"

static bool count_unmeasured(void *data, const struct store_flow *flow)
{
	uint64_t *count = data;

	/* A rule that had no turn was not asked. */
	*count += flow->gap &&
		  strcmp(flow->gap_reason, probe_reason_word(REASON_NOT_DUE)) != 0;
	return true;
}

static int publish(const struct common_options *options, const struct side *before,
	const struct side *after, const struct change_set *changes,
	const uint64_t unmeasured[2])
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
		.degraded_reason = assess_degraded_text(after->scan.degraded_why),
		.degraded_before = before->scan.degraded,
		.degraded_before_reason =
			assess_degraded_text(before->scan.degraded_why),
		.unmeasured_before = unmeasured[0],
		.unmeasured = unmeasured[1],
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
			one_store ? before->scan.id : 0, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

/* What flaps now, where the later side is the present. */
static int mark_flapping(const struct common_options *options, const struct side *after,
	struct change_set *changes)
{
	struct flapping_names names;
	struct store_scan last;
	int rc = store_scan_last(after->store, after->vantage, &last);

	if (rc < 0 || last.id != after->scan.id)
		return rc;
	rc = flapping_names_load(after->store, after->vantage, &options->flap, &names);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < changes->count; i++) {
		struct change *change = &changes->items[i];
		if (flapping_names_has(&names, change->host, change->check))
			change->flap = FLAP_ON;
	}
	flapping_names_fini(&names);
	return 0;
}

static int compare(const struct common_options *options, const struct side *before,
	const struct side *after)
{
	struct change_side a = {before->store, before->scan.id, before->scan.vantage};
	struct change_side b = {after->store, after->scan.id, after->scan.vantage};
	struct change_set changes = {.count = 0};
	struct quiet quiet;
	uint64_t unmeasured[2] = {0, 0};
	int rc = quiet_load_past(after->store, after->scan.started_us, &quiet);
	int status;

	if (rc == 0) {
		rc = changes_of_store(&a, &b, &quiet, &changes);
		quiet_fini(&quiet);
	}
	if (rc == 0)
		rc = mark_flapping(options, after, &changes);
	if (rc == 0)
		rc = store_flows_at(a.store, a.scan, count_unmeasured, &unmeasured[0]);
	if (rc == 0)
		rc = store_flows_at(b.store, b.scan, count_unmeasured, &unmeasured[1]);
	if (rc < 0) {
		log_error("the scans can't be compared: %s", strerror(-rc));
		return STATUS_TROUBLE;
	}
	rc = publish(options, before, after, &changes, unmeasured);
	/* What could not be measured may hide a difference. */
	if (changes.count)
		status = STATUS_FAIL;
	else if (before->scan.degraded || after->scan.degraded || unmeasured[0] ||
		 unmeasured[1])
		status = STATUS_TROUBLE;
	else
		status = STATUS_PASS;
	changes_fini(&changes);
	return command_finish(rc, status);
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
