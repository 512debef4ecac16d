/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small seeded generator (SplitMix64) for orders that should not hammer one subnet;
 * not for secrets. The same seed gives the same order, so a test can repeat it.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_state {
	uint64_t value;
};

void random_seed(struct random_state *state, uint64_t seed);

/* A number in [0, bound); bound > 0. */
uint32_t random_below(struct random_state *state, uint32_t bound);

/* Shuffles 0 .. count-1 or whatever stands in `items` (Fisher-Yates). */
void random_shuffle(struct random_state *state, uint32_t *items, size_t count);

#endif
