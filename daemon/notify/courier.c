/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/courier.h"

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

int courier_open(struct courier *courier)
{
	courier->ops = sink_ops_of(courier->sink->kind);
	courier->state = NULL;
	random_seed(&courier->random, clock_monotonic_us() ^ (uintptr_t)courier);
	return courier->ops->open ? courier->ops->open(courier->sink, &courier->state)
				  : 0;
}

void courier_close(struct courier *courier)
{
	if (courier->ops->close)
		courier->ops->close(courier->state);
}

/* ---- the store --------------------------------------------------------------- */

static uint32_t store_trouble(const struct courier *courier, int rc)
{
	if (rc != -EBUSY)
		log_error("sink %s: %s", courier->sink->name,
			rc == -ENOMEM ? "out of memory"
				      : store_last_error(courier->store));
	return STORE_PAUSE_MS;
}

/* Writes down what is owed. Until that works the sink is told of nothing else. */
static int settle(struct courier *courier)
{
	int rc = outbox_advance(
		courier->store, courier->vantage, courier->sink->name, &courier->owed);

	if (rc == 0)
		courier->owed = (struct outbox_step){0};
	return rc;
}

/* What is next: the first notice that the sink wants, or all for a digest, up to
 * `number`. */
struct next {
	const struct courier *courier;
	uint64_t untold;
	json_t *list, *message; /* the list becomes the message */
	int64_t oldest_us;
	int64_t number; /* 0: there is none at all */
	bool failed;
};

static bool pick(void *data, const struct outbox_notice *notice)
{
	struct next *next = data;
	const struct notify_sink *sink = next->courier->sink;
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
	struct courier *courier, struct outbox_sink *known, struct next *next)
{
	const char *name = courier->sink->name;
	int rc = outbox_get(courier->store, courier->vantage, name, known);

	*next = (struct next){.courier = courier};
	if (rc == -ENOENT || (rc == 0 && known->waiting == 0))
		return 0;
	if (rc < 0)
		return rc;
	next->untold = known->untold;
	next->list = json_array();
	if (!next->list)
		return -ENOMEM;
	rc = outbox_read(
		courier->store, courier->vantage, name, READ_AT_ONCE, pick, next);
	if (rc < 0) {
		json_decref(next->list);
		return rc;
	}
	return finish_next(next);
}

/* ---- telling ----------------------------------------------------------------- */

static void tell_recovery(struct courier *courier, const struct outbox_sink *known)
{
	if (known->untold)
		log_warning("sink %s: %" PRIu64
			    " notices were dropped before it could be told of them",
			courier->sink->name, known->untold);
	if (courier->failing)
		log_notice("sink %s: works again", courier->sink->name);
	courier->failing = false;
}

static void on_told(struct courier *courier, const struct outbox_sink *known,
	const struct sink_attempt *attempt)
{
	courier->owed.refused = attempt->refused;
	courier->owed.untold = known->untold;
	if (attempt->refused)
		log_warning("sink %s: %s", courier->sink->name, attempt->error);
	tell_recovery(courier, known);
}

static uint32_t on_failure(struct courier *courier, const struct outbox_sink *known,
	const struct sink_attempt *attempt, bool refused)
{
	uint32_t delay = retry_delay_ms(known->attempts + 1,
		random_below(&courier->random, UINT32_MAX), attempt->wait_ms);
	int rc;

	if (!courier->failing)
		log_warning("sink %s: %s; %" PRIu64 " wait", courier->sink->name,
			attempt->error, known->waiting);
	courier->failing = true;
	rc = outbox_fail(courier->store, courier->vantage, courier->sink->name,
		attempt->error, refused);
	if (rc < 0 && rc != -EBUSY)
		store_trouble(courier, rc);
	return delay;
}

static uint32_t deliver(struct courier *courier, const struct outbox_sink *known,
	const struct next *next)
{
	struct sink_attempt attempt = {.message = next->message, .stop = courier->stop};
	enum sink_result result =
		courier->ops->deliver(courier->sink, courier->state, &attempt);
	int rc;

	if (result != SINK_DONE && atomic_load(courier->stop))
		return 0;
	if (result == SINK_FAILED ||
		(result == SINK_REFUSED && known->refusals + 1 < RETRY_REFUSALS))
		return on_failure(courier, known, &attempt, result == SINK_REFUSED);
	courier->owed = (struct outbox_step){.upto = next->number};
	if (result == SINK_DONE) {
		courier->owed.told = (uint32_t)message_count(next->message);
		on_told(courier, known, &attempt);
	} else {
		courier->owed.refused = (uint32_t)message_count(next->message);
		log_error("sink %s: %s; notice %s was refused %d times and is given up",
			courier->sink->name, attempt.error,
			message_get(next->message, "uid"), RETRY_REFUSALS);
	}
	rc = settle(courier);
	return rc < 0 ? store_trouble(courier, rc) : 0;
}

uint32_t courier_step(struct courier *courier)
{
	struct outbox_sink known = {0};
	struct next next = {0};
	uint32_t wait = 0;
	int rc = courier->owed.upto ? settle(courier) : 0;

	courier->paused = false;
	if (rc == 0)
		rc = find_next(courier, &known, &next);
	if (rc < 0)
		return store_trouble(courier, rc);
	if (next.number == 0)
		return UINT32_MAX;
	if (next.message) {
		wait = pause_ms(courier->sink, next.oldest_us, clock_wall_us());
		courier->paused = wait > 0;
		if (!courier->paused)
			wait = deliver(courier, &known, &next);
		json_decref(next.message);
		return wait;
	}
	courier->owed = (struct outbox_step){.upto = next.number};
	rc = settle(courier);
	return rc < 0 ? store_trouble(courier, rc) : 0;
}
