/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "tests/support/made.h"

static const struct plan_flow *flow_of(
	const struct made *made, const char *host, const char *check)
{
	int64_t index = plan_find(made->plan, host, check);

	return index < 0 ? NULL : &made->plan->flows[index];
}

static const struct plan_check *check_of(
	const struct made *made, const char *host, const char *check)
{
	const struct plan_flow *flow = flow_of(made, host, check);

	assert_non_null(flow);
	return &made->plan->checks[flow->check];
}

static void assert_rules(
	const struct made *made, const char *host, const char *check, const char *json)
{
	const struct plan_flow *flow = flow_of(made, host, check);

	assert_non_null(flow);
	char *text = plan_rules_json(made->plan, flow);
	assert_string_equal(text, json);
	free(text);
}

static void takes_20_bytes_a_flow(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct plan_flow), 20);
}

static void unrolls_rules_by_host(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: a, to: license_servers, check: [tcp/135, tcp/445]}\n"
		"  - {name: b, to: all, check: [tcp/3389]}\n");
	assert_int_equal(made.rc, 0);
	assert_string_equal(made.said, "");
	assert_int_equal(made.plan->n_hosts, 5);
	assert_int_equal(made.plan->n_checks, 3);
	assert_int_equal(made.plan->n_flows, 11);
	for (uint32_t h = 0; h < 5; h++) {
		const struct plan_host *host = &made.plan->hosts[h];
		for (uint32_t i = 0; i < host->n_flows; i++)
			assert_int_equal(
				made.plan->flows[host->first_flow + i].host, h);
		assert_string_equal(
			host->name, made.config->inventory.hosts[host->inventory].name);
	}
	assert_int_equal(made.plan->hosts[0].n_flows, 1);
	assert_int_equal(made.plan->hosts[4].n_flows, 3);
	assert_rules(&made, "ls1", "tcp/135", "[\"a\"]");
	assert_rules(&made, "sh2", "tcp/3389", "[\"b\"]");
	assert_int_equal(flow_of(&made, "ls1", "tcp/445")->expect, EXPECT_OPEN);
	assert_null(flow_of(&made, "sh1", "tcp/135"));
	assert_null(flow_of(&made, "nobody", "tcp/135"));
	made_fini(&made);
}

static void carries_the_addresses_or_the_name_of_a_host(void **state)
{
	struct made made;
	char text[NET_ADDRESS_TEXT];

	(void)state;
	made_build(&made,
		INVENTORY "rules: [{name: a, to: license_servers, check: tcp/135}]\n");
	assert_int_equal(made.rc, 0);
	const struct plan_host *hosts = made.plan->hosts;
	assert_null(hosts[0].dial_name);
	assert_int_equal(hosts[0].n_addresses, 1);
	assert_int_equal(hosts[1].n_addresses, 2);
	assert_string_equal(
		net_address_format(&hosts[1].addresses[1], text, sizeof text),
		"2001:db8::2");
	assert_string_equal(hosts[2].dial_name, "ls3.corp.example");
	assert_int_equal(hosts[2].n_addresses, 0);
	/* one each, two, and one for the name */
	assert_int_equal(made.plan->connections, 4);
	made_fini(&made);
}

static void leaves_hosts_without_flows_out(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY "rules: [{name: a, to: ls1, check: tcp/135}]\n");
	assert_int_equal(made.plan->n_hosts, 1);
	assert_string_equal(made.plan->hosts[0].name, "ls1");
	assert_int_equal(made.plan->hosts[0].inventory, 2);
	made_fini(&made);
}

static void names_every_rule_that_asks_for_a_flow(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: one, to: all, check: [tcp/135, tcp/135]}\n"
		"  - {name: 'two \"q\"', to: license_servers, check: [tcp/135]}\n"
		"  - {name: three, to: [ls1, ls2], check: [tcp/135]}\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(made.plan->n_flows, 5);
	assert_rules(&made, "sh1", "tcp/135", "[\"one\"]");
	assert_rules(
		&made, "ls3.corp.example", "tcp/135", "[\"one\",\"two \\\"q\\\"\"]");
	assert_rules(&made, "ls1", "tcp/135", "[\"one\",\"two \\\"q\\\"\",\"three\"]");
	/* shared, and no set that no flow has */
	assert_int_equal(made.plan->n_rule_sets, 3);
	made_fini(&made);
}

static void takes_one_name_for_two_spellings(void **state)
{
	struct made made;

	(void)state;
	made_build(&made,
		INVENTORY "rules:\n"
			  "  - {name: a, to: ls1, check: [sweep/20-30]}\n"
			  "  - {name: b, to: ls1, check: ['sweep/26-30,20-25']}\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(made.plan->n_flows, 1);
	assert_rules(&made, "ls1", "sweep/20-30", "[\"a\",\"b\"]");
	assert_int_equal(made.plan->checks[0].connections, 11);
	assert_int_equal(made.plan->connections, 11);
	made_fini(&made);
}

static void expects_what_the_check_says_or_its_kind(void **state)
{
	struct made made;

	(void)state;
	made_build(&made,
		INVENTORY "rules:\n"
			  "  - name: a\n"
			  "    to: ls1\n"
			  "    check: [tcp/1, sweep/2-3, {check: tcp/4, expect: any}]\n"
			  "  - name: b\n"
			  "    to: ls1\n"
			  "    check: [tcp/5]\n"
			  "    expect: blocked\n"
			  "    accept: [closed]\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(flow_of(&made, "ls1", "tcp/1")->expect, EXPECT_OPEN);
	assert_int_equal(flow_of(&made, "ls1", "sweep/2-3")->expect, EXPECT_CLEAR);
	assert_int_equal(flow_of(&made, "ls1", "tcp/4")->expect, EXPECT_ANY);
	assert_int_equal(flow_of(&made, "ls1", "tcp/5")->expect, EXPECT_BLOCKED);
	assert_true(flow_of(&made, "ls1", "tcp/5")->accept_closed);
	assert_false(flow_of(&made, "ls1", "tcp/1")->accept_closed);
	made_fini(&made);
}

static void takes_limits_from_the_check_then_the_settings(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"probe: {timeout: 3s, attempts: 4}\n"
		"rules:\n"
		"  - name: a\n"
		"    to: ls1\n"
		"    check: [tcp/1, {check: tcp/2, timeout: 7s, attempts: 1}]\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(check_of(&made, "ls1", "tcp/1")->timeout_ms, 3000);
	assert_int_equal(check_of(&made, "ls1", "tcp/1")->attempts, 4);
	assert_int_equal(check_of(&made, "ls1", "tcp/2")->timeout_ms, 7000);
	assert_int_equal(check_of(&made, "ls1", "tcp/2")->attempts, 1);
	made_fini(&made);
}

static void asks_controls_only_where_no_rule_asks(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY "rules:\n"
				    "  - name: closed\n"
				    "    to: license_servers\n"
				    "    check: [tcp/3389]\n"
				    "    control: [tcp/135]\n"
				    "    expect: blocked\n"
				    "  - {name: open, to: ls1, check: [tcp/135]}\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(made.plan->n_flows, 6);
	assert_true(flow_of(&made, "ls2", "tcp/135")->control);
	assert_int_equal(flow_of(&made, "ls2", "tcp/135")->expect, EXPECT_ANY);
	assert_rules(&made, "ls2", "tcp/135", "[\"closed\"]");
	assert_false(flow_of(&made, "ls1", "tcp/135")->control);
	assert_int_equal(flow_of(&made, "ls1", "tcp/135")->expect, EXPECT_OPEN);
	assert_rules(&made, "ls1", "tcp/135", "[\"open\"]");
	made_fini(&made);
}

static void asks_a_control_of_two_rules_once(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: a, to: ls1, check: tcp/1, control: tcp/135, expect: blocked}\n"
		"  - {name: b, to: ls1, check: tcp/135}\n"
		"  - {name: c, to: ls1, check: tcp/2, control: tcp/135, expect: blocked}\n"
		"  - {name: d, to: ls2, check: tcp/1, control: tcp/135, expect: blocked}\n"
		"  - {name: e, to: ls2, check: tcp/2, control: tcp/135, expect: blocked}\n");
	assert_int_equal(made.rc, 0);
	assert_int_equal(made.plan->n_flows, 6);
	assert_rules(&made, "ls1", "tcp/135", "[\"b\"]");
	assert_rules(&made, "ls2", "tcp/135", "[\"d\",\"e\"]");
	made_fini(&made);
}

static void refuses_two_expectations_for_a_flow(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY "rules:\n"
				    "  - {name: a, to: all, check: [tcp/135, tcp/80]}\n"
				    "  - name: b\n"
				    "    to: license_servers\n"
				    "    check: [tcp/135, tcp/80]\n"
				    "    expect: blocked\n");
	assert_int_equal(made.rc, -EINVAL);
	assert_int_equal(made.report.errors, 2); /* a check, not a host */
	made_assert_said(&made,
		"reachd.yaml:18:13: error: rule 'b' expects tcp/135 on 'ls1' "
		"to be blocked, rule 'a' expects open (reachd.yaml:15)");
	made_assert_said(&made, "reachd.yaml:18:22: error: rule 'b' expects tcp/80");
	made_fini(&made);
}

static void refuses_two_sets_of_options_for_a_check(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY "rules:\n"
				    "  - {name: a, to: ls1, check: [tcp/135]}\n"
				    "  - name: b\n"
				    "    to: ls2\n"
				    "    check:\n"
				    "      - {check: tcp/135, timeout: 5s}\n");
	assert_int_equal(made.rc, -EINVAL);
	made_assert_said(&made, "reachd.yaml:19:9: error: ");
	made_assert_said(&made,
		"rule 'b' uses a different 'timeout' for tcp/135 than rule 'a' "
		"(reachd.yaml:15)");
	made_fini(&made);
}

static bool by_path(const struct made *made, const char *check)
{
	return plan_flow_by_path(
		made->plan, (uint32_t)plan_find(made->plan, "ls1", check));
}

static void who_listens_matters_where_closed_is_as_good_as_blocked(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: a, to: ls1, check: [tcp/1, sweep/1-2]}\n"
		"  - {name: b, to: ls1, check: [sweep/3-4], expect: blocked}\n"
		"  - {name: c, to: ls1, check: [sweep/5-6, tcp/2], expect: blocked,\n"
		"     accept: [closed]}\n"
		"  - {name: d, to: ls1, check: [sweep/7-8], expect: open}\n");
	assert_int_equal(made.rc, 0);
	assert_true(by_path(&made, "sweep/1-2"));
	assert_true(by_path(&made, "sweep/3-4"));
	assert_true(by_path(&made, "sweep/7-8"));
	assert_false(by_path(&made, "sweep/5-6"));
	assert_false(by_path(&made, "tcp/1"));
	assert_false(by_path(&made, "tcp/2"));
	made_fini(&made);
}

static void refuses_two_numbers_of_attempts_for_a_check(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: a, to: ls1, check: [tcp/135]}\n"
		"  - {name: b, to: ls2, check: [{check: tcp/135, attempts: 5}]}\n");
	assert_int_equal(made.rc, -EINVAL);
	assert_int_equal(made.report.errors, 1);
	made_assert_said(&made,
		"rule 'b' uses a different 'attempts' for tcp/135 than rule 'a' "
		"(reachd.yaml:15)");
	made_fini(&made);
}

static void tells_every_mistake_in_the_checks_at_once(void **state)
{
	struct made made;

	(void)state;
	made_build(&made, INVENTORY
		"rules:\n"
		"  - {name: a, to: ls1, check: [tpc/135, tcp/70000]}\n"
		"  - {name: b, from: ls1, to: ls2, check: [tcp]}\n"
		"  - {name: c, to: ls2, check: [{check: tcp/1, colour: red}]}\n");
	assert_int_equal(made.rc, -EINVAL);
	made_assert_said(&made, "reachd.yaml:15:");
	made_assert_said(&made, "tpc");
	made_assert_said(&made, "70000");
	made_assert_said(
		&made, "reachd.yaml:16:"); /* though it is not for this vantage */
	made_assert_said(&made, "reachd.yaml:17:");
	made_assert_said(&made, "colour");
	made_fini(&made);
}

/* ---- scope */

static uint64_t scope_of(const char *text)
{
	struct made made;

	made_build(&made, text);
	assert_int_equal(made.rc, 0);
	uint64_t scope = made.plan->scope;
	made_fini(&made);
	return scope;
}

static void scope_is_of_hosts_and_checks_alone(void **state)
{
	uint64_t scope = scope_of(
		"inventory: {all: {hosts: {a: , b: {ansible_host: 10.0.0.1}}}}\n"
		"rules: [{name: x, to: all, check: [tcp/1, tcp/2]}]\n");

	(void)state;
	/* other names, order, addresses, expectations and grouping */
	assert_int_equal(
		scope_of(
			"inventory: {all: {hosts: {b: {ansible_host: 10.0.0.9}, a: }}}\n"
			"rules: [{name: z, to: all, check: [tcp/2], expect: any}, "
			"{name: y, to: [a, b], check: tcp/1}]\n"),
		scope);
	assert_int_not_equal(
		scope_of("inventory: {all: {hosts: {a: , b: }}}\n"
			 "rules: [{name: x, to: all, check: [tcp/1, tcp/3]}]\n"),
		scope);
	assert_int_not_equal(
		scope_of("inventory: {all: {hosts: {a: , c: }}}\n"
			 "rules: [{name: x, to: all, check: [tcp/1, tcp/2]}]\n"),
		scope);
	assert_int_not_equal(
		scope_of("inventory: {all: {hosts: {a: , b: }}}\n"
			 "rules: [{name: x, to: a, check: tcp/1}, {name: y, to: b, "
			 "check: tcp/2}]\n"),
		scope_of("inventory: {all: {hosts: {a: , b: }}}\n"
			 "rules: [{name: x, to: a, check: tcp/2}, {name: y, to: b, "
			 "check: tcp/1}]\n"));
}

/* ---- size */

static void unrolls_a_million_flows_in_a_moment(void **state)
{
	struct made made;
	struct strbuf text;

	(void)state;
	strbuf_init(&text);
	strbuf_adds(&text, "inventory: {all: {hosts: {'h[00001:50000]': "
			   "{ansible_host: 10.0.0.1}}}}\nrules:\n");
	for (int i = 0; i < 20; i++)
		strbuf_addf(&text,
			"  - {name: r%d, to: all, check: [tcp/%d, tcp/%d]}\n", i, i + 1,
			i + 2);
	made_load(&made, text.text);
	uint64_t start = clock_monotonic_us();
	made.rc = plan_build(made.config, &made.report, &made.plan);
	assert_int_equal(made.rc, 0);
	/* a second is the promise; ten leave room for instrumented builds */
	assert_true(clock_monotonic_us() - start < 10000000);
	assert_int_equal(made.plan->n_flows, 50000 * 21);
	assert_int_equal(made.plan->n_rule_sets, 21);
	assert_int_equal(made.plan->connections, 50000 * 21);
	assert_int_equal(plan_find(made.plan, "h50000", "tcp/21") / 21, 49999);
	made_fini(&made);
	strbuf_fini(&text);
}

static void refuses_rules_that_explode(void **state)
{
	struct made made;
	struct strbuf text;

	(void)state;
	strbuf_init(&text);
	strbuf_adds(&text, "inventory: {all: {hosts: {'h[00001:50000]': "
			   "{ansible_host: 10.0.0.1}}}}\nrules:\n");
	for (int i = 0; i < 400; i++)
		strbuf_addf(
			&text, "  - {name: r%d, to: all, check: tcp/%d}\n", i, i + 1);
	made_build(&made, text.text);
	assert_int_equal(made.rc, -EINVAL);
	made_assert_said(&made, "the rules up to 'r320' have more than 16000000 flows");
	made_fini(&made);
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			who_listens_matters_where_closed_is_as_good_as_blocked),
		cmocka_unit_test(refuses_two_numbers_of_attempts_for_a_check),
		cmocka_unit_test(takes_20_bytes_a_flow),
		cmocka_unit_test(unrolls_rules_by_host),
		cmocka_unit_test(carries_the_addresses_or_the_name_of_a_host),
		cmocka_unit_test(leaves_hosts_without_flows_out),
		cmocka_unit_test(names_every_rule_that_asks_for_a_flow),
		cmocka_unit_test(takes_one_name_for_two_spellings),
		cmocka_unit_test(expects_what_the_check_says_or_its_kind),
		cmocka_unit_test(takes_limits_from_the_check_then_the_settings),
		cmocka_unit_test(asks_controls_only_where_no_rule_asks),
		cmocka_unit_test(asks_a_control_of_two_rules_once),
		cmocka_unit_test(refuses_two_expectations_for_a_flow),
		cmocka_unit_test(refuses_two_sets_of_options_for_a_check),
		cmocka_unit_test(tells_every_mistake_in_the_checks_at_once),
		cmocka_unit_test(scope_is_of_hosts_and_checks_alone),
		cmocka_unit_test(unrolls_a_million_flows_in_a_moment),
		cmocka_unit_test(refuses_rules_that_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
