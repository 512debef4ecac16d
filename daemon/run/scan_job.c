/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/scan_job.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/engine/thread.h"
#include "daemon/run/scan_log.h"

enum {
	/* What takes longest between two signs of life is recording a large scan on a
	 * slow disk. */
	SILENCE_US = 300 * 1000 * 1000,
};

void scan_job_show_life(struct scan_job *job, uint64_t seen_us)
{
	atomic_store(&job->alive_us, seen_us);
}

static void on_progress(
	void *data, const char *stage, const struct engine_progress *now)
{
	(void)stage;
	scan_job_show_life(data, clock_monotonic_us() - now->silent_us);
}

static void on_thread(void *data)
{
	struct scan_job *job = data;

	job->rc = one_scan_run(&job->scan);
	scan_job_show_life(job, clock_monotonic_us());
	if (job->rc == 0)
		scan_log_write(&job->scan);
	uv_async_send(&job->ended);
}

/* libuv may call it once for several sends, or once more than needed. */
static void on_ended(uv_async_t *handle)
{
	struct scan_job *job = handle->data;

	if (!job->running)
		return;
	uv_thread_join(&job->thread);
	job->on_end(job->data);
	one_scan_fini(&job->scan);
	job->running = false;
	job->on_idle(job->data);
}

int scan_job_init(struct scan_job *job, uv_loop_t *loop)
{
	job->ended.data = job;
	return uv_async_init(loop, &job->ended, on_ended);
}

int scan_job_start(struct scan_job *job, const struct plan *plan, const bool *rules,
	struct store *store)
{
	int rc;

	job->scan = (struct one_scan){
		.plan = plan,
		.rules = rules,
		.store = store,
		.progress = on_progress,
		.progress_data = job,
	};
	rc = one_scan_init(&job->scan);
	if (rc == 0) {
		scan_job_show_life(job, clock_monotonic_us());
		rc = thread_start(&job->thread, on_thread, job);
	}
	job->running = rc == 0;
	if (rc < 0) {
		one_scan_fini(&job->scan);
		log_error("no scan could be started: %s", uv_strerror(rc));
	}
	return rc;
}

void scan_job_cancel(struct scan_job *job)
{
	if (job->running)
		one_scan_cancel(&job->scan);
}

bool scan_job_is_well(const struct scan_job *job, uint64_t now_us)
{
	uint64_t alive_us = atomic_load(&job->alive_us);

	/* It may have been seen after "now". */
	return !job->running || alive_us >= now_us || now_us - alive_us < SILENCE_US;
}

void scan_job_close(struct scan_job *job)
{
	uv_close((uv_handle_t *)&job->ended, NULL);
}
