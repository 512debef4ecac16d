/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What last hops of traces, senders of ICMP errors and answers say about rectangles.
 * Internal to group_find(). Pure.
 */
#ifndef DAEMON_ANALYZE_GROUP_EVIDENCE_H
#define DAEMON_ANALYZE_GROUP_EVIDENCE_H

#include "daemon/analyze/group_rect.h"

/* Fills hops and senders of what changed on `checks` within the rectangle; uses
 * folder.cells. */
void group_evidence_find(struct folder *f, struct rect *rect, struct check_set checks);

/* Do both have hops, or senders, and none in common? Of what was found. */
bool group_evidence_differs(const struct rect *a, const struct rect *b);

/* Each rectangle owns what it changed, but for what a larger one has; then evidence
 * cuts it. Those without flows are removed. True: something was cut. */
bool group_evidence_settle(struct folder *f);

#endif
