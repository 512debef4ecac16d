/* SPDX-License-Identifier: Apache-2.0 */
/* reachd scan: one pass over all flows, stored, judged and compared with the last. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/quantity.h"
#include "daemon/commands/ask.h"
#include "daemon/commands/command.h"
#include "daemon/commands/flush.h"
#include "daemon/commands/progress.h"
#include "daemon/commands/side.h"
#include "daemon/commands/stop.h"
#include "daemon/scan/one_scan.h"
#include "daemon/scan/publish.h"

enum {
	DEFAULT_NOTIFY_MS = 30000,
	MAX_NOTIFY_MS = 3600000
};

/* In the order they are made; taken down in reverse. */
struct command_scan {
	struct common_options options;
	bool ask;
	bool fail_on_change;
	bool no_store;
	bool notify;
	const char *notify_for;
	uint64_t notify_ms;
	struct config *config;
	struct plan *plan;
	struct store *store; /* NULL with --no-store */
	struct one_scan scan;
	struct progress progress;
	bool hangs; /* a sink does */
};

/* ---- before --------------------------------------------------------------- */

static int load(struct command_scan *self)
{
	struct conf_report report;
	int rc;

	conf_report_init(&report);
	self->config = options_config(&self->options, &report);
	rc = self->config ? plan_build(self->config, &report, &self->plan) : -EINVAL;
	if (self->config && (rc < 0 || !self->options.quiet))
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return rc;
}

static int open_store(struct command_scan *self)
{
	const char *path = self->options.store ? self->options.store
					       : self->config->settings.store;
	struct store_error error;
	int rc;

	if (self->no_store)
		return 0;
	rc = store_open(path, STORE_WRITE, &self->store, &error);
	if (rc < 0)
		log_error("%s", error.text);
	return rc;
}

static void on_progress(
	void *data, const char *stage, const struct engine_progress *now)
{
	struct progress *progress = data;

	progress->label = stage;
	progress_show(progress, now);
}

static int scan_once(struct command_scan *self)
{
	struct one_scan *scan = &self->scan;
	int rc;

	scan->plan = self->plan;
	scan->store = self->store;
	scan->progress = on_progress;
	scan->progress_data = &self->progress;
	progress_init(&self->progress, self->options.quiet, "scanning");
	rc = one_scan_init(scan);
	if (rc < 0) {
		log_error("%s", strerror(-rc));
		return rc;
	}
	stop_cancels(scan->engine);
	rc = one_scan_run(scan);
	progress_clear(&self->progress);
	return rc;
}

/* ---- after ---------------------------------------------------------------- */

static int publish(struct command_scan *self)
{
	const struct one_scan *scan = &self->scan;
	char before[SIDE_TEXT], after[SIDE_TEXT];
	struct report report;
	struct report_options options;
	struct report_summary summary = one_scan_summary(scan);
	int rc;

	if (scan->earlier.snapshot.scan) {
		summary.before = side_text(scan->earlier.snapshot.scan, NULL,
			scan->earlier.snapshot.started_us, before, sizeof before);
		summary.after = side_text(
			scan->id, NULL, scan->started_us, after, sizeof after);
	}
	options_report(&self->options, &options);
	rc = report_begin(&report, self->options.format, &options, "scan");
	if (rc == 0)
		rc = publish_results(scan->plan, &scan->results, &scan->assessment,
			summary.scan, scan->started_us, &report);
	if (rc == 0)
		rc = one_scan_report_changes(scan, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

static int status_of(const struct command_scan *self)
{
	const struct assessment *a = &self->scan.assessment;

	if (a->fail || (self->fail_on_change && self->scan.changes.reachability))
		return STATUS_FAIL;
	return a->inconclusive || a->errors || self->scan.health.degraded
		       ? STATUS_TROUBLE
		       : STATUS_PASS;
}

/* What comes of it is no part of the scan's status: what is not told waits. */
static void tell(struct command_scan *self)
{
	if (self->notify && self->scan.recorded)
		self->hangs = !flush_notices(
			self->config, self->store, (uint32_t)self->notify_ms);
}

static bool can_notify(const struct command_scan *self)
{
	if (!self->notify || self->config->notify.count)
		return true;
	log_error("--notify: %s has no 'notify'", self->config->path);
	return false;
}

static int run_scan(struct command_scan *self)
{
	bool stored;
	int rc;

	if (load(self) < 0 || !can_notify(self))
		return STATUS_USAGE;
	if (open_store(self) < 0 || scan_once(self) < 0)
		return STATUS_TROUBLE;
	stored = self->scan.recorded || self->no_store;
	rc = publish(self);
	tell(self);
	return command_finish(rc, stored ? status_of(self) : STATUS_TROUBLE);
}

static void take_down(struct command_scan *self)
{
	stop_cancels(NULL);
	/* A sink that hangs needs it all until the process ends, which is now. */
	if (self->hangs)
		return;
	one_scan_fini(&self->scan);
	store_close(self->store);
	plan_free(self->plan);
	config_free(self->config);
}

static int check_options(const struct command *self, struct command_scan *scan)
{
	if (scan->notify_for && (!duration_parse(scan->notify_for, &scan->notify_ms) ||
					scan->notify_ms > MAX_NOTIFY_MS))
		return command_usage(self,
			"--notify-for takes a duration of at most 1h, such as 30s");
	if (scan->notify_for && !scan->notify)
		return command_usage(self, "--notify-for needs --notify");
	if (scan->notify && scan->no_store)
		return command_usage(self,
			"--notify sends what is in the store, so it can't be combined with "
			"--no-store");
	if (scan->ask && (scan->notify || scan->no_store || scan->fail_on_change))
		return command_usage(self,
			"with --ask the daemon scans as usual: it can't be combined with "
			"the other options of scan");
	return STATUS_PASS;
}

/* The scan is the daemon's, and so is the telling. */
static int ask_for_scan(struct common_options *options)
{
	json_t *answer;
	int status = ask_daemon(options, "scan", &answer);
	json_int_t scan;

	if (status != STATUS_PASS)
		return status;
	scan = json_integer_value(json_object_get(answer, "scan"));
	json_decref(answer);
	if (scan == 0) {
		log_error("the daemon's scan failed; see its log for the reason");
		return STATUS_TROUBLE;
	}
	log_notice("scan %lld is complete: 'reachd status' and 'reachd diff' show it",
		(long long)scan);
	return STATUS_PASS;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct command_scan scan = {.notify_ms = DEFAULT_NOTIFY_MS};
	const struct verb_option verb_options[] = {
		{"ask", &scan.ask, NULL},
		{"fail-on-change", &scan.fail_on_change, NULL},
		{"no-store", &scan.no_store, NULL},
		{"notify", &scan.notify, NULL},
		{"notify-for", NULL, &scan.notify_for},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &scan.options);
	int status;

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "'%s' is one word too many", argv[at]);
	status = check_options(self, &scan);
	if (status != STATUS_PASS)
		return status;
	if (scan.ask)
		return ask_for_scan(&scan.options);
	status = run_scan(&scan);
	take_down(&scan);
	return status;
}

const struct command scan_command = {
	.name = "scan",
	.summary = "Probe every flow once, store the results, and show what changed",
	.usage = "[-c FILE] [--ask | [--fail-on-change] [--no-store | --notify]]",
	.help = "      --ask             make 'reachd run' scan now, and wait for it\n"
		"      --fail-on-change  a confirmed change counts as a failure too\n"
		"      --no-store        store nothing and compare with "
		"nothing\n"
		"      --notify          then send waiting notices to the sinks of 'notify:' "
		"them\n"
		"      --notify-for TIME for at most TIME (default: 30s); the rest "
		"keeps waiting\n",
	.run = run,
};
