/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/silence.h"

#include <string.h>

#include "base/pattern.h"
#include "base/size.h"

static const char **member_of(struct silence_scope *scope, const char *key, size_t n)
{
	const struct {
		const char *key;
		const char **member;
	} members[] = {
		{"host", &scope->host},
		{"group", &scope->group},
		{"rule", &scope->rule},
		{"check", &scope->check},
		{"vantage", &scope->vantage},
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strlen(members[i].key) == n && memcmp(members[i].key, key, n) == 0)
			return members[i].member;
	return NULL;
}

const char *silence_scope_add(struct silence_scope *scope, const char *word)
{
	const char *sign = strchr(word, '=');
	const char *pattern = sign ? sign + 1 : word;
	const char **member =
		sign ? member_of(scope, word, (size_t)(sign - word)) : &scope->host;

	if (!member)
		return "is none of host, group, rule, check, vantage";
	if (!*pattern)
		return "has no pattern: write '*' for any";
	if (*member)
		return "repeats a part of the scope: make two silences";
	*member = pattern;
	return NULL;
}

static bool fits(const char *pattern, const char *text)
{
	return !pattern || !*pattern || pattern_matches(pattern, text);
}

static bool fits_any(const char *pattern, const char *const *texts, size_t count)
{
	if (!pattern || !*pattern)
		return true;
	for (size_t i = 0; i < count; i++)
		if (pattern_matches(pattern, texts[i]))
			return true;
	return false;
}

/* `rule` NULL: of none. */
static bool covers(const struct silence_scope *scope, const struct silence_flow *flow,
	const char *rule)
{
	return fits(scope->vantage, flow->vantage) && fits(scope->host, flow->host) &&
	       fits(scope->check, flow->check) &&
	       fits_any(scope->group, flow->groups, flow->n_groups) &&
	       fits_any(scope->rule, &rule, rule != NULL);
}

/* Of one array. */
static bool is_older(const struct silence *a, const struct silence *b)
{
	return a->after_scan != b->after_scan ? a->after_scan < b->after_scan : a < b;
}

static const struct silence *oldest_of(const struct silence *silences, size_t count,
	const struct silence_flow *flow, const char *rule)
{
	const struct silence *oldest = NULL;

	for (size_t i = 0; i < count; i++)
		if (covers(&silences[i].scope, flow, rule) &&
			(!oldest || is_older(&silences[i], oldest)))
			oldest = &silences[i];
	return oldest;
}

const struct silence *silence_of(
	const struct silence *silences, size_t count, const struct silence_flow *flow)
{
	const struct silence *youngest;

	if (flow->n_rules == 0)
		return oldest_of(silences, count, flow, NULL);
	youngest = oldest_of(silences, count, flow, flow->rules[0]);
	for (size_t i = 1; youngest && i < flow->n_rules; i++) {
		const struct silence *next =
			oldest_of(silences, count, flow, flow->rules[i]);
		if (!next || is_older(youngest, next))
			youngest = next;
	}
	return youngest;
}

bool silence_holds(const struct silence *silence, int64_t now_us)
{
	return !silence->ended_us && now_us < silence->until_us;
}

bool silence_held(const struct silence *silence, int64_t then_us)
{
	return silence->from_us <= then_us && then_us < silence->until_us &&
	       (!silence->ended_us || then_us < silence->ended_us);
}
