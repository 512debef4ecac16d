/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Silences: what people asked not to be notified of, as a scope of patterns and a time.
 * What it covers is measured, judged and recorded as usual. Pure.
 */
#ifndef DAEMON_ANALYZE_MUTE_H
#define DAEMON_ANALYZE_MUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/model/snapshot.h"

/* What a flow must match to be covered, all of it; NULL or "": any. See pattern.h. */
struct silence_scope {
	const char *host, *group, *rule, *check, *vantage;
};

struct silence {
	uint32_t id;
	struct silence_scope scope;
	int64_t from_us, until_us; /* wall clock */
	int64_t ended_us;          /* by hand; 0: not */
};

/* What silences are held against. */
struct silence_flow {
	const char *vantage, *host, *check;
	const char *const *groups;
	size_t n_groups;
	const char *const *rules;
	size_t n_rules;
};

/*
 * Takes one word of a scope: KEY=PATTERN with a key of `struct silence_scope`, or a
 * pattern for the host alone. The scope points into `word`. NULL, or what is wrong with
 * it, to stand after "'WORD' ": static.
 */
const char *silence_scope_add(struct silence_scope *scope, const char *word);

/*
 * The silence that covers the flow, or NULL. A flow is covered when every rule that
 * asks for it is, by one silence or by several; a scope without a rule covers all of
 * them. Of those of one rule the oldest counts, and of these the youngest: the one that
 * was missing before. `silences` stand in the order in which they were made.
 */
const struct silence *silence_of(
	const struct silence *silences, size_t count, const struct silence_flow *flow);

/* Per flow of a snapshot, the number of a silence that covers it, or 0. 0 with *numbers
 * (free() it; NULL: none is covered), or -ENOMEM. */
int mute_flows(const struct silence *silences, size_t count,
	const struct snapshot *snapshot, uint32_t **numbers);

/* Not over yet. When it began is not asked: a clock that is set back while something is
 * silenced must not let it loose. */
bool silence_holds(const struct silence *silence, int64_t now_us);

/* Held at a time of the past. */
bool silence_held(const struct silence *silence, int64_t then_us);

#endif
