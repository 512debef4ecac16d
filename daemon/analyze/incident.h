/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes folded by probable cause, so that 250 hosts behind one changed rule are one
 * line that says so, with the hosts that stayed fine as counter-evidence. Pure.
 */
#ifndef DAEMON_ANALYZE_INCIDENT_H
#define DAEMON_ANALYZE_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "daemon/model/incident.h"

/*
 * Every changed flow (kinds ADDED and REMOVED excepted) is in exactly one incident: the
 * smallest description of what changed at once, in rectangles of hosts and checks.
 * Flows that changed in different directions (packets that stopped, services, names,
 * exposures, and the way back of each) are never in one, nor is a host in one with a
 * check of it that could have changed likewise and stayed. Evidence separates further:
 * last hops, senders of ICMP errors, answers. What a name server fails to resolve is
 * one incident a server.
 *
 * The same input gives the same output, whatever its order but for ids of incidents of
 * one size. The result lives in `arena`, biggest first, then by the order of flows. 0
 * or -ENOMEM. Time is bounded for any input: more than 256 causes a direction are
 * chaos, of which the rest is reported by check.
 */
int incident_fold(const struct incident_input *input, struct arena *arena,
	struct incident **out, size_t *count);

#endif
