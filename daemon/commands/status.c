/* SPDX-License-Identifier: Apache-2.0 */
/* reachd status: every flow as the last scan left it, and since when. */
#include <errno.h>

#include "base/log.h"
#include "daemon/analyze/health.h"
#include "daemon/commands/command.h"
#include "daemon/commands/side.h"
#include "daemon/query/snapshot.h"
#include "daemon/query/status.h"

static int on_row(void *data, const struct report_result *row)
{
	return report_result(data, row);
}

static int publish(const struct common_options *options,
	const struct snapshot *snapshot, struct report_summary *summary)
{
	struct report report;
	struct report_options out;
	int rc;

	options_report(options, &out);
	rc = report_begin(&report, options->format, &out, "status");
	if (rc == 0)
		rc = status_rows(snapshot, summary, on_row, &report);
	if (rc == 0)
		rc = report_summary(&report, summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

static int show(const struct common_options *options, const struct side *side)
{
	struct report_summary summary = {
		.scan = side->scan.id,
		.command = "status",
		.degraded = side->scan.degraded,
		.degraded_reason =
			side->scan.degraded
				? health_text(health_from_word(side->scan.degraded_why))
				: NULL,
		.carried = side->scan.carried,
		.duration_us = side->scan.duration_us,
	};
	struct snapshot snapshot;
	int rc = snapshot_load(side->store, &side->scan, SNAPSHOT_WHOLE, &snapshot);

	if (rc == 0)
		rc = status_mark(side->store, 0, &options->flap, &snapshot);
	if (rc < 0)
		log_error("%s", store_last_error(side->store));
	if (rc == 0)
		rc = publish(options, &snapshot, &summary);
	snapshot_fini(&snapshot);
	if (summary.fail)
		return command_finish(rc, STATUS_FAIL);
	return command_finish(
		rc, summary.inconclusive || summary.unmeasured || summary.degraded
			    ? STATUS_TROUBLE
			    : STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	struct store *store;
	struct side side;
	int at = options_parse(self, argc, argv, NULL, &options);
	int status;

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "'%s' is one word too many", argv[at]);
	status = options_open_store(&options, STORE_READ, &store);
	if (status != STATUS_PASS)
		return status;
	status = STATUS_TROUBLE;
	if (side_open(store, &options, "last", &side)) {
		status = show(&options, &side);
		side_fini(&side);
	}
	store_close(store);
	return status;
}

const struct command status_command = {
	.name = "status",
	.summary = "Show every flow in its state after the last scan",
	.usage = "[-c FILE]",
	.help = "The exit status is that of the last scan's verdicts.\n",
	.run = run,
};
