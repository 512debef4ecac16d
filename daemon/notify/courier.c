/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/courier.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify/message.h"
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

/* What is next: `message` is the first that the sink wants, up to `number`. */
struct next {
	const struct courier *courier;
	uint64_t untold;
	json_t *message;
	int64_t number; /* 0: there is none at all */
	bool failed;
};

static bool pick(void *data, const struct outbox_notice *notice)
{
	struct next *next = data;
	json_t *message = message_of_notice(notice, next->untold);

	next->failed = !message;
	if (next->failed)
		return false;
	next->number = notice->number;
	if (message_is_wanted(message, &next->courier->sink->only))
		next->message = message;
	else
		json_decref(message);
	return !next->message;
}

static int find_next(
	struct courier *courier, struct outbox_sink *known, struct next *next)
{
	const char *name = courier->sink->name;
	int rc = outbox_get(courier->store, courier->vantage, name, known);

	*next = (struct next){.courier = courier};
	if (rc == -ENOENT || (rc == 0 && known->waiting == 0))
		return 0;
	next->untold = known->untold;
	if (rc == 0)
		rc = outbox_read(courier->store, courier->vantage, name, READ_AT_ONCE,
			pick, next);
	return rc == 0 && next->failed ? -ENOMEM : rc;
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
		courier->owed.told = 1;
		courier->owed.untold = known->untold;
		tell_recovery(courier, known);
	} else {
		courier->owed.refused = 1;
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

	if (rc == 0)
		rc = find_next(courier, &known, &next);
	if (rc < 0)
		return store_trouble(courier, rc);
	if (next.number == 0)
		return UINT32_MAX;
	if (next.message) {
		wait = deliver(courier, &known, &next);
		json_decref(next.message);
		return wait;
	}
	courier->owed = (struct outbox_step){.upto = next.number};
	rc = settle(courier);
	return rc < 0 ? store_trouble(courier, rc) : 0;
}
