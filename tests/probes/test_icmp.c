/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/net/icmp.h"

/* Words, as the registries of ICMP parameters describe the codes. */
static const struct {
	uint8_t family, type, code;
	const char *state, *reason;
} table[] = {
	{4, 3, 0, "unreachable", "icmp-net-unreachable"},
	{4, 3, 1, "unreachable", "icmp-host-unreachable"},
	{4, 3, 2, "unreachable", "icmp-protocol-unreachable"},
	{4, 3, 3, "unreachable", "icmp-port-unreachable"},
	{4, 3, 4, "unreachable", "icmp-fragmentation-needed"},
	{4, 3, 5, "unreachable", "icmp-source-route-failed"},
	{4, 3, 6, "unreachable", "icmp-net-unreachable"},
	{4, 3, 7, "unreachable", "icmp-host-unreachable"},
	{4, 3, 9, "prohibited", "icmp-net-prohibited"},
	{4, 3, 10, "prohibited", "icmp-host-prohibited"},
	{4, 3, 13, "prohibited", "icmp-admin-prohibited"},
	{4, 3, 14, "unreachable", "icmp-other"},
	{4, 3, 15, "unreachable", "icmp-other"},
	{4, 3, 16, "unreachable", "icmp-other"},
	{4, 3, 255, "unreachable", "icmp-other"},
	{4, 11, 0, "unreachable", "icmp-time-exceeded"},
	{4, 11, 1, "unreachable", "icmp-time-exceeded"},
	{4, 12, 0, "unreachable", "icmp-parameter-problem"},
	{4, 5, 0, "unreachable", "icmp-other"},
	{4, 1, 1, "unreachable", "icmp-other"},
	{6, 1, 0, "unreachable", "icmp-net-unreachable"},
	{6, 1, 1, "prohibited", "icmp-admin-prohibited"},
	{6, 1, 2, "unreachable", "icmp-beyond-scope"},
	{6, 1, 3, "unreachable", "icmp-host-unreachable"},
	{6, 1, 4, "unreachable", "icmp-port-unreachable"},
	{6, 1, 5, "prohibited", "icmp-policy-fail"},
	{6, 1, 6, "prohibited", "icmp-reject-route"},
	{6, 1, 7, "unreachable", "icmp-other"},
	{6, 2, 0, "unreachable", "icmp-fragmentation-needed"},
	{6, 3, 0, "unreachable", "icmp-time-exceeded"},
	{6, 4, 1, "unreachable", "icmp-parameter-problem"},
	{6, 13, 0, "unreachable", "icmp-other"},
};

static void every_code_has_its_state_and_reason(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum probe_state state;
		enum probe_reason reason;
		icmp_meaning(
			table[i].family, table[i].type, table[i].code, &state, &reason);
		assert_string_equal(probe_state_word(state), table[i].state);
		assert_string_equal(probe_reason_word(reason), table[i].reason);
	}
}

/* Whatever a router sends, the path is blocked and this machine is not to blame. */
static void any_error_blocks_the_path(void **unused)
{
	(void)unused;
	for (unsigned type = 0; type < 256; type++)
		for (unsigned code = 0; code < 256; code++)
			for (uint8_t family = 4; family <= 6; family += 2) {
				enum probe_state state;
				enum probe_reason reason;
				icmp_meaning(family, (uint8_t)type, (uint8_t)code,
					&state, &reason);
				assert_int_equal(probe_state_path(state), PATH_BLOCKED);
				assert_false(probe_reason_is_local(reason));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_state_and_reason),
		cmocka_unit_test(any_error_blocks_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
