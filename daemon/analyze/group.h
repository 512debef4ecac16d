/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which changes have one cause: the fewest rectangles of hosts and checks with the
 * shortest names that hold every change of a direction once. Internal to
 * incident_fold(). Pure.
 */
#ifndef DAEMON_ANALYZE_GROUP_H
#define DAEMON_ANALYZE_GROUP_H

#include "daemon/analyze/group_view.h"

/* Rectangles that are kept apart; what is left when there are so many goes by check. */
enum {
	GROUP_MAX = 256
};

struct group {
	uint32_t *flows; /* indexes into the input's flows, by rank of host */
	uint32_t n_flows;
};

/*
 * Every changed flow of the view is in one group. No group holds a host and a check of
 * it that stayed, unless that stays so for want of any other way: never in a rectangle.
 * In the arena. 0 or -ENOMEM. Its time is bounded for any input: see WORK_EACH.
 */
int group_find(const struct group_view *view, struct arena *arena, struct group **out,
	uint32_t *n_out);

#endif
