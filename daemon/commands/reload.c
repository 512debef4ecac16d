/* SPDX-License-Identifier: Apache-2.0 */
/* reachd reload: has the daemon read its configuration again. */
#include "base/log.h"
#include "daemon/commands/ask.h"

static int reload(struct common_options *options)
{
	json_t *answer;
	int status = ask_daemon(options, "reload", &answer);
	bool ok;

	if (status != STATUS_PASS)
		return status;
	ok = json_is_true(json_object_get(answer, "ok"));
	json_decref(answer);
	if (ok)
		return STATUS_PASS;
	log_error("the daemon refused its configuration, and the previous one stays "
		  "active: its log has every mistake, as 'reachd check' has");
	return STATUS_USAGE;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	int at = options_parse(self, argc, argv, NULL, &options);

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "unexpected argument '%s'", argv[at]);
	return reload(&options);
}

const struct command reload_command = {
	.name = "reload",
	.summary = "Make the daemon read its configuration again",
	.usage = "[-c FILE]",
	.help = "This is the daemon that uses the store of the configuration.\n",
	.run = run,
};
