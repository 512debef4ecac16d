/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify/message.h"
#include "daemon/notify/pause.h"
#include "daemon/notify/retry.h"

enum {
	READ_AT_ONCE = 100,
	STORE_PAUSE_MS = 2000 /* when the store is busy or has trouble */
};

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

/* ---- the store --------------------------------------------------------------- */

static uint32_t store_trouble(const struct delivery *delivery, int rc)
{
	if (rc != -EBUSY)
		log_error("sink %s: %s", delivery->sink->name,
			rc == -ENOMEM ? "out of memory"
				      : store_last_error(delivery->store));
	return STORE_PAUSE_MS;
}

/* Writes down what is owed. Until that works the sink is told of nothing else. */
static int settle(struct delivery *delivery)
{
	int rc = outbox_advance(delivery->store, delivery->vantage,
		delivery->sink->name, &delivery->owed);

	if (rc == 0)
		delivery->owed = (struct outbox_step){0};
	return rc;
}

/* What is next: the first notice that the sink wants, or all for a digest, up to
 * `number`. */
struct next {
	const struct delivery *delivery;
	uint64_t untold;
	json_t *list, *message; /* the list becomes the message */
	int64_t oldest_us;
	int64_t number; /* 0: there is none at all */
	bool failed;
};

static bool pick(void *data, const struct outbox_notice *notice)
{
	struct next *next = data;
	const struct notify_sink *sink = next->delivery->sink;
	bool is_first = json_array_size(next->list) == 0;
	json_t *message = message_of_notice(notice, is_first ? next->untold : 0);

	next->failed = !message;
	if (next->failed)
		return false;
	next->number = notice->number;
	if (!message_is_wanted(message, &sink->only)) {
		json_decref(message);
		return true;
	}
	if (is_first)
		next->oldest_us = notice->put_us;
	next->failed = json_array_append_new(next->list, message) < 0;
	return !next->failed && sink->digest_ms > 0;
}

/* Makes one message of what was picked; none when the sink wanted nothing of it. */
static int finish_next(struct next *next)
{
	json_t *list = next->list;

	next->list = NULL;
	if (next->failed || json_array_size(list) == 0) {
		json_decref(list);
		return next->failed ? -ENOMEM : 0;
	}
	next->message = message_of_list(list);
	return next->message ? 0 : -ENOMEM;
}

static int find_next(
	struct delivery *delivery, struct outbox_sink *known, struct next *next)
{
	const char *name = delivery->sink->name;
	int rc = outbox_get(delivery->store, delivery->vantage, name, known);

	*next = (struct next){.delivery = delivery};
	if (rc == -ENOENT || (rc == 0 && known->waiting == 0))
		return 0;
	if (rc < 0)
		return rc;
	next->untold = known->untold;
	next->list = json_array();
	if (!next->list)
		return -ENOMEM;
	rc = outbox_read(
		delivery->store, delivery->vantage, name, READ_AT_ONCE, pick, next);
	if (rc < 0) {
		json_decref(next->list);
		return rc;
	}
	return finish_next(next);
}

/* ---- telling ----------------------------------------------------------------- */

static void tell_recovery(struct delivery *delivery, const struct outbox_sink *known)
{
	if (known->untold)
		log_warning("sink %s: %" PRIu64
			    " notices were dropped before it could be told of them",
			delivery->sink->name, known->untold);
	if (delivery->failing)
		log_notice("sink %s: works again", delivery->sink->name);
	delivery->failing = false;
}

static void on_told(struct delivery *delivery, const struct outbox_sink *known,
	const struct sink_attempt *attempt)
{
	delivery->owed.refused = attempt->refused;
	delivery->owed.untold = known->untold;
	if (attempt->refused)
		log_warning("sink %s: %s", delivery->sink->name, attempt->error);
	tell_recovery(delivery, known);
}

static uint32_t on_failure(struct delivery *delivery, const struct outbox_sink *known,
	const struct sink_attempt *attempt, bool refused)
{
	uint32_t delay = retry_delay_ms(known->attempts + 1,
		random_below(&delivery->random, UINT32_MAX), attempt->wait_ms);
	int rc;

	if (!delivery->failing)
		log_warning("sink %s: %s; %" PRIu64 " wait", delivery->sink->name,
			attempt->error, known->waiting);
	delivery->failing = true;
	rc = outbox_fail(delivery->store, delivery->vantage, delivery->sink->name,
		attempt->error, refused);
	if (rc < 0 && rc != -EBUSY)
		store_trouble(delivery, rc);
	return delay;
}

static uint32_t deliver(struct delivery *delivery, const struct outbox_sink *known,
	const struct next *next)
{
	struct sink_attempt attempt = {
		.message = next->message, .stop = delivery->stop};
	enum sink_result result =
		delivery->ops->deliver(delivery->sink, delivery->state, &attempt);
	int rc;

	if (result != SINK_DONE && atomic_load(delivery->stop))
		return 0;
	if (result == SINK_FAILED ||
		(result == SINK_REFUSED && known->refusals + 1 < RETRY_REFUSALS))
		return on_failure(delivery, known, &attempt, result == SINK_REFUSED);
	delivery->owed = (struct outbox_step){.upto = next->number};
	if (result == SINK_DONE) {
		delivery->owed.told = (uint32_t)message_count(next->message);
		on_told(delivery, known, &attempt);
	} else {
		delivery->owed.refused = (uint32_t)message_count(next->message);
		log_error("sink %s: %s; notice %s was refused %d times and is given up",
			delivery->sink->name, attempt.error,
			message_get(next->message, "uid"), RETRY_REFUSALS);
	}
	rc = settle(delivery);
	return rc < 0 ? store_trouble(delivery, rc) : 0;
}

uint32_t delivery_step(struct delivery *delivery)
{
	struct outbox_sink known = {0};
	struct next next = {0};
	uint32_t wait = 0;
	int rc = delivery->owed.upto ? settle(delivery) : 0;

	delivery->paused = false;
	if (rc == 0)
		rc = find_next(delivery, &known, &next);
	if (rc < 0)
		return store_trouble(delivery, rc);
	if (next.number == 0)
		return UINT32_MAX;
	if (next.message) {
		wait = pause_ms(delivery->sink, next.oldest_us, clock_wall_us());
		delivery->paused = wait > 0;
		if (!delivery->paused)
			wait = deliver(delivery, &known, &next);
		json_decref(next.message);
		return wait;
	}
	delivery->owed = (struct outbox_step){.upto = next.number};
	rc = settle(delivery);
	return rc < 0 ? store_trouble(delivery, rc) : 0;
}
