/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal's standard error while probes run; nothing elsewhere. */
#ifndef DAEMON_COMMANDS_PROGRESS_H
#define DAEMON_COMMANDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/engine/engine.h"

struct progress {
	const char *label;
	bool enabled;
	bool shown;
	unsigned width;
	uint64_t last_us, last_connections; /* for the rate of now */
	double rate;
};

void progress_init(struct progress *progress, bool quiet, const char *label);

/* For engine_options.progress; data is the struct progress. */
void progress_show(void *data, const struct engine_progress *now);

/* Wipes the line. */
void progress_clear(struct progress *progress);

#endif
