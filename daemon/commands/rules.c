/* SPDX-License-Identifier: Apache-2.0 */
/* reachd rules: prints a built-in rule set. */
#include <stdio.h>

#include "daemon/commands/command.h"

static int list_sets(void)
{
	for (size_t i = 0; rules_builtin_names[i]; i++)
		puts(rules_builtin_names[i]);
	return command_flush(STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	const char *text;
	size_t size;
	int at = options_parse(self, argc, argv, NULL, &options);

	if (at < 0)
		return options_status(at);
	if (at == argc)
		return list_sets();
	if (at + 1 < argc)
		return command_usage(self, "expected one NAME");
	text = rules_builtin(argv[at], &size);
	if (!text)
		return command_usage(self, "unknown built-in rule set '%s'", argv[at]);
	fwrite(text, 1, size, stdout);
	return command_flush(STATUS_PASS);
}

const struct command rules_command = {
	.name = "rules",
	.summary = "Print a built-in rule set",
	.usage = "[NAME]",
	.help = "Without NAME, lists the names of the sets. 'reachd rules rds' prints the port\n"
		"table of Remote Desktop Services as rules: use them as they are "
		"('rules: rds')\nor copy and change them.\n",
	.run = run,
};
