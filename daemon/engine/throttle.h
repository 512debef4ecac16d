/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this machine's own shortages (descriptors, ports, buffers, memory) slow a scan
 * down: fewer connections at once and a pause for everyone, longer each time nothing
 * gets through. Pure.
 */
#ifndef DAEMON_ENGINE_THROTTLE_H
#define DAEMON_ENGINE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle {
	uint32_t ceiling;     /* connections at once when all is well */
	uint32_t limit;       /* connections at once now, at least 1 */
	uint64_t patience_us; /* nothing gets through for longer: no more waiting */
	uint64_t cut_us;      /* when the limit was halved last; 0: never */
	uint64_t stuck_us;    /* the first shortage since one got through; 0: none */
	uint64_t hold_us;     /* nothing starts before */
	uint32_t pause_ms;    /* the pause that led to it */
	uint64_t shortages;
};

void throttle_init(struct throttle *throttle, uint32_t ceiling, uint32_t patience_ms);

/* Another ceiling, at least 1. A limit that was at the old one goes along. */
void throttle_set_ceiling(struct throttle *throttle, uint32_t ceiling);

/*
 * A probe that started at started_us met a shortage while in_flight were open. Those
 * that started before the last cut tell nothing new and don't cut again.
 */
void throttle_shortage(struct throttle *throttle, uint64_t started_us, uint64_t now_us,
	uint32_t in_flight);

/* A probe got through to the network. */
void throttle_success(struct throttle *throttle);

/* Call every 100 ms or so: the limit grows by a sixteenth, to the ceiling in the end.
 */
void throttle_recover(struct throttle *throttle, uint64_t now_us);

/* Nothing got through for longer than the patience. */
bool throttle_is_stuck(const struct throttle *throttle, uint64_t now_us);

/* Microseconds until something may start; 0: now. */
uint64_t throttle_wait_us(const struct throttle *throttle, uint64_t now_us);

#endif
