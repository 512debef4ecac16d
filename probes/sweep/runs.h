/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep says once every port has a state: counts, runs, a verdict. Pure. */
#ifndef PROBES_SWEEP_RUNS_H
#define PROBES_SWEEP_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "probes/net/sockerr.h"
#include "probes/sweep/ports.h"

/* Neighbouring ports of the set that share a state. */
struct sweep_run_of_ports {
	uint16_t low, high;
	enum probe_state state;
};

/* Goes through the runs in rising order. */
struct sweep_walk {
	const struct sweep_ports *ports;
	uint32_t index; /* of the next port */
	size_t range;   /* of the set, that it is in */
	uint16_t port;  /* the next port */
};

void sweep_walk_init(struct sweep_walk *walk, const struct sweep_ports *ports);

/* The next run, or false at the end. */
bool sweep_walk_next(struct sweep_walk *walk, struct sweep_run_of_ports *run);

/* The first answer of each state, by state; STATE_NONE where there was none. Those that
 * are ICMP errors go into the evidence. */
struct sweep_icmp {
	struct sockerr first[STATE_COUNT];
};

/* How many ports have each state. */
struct sweep_counts {
	uint32_t of[STATE_COUNT];
};

void sweep_count(const struct sweep_ports *ports, struct sweep_counts *counts);

/*
 * The state of the whole: open (one port accepts, none is blocked), closed, partial, or
 * blocked. Blocked ports that differ have the strongest of their states, prohibited
 * before unreachable before filtered, with its ICMP reason: a router that limits its
 * ICMP errors leaves some ports silent in any scan, and the state should not depend on
 * how many. A partial sweep without an open port has a reason of its own.
 */
void sweep_verdict(const struct sweep_counts *counts, const struct sweep_icmp *icmp,
	enum probe_state *state, enum probe_reason *reason);

/* The evidence has no more runs than this; "runs_cut":true then says so. */
#define SWEEP_EVIDENCE_RUNS 2000

/*
 * {"ports":{"open":8,"closed":504},"runs":[[49152,49663,"closed"],[49664,49671,"open"]],
 * "icmp":[{"state":"prohibited","reason":"icmp-admin-prohibited","type":3,"code":13,
 * "sender":"10.0.0.1"}]}, icmp only where there was some. malloc'ed; NULL without
 * memory.
 */
char *sweep_evidence(const struct sweep_ports *ports, const struct sweep_counts *counts,
	const struct sweep_icmp *icmp);

/* A list of runs longer than this is replaced by its hash. */
#define SWEEP_IDENTITY_MAX 4096

/*
 * What makes two sweeps of the same state different: sections, separated by "; ", of
 * which a reader compares those that its expectation is about. For a partial sweep its
 * runs by path, "49152-49671 clear,49672-65535 blocked"; then "520 clear", how many
 * ports let packets through; then "8 open 49160-49167", those that accept. Runs beyond
 * SWEEP_IDENTITY_MAX bytes are their number and the FNV-1a hash of the text: "5120
 * runs, 85944171f73967e8". malloc'ed; NULL without memory.
 */
char *sweep_identity(const struct sweep_ports *ports);

#endif
