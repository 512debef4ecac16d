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
	bool ended; /* the thread will not take the mutex again; under the mutex */
};

struct notifier {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* stop, wakes, or a worker's idle or ended */
	atomic_bool stop;
	uint64_t wakes; /* under the mutex */
	uint32_t count; /* workers whose thread runs */
	struct worker workers[];
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

/* Waits so long, indefinitely for UINT32_MAX, or until there is something new. Under
 * the mutex. */
static void rest(struct worker *worker, uint64_t seen, uint32_t ms)
{
	struct notifier *notifier = worker->notifier;
	bool indefinitely = ms == UINT32_MAX;
	bool idle = indefinitely || worker->delivery.paused;
	struct timespec end = in_future(indefinitely ? 0 : ms);
	int rc = 0;

	worker->idle = idle;
	pthread_cond_broadcast(&notifier->changed);
	while (rc == 0 && !atomic_load(&notifier->stop)) {
		/* Something new does not make a failed sink work. */
		if (idle && notifier->wakes != seen)
			break;
		rc = indefinitely
			     ? pthread_cond_wait(&notifier->changed, &notifier->mutex)
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

static int start_worker(struct worker *worker, const struct store *writer)
{
	struct delivery *delivery = &worker->delivery;
	struct store_error error;
	int rc = outbox_open(writer, &delivery->store, &error);

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
		log_error("sink %s can't be started: %s", delivery->sink->name,
			strerror(-rc));
		store_close(delivery->store);
	}
	return rc;
}

int notifier_start(
	const struct config *config, const struct store *writer, struct notifier **out)
{
	const struct notify_list *list = &config->notify;
	pthread_condattr_t attributes;
	struct notifier *notifier;
	int rc = 0;

	*out = NULL;
	if (list->count == 0)
		return 0;
	notifier = transfer_prepare() < 0
			   ? NULL
			   : calloc(1, sizeof *notifier +
					       list->count * sizeof(struct worker));
	if (!notifier) {
		log_error("no sink can be started: out of memory");
		return -ENOMEM;
	}
	pthread_mutex_init(&notifier->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&notifier->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	for (uint32_t i = 0; i < list->count && rc == 0; i++) {
		struct worker *worker = &notifier->workers[i];
		worker->notifier = notifier;
		worker->delivery = (struct delivery){
			.sink = &list->sinks[i],
			.vantage = config->settings.vantage,
			.stop = &notifier->stop,
		};
		rc = start_worker(worker, writer);
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

static bool is_idle(const struct worker *worker)
{
	return worker->idle;
}

static bool has_ended(const struct worker *worker)
{
	return worker->ended;
}

/* Whether all workers were so within the time. */
static bool wait_for_all(struct notifier *notifier,
	bool (*is_so)(const struct worker *worker), uint32_t limit_ms)
{
	struct timespec end = in_future(limit_ms);
	uint32_t i = 0;
	int rc = 0;

	pthread_mutex_lock(&notifier->mutex);
	for (;;) {
		for (i = 0; i < notifier->count && is_so(&notifier->workers[i]);)
			i++;
		if (i == notifier->count || rc != 0)
			break;
		rc = pthread_cond_timedwait(&notifier->changed, &notifier->mutex, &end);
	}
	pthread_mutex_unlock(&notifier->mutex);
	return i == notifier->count;
}

bool notifier_drain(struct notifier *notifier, uint32_t limit_ms)
{
	return !notifier || wait_for_all(notifier, is_idle, limit_ms);
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

bool notifier_stop(struct notifier *notifier, uint32_t limit_ms)
{
	if (!notifier)
		return true;
	notifier_cancel(notifier);
	if (!wait_for_all(notifier, has_ended, limit_ms))
		return false;
	for (uint32_t i = 0; i < notifier->count; i++) {
		uv_thread_join(&notifier->workers[i].thread);
		delivery_close(&notifier->workers[i].delivery);
		store_close(notifier->workers[i].delivery.store);
	}
	pthread_cond_destroy(&notifier->changed);
	pthread_mutex_destroy(&notifier->mutex);
	free(notifier);
	return true;
}
