/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules are for this vantage, and plans of one flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/made.h"

/* ---- from */

static uint32_t flows_from(const char *vantage, const char *from, char **said)
{
	struct made made;
	char *text;

	assert_true(asprintf(&text,
			    "vantage: %s\n"
			    "inventory: {all: {children: {\n"
			    "  sh: {hosts: {sh1.corp.example: , SH2: }},\n"
			    "  other: {hosts: {sh1.lab.example: }},\n"
			    "  ls: {hosts: {ls1: , ls2: }}}}}\n"
			    "rules:\n"
			    "  - {name: a, to: ls1, check: tcp/1}\n"
			    "  - {name: b, from: %s, to: ls, check: tcp/2}\n",
			    vantage, from) > 0);
	made_build(&made, text);
	assert_int_equal(made.rc, 0);
	uint32_t flows = made.plan->n_flows;
	if (said)
		*said = strdup(made.said);
	free(text);
	made_fini(&made);
	return flows;
}

static void applies_rules_from_a_group_of_the_vantage(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(flows_from("sh1.corp.example", "sh", &said), 3);
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(flows_from("SH1.Corp.Example", "sh", NULL), 3);
	assert_int_equal(flows_from("sh2", "sh", NULL), 3);
	assert_int_equal(flows_from("sh2", "SH2", NULL), 3);
	assert_int_equal(flows_from("sh1.corp.example", "all", NULL), 3);
}

static void passes_over_rules_from_elsewhere_with_a_warning(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(flows_from("ls1", "sh", &said), 1);
	assert_non_null(strstr(said, "warning: not for vantage 'ls1': 'b'"));
	free(said);
	assert_int_equal(flows_from("sh1.lab.example", "sh", NULL), 1);
	assert_int_equal(flows_from("elsewhere", "sh", NULL), 1);
	assert_int_equal(flows_from("sh", "SH2", NULL), 1); /* no prefix of a label */
}

static void finds_the_vantage_by_the_first_label_alone(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(flows_from("sh1", "sh", &said), 3);
	assert_non_null(
		strstr(said, "vantage 'sh1' matches both 'sh1.corp.example' and "
			     "'sh1.lab.example'"));
	free(said);
	assert_int_equal(flows_from("sh1", "other", NULL), 3);
}

static void refuses_a_plan_without_flows(void **state)
{
	struct made made;

	(void)state;
	made_build(&made,
		"vantage: ls1\n"
		"inventory: {all: {children: {sh: {hosts: {sh1: }}, ls: {hosts: "
		"{ls1: }}}}}\n"
		"rules: [{name: a, from: sh, to: ls, check: tcp/1}]\n");
	assert_int_equal(made.rc, -EINVAL);
	made_assert_said(&made,
		"error: no rule applies to vantage 'ls1', so there is nothing to "
		"probe");
	made_assert_said(
		&made, "help: set 'vantage' to a host of 'sh', or remove 'from'");
	made_fini(&made);
}

/* ---- one flow by hand */

static void single(struct made *made, const char *check, const char *host)
{
	made_load(made, INVENTORY "probe: {timeout: 4s}\n"
				  "rules: [{name: a, to: all, check: tcp/1}]\n");
	made->rc = plan_single(made->config, check, host, &made->report, &made->plan);
	made_print(made);
}

static void makes_a_single_flow_of_a_known_host(void **state)
{
	struct made made;

	(void)state;
	single(&made, "tcp/0443", "ls2");
	assert_int_equal(made.rc, 0);
	assert_int_equal(made.plan->n_flows, 1);
	assert_string_equal(made.plan->checks[0].name, "tcp/443");
	assert_int_equal(made.plan->checks[0].timeout_ms, 4000);
	assert_int_equal(made.plan->checks[0].attempts, 2);
	assert_int_equal(made.plan->hosts[0].n_addresses, 2);
	assert_int_equal(made.plan->hosts[0].inventory, 3);
	assert_int_equal(made.plan->flows[0].expect, EXPECT_OPEN);
	assert_int_equal(made.plan->connections, 2);
	assert_int_equal(plan_find(made.plan, "ls2", "tcp/443"), 0);
	assert_int_equal(plan_find(made.plan, "ls2", "tcp/1"), -1);
	assert_int_equal(plan_find(made.plan, "ls1", "tcp/443"), -1);
	char *rules = plan_rules_json(made.plan, &made.plan->flows[0]);
	assert_string_equal(rules, "[]");
	free(rules);
	made_fini(&made);
}

static void makes_a_single_flow_of_an_address_or_a_strange_name(void **state)
{
	char host[] = "2001:db8::7";
	struct made made;

	(void)state;
	single(&made, "sweep/5-9", host);
	host[0] = '9'; /* copied */
	assert_int_equal(made.rc, 0);
	assert_string_equal(made.plan->hosts[0].name, "2001:db8::7");
	assert_null(made.plan->hosts[0].dial_name);
	assert_int_equal(made.plan->hosts[0].addresses[0].family, 6);
	assert_int_equal(made.plan->hosts[0].inventory, UINT32_MAX);
	assert_int_equal(made.plan->flows[0].expect, EXPECT_CLEAR);
	made_fini(&made);
	single(&made, "tcp/1", "stranger.example");
	assert_int_equal(made.rc, 0);
	assert_string_equal(made.plan->hosts[0].dial_name, "stranger.example");
	assert_int_equal(made.plan->hosts[0].n_addresses, 0);
	made_fini(&made);
}

static void shows_a_mistake_in_a_single_check(void **state)
{
	struct made made;

	(void)state;
	single(&made, "tcp/70000", "ls1");
	assert_int_equal(made.rc, -EINVAL);
	made_assert_said(&made, "<check>:1:1: error: ");
	made_assert_said(&made, "| tcp/70000");
	made_fini(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies_rules_from_a_group_of_the_vantage),
		cmocka_unit_test(passes_over_rules_from_elsewhere_with_a_warning),
		cmocka_unit_test(finds_the_vantage_by_the_first_label_alone),
		cmocka_unit_test(refuses_a_plan_without_flows),
		cmocka_unit_test(makes_a_single_flow_of_a_known_host),
		cmocka_unit_test(makes_a_single_flow_of_an_address_or_a_strange_name),
		cmocka_unit_test(shows_a_mistake_in_a_single_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
