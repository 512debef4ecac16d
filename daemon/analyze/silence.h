/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people asked not to be told of: a scope of patterns and a time. What it covers
 * is measured, judged and recorded as ever. Pure.
 */
#ifndef DAEMON_ANALYZE_SILENCE_H
#define DAEMON_ANALYZE_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a flow must match to be covered, all of it; NULL or "": any. See pattern.h. */
struct silence_scope {
	const char *host, *group, *rule, *check, *vantage;
};

struct silence {
	uint32_t id;
	struct silence_scope scope;
	int64_t from_us, until_us; /* wall clock */
	int64_t ended_us;          /* by hand; 0: not */
	int64_t after_scan;        /* the newest when it was made; 0: none */
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
 * The silence that made a flow quiet, or NULL where it is not. A flow is quiet when
 * every rule that asks for it is covered, by one silence or by several; by a scope
 * without a rule, all are. Of those of one rule the oldest counts, and of these the
 * youngest: before it, the flow was told. `silences` stand in the order in which they
 * were made.
 */
const struct silence *silence_of(
	const struct silence *silences, size_t count, const struct silence_flow *flow);

/* Not over yet. When it began is not asked: a clock that is set back while something is
 * silenced must not let it loose. */
bool silence_holds(const struct silence *silence, int64_t now_us);

/* Held at a time of the past. */
bool silence_held(const struct silence *silence, int64_t then_us);

#endif
