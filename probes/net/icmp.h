/* SPDX-License-Identifier: Apache-2.0 */
/* What an ICMP or ICMPv6 error says about a path. */
#ifndef PROBES_ICMP_H
#define PROBES_ICMP_H

#include <stdint.h>

#include "probes/reason.h"

/*
 * Sets *state (prohibited or unreachable) and *reason from the type and code of an
 * error: RFC 792, RFC 1122 3.2.2.1 and RFC 1812 5.2.7.1 for family 4, RFC 4443
 * for family 6. Unknown numbers are unreachable, icmp-other.
 */
void icmp_meaning(uint8_t family, uint8_t type, uint8_t code, enum probe_state *state,
	enum probe_reason *reason);

#endif
