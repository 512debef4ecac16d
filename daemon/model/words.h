/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a flow, as enums, and the one word for each that the store and the
 * JSON have. */
#ifndef DAEMON_MODEL_WORDS_H
#define DAEMON_MODEL_WORDS_H

#include <stdbool.h>

#include "config/rules.h"

/* ---- verdicts -------------------------------------------------------------- */

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_INCONCLUSIVE
};

/* "pass", "fail", "inconclusive". Static. */
const char *verdict_word(enum verdict verdict);
bool verdict_from_word(const char *word, enum verdict *verdict);

/* ---- what a rule expects ---------------------------------------------------- */

struct expectation {
	enum rule_expect expect;
	bool accepts_closed;
};

/* "open", "clear", "blocked", "blocked-or-closed", "any". Static. */
const char *expectation_word(struct expectation expectation);

/* The way back; a word of another version expects nothing (any). */
struct expectation expectation_of(const char *word);

/* ---- changes ---------------------------------------------------------------- */

/* X(symbol, word) */
#define CHANGE_KINDS(X)                                                              \
	X(NONE, "none")                                                              \
	X(REGRESSION, "regression") /* was clear, is partial, blocked, failed or     \
				       unresolved; or was partial and is blocked */  \
	X(RECOVERY, "recovery")     /* the way back */                               \
	X(EXPOSURE, "exposure")     /* expect: blocked, and the path became clear */ \
	X(FAILING, "failing")       /* fails its rule, and was never reported as     \
				       anything else; `from` may be STATE_NONE */    \
	X(OTHER, "other")                                                            \
	X(ADDED, "added")     /* entered the inventory: no change of reachability */ \
	X(REMOVED, "removed") /* left it: likewise */

#define X(symbol, word) CHANGE_##symbol,
enum change_kind {
	CHANGE_KINDS(X) CHANGE_KIND_COUNT
};
#undef X

const char *change_kind_word(enum change_kind kind);

/* CHANGE_OTHER for a word of another version. */
enum change_kind change_kind_of(const char *word);

enum flap_phase {
	FLAP_NONE,    /* it does not flap */
	FLAP_STARTED, /* the change made it flap: told, the last for now */
	FLAP_ON,      /* it flaps, changed or not: quiet */
	FLAP_ENDED,   /* it holds still: told, unless that is what was told last */
};

/* "started", "on", "ended"; NULL for FLAP_NONE. Static. */
const char *flap_phase_word(enum flap_phase phase);

#endif
