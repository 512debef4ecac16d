/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet that a test of incidents puts together, and what is true of all incidents. */
#ifndef TESTS_DAEMON_INCIDENT_FLEET_H
#define TESTS_DAEMON_INCIDENT_FLEET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/incident.h"

#define MAX_HOSTS 4096
#define MAX_FLOWS 32768
#define MAX_NAMES 16

/* A fleet that a test puts together; every flow starts as open and stays so. */
struct fleet {
	struct arena arena;
	struct incident_host hosts[MAX_HOSTS];
	const char *checks[MAX_NAMES];
	const char *groups[MAX_NAMES];
	struct incident_flow flows[MAX_FLOWS];
	struct incident_input input;
	struct incident *incidents;
	size_t count;
};

static inline int setup(void **state)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);

	assert_non_null(fleet);
	arena_init(&fleet->arena, 0);
	fleet->input = (struct incident_input){
		.vantage = "par-sh-001",
		.hosts = fleet->hosts,
		.checks = fleet->checks,
		.groups = fleet->groups,
		.flows = fleet->flows,
	};
	*state = fleet;
	return 0;
}

static inline int teardown(void **state)
{
	struct fleet *fleet = *state;

	arena_fini(&fleet->arena);
	free(fleet);
	return 0;
}

static inline uint32_t name_index(const char **names, uint32_t *count, const char *name)
{
	for (uint32_t i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert_true(*count < MAX_NAMES);
	names[*count] = name;
	return (*count)++;
}

static inline uint32_t check_index(struct fleet *fleet, const char *name)
{
	return name_index(fleet->checks, &fleet->input.n_checks, name);
}

/* `groups` and `checks` are words with spaces between, in static text. */
static inline uint32_t add_words(const char **names, uint32_t *count,
	struct fleet *fleet, const char *words, uint32_t *out)
{
	uint32_t n = 0;

	while (*words) {
		size_t length = strcspn(words, " ");
		char *word = arena_strndup(&fleet->arena, words, length);
		assert_non_null(word);
		out[n++] = name_index(names, count, word);
		words += length + strspn(words + length, " ");
	}
	return n;
}

static inline void add_flow(struct fleet *fleet, uint32_t host, uint32_t check)
{
	assert_true(fleet->input.n_flows < MAX_FLOWS);
	fleet->flows[fleet->input.n_flows++] = (struct incident_flow){
		.host = host,
		.check = check,
		.from = STATE_OPEN,
		.to = STATE_OPEN,
	};
}

static inline uint32_t add_host(struct fleet *fleet, const char *name,
	const char *address, const char *groups, const char *checks)
{
	uint32_t index = fleet->input.n_hosts++;
	struct incident_host *host = &fleet->hosts[index];
	uint32_t *members = arena_calloc(&fleet->arena, MAX_NAMES, sizeof *members);
	uint32_t asked[MAX_NAMES], n;

	assert_true(index < MAX_HOSTS);
	assert_non_null(members);
	host->name = arena_strdup(&fleet->arena, name);
	if (address)
		assert_true(net_address_parse(address, &host->address));
	host->n_groups = add_words(
		fleet->groups, &fleet->input.n_groups, fleet, groups, members);
	host->groups = members;
	n = add_words(fleet->checks, &fleet->input.n_checks, fleet, checks, asked);
	for (uint32_t i = 0; i < n; i++)
		add_flow(fleet, index, asked[i]);
	return index;
}

/* Hosts NAME001.. on PREFIX.first and on. */
static inline uint32_t add_hosts(struct fleet *fleet, uint32_t n, const char *name,
	const char *prefix, unsigned first, const char *groups, const char *checks)
{
	uint32_t begin = fleet->input.n_hosts;

	for (uint32_t i = 0; i < n; i++) {
		char host[64], address[64];
		snprintf(host, sizeof host, "%s%03u", name, i + 1);
		snprintf(address, sizeof address, "%s%u", prefix, first + i);
		add_host(fleet, host, address, groups, checks);
	}
	return begin;
}

static inline struct incident_flow *flow_of(
	struct fleet *fleet, uint32_t host, const char *check)
{
	uint32_t index = check_index(fleet, check);

	for (uint32_t i = 0; i < fleet->input.n_flows; i++)
		if (fleet->flows[i].host == host && fleet->flows[i].check == index)
			return &fleet->flows[i];
	fail_msg("no such flow");
	return NULL;
}

static inline void change(struct incident_flow *flow, enum probe_state from,
	enum probe_state to, enum change_kind kind)
{
	flow->from = (uint8_t)from;
	flow->to = (uint8_t)to;
	flow->kind = (uint8_t)kind;
}

static inline struct incident_flow *block(
	struct fleet *fleet, uint32_t host, const char *check, enum probe_state to)
{
	struct incident_flow *flow = flow_of(fleet, host, check);

	change(flow, (enum probe_state)flow->from, to, CHANGE_REGRESSION);
	return flow;
}

static inline void block_range(struct fleet *fleet, uint32_t begin, uint32_t n,
	const char *check, enum probe_state to, const char *cause)
{
	for (uint32_t i = 0; i < n; i++)
		block(fleet, begin + i, check, to)->cause = cause;
}

/* Every change in one incident, none twice, the biggest first, counts in bounds. */
static inline void check_partition(const struct fleet *fleet)
{
	static uint8_t seen[MAX_FLOWS];
	uint32_t previous = UINT32_MAX;

	memset(seen, 0, sizeof seen);
	for (size_t i = 0; i < fleet->count; i++) {
		const struct incident *incident = &fleet->incidents[i];
		assert_int_equal(incident->id, i + 1);
		assert_true(incident->n_flows > 0 && incident->n_flows <= previous);
		assert_true(incident->n_hosts <= incident->of_hosts);
		assert_true(incident->n_hosts <= incident->n_flows);
		assert_non_null(incident->summary);
		previous = incident->n_flows;
		for (uint32_t j = 0; j < incident->n_flows; j++) {
			uint32_t flow = incident->flows[j];
			assert_true(j == 0 || incident->flows[j - 1] < flow);
			assert_int_equal(seen[flow]++, 0);
			assert_int_equal(fleet->flows[flow].kind, incident->kind);
		}
	}
	for (uint32_t i = 0; i < fleet->input.n_flows; i++) {
		uint8_t kind = fleet->flows[i].kind;
		bool changed = kind != CHANGE_NONE && kind != CHANGE_ADDED &&
			       kind != CHANGE_REMOVED;
		assert_int_equal(seen[i], changed);
	}
}

static inline void fold(struct fleet *fleet)
{
	assert_int_equal(incident_fold(&fleet->input, &fleet->arena, &fleet->incidents,
				 &fleet->count),
		0);
	check_partition(fleet);
}

static inline const struct incident *only(struct fleet *fleet)
{
	fold(fleet);
	for (size_t i = 1; i < fleet->count; i++)
		print_message("unexpected: %s\n", fleet->incidents[i].summary);
	assert_int_equal(fleet->count, 1);
	return &fleet->incidents[0];
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
