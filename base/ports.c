/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ports.h"

#include <stdio.h>
#include <stdlib.h>

/* As written, before neighbours are merged. */
#define MAX_PIECES 1024

static bool read_port(const char **text, uint16_t *port)
{
	uint32_t value = 0;
	const char *p = *text;
	while (*p >= '0' && *p <= '9' && value <= UINT16_MAX)
		value = value * 10 + (uint32_t)(*p++ - '0');
	if (p == *text || value < 1 || value > UINT16_MAX)
		return false;
	*text = p;
	*port = (uint16_t)value;
	return true;
}

bool port_parse(const char *text, uint16_t *port)
{
	return read_port(&text, port) && *text == '\0';
}

/* Reads PORT or LO-HI. Returns what is wrong, or NULL. */
static const char *read_piece(const char **text, struct port_range *range)
{
	static const char bad_port[] = "a port is a number from 1 to 65535; write "
				       "ports such as 443 or 135,49152-65535";
	if (!read_port(text, &range->low))
		return bad_port;
	range->high = range->low;
	if (**text == '-') {
		(*text)++;
		if (!read_port(text, &range->high))
			return bad_port;
	}
	if (range->high < range->low)
		return "a range runs from the lower port to the higher one, such as "
		       "49152-65535";
	if (**text != ',' && **text != '\0')
		return "ports are separated by commas and ranges written with '-', "
		       "such as 135,49152-65535";
	return NULL;
}

static int by_low(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;
	return (x->low > y->low) - (x->low < y->low);
}

static bool merge(const struct port_range *pieces, size_t count, struct port_set *set)
{
	set->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct port_range *last =
			set->count ? &set->ranges[set->count - 1] : NULL;
		if (last && pieces[i].low <= (uint32_t)last->high + 1) {
			if (pieces[i].high > last->high)
				last->high = pieces[i].high;
			continue;
		}
		if (set->count == PORTS_MAX_RANGES)
			return false;
		set->ranges[set->count++] = pieces[i];
	}
	return true;
}

bool ports_parse(const char *text, struct port_set *set, const char **error)
{
	struct port_range pieces[MAX_PIECES];
	size_t count = 0;
	for (const char *p = text;; p++) {
		if (count == MAX_PIECES) {
			*error = "more than 1024 ports and ranges; write neighbouring "
				 "ports as one range";
			return false;
		}
		*error = read_piece(&p, &pieces[count]);
		if (*error)
			return false;
		count++;
		if (*p == '\0')
			break;
	}
	qsort(pieces, count, sizeof pieces[0], by_low);
	if (!merge(pieces, count, set)) {
		*error = "more than 64 ranges that do not touch; split them over "
			 "several checks";
		return false;
	}
	return true;
}

const char *ports_format(const struct port_set *set, char *buf, size_t size)
{
	size_t at = 0;
	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < set->count && at < size; i++) {
		const struct port_range *r = &set->ranges[i];
		int n = r->low == r->high ? snprintf(buf + at, size - at, "%s%u",
						    i ? "," : "", r->low)
					  : snprintf(buf + at, size - at, "%s%u-%u",
						    i ? "," : "", r->low, r->high);
		if (n < 0)
			break;
		at += (size_t)n;
	}
	return buf;
}

static uint32_t range_count(const struct port_range *range)
{
	return (uint32_t)range->high - range->low + 1;
}

uint32_t ports_count(const struct port_set *set)
{
	uint32_t count = 0;
	for (size_t i = 0; i < set->count; i++)
		count += range_count(&set->ranges[i]);
	return count;
}

uint16_t ports_at(const struct port_set *set, uint32_t index)
{
	size_t i = 0;
	while (i + 1 < set->count && index >= range_count(&set->ranges[i]))
		index -= range_count(&set->ranges[i++]);
	return (uint16_t)(set->ranges[i].low + index);
}
