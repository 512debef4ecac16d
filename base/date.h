/* SPDX-License-Identifier: Apache-2.0 */
/* Days and dates in the proleptic Gregorian calendar, without time zone or locale. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_DAY_S INT64_C(86400)

struct date {
	int64_t year;
	unsigned month, day; /* from 1 */
};

/* Days since 1970-01-01 and back; years up to some millions either way. */
int64_t date_to_days(struct date date);
struct date date_from_days(int64_t days);

/* The day that holds a second since 1970-01-01T00:00:00, and with *second_of_day (may
 * be NULL) where in it: 0 to 86399. */
int64_t date_day_of(int64_t seconds, int64_t *second_of_day);

/* 0 Monday to 6 Sunday. */
unsigned date_weekday(int64_t days);

bool date_is_leap_year(int64_t year);

#endif
