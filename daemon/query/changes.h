/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes between two observations of a fleet, folded into incidents: of a scan
 * that just ran against the store, or of two stored scans.
 */
#ifndef DAEMON_QUERY_CHANGES_H
#define DAEMON_QUERY_CHANGES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/intern.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"
#include "daemon/model/rows.h"
#include "daemon/query/previous.h"
#include "daemon/query/quiet.h"
#include "store/store.h"

/* A flow that is not the same on both sides, also one that came or went. */
struct change {
	uint32_t flow;     /* index into input.flows; UINT32_MAX: added or removed */
	uint32_t incident; /* 0: none */
	const char *host, *check;
	uint8_t from, to;     /* enum probe_state; STATE_NONE: not in scope */
	uint8_t reason;       /* enum probe_reason, of `to` */
	uint8_t kind;         /* enum change_kind */
	uint8_t expect;       /* enum rule_expect */
	const char *evidence; /* JSON object or NULL */
	uint32_t silence;     /* the number of the silence that covers it; 0: none */
	uint8_t flap;         /* enum flap_phase */
};

struct change_set {
	struct arena arena;
	const char *vantage;
	struct incident_input input;
	struct change *items; /* by incident, then in the order of flows */
	uint32_t count, capacity;
	uint32_t reachability; /* those that are neither added nor removed */
	struct incident *incidents;
	size_t n_incidents;
	/* Of stored scans, what input is made of; else empty. */
	struct intern hosts, checks, groups;
	struct incident_host *host_items;
	struct incident_flow *flow_items;
};

/* With `withhold` (the scan is degraded) only what came into the inventory and left it
 * is told: the next scan won't know of that. Everything of the plan and results that is
 * pointed to must outlive the set. 0 (changes_fini() it) or -ENOMEM. */
int changes_of_scan(const struct plan *plan, const struct results *results,
	const struct previous *previous, bool withhold, struct change_set *out);

/* A scan of a store. */
struct change_side {
	struct store *store;
	int64_t scan;
	const char *vantage;
};

/*
 * Between two stored scans, of one store or of two; flows are matched by host and
 * check. `quiet` (may be NULL) marks what it covers. 0 (changes_fini() it) or a
 * negative errno. Blocks on the disk.
 */
int changes_of_store(const struct change_side *before, const struct change_side *after,
	const struct quiet *quiet, struct change_set *out);

/* Marks the changes of a scan that are silenced; `silences` is per flow of the plan, or
 * NULL. */
void changes_silence(struct change_set *set, const uint32_t *silences);

/* Likewise, those of flows that flap; `phases` is per flow, or NULL. */
void changes_flap(struct change_set *set, const uint8_t *phases);

/* How many are silenced. */
uint32_t changes_silenced(const struct change_set *set);

void changes_fini(struct change_set *set);

/* Calls `each` for every incident, biggest first, until one call is not 0; returns what
 * the last one did, 0 without any. What it is given lives during the call. */
int changes_incidents(const struct change_set *set, int64_t scan,
	int (*each)(void *data, const struct report_incident *incident), void *data);

/* The word in a change's evidence that names its cause (a DNS server, the sender of an
 * ICMP error), in the arena; NULL when there is none or no memory. */
const char *changes_cause(struct arena *arena, const struct change *change);

/* The address of the last hop that the trace in a change's evidence got an answer from,
 * likewise. */
const char *changes_hop(struct arena *arena, const struct change *change);

#endif
