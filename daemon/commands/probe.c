/* SPDX-License-Identifier: Apache-2.0 */
/* reachd probe: one check of one host, as it happens. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/commands/command.h"
#include "daemon/commands/progress.h"
#include "daemon/engine/engine.h"
#include "daemon/os/os.h"
#include "daemon/scan/observe.h"
#include "daemon/scan/publish.h"
#include "daemon/verdict/assess.h"

/* Enough for the settings' defaults; the flow itself comes from the command line. */
static const char default_config[] =
	"inventory: {all: {hosts: {localhost: }}}\n"
	"rules: [{name: none, to: localhost, check: dns}]\n";

struct probing {
	struct common_options options;
	struct config *config;
	struct plan *plan;
	struct results results;
	struct assessment assessment;
	struct engine *engine;
	int64_t started_us;
};

static struct engine *running_engine;

static void on_stop(void)
{
	if (running_engine)
		engine_cancel(running_engine);
}

static int load(struct probing *p, const char *check, const char *host)
{
	struct conf_report report;
	int rc;

	conf_report_init(&report);
	if (p->options.config)
		p->config = options_config(&p->options, &report);
	else
		config_parse("<defaults>", default_config, sizeof default_config - 1,
			&report, &p->config);
	rc = p->config ? plan_single(p->config, check, host, &report, &p->plan)
		       : -EINVAL;
	if (p->config && rc < 0)
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return rc;
}

/* Lines on standard error while results on standard output are for a program. */
static void on_trace(void *data, uint32_t flow, uint64_t elapsed_us, const char *phase,
	const char *text)
{
	FILE *out = data;

	(void)flow;
	fprintf(out, "%9.3f ms  %-8s %s\n", (double)elapsed_us / 1e3, phase, text);
	fflush(out);
}

static int probe_flow(struct probing *p)
{
	struct engine_options options;
	int rc;

	engine_options_from(&p->config->settings, &options);
	if (!p->options.quiet) {
		options.trace = on_trace;
		options.trace_data =
			strcmp(p->options.format->name, "text") ? stderr : stdout;
	}
	p->started_us = clock_wall_us();
	rc = results_init(&p->results, p->plan);
	if (rc == 0)
		rc = engine_new(&options, &p->engine);
	if (rc < 0)
		return rc;
	running_engine = p->engine;
	os_on_stop(on_stop);
	rc = observe(p->engine, p->plan, NULL, 0, &p->results);
	/* A probe that was stopped still tells what it saw: cancelled. */
	if (rc == 0 || rc == -ECANCELED)
		rc = assess(p->plan, &p->results, &p->assessment);
	return rc;
}

static int publish(struct probing *p)
{
	struct report report;
	struct report_options options;
	struct report_summary summary = {
		.command = "probe",
		.flows = p->plan->n_flows,
		.pass = p->assessment.pass,
		.fail = p->assessment.fail,
		.inconclusive = p->assessment.inconclusive,
		.degraded = p->assessment.degraded,
		.degraded_reason = p->assessment.degraded_reason,
		.duration_us = (uint64_t)(clock_wall_us() - p->started_us),
	};
	int rc;

	options_report(&p->options, &options);
	rc = report_begin(&report, p->options.format, &options, "probe");
	if (rc == 0)
		rc = publish_results(p->plan, &p->results, &p->assessment, 0,
			p->started_us, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

static int run_probe(struct probing *p, const char *check, const char *host)
{
	const struct assessment *a = &p->assessment;
	int rc;

	if (load(p, check, host) < 0)
		return STATUS_USAGE;
	rc = probe_flow(p);
	if (rc < 0) {
		log_error("the probe could not be finished: %s", strerror(-rc));
		return STATUS_TROUBLE;
	}
	rc = publish(p);
	return command_finish(rc, a->fail           ? STATUS_FAIL
				  : a->inconclusive ? STATUS_TROUBLE
						    : STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct probing p = {.started_us = 0};
	int at = options_parse(self, argc, argv, NULL, &p.options);
	int status;

	if (at < 0)
		return options_status(at);
	if (argc - at != 2)
		return command_usage(
			self, "it takes a check and a host, such as 'tcp/443 ls1'");
	status = run_probe(&p, argv[at], argv[at + 1]);
	running_engine = NULL;
	engine_free(p.engine);
	assessment_fini(&p.assessment);
	results_fini(&p.results);
	plan_free(p.plan);
	config_free(p.config);
	return status;
}

const struct command probe_command = {
	.name = "probe",
	.summary = "Ask one question of one host, and watch",
	.usage = "CHECK HOST",
	.help = "CHECK is tcp/PORT, dns[/PTR|/SRV:NAME] or sweep/LO-HI[,...]; HOST is a "
		"name or\nan address. With -c FILE its time limits, DNS servers and "
		"inventory are used;\nwithout it the defaults.\n",
	.run = run,
};
