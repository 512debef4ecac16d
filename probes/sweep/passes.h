/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often, how fast and for how long a sweep asks silent ports before it believes
 * them. Pure.
 *
 * The first pass dials every port, each later one the ports that were silent so far.
 * Once answers came, a dial of any pass but the last is given up after a multiple of
 * their round trip; the last pass, whose word counts, gives each port the full time
 * limit, in which the kernel repeats the SYN on its own. Where a pass wins answers from
 * ports that were silent before, packets get lost, by the path or by our own rate, and
 * another pass like it follows.
 */
#ifndef PROBES_SWEEP_PASSES_H
#define PROBES_SWEEP_PASSES_H

#include <stdbool.h>
#include <stdint.h>

struct sweep_passes {
	uint32_t attempts, timeout_ms, window; /* as the spec has them */
	uint32_t pass;                         /* from 0 */
	uint32_t repeats;                      /* passes added because of losses */
	uint32_t won;      /* silent ports that answered in this pass */
	bool last;         /* this pass has the full time limit */
	uint32_t room;     /* connections at once now */
	uint32_t trip_us;  /* smoothed round trip; 0: no answer yet */
	uint32_t vary_us;  /* and its variation */
	uint32_t least_us; /* of all round trips */
	uint32_t pause_ms; /* next wait for a local shortage */
	uint32_t started;  /* dials since one, while there is less room than planned */
	uint64_t short_since_us; /* 0: no shortage */
};

void sweep_passes_init(struct sweep_passes *passes, uint32_t attempts,
	uint32_t timeout_ms, uint32_t window);

/* A port answered; was_silent: not in the passes before. */
void sweep_passes_answer(
	struct sweep_passes *passes, uint64_t elapsed_us, bool was_silent);

/* How long a dial may take now: at most timeout_ms. */
uint32_t sweep_passes_limit_ms(const struct sweep_passes *passes);

/* A pass is over. True when another is due over the `silent` ports. */
bool sweep_passes_next(struct sweep_passes *passes, uint32_t silent);

/*
 * A dial met a local shortage at now_us: halves the room, and returns how many
 * milliseconds to wait before the next try; 0 when 30 s went by without one success.
 */
uint32_t sweep_passes_shortage(struct sweep_passes *passes, uint64_t now_us);

/* A dial got under way: a shortage, if any, is over and the room grows back slowly. */
void sweep_passes_started(struct sweep_passes *passes);

#endif
