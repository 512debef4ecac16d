/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people asked not to be told of: a scope of patterns and a time. What it covers
 * is measured, judged and recorded as ever. Pure.
 */
#ifndef DAEMON_VERDICT_SILENCE_H
#define DAEMON_VERDICT_SILENCE_H

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

/* What a scope is held against. */
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

/* One of the groups and one of the rules must match where the scope names any. */
bool silence_covers(const struct silence_scope *scope, const struct silence_flow *flow);

/* Not over yet. When it began is not asked: a clock that is set back while something is
 * silenced must not let it loose. */
bool silence_holds(const struct silence *silence, int64_t now_us);

/* Held at a time of the past. */
bool silence_held(const struct silence *silence, int64_t then_us);

#endif
