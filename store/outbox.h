/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people are to be told, until every receiver has it. A scan's notices are put in
 * the transaction that records it (struct store_record), so that neither is there
 * without the other. Each sink has a cursor: it is told in order, at least once, and no
 * sink waits for another. Bounded: the oldest are dropped, and counted for each sink
 * that had yet to be told. What a body says is not for the store to know.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "store/store.h"

#define OUTBOX_KEEP 10000 /* notices of a vantage that wait */

/* For store_record.outbox. Sinks of the vantage that are not named are forgotten; one
 * that is new is told of what is put from now on, this scan included. */
struct outbox_put {
	const char *const *bodies; /* oldest first */
	size_t n_bodies;
	const char *const *sinks; /* names, each once */
	size_t n_sinks;
	uint32_t keep; /* notices that may wait; 0: OUTBOX_KEEP */
};

struct outbox_notice {
	int64_t number;  /* rises from notice to notice, with gaps; never used twice */
	const char *uid; /* 32 hexadecimal digits; of this notice alone */
	int64_t scan;
	int64_t put_us; /* wall clock */
	const char *body;
};

struct outbox_sink {
	const char *name;
	uint64_t waiting;  /* notices after its cursor, wanted or not */
	int64_t oldest_us; /* when the oldest of those was put; 0: none waits */
	uint64_t told,
		refused;   /* ever: delivered; and given up, since it refused them */
	uint64_t dropped;  /* ever: there was no room to wait */
	uint64_t untold;   /* of the dropped, those it has not been told of */
	uint32_t attempts; /* failed ones, of the notice after the cursor */
	uint32_t refusals; /* of the attempts, those that the receiver refused */
	const char *error; /* why the last attempt failed; "" */
};

/*
 * A second handle on a writer's file, for another thread of this process: it relies on
 * the lock of `writer` and must be closed before that. Waits a second at most for the
 * other's transaction; then a call returns -EBUSY with nothing done. 0 or a negative
 * errno with *error filled.
 */
int outbox_open(
	const struct store *writer, struct store **out, struct store_error *error);

/* Notices after the sink's cursor, oldest first; `each` returns false to stop. Text
 * lives during the callback. None when the sink is not known. 0 or a negative errno. */
int outbox_read(struct store *store, const char *vantage, const char *sink,
	unsigned limit, bool (*each)(void *data, const struct outbox_notice *notice),
	void *data);

/* What became of the notices up to a number. */
struct outbox_step {
	int64_t upto;           /* the cursor's new place; it never goes back */
	uint32_t told, refused; /* the rest was not wanted */
	uint64_t untold;        /* dropped ones that were told of with it */
};

/* Moves the cursor and deletes what all sinks are done with. 0 or a negative errno. */
int outbox_advance(struct store *store, const char *vantage, const char *sink,
	const struct outbox_step *step);

/* Counts a failed attempt of the next notice; `refused`: because of what it says. 0 or
 * a negative errno. */
int outbox_fail(struct store *store, const char *vantage, const char *sink,
	const char *error, bool refused);

/* Every sink of a vantage by name; text lives during the callback. */
int outbox_list(struct store *store, const char *vantage,
	bool (*each)(void *data, const struct outbox_sink *sink), void *data);

/* One of them, without its texts (NULL). -ENOENT: it is not known. */
int outbox_get(struct store *store, const char *vantage, const char *sink,
	struct outbox_sink *out);

#endif
