/* SPDX-License-Identifier: Apache-2.0 */
/* reachd run: the daemon. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/os/os.h"
#include "daemon/commands/command.h"
#include "daemon/run/daemon.h"

static bool set_log_format(const char *name)
{
	if (!name || strcmp(name, "text") == 0)
		log_set_format(
			os_stderr_is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT);
	else if (strcmp(name, "json") == 0)
		log_set_format(LOG_FORMAT_JSON);
	else
		return false;
	return true;
}

static int run_daemon(const struct common_options *options)
{
	struct daemon_options daemon = {
		.source = {.path = options_find_config(options)},
		.store = options->store,
	};
	int rc;

	if (!daemon.source.path)
		return STATUS_USAGE;
	if (options->vantage_given)
		daemon.source.vantage = options->vantage;
	rc = daemon_run(&daemon);
	if (rc == -EINVAL)
		return STATUS_USAGE;
	return rc < 0 ? STATUS_TROUBLE : STATUS_PASS;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	const char *log_format = NULL;
	const struct verb_option verb_options[] = {
		{"log-format", NULL, &log_format},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &options);

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "unexpected argument '%s'", argv[at]);
	if (options.format != report_formats[0])
		return command_usage(self, "run does not print results");
	if (!set_log_format(log_format))
		return command_usage(self,
			"--log-format must be text or json, not '%s'", log_format);
	return run_daemon(&options);
}

const struct command run_command = {
	.name = "run",
	.summary = "Scan by schedule, until stopped",
	.usage = "[-c FILE] [--log-format text|json]",
	.help = "      --log-format NAME  text, or json with one object a line, on standard "
		"error\n\n"
		"SIGUSR1 starts a scan, SIGHUP reloads the configuration, "
		"SIGTERM ends the daemon.\n",
	.run = run,
};
