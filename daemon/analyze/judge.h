/* SPDX-License-Identifier: Apache-2.0 */
/* State held against expectation. Pure. */
#ifndef DAEMON_ANALYZE_JUDGE_H
#define DAEMON_ANALYZE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/model/words.h"
#include "probes/reason.h"

struct judge_case {
	enum probe_state state;
	enum probe_reason reason; /* says of which parts a `partial` is made */
	enum rule_expect expect;  /* not EXPECT_DEFAULT */
	bool accept_closed;       /* `blocked` is also content with a RST */
	bool control_answered; /* every address that was silent here let other packets
				  through in the same scan */
};

enum verdict judge_flow(const struct judge_case *c);

/*
 * A rule with `require: N`: of its hosts, `pass` have every flow of the rule passing,
 * `inconclusive` might, the rest fail. need 0 means all of them.
 */
enum verdict judge_rule(
	uint32_t pass, uint32_t inconclusive, uint32_t fail, uint32_t need);

#endif
