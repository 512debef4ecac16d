/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone_rule.h"

#include <string.h>

#include "base/date.h"

enum {
	HOUR_S = 3600,
	MAX_OFFSET_HOURS = 24,
	MAX_CHANGE_HOURS = 167,
};

/* ---- reading ---------------------------------------------------------------- */

struct text {
	const char *at, *end;
};

static char peek(const struct text *text)
{
	if (text->at == text->end)
		return '\0';
	return *text->at;
}

static bool take(struct text *text, char c)
{
	if (peek(text) != c)
		return false;
	text->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_number(struct text *text, int min, int max, int *value)
{
	int sum = 0;

	if (!is_digit(peek(text)))
		return false;
	for (; is_digit(peek(text)) && sum <= max; text->at++)
		sum = sum * 10 + (*text->at - '0');
	*value = sum;
	return sum >= min && sum <= max;
}

/* Three letters or more, or anything of letters, digits and signs in <>. */
static bool read_name(struct text *text)
{
	const char *start = text->at;

	if (!take(text, '<')) {
		while (is_letter(peek(text)))
			text->at++;
		return text->at - start >= 3;
	}
	while (is_letter(peek(text)) || is_digit(peek(text)) || peek(text) == '+' ||
		peek(text) == '-')
		text->at++;
	return take(text, '>');
}

/* [+-]h[:mm[:ss]] */
static bool read_time(struct text *text, int max_hours, int32_t *seconds)
{
	int hours, minutes = 0, rest = 0;
	bool minus = take(text, '-');

	if (!minus)
		take(text, '+');
	if (!read_number(text, 0, max_hours, &hours))
		return false;
	if (take(text, ':') && !read_number(text, 0, 59, &minutes))
		return false;
	if (take(text, ':') && !read_number(text, 0, 59, &rest))
		return false;
	*seconds = hours * HOUR_S + minutes * 60 + rest;
	if (minus)
		*seconds = -*seconds;
	return true;
}

/* POSIX counts west of UTC as positive. */
static bool read_offset(struct text *text, int32_t *east_s)
{
	if (!read_time(text, MAX_OFFSET_HOURS, east_s))
		return false;
	*east_s = -*east_s;
	return true;
}

static bool read_day(struct text *text, struct zone_change *out)
{
	if (take(text, 'J')) {
		out->kind = ZONE_DAY_JULIAN;
		return read_number(text, 1, 365, &out->day);
	}
	if (!take(text, 'M')) {
		out->kind = ZONE_DAY_OF_YEAR;
		return read_number(text, 0, 365, &out->day);
	}
	out->kind = ZONE_DAY_OF_MONTH;
	return read_number(text, 1, 12, &out->month) && take(text, '.') &&
	       read_number(text, 1, 5, &out->week) && take(text, '.') &&
	       read_number(text, 0, 6, &out->day);
}

static bool read_change(struct text *text, struct zone_change *out)
{
	out->time_s = 2 * HOUR_S;
	return take(text, ',') && read_day(text, out) &&
	       (!take(text, '/') || read_time(text, MAX_CHANGE_HOURS, &out->time_s));
}

static bool read_rule(struct text *text, struct zone_rule *out)
{
	if (!read_name(text) || !read_offset(text, &out->standard_s))
		return false;
	if (text->at == text->end)
		return true;
	out->has_summer = true;
	out->summer_s = out->standard_s + HOUR_S;
	if (!read_name(text))
		return false;
	if (peek(text) != ',' && !read_offset(text, &out->summer_s))
		return false;
	return read_change(text, &out->to_summer) &&
	       read_change(text, &out->to_standard) && text->at == text->end;
}

bool zone_rule_parse(const char *text, size_t size, struct zone_rule *out)
{
	struct text reader = {text, text + size};

	*out = (struct zone_rule){0};
	return read_rule(&reader, out);
}

/* ---- applying ---------------------------------------------------------------- */

static int64_t first_of_month(int64_t year, int month)
{
	return date_to_days((struct date){year, (unsigned)month, 1});
}

static int64_t day_of_month(const struct zone_change *change, int64_t year)
{
	int64_t first = first_of_month(year, change->month);
	int64_t next = change->month == 12 ? first_of_month(year + 1, 1)
					   : first_of_month(year, change->month + 1);
	int sunday_first = (int)(date_weekday(first) + 1) % 7;
	int64_t day = first + (change->day - sunday_first + 7) % 7 +
		      (int64_t)(change->week - 1) * 7;

	return day < next ? day : day - 7;
}

/* When it comes in a year, by the wall clock that it ends. */
static int64_t change_s(const struct zone_change *change, int64_t year)
{
	int64_t day;

	switch (change->kind) {
	case ZONE_DAY_OF_MONTH:
		day = day_of_month(change, year);
		break;
	case ZONE_DAY_JULIAN:
		day = first_of_month(year, 1) + change->day - 1;
		if (change->day >= 60 && date_is_leap_year(year))
			day++;
		break;
	default:
		day = first_of_month(year, 1) + change->day;
		break;
	}
	return day * DATE_DAY_S + change->time_s;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s)
{
	int64_t year, start, end;
	bool summer;

	if (!rule->has_summer)
		return rule->standard_s;
	year = date_from_days(date_day_of(utc_s + rule->standard_s, NULL)).year;
	start = change_s(&rule->to_summer, year) - rule->standard_s;
	end = change_s(&rule->to_standard, year) - rule->summer_s;
	summer = start < end ? utc_s >= start && utc_s < end
			     : utc_s >= start || utc_s < end;
	return summer ? rule->summer_s : rule->standard_s;
}
