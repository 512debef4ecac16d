/* SPDX-License-Identifier: Apache-2.0 */
/* What an incident is called, and what speaks against a wider cause. Internal to
 * incident_fold(). */
#ifndef DAEMON_ANALYZE_INCIDENT_NAME_H
#define DAEMON_ANALYZE_INCIDENT_NAME_H

#include "daemon/analyze/group.h"

/* Scratch for all incidents of an input. */
struct incident_namer {
	const struct group_view *view;
	uint32_t *size, *count; /* per group: hosts that could have changed; that did */
	uint8_t *is_in;         /* per rank: a host of the incident */
	uint32_t *domain;       /* ranks of those that could have changed */
	uint32_t n_domain;
	uint32_t *stayed; /* per check */
	uint32_t *states; /* per check, as bits */
	uint32_t *hosts;  /* ranks of the incident's */
	uint32_t n_hosts;
};

/* In the arena. 0 or -ENOMEM. */
int incident_namer_init(struct incident_namer *namer, const struct group_fleet *fleet,
	struct arena *arena);

/* Fills everything but the id, in the arena. 0 or -ENOMEM. */
int incident_name(struct incident_namer *namer, const struct group_view *view,
	const struct group *group, struct arena *arena, struct incident *out);

#endif
