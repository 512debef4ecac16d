/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/size.h"
#include "probes/sweep/runs.h"

struct scene {
	struct port_set set;
	struct sweep_ports ports;
	struct sweep_icmp icmp;
	struct sweep_counts counts;
	enum probe_state state;
	enum probe_reason reason;
};

static void scene_init(struct scene *s, const char *text)
{
	const char *error;
	memset(s, 0, sizeof *s);
	assert_true(ports_parse(text, &s->set, &error));
	assert_int_equal(sweep_ports_init(&s->ports, &s->set, 0), 0);
	while (s->ports.due > 0)
		sweep_ports_next(&s->ports);
}

/* One letter a port in rising order: o c f p u. */
static void scene_states(struct scene *s, const char *letters)
{
	assert_int_equal(strlen(letters), s->ports.count);
	for (uint32_t i = 0; i < s->ports.count; i++) {
		enum probe_state state = letters[i] == 'o'   ? STATE_OPEN
					 : letters[i] == 'c' ? STATE_CLOSED
					 : letters[i] == 'f' ? STATE_FILTERED
					 : letters[i] == 'p' ? STATE_PROHIBITED
							     : STATE_UNREACHABLE;
		sweep_ports_set(&s->ports, i, state);
	}
}

static void scene_icmp(struct scene *s, enum probe_state state,
	enum probe_reason reason, uint8_t code, const char *sender)
{
	struct sockerr *first = &s->icmp.first[state];
	first->state = state;
	first->reason = reason;
	first->has_icmp = true;
	first->icmp_type = 3;
	first->icmp_code = code;
	assert_true(net_address_parse(sender, &first->icmp_sender));
}

static void judge(struct scene *s)
{
	sweep_count(&s->ports, &s->counts);
	sweep_verdict(&s->counts, &s->icmp, &s->state, &s->reason);
}

static void assert_verdict(
	const char *letters, enum probe_state state, enum probe_reason reason)
{
	char text[32];
	struct scene s;
	snprintf(text, sizeof text, "1-%zu", strlen(letters));
	scene_init(&s, text);
	scene_icmp(&s, STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED, 13, "192.0.2.1");
	scene_icmp(&s, STATE_UNREACHABLE, REASON_ICMP_HOST_UNREACHABLE, 1, "192.0.2.1");
	scene_states(&s, letters);
	judge(&s);
	assert_string_equal(probe_state_word(s.state), probe_state_word(state));
	assert_string_equal(probe_reason_word(s.reason), probe_reason_word(reason));
	sweep_ports_fini(&s.ports);
}

static void assert_identity(
	const char *ports, const char *letters, const char *expected)
{
	struct scene s;
	scene_init(&s, ports);
	scene_states(&s, letters);
	char *identity = sweep_identity(&s.ports);
	assert_string_equal(identity, expected);
	free(identity);
	sweep_ports_fini(&s.ports);
}

static void the_verdict_follows_from_what_the_ports_say(void **state)
{
	(void)state;
	assert_verdict("o", STATE_OPEN, REASON_ALL_CLEAR);
	assert_verdict("ccoc", STATE_OPEN, REASON_ALL_CLEAR);
	assert_verdict("cccc", STATE_CLOSED, REASON_RST);
	assert_verdict("cccf", STATE_PARTIAL, REASON_NO_PORT_ACCEPTS);
	assert_verdict("cocf", STATE_PARTIAL, REASON_SOME_BLOCKED);
	assert_verdict("ppop", STATE_PARTIAL, REASON_SOME_BLOCKED);
	assert_verdict("ffff", STATE_FILTERED, REASON_ALL_SILENT);
	assert_verdict("pppp", STATE_PROHIBITED, REASON_ALL_PROHIBITED);
	assert_verdict("uuuu", STATE_UNREACHABLE, REASON_ALL_UNREACHABLE);
}

/* However few of them an ICMP rate limit lets through. */
static void the_strongest_of_several_blocked_states_counts(void **state)
{
	(void)state;
	assert_verdict("fffp", STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED);
	assert_verdict("pppf", STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED);
	assert_verdict("ffuf", STATE_UNREACHABLE, REASON_ICMP_HOST_UNREACHABLE);
	assert_verdict("uuup", STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED);
}

static void a_silent_neighbour_is_the_reason_of_all_its_ports(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "1-3");
	scene_states(&s, "uuu");
	s.icmp.first[STATE_UNREACHABLE].state = STATE_UNREACHABLE;
	s.icmp.first[STATE_UNREACHABLE].reason = REASON_NEIGHBOUR_SILENT;
	judge(&s);
	assert_int_equal(s.state, STATE_UNREACHABLE);
	assert_int_equal(s.reason, REASON_NEIGHBOUR_SILENT);
	/* No ICMP error was seen, so none is told. */
	char *evidence = sweep_evidence(&s.ports, &s.counts, &s.icmp);
	assert_null(strstr(evidence, "icmp"));
	free(evidence);
	sweep_ports_fini(&s.ports);
}

static void evidence_has_counts_runs_and_the_first_icmp_of_each_state(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "10-14,20,22-24");
	scene_states(&s, "ccoopfuuf");
	scene_icmp(&s, STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED, 13, "192.0.2.1");
	scene_icmp(&s, STATE_UNREACHABLE, REASON_ICMP_HOST_UNREACHABLE, 1, "192.0.2.9");
	judge(&s);
	char *evidence = sweep_evidence(&s.ports, &s.counts, &s.icmp);
	assert_string_equal(evidence,
		"{\"ports\":{\"open\":2,\"closed\":2,\"filtered\":2,\"prohibited\":1,"
		"\"unreachable\":2},\"runs\":[[10,11,\"closed\"],[12,13,\"open\"],"
		"[14,14,\"prohibited\"],[20,20,\"filtered\"],[22,23,\"unreachable\"],"
		"[24,24,\"filtered\"]],\"icmp\":[{\"state\":\"prohibited\",\"reason\":"
		"\"icmp-admin-prohibited\",\"type\":3,\"code\":13,\"sender\":\"192.0.2.1\"},"
		"{\"state\":\"unreachable\",\"reason\":\"icmp-host-unreachable\",\"type\":3,"
		"\"code\":1,\"sender\":\"192.0.2.9\"}]}");
	free(evidence);
	sweep_ports_fini(&s.ports);
}

static void runs_end_where_the_set_has_a_gap(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "1-2,4,65534-65535");
	scene_states(&s, "ccccc");
	judge(&s);
	char *evidence = sweep_evidence(&s.ports, &s.counts, &s.icmp);
	assert_string_equal(evidence,
		"{\"ports\":{\"closed\":5},\"runs\":[[1,2,\"closed\"],[4,4,\"closed\"],"
		"[65534,65535,\"closed\"]]}");
	free(evidence);
	sweep_ports_fini(&s.ports);
}

static void identity_says_the_paths_the_counts_and_the_listeners(void **state)
{
	(void)state;
	assert_identity("10-15", "ccffcc",
		"10-11 clear,12-13 blocked,14-15 clear; 4 clear; 0 open");
	assert_identity("10-15", "ocfpco",
		"10-11 clear,12-13 blocked,14-15 clear; 4 clear; 2 open 10-10,15-15");
	assert_identity(
		"10-15", "cccccf", "10-14 clear,15-15 blocked; 5 clear; 0 open");
	assert_identity("65534-65535", "fo",
		"65534-65534 blocked,65535-65535 clear; 1 clear; 1 open 65535-65535");
	assert_identity("1-2,4-5", "cocf",
		"1-2 clear,4-4 clear,5-5 blocked; 3 clear; 1 open 2-2");
	assert_identity("10-15", "ccoocc", "6 clear; 2 open 12-13");
	assert_identity("10-11", "oo", "2 clear; 2 open 10-11");
	assert_identity("10-11", "ff", "0 clear; 0 open");
}

/* Every other port blocked: the longest list of runs there can be. */
static void alternate(struct scene *s)
{
	scene_init(s, "1-65535");
	for (uint32_t i = 0; i < s->ports.count; i++)
		sweep_ports_set(&s->ports, i, i % 2 ? STATE_FILTERED : STATE_CLOSED);
}

static void too_many_runs_are_cut_from_the_evidence(void **state)
{
	(void)state;
	struct scene s;
	alternate(&s);
	judge(&s);
	char *evidence = sweep_evidence(&s.ports, &s.counts, &s.icmp);
	assert_non_null(
		strstr(evidence, "[2000,2000,\"filtered\"]],\"runs_cut\":true}"));
	assert_non_null(strstr(evidence, "\"closed\":32768,\"filtered\":32767"));
	free(evidence);
	sweep_ports_fini(&s.ports);
}

static void exactly_as_many_runs_as_fit_are_not_cut(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "1-2000");
	for (uint32_t i = 0; i < s.ports.count; i++)
		sweep_ports_set(&s.ports, i, i % 2 ? STATE_FILTERED : STATE_CLOSED);
	judge(&s);
	char *evidence = sweep_evidence(&s.ports, &s.counts, &s.icmp);
	assert_non_null(strstr(evidence, "[2000,2000,\"filtered\"]]}"));
	free(evidence);
	sweep_ports_fini(&s.ports);
}

static void a_long_identity_is_a_hash_that_one_port_changes(void **state)
{
	(void)state;
	struct scene s;
	const char *paths = "65535 runs, 0123456789abcdef; ";
	alternate(&s);
	char *first = sweep_identity(&s.ports);
	assert_memory_equal(first, "65535 runs, ", 12);
	assert_string_equal(first + strlen(paths), "32768 clear; 0 open");

	sweep_ports_set(&s.ports, 40000, STATE_OPEN);
	char *same = sweep_identity(&s.ports);
	assert_memory_equal(first, same, strlen(paths));
	assert_string_equal(same + strlen(paths), "32768 clear; 1 open 40001-40001");

	sweep_ports_set(&s.ports, 40000, STATE_PROHIBITED);
	char *other = sweep_identity(&s.ports);
	assert_memory_equal(other, "65533 runs, ", 12);
	assert_memory_not_equal(first + 12, other + 12, 16);
	free(first);
	free(same);
	free(other);
	sweep_ports_fini(&s.ports);
}

/* Runs of 12 bytes above port 9999, of 10 below it. */
static void exactly_as_many_listeners_as_fit_are_named(void **state)
{
	(void)state;
	for (uint32_t below = 4; below <= 5; below++) {
		struct scene s;
		uint32_t above = 338;
		scene_init(&s, "9001-9010,20000-20675");
		for (uint32_t i = 0; i < s.ports.count; i++) {
			bool named = i < 10 ? i < 2 * below : i - 10 < 2 * above;
			sweep_ports_set(&s.ports, i,
				named && i % 2 == 0 ? STATE_OPEN : STATE_CLOSED);
		}
		char *identity = sweep_identity(&s.ports);
		const char *list = strstr(identity, "open ") + 4;
		assert_int_equal(12 * above + 10 * 4, SWEEP_IDENTITY_MAX);
		if (below == 4) {
			assert_int_equal(strlen(list), SWEEP_IDENTITY_MAX);
			assert_memory_equal(list, " 9001-9001,9003-9003,", 21);
		} else {
			assert_memory_equal(list, " 343 runs, ", 11);
		}
		free(identity);
		sweep_ports_fini(&s.ports);
	}
}

static void a_long_list_of_listeners_is_a_hash(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, "1-65535");
	for (uint32_t i = 0; i < s.ports.count; i++)
		sweep_ports_set(&s.ports, i, i % 2 ? STATE_OPEN : STATE_CLOSED);
	char *identity = sweep_identity(&s.ports);
	assert_memory_equal(identity, "65535 clear; 32767 open 32767 runs, ", 36);
	assert_int_equal(strlen(identity), 36 + 16);
	free(identity);
	sweep_ports_fini(&s.ports);
}

/* Whatever the states, walking the runs gives back every port once, in order. */
static void runs_are_the_ports_again(void **state)
{
	(void)state;
	static const enum probe_state states[] = {
		STATE_OPEN, STATE_CLOSED, STATE_FILTERED};
	struct random_state random;
	random_seed(&random, 7);
	for (int round = 0; round < 200; round++) {
		struct scene s;
		scene_init(&s, "1,3-9,100-180,65535");
		for (uint32_t i = 0; i < s.ports.count; i++)
			sweep_ports_set(&s.ports, i, states[random_below(&random, 3)]);
		struct sweep_walk walk;
		struct sweep_run_of_ports run;
		uint32_t index = 0;
		sweep_walk_init(&walk, &s.ports);
		while (sweep_walk_next(&walk, &run))
			for (uint32_t port = run.low; port <= run.high; port++) {
				assert_int_equal(ports_at(&s.set, index), port);
				assert_int_equal(
					sweep_ports_state(&s.ports, index), run.state);
				index++;
			}
		assert_int_equal(index, s.ports.count);
		sweep_ports_fini(&s.ports);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_follows_from_what_the_ports_say),
		cmocka_unit_test(the_strongest_of_several_blocked_states_counts),
		cmocka_unit_test(a_silent_neighbour_is_the_reason_of_all_its_ports),
		cmocka_unit_test(
			evidence_has_counts_runs_and_the_first_icmp_of_each_state),
		cmocka_unit_test(runs_end_where_the_set_has_a_gap),
		cmocka_unit_test(identity_says_the_paths_the_counts_and_the_listeners),
		cmocka_unit_test(too_many_runs_are_cut_from_the_evidence),
		cmocka_unit_test(exactly_as_many_runs_as_fit_are_not_cut),
		cmocka_unit_test(a_long_identity_is_a_hash_that_one_port_changes),
		cmocka_unit_test(exactly_as_many_listeners_as_fit_are_named),
		cmocka_unit_test(a_long_list_of_listeners_is_a_hash),
		cmocka_unit_test(runs_are_the_ports_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
