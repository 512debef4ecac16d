/* SPDX-License-Identifier: Apache-2.0 */
/* reachd probe: one check of one host, as it happens. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/analyze/assess.h"
#include "daemon/analyze/health.h"
#include "daemon/commands/adhoc.h"
#include "daemon/scan/publish.h"

struct probing {
	struct adhoc adhoc;
	struct assessment assessment;
	struct health health;
};

static int probe_flow(struct probing *p)
{
	const struct health_streak streak = {.degraded = 0};
	int rc = adhoc_open(&p->adhoc);

	if (rc < 0)
		return rc;
	rc = adhoc_observe(&p->adhoc);
	/* A probe that was stopped still tells what it saw: cancelled. */
	if (rc == 0 || rc == -ECANCELED)
		rc = assess(p->adhoc.plan, &p->adhoc.results, &p->assessment);
	if (rc == 0)
		rc = health_judge(
			p->adhoc.plan, &p->adhoc.results, NULL, &streak, &p->health);
	return rc;
}

static int publish(struct probing *p)
{
	struct report report;
	struct report_options options;
	struct report_summary summary = {
		.command = "probe",
		.flows = p->adhoc.plan->n_flows,
		.pass = p->assessment.pass,
		.fail = p->assessment.fail,
		.inconclusive = p->assessment.inconclusive,
		.degraded = p->health.degraded,
		.degraded_reason = health_text(p->health.cause),
		.duration_us = (uint64_t)(clock_wall_us() - p->adhoc.started_us),
	};
	int rc;

	options_report(&p->adhoc.options, &options);
	rc = report_begin(&report, p->adhoc.options.format, &options, "probe");
	if (rc == 0)
		rc = publish_results(p->adhoc.plan, &p->adhoc.results, &p->assessment,
			0, p->adhoc.started_us, &report);
	if (rc == 0)
		rc = report_summary(&report, &summary);
	return report_end(&report) < 0 && rc == 0 ? -EIO : rc;
}

static int run_probe(struct probing *p, const char *check, const char *host)
{
	const struct assessment *a = &p->assessment;
	int rc;

	if (adhoc_load(&p->adhoc, check, host) < 0)
		return STATUS_USAGE;
	rc = probe_flow(p);
	if (rc < 0) {
		log_error("the probe failed: %s", strerror(-rc));
		return STATUS_TROUBLE;
	}
	rc = publish(p);
	return command_finish(rc, a->fail           ? STATUS_FAIL
				  : a->inconclusive ? STATUS_TROUBLE
						    : STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct probing p = {.adhoc = {.config = NULL}};
	int at = options_parse(self, argc, argv, NULL, &p.adhoc.options);
	int status;

	if (at < 0)
		return options_status(at);
	if (argc - at != 2)
		return command_usage(
			self, "expected a check and a host, such as 'tcp/443 ls1'");
	status = run_probe(&p, argv[at], argv[at + 1]);
	assessment_fini(&p.assessment);
	adhoc_fini(&p.adhoc);
	return status;
}

const struct command probe_command = {
	.name = "probe",
	.summary = "Run one check against one host and show each step",
	.usage = "CHECK HOST",
	.help = "CHECK is tcp/PORT, dns[/PTR|/SRV:NAME], sweep/LO-HI[,...], "
		"rpc[/NAME|/UUID|/*],\n"
		"rdp, smb or ldap[/PORT]; HOST is a name or an "
		"address. With -c FILE, its "
		"timeouts,\nDNS servers and inventory are used; otherwise the defaults.\n",
	.run = run,
};
