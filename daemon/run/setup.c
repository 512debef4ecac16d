/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

static void log_report(const struct conf_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (report->count == 0 && !report->failed)
		return;
	out = open_memstream(&text, &size);
	if (!out) {
		conf_report_print(report, stderr);
		return;
	}
	conf_report_print(report, out);
	if (fclose(out) == 0)
		log_lines(conf_report_ok(report) ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
			text);
	free(text);
}

static int load(const struct setup_source *source, struct conf_report *report,
	struct setup *setup)
{
	int rc = config_load(source->path, report, &setup->config);

	if (rc < 0)
		return rc;
	if (source->vantage)
		setup->config->settings.vantage = source->vantage;
	return plan_build(setup->config, report, &setup->plan);
}

int setup_load(const struct setup_source *source, struct setup **out)
{
	struct setup *setup = calloc(1, sizeof *setup);
	struct conf_report report;
	int rc;

	if (!setup)
		return -ENOMEM;
	conf_report_init(&report);
	rc = load(source, &report, setup);
	log_report(&report);
	conf_report_fini(&report);
	if (rc < 0)
		setup_free(setup);
	else
		*out = setup;
	return rc;
}

void setup_free(struct setup *setup)
{
	if (!setup)
		return;
	plan_free(setup->plan);
	config_free(setup->config);
	free(setup);
}
