/* SPDX-License-Identifier: Apache-2.0 */
#include "base/date.h"

#include <stddef.h>

/*
 * By years that start in March, and by eras of 400 years (Hinnant: chrono-Compatible
 * Low-Level Date Algorithms).
 */
int64_t date_to_days(struct date date)
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

struct date date_from_days(int64_t days)
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

int64_t date_day_of(int64_t seconds, int64_t *second_of_day)
{
	int64_t days = seconds / DATE_DAY_S;
	int64_t of_day = seconds % DATE_DAY_S;

	if (of_day < 0) {
		of_day += DATE_DAY_S;
		days--;
	}
	if (second_of_day)
		*second_of_day = of_day;
	return days;
}

/* 1970-01-01 was a Thursday. */
unsigned date_weekday(int64_t days)
{
	int64_t weekday = (days + 3) % 7;

	return (unsigned)(weekday < 0 ? weekday + 7 : weekday);
}

bool date_is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
