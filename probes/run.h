/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping runs: the side of the framework that the engine uses. */
#ifndef PROBES_RUN_H
#define PROBES_RUN_H

#include "probes/probe.h"

/*
 * Starts a run, with one slot already granted by the caller. `done` follows from the
 * loop, whatever happens (also when ops->start fails); its run is freed after it
 * returns. 0 with *out (valid until done returns), or -ENOMEM and no done.
 */
int probe_run_start(struct probe_env *env, const struct probe_spec *spec,
	probe_done_fn done, void *data, struct probe_run **out);

/* Settles as error/cancelled, unless settled already; harmless when repeated. */
void probe_run_cancel(struct probe_run *run);

/* The engine grants one slot that the run asked for (run->wants > 0). */
void probe_run_grant(struct probe_run *run);

#endif
