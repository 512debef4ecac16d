/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ports of a sweep are still to be dialled, and what is known of each: a byte a
 * port. Pure.
 *
 * Ports come in strides of about 0.62 of their number, which spreads any first part of
 * a pass evenly over the whole range. So no run of neighbours takes the brunt of a
 * device's rate limit, an early sample meets open, closed and blocked runs alike and
 * sets the time limit for the rest, and no two consecutive dials look like a port scan
 * that walks.
 */
#ifndef PROBES_SWEEP_PORTS_H
#define PROBES_SWEEP_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ports.h"
#include "probes/reason.h"

struct sweep_ports {
	const struct port_set *set;
	uint32_t count;
	uint32_t due;    /* to be dialled in this pass */
	uint32_t at;     /* the index looked at next */
	uint32_t stride; /* coprime to count */
	uint8_t *bytes;  /* enum probe_state by rising port, DUE on top */
};

/*
 * All ports due, none known (STATE_NONE). `salt` sets where the strides begin, so that
 * hosts do not go through the ports in step. The set is the caller's and is not empty;
 * 0 or -ENOMEM.
 */
int sweep_ports_init(
	struct sweep_ports *ports, const struct port_set *set, uint64_t salt);
void sweep_ports_fini(struct sweep_ports *ports);

/* The next port that is due, as an index of ports_at(); it is due no more. Only while
 * due > 0. */
uint32_t sweep_ports_next(struct sweep_ports *ports);

/* The port was not dialled after all: due again in this pass. */
void sweep_ports_put_back(struct sweep_ports *ports, uint32_t index);

/* What a port's dial saw. */
void sweep_ports_set(struct sweep_ports *ports, uint32_t index, enum probe_state state);

enum probe_state sweep_ports_state(const struct sweep_ports *ports, uint32_t index);

/* A new pass: every silent (filtered) port is due. Returns how many. */
uint32_t sweep_ports_renew(struct sweep_ports *ports);

#endif
