/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hours of the week as people write them: "weekdays 20:00-06:00", "sat,sun",
 * "mon-fri 08:00-18:00", "22:00-24:00". Pure: the time that they are held against is
 * the one on the wall, however it came about.
 */
#ifndef BASE_HOURS_H
#define BASE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hours {
	uint8_t days;              /* bit 0: Monday ... bit 6: Sunday */
	uint16_t from_min, to_min; /* minutes of the day, 0 to 1440; to_min <= from_min:
				      until then on the next day */
};

/*
 * Reads "[DAYS] [HH:MM-HH:MM]": DAYS are daily, weekdays, weekends, or mon to sun and
 * spans of them, comma separated, any case; without DAYS all of them, without times the
 * whole day. What ends at or before its start ends on the next day, and belongs to the
 * day it starts on. False with *error a sentence that says what is wrong and what would
 * be right (static text).
 */
bool hours_parse(const char *text, struct hours *out, const char **error);

/* True when one of them has the time on the wall in seconds since 1970-01-01T00:00:00
 * of the wall's own time (see zone_local_s()); the end is excluded. */
bool hours_contain(const struct hours *hours, size_t count, int64_t local_s);

#endif
