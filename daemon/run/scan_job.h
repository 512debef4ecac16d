/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scan at a time, on a thread of its own, so that the daemon's loop answers
 * meanwhile. The thread has the store to itself until the scan has ended.
 */
#ifndef DAEMON_RUN_SCAN_JOB_H
#define DAEMON_RUN_SCAN_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/scan/one_scan.h"

struct scan_job {
	uv_async_t ended;
	uv_thread_t thread;
	bool running;
	struct one_scan scan;
	int rc;                    /* of one_scan_run() */
	_Atomic uint64_t alive_us; /* monotonic: when it was last seen to go on */
	/* On the loop: the scan has ended and is there to be read (its rc tells how);
	 * then, when it is gone and the next may start. */
	void (*on_end)(void *data);
	void (*on_idle)(void *data);
	void *data;
};

/* on_end, on_idle and data are set. 0 or a negative libuv code. */
int scan_job_init(struct scan_job *job, uv_loop_t *loop);

/* All must outlive the scan; `rules` as those of one_scan. 0, or a negative errno when
 * there is no scan (and nothing will be called): told. */
int scan_job_start(struct scan_job *job, const struct plan *plan, const bool *rules,
	struct store *store);

/* The scan that runs, if any, ends within a moment. */
void scan_job_cancel(struct scan_job *job);

/* It was seen to go on, at that moment of the monotonic clock. From any thread. */
void scan_job_show_life(struct scan_job *job, uint64_t seen_us);

/* False when a scan runs that has shown no sign of life for five minutes. */
bool scan_job_is_well(const struct scan_job *job, uint64_t now_us);

/* Closes its handle; nothing runs. */
void scan_job_close(struct scan_job *job);

#endif
