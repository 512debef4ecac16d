/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

#define SECOND_US INT64_C(1000000)

static int64_t read_us(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

const char *clock_format(int64_t wall_us, char *buf, size_t size)
{
	int64_t seconds = wall_us / SECOND_US;
	int64_t us = wall_us % SECOND_US;
	if (us < 0) {
		us += SECOND_US;
		seconds--;
	}
	int64_t of_day;
	struct date date = date_from_days(date_day_of(seconds, &of_day));
	snprintf(buf, size, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ",
		(long long)date.year, date.month, date.day, (unsigned)(of_day / 3600),
		(unsigned)(of_day / 60 % 60), (unsigned)(of_day % 60),
		(unsigned)(us / 1000));
	return buf;
}

const char *clock_format_short(int64_t wall_us, char *buf, size_t size)
{
	clock_format(wall_us, buf, size);
	char *end = strchr(buf, '.'), *t = strchr(buf, 'T');
	if (end && t) {
		*t = ' ';
		memcpy(end, "Z", 2);
	}
	return buf;
}

/* Reads exactly `digits` digits and moves *text past them. */
static bool read_field(
	const char **text, int digits, unsigned min, unsigned max, unsigned *value)
{
	unsigned sum = 0;
	for (int i = 0; i < digits; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		sum = sum * 10 + (unsigned)(**text - '0');
	}
	*value = sum;
	return sum >= min && sum <= max;
}

static bool read_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool read_date(const char **text, int64_t *seconds)
{
	static const unsigned char lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day;
	if (!read_field(text, 4, 0, 9999, &year) || !read_char(text, '-') ||
		!read_field(text, 2, 1, 12, &month) || !read_char(text, '-') ||
		!read_field(text, 2, 1, 31, &day))
		return false;
	if (day >
		lengths[month - 1] + (month == 2 && date_is_leap_year(year) ? 1u : 0u))
		return false;
	*seconds = date_to_days((struct date){year, month, day}) * DATE_DAY_S;
	return true;
}

/* ":SS" and ".fraction", both optional. A leap second (RFC 3339, 5.7) counts as the
 * second after it, as POSIX time has no number for it. */
static bool read_seconds(const char **text, unsigned *seconds, int64_t *us)
{
	*seconds = 0;
	*us = 0;
	if (!read_char(text, ':'))
		return true;
	if (!read_field(text, 2, 0, 60, seconds))
		return false;
	if (!read_char(text, '.'))
		return true;
	const char *start = *text;
	int64_t weight = SECOND_US / 10;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		*us += weight * (**text - '0');
		weight /= 10;
	}
	return *text > start;
}

/* "Z" or "+HH:MM"; *offset in seconds east of UTC. */
static bool read_offset(const char **text, int64_t *offset)
{
	unsigned hours, minutes;
	*offset = 0;
	if (read_char(text, 'Z') || read_char(text, 'z'))
		return true;
	bool east = read_char(text, '+');
	if (!east && !read_char(text, '-'))
		return false;
	if (!read_field(text, 2, 0, 23, &hours) || !read_char(text, ':') ||
		!read_field(text, 2, 0, 59, &minutes))
		return false;
	*offset = ((int64_t)hours * 60 + minutes) * (east ? 60 : -60);
	return true;
}

static bool read_time(const char **text, int64_t *seconds, int64_t *us)
{
	unsigned hour, minute, second;
	int64_t offset;
	if (!read_field(text, 2, 0, 23, &hour) || !read_char(text, ':') ||
		!read_field(text, 2, 0, 59, &minute) ||
		!read_seconds(text, &second, us) || !read_offset(text, &offset))
		return false;
	*seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second - offset;
	return true;
}

bool clock_parse(const char *text, int64_t *wall_us)
{
	int64_t date_s, time_s = 0, us = 0;
	if (!read_date(&text, &date_s))
		return false;
	if (read_char(&text, 'T') || read_char(&text, 't') || read_char(&text, ' ')) {
		if (!read_time(&text, &time_s, &us))
			return false;
	}
	if (*text)
		return false;
	*wall_us = (date_s + time_s) * SECOND_US + us;
	return true;
}
