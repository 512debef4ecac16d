/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random fleets in which known causes happen, for tests and measurements of incidents.
 * A cause is hosts x checks; what a scan sees of it is less the flows that were not
 * measured or were broken before. Everything follows from the seed.
 */
#ifndef TESTS_SUPPORT_INCIDENT_WORLD_H
#define TESTS_SUPPORT_INCIDENT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "daemon/model/incident.h"

enum {
	MAX_HOSTS = 2048,
	MAX_CHECKS = 12,
	MAX_FLOWS = MAX_HOSTS * MAX_CHECKS,
	MAX_SITES = 8,
	MAX_ROLES = 5,
	MAX_GROUPS = MAX_SITES + MAX_ROLES + MAX_SITES * MAX_ROLES + 2,
	MAX_CAUSES = 64,
	NO_CAUSE = 255
};

struct world {
	struct random_state random;
	struct incident_host hosts[MAX_HOSTS];
	char names[MAX_HOSTS][16];
	uint32_t members[MAX_HOSTS][4];
	uint8_t site[MAX_HOSTS], role[MAX_HOSTS];
	uint32_t n_hosts, n_sites, n_roles;
	const char *groups[MAX_GROUPS];
	char group_names[MAX_GROUPS][32];
	uint32_t n_groups;
	struct incident_flow flows[MAX_FLOWS];
	uint32_t n_flows;
	uint32_t first[MAX_HOSTS + 1]; /* flow of a host */
	bool is_uniform;
	/* What happens. */
	uint8_t cause_of[MAX_FLOWS];
	bool was_down[MAX_FLOWS], is_unmeasured[MAX_FLOWS];
	uint32_t n_causes;
	struct incident_input input;
};

enum shape {
	RANGE_PORTS,
	OBJECTS_PORT,
	OBJECTS_PORTS,
	SUBNET_ALL,
	GROUP_PORT,
	GROUP_PORTS,
	HOST_ALL,
	EVERYTHING_PORT,
	NAME_SERVER,
	RACK_ALL,
	MASKED_GROUP,
	SERVICE_STOPS,
	HALF_RECOVERS,
	EXPOSED,
	REJECTED,
	UPLINK_ALL,
	N_SHAPES
};

enum effect {
	LOST,
	REFUSED,
	RECOVERED,
	OPENED,
	NAMELESS,
	REJECTED_AT_TIMES
};

struct cause {
	bool hits[MAX_HOSTS];
	uint32_t checks; /* bits */
	enum effect effect;
	uint32_t n_hosts;
};

extern const char *const world_shape_names[N_SHAPES];

uint32_t world_below(struct world *w, uint32_t n);

/* In a zeroed world whose `random` is seeded. Hosts of a uniform fleet are asked the
 * same; of others by their role. */
void world_make_fleet(struct world *w, uint32_t n_hosts, bool is_uniform);

void world_make_cause(struct world *w, enum shape shape, struct cause *cause);

/* What was so before the cause, of all of it; then which part of it happens. */
void world_prepare(struct world *w, enum shape shape, struct cause *cause);

/* True: the flow shows it, since it was measured and was as it should be. */
bool world_affect(struct world *w, uint32_t flow, enum effect effect, const char *hop);

/* Gives the cause the next number and its flows. */
void world_happen(struct world *w, const struct cause *cause);

bool world_is_hit(const struct cause *cause, const struct incident_flow *flow);

/* Is it about all checks of its hosts? */
bool world_covers_all(enum shape shape);

#endif
