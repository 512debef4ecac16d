/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/os/os.h"
#include "base/size.h"
#include "daemon/notify/notifier.h"
#include "daemon/run/control.h"
#include "daemon/run/rule_schedules.h"
#include "daemon/run/scan_job.h"
#include "daemon/run/scan_log.h"

enum {
	/* Together less than the five seconds within which the daemon ends, also while
	 * it waits for the sinks of the previous configuration. */
	STOP_MS = 3000,
	RELOAD_MS = 1500,
	STATUS_SIZE = 512,
	STATUS_LOST = 3, /* the exit status when there is no store any more */
};

static const int signal_numbers[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};

enum {
	FIRST_TO_STOP = 2 /* of these, the first that ends the program */
};

struct daemon {
	const struct daemon_options *options;
	uv_loop_t loop;
	uv_signal_t signals[ARRAY_SIZE(signal_numbers)];
	uv_timer_t turn, deadline, watchdog;
	struct scan_job job;
	struct control control;
	struct generation *generation;
	struct generation *next; /* takes over when no scan runs; or NULL */
	struct rule_schedules schedules;
	struct store *store;
	char *store_path;          /* whatever a later generation says */
	struct notifier *notifier; /* of the generation; NULL: it has no sinks */
	bool hangs;                /* a sink of an earlier generation does */
	bool asked;                /* for a scan, now */
	bool held;                 /* that it waits for a window was logged */
	bool stopping;
	uint64_t stopped_us;    /* monotonic: since when */
	int rc;                 /* why it ends by itself; 0: it was asked to */
	uint64_t started_us;    /* monotonic: when the last scan was */
	uint64_t last_us;       /* how long it took, all in all */
	char done[STATUS_SIZE]; /* its result, in a line */
};

static void go_on(struct daemon *self);
static void stop(struct daemon *self);

static struct schedule_now now(void)
{
	return (struct schedule_now){
		.monotonic_us = (int64_t)clock_monotonic_us(),
		.wall_us = clock_wall_us(),
	};
}

static const char *store_of(
	const struct daemon *self, const struct generation *generation)
{
	return self->options->store ? self->options->store
				    : generation->config->settings.store;
}

/* ---- the service manager --------------------------------------------------------- */

static void show_next(struct daemon *self, const struct schedule_step *step)
{
	char line[STATUS_SIZE + 64], time[32] = "never";

	if (step->at_wall_us != INT64_MAX)
		clock_format_short(step->at_wall_us, time, sizeof time);
	snprintf(line, sizeof line, "STATUS=%s%snext scan at %s", self->done,
		*self->done ? "; " : "", time);
	os_service_notify(line);
	if (step->held && !self->held)
		log_notice("the next scan waits for a window of the schedule, until %s",
			time);
	self->held = step->held;
}

static void on_watchdog(uv_timer_t *timer)
{
	const struct daemon *self = timer->data;

	if (scan_job_is_well(&self->job, clock_monotonic_us()))
		os_service_notify("WATCHDOG=1");
}

/* ---- scans ----------------------------------------------------------------------- */

static void start_scan(struct daemon *self, const struct schedule_step *step)
{
	const bool *rules = NULL;
	uint32_t flows = self->generation->plan->n_flows;
	char text[64];

	if (step->start) {
		scan_log_late(step->late_us, self->last_us);
		rules = rule_schedules_started(&self->schedules, now());
	}
	/* A scan that was asked for is a whole one. */
	if (self->asked)
		rules = NULL;
	self->asked = false;
	self->held = false;
	snprintf(text, sizeof text, "STATUS=scanning %u flow%s", flows,
		flows == 1 ? "" : "s");
	os_service_notify(text);
	self->started_us = clock_monotonic_us();
	control_scan_started(&self->control);
	if (scan_job_start(&self->job, self->generation->plan, rules, self->store) == 0)
		return;
	control_scan_ended(&self->control, 0);
	go_on(self);
}

static void take_next_generation(struct daemon *self)
{
	if (!self->next ||
		rule_schedules_renew(&self->schedules, self->next->plan, now()) < 0)
		return;
	if (notifier_stop(self->notifier, RELOAD_MS)) {
		generation_free(self->generation);
	} else {
		/* It keeps its thread, and what that needs of the generation. */
		log_warning(
			"a sink of the previous configuration hangs: it is abandoned");
		self->hangs = true;
	}
	self->generation = self->next;
	self->next = NULL;
	/* If it does not start (that was logged), its notices wait in the store. */
	notifier_start(self->generation->config, self->store, &self->notifier);
}

static void on_turn(uv_timer_t *timer)
{
	go_on(timer->data);
}

/* When no scan runs: takes over a new configuration, starts a scan, or waits for the
 * next one. */
static void go_on(struct daemon *self)
{
	struct schedule_step step;

	if (self->stopping || self->job.running)
		return;
	take_next_generation(self);
	step = rule_schedules_next(&self->schedules, now());
	if (step.start || self->asked) {
		start_scan(self, &step);
		return;
	}
	show_next(self, &step);
	uv_timer_start(&self->turn, on_turn, (uint64_t)step.wait_us / 1000 + 1, 0);
}

static void on_scan_end(void *data)
{
	struct daemon *self = data;
	struct strbuf text;

	/* Whether the file that is there now may be used is decided at the next start.
	 */
	if (!self->stopping && store_is_lost(self->store)) {
		log_error("%s: nothing can be stored there any more: this process ends "
			  "with status 3, to be started again by its service manager",
			self->store_path);
		self->rc = -ESTALE;
		stop(self);
	}
	self->last_us = clock_monotonic_us() - self->started_us;
	control_scan_ended(
		&self->control, self->job.scan.recorded ? self->job.scan.id : 0);
	if (self->job.rc < 0) {
		snprintf(self->done, sizeof self->done, "the last scan failed");
		return;
	}
	notifier_wake(self->notifier);
	strbuf_init(&text);
	scan_log_totals(&text, &self->job.scan);
	if (!text.failed)
		snprintf(self->done, sizeof self->done, "%s", text.text);
	strbuf_fini(&text);
}

/* ---- the end --------------------------------------------------------------------- */

static void close_handles(struct daemon *self)
{
	for (size_t i = 0; i < ARRAY_SIZE(self->signals); i++)
		uv_close((uv_handle_t *)&self->signals[i], NULL);
	uv_close((uv_handle_t *)&self->turn, NULL);
	uv_close((uv_handle_t *)&self->deadline, NULL);
	uv_close((uv_handle_t *)&self->watchdog, NULL);
	control_close(&self->control);
	scan_job_close(&self->job);
}

static void on_idle(void *data)
{
	struct daemon *self = data;

	if (self->stopping)
		close_handles(self);
	else
		go_on(self);
}

static void leave(const struct daemon *self, const char *why)
{
	log_warning("%s", why);
	fflush(stderr);
	_exit(self->rc < 0 ? STATUS_LOST : 0);
}

/* A disk that does not answer blocks the scan's thread, and waiting would gain nothing:
 * the store survives the loss of its process at any moment. */
static void on_deadline(uv_timer_t *timer)
{
	leave(timer->data,
		"the scan does not end: it is abandoned and marked interrupted");
}

static void stop(struct daemon *self)
{
	if (self->stopping)
		return;
	self->stopping = true;
	self->stopped_us = clock_monotonic_us();
	notifier_cancel(self->notifier);
	os_service_notify("STOPPING=1");
	log_notice("stopping");
	uv_timer_stop(&self->turn);
	if (!self->job.running) {
		close_handles(self);
		return;
	}
	/* What this turn of the loop did before may have taken long. */
	uv_update_time(&self->loop);
	uv_timer_start(&self->deadline, on_deadline, STOP_MS, 0);
	scan_job_cancel(&self->job);
}

static void stop_notifier(struct daemon *self)
{
	uint64_t passed_ms = (clock_monotonic_us() - self->stopped_us) / 1000;
	uint32_t left_ms = passed_ms < STOP_MS ? STOP_MS - (uint32_t)passed_ms : 0;

	if (!notifier_stop(self->notifier, left_ms) || self->hangs)
		leave(self, "a sink hangs: it is abandoned, and what it did not get "
			    "waits in the store");
}

/* ---- signals and requests -------------------------------------------------------- */

static int reload(struct daemon *self)
{
	const char *path = self->options->source.path;
	struct generation *next;
	int rc = generation_load(&self->options->source, &next);

	if (rc == -EINVAL)
		log_error("%s is refused as a whole: the previous configuration stays "
			  "active",
			path);
	else if (rc < 0)
		log_error(
			"%s can't be read: %s; the previous configuration stays active",
			path, strerror(-rc));
	if (rc < 0)
		return rc;
	if (strcmp(self->store_path, store_of(self, next)) != 0)
		log_warning("the store stays %s: to change it to %s takes a restart",
			self->store_path, store_of(self, next));
	generation_free(self->next);
	self->next = next;
	log_notice("%s was read again: it takes effect at the next scan", path);
	return 0;
}

static int on_reload(void *data)
{
	struct daemon *self = data;
	char text[96];
	int rc;

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_monotonic_us());
	os_service_notify(text);
	rc = reload(self);
	os_service_notify("READY=1");
	go_on(self);
	return rc;
}

static void on_ask(void *data)
{
	struct daemon *self = data;

	self->asked = true;
	if (self->job.running)
		log_notice("a scan runs: the requested one follows it");
	go_on(self);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *self = handle->data;

	if (number == SIGTERM || number == SIGINT)
		stop(self);
	else if (self->stopping)
		return;
	else if (number == SIGHUP)
		on_reload(self);
	else
		on_ask(self);
}

static int watch_signals(struct daemon *self, size_t first, size_t end)
{
	int rc = 0;

	for (size_t i = first; i < end && rc == 0; i++)
		rc = uv_signal_start(&self->signals[i], on_signal, signal_numbers[i]);
	return rc;
}

/* ---- the beginning --------------------------------------------------------------- */

static int open_handles(struct daemon *self)
{
	uv_timer_t *timers[] = {&self->turn, &self->deadline, &self->watchdog};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(self->signals) && rc == 0; i++) {
		self->signals[i].data = self;
		rc = uv_signal_init(&self->loop, &self->signals[i]);
	}
	if (rc == 0)
		rc = watch_signals(self, 0, FIRST_TO_STOP);
	for (size_t i = 0; i < ARRAY_SIZE(timers) && rc == 0; i++) {
		timers[i]->data = self;
		rc = uv_timer_init(&self->loop, timers[i]);
	}
	/* Three times in its interval, so that one that is late is not too late. */
	if (rc == 0 && os_service_watchdog_us()) {
		uint64_t every_ms = os_service_watchdog_us() / 3000;
		rc = uv_timer_start(
			&self->watchdog, on_watchdog, 0, every_ms ? every_ms : 1);
	}
	self->job.on_end = on_scan_end;
	self->job.on_idle = on_idle;
	self->job.data = self;
	self->control.scan = on_ask;
	self->control.reload = on_reload;
	self->control.data = self;
	return rc == 0 ? scan_job_init(&self->job, &self->loop) : rc;
}

static int load(struct daemon *self)
{
	struct store_error error;
	int rc = generation_load(&self->options->source, &self->generation);

	if (rc < 0)
		return rc;
	self->store_path = strdup(store_of(self, self->generation));
	if (!self->store_path)
		return -ENOMEM;
	rc = rule_schedules_init(&self->schedules, self->generation->plan,
		(uint64_t)clock_wall_us() ^ (uint64_t)getpid() << 40, now());
	if (rc < 0)
		return rc;
	rc = store_open(self->store_path, STORE_WRITE, &self->store, &error);
	if (rc < 0)
		log_error("%s", error.text);
	/* -EINVAL stands for a wrong configuration. */
	return rc == -EINVAL ? -EIO : rc;
}

static int run_loop(struct daemon *self)
{
	/* Before anything that takes time: until then SIGHUP ends the process. */
	int rc = open_handles(self);

	if (rc < 0) {
		log_error("%s", uv_strerror(rc));
		return rc;
	}
	rc = load(self);
	if (rc == 0)
		rc = watch_signals(self, FIRST_TO_STOP, ARRAY_SIZE(signal_numbers));
	if (rc == 0) {
		scan_log_start(self->generation);
		control_open(&self->control, &self->loop, self->store_path);
		notifier_start(self->generation->config, self->store, &self->notifier);
		os_service_notify("READY=1");
		go_on(self);
	} else {
		close_handles(self);
	}
	uv_run(&self->loop, UV_RUN_DEFAULT);
	return rc < 0 ? rc : self->rc;
}

/* Until the loop runs it could not see a signal, and a store that another program has
 * locked takes longer than a service manager waits. */
static void end_at_once(void)
{
	_exit(0);
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon *self = calloc(1, sizeof *self);
	int rc;

	if (!self)
		return -ENOMEM;
	self->options = options;
	os_service_init();
	os_on_stop(end_at_once);
	rc = uv_loop_init(&self->loop);
	if (rc == 0) {
		rc = run_loop(self);
		uv_loop_close(&self->loop);
	}
	stop_notifier(self);
	store_close(self->store);
	free(self->store_path);
	rule_schedules_fini(&self->schedules);
	generation_free(self->next);
	generation_free(self->generation);
	free(self);
	return rc;
}
