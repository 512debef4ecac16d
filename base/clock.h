/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic time for durations, wall time to stamp rows, RFC 3339 for people. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Microseconds from an arbitrary start; never steps. */
uint64_t clock_monotonic_us(void);

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_us(void);

/* Writes "2026-01-31T23:59:59.123Z" (UTC, milliseconds); returns `buf`. size >= 32. */
const char *clock_format(int64_t wall_us, char *buf, size_t size);

/* The same for people, "2026-01-31 23:59:59Z". */
const char *clock_format_short(int64_t wall_us, char *buf, size_t size);

/*
 * Reads RFC 3339 (section 5.6: date, T or space, time, optional fraction, Z or numeric
 * offset), also a bare date (midnight UTC) or a time without seconds. False when wrong.
 */
bool clock_parse(const char *text, int64_t *wall_us);

#endif
