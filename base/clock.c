/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)

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

struct date {
	int64_t year;
	unsigned month, day; /* from 1 */
};

/*
 * Days from 1970-01-01 in the proleptic Gregorian calendar and back, by years that
 * start in March (Hinnant: chrono-Compatible Low-Level Date Algorithms), so that no
 * time zone or locale of the system has a say.
 */
static int64_t days_from_date(struct date date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (date.month + 9) % 12;
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static struct date date_from_days(int64_t days)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				      day_of_era / 146096) /
			      365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = year_of_era + era * 400,
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
	};
	date.year += date.month <= 2;
	return date;
}

const char *clock_format(int64_t wall_us, char *buf, size_t size)
{
	int64_t seconds = wall_us / SECOND_US;
	int64_t us = wall_us % SECOND_US;
	if (us < 0) {
		us += SECOND_US;
		seconds--;
	}
	int64_t days = seconds / DAY_S;
	int64_t of_day = seconds % DAY_S;
	if (of_day < 0) {
		of_day += DAY_S;
		days--;
	}
	struct date date = date_from_days(days);
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
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > lengths[month - 1] + (month == 2 && leap ? 1u : 0u))
		return false;
	*seconds = days_from_date((struct date){year, month, day}) * DAY_S;
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
