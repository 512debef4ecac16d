/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon: scans by schedule, answers signals, reports to the service manager.
 * SIGUSR1 starts a scan now, SIGHUP reads the configuration again, SIGTERM and SIGINT
 * end it.
 */
#ifndef DAEMON_RUN_DAEMON_H
#define DAEMON_RUN_DAEMON_H

#include "daemon/run/generation.h"

struct daemon_options {
	struct generation_source source;
	const char *store; /* instead of the file's; or NULL */
};

/*
 * Blocks until it is asked to end: 0. Otherwise, after logging: -EINVAL if the
 * configuration is wrong, another negative errno if it could not start, -ESTALE if its
 * database is lost. When a scan does not stop within a few seconds, the process exits
 * from within, with status 0.
 */
int daemon_run(const struct daemon_options *options);

#endif
