/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"

struct notes notes;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int notes_forget(void **state)
{
	(void)state;
	memset(&notes, 0, sizeof notes);
	return 0;
}

static uint32_t number_of(const struct probe_run *run)
{
	return (uint32_t)strtoul(run->spec.target.host + 1, NULL, 10);
}

/* Returns how many were noted before. */
static uint32_t note_start(const struct probe_run *run)
{
	uint32_t host = number_of(run), before;

	pthread_mutex_lock(&lock);
	assert_true(notes.count < MAX_NOTES);
	before = notes.count;
	notes.us[notes.count] = clock_monotonic_us();
	notes.host[notes.count++] = host;
	if (++notes.open_in_all > notes.most_in_all)
		notes.most_in_all = notes.open_in_all;
	if (host < ARRAY_SIZE(notes.open) && ++notes.open[host] > notes.most_of_a_host)
		notes.most_of_a_host = notes.open[host];
	pthread_mutex_unlock(&lock);
	return before;
}

static void note_end(struct probe_run *run)
{
	uint32_t host = number_of(run);

	pthread_mutex_lock(&lock);
	notes.open_in_all--;
	if (host < ARRAY_SIZE(notes.open))
		notes.open[host]--;
	pthread_mutex_unlock(&lock);
}

/* ---- instant: open at once */

static int instant_start(struct probe_run *run)
{
	note_start(run);
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

const struct probe_ops kind_instant = {
	.name = "instant",
	.run_size = sizeof(struct probe_run),
	.start = instant_start,
	.fini = note_end,
};

const struct probe_ops kind_of_the_host = {
	.name = "of-the-host",
	.flags = PROBE_PER_HOST,
	.run_size = sizeof(struct probe_run),
	.start = instant_start,
	.fini = note_end,
};

/* ---- slow: open after a few milliseconds */

struct slow_run {
	struct probe_run run;
	struct probe_handle timer;
};

static void on_slow(uv_timer_t *timer)
{
	struct probe_handle *handle = timer->data;

	probe_run_settle(handle->run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static int slow_start(struct probe_run *run)
{
	struct slow_run *slow = (struct slow_run *)run;

	note_start(run);
	uv_timer_init(run->env->loop, &slow->timer.timer);
	probe_run_hold(run, &slow->timer);
	return uv_timer_start(&slow->timer.timer, on_slow, 5, 0);
}

const struct probe_ops kind_slow = {
	.name = "slow",
	.run_size = sizeof(struct slow_run),
	.start = slow_start,
	.fini = note_end,
};

/* ---- hanging: never an answer, never a deadline within the test */

static int hanging_start(struct probe_run *run)
{
	note_start(run);
	return 0;
}

const struct probe_ops kind_hanging = {
	.name = "hanging",
	.run_size = sizeof(struct probe_run),
	.start = hanging_start,
};

/* ---- scripted: one outcome after another, for a single host */

static int scripted_start(struct probe_run *run)
{
	const struct script *script = run->spec.conf;
	uint32_t at = note_start(run);

	const struct step *step =
		&script->steps[at < script->n_steps ? at : script->n_steps - 1];
	if (step->code == 0)
		probe_run_settle(run, step->state, step->reason, PHASE_CONNECT);
	return step->code;
}

const struct probe_ops kind_scripted = {
	.name = "scripted",
	.run_size = sizeof(struct probe_run),
	.start = scripted_start,
};

/* ---- batch: a paced kind, so many connections a run */

struct batch_run {
	struct probe_run run;
	struct probe_handle timer;
	uint32_t left; /* to start */
	uint32_t open;
};

static void batch_open(struct batch_run *batch)
{
	note_start(&batch->run);
	batch->left--;
	batch->open++;
	batch->run.result.attempts++;
}

static void batch_end_one(struct batch_run *batch)
{
	note_end(&batch->run);
	batch->open--;
	if (batch->left > 0 && probe_run_again(&batch->run)) {
		batch_open(batch);
		return;
	}
	probe_run_release(&batch->run);
	if (batch->left > batch->run.wants)
		probe_run_want(&batch->run);
}

/* Every few milliseconds all that is open ends. */
static void on_batch(uv_timer_t *timer)
{
	struct probe_handle *handle = timer->data;
	struct batch_run *batch = (struct batch_run *)handle->run;

	for (uint32_t open = batch->open; open > 0; open--)
		batch_end_one(batch);
	if (batch->left == 0 && batch->open == 0)
		probe_run_settle(
			&batch->run, STATE_CLOSED, REASON_ALL_CLEAR, PHASE_SWEEP);
}

static int batch_start(struct probe_run *run)
{
	struct batch_run *batch = (struct batch_run *)run;
	const struct batch_conf *conf = run->spec.conf;

	batch->left = conf->connections;
	uv_timer_init(run->env->loop, &batch->timer.timer);
	probe_run_hold(run, &batch->timer);
	batch_open(batch);
	for (uint32_t i = 1; i < run->spec.window && i < conf->connections; i++)
		probe_run_want(run);
	return uv_timer_start(&batch->timer.timer, on_batch, 2, 2);
}

static void batch_grant(struct probe_run *run)
{
	struct batch_run *batch = (struct batch_run *)run;

	/* What was wanted may have gone out on a slot that was used again. */
	if (batch->left == 0)
		probe_run_release(run);
	else
		batch_open(batch);
}

const struct probe_ops kind_batch = {
	.name = "batch",
	.flags = PROBE_PACED,
	.run_size = sizeof(struct batch_run),
	.start = batch_start,
	.grant = batch_grant,
};
