/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/adhoc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/commands/stop.h"
#include "daemon/scan/observe.h"

/* Enough for the settings' defaults; the flow itself comes from the command line. */
static const char default_config[] =
	"inventory: {all: {hosts: {localhost: }}}\n"
	"rules: [{name: none, to: localhost, check: dns}]\n";

int adhoc_load(struct adhoc *adhoc, const char *check, const char *host)
{
	struct conf_report report;
	int rc;

	conf_report_init(&report);
	if (adhoc->options.config)
		adhoc->config = options_config(&adhoc->options, &report);
	else
		config_parse("<defaults>", default_config, sizeof default_config - 1,
			&report, &adhoc->config);
	if (adhoc->config && adhoc->options.vantage_given)
		adhoc->config->settings.vantage = adhoc->options.vantage;
	rc = adhoc->config
		     ? plan_single(adhoc->config, check, host, &report, &adhoc->plan)
		     : -EINVAL;
	if (adhoc->config && rc < 0)
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return rc;
}

/* Lines on standard error while results on standard output are for a program. */
static FILE *stream_of(const struct adhoc *adhoc)
{
	return strcmp(adhoc->options.format->name, "text") ? stderr : stdout;
}

static bool is_wanted(const struct adhoc *adhoc, const char *phase)
{
	return !adhoc->only || strcmp(phase, adhoc->only) == 0 ||
	       strcmp(phase, probe_phase_word(PHASE_RESOLVE)) == 0;
}

static void on_line(void *data, uint32_t flow, uint64_t elapsed_us, const char *phase,
	const char *text)
{
	const struct adhoc *adhoc = data;
	FILE *out = stream_of(adhoc);

	(void)flow;
	if (!is_wanted(adhoc, phase))
		return;
	fprintf(out, "%9.3f ms  %-8s %s\n", (double)elapsed_us / 1e3, phase, text);
	fflush(out);
}

int adhoc_open(struct adhoc *adhoc)
{
	struct engine_options options;
	int rc;

	engine_options_from(&adhoc->config->settings, &options);
	if (!adhoc->options.quiet) {
		options.observer = on_line;
		options.observer_data = adhoc;
	}
	adhoc->started_us = clock_wall_us();
	rc = results_init(&adhoc->results, adhoc->plan);
	if (rc == 0)
		rc = engine_new(&options, &adhoc->engine);
	if (rc == 0)
		stop_cancels(adhoc->engine);
	return rc;
}

int adhoc_observe(struct adhoc *adhoc)
{
	return observe(adhoc->engine, adhoc->plan, NULL, 0, &adhoc->results);
}

void adhoc_fini(struct adhoc *adhoc)
{
	stop_cancels(NULL);
	engine_free(adhoc->engine);
	results_fini(&adhoc->results);
	plan_free(adhoc->plan);
	config_free(adhoc->config);
}
