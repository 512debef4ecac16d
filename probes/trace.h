/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk towards one port: which routers answer on the way, and where the answers end.
 * A kind of probe like others, but for the program's own use: no rule names it.
 */
#ifndef PROBES_TRACE_H
#define PROBES_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "probes/probe.h"

struct trace_conf {
	uint16_t port;
	bool distance;      /* only how far away the port's answer comes from */
	uint32_t budget_ms; /* after that the walk says what it knows by then */
};

/*
 * Paced. States: `open` and `closed` when the target was reached, else that of the ICMP
 * error that stopped the walk, else `filtered`; `error` is this machine's own trouble.
 * The evidence, of which `sentence` is left to the reader's side:
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
extern const struct probe_ops trace_probe_ops;

#endif
