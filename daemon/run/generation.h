/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration with its plan. Immutable; replaced as a whole by a reload. */
#ifndef DAEMON_RUN_GENERATION_H
#define DAEMON_RUN_GENERATION_H

#include "config/config.h"
#include "daemon/engine/plan.h"

struct generation {
	struct config *config;
	struct plan *plan;
};

/* Where it comes from, each time it is read. The texts are the caller's. */
struct generation_source {
	const char *path;
	const char *vantage; /* instead of the file's; or NULL */
};

/* Reads and checks it; every mistake and warning goes to the log. 0 (generation_free()
 * it); -EINVAL: the file is wrong; -ENOMEM. Blocks on the disk. */
int generation_load(const struct generation_source *source, struct generation **out);

/* NULL is harmless. */
void generation_free(struct generation *generation);

#endif
