/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probes/reason.h"

static void assert_word(const char *word)
{
	assert_non_null(word);
	assert_true(*word != '\0');
	for (const char *c = word; *c; c++)
		assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			    *c == '-');
}

static void every_word_leads_back_to_its_value(void **state)
{
	(void)state;
	for (int i = 0; i < STATE_COUNT; i++) {
		enum probe_state found;
		assert_word(probe_state_word((enum probe_state)i));
		assert_true(probe_state_from_word(
			probe_state_word((enum probe_state)i), &found));
		assert_int_equal(found, i);
	}
	for (int i = 0; i < PHASE_COUNT; i++) {
		enum probe_phase found;
		assert_word(probe_phase_word((enum probe_phase)i));
		assert_true(probe_phase_from_word(
			probe_phase_word((enum probe_phase)i), &found));
		assert_int_equal(found, i);
	}
	for (int i = 0; i < REASON_COUNT; i++) {
		enum probe_reason found;
		assert_word(probe_reason_word((enum probe_reason)i));
		assert_true(probe_reason_from_word(
			probe_reason_word((enum probe_reason)i), &found));
		assert_int_equal(found, i);
	}
}

static void a_word_that_is_none_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "Open", "open ", "opened", "up"};
	for (int i = 0; i < 5; i++) {
		enum probe_state state_found;
		enum probe_phase phase_found;
		enum probe_reason reason_found;
		assert_false(probe_state_from_word(wrong[i], &state_found));
		assert_false(probe_phase_from_word(wrong[i], &phase_found));
		assert_false(probe_reason_from_word(wrong[i], &reason_found));
	}
}

static void every_reason_has_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const char *text = probe_reason_text((enum probe_reason)i);
		assert_non_null(text);
		assert_in_range(strlen(text), 5, 88);
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

/* The promise of the states' table, written out once more. */
static void states_imply_their_paths(void **state)
{
	(void)state;
	assert_int_equal(probe_state_path(STATE_OPEN), PATH_CLEAR);
	assert_int_equal(probe_state_path(STATE_CLOSED), PATH_CLEAR);
	assert_int_equal(probe_state_path(STATE_FAILED), PATH_CLEAR);
	assert_int_equal(probe_state_path(STATE_PARTIAL), PATH_PARTIAL);
	assert_int_equal(probe_state_path(STATE_FILTERED), PATH_BLOCKED);
	assert_int_equal(probe_state_path(STATE_PROHIBITED), PATH_BLOCKED);
	assert_int_equal(probe_state_path(STATE_UNREACHABLE), PATH_BLOCKED);
	assert_int_equal(probe_state_path(STATE_UNRESOLVED), PATH_UNKNOWN);
	assert_int_equal(probe_state_path(STATE_ERROR), PATH_UNKNOWN);
	assert_int_equal(probe_state_path(STATE_NONE), PATH_UNKNOWN);
	assert_string_equal(probe_path_word(PATH_CLEAR), "clear");
	assert_string_equal(probe_path_word(PATH_PARTIAL), "partial");
	assert_string_equal(probe_path_word(PATH_BLOCKED), "blocked");
	assert_string_equal(probe_path_word(PATH_UNKNOWN), "unknown");
}

/* Whatever the reason of another state. */
static void the_path_of_a_partial_is_that_of_its_parts(void **state)
{
	(void)state;
	for (int s = 0; s < STATE_COUNT; s++)
		for (int r = 0; r < REASON_COUNT; r++) {
			enum probe_state seen = (enum probe_state)s;
			enum probe_reason reason = (enum probe_reason)r;
			enum probe_path path = probe_state_path(seen);
			if (seen == STATE_PARTIAL &&
				reason == REASON_ADDRESSES_DIFFER_CLEAR)
				path = PATH_CLEAR;
			if (seen == STATE_PARTIAL &&
				reason == REASON_ADDRESSES_DIFFER_BLOCKED)
				path = PATH_BLOCKED;
			assert_int_equal(observation_path(seen, reason), path);
		}
	assert_int_equal(observation_parts(STATE_PARTIAL, REASON_NO_PORT_ACCEPTS),
		PARTS_CLOSED | PARTS_BLOCKED);
	assert_int_equal(observation_parts(STATE_PARTIAL, REASON_NO_ADDRESS_ACCEPTS),
		PARTS_CLOSED | PARTS_BLOCKED);
	assert_int_equal(observation_parts(STATE_FAILED, REASON_NONE), PARTS_ACCEPT);
}

static void local_reasons_are_those_of_this_machine(void **state)
{
	(void)state;
	static const enum probe_reason remote[] = {REASON_NONE, REASON_SYN_ACK,
		REASON_RST, REASON_TIMEOUT, REASON_ICMP_OTHER, REASON_NEIGHBOUR_SILENT,
		REASON_NXDOMAIN, REASON_DNS_TIMEOUT, REASON_ALL_SILENT,
		REASON_ALL_UNREACHABLE};
	static const enum probe_reason local[] = {REASON_NO_DESCRIPTOR, REASON_NO_PORT,
		REASON_NO_BUFFERS, REASON_NO_MEMORY, REASON_NO_ROUTE, REASON_NO_GATEWAY,
		REASON_LOCAL_FIREWALL, REASON_NO_FAMILY, REASON_RESOLVER_UNAVAILABLE,
		REASON_LOCAL_ERROR, REASON_TOO_MANY_ENDPOINTS, REASON_OUT_OF_TIME,
		REASON_CANCELLED};
	for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
		assert_false(probe_reason_is_local(remote[i]));
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(probe_reason_is_local(local[i]));
}

static void a_shortage_is_local_and_may_pass(void **state)
{
	(void)state;
	unsigned shortages = 0;
	for (int i = 0; i < REASON_COUNT; i++)
		if (probe_reason_is_shortage((enum probe_reason)i)) {
			assert_true(probe_reason_is_local((enum probe_reason)i));
			shortages++;
		}
	assert_int_equal(shortages, 4);
	assert_true(probe_reason_is_shortage(REASON_NO_DESCRIPTOR));
	assert_true(probe_reason_is_shortage(REASON_NO_PORT));
	assert_false(probe_reason_is_shortage(REASON_NO_ROUTE));
	assert_false(probe_reason_is_shortage(REASON_CANCELLED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_leads_back_to_its_value),
		cmocka_unit_test(a_word_that_is_none_is_refused),
		cmocka_unit_test(every_reason_has_a_sentence),
		cmocka_unit_test(states_imply_their_paths),
		cmocka_unit_test(the_path_of_a_partial_is_that_of_its_parts),
		cmocka_unit_test(local_reasons_are_those_of_this_machine),
		cmocka_unit_test(a_shortage_is_local_and_may_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
