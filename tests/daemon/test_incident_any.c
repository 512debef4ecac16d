/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for any fleet and any changes. */
#include "base/random.h"
#include "tests/daemon/incident_fleet.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_rule_in_any_fleet_is_one_incident),
		cmocka_unit_test(noise_is_told_completely_and_the_same_each_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
