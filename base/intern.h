/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts numbered 0, 1, 2 ... in the order they came, each once, found by a seeded hash:
 * some come from the network, and nobody there shall choose what collides.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct intern {
	struct arena arena;
	const char **texts;
	uint64_t *hashes;
	uint32_t count, capacity;
	uint32_t *slots; /* number + 1, or 0; a power of two of them */
	uint32_t n_slots;
	uint64_t seed;
};

void intern_init(struct intern *names, uint64_t seed);
void intern_fini(struct intern *names);

/* False when it is not there. */
bool intern_find(const struct intern *names, const char *text, uint32_t *number);

/* Adds a text that is not there yet; it is copied. 0 or -ENOMEM. */
int intern_add(struct intern *names, const char *text, uint32_t *number);

/* Mixes 64 bits well; for other hash tables. */
static inline uint64_t intern_mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

#endif
