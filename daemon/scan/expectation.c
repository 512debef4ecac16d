/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/expectation.h"

#include <string.h>

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
