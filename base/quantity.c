/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"

struct unit {
	const char *name;
	uint64_t size;
};

/* Falling; "ms" is told from "m" by what follows the letter. */
static const struct unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit rates[] = {{"s", 3600}, {"m", 60}, {"h", 1}};

#define DURATION_MAX (UINT64_C(3650) * 86400000) /* milliseconds in ten years */
#define RATE_MAX (UINT64_C(10000000) * 3600)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits up to `max` and moves *text past them. */
static bool read_digits(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t sum = 0;
	for (; is_digit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (sum > max / 10 || digit > max - sum * 10)
			return false;
		sum = sum * 10 + digit;
	}
	if (p == *text)
		return false;
	*text = p;
	*value = sum;
	return true;
}

/* Reads the digits after a point as billionths; digits past the ninth are too small to
 * matter. */
static bool read_fraction(const char **text, uint64_t *billionths)
{
	const char *p = *text;
	uint64_t weight = 100000000, sum = 0;
	for (; is_digit(*p); p++) {
		sum += weight * (uint64_t)(*p - '0');
		weight /= 10;
	}
	if (p == *text)
		return false;
	*text = p;
	*billionths = sum;
	return true;
}

static const struct unit *read_unit(const char **text)
{
	size_t length = 0;
	while ((*text)[length] >= 'a' && (*text)[length] <= 'z')
		length++;
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		const struct unit *unit = &durations[i];
		if (strlen(unit->name) == length &&
			memcmp(*text, unit->name, length) == 0) {
			*text += length;
			return unit;
		}
	}
	return NULL;
}

bool duration_parse(const char *text, uint64_t *ms)
{
	uint64_t sum = 0, below = UINT64_MAX;
	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return true;
	}
	do {
		uint64_t whole, billionths = 0;
		if (!read_digits(&text, DURATION_MAX, &whole))
			return false;
		bool fraction = *text == '.';
		if (fraction && (text++, !read_fraction(&text, &billionths)))
			return false;
		const struct unit *unit = read_unit(&text);
		if (!unit || unit->size >= below || (fraction && *text))
			return false;
		below = unit->size;
		if (whole > DURATION_MAX / unit->size)
			return false;
		sum += whole * unit->size;
		sum += (billionths * unit->size + 500000000) / 1000000000;
		if (sum > DURATION_MAX)
			return false;
	} while (*text);
	*ms = sum;
	return true;
}

/* Writes the seconds with as many decimals as they need: "2s", "1.5s", "0.25s". */
static void format_seconds(uint64_t ms, char *buf, size_t size)
{
	char fraction[8];
	int length =
		snprintf(fraction, sizeof fraction, ".%03u", (unsigned)(ms % 1000));
	while (length > 0 && (fraction[length - 1] == '0' || length == 1))
		fraction[--length] = '\0';
	snprintf(buf, size, "%u%ss", (unsigned)(ms / 1000), fraction);
}

const char *duration_format(uint64_t ms, char *buf, size_t size)
{
	size_t at = 0;
	if (ms > 0 && ms < 1000) {
		snprintf(buf, size, "%ums", (unsigned)ms);
		return buf;
	}
	for (size_t i = 0; durations[i].size > 1000; i++) {
		uint64_t whole = ms / durations[i].size;
		ms %= durations[i].size;
		if (whole && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%llu%s",
				(unsigned long long)whole, durations[i].name);
	}
	if ((ms || !at) && at < size)
		format_seconds(ms, buf + at, size - at);
	return buf;
}

bool rate_parse(const char *text, uint64_t *per_hour)
{
	uint64_t events;
	if (!read_digits(&text, RATE_MAX, &events) || *text++ != '/')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		if (strcmp(text, rates[i].name) != 0)
			continue;
		if (events == 0 || events > RATE_MAX / rates[i].size)
			return false;
		*per_hour = events * rates[i].size;
		return true;
	}
	return false;
}

const char *rate_format(uint64_t per_hour, char *buf, size_t size)
{
	size_t i = 0;
	while (rates[i].size > 1 && per_hour % rates[i].size)
		i++;
	snprintf(buf, size, "%llu/%s", (unsigned long long)(per_hour / rates[i].size),
		rates[i].name);
	return buf;
}

bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number;
	if (!read_digits(&text, max, &number) || *text)
		return false;
	*value = number;
	return true;
}
