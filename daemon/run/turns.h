/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules have their turn: those without a schedule of their own together, by the
 * file's, and each of the others by its own. What comes due at the same moment is one
 * scan. Pure: the time is handed in.
 */
#ifndef DAEMON_RUN_TURNS_H
#define DAEMON_RUN_TURNS_H

#include "daemon/engine/plan.h"
#include "daemon/run/schedule.h"

struct turn {
	const char
		*rule;  /* its name; NULL: all rules without a schedule of their own */
	uint32_t index; /* in the configuration's rules; of a rule */
	struct schedule_terms terms;
	struct schedule schedule;
	bool due; /* as turns_next() found */
};

struct turns {
	const struct plan *plan;
	struct turn *items;
	uint32_t count; /* 1 or more */
	bool *rules;    /* per rule of the configuration: has its turn in this scan */
	uint64_t seed;
};

/* The first turn of each is now. The plan, which has flows, must outlive it. 0
 * (turns_fini() it) or -ENOMEM. */
int turns_init(struct turns *turns, const struct plan *plan, uint64_t seed,
	struct schedule_now now);

/* Another plan's: rules that go by the same name keep their place in time. The plan of
 * before must still be there. 0, or -ENOMEM: all is as it was. */
int turns_renew(struct turns *turns, const struct plan *plan, struct schedule_now now);

/* As schedule_next(): whether any starts now, and how late the latest is; else when the
 * next does. */
struct schedule_step turns_next(struct turns *turns, struct schedule_now now);

/* Those that are due have started. Returns the rules that are asked (turns->rules,
 * until the next call), or NULL where these are all. */
const bool *turns_started(struct turns *turns, struct schedule_now now);

void turns_fini(struct turns *turns);

#endif
