/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long folding takes: bench_fold HOSTS CHECKS, once for a site that went dark
 * beside a rule that closed two ports to a group, once for chaos. Prints a JSON line
 * each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "daemon/analyze/incident.h"

enum {
	GROUPS = 40,
	MAX_CHECKS = 64
};

struct fleet {
	struct random_state random;
	struct incident_host *hosts;
	uint32_t (*members)[2];
	struct incident_flow *flows;
	const char *checks[MAX_CHECKS], *groups[GROUPS];
	char check_names[MAX_CHECKS][16], group_names[GROUPS][16];
	struct incident_input input;
};

/* Sites of 1,000 hosts, ten roles; flows are all fine. */
static int make(struct fleet *fleet, uint32_t n_hosts, uint32_t n_checks)
{
	fleet->hosts = calloc(n_hosts, sizeof *fleet->hosts);
	fleet->members = calloc(n_hosts, sizeof *fleet->members);
	fleet->flows = calloc((size_t)n_hosts * n_checks, sizeof *fleet->flows);
	if (!fleet->hosts || !fleet->members || !fleet->flows)
		return -1;
	for (uint32_t i = 0; i < n_checks; i++) {
		snprintf(fleet->check_names[i], 16, "tcp/%u", i + 1);
		fleet->checks[i] = fleet->check_names[i];
	}
	for (uint32_t i = 0; i < GROUPS; i++) {
		snprintf(fleet->group_names[i], 16, "group%u", i);
		fleet->groups[i] = fleet->group_names[i];
	}
	for (uint32_t i = 0; i < n_hosts; i++) {
		fleet->members[i][0] = i / 1000 % 30;
		fleet->members[i][1] = 30 + i % 10;
		fleet->hosts[i] = (struct incident_host){
			.name = "host",
			.address = {4,
				{10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
				0},
			.groups = fleet->members[i],
			.n_groups = 2,
		};
		for (uint32_t c = 0; c < n_checks; c++)
			fleet->flows[i * n_checks + c] = (struct incident_flow){
				.host = i,
				.check = c,
				.from = STATE_OPEN,
				.to = STATE_OPEN,
				.expect = EXPECT_OPEN,
			};
	}
	fleet->input = (struct incident_input){
		.vantage = "here",
		.hosts = fleet->hosts,
		.n_hosts = n_hosts,
		.checks = fleet->checks,
		.n_checks = n_checks,
		.groups = fleet->groups,
		.n_groups = GROUPS,
		.flows = fleet->flows,
		.n_flows = n_hosts * n_checks,
	};
	return 0;
}

/* Sites 0 to 9 lose everything, the role of every tenth host two checks; 2 % of the
 * flows are not measured, and a thousandth fails for reasons of its own. */
static uint32_t happen(struct fleet *fleet, int chaos)
{
	uint32_t changed = 0;

	for (uint32_t i = 0; i < fleet->input.n_flows; i++) {
		struct incident_flow *flow = &fleet->flows[i];
		uint32_t luck = random_below(&fleet->random, 1000);
		int lost = chaos ? luck < 400
				 : fleet->members[flow->host][0] < 10 ||
					   (fleet->members[flow->host][1] == 33 &&
						   flow->check < 2) ||
					   luck == 999;
		flow->to = STATE_OPEN;
		flow->kind = CHANGE_NONE;
		if (luck >= 960 && luck < 980) {
			flow->to = STATE_ERROR;
		} else if (lost) {
			flow->to = STATE_FILTERED;
			flow->kind = CHANGE_REGRESSION;
			changed++;
		}
	}
	return changed;
}

int main(int argc, char **argv)
{
	uint32_t n_hosts = argc > 1 ? (uint32_t)atoi(argv[1]) : 30000;
	uint32_t n_checks = argc > 2 ? (uint32_t)atoi(argv[2]) : 8;
	static struct fleet fleet;

	if (n_hosts < 1 || n_checks < 2 || n_checks > MAX_CHECKS ||
		make(&fleet, n_hosts, n_checks) < 0)
		return 2;
	random_seed(&fleet.random, 1);
	for (int chaos = 0; chaos < 2; chaos++) {
		uint32_t changed = happen(&fleet, chaos);
		uint64_t start = clock_monotonic_us();
		struct incident *incidents;
		struct arena arena;
		size_t count;

		arena_init(&arena, 0);
		if (incident_fold(&fleet.input, &arena, &incidents, &count) < 0)
			return 1;
		printf("{\"what\": \"%s\", \"flows\": %u, \"changed\": %u, "
		       "\"incidents\": %zu, \"seconds\": %.3f}\n",
			chaos ? "chaos" : "causes", fleet.input.n_flows, changed, count,
			(double)(clock_monotonic_us() - start) / 1e6);
		arena_fini(&arena);
	}
	return 0;
}
