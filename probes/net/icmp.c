/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/icmp.h"

#include <stddef.h>

#include "base/size.h"

/* ICMP type 3, by code. Those left out (14, 15: precedence) have no name here. */
static const enum probe_reason unreachable_v4[] = {
	[0] = REASON_ICMP_NET_UNREACHABLE,
	[1] = REASON_ICMP_HOST_UNREACHABLE,
	[2] = REASON_ICMP_PROTOCOL_UNREACHABLE,
	[3] = REASON_ICMP_PORT_UNREACHABLE,
	[4] = REASON_ICMP_FRAGMENTATION_NEEDED,
	[5] = REASON_ICMP_SOURCE_ROUTE_FAILED,
	[6] = REASON_ICMP_NET_UNREACHABLE,  /* network unknown */
	[7] = REASON_ICMP_HOST_UNREACHABLE, /* host unknown */
	[8] = REASON_ICMP_HOST_UNREACHABLE, /* source host isolated */
	[9] = REASON_ICMP_NET_PROHIBITED,
	[10] = REASON_ICMP_HOST_PROHIBITED,
	[11] = REASON_ICMP_NET_UNREACHABLE,  /* for that type of service */
	[12] = REASON_ICMP_HOST_UNREACHABLE, /* for that type of service */
	[13] = REASON_ICMP_ADMIN_PROHIBITED,
};

/* ICMPv6 type 1, by code. */
static const enum probe_reason unreachable_v6[] = {
	[0] = REASON_ICMP_NET_UNREACHABLE, /* no route */
	[1] = REASON_ICMP_ADMIN_PROHIBITED,
	[2] = REASON_ICMP_BEYOND_SCOPE,
	[3] = REASON_ICMP_HOST_UNREACHABLE, /* address unreachable */
	[4] = REASON_ICMP_PORT_UNREACHABLE,
	[5] = REASON_ICMP_POLICY_FAIL,
	[6] = REASON_ICMP_REJECT_ROUTE,
};

static enum probe_reason by_code(
	const enum probe_reason *reasons, size_t count, uint8_t code)
{
	if (code >= count || reasons[code] == REASON_NONE)
		return REASON_ICMP_OTHER;
	return reasons[code];
}

static enum probe_reason reason_v4(uint8_t type, uint8_t code)
{
	switch (type) {
	case 3:
		return by_code(unreachable_v4, ARRAY_SIZE(unreachable_v4), code);
	case 11:
		return REASON_ICMP_TIME_EXCEEDED;
	case 12:
		return REASON_ICMP_PARAMETER_PROBLEM;
	default:
		return REASON_ICMP_OTHER;
	}
}

static enum probe_reason reason_v6(uint8_t type, uint8_t code)
{
	switch (type) {
	case 1:
		return by_code(unreachable_v6, ARRAY_SIZE(unreachable_v6), code);
	case 2:
		return REASON_ICMP_FRAGMENTATION_NEEDED;
	case 3:
		return REASON_ICMP_TIME_EXCEEDED;
	case 4:
		return REASON_ICMP_PARAMETER_PROBLEM;
	default:
		return REASON_ICMP_OTHER;
	}
}

void icmp_meaning(uint8_t family, uint8_t type, uint8_t code, enum probe_state *state,
	enum probe_reason *reason)
{
	*reason = family == 6 ? reason_v6(type, code) : reason_v4(type, code);
	switch (*reason) {
	case REASON_ICMP_NET_PROHIBITED:
	case REASON_ICMP_HOST_PROHIBITED:
	case REASON_ICMP_ADMIN_PROHIBITED:
	case REASON_ICMP_POLICY_FAIL:
	case REASON_ICMP_REJECT_ROUTE:
		*state = STATE_PROHIBITED;
		break;
	default:
		*state = STATE_UNREACHABLE;
	}
}
