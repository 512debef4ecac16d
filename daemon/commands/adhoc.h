/* SPDX-License-Identifier: Apache-2.0 */
/* One check of one host from the command line, without a rule: for probe and trace. */
#ifndef DAEMON_COMMANDS_ADHOC_H
#define DAEMON_COMMANDS_ADHOC_H

#include "daemon/commands/command.h"
#include "daemon/engine/engine.h"

struct adhoc {
	struct common_options options; /* parsed by the verb */
	struct config *config;
	struct plan *plan; /* of one flow */
	struct results results;
	struct engine *engine;
	int64_t started_us; /* clock_wall_us() */
	const char *only;   /* besides name resolution, only lines of this phase are
			       shown; NULL: all */
};

/* Loads the configuration that -c names, else the defaults, and plans the flow. 0, or a
 * negative errno after telling: a mistake in the usage. */
int adhoc_load(struct adhoc *adhoc, const char *check, const char *host);

/*
 * Prepares the engine, which a signal cancels from then on. What happens is shown line
 * by line: on standard error where the results are for a program, nowhere with --quiet.
 * 0 or a negative libuv code.
 */
int adhoc_open(struct adhoc *adhoc);

/* Probes the flow: results. Returns as engine_run(). */
int adhoc_observe(struct adhoc *adhoc);

void adhoc_fini(struct adhoc *adhoc);

#endif
