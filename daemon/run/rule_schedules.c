/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/rule_schedules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct rule_list *rules_of(const struct rule_schedules *turns)
{
	return &turns->plan->config->rules;
}

/* ---- which there are ------------------------------------------------------------- */

/* A rule that makes no flows here has no turn, and controls are in every scan. */
static void mark_rules(const struct plan *plan, bool *marks)
{
	for (uint32_t i = 0; i < plan->n_rule_sets; i++)
		for (uint32_t j = 0; j < plan->rule_sets[i].count; j++)
			marks[plan->rule_sets[i].rules[j]] = true;
	for (uint32_t i = 0; i < plan->config->rules.count; i++)
		if (plan->config->rules.rules[i].vital)
			marks[i] = false;
}

static void add(struct rule_schedules *turns, const struct settings_schedule *from,
	const char *rule, uint32_t index, struct schedule_now now)
{
	struct rule_schedule *turn = &turns->items[turns->count++];

	*turn = (struct rule_schedule){
		.rule = rule,
		.index = index,
		.terms = schedule_terms_from(from),
	};
	schedule_init(&turn->schedule, turns->seed++, now);
}

static bool is_own(const struct rule *rule)
{
	return rule->schedule != NULL;
}

static void add_all(struct rule_schedules *turns, struct schedule_now now)
{
	const struct rule_list *rules = rules_of(turns);
	bool shared = false;

	for (uint32_t i = 0; i < rules->count; i++)
		shared |= turns->rules[i] && !is_own(&rules->rules[i]);
	for (uint32_t i = 0; i < rules->count; i++)
		if (turns->rules[i] && is_own(&rules->rules[i]))
			add(turns, rules->rules[i].schedule, rules->rules[i].name, i,
				now);
	if (shared || turns->count == 0)
		add(turns, &turns->plan->config->settings.schedule, NULL, 0, now);
}

int rule_schedules_init(struct rule_schedules *turns, const struct plan *plan,
	uint64_t seed, struct schedule_now now)
{
	uint32_t count = plan->config->rules.count;

	*turns = (struct rule_schedules){
		.plan = plan,
		.items = calloc(count + 1U, sizeof *turns->items),
		.rules = calloc(count + 1U, sizeof *turns->rules),
		.seed = seed,
	};
	if (!turns->items || !turns->rules) {
		rule_schedules_fini(turns);
		return -ENOMEM;
	}
	mark_rules(plan, turns->rules);
	add_all(turns, now);
	return 0;
}

static bool same_rule(const struct rule_schedule *a, const struct rule_schedule *b)
{
	if (!a->rule || !b->rule)
		return a->rule == b->rule;
	return strcmp(a->rule, b->rule) == 0;
}

int rule_schedules_renew(
	struct rule_schedules *turns, const struct plan *plan, struct schedule_now now)
{
	struct rule_schedules next;
	int rc = rule_schedules_init(&next, plan, turns->seed, now);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < next.count; i++) {
		for (uint32_t j = 0; j < turns->count; j++) {
			if (!same_rule(&next.items[i], &turns->items[j]))
				continue;
			next.items[i].schedule = turns->items[j].schedule;
			schedule_renew(&next.items[i].schedule, now);
		}
	}
	rule_schedules_fini(turns);
	*turns = next;
	return 0;
}

void rule_schedules_fini(struct rule_schedules *turns)
{
	free(turns->items);
	free(turns->rules);
	*turns = (struct rule_schedules){0};
}

/* ---- whose turn it is ------------------------------------------------------------ */

/* What starts goes before what waits; of those that wait, the next. */
static void combine(struct schedule_step *all, const struct schedule_step *one)
{
	if (one->start && (!all->start || one->late_us > all->late_us))
		*all = *one;
	if (all->start)
		return;
	if (one->wait_us < all->wait_us)
		all->wait_us = one->wait_us;
	if (one->at_wall_us < all->at_wall_us) {
		all->at_wall_us = one->at_wall_us;
		all->held = one->held;
	}
}

struct schedule_step rule_schedules_next(
	struct rule_schedules *turns, struct schedule_now now)
{
	struct schedule_step all = {.start = false};

	for (uint32_t i = 0; i < turns->count; i++) {
		struct rule_schedule *turn = &turns->items[i];
		struct schedule_step one =
			schedule_next(&turn->schedule, &turn->terms, now);

		turn->due = one.start;
		if (i == 0)
			all = one;
		else
			combine(&all, &one);
	}
	return all;
}

const bool *rule_schedules_started(
	struct rule_schedules *turns, struct schedule_now now)
{
	const struct rule_list *rules = rules_of(turns);
	bool shared = false, whole = true;

	memset(turns->rules, 0, rules->count * sizeof *turns->rules);
	for (uint32_t i = 0; i < turns->count; i++) {
		struct rule_schedule *turn = &turns->items[i];
		whole &= turn->due;
		if (!turn->due)
			continue;
		schedule_started(&turn->schedule, &turn->terms, now);
		shared |= !turn->rule;
		if (turn->rule)
			turns->rules[turn->index] = true;
	}
	for (uint32_t i = 0; i < rules->count && shared; i++)
		turns->rules[i] |= !is_own(&rules->rules[i]);
	return whole ? NULL : turns->rules;
}
