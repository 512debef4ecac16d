/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedules of a configuration: one for all rules without their own, and one for
 * each other rule. What comes due at the same moment is one scan. Pure: the time is
 * handed in.
 */
#ifndef DAEMON_RUN_RULE_SCHEDULES_H
#define DAEMON_RUN_RULE_SCHEDULES_H

#include "daemon/engine/plan.h"
#include "daemon/run/schedule.h"

struct rule_schedule {
	const char
		*rule;  /* its name; NULL: all rules without a schedule of their own */
	uint32_t index; /* of the rule, in the configuration's rules */
	struct schedule_terms terms;
	struct schedule schedule;
	bool due; /* as rule_schedules_next() found */
};

struct rule_schedules {
	const struct plan *plan;
	struct rule_schedule *items;
	uint32_t count; /* 1 or more */
	bool *rules;    /* per rule of the configuration: it is due in this scan */
	uint64_t seed;
};

/* The first turn of each is now. The plan, which has flows, must outlive it. 0
 * (rule_schedules_fini() it) or -ENOMEM. */
int rule_schedules_init(struct rule_schedules *all, const struct plan *plan,
	uint64_t seed, struct schedule_now now);

/* Goes on with another plan: rules of the same name keep their place in time. The
 * previous plan must still be there. 0, or -ENOMEM: nothing has changed. */
int rule_schedules_renew(
	struct rule_schedules *all, const struct plan *plan, struct schedule_now now);

/* As schedule_next(): whether any starts now, and how late the latest is; else when the
 * next does. */
struct schedule_step rule_schedules_next(
	struct rule_schedules *all, struct schedule_now now);

/* Those that are due have started. Returns the rules that are due (all->rules, until
 * the next call), or NULL where these are all. */
const bool *rule_schedules_started(struct rule_schedules *all, struct schedule_now now);

void rule_schedules_fini(struct rule_schedules *all);

#endif
