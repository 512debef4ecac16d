/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/rule_schedules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct rule_schedules *all, const struct settings_schedule *from,
	const char *rule, uint32_t index, struct schedule_now now)
{
	struct rule_schedule *item = &all->items[all->count++];

	*item = (struct rule_schedule){
		.rule = rule, .index = index, .terms = schedule_terms_from(from)};
	schedule_init(&item->schedule, all->seed++, now);
}

int rule_schedules_init(struct rule_schedules *all, const struct plan *plan,
	uint64_t seed, struct schedule_now now)
{
	const struct rule_list *rules = &plan->config->rules;
	bool shared = false;

	*all = (struct rule_schedules){
		.plan = plan,
		.items = calloc(rules->count + 1U, sizeof *all->items),
		.rules = calloc(rules->count + 1U, sizeof *all->rules),
		.seed = seed,
	};
	if (!all->items || !all->rules) {
		rule_schedules_fini(all);
		return -ENOMEM;
	}
	/* A rule that makes no flows here has no turn, and controls are in every scan.
	 */
	for (uint32_t i = 0; i < plan->n_rule_sets; i++)
		for (uint32_t j = 0; j < plan->rule_sets[i].count; j++)
			all->rules[plan->rule_sets[i].rules[j]] = true;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];
		if (!all->rules[i] || rule->vital)
			continue;
		if (rule->schedule)
			add(all, rule->schedule, rule->name, i, now);
		else
			shared = true;
	}
	if (shared || all->count == 0)
		add(all, &plan->config->settings.schedule, NULL, 0, now);
	return 0;
}

int rule_schedules_renew(
	struct rule_schedules *all, const struct plan *plan, struct schedule_now now)
{
	struct rule_schedules next;
	int rc = rule_schedules_init(&next, plan, all->seed, now);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < next.count; i++) {
		struct rule_schedule *to = &next.items[i];
		for (uint32_t j = 0; j < all->count; j++) {
			const struct rule_schedule *from = &all->items[j];
			bool is_same = to->rule && from->rule
					       ? strcmp(to->rule, from->rule) == 0
					       : to->rule == from->rule;
			if (!is_same)
				continue;
			to->schedule = from->schedule;
			schedule_renew(&to->schedule, now);
		}
	}
	rule_schedules_fini(all);
	*all = next;
	return 0;
}

void rule_schedules_fini(struct rule_schedules *all)
{
	free(all->items);
	free(all->rules);
	*all = (struct rule_schedules){0};
}

struct schedule_step rule_schedules_next(
	struct rule_schedules *all, struct schedule_now now)
{
	struct schedule_step step = {.start = false};

	for (uint32_t i = 0; i < all->count; i++) {
		struct rule_schedule *item = &all->items[i];
		struct schedule_step one =
			schedule_next(&item->schedule, &item->terms, now);

		item->due = one.start;
		/* What starts goes before what waits: the latest of it. */
		if (i == 0 ||
			(one.start && (!step.start || one.late_us > step.late_us)))
			step = one;
		if (step.start)
			continue;
		if (one.wait_us < step.wait_us)
			step.wait_us = one.wait_us;
		if (one.at_wall_us < step.at_wall_us) {
			step.at_wall_us = one.at_wall_us;
			step.held = one.held;
		}
	}
	return step;
}

const bool *rule_schedules_started(struct rule_schedules *all, struct schedule_now now)
{
	const struct rule_list *rules = &all->plan->config->rules;
	bool shared = false, whole = true;

	memset(all->rules, 0, rules->count * sizeof *all->rules);
	for (uint32_t i = 0; i < all->count; i++) {
		struct rule_schedule *item = &all->items[i];
		whole &= item->due;
		if (!item->due)
			continue;
		schedule_started(&item->schedule, &item->terms, now);
		if (item->rule)
			all->rules[item->index] = true;
		else
			shared = true;
	}
	for (uint32_t i = 0; i < rules->count && shared; i++)
		all->rules[i] |= !rules->rules[i].schedule;
	return whole ? NULL : all->rules;
}
