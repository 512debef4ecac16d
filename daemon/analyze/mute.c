/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/mute.h"

#include <errno.h>
#include <stdlib.h>
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

static const struct silence *first_of(const struct silence *silences, size_t count,
	const struct silence_flow *flow, const char *rule)
{
	for (size_t i = 0; i < count; i++)
		if (covers(&silences[i].scope, flow, rule))
			return &silences[i];
	return NULL;
}

const struct silence *silence_of(
	const struct silence *silences, size_t count, const struct silence_flow *flow)
{
	const struct silence *youngest =
		first_of(silences, count, flow, flow->n_rules ? flow->rules[0] : NULL);

	for (size_t i = 1; youngest && i < flow->n_rules; i++) {
		const struct silence *one =
			first_of(silences, count, flow, flow->rules[i]);
		youngest = one > youngest || !one ? one : youngest;
	}
	return youngest;
}

/* ---- flows ----------------------------------------------------------------------- */

/* The most names that one host or flow of a snapshot has, and one more. */
static uint32_t most_names(const struct snapshot *s)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < s->n_hosts; i++)
		most = s->hosts[i].groups.count > most ? s->hosts[i].groups.count
						       : most;
	for (uint32_t i = 0; i < s->n_rule_sets; i++)
		most = s->rule_sets[i].count > most ? s->rule_sets[i].count : most;
	return most + 1;
}

static size_t name_set(
	const struct snapshot_set *set, const char *const *names, const char **out)
{
	for (uint32_t i = 0; i < set->count; i++)
		out[i] = names[set->items[i]];
	return set->count;
}

int mute_flows(const struct silence *silences, size_t count,
	const struct snapshot *snapshot, uint32_t **numbers)
{
	uint32_t most = most_names(snapshot);
	const char **names;

	*numbers = NULL;
	if (count == 0 || snapshot->n_flows == 0)
		return 0;
	names = calloc(2 * (size_t)most, sizeof *names);
	*numbers = calloc(snapshot->n_flows, sizeof **numbers);
	for (uint32_t i = 0; names && *numbers && i < snapshot->n_flows; i++) {
		const struct snapshot_flow *flow = &snapshot->flows[i];
		struct silence_flow what = {
			.vantage = snapshot->vantage,
			.host = snapshot_host_name(snapshot, flow),
			.check = snapshot_check_name(snapshot, flow),
			.groups = names,
			.rules = names + most,
		};
		const struct silence *found;
		what.n_groups = name_set(
			&snapshot->hosts[flow->host].groups, snapshot->groups, names);
		names[what.n_groups++] = "all";
		what.n_rules = name_set(&snapshot->rule_sets[flow->rules],
			snapshot->rules, names + most);
		found = silence_of(silences, count, &what);
		(*numbers)[i] = found ? found->id : 0;
	}
	free(names);
	if (names && *numbers)
		return 0;
	free(*numbers);
	*numbers = NULL;
	return -ENOMEM;
}

/* ---- time ------------------------------------------------------------------------ */

bool silence_holds(const struct silence *silence, int64_t now_us)
{
	return !silence->ended_us && now_us < silence->until_us;
}

bool silence_held(const struct silence *silence, int64_t then_us)
{
	return silence->from_us <= then_us && then_us < silence->until_us &&
	       (!silence->ended_us || then_us < silence->ended_us);
}
