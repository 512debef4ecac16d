/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "daemon/verdict/incident.h"

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

static int setup(void **state)
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

static int teardown(void **state)
{
	struct fleet *fleet = *state;

	arena_fini(&fleet->arena);
	free(fleet);
	return 0;
}

static uint32_t name_index(const char **names, uint32_t *count, const char *name)
{
	for (uint32_t i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert_true(*count < MAX_NAMES);
	names[*count] = name;
	return (*count)++;
}

static uint32_t check_index(struct fleet *fleet, const char *name)
{
	return name_index(fleet->checks, &fleet->input.n_checks, name);
}

/* `groups` and `checks` are words with spaces between, in static text. */
static uint32_t add_words(const char **names, uint32_t *count, struct fleet *fleet,
	const char *words, uint32_t *out)
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

static void add_flow(struct fleet *fleet, uint32_t host, uint32_t check)
{
	assert_true(fleet->input.n_flows < MAX_FLOWS);
	fleet->flows[fleet->input.n_flows++] = (struct incident_flow){
		.host = host,
		.check = check,
		.from = STATE_OPEN,
		.to = STATE_OPEN,
	};
}

static uint32_t add_host(struct fleet *fleet, const char *name, const char *address,
	const char *groups, const char *checks)
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
static uint32_t add_hosts(struct fleet *fleet, uint32_t n, const char *name,
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

static struct incident_flow *flow_of(
	struct fleet *fleet, uint32_t host, const char *check)
{
	uint32_t index = check_index(fleet, check);

	for (uint32_t i = 0; i < fleet->input.n_flows; i++)
		if (fleet->flows[i].host == host && fleet->flows[i].check == index)
			return &fleet->flows[i];
	fail_msg("no such flow");
	return NULL;
}

static void change(struct incident_flow *flow, enum probe_state from,
	enum probe_state to, enum change_kind kind)
{
	flow->from = (uint8_t)from;
	flow->to = (uint8_t)to;
	flow->kind = (uint8_t)kind;
}

static struct incident_flow *block(
	struct fleet *fleet, uint32_t host, const char *check, enum probe_state to)
{
	struct incident_flow *flow = flow_of(fleet, host, check);

	change(flow, (enum probe_state)flow->from, to, CHANGE_REGRESSION);
	return flow;
}

static void block_range(struct fleet *fleet, uint32_t begin, uint32_t n,
	const char *check, enum probe_state to, const char *cause)
{
	for (uint32_t i = 0; i < n; i++)
		block(fleet, begin + i, check, to)->cause = cause;
}

/* Every change in one incident, none twice, the biggest first, counts in bounds. */
static void check_partition(const struct fleet *fleet)
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

static void fold(struct fleet *fleet)
{
	assert_int_equal(incident_fold(&fleet->input, &fleet->arena, &fleet->incidents,
				 &fleet->count),
		0);
	check_partition(fleet);
}

static const struct incident *only(struct fleet *fleet)
{
	fold(fleet);
	for (size_t i = 1; i < fleet->count; i++)
		print_message("unexpected: %s\n", fleet->incidents[i].summary);
	assert_int_equal(fleet->count, 1);
	return &fleet->incidents[0];
}

/* ---- the cases of the promise ------------------------------------------------ */

static void the_example_of_two_licence_servers_reads_as_promised(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 2, "rdls", "10.20.0.", 11, "license_servers",
		"dns tcp/135 tcp/443");
	const struct incident *incident;

	block_range(fleet, first, 2, "tcp/135", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/135 from par-sh-001 to license_servers: open \xe2\x86\x92 "
		"filtered, 2 of 2 hosts");
	assert_int_equal(incident->scope, INCIDENT_CHECK_GROUP);
	assert_string_equal(incident_scope_word(incident->scope), "check-group");
	assert_string_equal(incident->group, "license_servers");
	assert_string_equal(incident->check, "tcp/135");
	assert_null(incident->host);
	assert_null(incident->subnet);
	assert_int_equal(incident->from, STATE_OPEN);
	assert_int_equal(incident->to, STATE_FILTERED);
	/* not dns: a name that resolves says nothing about the path */
	assert_string_equal(incident->contrast_check, "tcp/443");
	assert_int_equal(incident->contrast_hosts, 2);
	assert_int_equal(incident->contrast_state, STATE_OPEN);
}

static void two_hundred_fifty_hosts_behind_one_rule_are_one_line(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 250, "rdsh", "10.30.1.", 1, "session_hosts",
		"dns tcp/3389 tcp/445");
	const struct incident *incident;

	add_hosts(fleet, 20, "web", "10.40.0.", 1, "web", "dns tcp/3389");
	block_range(fleet, first, 250, "tcp/3389", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/3389 from par-sh-001 to session_hosts: open \xe2\x86\x92 filtered, "
		"250 of 250 hosts");
	assert_int_equal(incident->n_unchanged, 0);
}

static void hosts_that_stayed_fine_are_counter_evidence(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(
		fleet, 50, "rdsh", "10.30.1.", 1, "session_hosts", "tcp/443 tcp/3389");
	const struct incident *incident;

	block_range(fleet, first, 43, "tcp/3389", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/3389 from par-sh-001 to session_hosts: open \xe2\x86\x92 filtered, "
		"43 of 50 hosts");
	assert_int_equal(incident->of_hosts, 50);
	assert_int_equal(incident->n_unchanged, 7);
	assert_string_equal(
		fleet->hosts[fleet->flows[incident->unchanged[0]].host].name,
		"rdsh044");
	assert_int_equal(fleet->flows[incident->unchanged[0]].check,
		check_index(fleet, "tcp/3389"));
	assert_string_equal(incident->contrast_check, "tcp/443");
	assert_int_equal(incident->contrast_hosts, 43);
}

static void hosts_that_were_blocked_before_are_no_counter_evidence(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(
		fleet, 10, "rdsh", "10.30.1.", 1, "session_hosts", "tcp/3389");
	const struct incident *incident;

	add_hosts(fleet, 40, "other", "10.50.1.", 1, "others", "tcp/3389");
	for (uint32_t i = 0; i < 6; i++)
		change(flow_of(fleet, first + i, "tcp/3389"), STATE_FILTERED,
			STATE_FILTERED, CHANGE_NONE);
	block_range(fleet, first + 6, 4, "tcp/3389", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_int_equal(incident->n_hosts, 4);
	assert_int_equal(incident->of_hosts, 4);
	assert_int_equal(incident->n_unchanged, 0);
}

static void one_dark_host_is_one_incident(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 20, "rdls", "10.20.0.", 11, "license_servers",
		"tcp/135 tcp/443 tcp/445 tcp/3389 sweep/49152-65535");
	const char *checks[] = {"tcp/135", "tcp/443", "tcp/445", "tcp/3389"};
	const struct incident *incident;

	for (int i = 0; i < 4; i++)
		block(fleet, first + 4, checks[i], STATE_FILTERED);
	flow_of(fleet, first + 4, "sweep/49152-65535")->from = STATE_CLOSED;
	block(fleet, first + 4, "sweep/49152-65535", STATE_FILTERED);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"rdls005 from par-sh-001: 5 of 5 checks clear \xe2\x86\x92 filtered");
	assert_int_equal(incident->scope, INCIDENT_HOST);
	assert_string_equal(incident->host, "rdls005");
	assert_null(incident->check);
	assert_int_equal(incident->from, STATE_NONE);
	assert_int_equal(incident->to, STATE_FILTERED);
}

static void a_dead_host_may_be_silent_and_unreachable_at_once(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 20, "rdls", "10.20.0.", 11, "license_servers",
		"tcp/135 tcp/443 tcp/445 tcp/3389");
	const struct incident *incident;

	block(fleet, first, "tcp/135", STATE_FILTERED);
	block(fleet, first, "tcp/443", STATE_FILTERED);
	block(fleet, first, "tcp/445", STATE_UNREACHABLE)->cause = "10.20.0.1";
	block(fleet, first, "tcp/3389", STATE_UNREACHABLE)->cause = "10.20.0.1";
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"rdls001 from par-sh-001: 4 of 4 checks open \xe2\x86\x92 blocked");
	assert_null(incident->cause);
}

static void one_subnet_across_groups_is_named(void **state)
{
	struct fleet *fleet = *state;
	uint32_t a = add_hosts(fleet, 20, "a", "10.20.1.", 10, "red blue", "tcp/443");
	uint32_t b = add_hosts(fleet, 20, "b", "10.20.1.", 100, "blue", "tcp/443");
	const struct incident *incident;

	add_hosts(fleet, 30, "c", "10.20.2.", 1, "red blue", "tcp/443");
	add_hosts(fleet, 30, "d", "10.20.3.", 1, "blue", "tcp/443");
	block_range(fleet, a, 20, "tcp/443", STATE_FILTERED, NULL);
	block_range(fleet, b, 20, "tcp/443", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/443 from par-sh-001 to 10.20.1.0/24: open \xe2\x86\x92 filtered, "
		"40 of 40 hosts");
	assert_int_equal(incident->scope, INCIDENT_CHECK_SUBNET);
	assert_string_equal(incident->subnet, "10.20.1.0/24");
	assert_null(incident->group);
}

static void a_wide_subnet_is_one_line(void **state)
{
	struct fleet *fleet = *state;
	const struct incident *incident;
	uint32_t first = fleet->input.n_hosts;

	add_hosts(fleet, 30, "a", "10.20.0.", 1, "all_sites", "tcp/443");
	add_hosts(fleet, 30, "b", "10.20.128.", 1, "all_sites", "tcp/443");
	add_hosts(fleet, 30, "c", "10.20.255.", 1, "all_sites", "tcp/443");
	add_hosts(fleet, 30, "d", "10.21.0.", 1, "all_sites", "tcp/443");
	block_range(fleet, first, 90, "tcp/443", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->subnet, "10.20.0.0/16");
	assert_int_equal(incident->n_hosts, 90);
}

static void a_narrow_subnet_is_found_as_well(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 64, "a", "10.20.0.", 64, "site", "tcp/443");

	/* .96 to .127 of .64 to .127 */
	block_range(fleet, first + 32, 32, "tcp/443", STATE_FILTERED, NULL);
	assert_string_equal(only(fleet)->subnet, "10.20.0.96/27");
}

static void v6_subnets_are_found_beside_v4(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(
		fleet, 8, "six", "2001:db8:0:7::", 1, "site", "tcp/443 tcp/22");
	const struct incident *incident;

	add_hosts(fleet, 8, "sixer", "2001:db8:0:8::", 1, "site", "tcp/443 tcp/22");
	add_hosts(fleet, 8, "four", "32.1.13.", 1, "site", "tcp/443 tcp/22");
	add_host(fleet, "nowhere", NULL, "site", "tcp/443 tcp/22");
	block_range(fleet, first, 8, "tcp/443", STATE_UNREACHABLE, "2001:db8::1");
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/443 from par-sh-001 to 2001:db8:0:7::/64: open \xe2\x86\x92 "
		"unreachable (2001:db8::1), 8 of 8 hosts");
}

static void a_dark_site_is_one_incident_of_several_checks(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(
		fleet, 12, "lyon", "10.69.0.", 1, "sites", "tcp/443 tcp/3389");
	const struct incident *incident;

	add_hosts(fleet, 12, "nice", "10.6.0.", 1, "sites", "tcp/443 tcp/3389");
	block_range(fleet, first, 12, "tcp/443", STATE_FILTERED, NULL);
	block_range(fleet, first, 11, "tcp/3389", STATE_UNREACHABLE, "10.0.0.1");
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"10.69.0.0/24 from par-sh-001: 23 of 24 flows open \xe2\x86\x92 blocked "
		"on 12 of 12 hosts");
	assert_int_equal(incident->scope, INCIDENT_SUBNET);
	assert_int_equal(incident->n_unchanged, 1);
}

static void a_group_beats_a_subnet_of_equal_cover(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 5, "a", "10.20.1.", 1, "red", "tcp/443");

	add_hosts(fleet, 5, "b", "10.20.2.", 1, "blue", "tcp/443");
	block_range(fleet, first, 5, "tcp/443", STATE_FILTERED, NULL);
	assert_string_equal(only(fleet)->group, "red");
}

static void the_smaller_of_two_groups_that_explain_it_is_named(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 5, "a", "10.20.1.", 1, "big small", "tcp/135");

	add_hosts(fleet, 50, "b", "10.20.2.", 1, "big", "tcp/443");
	block_range(fleet, first, 5, "tcp/135", STATE_FILTERED, NULL);
	assert_string_equal(only(fleet)->group, "small");
}

static void a_subnet_that_explains_more_precisely_beats_a_group(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 40, "a", "10.20.1.", 1, "red", "tcp/443");
	const struct incident *incident;

	add_hosts(fleet, 6, "b", "10.20.2.", 1, "red", "tcp/443");
	block_range(fleet, first, 40, "tcp/443", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->subnet, "10.20.1.0/24");
	assert_int_equal(incident->n_unchanged, 0);
}

static void a_dns_server_is_the_cause_of_scattered_failures(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 100, "h", "10.20.1.", 1, "red", "dns tcp/443");
	const struct incident *incident;

	for (uint32_t i = 0; i < 100; i += 13)
		block(fleet, first + i, "dns", STATE_UNRESOLVED)->cause = "10.0.0.53";
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"10.0.0.53 from par-sh-001: 8 flows open \xe2\x86\x92 unresolved on 8 "
		"hosts");
	assert_int_equal(incident->scope, INCIDENT_CAUSE);
	assert_string_equal(incident->check, "dns");
	assert_string_equal(incident->cause, "10.0.0.53");
}

static void a_dns_server_that_fails_for_all_is_named_with_the_group(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 100, "h", "10.20.1.", 1, "red", "dns tcp/443");

	block_range(fleet, first, 100, "dns", STATE_UNRESOLVED, "10.0.0.53");
	assert_string_equal(only(fleet)->summary,
		"dns from par-sh-001 to red: open \xe2\x86\x92 unresolved (10.0.0.53), "
		"100 of 100 hosts");
}

static void a_router_that_prohibits_many_checks_is_one_incident(void **state)
{
	struct fleet *fleet = *state;
	const char *checks = "tcp/22 tcp/135 tcp/443 tcp/445 tcp/3389 dns";
	uint32_t first = add_hosts(fleet, 30, "h", "10.20.1.", 1, "red", checks);
	const struct incident *incident;

	block_range(fleet, first, 30, "tcp/22", STATE_PROHIBITED, "10.0.0.1");
	block_range(fleet, first, 30, "tcp/135", STATE_PROHIBITED, "10.0.0.1");
	block_range(fleet, first, 30, "tcp/445", STATE_PROHIBITED, "10.0.0.1");
	incident = only(fleet);
	assert_int_equal(incident->scope, INCIDENT_CAUSE);
	assert_string_equal(incident->summary,
		"10.0.0.1 from par-sh-001: 90 flows open \xe2\x86\x92 prohibited on 30 "
		"hosts");
}

static void two_rules_of_one_router_are_two_incidents(void **state)
{
	struct fleet *fleet = *state;
	uint32_t red = add_hosts(fleet, 9, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");
	uint32_t blue =
		add_hosts(fleet, 7, "b", "10.20.2.", 1, "blue", "tcp/22 tcp/80");

	block_range(fleet, red, 9, "tcp/22", STATE_PROHIBITED, "10.0.0.1");
	block_range(fleet, blue, 7, "tcp/80", STATE_PROHIBITED, "10.0.0.1");
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	assert_string_equal(fleet->incidents[0].group, "red");
	assert_string_equal(fleet->incidents[1].group, "blue");
	assert_string_equal(fleet->incidents[1].cause, "10.0.0.1");
}

static void changes_of_different_causes_do_not_fold(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 8, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");

	block_range(fleet, first, 4, "tcp/22", STATE_PROHIBITED, "10.0.0.1");
	block_range(fleet, first + 4, 4, "tcp/22", STATE_PROHIBITED, "10.0.0.2");
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	assert_string_equal(fleet->incidents[0].cause, "10.0.0.1");
	assert_string_equal(fleet->incidents[1].cause, "10.0.0.2");
}

static void a_mixture_of_a_rule_and_a_dead_host_is_two_incidents(void **state)
{
	struct fleet *fleet = *state;
	const char *checks = "tcp/135 tcp/443 tcp/445 tcp/3389";
	uint32_t red = add_hosts(fleet, 40, "r", "10.20.1.", 1, "red", checks);

	add_hosts(fleet, 40, "b", "10.20.2.", 1, "blue", checks);
	block_range(fleet, red, 40, "tcp/135", STATE_FILTERED, NULL);
	for (int i = 1; i < 4; i++)
		block(fleet, red + 7, fleet->checks[i], STATE_FILTERED);
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	assert_string_equal(fleet->incidents[0].summary,
		"tcp/135 from par-sh-001 to red: open \xe2\x86\x92 filtered, 40 of 40 "
		"hosts");
	assert_string_equal(fleet->incidents[1].summary,
		"r008 from par-sh-001: 3 of 3 checks open \xe2\x86\x92 filtered");
}

static void unrelated_changes_stay_single(void **state)
{
	struct fleet *fleet = *state;
	const char *checks = "tcp/135 tcp/443 tcp/445 tcp/3389";
	uint32_t first = add_hosts(fleet, 100, "r", "10.20.1.", 1, "red", checks);
	const struct incident *incident;

	block(fleet, first + 3, "tcp/135", STATE_FILTERED);
	block(fleet, first + 50, "tcp/443", STATE_FILTERED);
	block(fleet, first + 97, "tcp/135", STATE_FILTERED);
	fold(fleet);
	assert_int_equal(fleet->count, 3);
	incident = &fleet->incidents[0];
	assert_int_equal(incident->scope, INCIDENT_FLOW);
	assert_string_equal(incident->summary,
		"tcp/135 from par-sh-001 to r004: open \xe2\x86\x92 filtered");
	assert_string_equal(incident->host, "r004");
	assert_string_equal(incident->check, "tcp/135");
	assert_string_equal(incident->contrast_check, "tcp/443");
	assert_int_equal(incident->of_hosts, 1);
}

static void a_scattered_minority_claims_no_scope(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 120, "r", "10.20.1.", 1, "red", "tcp/443");

	for (uint32_t i = 0; i < 120; i += 3)
		block(fleet, first + i, "tcp/443", STATE_FILTERED);
	fold(fleet);
	assert_int_equal(fleet->count, 40);
}

static void everything_dark_points_at_the_vantage(void **state)
{
	struct fleet *fleet = *state;
	uint32_t red = add_hosts(fleet, 20, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");
	uint32_t blue = add_hosts(fleet, 10, "b", "10.30.2.", 1, "blue", "tcp/22");
	const struct incident *incident;

	block_range(fleet, red, 20, "tcp/22", STATE_FILTERED, NULL);
	block_range(fleet, red, 20, "tcp/80", STATE_FILTERED, NULL);
	block_range(fleet, blue, 9, "tcp/22", STATE_FILTERED, NULL);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"nearly everything from par-sh-001: 49 of 50 flows open \xe2\x86\x92 "
		"filtered on 29 of 30 hosts");
	block(fleet, blue + 9, "tcp/22", STATE_FILTERED);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"everything from par-sh-001: 50 of 50 flows open \xe2\x86\x92 filtered "
		"on 30 of 30 hosts");
	assert_int_equal(incident->scope, INCIDENT_ALL);
}

static void a_rule_that_opens_is_one_exposure_whatever_listens_there(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 10, "r", "10.20.1.", 1, "red", "tcp/3389 tcp/443");
	const struct incident *incident;

	add_hosts(fleet, 10, "b", "10.20.2.", 1, "blue", "tcp/443");
	for (uint32_t i = 0; i < 10; i++)
		change(flow_of(fleet, first + i, "tcp/3389"), STATE_FILTERED,
			i % 2 ? STATE_OPEN : STATE_CLOSED, CHANGE_EXPOSURE);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/3389 from par-sh-001 to red: filtered \xe2\x86\x92 clear, 10 of 10 "
		"hosts");
	assert_int_equal(incident->kind, CHANGE_EXPOSURE);
	assert_int_equal(incident->to, STATE_NONE);
}

static void kinds_do_not_mix(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 10, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");

	block_range(fleet, first, 10, "tcp/22", STATE_FILTERED, NULL);
	for (uint32_t i = 0; i < 10; i++)
		change(flow_of(fleet, first + i, "tcp/80"), STATE_FILTERED, STATE_OPEN,
			CHANGE_RECOVERY);
	fold(fleet);
	assert_int_equal(fleet->count, 2);
}

static void other_details_of_one_state_fold_too(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 10, "r", "10.20.1.", 1, "red", "sweep/1-9 dns");

	for (uint32_t i = 0; i < 9; i++)
		change(flow_of(fleet, first + i, "sweep/1-9"), STATE_PARTIAL,
			STATE_PARTIAL, CHANGE_OTHER);
	change(flow_of(fleet, first + 9, "sweep/1-9"), STATE_PARTIAL, STATE_PARTIAL,
		CHANGE_NONE);
	assert_string_equal(only(fleet)->summary,
		"sweep/1-9 from par-sh-001 to red: partial, with other details, 9 of 10 "
		"hosts");
}

static void the_inventory_is_neither_change_nor_evidence(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 20, "r", "10.20.1.", 1, "red", "tcp/22");
	const struct incident *incident;

	for (uint32_t i = 0; i < 10; i++)
		fleet->flows[first + i].kind = i % 2 ? CHANGE_ADDED : CHANGE_REMOVED;
	block_range(fleet, first + 10, 9, "tcp/22", STATE_FILTERED, NULL);
	flow_of(fleet, first + 19, "tcp/22")->to = STATE_ERROR;
	incident = only(fleet);
	assert_int_equal(incident->n_hosts, 9);
	assert_int_equal(incident->of_hosts, 9);
}

static void no_change_no_incident(void **state)
{
	struct fleet *fleet = *state;

	fold(fleet);
	assert_int_equal(fleet->count, 0);
	add_hosts(fleet, 3, "r", "10.20.1.", 1, "red", "tcp/22");
	fold(fleet);
	assert_int_equal(fleet->count, 0);
}

static void hosts_without_addresses_and_groups_fold_by_check(void **state)
{
	struct fleet *fleet = *state;

	for (int i = 0; i < 6; i++) {
		char name[16];
		snprintf(name, sizeof name, "h%d", i);
		add_host(fleet, name, NULL, "", "tcp/22 tcp/80");
	}
	block_range(fleet, 0, 6, "tcp/22", STATE_FILTERED, NULL);
	assert_string_equal(only(fleet)->summary,
		"tcp/22 from par-sh-001: open \xe2\x86\x92 filtered, 6 of 6 hosts");
}

static void what_ran_out_of_memory_says_so(void **state)
{
	struct fleet *fleet = *state;
	struct arena small;

	add_hosts(fleet, 9, "r", "10.20.1.", 1, "red", "tcp/22");
	block_range(fleet, 0, 9, "tcp/22", STATE_FILTERED, NULL);
	arena_init(&small, 16);
	assert_int_equal(
		incident_fold(&fleet->input, &small, &fleet->incidents, &fleet->count),
		-12);
	assert_int_equal(fleet->count, 0);
	assert_null(fleet->incidents);
	arena_fini(&small);
}

/* ---- any fleet --------------------------------------------------------------- */

static const char *const group_names[] = {"g0", "g1", "g2", "g3", "g4", "g5"};

static void random_fleet(struct fleet *fleet, struct random_state *random)
{
	uint32_t n = 60 + random_below(random, 400);
	uint32_t n_checks = 2 + random_below(random, 5);

	for (uint32_t i = 0; i < n; i++) {
		char name[32], address[32], groups[32];
		snprintf(name, sizeof name, "h%u", i);
		snprintf(address, sizeof address, "10.%u.%u.%u",
			random_below(random, 2), random_below(random, 4),
			1 + random_below(random, 254));
		snprintf(groups, sizeof groups, "%s %s",
			group_names[random_below(random, 3)],
			group_names[3 + random_below(random, 3)]);
		add_host(fleet, name, address, groups, "");
		for (uint32_t c = 0; c < n_checks; c++) {
			static const char *const names[] = {
				"c0", "c1", "c2", "c3", "c4", "c5"};
			uint32_t check = check_index(fleet, names[c]);
			if (random_below(random, 10) < 9)
				add_flow(fleet, i, check);
		}
	}
	for (uint32_t i = 0; i < fleet->input.n_flows; i++) {
		struct incident_flow *flow = &fleet->flows[i];
		if (random_below(random, 20) == 0)
			flow->from = flow->to = STATE_FILTERED;
	}
}

static bool host_in_group(const struct fleet *fleet, uint32_t host, uint32_t group)
{
	for (uint32_t i = 0; i < fleet->hosts[host].n_groups; i++)
		if (fleet->hosts[host].groups[i] == group)
			return true;
	return false;
}

/* Blocks one check to a group, or to the network around a host; how many it hit. */
static uint32_t inject_rule(struct fleet *fleet, struct random_state *random)
{
	uint32_t check = random_below(random, fleet->input.n_checks);
	uint32_t group = random_below(random, fleet->input.n_groups);
	unsigned bits = 16 + 8 * random_below(random, 2);
	struct net_address network = net_address_network(
		&fleet->hosts[random_below(random, fleet->input.n_hosts)].address,
		bits);
	bool by_group = random_below(random, 2);
	uint32_t hit = 0;

	for (uint32_t i = 0; i < fleet->input.n_flows; i++) {
		struct incident_flow *flow = &fleet->flows[i];
		struct net_address at =
			net_address_network(&fleet->hosts[flow->host].address, bits);
		bool inside = by_group ? host_in_group(fleet, flow->host, group)
				       : net_address_compare(&at, &network) == 0;
		if (!inside || flow->check != check || flow->to != STATE_OPEN)
			continue;
		change(flow, STATE_OPEN, STATE_FILTERED, CHANGE_REGRESSION);
		hit++;
	}
	return hit;
}

static void any_rule_in_any_fleet_is_one_incident(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct random_state random;
		void *state;
		uint32_t hit;

		random_seed(&random, seed);
		setup(&state);
		random_fleet(state, &random);
		hit = inject_rule(state, &random);
		fold(state);
		/* Membership is exact: check_partition() saw every change once. */
		if (hit >= 3 && ((struct fleet *)state)->count != 1)
			fail_msg("seed %u: %zu incidents of %u changes", (unsigned)seed,
				((struct fleet *)state)->count, hit);
		teardown(&state);
	}
}

static void noise_is_told_completely_and_the_same_each_time(void **unused)
{
	static const enum probe_state states[] = {STATE_CLOSED, STATE_FAILED,
		STATE_PARTIAL, STATE_FILTERED, STATE_PROHIBITED, STATE_UNREACHABLE,
		STATE_UNRESOLVED};
	static const char *const causes[] = {NULL, "10.0.0.1", "10.0.0.2", ""};

	(void)unused;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct random_state random;
		struct fleet *fleet;
		struct incident *first;
		size_t count;
		void *state;

		random_seed(&random, seed);
		setup(&state);
		fleet = state;
		random_fleet(fleet, &random);
		uint32_t rarity = 1 + random_below(&random, 30);
		for (uint32_t i = 0; i < fleet->input.n_flows; i++) {
			if (random_below(&random, rarity))
				continue;
			change(&fleet->flows[i], STATE_OPEN,
				states[random_below(&random, 7)],
				(enum change_kind)(
					CHANGE_REGRESSION + random_below(&random, 6)));
			fleet->flows[i].cause = causes[random_below(&random, 4)];
		}
		fold(fleet);
		first = fleet->incidents;
		count = fleet->count;
		fold(fleet);
		assert_int_equal(fleet->count, count);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(
				first[i].summary, fleet->incidents[i].summary);
		teardown(&state);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_example_of_two_licence_servers_reads_as_promised),
		CASE(two_hundred_fifty_hosts_behind_one_rule_are_one_line),
		CASE(hosts_that_stayed_fine_are_counter_evidence),
		CASE(hosts_that_were_blocked_before_are_no_counter_evidence),
		CASE(one_dark_host_is_one_incident),
		CASE(a_dead_host_may_be_silent_and_unreachable_at_once),
		CASE(one_subnet_across_groups_is_named),
		CASE(a_wide_subnet_is_one_line),
		CASE(a_narrow_subnet_is_found_as_well),
		CASE(v6_subnets_are_found_beside_v4),
		CASE(a_dark_site_is_one_incident_of_several_checks),
		CASE(a_group_beats_a_subnet_of_equal_cover),
		CASE(the_smaller_of_two_groups_that_explain_it_is_named),
		CASE(a_subnet_that_explains_more_precisely_beats_a_group),
		CASE(a_dns_server_is_the_cause_of_scattered_failures),
		CASE(a_dns_server_that_fails_for_all_is_named_with_the_group),
		CASE(a_router_that_prohibits_many_checks_is_one_incident),
		CASE(two_rules_of_one_router_are_two_incidents),
		CASE(changes_of_different_causes_do_not_fold),
		CASE(a_mixture_of_a_rule_and_a_dead_host_is_two_incidents),
		CASE(unrelated_changes_stay_single),
		CASE(a_scattered_minority_claims_no_scope),
		CASE(everything_dark_points_at_the_vantage),
		CASE(a_rule_that_opens_is_one_exposure_whatever_listens_there),
		CASE(kinds_do_not_mix),
		CASE(other_details_of_one_state_fold_too),
		CASE(the_inventory_is_neither_change_nor_evidence),
		CASE(no_change_no_incident),
		CASE(hosts_without_addresses_and_groups_fold_by_check),
		CASE(what_ran_out_of_memory_says_so),
		cmocka_unit_test(any_rule_in_any_fleet_is_one_incident),
		cmocka_unit_test(noise_is_told_completely_and_the_same_each_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
