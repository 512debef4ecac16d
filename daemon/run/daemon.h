/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that runs for ever: scans by schedule, answers signals, tells the service
 * manager how it is. SIGUSR1 asks for a scan now, SIGHUP has the configuration read
 * again, SIGTERM and SIGINT end it.
 */
#ifndef DAEMON_RUN_DAEMON_H
#define DAEMON_RUN_DAEMON_H

#include "daemon/run/generation.h"

struct daemon_options {
	struct generation_source source;
	const char *store; /* instead of the file's; or NULL */
};

/*
 * Runs until it is told to end: 0. Else, told: why it could not begin, -EINVAL when the
 * configuration is wrong or another negative errno; or -ESTALE: its database is lost.
 * The process ends by itself, with status 0, when a scan that was told to stop takes
 * more than a few seconds to.
 */
int daemon_run(const struct daemon_options *options);

#endif
