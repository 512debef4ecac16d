/* SPDX-License-Identifier: Apache-2.0 */
/* The rule at the end of a TZif file: a TZ text as POSIX has it ("CET-1CEST,M3.5.0,
 * M10.5.0/3"), with the hours of RFC 8536 (-167 to 167). Used by zone.c alone. */
#ifndef BASE_ZONE_RULE_H
#define BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zone_day_kind {
	ZONE_DAY_JULIAN,  /* Jn: 1 to 365, no leap day */
	ZONE_DAY_OF_YEAR, /* n: 0 to 365 */
	ZONE_DAY_OF_MONTH /* Mm.w.d: weekday d (0 Sunday) of week w (5: the last) */
};

/* When one of the two offsets starts, each year. */
struct zone_change {
	enum zone_day_kind kind;
	int month, week, day;
	int32_t time_s; /* after the midnight of that day, on the wall before it */
};

struct zone_rule {
	int32_t standard_s, summer_s; /* east of UTC */
	bool has_summer;
	struct zone_change to_summer, to_standard;
};

/* `size` bytes, no NUL needed. False: no such rule. */
bool zone_rule_parse(const char *text, size_t size, struct zone_rule *out);

/* Seconds east of UTC. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s);

#endif
