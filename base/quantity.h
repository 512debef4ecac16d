/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and rates as people write them: "1500ms", "2s", "5m", "1h30m", "5000/s". */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a duration: one or more number+unit pairs in falling order, units d h m s ms,
 * a fraction allowed on the last ("1.5s"). Milliseconds in *ms. A number without a unit
 * is refused, but for "0". False: not a duration, or over 10 years.
 */
bool duration_parse(const char *text, uint64_t *ms);

/* Writes the shortest form ("2s", "1h30m", "250ms") and returns `buf`. size >= 32. */
const char *duration_format(uint64_t ms, char *buf, size_t size);

/*
 * Reads a rate: number "/" unit, units s m h ("5000/s", "300/m"). Events per hour
 * in *per_hour, so that all three are whole numbers. False: not a rate, zero, or over
 * 10 million a second.
 */
bool rate_parse(const char *text, uint64_t *per_hour);

/* Writes "5000/s" and the like and returns `buf`. size >= 32. */
const char *rate_format(uint64_t per_hour, char *buf, size_t size);

/* Reads a whole decimal number of digits alone, no sign, at most `max`. */
bool number_parse(const char *text, uint64_t max, uint64_t *value);

#endif
