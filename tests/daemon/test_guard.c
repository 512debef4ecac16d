/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random fleets. What a firewall, a cable or a night of patches does to them must be
 * told; what only this vantage can have done to itself must not be believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "daemon/analyze/guard.h"

enum {
	FLEETS = 300,
	MAX_HOSTS = 400,
	MAX_FLOWS = 8000,
	MAX_CHECKS = 12,
	MAX_RULES = 8,
	HOST_CAUSES = 4, /* subnet, site, role, everything */
};

static const struct guard_limits limits = {.share = 25, .odds = 100000};

/* Sites of several subnets, roles across sites, rules of one to three checks. */
struct fleet {
	struct random_state random;
	uint32_t n_sites, n_subnets, n_roles, n_rules, n_checks, n_hosts;
	uint32_t rule_of_check[MAX_CHECKS];
	uint32_t subnet[MAX_HOSTS], site[MAX_HOSTS], role[MAX_HOSTS];
	uint32_t host_causes[MAX_HOSTS][HOST_CAUSES];
	uint32_t check_causes[MAX_CHECKS], rule_causes[MAX_RULES];
	struct guard_list of_hosts[MAX_HOSTS], of_checks[MAX_CHECKS],
		of_rules[MAX_RULES];
	bool wide[256];
	struct guard_flow flows[MAX_FLOWS];
	struct guard_input input;
};

static uint32_t between(struct fleet *f, uint32_t low, uint32_t high)
{
	return low + random_below(&f->random, high - low + 1);
}

static void make_causes(struct fleet *f)
{
	uint32_t rules = f->n_checks, subnets = rules + f->n_rules,
		 sites = subnets + f->n_subnets, roles = sites + f->n_sites,
		 all = roles + f->n_roles;

	for (uint32_t i = 0; i < f->n_checks; i++) {
		f->check_causes[i] = i;
		f->of_checks[i] = (struct guard_list){&f->check_causes[i], 1};
	}
	for (uint32_t i = 0; i < f->n_rules; i++) {
		f->rule_causes[i] = rules + i;
		f->of_rules[i] = (struct guard_list){&f->rule_causes[i], 1};
	}
	for (uint32_t i = 0; i < f->n_hosts; i++) {
		f->host_causes[i][0] = subnets + f->subnet[i];
		f->host_causes[i][1] = sites + f->site[i];
		f->host_causes[i][2] = roles + f->role[i];
		f->host_causes[i][3] = all;
		f->of_hosts[i] = (struct guard_list){f->host_causes[i], HOST_CAUSES};
	}
	for (uint32_t i = sites; i <= all; i++)
		f->wide[i] = true;
	f->input = (struct guard_input){
		.flows = f->flows,
		.of_hosts = f->of_hosts,
		.of_checks = f->of_checks,
		.of_rules = f->of_rules,
		.wide = f->wide,
		.n_causes = all + 1,
	};
}

/* `least` sites, subnets a site, roles and rules at least. */
static void fleet_init(struct fleet *f, uint64_t seed, uint32_t least)
{
	memset(f, 0, sizeof *f);
	random_seed(&f->random, seed);
	f->n_sites = between(f, least, 6);
	f->n_subnets = f->n_sites * between(f, 1, 5);
	f->n_roles = between(f, 2, 4);
	f->n_rules = between(f, least, MAX_RULES);
	f->n_checks = between(f, f->n_rules, MAX_CHECKS);
	for (uint32_t i = 0; i < f->n_checks; i++)
		f->rule_of_check[i] = i % f->n_rules;
	/* Each subnet has some. */
	f->n_hosts = f->n_subnets * between(f, 3, 12);
	for (uint32_t i = 0; i < f->n_hosts; i++) {
		f->subnet[i] = i % f->n_subnets;
		f->site[i] = f->subnet[i] % f->n_sites;
		f->role[i] = random_below(&f->random, f->n_roles);
	}
	make_causes(f);
	for (uint32_t i = 0; i < f->n_hosts; i++)
		for (uint32_t c = 0; c < f->n_checks; c++)
			if (random_below(&f->random, 100) < 85)
				f->flows[f->input.n_flows++] = (struct guard_flow){
					i, c, f->rule_of_check[c], false};
	assert_in_range(f->input.n_flows, 1, MAX_FLOWS);
}

static struct guard_finding judge(const struct fleet *f)
{
	struct guard_finding finding;

	assert_int_equal(guard_judge(&f->input, &limits, &finding), 0);
	return finding;
}

static void must_be(const struct fleet *f, bool impaired, uint32_t number)
{
	struct guard_finding finding = judge(f);

	if (finding.impaired != impaired)
		fail_msg(
			"fleet %u: %u of %u dark, %u causes of %u, chance %g: it is %s",
			number, finding.dark, finding.flows, finding.causes,
			finding.strands, finding.chance,
			finding.impaired ? "impaired" : "not");
}

/* Darkens what `is` says, but for one flow in `spared` (0: none). */
static void darken(struct fleet *f,
	bool (*is)(const struct fleet *f, const struct guard_flow *flow, uint32_t n),
	uint32_t n, uint32_t spared)
{
	for (uint32_t i = 0; i < f->input.n_flows; i++)
		if (is(f, &f->flows[i], n) &&
			(!spared || random_below(&f->random, spared)))
			f->flows[i].dark = true;
}

static bool of_rule(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	(void)f;
	return flow->rules == n;
}

static bool of_check(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	(void)f;
	return flow->check == n;
}

static bool of_subnet(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	return f->subnet[flow->host] == n;
}

static bool of_site(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	return f->site[flow->host] == n;
}

static bool of_role(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	return f->role[flow->host] == n;
}

static bool of_host(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	(void)f;
	return flow->host == n;
}

static bool any(const struct fleet *f, const struct guard_flow *flow, uint32_t n)
{
	(void)f;
	(void)flow;
	(void)n;
	return true;
}

/* At most one host in ten. */
static void kill_hosts(struct fleet *f)
{
	uint32_t n = random_below(&f->random, f->n_hosts / 10 + 1);

	for (uint32_t i = 0; i < n; i++)
		darken(f, of_host, random_below(&f->random, f->n_hosts), 0);
}

/* ---- must be told ------------------------------------------------------------ */

static void a_changed_rule_or_port_is_never_swallowed(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 1);
		if (i % 2)
			darken(&f, of_rule, random_below(&f.random, f.n_rules),
				i % 3 ? 5 : 0);
		else
			darken(&f, of_check, random_below(&f.random, f.n_checks),
				i % 3 ? 2 : 0);
		must_be(&f, false, i);
		assert_int_not_equal(judge(&f).dark, 0);
	}
}

static void a_subnet_a_site_or_a_role_that_is_gone_is_never_swallowed(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 2);
		if (i % 3 == 0)
			darken(&f, of_subnet, random_below(&f.random, f.n_subnets), 5);
		else if (i % 3 == 1)
			darken(&f, of_site, random_below(&f.random, f.n_sites), 0);
		else
			darken(&f, of_role, random_below(&f.random, f.n_roles), 0);
		must_be(&f, false, i);
	}
}

static void nor_with_dead_hosts_beside_it(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 2);
		kill_hosts(&f);
		if (i % 2)
			darken(&f, of_rule, random_below(&f.random, f.n_rules), 0);
		else
			darken(&f, of_site, random_below(&f.random, f.n_sites), 0);
		must_be(&f, false, i);
	}
}

static void a_night_of_reboots_is_no_impairment(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 2);
		kill_hosts(&f);
		must_be(&f, false, i);
	}
}

static void a_fleet_of_one_subnet_or_one_rule_is_not_judged(void **state)
{
	static struct fleet f;

	(void)state;
	fleet_init(&f, 1, 2);
	for (uint32_t i = 0; i < f.n_hosts; i++)
		f.host_causes[i][0] = f.host_causes[0][0];
	darken(&f, any, 0, 0);
	must_be(&f, false, 0);
	fleet_init(&f, 1, 2);
	for (uint32_t i = 0; i < f.input.n_flows; i++)
		f.flows[i].rules = 0;
	darken(&f, any, 0, 0);
	must_be(&f, false, 1);
}

static void nothing_is_nothing(void **state)
{
	static struct fleet f;

	(void)state;
	fleet_init(&f, 1, 2);
	must_be(&f, false, 0);
	f.input.n_flows = 0;
	must_be(&f, false, 1);
}

/* ---- must not be believed ---------------------------------------------------- */

static void a_blackout_is_the_vantages(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 2);
		darken(&f, any, 0, 0);
		must_be(&f, true, i);
		assert_int_equal(judge(&f).dark, f.input.n_flows);
	}
}

/* A sick uplink: 40 to 90 of 100 flows, wherever they lead. */
static void losses_all_over_are_the_vantages(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		uint32_t percent;
		fleet_init(&f, i, 4);
		percent = between(&f, 40, 90);
		for (uint32_t j = 0; j < f.input.n_flows; j++)
			f.flows[j].dark = random_below(&f.random, 100) < percent;
		must_be(&f, true, i);
	}
}

static void a_share_below_the_limit_is_told(void **state)
{
	static struct fleet f;

	(void)state;
	for (uint32_t i = 0; i < FLEETS; i++) {
		fleet_init(&f, i, 4);
		for (uint32_t j = 0; j < f.input.n_flows; j++)
			f.flows[j].dark = j % 5 == 4;
		must_be(&f, false, i);
	}
}

/* ---- the numbers ------------------------------------------------------------- */

static void the_tail_is_the_binomials(void **state)
{
	(void)state;
	assert_float_equal(guard_tail(10, 0, 0.5), 1.0, 1e-9);
	assert_float_equal(guard_tail(10, 10, 0.5), 1.0 / 1024, 1e-9);
	assert_float_equal(guard_tail(10, 9, 0.5), 11.0 / 1024, 1e-9);
	assert_float_equal(guard_tail(2, 2, 0.005), 2.5e-5, 1e-12);
	assert_float_equal(guard_tail(3, 1, 0.1), 0.271, 1e-9);
	assert_float_equal(guard_tail(5, 6, 0.5), 0, 1e-12);
}

static void odds_decide(void **state)
{
	static struct fleet f;
	struct guard_limits strict = {25, 1000000000};
	struct guard_finding finding;

	(void)state;
	fleet_init(&f, 3, 4);
	/* A rule and a site of several: two causes of four or more strands. */
	darken(&f, of_rule, 0, 0);
	darken(&f, of_site, 0, 0);
	must_be(&f, false, 0);
	strict.odds = 1;
	assert_int_equal(guard_judge(&f.input, &strict, &finding), 0);
	assert_int_equal(finding.causes, 2);
	assert_true(finding.spread);
	assert_true(finding.impaired);
}

/* ---- where one thing becomes another ----------------------------------------------
 */

/* Hosts, each a cause of its own; the first `inside` of them, of which `dark_inside`
 * are dark, are also of one wide cause. */
static struct guard_finding judge_split(
	uint32_t inside, uint32_t dark_inside, uint32_t outside, uint32_t dark_outside)
{
	static uint32_t causes[64][2];
	static struct guard_flow flows[64];
	static struct guard_list hosts[64];
	static const bool wide[65] = {true};
	const struct guard_list none = {NULL, 0};
	struct guard_finding finding;
	struct guard_input input = {
		.flows = flows,
		.n_flows = inside + outside,
		.of_hosts = hosts,
		.of_checks = &none,
		.of_rules = &none,
		.wide = wide,
		.n_causes = 65,
	};

	for (uint32_t i = 0; i < input.n_flows; i++) {
		bool in = i < inside;
		causes[i][0] = i + 1;
		causes[i][1] = 0;
		hosts[i] = (struct guard_list){causes[i], in ? 2 : 1};
		flows[i] = (struct guard_flow){.host = i,
			.dark = in ? i < dark_inside : i - inside < dark_outside};
	}
	assert_int_equal(guard_judge(&input, &limits, &finding), 0);
	return finding;
}

static void a_wide_cause_explains_from_four_in_five_on(void **state)
{
	(void)state;
	assert_int_equal(judge_split(10, 8, 10, 0).causes, 1);
	assert_int_equal(judge_split(10, 7, 10, 0).causes, 7);
	assert_int_equal(judge_split(15, 12, 10, 0).causes, 1);
	assert_int_equal(judge_split(14, 11, 10, 0).causes, 11);
}

static void a_wide_cause_needs_a_tenth_outside(void **state)
{
	(void)state;
	assert_int_equal(judge_split(9, 9, 1, 0).causes, 1);
	assert_int_equal(judge_split(10, 10, 1, 0).causes, 10);
	assert_int_equal(judge_split(18, 18, 2, 0).causes, 1);
	assert_int_equal(judge_split(19, 19, 2, 0).causes, 19);
}

static void a_wide_cause_is_twice_as_dark_as_the_outside(void **state)
{
	(void)state;
	assert_int_equal(judge_split(10, 10, 10, 5).causes, 1 + 5);
	assert_int_equal(judge_split(10, 10, 10, 6).causes, 10 + 6);
	assert_int_equal(judge_split(10, 8, 10, 4).causes, 1 + 4);
	assert_int_equal(judge_split(10, 8, 10, 5).causes, 8 + 5);
}

/* Of all, and of what the biggest cause leaves. */
static void the_share_itself_is_enough(void **state)
{
	(void)state;
	assert_int_equal(judge_split(10, 5, 10, 0).causes, 5);
	assert_int_equal(judge_split(10, 4, 10, 0).causes, 0);
	assert_true(judge_split(10, 10, 20, 5).spread);
	assert_false(judge_split(10, 10, 20, 4).spread);
	assert_int_equal(judge_split(10, 10, 20, 4).causes, 1 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_rule_or_port_is_never_swallowed),
		cmocka_unit_test(
			a_subnet_a_site_or_a_role_that_is_gone_is_never_swallowed),
		cmocka_unit_test(nor_with_dead_hosts_beside_it),
		cmocka_unit_test(a_night_of_reboots_is_no_impairment),
		cmocka_unit_test(a_fleet_of_one_subnet_or_one_rule_is_not_judged),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(a_blackout_is_the_vantages),
		cmocka_unit_test(losses_all_over_are_the_vantages),
		cmocka_unit_test(a_share_below_the_limit_is_told),
		cmocka_unit_test(the_tail_is_the_binomials),
		cmocka_unit_test(odds_decide),
		cmocka_unit_test(a_wide_cause_explains_from_four_in_five_on),
		cmocka_unit_test(a_wide_cause_needs_a_tenth_outside),
		cmocka_unit_test(a_wide_cause_is_twice_as_dark_as_the_outside),
		cmocka_unit_test(the_share_itself_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
