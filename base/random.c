/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <assert.h>

void random_seed(struct random_state *state, uint64_t seed)
{
	state->value = seed;
}

/* Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (2014). */
static uint64_t next(struct random_state *state)
{
	uint64_t z = state->value += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Lemire: Fast Random Integer Generation in an Interval (2019). The first
 * 2^32 mod bound fractions are drawn again, which leaves every number equally likely.
 */
uint32_t random_below(struct random_state *state, uint32_t bound)
{
	assert(bound > 0);
	uint32_t reject = (0u - bound) % bound;
	uint64_t product;
	do {
		product = (next(state) >> 32) * bound;
	} while ((uint32_t)product < reject);
	return (uint32_t)(product >> 32);
}

void random_shuffle(struct random_state *state, uint32_t *items, size_t count)
{
	assert(count <= UINT32_MAX);
	for (size_t i = count; i > 1; i--) {
		uint32_t other = random_below(state, (uint32_t)i);
		uint32_t item = items[i - 1];
		items[i - 1] = items[other];
		items[other] = item;
	}
}
