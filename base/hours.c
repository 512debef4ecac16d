/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hours.h"

#include <string.h>
#include <strings.h>

#include "base/date.h"
#include "base/size.h"

enum {
	DAY_MIN = 24 * 60,
	MONDAY_TO_FRIDAY = 0x1f,
	WEEKEND = 0x60,
	EVERY_DAY = 0x7f,
};

static const char wrong_days[] =
	"its days must be daily, weekdays, weekends, or days such as mon,wed or mon-fri";
static const char wrong_times[] = "its times must be HH:MM-HH:MM, from 00:00 to 24:00";
static const char empty_times[] =
	"it ends when it starts; for the whole day write 00:00-24:00";

/* ---- days ------------------------------------------------------------------ */

/* Reads one day and moves *text past it; -1: there is none. */
static int read_day(const char **text)
{
	static const char names[][4] = {
		"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (strncasecmp(*text, names[i], 3) == 0) {
			*text += 3;
			return i;
		}
	}
	return -1;
}

/* "mon" or "fri-mon": days in a row, over the end of the week too. */
static bool read_span(const char **text, uint8_t *days)
{
	int first = read_day(text), last = first;

	if (first >= 0 && **text == '-') {
		(*text)++;
		last = read_day(text);
	}
	if (first < 0 || last < 0)
		return false;
	for (int day = first;; day = (day + 1) % 7) {
		*days |= (uint8_t)(1 << day);
		if (day == last)
			return true;
	}
}

static bool read_word(const char *text, size_t length, uint8_t *days)
{
	static const struct {
		const char *word;
		uint8_t days;
	} words[] = {
		{"daily", EVERY_DAY},
		{"weekdays", MONDAY_TO_FRIDAY},
		{"weekends", WEEKEND},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].word) == length &&
			strncasecmp(text, words[i].word, length) == 0) {
			*days = words[i].days;
			return true;
		}
	}
	return false;
}

static bool read_days(const char *text, size_t length, uint8_t *days)
{
	const char *end = text + length;

	if (read_word(text, length, days))
		return true;
	for (;; text++) {
		if (!read_span(&text, days) || text > end)
			return false;
		if (text == end)
			return true;
		if (*text != ',')
			return false;
	}
}

/* ---- times ----------------------------------------------------------------- */

static bool read_two(const char **text, unsigned *value)
{
	const char *at = *text;

	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return false;
	*value = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
	*text += 2;
	return true;
}

static bool read_time(const char **text, uint16_t *minutes)
{
	unsigned hour, minute;

	if (!read_two(text, &hour) || *(*text)++ != ':' || !read_two(text, &minute))
		return false;
	*minutes = (uint16_t)(hour * 60 + minute);
	return minute < 60 && *minutes <= DAY_MIN;
}

static bool read_times(const char *text, struct hours *out, const char **error)
{
	*error = wrong_times;
	if (!read_time(&text, &out->from_min) || *text++ != '-' ||
		!read_time(&text, &out->to_min) || *text || out->from_min == DAY_MIN)
		return false;
	*error = empty_times;
	return out->from_min != out->to_min;
}

bool hours_parse(const char *text, struct hours *out, const char **error)
{
	size_t length = strcspn(text, " ");

	*out = (struct hours){.days = 0, .from_min = 0, .to_min = DAY_MIN};
	*error = wrong_days;
	if (*text >= '0' && *text <= '9') {
		out->days = EVERY_DAY;
		return read_times(text, out, error);
	}
	if (!read_days(text, length, &out->days))
		return false;
	if (!text[length])
		return true;
	return read_times(text + length + strspn(text + length, " "), out, error);
}

/* ---- being in them --------------------------------------------------------- */

static bool contains(const struct hours *hours, unsigned weekday, unsigned minute)
{
	bool today = hours->days >> weekday & 1;
	bool yesterday = hours->days >> (weekday + 6) % 7 & 1;

	if (hours->from_min < hours->to_min)
		return today && minute >= hours->from_min && minute < hours->to_min;
	return (today && minute >= hours->from_min) ||
	       (yesterday && minute < hours->to_min);
}

bool hours_contain(const struct hours *hours, size_t count, int64_t local_s)
{
	int64_t second;
	unsigned weekday = date_weekday(date_day_of(local_s, &second));

	for (size_t i = 0; i < count; i++)
		if (contains(&hours[i], weekday, (unsigned)(second / 60)))
			return true;
	return false;
}
