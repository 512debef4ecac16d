/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule expects of a flow, as the one word that the store keeps of it. */
#ifndef DAEMON_SCAN_EXPECTATION_H
#define DAEMON_SCAN_EXPECTATION_H

#include <stdbool.h>

#include "config/rules.h"

struct expectation {
	enum rule_expect expect;
	bool accepts_closed;
};

/* "open", "clear", "blocked", "blocked-or-closed", "any". Static. */
const char *expectation_word(struct expectation expectation);

/* The way back; a word of another version expects nothing (any). */
struct expectation expectation_of(const char *word);

#endif
