/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "probes/registry.h"

static struct net_address loopback(uint32_t number)
{
	return (struct net_address){
		.family = 4,
		.bytes = {127, 1, (uint8_t)(number >> 8), (uint8_t)number},
	};
}

static void make_hosts(struct fleet *fleet)
{
	struct plan *plan = &fleet->plan;

	fleet->addresses = calloc(plan->n_hosts, sizeof *fleet->addresses);
	assert_non_null(fleet->addresses);
	for (uint32_t h = 0; h < plan->n_hosts; h++) {
		fleet->addresses[h][0] = loopback(h);
		plan->hosts[h] = (struct plan_host){
			.name = arena_printf(&plan->arena, "h%u", (unsigned)h),
			.addresses = fleet->addresses[h],
			.n_addresses = 1,
			.first_flow = h * plan->n_checks,
			.n_flows = plan->n_checks,
			.inventory = h,
		};
		assert_non_null(plan->hosts[h].name);
	}
}

void fleet_init(struct fleet *fleet, uint32_t n_hosts, uint32_t n_checks)
{
	static const struct config nothing;
	struct plan *plan = &fleet->plan;

	*fleet = (struct fleet){.options = {.seed = 1,
					.engines = 1,
					.dns_timeout_ms = 100,
					.dns_attempts = 1}};
	arena_init(&plan->arena, 0);
	plan->config = &nothing;
	plan->n_hosts = n_hosts;
	plan->n_checks = n_checks;
	plan->n_flows = n_hosts * n_checks;
	plan->hosts = arena_calloc(&plan->arena, n_hosts, sizeof *plan->hosts);
	plan->checks = arena_calloc(&plan->arena, n_checks, sizeof *plan->checks);
	plan->flows = arena_calloc(&plan->arena, plan->n_flows, sizeof *plan->flows);
	assert_true(plan->hosts && plan->checks && plan->flows);
	make_hosts(fleet);
	for (uint32_t i = 0; i < plan->n_flows; i++)
		plan->flows[i] =
			(struct plan_flow){.host = i / n_checks, .check = i % n_checks};
	assert_int_equal(results_init(&fleet->results, plan), 0);
}

struct plan_check *fleet_check(struct fleet *fleet, uint32_t check, const char *name,
	const struct probe_ops *ops, const void *conf)
{
	fleet->plan.checks[check] = (struct plan_check){.name = name,
		.ops = ops,
		.conf = conf,
		.timeout_ms = 1000,
		.attempts = 1};
	return &fleet->plan.checks[check];
}

struct plan_check *fleet_check_text(
	struct fleet *fleet, uint32_t check, const char *text)
{
	struct conf_report report;
	struct check parsed;

	conf_report_init(&report);
	assert_int_equal(check_parse(text, NULL, (struct conf_mark){0},
				 &fleet->plan.arena, &report, &parsed),
		0);
	conf_report_fini(&report);
	return fleet_check(fleet, check, parsed.name, parsed.ops, parsed.conf);
}

struct plan_check *fleet_check_port(struct fleet *fleet, uint32_t check, uint16_t port)
{
	char text[16];

	snprintf(text, sizeof text, "tcp/%u", (unsigned)port);
	return fleet_check_text(fleet, check, text);
}

void fleet_second_address(struct fleet *fleet, uint32_t host, const char *text)
{
	assert_true(net_address_parse(text, &fleet->addresses[host][1]));
	fleet->plan.hosts[host].n_addresses = 2;
	fleet->results.hosts[host].count = 2;
}

int fleet_run(struct fleet *fleet)
{
	struct engine *engine;

	assert_int_equal(engine_new(&fleet->options, &engine), 0);
	int rc = engine_run(engine, &fleet->plan, NULL, 0, &fleet->results);
	engine_free(engine);
	return rc;
}

struct flow_result *fleet_result(struct fleet *fleet, uint32_t host, uint32_t check)
{
	return &fleet->results.flows[host * fleet->plan.n_checks + check];
}

void fleet_fini(struct fleet *fleet)
{
	results_fini(&fleet->results);
	free(fleet->addresses);
	arena_fini(&fleet->plan.arena);
}
