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
 * Every changed flow (kinds ADDED and REMOVED excepted) ends up in exactly one
 * incident. A wider scope is claimed only when it explains the changes better than the
 * narrower ones: at least 3 changes (2 where the scope has no more) and at least 4 in 5
 * of the flows that could have changed the same way, what another incident explains
 * left out. Among scopes the one that leaves least to tell wins: each change told alone
 * counts two, each exception one. Changes fold when kind, states and cause are alike;
 * the scopes of several checks (HOST, GROUP, SUBNET, ALL) do not look at the cause nor
 * at the way a path is blocked, since a dead site is silent to some checks and
 * unreachable by ICMP to others. CAUSE puts together what names one cause:
 * flows and hosts, with the one wider scope beside them, or three wider ones and more;
 * two are two rules of one router. Subnets have any prefix length.
 *
 * The same input gives the same output. The result lives in `arena`, biggest first,
 * then by the order of flows. 0 or -ENOMEM. O(flows + changes * log changes) for any
 * sensible number of groups a host.
 */
int incident_fold(const struct incident_input *input, struct arena *arena,
	struct incident **out, size_t *count);

#endif
