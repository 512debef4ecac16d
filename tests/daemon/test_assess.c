/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/analyze/assess.h"
#include "daemon/analyze/health.h"

/* Two hosts with two flows each: h0 f0 f1, h1 f2 f3; checks alternate tcp/1, tcp/2. */
struct fleet {
	struct config config;
	struct rule rules[2];
	uint32_t rule_lists[2][2];
	struct plan_rule_set sets[2];
	struct plan_check checks[2];
	struct plan_host hosts[2];
	struct plan_flow flows[4];
	struct flow_result seen[4];
	struct net_address addresses[2];
	struct host_addresses probed[2];
	struct plan plan;
	struct results results;
};

static void fleet_init(struct fleet *f)
{
	memset(f, 0, sizeof *f);
	f->rules[0].name = "a";
	f->rules[1].name = "b";
	f->config.rules = (struct rule_list){f->rules, 2};
	f->config.settings.guard_share = 30;
	f->config.settings.guard_require = 1;
	f->config.settings.guard_patience = 3;
	f->rule_lists[0][0] = 0;
	f->rule_lists[1][1] = 1;
	f->sets[0] = (struct plan_rule_set){f->rule_lists[0], 1};
	f->sets[1] = (struct plan_rule_set){f->rule_lists[1], 2};
	for (uint32_t i = 0; i < 2; i++) {
		f->checks[i].ops = &tcp_probe_ops;
		f->hosts[i] = (struct plan_host){.first_flow = i * 2, .n_flows = 2};
		net_address_parse("192.0.2.1", &f->addresses[i]);
		f->probed[i] =
			(struct host_addresses){.items = &f->addresses[i], .count = 1};
	}
	for (uint32_t i = 0; i < 4; i++) {
		f->flows[i] = (struct plan_flow){
			.host = i / 2, .check = i % 2, .expect = EXPECT_OPEN};
		f->seen[i] = (struct flow_result){
			.state = STATE_OPEN, .reason = REASON_SYN_ACK, .clear = 1};
	}
	f->plan = (struct plan){.config = &f->config,
		.flows = f->flows,
		.n_flows = 4,
		.hosts = f->hosts,
		.n_hosts = 2,
		.checks = f->checks,
		.n_checks = 2,
		.rule_sets = f->sets,
		.n_rule_sets = 2};
	f->results = (struct results){
		.plan = &f->plan, .flows = f->seen, .hosts = f->probed};
}

static void set(struct fleet *f, uint32_t flow, enum probe_state state,
	enum probe_reason reason)
{
	f->seen[flow].state = (uint8_t)state;
	f->seen[flow].reason = (uint8_t)reason;
	f->seen[flow].clear = probe_state_path(state) == PATH_CLEAR;
}

static void silence(struct fleet *f, uint32_t flow)
{
	set(f, flow, STATE_FILTERED, REASON_TIMEOUT);
}

static void counts(struct fleet *f, uint32_t pass, uint32_t fail, uint32_t inconclusive)
{
	struct assessment a;

	assert_int_equal(assess(&f->plan, &f->results, &a), 0);
	assert_int_equal(a.pass, pass);
	assert_int_equal(a.fail, fail);
	assert_int_equal(a.inconclusive, inconclusive);
	assessment_fini(&a);
}

/* A bit an address: each of as many as a host can have must answer. */
static void each_of_the_most_addresses_must_answer(void **state)
{
	static struct net_address many[INVENTORY_MAX_ADDRESSES];
	struct fleet f;

	(void)state;
	assert_int_equal(INVENTORY_MAX_ADDRESSES, 32);
	for (uint32_t count = 31; count <= 32; count++) {
		fleet_init(&f);
		f.probed[0] = (struct host_addresses){.items = many, .count = count};
		f.flows[1].expect = EXPECT_BLOCKED;
		silence(&f, 1);
		f.seen[0].clear = count == 32 ? UINT32_MAX : UINT32_MAX >> 1;
		counts(&f, 4, 0, 0);
		/* The last one does not, or the first. */
		f.seen[0].clear = UINT32_MAX >> (33 - count);
		counts(&f, 3, 0, 1);
		f.seen[0].clear = UINT32_MAX << 1;
		counts(&f, 3, 0, 1);
	}
}

static void a_host_without_an_address_answers_nothing(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.probed[0].count = 0;
	f.flows[1].expect = EXPECT_BLOCKED;
	silence(&f, 1);
	counts(&f, 3, 0, 1);
}

/* Its own silent addresses need the control; those that refuse are one. */
static void a_partial_is_blocked_as_its_parts_are(void **state)
{
	static struct net_address two[2];
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.probed[0] = (struct host_addresses){.items = two, .count = 2};
	f.seen[0].clear = 3;
	f.flows[1].expect = EXPECT_BLOCKED;
	set(&f, 1, STATE_PARTIAL, REASON_ADDRESSES_DIFFER_BLOCKED);
	counts(&f, 4, 0, 0);
	f.seen[0].clear = 1;
	counts(&f, 3, 0, 1);
	set(&f, 1, STATE_PARTIAL, REASON_NO_ADDRESS_ACCEPTS);
	counts(&f, 3, 1, 0);
	f.flows[1].accept_closed = true;
	counts(&f, 3, 0, 1);
	f.seen[1].clear = 2;
	counts(&f, 4, 0, 0);
	set(&f, 1, STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES);
	counts(&f, 3, 1, 0);
}

static void every_open_flow_passes(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	counts(&f, 4, 0, 0);
}

static void blocked_passes_only_beside_an_answer_of_the_same_host(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.flows[1].expect = f.flows[3].expect = EXPECT_BLOCKED;
	silence(&f, 1);
	silence(&f, 2);
	silence(&f, 3);
	/* h0 answered flow 0; h1 answered nothing. */
	counts(&f, 2, 1, 1);
}

static void a_name_servers_answer_is_no_control(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.checks[0].ops = &dns_probe_ops;
	f.flows[1].expect = EXPECT_BLOCKED;
	silence(&f, 1);
	counts(&f, 3, 0, 1);
}

static void blocked_needs_an_answer_from_each_address(void **state)
{
	struct net_address two[2];
	struct fleet f;

	(void)state;
	fleet_init(&f);
	net_address_parse("192.0.2.1", &two[0]);
	net_address_parse("2001:db8::1", &two[1]);
	f.probed[0] = (struct host_addresses){.items = two, .count = 2};
	f.flows[1].expect = EXPECT_BLOCKED;
	silence(&f, 1);
	f.seen[0].clear = 1; /* v4 alone answered: v6's silence proves nothing */
	counts(&f, 3, 0, 1);
	f.seen[0].clear = 3;
	counts(&f, 4, 0, 0);
}

static void require_one_holds_while_one_host_passes(void **state)
{
	struct assessment a;
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.rules[0].require = 1;
	silence(&f, 2);
	assert_int_equal(assess(&f.plan, &f.results, &a), 0);
	assert_int_equal(a.pass, 4);
	assert_string_equal(assessment_held_by(&a, 2), "require 1 of 2");
	assert_null(assessment_held_by(&a, 0));
	assessment_fini(&a);
}

static void a_host_counts_only_with_all_its_flows(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.rules[0].require = 1;
	silence(&f, 0);
	silence(&f, 3); /* each host misses one: no host passes */
	counts(&f, 2, 2, 0);
}

static void require_is_open_while_a_host_that_counts_is_unknown(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.rules[0].require = 1;
	silence(&f, 0);
	set(&f, 2, STATE_ERROR, REASON_NO_ROUTE);
	/* h0 fails, h1 might pass: flow 0 can't be said to fail the rule. */
	counts(&f, 2, 0, 2);
}

static void require_spares_no_flow_that_another_rule_needs(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.rules[0].require = 1;
	f.flows[2].rules = 1; /* asked for by both rules; rule b needs all */
	silence(&f, 2);
	counts(&f, 3, 1, 0);
}

static void require_all_spares_nothing(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.rules[0].require = 2;
	silence(&f, 2);
	counts(&f, 3, 1, 0);
}

static const char *degraded(struct fleet *f)
{
	const struct health_streak streak = {.degraded = 0};
	struct health health;

	assert_int_equal(
		health_judge(&f->plan, &f->results, NULL, &streak, &health), 0);
	assert_int_equal(health.degraded, health.cause != HEALTH_FINE);
	return health_text(health.cause);
}

static void silence_everywhere_is_not_our_own_trouble(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	for (uint32_t i = 0; i < 4; i++)
		silence(&f, i);
	assert_null(degraded(&f));
}

static void a_shortage_degrades(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	set(&f, 1, STATE_ERROR, REASON_NO_PORT);
	assert_non_null(degraded(&f));
}

static void one_missing_route_does_not_degrade_but_all_do(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	set(&f, 1, STATE_ERROR, REASON_NO_ROUTE);
	assert_null(degraded(&f));
	for (uint32_t i = 0; i < 4; i++)
		set(&f, i, STATE_ERROR, REASON_NO_ROUTE);
	assert_non_null(degraded(&f));
}

/* The hosts are known by names, and nobody answers for them. */
static void lose_resolver(
	struct fleet *f, enum probe_state state, enum probe_reason why)
{
	static const char *const names[] = {"h0.corp.example", "h1.corp.example"};

	for (uint32_t i = 0; i < 2; i++) {
		f->hosts[i].dial_name = names[i];
		f->probed[i].by_server = true;
	}
	for (uint32_t i = 0; i < 4; i++)
		set(f, i, state, why);
}

static void a_dead_resolver_degrades(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	lose_resolver(&f, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_non_null(degraded(&f));
	/* An answer, if only that there is no such name, proves that it lives. */
	set(&f, 3, STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_null(degraded(&f));
}

static void one_name_without_an_answer_degrades_only_when_it_is_all_there_is(
	void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	lose_resolver(&f, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	f.hosts[0].dial_name = NULL;
	f.probed[0].by_server = false;
	set(&f, 0, STATE_OPEN, REASON_SYN_ACK);
	set(&f, 1, STATE_OPEN, REASON_SYN_ACK);
	assert_null(degraded(&f));
	/* What the hosts file knows proves nothing about resolvers. */
	f.hosts[0].dial_name = "h0";
	assert_null(degraded(&f));
	set(&f, 0, STATE_ERROR, REASON_NO_ROUTE);
	set(&f, 1, STATE_ERROR, REASON_NO_ROUTE);
	assert_non_null(degraded(&f));
}

static void a_resolver_of_this_machine_that_refuses_is_dead_too(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	lose_resolver(&f, STATE_ERROR, REASON_RESOLVER_UNAVAILABLE);
	assert_string_equal(
		degraded(&f), "no flow could be measured from this machine");
	f.hosts[0].dial_name = NULL;
	f.probed[0].by_server = false;
	set(&f, 0, STATE_OPEN, REASON_SYN_ACK);
	assert_null(degraded(&f));
}

static void an_address_in_place_of_a_name_proves_no_resolver_alive(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	f.checks[1].ops = &dns_probe_ops;
	set(&f, 1, STATE_UNRESOLVED, REASON_NOT_A_NAME);
	assert_null(degraded(&f));
	f.hosts[0].dial_name = "h0.corp.example";
	f.probed[0].by_server = true;
	set(&f, 0, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	set(&f, 3, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_non_null(degraded(&f));
}

static void a_link_that_is_gone_degrades_when_it_is_of_many_flows(void **state)
{
	struct fleet f;

	(void)state;
	fleet_init(&f);
	set(&f, 0, STATE_ERROR, REASON_NO_GATEWAY);
	assert_null(degraded(&f));
	set(&f, 3, STATE_ERROR, REASON_NO_LINK);
	assert_string_equal(
		degraded(&f), "the link or the gateway of this machine is down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_the_most_addresses_must_answer),
		cmocka_unit_test(a_partial_is_blocked_as_its_parts_are),
		cmocka_unit_test(a_host_without_an_address_answers_nothing),
		cmocka_unit_test(every_open_flow_passes),
		cmocka_unit_test(blocked_passes_only_beside_an_answer_of_the_same_host),
		cmocka_unit_test(a_name_servers_answer_is_no_control),
		cmocka_unit_test(blocked_needs_an_answer_from_each_address),
		cmocka_unit_test(require_one_holds_while_one_host_passes),
		cmocka_unit_test(a_host_counts_only_with_all_its_flows),
		cmocka_unit_test(require_is_open_while_a_host_that_counts_is_unknown),
		cmocka_unit_test(require_spares_no_flow_that_another_rule_needs),
		cmocka_unit_test(require_all_spares_nothing),
		cmocka_unit_test(silence_everywhere_is_not_our_own_trouble),
		cmocka_unit_test(a_shortage_degrades),
		cmocka_unit_test(one_missing_route_does_not_degrade_but_all_do),
		cmocka_unit_test(a_dead_resolver_degrades),
		cmocka_unit_test(
			one_name_without_an_answer_degrades_only_when_it_is_all_there_is),
		cmocka_unit_test(a_resolver_of_this_machine_that_refuses_is_dead_too),
		cmocka_unit_test(
			an_address_in_place_of_a_name_proves_no_resolver_alive),
		cmocka_unit_test(a_link_that_is_gone_degrades_when_it_is_of_many_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
