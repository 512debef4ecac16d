/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/diff.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- what an identity says ------------------------------------------------------ */

static const char *text_of(const struct diff_side *side)
{
	return side->identity ? side->identity : "";
}

/* The section of a sweep's identity, "N word ...", or NULL; see sweep_identity(). */
static const char *section(const struct diff_side *side, const char *word)
{
	const char *at = text_of(side);

	/* Of several addresses each has its own, in parentheses. */
	if (*at == 'v')
		return NULL;
	while (at) {
		size_t digits = strspn(at, "0123456789");
		if (digits && at[digits] == ' ' &&
			strncmp(at + digits + 1, word, strlen(word)) == 0)
			return at;
		at = strstr(at, "; ");
		at = at ? at + 2 : NULL;
	}
	return NULL;
}

/* How many ports are `word`, "clear" or "open"; -1 where that is not known. */
static int64_t count(const struct diff_side *side, const char *word)
{
	const char *at = section(side, word);

	if (at)
		return strtol(at, NULL, 10);
	switch (observation_parts(side->state, side->reason)) {
	case PARTS_BLOCKED:
		return 0;
	case PARTS_CLOSED:
		return strcmp(word, "open") == 0 ? 0 : -1;
	default:
		return -1;
	}
}

/* The runs by path: all but the sections of counts. */
static size_t length_of_runs(const char *identity)
{
	const char *end = *identity == 'v' ? NULL : strstr(identity, "; ");

	return end ? (size_t)(end - identity) : strlen(identity);
}

static bool same_runs(const struct diff_side *before, const struct diff_side *after)
{
	const char *a = text_of(before), *b = text_of(after);
	size_t length = length_of_runs(a);

	return length == length_of_runs(b) && memcmp(a, b, length) == 0;
}

/* True also where one side does not say who listens. */
static bool same_listeners(
	const struct diff_side *before, const struct diff_side *after)
{
	const char *a = section(before, "open"), *b = section(after, "open");

	return !a || !b || strcmp(a, b) == 0;
}

/* ---- both sides, as one expectation sees them ----------------------------------- */

struct view {
	enum rule_expect expect;
	bool by_path;   /* of many ports */
	bool listeners; /* and it matters which of them accept */
	bool accepts;   /* `blocked` is content with a RST */
};

/* How much gets through. */
static int level(const struct diff_side *side, const struct view *view)
{
	unsigned parts = observation_parts(side->state, side->reason);

	if (view->accepts && parts & PARTS_CLOSED)
		parts = (parts & ~(unsigned)PARTS_CLOSED) | PARTS_BLOCKED;
	if (!(parts & (PARTS_ACCEPT | PARTS_CLOSED)))
		return 0;
	/* Among the half good answers (a service that is gone, one that is sick, one
	 * address of two) no order can be told from the states. */
	if (view->expect == EXPECT_OPEN)
		return side->state == STATE_OPEN ? 2 : 1;
	if (parts & PARTS_BLOCKED)
		return 1;
	if (view->expect != EXPECT_BLOCKED)
		return side->state == STATE_FAILED ? 2 : 3;
	if (!(parts & PARTS_ACCEPT))
		return 2;
	return side->state == STATE_OPEN ? 4 : 3;
}

static bool same(const struct diff_side *before, const struct diff_side *after,
	const struct view *view)
{
	bool clear = observation_path(before->state, before->reason) == PATH_CLEAR &&
		     observation_path(after->state, after->reason) == PATH_CLEAR;

	if (view->by_path && clear && !view->listeners && view->expect != EXPECT_OPEN)
		return true;
	if (before->state != after->state)
		return false;
	if (!view->by_path)
		return strcmp(text_of(before), text_of(after)) == 0;
	if (before->state == STATE_PARTIAL && !same_runs(before, after))
		return false;
	return !view->listeners || (same_listeners(before, after) &&
					   level(before, view) == level(after, view));
}

/* Positive: more gets through after than before. */
static int64_t gain(const struct diff_side *before, const struct diff_side *after,
	const struct view *view)
{
	int levels = level(after, view) - level(before, view);
	int64_t was, is;

	if (view->expect != EXPECT_BLOCKED || !view->by_path)
		return levels;
	/* Where a RST is as good as silence, the ports that accept are all there is. */
	if (levels != 0 && !view->listeners)
		return levels;
	was = count(before, view->listeners ? "open" : "clear");
	is = count(after, view->listeners ? "open" : "clear");
	if (was < 0 || is < 0)
		return levels;
	return is - was;
}

static bool unmeasured(const struct diff_side *side)
{
	return side->state == STATE_NONE || side->state == STATE_ERROR;
}

enum change_kind diff_flow(const struct diff_side *before,
	const struct diff_side *after, enum rule_expect expect)
{
	bool accepts = expect == EXPECT_BLOCKED &&
		       (before->accepts_closed || after->accepts_closed);
	bool by_path = before->by_path || after->by_path;
	struct view view = {expect, by_path, by_path && accepts, accepts};
	int64_t more;

	if (!before->present || !after->present) {
		if (before->present == after->present)
			return CHANGE_NONE;
		return after->present ? CHANGE_ADDED : CHANGE_REMOVED;
	}
	if (unmeasured(before) || unmeasured(after) || same(before, after, &view))
		return CHANGE_NONE;
	more = gain(before, after, &view);
	if (more == 0)
		return CHANGE_OTHER;
	if (expect != EXPECT_BLOCKED)
		return more > 0 ? CHANGE_RECOVERY : CHANGE_REGRESSION;
	if (more > 0)
		return CHANGE_EXPOSURE;
	/* A name that no longer resolves proves no firewall. */
	return after->state == STATE_UNRESOLVED ? CHANGE_OTHER : CHANGE_RECOVERY;
}
