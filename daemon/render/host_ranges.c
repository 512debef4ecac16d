/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/host_ranges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* More than any line shows. */
#define MAX_RANGES 64

/* Any number of so many digits fits in 64 bits. */
#define MAX_DIGITS 18

/* A name taken apart around the digits that count. */
struct numbered {
	const char *name;
	size_t at, end;
	uint64_t number;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The last digits of the first label; of an IPv4 address, of the whole. */
static size_t labels_end(const char *name)
{
	return strspn(name, "0123456789.") == strlen(name) ? strlen(name)
							   : strcspn(name, ".");
}

static struct numbered take_apart(const char *name)
{
	struct numbered parts = {.name = name};
	size_t end = strchr(name, ':') ? 0 : labels_end(name);
	size_t at;

	while (end > 0 && !is_digit(name[end - 1]))
		end--;
	at = end;
	while (at > 0 && is_digit(name[at - 1]))
		at--;
	if (end == at || end - at > MAX_DIGITS)
		return parts;
	parts.at = at;
	parts.end = end;
	for (size_t i = at; i < end; i++)
		parts.number = parts.number * 10 + (uint64_t)(name[i] - '0');
	return parts;
}

static bool same_around(const struct host_range *range, const struct numbered *parts)
{
	return range->at < range->end && range->at == parts->at &&
	       parts->at < parts->end &&
	       memcmp(range->name, parts->name, parts->at) == 0 &&
	       strcmp(range->name + range->end, parts->name + parts->end) == 0;
}

/* Whether `high` with its digits is what comes after `low` with its: 09 and 10, 9 and
 * 10, but not 9 and 010. */
static bool follows(uint64_t low, size_t low_digits, uint64_t high, size_t high_digits)
{
	uint64_t power = 1;

	if (high != low + 1)
		return false;
	if (high_digits == low_digits)
		return true;
	for (size_t i = 0; i < low_digits; i++)
		power *= 10;
	return high_digits == low_digits + 1 && high == power;
}

static bool extend(struct host_range *range, const struct numbered *parts)
{
	size_t digits = parts->end - parts->at;

	if (!same_around(range, parts))
		return false;
	if (follows(range->last, range->last_digits, parts->number, digits)) {
		range->last = parts->number;
		range->last_digits = (uint8_t)digits;
		return true;
	}
	if (follows(parts->number, digits, range->first, range->first_digits)) {
		range->first = parts->number;
		range->first_digits = (uint8_t)digits;
		return true;
	}
	return false;
}

/* Whether the name is the one at an end of the range. */
static bool at_end(const struct host_range *range, const struct numbered *parts)
{
	size_t digits = parts->end - parts->at;

	if (range->at == range->end)
		return strcmp(range->name, parts->name) == 0;
	return same_around(range, parts) &&
	       ((parts->number == range->last && digits == range->last_digits) ||
		       (parts->number == range->first &&
			       digits == range->first_digits));
}

static int append(struct host_ranges *ranges, const struct numbered *parts)
{
	struct host_range *item, *items = array_grow(ranges->items, &ranges->capacity,
					 ranges->count, sizeof *items);

	if (!items)
		return -ENOMEM;
	ranges->items = items;
	item = &ranges->items[ranges->count];
	*item = (struct host_range){
		.name = strdup(parts->name),
		.at = (uint32_t)parts->at,
		.end = (uint32_t)parts->end,
		.first = parts->number,
		.last = parts->number,
		.first_digits = (uint8_t)(parts->end - parts->at),
		.last_digits = (uint8_t)(parts->end - parts->at),
	};
	if (!item->name)
		return -ENOMEM;
	ranges->count++;
	return 0;
}

int host_ranges_add(struct host_ranges *ranges, const char *name)
{
	struct numbered parts = take_apart(name);

	if (ranges->count && at_end(&ranges->items[ranges->count - 1], &parts))
		return 0;
	ranges->hosts++;
	for (uint32_t i = ranges->count; i-- > 0;)
		if (extend(&ranges->items[i], &parts))
			return 0;
	return ranges->count < MAX_RANGES ? append(ranges, &parts) : 0;
}

static void add_range(const struct host_range *range, struct strbuf *out)
{
	if (range->first == range->last) {
		strbuf_adds(out, range->name);
		return;
	}
	strbuf_add(out, range->name, range->at);
	strbuf_addf(out, "[%0*" PRIu64 ":%0*" PRIu64 "]", range->first_digits,
		range->first, range->last_digits, range->last);
	strbuf_adds(out, range->name + range->end);
}

void host_ranges_format(
	const struct host_ranges *ranges, struct strbuf *out, size_t limit)
{
	size_t begin = out->length;
	uint64_t told = 0;
	uint32_t i;

	for (i = 0; i < ranges->count; i++) {
		const struct host_range *range = &ranges->items[i];
		if (i && limit && out->length - begin + strlen(range->name) > limit)
			break;
		strbuf_adds(out, i ? ", " : "");
		add_range(range, out);
		told += range->last - range->first + 1;
	}
	if (told < ranges->hosts)
		strbuf_addf(out, " and %" PRIu64 " more", ranges->hosts - told);
}

void host_ranges_fini(struct host_ranges *ranges)
{
	for (uint32_t i = 0; i < ranges->count; i++)
		free(ranges->items[i].name);
	free(ranges->items);
	*ranges = (struct host_ranges){0};
}
