/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence on its way into a walk and out of it: which port of a flow is walked to, and
 * what the walk comes to, in a sentence. Pure. The evidence of a walk is described in
 * probes/trace/trace.h.
 */
#ifndef PROBES_TRACE_EVIDENCE_H
#define PROBES_TRACE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "probes/probe.h"

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
