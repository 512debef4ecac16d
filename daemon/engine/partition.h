/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker has which hosts. Internal to the engine, see task.h. */
#ifndef DAEMON_ENGINE_PARTITION_H
#define DAEMON_ENGINE_PARTITION_H

#include "daemon/engine/worker.h"

/*
 * Divides the hosts of the job's selection among a number of workers that suits them
 * and the processors, so that each has about as many connections to make, and takes the
 * workers' reserve out of job->descriptors. The workers get all that worker_open() asks
 * for; partition_free() them, also after -ENOMEM. 0 or -ENOMEM.
 */
int partition(struct job *job, unsigned cpus, struct random_state *random,
	struct worker **workers);

void partition_free(struct worker *workers, uint32_t n_workers);

/* Kept for each worker's descriptors that are no connections: its loop's own, the
 * resolver's sockets, a file that is read meanwhile. */
enum {
	PARTITION_RESERVED_DESCRIPTORS = 32
};

#endif
