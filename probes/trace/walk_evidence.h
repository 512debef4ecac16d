/* SPDX-License-Identifier: Apache-2.0 */
/* What a walk saw, as JSON. Pure. */
#ifndef PROBES_WALK_EVIDENCE_H
#define PROBES_WALK_EVIDENCE_H

#include "probes/trace/walk.h"

/*
 * malloc'ed; NULL without memory. `cut`: the walk was ended before it was over.
 *
 *   {"trace":{"address":"10.2.0.9","port":49664,"paths":3,
 *    "hops":[{"ttl":1,"address":"10.1.0.1","rtt_us":212}, ...],
 *    "last":{"ttl":3,"address":"10.1.255.1"} or null,
 *    "reached":{"ttl":5,"by":"syn-ack" or "rst","rtt_us":512} or null,
 *    "stopped":{"ttl":4,"address":"10.1.255.1","icmp":{"type":3,"code":13}} or null,
 *    "silent":1, "cut":true}}
 *
 * `ttl` of an end is the smallest that drew it; `silent` counts the paths that ended in
 * silence; `cut` is there only where the budget ended the walk.
 */
char *walk_evidence(const struct walk *walk, const struct net_address *target,
	uint16_t port, bool cut);

#endif
