/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Is it me?", by the numbers. When much of what used to answer is dark at once, either
 * one cause explains it (a rule, a port, a subnet, a group: what people want to be told
 * of) or it is this vantage. So the causes are counted that it takes to explain all
 * that became unreachable, and held against how many would fail by themselves. Pure.
 *
 * A cause is narrow (a check, a rule, a subnet) or wide (a group of hosts, a larger
 * network). A narrow one explains whatever of it is dark. A wide one explains that only
 * when at least 4 in 5 of it are dark, and twice the share of what is outside, which
 * must be a tenth of all flows: else "all hosts" would explain everything.
 *
 * Strands are the narrow causes that it takes to cover everything that used to answer:
 * so many things of this fleet can fail without another. That `causes` or more of
 * `strands` do so in one scan has the chance of a binomial tail, each with 1 in 200:
 * far more often than any network should, so that the guard speaks too late rather than
 * too early.
 *
 * Without the biggest of the causes the rest must still be dark to `share`: a few dead
 * hosts beside one changed rule are no pattern.
 *
 * One cause is never the vantage's, however much it darkens: a fleet of one subnet or
 * of one rule needs controls. Two and more are, when nothing at all answers any more.
 */
#ifndef DAEMON_ANALYZE_GUARD_H
#define DAEMON_ANALYZE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct guard_list {
	const uint32_t *items; /* causes */
	uint32_t count;
};

/* A flow that used to answer and was measured. */
struct guard_flow {
	uint32_t host, check, rules; /* indexes into the lists of the input */
	bool dark;                   /* nothing answers any more */
};

struct guard_input {
	const struct guard_flow *flows;
	uint32_t n_flows;
	/* The causes that a host, a check and a set of rules are part of. */
	const struct guard_list *of_hosts, *of_checks, *of_rules;
	const bool *wide; /* per cause */
	uint32_t n_causes;
};

struct guard_limits {
	uint32_t share; /* percent of the flows that must be dark, 1 to 100 */
	uint32_t odds;  /* impaired when the chance is 1 in so many, or less */
};

struct guard_finding {
	uint32_t flows, dark;
	uint32_t causes, strands; /* at most GUARD_MAX_CAUSES; 0 when not counted */
	bool spread; /* without the biggest cause, the share of the rest is as large */
	double chance;
	bool impaired;
};

#define GUARD_MAX_CAUSES 128

/* O(flows * causes to be found). 0 or -ENOMEM. */
int guard_judge(const struct guard_input *input, const struct guard_limits *limits,
	struct guard_finding *out);

/* The chance that `hits` or more of `n` happen, each with the chance `p`. */
double guard_tail(uint32_t n, uint32_t hits, double p);

#endif
