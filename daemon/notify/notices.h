/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan has to tell: a notice an incident, the JSON line of the incident with the
 * vantage, the time, and the rules and groups that it is about. Pure.
 */
#ifndef DAEMON_NOTIFY_NOTICES_H
#define DAEMON_NOTIFY_NOTICES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/engine/plan.h"
#include "daemon/query/incidents.h"

struct notices {
	char **bodies; /* JSON objects, biggest incident first */
	size_t count;
};

/* Of a scan's changes, which `life` says what people are to be notified of; and of the
 * open incidents that end only because their flows left the inventory. 0
 * (notices_fini() it) or -ENOMEM. */
int notices_of_scan(const struct change_set *changes, const struct plan *plan,
	const struct incidents_life *life, int64_t time_us, struct notices *out);

void notices_fini(struct notices *notices);

/* A notice that says it is a test; malloc'ed, NULL without memory. */
char *notice_of_test(const char *vantage, int64_t time_us);

#endif
