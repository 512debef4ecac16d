/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for people and programs. A writer is a table of functions that are called in
 * the order begin, results, changes, incidents, summary, end; it knows nothing of
 * plans, stores or terminals, and keeps no pointer past a call unless it copies.
 */
#ifndef DAEMON_RENDER_REPORT_H
#define DAEMON_RENDER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/model/rows.h"

struct report_options {
	FILE *out;
	bool colour;
	unsigned width;    /* columns of the terminal; 0: no limit */
	bool quiet_passes; /* text: the matrix and the failures, not every flow */
};

struct report;

struct report_ops {
	const char *name; /* text, jsonl, csv, junit, tap, html */
	int (*begin)(struct report *report, const char *command);
	int (*result)(struct report *report, const struct report_result *result);
	int (*change)(struct report *report, const struct report_change *change);
	int (*incident)(struct report *report, const struct report_incident *incident);
	int (*summary)(struct report *report, const struct report_summary *summary);
	int (*end)(struct report *report); /* flushes and frees what the writer took */
};

struct report {
	const struct report_ops *ops;
	struct report_options options;
	void *state; /* the writer's own */
};

/* Every writer, NULL terminated; the first is the default. */
extern const struct report_ops *const report_formats[];

/* NULL when there is no such format. */
const struct report_ops *report_find(const char *name);

/* Calls through the table; a member that is NULL does nothing. All return 0, -ENOMEM,
 * or -EIO when the output failed (a closed pipe, a full disk). */
int report_begin(struct report *report, const struct report_ops *ops,
	const struct report_options *options, const char *command);
int report_result(struct report *report, const struct report_result *result);
int report_change(struct report *report, const struct report_change *change);
int report_incident(struct report *report, const struct report_incident *incident);
int report_summary(struct report *report, const struct report_summary *summary);
int report_end(struct report *report);

#endif
