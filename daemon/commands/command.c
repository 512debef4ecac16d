/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/render/visible.h"

const struct command *const commands[] = {
	&scan_command,
	&run_command,
	&reload_command,
	&check_command,
	&probe_command,
	&trace_command,
	&diff_command,
	&status_command,
	&incidents_command,
	&history_command,
	&baseline_command,
	&notify_command,
	&silence_command,
	&store_command,
	&rules_command,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static const char common_help[] =
	"Options of every command:\n"
	"  -c, --config FILE   the configuration (default: ./reachd.yaml, then\n"
	"                      /etc/reachd/reachd.yaml)\n"
	"      --store FILE    the database, instead of the configuration's\n"
	"      --format NAME   text, jsonl, csv, junit, tap or html (default: text)\n"
	"      --colour WHEN   auto, always or never (default: auto; NO_COLOR is obeyed)\n"
	"      --vantage NAME  the vantage, instead of the configuration's\n"
	"  -q, --quiet         no progress, no notices\n"
	"  -v, --verbose       more details on standard error; also list what passes\n"
	"  -h, --help          this text\n";

void command_help(const struct command *command)
{
	printf("Usage: reachd %s %s\n\n%s.\n\n%s%s%s", command->name, command->usage,
		command->summary, command->help, *command->help ? "\n" : "",
		common_help);
}

int command_usage(const struct command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "reachd %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nUsage: reachd %s %s\nTry 'reachd %s --help'.\n",
		command->name, command->usage, command->name);
	return STATUS_USAGE;
}

int command_finish(int rc, int status)
{
	if (rc == -EIO)
		log_error("standard output: not all results could be written");
	else if (rc < 0)
		log_error("%s", strerror(-rc));
	return rc < 0 ? STATUS_TROUBLE : status;
}

int command_flush(int status)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	return command_finish(failed ? -EIO : 0, status);
}

const char *command_visible(struct strbuf *buf, const char *text)
{
	strbuf_reset(buf);
	visible_add(buf, text, false);
	return buf->text && !buf->failed ? buf->text : "";
}
