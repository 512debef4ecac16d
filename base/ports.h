/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of TCP ports as sorted, disjoint, non-adjacent ranges: "135,49152-65535". */
#ifndef BASE_PORTS_H
#define BASE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_range {
	uint16_t low, high; /* both included, 1 to 65535, low <= high */
};

#define PORTS_MAX_RANGES 64

struct port_set {
	size_t count;
	struct port_range ranges[PORTS_MAX_RANGES];
};

/* Reads one port and nothing else. */
bool port_parse(const char *text, uint16_t *port);

/*
 * Reads comma separated ports and LO-HI ranges; sorts and merges them. False with
 * *error set to a sentence that says what is wrong and what would be right (static
 * text; never NULL on failure).
 */
bool ports_parse(const char *text, struct port_set *set, const char **error);

/* Writes the canonical text ("135,49152-65535"); returns `buf`. Cut to `size`. */
const char *ports_format(const struct port_set *set, char *buf, size_t size);

/* How many ports the set has: 0 to 65535. */
uint32_t ports_count(const struct port_set *set);

/* The port at position `index` (< ports_count) in rising order. */
uint16_t ports_at(const struct port_set *set, uint32_t index);

#endif
