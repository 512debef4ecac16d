/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two snapshots of a fleet, folded into incidents: either since an
 * earlier scan, or since people were last told. Pure.
 */
#ifndef DAEMON_ANALYZE_CHANGES_H
#define DAEMON_ANALYZE_CHANGES_H

#include <stdint.h>

#include "base/arena.h"
#include "daemon/model/incident.h"
#include "daemon/model/snapshot.h"

/* A flow that differs, also one that came or went. */
struct change {
	uint32_t flow; /* of the later snapshot; SNAPSHOT_NOWHERE: it is not there */
	uint32_t incident; /* number in this set; 0: none */
	const char *host, *check;
	uint8_t from, to;     /* enum probe_state; STATE_NONE: not in scope, or nothing
				 was reported */
	uint8_t reason;       /* enum probe_reason, of `to` */
	uint8_t kind;         /* enum change_kind */
	uint8_t expect;       /* enum rule_expect */
	uint8_t flap;         /* enum flap_phase */
	bool muted;           /* not to be reported now; of changes_due() */
	uint32_t silence;     /* the number of the silence that covers it; 0: none */
	const char *evidence; /* JSON object or NULL */
};

struct change_set {
	struct arena arena;
	const struct snapshot *after;
	struct change *items; /* by incident, then in the order of flows */
	uint32_t count, capacity;
	uint32_t reachability;       /* those that are neither added nor removed */
	struct incident_input input; /* what the incidents' indexes refer to */
	struct incident *incidents;  /* those to report, biggest first; then muted
				    ones; then that of the vantage */
	size_t n_incidents;
};

/*
 * Everything that differs between two scans, of one vantage or of two; flows are
 * matched by host and check. Both must outlive the set. 0 (changes_fini() it) or
 * -ENOMEM.
 */
int changes_between(const struct snapshot *before, const struct snapshot *after,
	struct change_set *out);

/*
 * What a scan that has just been made has to say: of each flow what is due (see due.h),
 * `from` what was reported; of muted flows what changed since the last scan; and what
 * entered and left the inventory. `places` is that of snapshot_match(). Of a degraded
 * scan only the last: the others are withheld until a clean scan confirms them. Before
 * the first scan there is no inventory to enter. `now` must outlive the set; `before`
 * need not. Likewise.
 */
int changes_due(const struct snapshot *before, const uint32_t *places,
	const struct snapshot *now, struct change_set *out);

/* Adds an incident of no flows, about the vantage itself. 0 or -ENOMEM. */
int changes_add_vantage(
	struct change_set *set, enum change_kind kind, const char *summary);

/* How many are covered by a silence. */
uint32_t changes_silenced(const struct change_set *set);

void changes_fini(struct change_set *set);

#endif
