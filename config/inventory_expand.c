/* SPDX-License-Identifier: Apache-2.0 */
/* Host ranges, as Ansible's expand_hostname_range reads them. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/quantity.h"
#include "config/inventory.h"

enum {
	MAX_RANGES = 8,
	MAX_DIGITS = 15, /* of a number in a range */
};

static const uint64_t LARGEST = 999999999999999;

/* Ansible counts letters in this order, so [y:B] is y, z, A, B. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

#define TEXT_OF(number) #number
#define LIMIT_TEXT(number) TEXT_OF(number)

static const char too_many[] = "the ranges make too many names; an inventory has "
			       "at most " LIMIT_TEXT(INVENTORY_MAX_HOSTS) " hosts";

struct range {
	const char *before; /* the literal text in front of it, in the pattern */
	size_t before_length;
	bool alphabetic;
	size_t width;         /* digits at least, zeros in front */
	uint64_t begin, step; /* alphabetic: positions in `letters` */
	uint64_t count;
	uint64_t at;    /* of `count`, while names are made */
	size_t longest; /* bytes that it puts into a name */
};

struct pattern {
	struct range ranges[MAX_RANGES];
	size_t n_ranges;
	const char *tail;
};

static bool fail(const char **error, const char *text)
{
	*error = text;
	return false;
}

/* The position of a text of one letter; false for all other text. */
static bool letter_parse(const char *text, uint64_t *position)
{
	const char *found = text[0] && !text[1] ? strchr(letters, text[0]) : NULL;
	if (!found)
		return false;
	*position = (uint64_t)(found - letters);
	return true;
}

static size_t digits(uint64_t value)
{
	size_t n = 1;
	while (value /= 10)
		n++;
	return n;
}

static bool read_bounds(
	const char *begin, const char *end, struct range *range, const char **error)
{
	uint64_t last;
	if (!*end)
		return fail(error, "a range needs an end, as in [1:9]");
	if (!*begin)
		begin = "0"; /* as Ansible has it: [:9] is [0:9] */
	range->alphabetic =
		letter_parse(begin, &range->begin) && letter_parse(end, &last);
	if (!range->alphabetic && (!number_parse(begin, LARGEST, &range->begin) ||
					  !number_parse(end, LARGEST, &last)))
		return fail(error,
			"a range runs between two numbers of at most 15 "
			"digits, as in [01:20], or two letters, as in [a:f]");
	if (begin[0] == '0' && !range->alphabetic)
		range->width = strlen(begin);
	if (range->width > MAX_DIGITS)
		return fail(error, "a number in a range has at most 15 digits");
	if (last < range->begin)
		return fail(error, "the range runs backwards: its end comes before its "
				   "begin");
	range->count = (last - range->begin) / range->step + 1;
	range->longest = range->alphabetic ? 1 : digits(last);
	if (range->longest < range->width)
		range->longest = range->width;
	return true;
}

/* `text` is what stands between the brackets; it is cut at its colons. */
static bool read_range(char *text, struct range *range, const char **error)
{
	char *end = strchr(text, ':');
	if (!end)
		return fail(error, "a range is [begin:end] or [begin:end:step]");
	*end++ = '\0';
	char *step = strchr(end, ':');
	range->step = 1;
	if (step) {
		*step++ = '\0';
		if (!number_parse(step, UINT32_MAX, &range->step) || !range->step)
			return fail(error,
				"the step of a range is a whole number, 1 or "
				"more");
	}
	return read_bounds(text, end, range, error);
}

static bool read_pattern(const char *text, struct pattern *pattern, const char **error)
{
	const char *open;
	while ((open = strchr(text, '['))) {
		char inside[64];
		const char *close = strpbrk(open + 1, "[]");
		if (!close || *close == '[')
			return fail(error, "a '[' is not closed by a ']'");
		size_t length = (size_t)(close - open - 1);
		if (length >= sizeof inside)
			return fail(
				error, "a range is [begin:end] or [begin:end:step]");
		if (pattern->n_ranges == MAX_RANGES)
			return fail(error, "a name has at most 8 ranges");
		memcpy(inside, open + 1, length);
		inside[length] = '\0';
		struct range *range = &pattern->ranges[pattern->n_ranges++];
		*range = (struct range){
			.before = text, .before_length = (size_t)(open - text)};
		if (memchr(text, ']', range->before_length))
			return fail(error, "a ']' has no '[' before it");
		if (!read_range(inside, range, error))
			return false;
		text = close + 1;
	}
	if (strchr(text, ']'))
		return fail(error, "a ']' has no '[' before it");
	pattern->tail = text;
	return true;
}

/* Before any name is made: how many, and whether each fits. */
static bool fits(const struct pattern *pattern, uint32_t max, const char **error)
{
	uint64_t count = 1;
	size_t length = strlen(pattern->tail);
	for (size_t i = 0; i < pattern->n_ranges; i++) {
		const struct range *range = &pattern->ranges[i];
		if (__builtin_mul_overflow(count, range->count, &count) || count > max)
			return fail(error, too_many);
		length += range->before_length + range->longest;
	}
	if (length > INVENTORY_MAX_NAME)
		return fail(error, "the name is too long");
	return count <= max || fail(error, too_many);
}

static char *put_number(char *out, uint64_t value, size_t width)
{
	size_t n = digits(value);
	for (; n < width; width--)
		*out++ = '0';
	for (size_t i = n; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + n;
}

static void put_name(const struct pattern *pattern, char *out)
{
	for (size_t i = 0; i < pattern->n_ranges; i++) {
		const struct range *range = &pattern->ranges[i];
		uint64_t value = range->begin + range->at * range->step;
		memcpy(out, range->before, range->before_length);
		out += range->before_length;
		if (range->alphabetic)
			*out++ = letters[value];
		else
			out = put_number(out, value, range->width);
	}
	memcpy(out, pattern->tail, strlen(pattern->tail) + 1);
}

/* Like an odometer: the last range turns fastest. False when all turned over. */
static bool next_name(struct pattern *pattern)
{
	for (size_t i = pattern->n_ranges; i-- > 0;) {
		struct range *range = &pattern->ranges[i];
		if (++range->at < range->count)
			return true;
		range->at = 0;
	}
	return false;
}

int inventory_expand(const char *text, uint32_t max,
	int (*each)(void *data, const char *name), void *data, const char **error)
{
	struct pattern pattern = {0};
	char name[INVENTORY_MAX_NAME + 1];
	if (!read_pattern(text, &pattern, error) || !fits(&pattern, max, error))
		return -EINVAL;
	do {
		put_name(&pattern, name);
		int rc = each(data, name);
		if (rc)
			return rc;
	} while (next_name(&pattern));
	return 0;
}
