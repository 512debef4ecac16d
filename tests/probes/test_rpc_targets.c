/* SPDX-License-Identifier: Apache-2.0 */
/* What several endpoints come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "probes/rpc/run.h"

static struct rpc_target target(unsigned last_byte, uint16_t port,
	enum probe_state state, enum probe_reason reason)
{
	struct rpc_target made = {
		.interface = {.major = 1},
		.port = port,
		.state = state,
		.reason = reason,
		.phase = PHASE_ENDPOINT,
	};

	made.interface.uuid.bytes[15] = (uint8_t)last_byte;
	return made;
}

/* Each of these is worse than those after it. */
static const struct {
	enum probe_state state;
	enum probe_reason reason;
} order[] = {
	{STATE_ERROR, REASON_NO_DESCRIPTOR},
	{STATE_PROHIBITED, REASON_ENDPOINT_PROHIBITED},
	{STATE_UNREACHABLE, REASON_ENDPOINT_UNREACHABLE},
	{STATE_FILTERED, REASON_ENDPOINT_FILTERED},
	{STATE_FAILED, REASON_RPC_SILENT},
	{STATE_FAILED, REASON_RPC_WRONG_INTERFACE},
	{STATE_CLOSED, REASON_ENDPOINT_CLOSED},
};

static void the_worst_counts_in_whatever_order(void **state)
{
	(void)state;
	for (size_t a = 0; a < ARRAY_SIZE(order); a++)
		for (size_t b = 0; b < ARRAY_SIZE(order); b++) {
			size_t worst = a < b ? a : b;
			struct rpc_target two[] = {
				target(1, 1, order[a].state, order[a].reason),
				target(2, 2, order[b].state, order[b].reason),
			};
			const struct rpc_target *best = rpc_targets_best(two, 2);
			assert_int_equal(best->reason, order[worst].reason);
			struct rpc_verdict verdict =
				rpc_targets_verdict(two, 2, REASON_NONE);
			assert_int_equal(verdict.state, order[worst].state);
			assert_int_equal(verdict.reason, order[worst].reason);
			assert_false(verdict.is_mixed);
		}
}

static void one_that_is_open_is_best(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct rpc_target two[] = {
			target(1, 1, order[i].state, order[i].reason),
			target(2, 2, STATE_OPEN, REASON_RPC_BOUND),
		};
		assert_int_equal(rpc_targets_best(two, 2)->state, STATE_OPEN);
	}
}

static void a_mixture_is_partial_where_something_is_blocked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct rpc_target two[] = {
			target(1, 1, STATE_OPEN, REASON_RPC_BOUND),
			target(2, 2, order[i].state, order[i].reason),
		};
		struct rpc_verdict verdict = rpc_targets_verdict(two, 2, REASON_NONE);
		bool is_blocked = probe_state_path(order[i].state) == PATH_BLOCKED;
		bool is_error = order[i].state == STATE_ERROR;
		assert_int_equal(verdict.is_mixed, !is_error);
		assert_int_equal(verdict.state, is_error     ? STATE_ERROR
						: is_blocked ? STATE_PARTIAL
							     : STATE_FAILED);
		assert_int_equal(verdict.reason,
			is_blocked ? REASON_SOME_INTERFACES : order[i].reason);
		assert_ptr_equal(verdict.target, &two[1]);
	}
}

static void all_that_are_open_are_open(void **state)
{
	(void)state;
	struct rpc_target two[] = {
		target(1, 1, STATE_OPEN, REASON_RPC_BOUND),
		target(2, 2, STATE_OPEN, REASON_RPC_BOUND),
	};
	struct rpc_verdict verdict = rpc_targets_verdict(two, 2, REASON_NONE);
	assert_int_equal(verdict.state, STATE_OPEN);
	assert_int_equal(verdict.reason, REASON_RPC_BOUND);
	assert_false(verdict.is_mixed);
}

/* After a boot the ports are others, and so is their order. */
static void the_identity_outlives_a_boot(void **state)
{
	(void)state;
	struct rpc_target before[] = {
		target(3, 49664, STATE_OPEN, REASON_RPC_BOUND),
		target(2, 49665, STATE_FILTERED, REASON_ENDPOINT_FILTERED),
		target(2, 49666, STATE_FILTERED, REASON_ENDPOINT_FILTERED),
		target(1, 49667, STATE_CLOSED, REASON_ENDPOINT_CLOSED),
	};
	struct rpc_target after[] = {
		target(1, 50000, STATE_CLOSED, REASON_ENDPOINT_CLOSED),
		target(2, 50001, STATE_FILTERED, REASON_ENDPOINT_FILTERED),
		target(3, 50002, STATE_OPEN, REASON_RPC_BOUND),
	};
	char *one = rpc_targets_identity(before, ARRAY_SIZE(before));
	char *other = rpc_targets_identity(after, ARRAY_SIZE(after));
	assert_string_equal(one,
		"00000000-0000-0000-0000-000000000001@1.0 endpoint-closed, "
		"00000000-0000-0000-0000-000000000002@1.0 endpoint-filtered");
	assert_string_equal(one, other);
	free(one);
	free(other);
}

static void targets_are_added_once(void **state)
{
	(void)state;
	struct rpc_run rpc = {.at = 0};
	struct uuid_syntax interface = {.major = 1};
	for (int i = 0; i < 2; i++)
		for (uint16_t port = 4; port > 0; port--)
			assert_int_equal(rpc_targets_add(&rpc, &interface, port, 5), 0);
	assert_int_equal(rpc.n_targets, 4);
	/* Another version is another interface. */
	interface.minor = 1;
	assert_int_equal(rpc_targets_add(&rpc, &interface, 5, 6), 0);
	interface.major = 2;
	assert_int_equal(rpc_targets_add(&rpc, &interface, 5, 6), 0);
	assert_int_equal(rpc.n_targets, 6);
	assert_int_equal(rpc.cut, REASON_NONE);
	rpc_targets_sort(rpc.targets, rpc.n_targets);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(rpc.targets[i].port, 1 + i);
	free(rpc.targets);
}

static void of_too_many_the_lowest_are_kept_in_whatever_order(void **state)
{
	(void)state;
	static const uint16_t orders[][6] = {{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1},
		{5, 1, 6, 3, 2, 4}, {1, 6, 2, 5, 3, 4}};
	for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
		struct rpc_run rpc = {.at = 0};
		struct uuid_syntax interface = {.major = 1};
		for (size_t i = 0; i < ARRAY_SIZE(orders[o]); i++)
			assert_int_equal(
				rpc_targets_add(&rpc, &interface, orders[o][i], 3), 0);
		assert_int_equal(rpc.n_targets, 3);
		assert_int_equal(rpc.cut, REASON_TOO_MANY_ENDPOINTS);
		rpc_targets_sort(rpc.targets, rpc.n_targets);
		for (uint16_t i = 0; i < 3; i++)
			assert_int_equal(rpc.targets[i].port, 1 + i);
		free(rpc.targets);
	}
}

/* Nothing is known of those that were not followed; what failed has failed all the
 * same, but for the list of it, which would change with chance. */
static void all_that_are_open_prove_nothing_where_there_are_more(void **state)
{
	(void)state;
	struct rpc_target two[] = {
		target(1, 1, STATE_OPEN, REASON_RPC_BOUND),
		target(2, 2, STATE_OPEN, REASON_RPC_BOUND),
	};
	struct rpc_verdict verdict = rpc_targets_verdict(two, 2, REASON_OUT_OF_TIME);
	assert_int_equal(verdict.state, STATE_ERROR);
	assert_int_equal(verdict.reason, REASON_OUT_OF_TIME);
	assert_false(verdict.is_mixed);
	two[1] = target(2, 2, STATE_FILTERED, REASON_ENDPOINT_FILTERED);
	verdict = rpc_targets_verdict(two, 2, REASON_OUT_OF_TIME);
	assert_int_equal(verdict.state, STATE_PARTIAL);
	assert_int_equal(verdict.reason, REASON_SOME_INTERFACES);
	assert_false(verdict.is_mixed);
	verdict = rpc_targets_verdict(&two[1], 1, REASON_OUT_OF_TIME);
	assert_int_equal(verdict.state, STATE_FILTERED);
	assert_int_equal(verdict.reason, REASON_ENDPOINT_FILTERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_counts_in_whatever_order),
		cmocka_unit_test(one_that_is_open_is_best),
		cmocka_unit_test(a_mixture_is_partial_where_something_is_blocked),
		cmocka_unit_test(all_that_are_open_are_open),
		cmocka_unit_test(the_identity_outlives_a_boot),
		cmocka_unit_test(targets_are_added_once),
		cmocka_unit_test(of_too_many_the_lowest_are_kept_in_whatever_order),
		cmocka_unit_test(all_that_are_open_prove_nothing_where_there_are_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
