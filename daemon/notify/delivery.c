/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/delivery.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify/message.h"

enum {
	READ_AT_ONCE = 100,
	STORE_PAUSE_MS = 2000, /* when the store is busy or has trouble */
	MINUTE_S = 60
};

/* ---- when ---------------------------------------------------------------------- */

uint32_t delivery_pause_ms(
	const struct notify_sink *sink, int64_t oldest_us, int64_t now_us)
{
	int64_t now_s = now_us / 1000000;
	int64_t age_ms = (now_us - oldest_us) / 1000;
	int64_t left_ms = (int64_t)sink->digest_ms - age_ms;

	if (sink->n_quiet && hours_contain(sink->quiet, sink->n_quiet,
				     zone_local_s(sink->zone, now_s)))
		return (uint32_t)(MINUTE_S - now_s % MINUTE_S) * 1000;
	/* A notice of the future: the clock was set back, and its age is unknown. */
	if (age_ms < 0 || left_ms <= 0)
		return 0;
	return left_ms < DELIVERY_MOST_PAUSE_MS ? (uint32_t)left_ms
						: DELIVERY_MOST_PAUSE_MS;
}

uint32_t delivery_retry_ms(uint32_t attempts, uint32_t chance, uint64_t asked_ms)
{
	uint64_t full = DELIVERY_FIRST_RETRY_MS;
	uint64_t delay;

	for (uint32_t i = 1; i < attempts && full < DELIVERY_MOST_RETRY_MS; i++)
		full *= 2;
	if (full > DELIVERY_MOST_RETRY_MS)
		full = DELIVERY_MOST_RETRY_MS;
	delay = full - full * chance / UINT32_MAX / 2;
	if (delay < asked_ms)
		delay = asked_ms < DELIVERY_MOST_RETRY_MS ? asked_ms
							  : DELIVERY_MOST_RETRY_MS;
	return (uint32_t)delay;
}

/* ---- the outbox ---------------------------------------------------------------- */

/* The next message: the first notice that the sink wants, or all of them for a digest,
 * up to `number`. */
struct next {
	const struct notify_sink *sink;
	uint64_t untold;
	json_t *list;
	int64_t oldest_us;
	int64_t number; /* of the last notice that was looked at; 0: none waits */
	bool failed;    /* no memory */
};

static bool pick(void *data, const struct outbox_notice *notice)
{
	struct next *next = data;
	bool is_first = json_array_size(next->list) == 0;
	json_t *message = message_of_notice(notice, is_first ? next->untold : 0);

	next->failed = !message;
	if (next->failed)
		return false;
	next->number = notice->number;
	if (!message_is_wanted(message, &next->sink->only)) {
		json_decref(message);
		return true;
	}
	if (is_first)
		next->oldest_us = notice->put_us;
	next->failed = json_array_append_new(next->list, message) < 0;
	return !next->failed && next->sink->digest_ms > 0;
}

/* *message is NULL when the sink wants none of what waits up to next->number. */
static int find_next(struct delivery *delivery, struct outbox_sink *known,
	struct next *next, json_t **message)
{
	const struct notify_sink *sink = delivery->sink;
	int rc = outbox_get(delivery->store, delivery->vantage, sink->name, known);

	*message = NULL;
	if (rc == -ENOENT || (rc == 0 && known->waiting == 0))
		return 0;
	if (rc < 0)
		return rc;
	*next = (struct next){
		.sink = sink, .untold = known->untold, .list = json_array()};
	if (!next->list)
		return -ENOMEM;
	rc = outbox_read(delivery->store, delivery->vantage, sink->name, READ_AT_ONCE,
		pick, next);
	if (rc == 0 && next->failed)
		rc = -ENOMEM;
	if (rc < 0 || json_array_size(next->list) == 0) {
		json_decref(next->list);
		return rc;
	}
	*message = message_of_list(next->list);
	return *message ? 0 : -ENOMEM;
}

static uint32_t log_store_error(const struct delivery *delivery, int rc)
{
	if (rc != -EBUSY)
		log_error("sink %s: %s", delivery->sink->name,
			rc == -ENOMEM ? "out of memory"
				      : store_last_error(delivery->store));
	return STORE_PAUSE_MS;
}

/* Moves the cursor. Until that works the sink gets nothing else. */
static int settle(struct delivery *delivery)
{
	int rc = outbox_advance(delivery->store, delivery->vantage,
		delivery->sink->name, &delivery->owed);

	if (rc == 0)
		delivery->owed = (struct outbox_step){0};
	return rc;
}

/* ---- delivering ---------------------------------------------------------------- */

static uint32_t on_failure(struct delivery *delivery, const struct outbox_sink *known,
	const struct sink_attempt *attempt, bool refused)
{
	const char *name = delivery->sink->name;
	int rc;

	if (!delivery->failing)
		log_warning("sink %s: %s; %" PRIu64 " waiting", name, attempt->error,
			known->waiting);
	delivery->failing = true;
	rc = outbox_fail(
		delivery->store, delivery->vantage, name, attempt->error, refused);
	if (rc < 0)
		log_store_error(delivery, rc);
	return delivery_retry_ms(known->attempts + 1,
		random_below(&delivery->random, UINT32_MAX), attempt->wait_ms);
}

static uint32_t deliver(struct delivery *delivery, const struct outbox_sink *known,
	const json_t *message, int64_t number)
{
	struct sink_attempt attempt = {.message = message, .stop = delivery->stop};
	const char *name = delivery->sink->name;
	uint32_t count = (uint32_t)message_count(message);
	enum sink_result result =
		delivery->ops->deliver(delivery->sink, delivery->state, &attempt);
	int rc;

	/* Our own end is no failure of the sink. */
	if (result != SINK_DONE && atomic_load(delivery->stop))
		return 0;
	if (result == SINK_FAILED ||
		(result == SINK_REFUSED && known->refusals + 1 < DELIVERY_REFUSALS))
		return on_failure(delivery, known, &attempt, result == SINK_REFUSED);
	if (result == SINK_REFUSED) {
		delivery->owed = (struct outbox_step){.upto = number, .refused = count};
		log_error("sink %s: %s; notice %s was refused %d times and is dropped",
			name, attempt.error, message_get(message, "uid"),
			DELIVERY_REFUSALS);
	} else {
		delivery->owed = (struct outbox_step){.upto = number,
			.told = count,
			.refused = attempt.refused,
			.untold = known->untold};
		if (attempt.refused)
			log_warning("sink %s: %s", name, attempt.error);
		if (known->untold)
			log_warning("sink %s: %" PRIu64
				    " notices were dropped before they could be "
				    "delivered",
				name, known->untold);
		if (delivery->failing)
			log_notice("sink %s: works again", name);
		delivery->failing = false;
	}
	rc = settle(delivery);
	return rc < 0 ? log_store_error(delivery, rc) : 0;
}

uint32_t delivery_step(struct delivery *delivery)
{
	struct outbox_sink known = {0};
	struct next next = {.number = 0};
	json_t *message = NULL;
	uint32_t wait;
	int rc = delivery->owed.upto ? settle(delivery) : 0;

	delivery->paused = false;
	if (rc == 0)
		rc = find_next(delivery, &known, &next, &message);
	if (rc < 0)
		return log_store_error(delivery, rc);
	if (next.number == 0)
		return UINT32_MAX;
	if (!message) {
		delivery->owed = (struct outbox_step){.upto = next.number};
		rc = settle(delivery);
		return rc < 0 ? log_store_error(delivery, rc) : 0;
	}
	wait = delivery_pause_ms(delivery->sink, next.oldest_us, clock_wall_us());
	delivery->paused = wait > 0;
	if (!delivery->paused)
		wait = deliver(delivery, &known, message, next.number);
	json_decref(message);
	return wait;
}

int delivery_open(struct delivery *delivery)
{
	delivery->ops = sink_ops_of(delivery->sink->kind);
	delivery->state = NULL;
	random_seed(&delivery->random, clock_monotonic_us() ^ (uintptr_t)delivery);
	return delivery->ops->open
		       ? delivery->ops->open(delivery->sink, &delivery->state)
		       : 0;
}

void delivery_close(struct delivery *delivery)
{
	if (delivery->ops->close)
		delivery->ops->close(delivery->state);
}
