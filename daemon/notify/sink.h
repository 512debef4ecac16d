/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind of receiver, as a table of functions. All of a sink's calls come from one
 * thread, and block for no longer than the sink's time limit; soon after *stop is set
 * they end as failed.
 */
#ifndef DAEMON_NOTIFY_SINK_H
#define DAEMON_NOTIFY_SINK_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "config/notify.h"

enum sink_result {
	SINK_DONE,
	SINK_FAILED, /* it may work later */
	SINK_REFUSED /* the receiver does not want this very message */
};

struct sink_attempt {
	const json_t *message;
	const atomic_bool *stop;
	/* Done, but for so many of the sink's addressees, who will never take it. */
	uint32_t refused;
	/* Unless it is done for all: why, one line without secrets ... */
	char error[240];
	/* ... and how long the receiver asked to wait; 0: it did not. */
	uint64_t wait_ms;
};

struct sink_ops {
	/* What a sink keeps from one delivery to the next. 0 or a negative errno. May
	 * be NULL, as may close. */
	int (*open)(const struct notify_sink *sink, void **state);
	enum sink_result (*deliver)(const struct notify_sink *sink, void *state,
		struct sink_attempt *attempt);
	void (*close)(void *state);
};

const struct sink_ops *sink_ops_of(enum notify_kind kind);

/* Writes the reason into attempt->error. Returns SINK_FAILED. */
enum sink_result sink_fail(struct sink_attempt *attempt, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One attempt from open to close, for a test of the sink. */
enum sink_result sink_try(const struct notify_sink *sink, struct sink_attempt *attempt);

extern const struct sink_ops sink_file, sink_exec, sink_webhook, sink_syslog,
	sink_journald, sink_smtp;

#endif
