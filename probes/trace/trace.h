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
 * The evidence is trace_evidence_make().
 */
extern const struct probe_ops trace_probe_ops;

#endif
