/* SPDX-License-Identifier: Apache-2.0 */
/* Which subnet, group, server or router is named. */
#include "tests/daemon/incident_fleet.h"

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
	/* The last host was seen on tcp/3389: it is no part of what hit both. */
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	incident = &fleet->incidents[0];
	assert_string_equal(incident->summary,
		"10.69.0.1-10.69.0.11 from par-sh-001: 22 of 22 flows open "
		"\xe2\x86\x92 blocked on 11 of 11 hosts");
	assert_int_equal(incident->scope, INCIDENT_RANGE);
	/* One that was not measured there is. */
	flow_of(fleet, first + 11, "tcp/3389")->to = STATE_ERROR;
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"10.69.0.0/24 from par-sh-001: 23 of 23 flows open \xe2\x86\x92 "
		"blocked on 12 of 12 hosts");
	assert_int_equal(incident->scope, INCIDENT_SUBNET);
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
	assert_int_equal(incident->scope, INCIDENT_GROUP);
	assert_string_equal(incident->summary,
		"tcp/22, tcp/135 and tcp/445 from par-sh-001 to red: open "
		"\xe2\x86\x92 prohibited (10.0.0.1), 30 of 30 hosts");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
