/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reachd: network reachability prober for fleets.
 *
 * A map of the tree, in the order of the data:
 *   config/           reachd.yaml and Ansible inventories -> settings, hosts, rules
 *   daemon/engine/    rules -> plan of flows -> probes, paced -> results
 *   probes/           one file a kind of check, on a small framework
 *   daemon/analyze/   results -> verdicts, changes, incidents: pure functions
 *   daemon/scan/      what a scan does besides probing: confirmed, recorded, compared
 *   store/            what was seen, as intervals in SQLite
 *   daemon/render/    the same values as text, JSON lines, CSV, JUnit, TAP
 *   daemon/notify/    those who are told of what changed, a thread each
 *   daemon/run/       the daemon: all of the above by schedule
 *   daemon/commands/  one file a verb: the wiring of all of the above
 *   base/os/          what differs between operating systems
 *   base/             what C lacks
 * docs/architecture.md says more.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "base/suggest.h"
#include "daemon/commands/command.h"

static void print_help(void)
{
	puts("Usage: reachd COMMAND [OPTION...]\n\n"
	     "Checks what can be reached from here, and reports what changed.\n\n"
	     "Commands:");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nFor details see 'reachd COMMAND --help', reachd(1) and "
	     "reachd.yaml(5).\n\n"
	     "Exit status of scan and diff: 0 everything passed (diff: no difference),\n"
	     "1 a check failed (diff: differences), 2 wrong usage or configuration,\n"
	     "3 not everything could be measured or stored.");
}

static int unknown_command(const char *name)
{
	const char *names[16];
	size_t count = 0;
	const char *nearest;

	while (commands[count]) {
		names[count] = commands[count]->name;
		count++;
	}
	fprintf(stderr, "reachd: unknown command '%s'\n", name);
	nearest = suggest_nearest(name, names, count);
	if (nearest)
		fprintf(stderr, "Did you mean '%s'?\n", nearest);
	fputs("Try 'reachd --help'.\n", stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (!os_hold_standard_streams())
		return STATUS_TROUBLE;
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		fputs("reachd: a command is missing\nTry 'reachd --help'.\n", stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
		(!strcmp(argv[1], "help") && argc == 2)) {
		print_help();
		return command_flush(STATUS_PASS);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("reachd " REACHD_VERSION);
		return command_flush(STATUS_PASS);
	}
	if (!strcmp(argv[1], "help")) {
		command = command_find(argv[2]);
		if (!command)
			return unknown_command(argv[2]);
		command_help(command);
		return command_flush(STATUS_PASS);
	}
	command = command_find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return command->run(command, argc - 1, argv + 1);
}
