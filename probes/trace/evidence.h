/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evidence of a trace: making it, what it comes to in a sentence, and joining it to
 * the evidence of the flow that it is about. Pure.
 */
#ifndef PROBES_TRACE_EVIDENCE_H
#define PROBES_TRACE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "probes/trace/walk.h"

/*
 * What a trace saw. malloc'ed; NULL without memory. `cut`: the walk was ended before it
 * was over.
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
char *trace_evidence_make(const struct walk *walk, const struct net_address *target,
	uint16_t port, bool cut);

/* How many hops away the target of a walk accepted; 0: it did not. */
unsigned trace_evidence_distance(const char *walk);

/*
 * The evidence of a flow (JSON object or NULL) with the member `trace` of a walk's, and
 * in that a `sentence`. `distance` is the target's, by another port of it; 0: not
 * known. malloc'ed; NULL without memory or where `walk` is no walk's evidence.
 */
char *trace_evidence_join(const char *evidence, const char *walk, unsigned distance);

/* Did the budget end the walk, before it had seen where its paths end? Of a walk's
 * evidence, or of one that is joined. */
bool trace_evidence_is_cut(const char *evidence);

/* The sentence that joined evidence has. malloc'ed; NULL: none, or no memory. */
char *trace_evidence_sentence(const char *evidence);

/* The address of the last router that answered. malloc'ed; NULL: none, or no memory. */
char *trace_evidence_last_hop(const char *evidence);

#endif
