/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any fleet with any changes: each change ends up in one incident, none in two, and the
 * counts hold. Three bytes of input make a flow.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/incident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_FLOWS = 2048,
	N_HOSTS = 32,
	N_CHECKS = 8,
	N_GROUPS = 4
};

static const char *const checks[N_CHECKS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
static const char *const groups[N_GROUPS] = {"w", "x", "y", "z"};
static const char *const causes[4] = {NULL, "", "10.0.0.1", "10.0.0.2"};

static void must(bool claim)
{
	if (!claim)
		abort();
}

/* Hosts of both families and of none, in up to two groups. */
static void make_host(struct incident_host *host, uint32_t *members, uint32_t i)
{
	*host = (struct incident_host){.name = checks[i % N_CHECKS], .groups = members};
	host->address.family = i % 8 == 7 ? 0 : i % 3 ? 4 : 6;
	host->address.bytes[0] = 10;
	host->address.bytes[3] = (uint8_t)(i * 9);
	members[0] = i % N_GROUPS;
	members[1] = (i / 8 + 1) % N_GROUPS;
	host->n_groups = members[0] == members[1] ? 1 : i % 3;
}

static uint32_t make_flows(
	const uint8_t *data, size_t size, struct incident_flow *flows, bool *taken)
{
	uint32_t n = 0;

	for (size_t i = 0; i + 2 < size && n < MAX_FLOWS; i += 3) {
		struct incident_flow flow = {
			.host = data[i] % N_HOSTS,
			.check = data[i] / N_HOSTS,
			.from = (uint8_t)(data[i + 1] % STATE_COUNT),
			.to = (uint8_t)(data[i + 2] % STATE_COUNT),
			.kind = (uint8_t)(data[i + 1] / STATE_COUNT %
					  CHANGE_KIND_COUNT),
			.expect = (uint8_t)(EXPECT_OPEN + data[i + 1] % 4),
			.reason = (uint8_t)(data[i + 2] % REASON_COUNT),
			.phase = (uint8_t)(data[i] % PHASE_COUNT),
			.cause = causes[data[i + 2] >> 6],
			.hop = causes[data[i + 1] >> 6],
		};
		/* A flow is a host and a check: there are no two of it. */
		if (!taken[data[i]])
			flows[n++] = flow;
		taken[data[i]] = true;
	}
	return n;
}

static void check_incidents(const struct incident_input *input,
	const struct incident *incidents, size_t count)
{
	bool seen[MAX_FLOWS] = {false};

	for (size_t i = 0; i < count; i++) {
		const struct incident *what = &incidents[i];
		must(what->id == i + 1 && what->summary && what->n_flows > 0);
		must(what->n_hosts > 0 && what->n_hosts <= what->of_hosts);
		for (uint32_t j = 0; j < what->n_flows; j++) {
			must(!seen[what->flows[j]]);
			seen[what->flows[j]] = true;
		}
	}
	for (uint32_t i = 0; i < input->n_flows; i++) {
		uint8_t kind = input->flows[i].kind;
		must(seen[i] == (kind != CHANGE_NONE && kind != CHANGE_ADDED &&
					kind != CHANGE_REMOVED));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct incident_flow flows[MAX_FLOWS];
	struct incident_host hosts[N_HOSTS];
	uint32_t members[N_HOSTS][2];
	bool taken[256] = {false};
	struct incident_input input = {
		.vantage = "v",
		.hosts = hosts,
		.n_hosts = N_HOSTS,
		.checks = checks,
		.n_checks = N_CHECKS,
		.groups = groups,
		.n_groups = N_GROUPS,
		.flows = flows,
		.n_flows = make_flows(data, size, flows, taken),
	};
	struct arena arena;
	struct incident *incidents;
	size_t count;

	for (uint32_t i = 0; i < N_HOSTS; i++)
		make_host(&hosts[i], members[i], i);
	arena_init(&arena, 0);
	must(incident_fold(&input, &arena, &incidents, &count) == 0);
	check_incidents(&input, incidents, count);
	arena_fini(&arena);
	return 0;
}
