/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/notifier.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "daemon/engine/thread.h"
#include "daemon/notify/delivery.h"
#include "daemon/notify/transfer.h"

/* A delivery and its thread. */
struct worker {
	struct notifier *notifier;
	struct delivery delivery;
	uv_thread_t thread;
	bool idle;  /* nothing waits, as of the last wake-up; under the mutex */
	bool ended; /* the thread will take the mutex no more; under the mutex */
};

struct notifier {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* stop, wakes, or a worker's idle or ended */
	atomic_bool stop;
	uint64_t wakes; /* under the mutex */
	struct worker *workers;
	uint32_t count; /* those whose thread runs */
};

/* ---- the threads ------------------------------------------------------------- */

static struct timespec in_future(uint32_t ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += (long)(ms % 1000) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	return time;
}

/* Waits so long, UINT32_MAX for ever, or until something is new. Under the mutex. */
static void rest(struct worker *worker, uint64_t seen, uint32_t ms)
{
	struct notifier *notifier = worker->notifier;
	bool for_ever = ms == UINT32_MAX;
	bool idle = for_ever || worker->delivery.paused;
	struct timespec end = in_future(for_ever ? 0 : ms);
	int rc = 0;

	worker->idle = idle;
	pthread_cond_broadcast(&notifier->changed);
	while (rc == 0 && !atomic_load(&notifier->stop)) {
		/* What is new does not make a sink that failed work. */
		if (idle && notifier->wakes != seen)
			break;
		rc = for_ever ? pthread_cond_wait(&notifier->changed, &notifier->mutex)
			      : pthread_cond_timedwait(
					&notifier->changed, &notifier->mutex, &end);
	}
	worker->idle = false;
}

static void work(void *data)
{
	struct worker *worker = data;
	struct notifier *notifier = worker->notifier;

	pthread_mutex_lock(&notifier->mutex);
	while (!atomic_load(&notifier->stop)) {
		uint64_t seen = notifier->wakes;
		uint32_t wait;

		pthread_mutex_unlock(&notifier->mutex);
		wait = delivery_step(&worker->delivery);
		pthread_mutex_lock(&notifier->mutex);
		if (wait)
			rest(worker, seen, wait);
	}
	worker->ended = true;
	pthread_cond_broadcast(&notifier->changed);
	pthread_mutex_unlock(&notifier->mutex);
}

/* ---- life -------------------------------------------------------------------- */

static int start_worker(struct notifier *notifier, struct worker *worker,
	const struct config *config, const struct notify_sink *sink,
	const struct store *writer)
{
	struct delivery *delivery = &worker->delivery;
	struct store_error error;
	int rc;

	worker->notifier = notifier;
	*delivery = (struct delivery){.sink = sink,
		.vantage = config->settings.vantage,
		.stop = &notifier->stop};
	rc = outbox_open(writer, &delivery->store, &error);
	if (rc < 0) {
		log_error("%s", error.text);
		return rc;
	}
	rc = delivery_open(delivery);
	if (rc == 0) {
		rc = thread_start(&worker->thread, work, worker);
		if (rc < 0)
			delivery_close(delivery);
	}
	if (rc < 0) {
		log_error("sink %s can't be served: %s", sink->name, strerror(-rc));
		store_close(delivery->store);
	}
	return rc;
}

static struct notifier *make(uint32_t count)
{
	struct notifier *notifier = calloc(1, sizeof *notifier);
	pthread_condattr_t attributes;

	if (!notifier)
		return NULL;
	notifier->workers = calloc(count, sizeof *notifier->workers);
	if (!notifier->workers) {
		free(notifier);
		return NULL;
	}
	pthread_mutex_init(&notifier->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&notifier->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return notifier;
}

int notifier_start(
	const struct config *config, const struct store *writer, struct notifier **out)
{
	const struct notify_list *list = &config->notify;
	struct notifier *notifier;
	int rc = 0;

	*out = NULL;
	if (list->count == 0)
		return 0;
	notifier = transfer_prepare() == 0 ? make(list->count) : NULL;
	if (!notifier) {
		log_error("nobody can be told of anything: out of memory");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < list->count && rc == 0; i++) {
		rc = start_worker(notifier, &notifier->workers[i], config,
			&list->sinks[i], writer);
		if (rc == 0)
			notifier->count++;
	}
	if (rc == 0)
		*out = notifier;
	else
		notifier_stop(notifier, UINT32_MAX);
	return rc;
}

void notifier_wake(struct notifier *notifier)
{
	if (!notifier)
		return;
	pthread_mutex_lock(&notifier->mutex);
	notifier->wakes++;
	/* Not idle until they have looked: a drain that begins now must wait. */
	for (uint32_t i = 0; i < notifier->count; i++)
		notifier->workers[i].idle = false;
	pthread_cond_broadcast(&notifier->changed);
	pthread_mutex_unlock(&notifier->mutex);
}

static bool all_idle(const struct notifier *notifier)
{
	for (uint32_t i = 0; i < notifier->count; i++)
		if (!notifier->workers[i].idle)
			return false;
	return true;
}

bool notifier_drain(struct notifier *notifier, uint32_t limit_ms)
{
	struct timespec end = in_future(limit_ms);
	bool done;
	int rc = 0;

	if (!notifier)
		return true;
	pthread_mutex_lock(&notifier->mutex);
	while (!all_idle(notifier) && rc == 0)
		rc = pthread_cond_timedwait(&notifier->changed, &notifier->mutex, &end);
	done = all_idle(notifier);
	pthread_mutex_unlock(&notifier->mutex);
	return done;
}

void notifier_cancel(struct notifier *notifier)
{
	if (!notifier)
		return;
	pthread_mutex_lock(&notifier->mutex);
	atomic_store(&notifier->stop, true);
	pthread_cond_broadcast(&notifier->changed);
	pthread_mutex_unlock(&notifier->mutex);
}

static bool all_ended(const struct notifier *notifier)
{
	for (uint32_t i = 0; i < notifier->count; i++)
		if (!notifier->workers[i].ended)
			return false;
	return true;
}

static bool wait_for_ends(struct notifier *notifier, uint32_t limit_ms)
{
	struct timespec end = in_future(limit_ms);
	bool ended;
	int rc = 0;

	pthread_mutex_lock(&notifier->mutex);
	while (!all_ended(notifier) && rc == 0)
		rc = pthread_cond_timedwait(&notifier->changed, &notifier->mutex, &end);
	ended = all_ended(notifier);
	pthread_mutex_unlock(&notifier->mutex);
	return ended;
}

bool notifier_stop(struct notifier *notifier, uint32_t limit_ms)
{
	if (!notifier)
		return true;
	notifier_cancel(notifier);
	if (!wait_for_ends(notifier, limit_ms))
		return false;
	for (uint32_t i = 0; i < notifier->count; i++) {
		uv_thread_join(&notifier->workers[i].thread);
		delivery_close(&notifier->workers[i].delivery);
		store_close(notifier->workers[i].delivery.store);
	}
	pthread_cond_destroy(&notifier->changed);
	pthread_mutex_destroy(&notifier->mutex);
	free(notifier->workers);
	free(notifier);
	return true;
}
