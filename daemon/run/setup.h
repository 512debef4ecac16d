/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file and all that follows from it. Immutable; replaced as a whole. */
#ifndef DAEMON_RUN_SETUP_H
#define DAEMON_RUN_SETUP_H

#include "config/config.h"
#include "daemon/engine/plan.h"

struct setup {
	struct config *config;
	struct plan *plan;
};

/* Where it comes from, each time it is read. The texts are the caller's. */
struct setup_source {
	const char *path;
	const char *vantage; /* instead of the file's; or NULL */
};

/* Reads and checks it; every mistake and warning goes to the log. 0 (setup_free() it);
 * -EINVAL: the file is wrong; -ENOMEM. Blocks on the disk. */
int setup_load(const struct setup_source *source, struct setup **out);

/* NULL is harmless. */
void setup_free(struct setup *setup);

#endif
