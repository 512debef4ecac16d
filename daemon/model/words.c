/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/model/words.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/size.h"

/* ---- verdicts -------------------------------------------------------------- */

static const char *const verdict_words[] = {
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_INCONCLUSIVE] = "inconclusive",
};

const char *verdict_word(enum verdict verdict)
{
	assert((unsigned)verdict < ARRAY_SIZE(verdict_words));
	return verdict_words[verdict];
}

bool verdict_from_word(const char *word, enum verdict *verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdict_words); i++) {
		if (strcmp(verdict_words[i], word) == 0) {
			*verdict = (enum verdict)i;
			return true;
		}
	}
	return false;
}

/* ---- what a rule expects ---------------------------------------------------- */

static const char blocked_or_closed[] = "blocked-or-closed";

const char *expectation_word(struct expectation expectation)
{
	if (expectation.expect == EXPECT_BLOCKED && expectation.accepts_closed)
		return blocked_or_closed;
	return rule_expect_name(expectation.expect);
}

struct expectation expectation_of(const char *word)
{
	if (strcmp(word, blocked_or_closed) == 0)
		return (struct expectation){EXPECT_BLOCKED, true};
	for (int i = EXPECT_OPEN; i <= EXPECT_ANY; i++)
		if (strcmp(rule_expect_name((enum rule_expect)i), word) == 0)
			return (struct expectation){(enum rule_expect)i, false};
	return (struct expectation){EXPECT_ANY, false};
}

/* ---- changes ---------------------------------------------------------------- */

#define X(symbol, word) [CHANGE_##symbol] = (word),
static const char *const kind_words[CHANGE_KIND_COUNT] = {CHANGE_KINDS(X)};
#undef X

const char *change_kind_word(enum change_kind kind)
{
	assert((unsigned)kind < CHANGE_KIND_COUNT);
	return kind_words[kind];
}

enum change_kind change_kind_of(const char *word)
{
	for (int i = 0; i < CHANGE_KIND_COUNT; i++)
		if (strcmp(kind_words[i], word) == 0)
			return (enum change_kind)i;
	return CHANGE_OTHER;
}

const char *flap_phase_word(enum flap_phase phase)
{
	static const char *const phase_words[] = {NULL, "started", "on", "ended"};

	return phase_words[phase];
}
