/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/incident_fleet.h"

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

static void a_line_that_is_gone_from_a_rule_is_one_incident_for_all_its_checks(
	void **state)
{
	struct fleet *fleet = *state;
	uint32_t first = add_hosts(fleet, 2, "par-ls-", "10.20.0.", 11,
		"license_servers", "rdp dns rpc/licensing smb sweep/49152-51199");
	const struct incident *incident;

	add_hosts(fleet, 40, "par-sh-", "10.30.0.", 1, "session_hosts", "rdp");
	for (uint32_t i = 0; i < 2; i++) {
		struct incident_flow *flow = flow_of(fleet, first + i, "rdp");
		flow->expect = EXPECT_BLOCKED;
		change(flow, STATE_FILTERED, STATE_OPEN, CHANGE_EXPOSURE);
		flow = block(fleet, first + i, "rpc/licensing", STATE_FILTERED);
		flow->phase = PHASE_ENDPOINT;
		flow->reason = REASON_ENDPOINT_FILTERED;
		flow->hop = "10.10.0.254";
		flow = block(fleet, first + i, "sweep/49152-51199", STATE_FILTERED);
		flow->phase = PHASE_SWEEP;
		flow->reason = REASON_ALL_SILENT;
	}
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	incident = &fleet->incidents[0];
	assert_string_equal(incident->summary,
		"rpc/licensing and sweep/49152-51199 from par-sh-001 to "
		"license_servers: open \xe2\x86\x92 filtered, 2 of 2 hosts");
	assert_int_equal(incident->scope, INCIDENT_GROUP);
	assert_string_equal(incident->contrast_check, "smb");
	assert_int_equal(incident->contrast_hosts, 2);
	assert_string_equal(fleet->incidents[1].summary,
		"rdp from par-sh-001 to license_servers: filtered \xe2\x86\x92 open, 2 "
		"of 2 hosts");
}

static void evidence_tells_equal_changes_apart(void **state)
{
	struct fleet *fleet = *state;
	uint32_t red = add_hosts(fleet, 19, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");
	uint32_t blue =
		add_hosts(fleet, 18, "b", "10.20.2.", 1, "blue", "tcp/22 tcp/80");

	/* The same in one scan is one cause, */
	block_range(fleet, red, 19, "tcp/22", STATE_FILTERED, NULL);
	block_range(fleet, blue, 18, "tcp/22", STATE_FILTERED, NULL);
	only(fleet);
	/* but not where traces end at different hops, of one host each even, */
	flow_of(fleet, red + 3, "tcp/22")->hop = "10.0.0.1";
	flow_of(fleet, blue + 3, "tcp/22")->hop = "10.0.0.2";
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	assert_string_equal(fleet->incidents[0].group, "red");
	assert_string_equal(fleet->incidents[1].group, "blue");
	flow_of(fleet, blue + 3, "tcp/22")->hop = "10.0.0.1";
	only(fleet);
	/* nor where one of them is refused by ICMP, beyond chance, */
	for (uint32_t i = 0; i < 18; i++)
		flow_of(fleet, blue + i, "tcp/22")->to = STATE_PROHIBITED;
	fold(fleet);
	assert_int_equal(fleet->count, 2);
	/* nor in another direction. */
	for (uint32_t i = 0; i < 18; i++)
		flow_of(fleet, blue + i, "tcp/22")->to = STATE_CLOSED;
	fold(fleet);
	assert_int_equal(fleet->count, 2);
}

static void noise_beside_a_cause_is_named(void **state)
{
	struct fleet *fleet = *state;
	uint32_t red = add_hosts(fleet, 90, "r", "10.20.1.", 1, "red", "tcp/22 tcp/80");
	uint32_t blue =
		add_hosts(fleet, 90, "b", "10.20.2.", 1, "blue", "tcp/22 tcp/80");
	const struct incident *incident;

	block_range(fleet, red + 20, 30, "tcp/22", STATE_FILTERED, NULL);
	block(fleet, blue + 41, "tcp/22", STATE_FILTERED);
	incident = only(fleet);
	assert_string_equal(incident->name, "10.20.1.21-10.20.1.50 and b042");
	assert_int_equal(incident->scope, INCIDENT_CHECK_RANGE);
	assert_string_equal(incident->range, "10.20.1.21-10.20.1.50");
	assert_int_equal(incident->n_also, 1);
	assert_int_equal(incident->also[0], blue + 41);
}

static void what_fails_from_its_first_scan_folds_with_its_like(void **state)
{
	struct fleet *fleet = *state;
	uint32_t first =
		add_hosts(fleet, 40, "r", "10.20.1.", 1, "red blue", "tcp/22 tcp/80");
	const struct incident *incident;

	for (uint32_t i = 0; i < 40; i++) {
		change(flow_of(fleet, first + i, "tcp/80"), STATE_NONE, STATE_OPEN,
			CHANGE_NONE);
		if (i != 7)
			change(flow_of(fleet, first + i, "tcp/22"), STATE_NONE,
				STATE_FILTERED, CHANGE_FAILING);
		else
			change(flow_of(fleet, first + i, "tcp/22"), STATE_NONE,
				STATE_OPEN, CHANGE_NONE);
	}
	incident = only(fleet);
	assert_int_equal(incident->kind, CHANGE_FAILING);
	assert_string_equal(incident->summary,
		"tcp/22 from par-sh-001 to blue but r008: filtered, 39 of 40 hosts");
	assert_int_equal(incident->n_unchanged, 1);
	assert_string_equal(incident->contrast_check, "tcp/80");
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

	for (uint32_t i = 0; i < 50; i++)
		if (i % 6)
			block(fleet, first + i, "tcp/3389", STATE_FILTERED);
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/3389 from par-sh-001 to session_hosts: open \xe2\x86\x92 filtered, "
		"41 of 50 hosts");
	assert_int_equal(incident->of_hosts, 50);
	assert_int_equal(incident->n_unchanged, 9);
	assert_string_equal(
		fleet->hosts[fleet->flows[incident->unchanged[0]].host].name,
		"rdsh001");
	assert_int_equal(fleet->flows[incident->unchanged[0]].check,
		check_index(fleet, "tcp/3389"));
	assert_string_equal(incident->contrast_check, "tcp/443");
	assert_int_equal(incident->contrast_hosts, 41);
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
	block(fleet, first + 97, "tcp/445", STATE_FILTERED);
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

static void scattered_hosts_that_changed_the_same_are_one_incident(void **state)
{
	struct fleet *fleet = *state;
	uint32_t a = add_hosts(fleet, 60, "r", "10.20.1.", 1, "red", "tcp/443 tcp/22");
	uint32_t b = add_hosts(fleet, 60, "b", "10.20.2.", 1, "blue", "tcp/443 tcp/22");
	const struct incident *incident;

	for (uint32_t i = 1; i < 60; i += 17) {
		block(fleet, a + i, "tcp/443", STATE_FILTERED);
		block(fleet, b + i, "tcp/443", STATE_FILTERED);
	}
	incident = only(fleet);
	assert_string_equal(incident->summary,
		"tcp/443 from par-sh-001 to 8 hosts that share nothing else: open "
		"\xe2\x86\x92 filtered, 8 of 8 hosts");
	assert_int_equal(incident->scope, INCIDENT_CHECK_HOSTS);
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
		"all hosts but b010 from par-sh-001: 49 of 50 flows open \xe2\x86\x92 "
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
		"sweep/1-9 from par-sh-001 to red but r010: partial, with other details, 9 of 10 "
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_example_of_two_licence_servers_reads_as_promised),
		CASE(a_line_that_is_gone_from_a_rule_is_one_incident_for_all_its_checks),
		CASE(evidence_tells_equal_changes_apart),
		CASE(noise_beside_a_cause_is_named),
		CASE(what_fails_from_its_first_scan_folds_with_its_like),
		CASE(two_hundred_fifty_hosts_behind_one_rule_are_one_line),
		CASE(hosts_that_stayed_fine_are_counter_evidence),
		CASE(hosts_that_were_blocked_before_are_no_counter_evidence),
		CASE(one_dark_host_is_one_incident),
		CASE(a_dead_host_may_be_silent_and_unreachable_at_once),
		CASE(changes_of_different_causes_do_not_fold),
		CASE(a_mixture_of_a_rule_and_a_dead_host_is_two_incidents),
		CASE(unrelated_changes_stay_single),
		CASE(scattered_hosts_that_changed_the_same_are_one_incident),
		CASE(everything_dark_points_at_the_vantage),
		CASE(a_rule_that_opens_is_one_exposure_whatever_listens_there),
		CASE(kinds_do_not_mix),
		CASE(other_details_of_one_state_fold_too),
		CASE(the_inventory_is_neither_change_nor_evidence),
		CASE(no_change_no_incident),
		CASE(hosts_without_addresses_and_groups_fold_by_check),
		CASE(what_ran_out_of_memory_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
