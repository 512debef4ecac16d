/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "daemon/engine/results.h"

/* What a leg of a case says: a family, a state and what its kind knows. */
struct told {
	uint8_t family;
	enum probe_state state;
	enum probe_reason reason;
	uint32_t rtt_us;
	uint8_t attempts;
	const char *identity, *evidence;
};

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static struct flow_result fold_with(
	const struct told *told, uint32_t count, bool by_path)
{
	struct flow_address *legs = calloc(count, sizeof *legs);
	char **identities = calloc(count, sizeof *identities);
	struct flow_result result;

	assert_non_null(legs);
	assert_non_null(identities);
	for (uint32_t i = 0; i < count; i++) {
		legs[i] = (struct flow_address){
			.address = {.family = told[i].family},
			.state = (uint8_t)told[i].state,
			.reason = (uint8_t)told[i].reason,
			.phase = PHASE_CONNECT,
			.attempts = told[i].attempts,
			.rtt_us = told[i].rtt_us,
			.evidence = copy(told[i].evidence),
		};
		identities[i] = copy(told[i].identity);
	}
	assert_int_equal(results_fold(legs, identities, count, by_path, &result), 0);
	for (uint32_t i = 0; i < count; i++)
		assert_null(identities[i]);
	if (count == 1)
		free(legs);
	free(identities);
	return result;
}

static struct flow_result fold(const struct told *told, uint32_t count)
{
	return fold_with(told, count, false);
}

static void release(struct flow_result *result)
{
	struct flow_detail *detail = result->detail;

	if (!detail)
		return;
	for (uint32_t i = 0; i < detail->n_addresses; i++)
		free(detail->addresses[i].evidence);
	free(detail->addresses);
	free(detail->evidence);
	free(detail->identity);
	free(detail);
}

static const char *identity_of(const struct flow_result *result)
{
	return result->detail ? result->detail->identity : NULL;
}

static void takes_24_bytes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct flow_result), 24);
}

static void copies_one_leg(void **state)
{
	static const struct told told = {
		4, STATE_OPEN, REASON_SYN_ACK, 532, 2, NULL, NULL};
	struct flow_result result = fold(&told, 1);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.reason, REASON_SYN_ACK);
	assert_int_equal(result.phase, PHASE_CONNECT);
	assert_int_equal(result.attempts, 2);
	assert_int_equal(result.rtt_us, 532);
	assert_int_equal(result.clear, 1);
	assert_null(result.detail);
}

static void takes_one_legs_evidence_and_identity(void **state)
{
	static const struct told told = {6, STATE_PROHIBITED,
		REASON_ICMP_ADMIN_PROHIBITED, 0, 1, "by 10.0.0.1", "{\"icmp\":{}}"};
	struct flow_result result = fold(&told, 1);

	(void)state;
	assert_int_equal(result.clear, 0);
	assert_int_equal(result.detail->n_addresses, 0);
	assert_string_equal(result.detail->evidence, "{\"icmp\":{}}");
	assert_string_equal(result.detail->identity, "by 10.0.0.1");
	release(&result);
}

static void clears_no_address_for_a_check_that_asks_none(void **state)
{
	static const struct told told = {
		0, STATE_OPEN, REASON_RESOLVED, 900, 1, NULL, NULL};
	struct flow_result result = fold(&told, 1);

	(void)state;
	assert_int_equal(result.clear, 0);
}

static void keeps_a_state_that_all_legs_share(void **state)
{
	static const struct told told[] = {
		{4, STATE_OPEN, REASON_SYN_ACK, 300, 1, NULL, NULL},
		{6, STATE_OPEN, REASON_SYN_ACK, 900, 3, NULL, "{}"},
		{6, STATE_OPEN, REASON_SYN_ACK, 500, 2, NULL, NULL},
	};
	struct flow_result result = fold(told, 3);

	(void)state;
	assert_int_equal(result.state, STATE_OPEN);
	assert_int_equal(result.reason, REASON_SYN_ACK);
	assert_int_equal(result.attempts, 3);
	assert_int_equal(result.rtt_us, 900);
	assert_int_equal(result.clear, 7);
	assert_null(identity_of(&result));
	assert_int_equal(result.detail->n_addresses, 3);
	assert_string_equal(result.detail->addresses[1].evidence, "{}");
	release(&result);
}

static void is_partial_by_family_when_legs_differ(void **state)
{
	static const struct told told[] = {
		{6, STATE_OPEN, REASON_SYN_ACK, 300, 1, NULL, NULL},
		{4, STATE_FILTERED, REASON_TIMEOUT, 0, 2, NULL, NULL},
	};
	struct flow_result result = fold(told, 2);

	(void)state;
	assert_int_equal(result.state, STATE_PARTIAL);
	assert_int_equal(result.reason, REASON_NOT_ALL_ADDRESSES);
	assert_int_equal(result.phase, PHASE_CONNECT);
	assert_int_equal(result.clear, 1);
	assert_string_equal(identity_of(&result), "v4 filtered, v6 open");
	release(&result);
}

static void counts_only_in_a_family_that_disagrees(void **state)
{
	static const struct told told[] = {
		{4, STATE_OPEN, REASON_SYN_ACK, 1, 1, NULL, NULL},
		{4, STATE_FILTERED, REASON_TIMEOUT, 0, 2, NULL, NULL},
		{4, STATE_OPEN, REASON_SYN_ACK, 1, 1, NULL, NULL},
		{6, STATE_CLOSED, REASON_RST, 1, 1, NULL, NULL},
		{6, STATE_CLOSED, REASON_RST, 1, 1, NULL, NULL},
	};
	struct flow_result result = fold(told, 5);

	(void)state;
	assert_int_equal(result.reason, REASON_NOT_ALL_ADDRESSES);
	assert_string_equal(identity_of(&result), "v4 1 filtered 2 open, v6 closed");
	assert_int_equal(result.clear, 1 | 4 | 8 | 16);
	release(&result);
}

static void is_the_same_whatever_the_order_of_addresses(void **state)
{
	static const struct told ab[] = {
		{4, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "2 runs", NULL},
		{4, STATE_OPEN, REASON_SYN_ACK, 1, 1, NULL, NULL},
	};
	static const struct told ba[] = {
		{4, STATE_OPEN, REASON_SYN_ACK, 1, 1, NULL, NULL},
		{4, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "2 runs", NULL},
	};
	struct flow_result one = fold(ab, 2), two = fold(ba, 2);

	(void)state;
	assert_string_equal(identity_of(&one), "v4 1 open 1 partial (2 runs)");
	assert_string_equal(identity_of(&two), identity_of(&one));
	assert_int_equal(one.clear, 3);
	release(&one);
	release(&two);
}

static void keeps_an_identity_that_all_legs_share(void **state)
{
	static const struct told told[] = {
		{4, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "49152-49663", NULL},
		{6, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "49152-49663", NULL},
	};
	struct flow_result result = fold(told, 2);

	(void)state;
	assert_int_equal(result.state, STATE_PARTIAL);
	assert_int_equal(result.reason, REASON_SOME_BLOCKED);
	assert_string_equal(identity_of(&result), "49152-49663");
	release(&result);
}

static void tells_legs_of_one_state_apart_by_their_identities(void **state)
{
	static const struct told told[] = {
		{4, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "80-90", NULL},
		{6, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9, "80-99", NULL},
	};
	struct flow_result result = fold(told, 2);

	(void)state;
	assert_int_equal(result.reason, REASON_SOME_BLOCKED);
	assert_string_equal(
		identity_of(&result), "v4 partial (80-90), v6 partial (80-99)");
	release(&result);
}

/* The path of what two addresses say, both ways round. */
static void assert_path_of(enum probe_state one, enum probe_state other,
	enum probe_reason reason, enum probe_path path)
{
	for (int turn = 0; turn < 2; turn++) {
		struct told told[] = {
			{4, turn ? other : one, REASON_NONE, 0, 1, NULL, NULL},
			{4, turn ? one : other, REASON_NONE, 0, 1, NULL, NULL},
		};
		struct flow_result result = fold(told, 2);
		assert_int_equal(result.state, STATE_PARTIAL);
		assert_string_equal(
			probe_reason_word(result.reason), probe_reason_word(reason));
		assert_int_equal(observation_path(result.state, result.reason), path);
		release(&result);
	}
}

static void the_path_of_several_addresses_is_that_of_its_parts(void **state)
{
	(void)state;
	assert_path_of(STATE_FILTERED, STATE_PROHIBITED,
		REASON_ADDRESSES_DIFFER_BLOCKED, PATH_BLOCKED);
	assert_path_of(STATE_FILTERED, STATE_UNREACHABLE,
		REASON_ADDRESSES_DIFFER_BLOCKED, PATH_BLOCKED);
	assert_path_of(
		STATE_OPEN, STATE_CLOSED, REASON_ADDRESSES_DIFFER_CLEAR, PATH_CLEAR);
	assert_path_of(
		STATE_FAILED, STATE_CLOSED, REASON_ADDRESSES_DIFFER_CLEAR, PATH_CLEAR);
	assert_path_of(
		STATE_OPEN, STATE_FAILED, REASON_ADDRESSES_DIFFER_CLEAR, PATH_CLEAR);
	assert_path_of(
		STATE_OPEN, STATE_FILTERED, REASON_NOT_ALL_ADDRESSES, PATH_PARTIAL);
	assert_path_of(
		STATE_CLOSED, STATE_FILTERED, REASON_NO_ADDRESS_ACCEPTS, PATH_PARTIAL);
	assert_path_of(
		STATE_FAILED, STATE_FILTERED, REASON_NOT_ALL_ADDRESSES, PATH_PARTIAL);
	/* Of an address of which nothing is known. */
	assert_path_of(
		STATE_OPEN, STATE_UNRESOLVED, REASON_NOT_ALL_ADDRESSES, PATH_PARTIAL);
}

static void of_equal_partials_the_one_that_accepts_speaks(void **state)
{
	static const struct told told[] = {
		{4, STATE_PARTIAL, REASON_NO_PORT_ACCEPTS, 1, 9, "1-2; 1 clear; 0 open",
			NULL},
		{6, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9,
			"1-2; 1 clear; 1 open 1-1", NULL},
	};
	struct flow_result result = fold(told, 2);

	(void)state;
	assert_int_equal(result.reason, REASON_SOME_BLOCKED);
	release(&result);
}

static void a_sweep_by_path_forgets_who_listens(void **state)
{
	static const struct told partial[] = {{4, STATE_PARTIAL, REASON_NO_PORT_ACCEPTS,
		1, 9, "1-2 clear,3-4 blocked; 2 clear; 0 open", NULL}};
	static const struct told open[] = {
		{4, STATE_OPEN, REASON_ALL_CLEAR, 1, 9, "4 clear; 2 open 1-2", NULL}};
	static const struct told many[] = {
		{4, STATE_OPEN, REASON_ALL_CLEAR, 1, 9, "4 clear; 2 open 1-2", NULL},
		{4, STATE_CLOSED, REASON_RST, 1, 9, NULL, NULL},
		{6, STATE_PARTIAL, REASON_SOME_BLOCKED, 1, 9,
			"1-2 clear,3-4 blocked; 2 clear; 1 open 1-1", NULL},
	};
	struct flow_result result = fold_with(partial, 1, true);

	(void)state;
	assert_int_equal(result.reason, REASON_SOME_BLOCKED);
	assert_string_equal(identity_of(&result), "1-2 clear,3-4 blocked; 2 clear");
	release(&result);
	result = fold_with(open, 1, true);
	assert_null(result.detail);
	result = fold_with(many, 3, true);
	assert_int_equal(result.reason, REASON_NOT_ALL_ADDRESSES);
	assert_string_equal(identity_of(&result),
		"v4 clear, v6 partial (1-2 clear,3-4 blocked; 2 clear)");
	release(&result);
	result = fold_with(many, 2, true);
	assert_int_equal(result.reason, REASON_ADDRESSES_DIFFER_CLEAR);
	assert_string_equal(identity_of(&result), "v4 clear");
	release(&result);
	/* Where a closed port is a blocked one, it all counts. */
	result = fold(open, 1);
	assert_string_equal(identity_of(&result), "4 clear; 2 open 1-2");
	release(&result);
}

/* A bit an address; the 33rd has none. */
static void as_many_addresses_as_there_are_bits_let_packets_through(void **state)
{
	struct told told[33];

	(void)state;
	for (int i = 0; i < 33; i++)
		told[i] =
			(struct told){4, STATE_OPEN, REASON_SYN_ACK, 1, 1, NULL, NULL};
	for (uint32_t count = 30; count <= 33; count++) {
		struct flow_result result = fold(told, count);
		assert_int_equal(result.clear,
			count >= 32 ? UINT32_MAX : (UINT32_C(1) << count) - 1);
		release(&result);
	}
	told[31].state = STATE_FILTERED;
	struct flow_result result = fold(told, 32);
	assert_int_equal(result.clear, UINT32_MAX >> 1);
	release(&result);
}

static void is_an_error_as_soon_as_one_leg_is(void **state)
{
	static const struct told told[] = {
		{4, STATE_FILTERED, REASON_TIMEOUT, 0, 2, NULL, NULL},
		{6, STATE_ERROR, REASON_NO_ROUTE, 0, 0, NULL, NULL},
		{6, STATE_OPEN, REASON_SYN_ACK, 7, 1, NULL, NULL},
	};
	struct flow_result result = fold(told, 3);

	(void)state;
	assert_int_equal(result.state, STATE_ERROR);
	assert_int_equal(result.reason, REASON_NO_ROUTE);
	assert_null(identity_of(&result));
	assert_int_equal(result.clear, 4);
	release(&result);
}

/* ---- the table */

static const struct net_address given[] = {{.family = 4, .bytes = {10, 0, 0, 1}}};
static struct plan_flow plan_flows[3];
static struct plan_host plan_hosts[] = {
	{.name = "ls1", .addresses = given, .n_addresses = 1, .n_flows = 1},
	{.name = "ls2", .dial_name = "ls2", .first_flow = 1, .n_flows = 2},
};
static const struct plan plan = {
	.flows = plan_flows, .n_flows = 3, .hosts = plan_hosts, .n_hosts = 2};

static void starts_with_nothing_seen_and_the_given_addresses(void **state)
{
	struct results results;

	(void)state;
	assert_int_equal(results_init(&results, &plan), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(results.flows[i].state, STATE_NONE);
	assert_ptr_equal(results.hosts[0].items, given);
	assert_int_equal(results.hosts[0].count, 1);
	assert_int_equal(results.hosts[1].count, 0);
	results_fini(&results);
	results_fini(&results);
}

static void forgets_a_flow_with_its_detail(void **state)
{
	static const struct told told = {
		4, STATE_OPEN, REASON_SYN_ACK, 1, 1, "x", "{}"};
	struct results results;

	(void)state;
	assert_int_equal(results_init(&results, &plan), 0);
	results.flows[1] = fold(&told, 1);
	results.flows[2] = fold(&told, 1);
	results_forget(&results, 1);
	assert_int_equal(results.flows[1].state, STATE_NONE);
	assert_null(results.flows[1].detail);
	assert_int_equal(results.flows[2].state, STATE_OPEN);
	results_fini(&results);
}

static void drops_what_was_clear_when_a_name_moves(void **state)
{
	static const struct net_address one[] = {{.family = 4, .bytes = {10, 0, 0, 8}}};
	static const struct net_address other[] = {
		{.family = 4, .bytes = {10, 0, 0, 9}}};
	struct results results;

	(void)state;
	assert_int_equal(results_init(&results, &plan), 0);
	assert_int_equal(results_set_addresses(&results, 1, one, 1), 0);
	assert_int_equal(results.hosts[1].count, 1);
	results.flows[0].clear = results.flows[1].clear = results.flows[2].clear = 1;
	assert_int_equal(results_set_addresses(&results, 1, one, 1), 0);
	assert_int_equal(results.flows[2].clear, 1);
	assert_int_equal(results_set_addresses(&results, 1, other, 1), 0);
	assert_int_equal(results.flows[0].clear, 1);
	assert_int_equal(results.flows[1].clear, 0);
	assert_int_equal(results.flows[2].clear, 0);
	assert_int_equal(results.hosts[1].items[0].bytes[3], 9);
	assert_int_equal(results_set_addresses(&results, 1, NULL, 0), 0);
	assert_int_equal(results.hosts[1].count, 0);
	results_fini(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_24_bytes),
		cmocka_unit_test(copies_one_leg),
		cmocka_unit_test(takes_one_legs_evidence_and_identity),
		cmocka_unit_test(clears_no_address_for_a_check_that_asks_none),
		cmocka_unit_test(keeps_a_state_that_all_legs_share),
		cmocka_unit_test(is_partial_by_family_when_legs_differ),
		cmocka_unit_test(counts_only_in_a_family_that_disagrees),
		cmocka_unit_test(is_the_same_whatever_the_order_of_addresses),
		cmocka_unit_test(keeps_an_identity_that_all_legs_share),
		cmocka_unit_test(tells_legs_of_one_state_apart_by_their_identities),
		cmocka_unit_test(the_path_of_several_addresses_is_that_of_its_parts),
		cmocka_unit_test(of_equal_partials_the_one_that_accepts_speaks),
		cmocka_unit_test(a_sweep_by_path_forgets_who_listens),
		cmocka_unit_test(
			as_many_addresses_as_there_are_bits_let_packets_through),
		cmocka_unit_test(is_an_error_as_soon_as_one_leg_is),
		cmocka_unit_test(starts_with_nothing_seen_and_the_given_addresses),
		cmocka_unit_test(forgets_a_flow_with_its_detail),
		cmocka_unit_test(drops_what_was_clear_when_a_name_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
