/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/generation.h"

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

static int load(const struct generation_source *source, struct conf_report *report,
	struct generation *generation)
{
	int rc = config_load(source->path, report, &generation->config);

	if (rc < 0)
		return rc;
	if (source->vantage)
		generation->config->settings.vantage = source->vantage;
	return plan_build(generation->config, report, &generation->plan);
}

int generation_load(const struct generation_source *source, struct generation **out)
{
	struct generation *generation = calloc(1, sizeof *generation);
	struct conf_report report;
	int rc;

	if (!generation)
		return -ENOMEM;
	conf_report_init(&report);
	rc = load(source, &report, generation);
	log_report(&report);
	conf_report_fini(&report);
	if (rc < 0)
		generation_free(generation);
	else
		*out = generation;
	return rc;
}

void generation_free(struct generation *generation)
{
	if (!generation)
		return;
	plan_free(generation->plan);
	config_free(generation->config);
	free(generation);
}
