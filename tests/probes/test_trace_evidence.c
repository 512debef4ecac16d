/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/trace/evidence.h"

/* ---- the sentence ------------------------------------------------------------ */

#define HOPS                                                                          \
	"\"hops\":[{\"ttl\":1,\"address\":\"10.1.0.1\",\"rtt_us\":9},{\"ttl\":2,"     \
	"\"address\":\"10.1.1.2\",\"rtt_us\":9},{\"ttl\":2,\"address\":\"10.1.1.6\"," \
	"\"rtt_us\":9}],"
#define LAST "\"last\":{\"ttl\":2,\"address\":\"10.1.1.6\"},"
#define WALK(rest) "{\"trace\":{\"port\":443,\"paths\":3," rest "}}"

static void assert_sentence(const char *walk, unsigned distance, const char *expected)
{
	char *joined = trace_evidence_join(NULL, walk, distance);
	assert_non_null(joined);
	char *sentence = trace_evidence_sentence(joined);
	assert_non_null(sentence);
	assert_string_equal(sentence, expected);
	free(sentence);
	free(joined);
}

static void silence_is_told_by_its_last_answer(void **state)
{
	const char *walk =
		WALK(HOPS LAST "\"reached\":null,\"stopped\":null,\"silent\":3");
	(void)state;
	assert_sentence(walk, 0, "last answer from 10.1.1.6 at hop 2, then silence");
	assert_sentence(walk, 4,
		"last answer from 10.1.1.6 at hop 2, 2 hops before the target, then "
		"silence");
	assert_sentence(walk, 3,
		"last answer from 10.1.1.6 at hop 2, 1 hop before the target, then "
		"silence");
	/* Nonsense is not told. */
	assert_sentence(walk, 2, "last answer from 10.1.1.6 at hop 2, then silence");
	assert_sentence(
		WALK("\"hops\":[],\"last\":null,\"silent\":3"), 4, "no hop answered");
}

static void of_a_walk_that_was_cut_no_silence_is_told(void **state)
{
	(void)state;
	assert_sentence(WALK(HOPS LAST "\"silent\":3,\"cut\":true"), 4,
		"last answer from 10.1.1.6 at hop 2, 2 hops before the target; the "
		"trace was cut short");
}

static void a_refusal_is_told_by_who_and_where(void **state)
{
	const char *walk = WALK(HOPS LAST
		"\"reached\":null,\"stopped\":{\"ttl\":3,\"address\":\"10.1.1.2\","
		"\"icmp\":{\"type\":3,\"code\":13}},\"silent\":0");
	(void)state;
	/* It is drawn at hop 3 and made at hop 2, as a router forwards. */
	assert_sentence(walk, 0, "10.1.1.2 at hop 2 says icmp-admin-prohibited");
	assert_sentence(walk, 4,
		"10.1.1.2 at hop 2 says icmp-admin-prohibited, 2 hops before the "
		"target");
	assert_sentence(
		WALK("\"hops\":[],\"last\":null,\"stopped\":{\"ttl\":3,\"address\":"
		     "\"fd01::1\",\"icmp\":{\"type\":1,\"code\":1}},\"silent\":0"),
		0, "fd01::1 at hop 3 says icmp-admin-prohibited");
}

static void a_reset_is_held_against_the_hosts_distance(void **state)
{
	const char *walk = WALK(HOPS LAST
		"\"reached\":{\"ttl\":3,\"by\":\"rst\"},\"stopped\":null,\"silent\":0");
	(void)state;
	assert_sentence(walk, 0, "a reset answers at hop 3");
	assert_sentence(walk, 4,
		"the reset comes from hop 2 (10.1.1.2 or 10.1.1.6) or 3, the host is "
		"at hop 4: a firewall answers in the host's name");
	assert_sentence(walk, 3,
		"the reset comes from the host's own distance, hop 3: the host "
		"sends it, or a firewall right in front of it");
	assert_sentence(walk, 2,
		"a reset answers at hop 3, another port of the host at hop 2: their "
		"paths differ");
	assert_sentence(WALK("\"hops\":[],\"last\":null,\"reached\":{\"ttl\":1,"
			     "\"by\":\"rst\"},\"silent\":0"),
		2,
		"the reset comes from hop 1, the host is at hop 2: a firewall answers "
		"in the host's name");
}

static void paths_that_end_otherwise_are_told_too(void **state)
{
	(void)state;
	assert_sentence(
		WALK(HOPS LAST
			"\"reached\":{\"ttl\":5,\"by\":\"syn-ack\"},\"stopped\":null,"
			"\"silent\":1"),
		5,
		"the target accepts at hop 5; on 1 of 3 paths: last answer from "
		"10.1.1.6 at hop 2, 3 hops before the target, then silence");
	assert_sentence(
		WALK(HOPS LAST
			"\"reached\":{\"ttl\":5,\"by\":\"syn-ack\"},\"stopped\":"
			"{\"ttl\":2,\"address\":\"10.1.1.6\",\"icmp\":{\"type\":3,"
			"\"code\":1}},\"silent\":0"),
		0,
		"the target accepts at hop 5; on another path 10.1.1.6 at hop 2 says "
		"icmp-host-unreachable");
}

/* ---- joining ----------------------------------------------------------------- */

static void the_evidence_keeps_what_it_had(void **state)
{
	(void)state;
	char *joined = trace_evidence_join(
		"{\"icmp\":{\"type\":3,\"code\":13},\"errno\":\"EHOSTUNREACH\"}",
		WALK("\"hops\":[],\"last\":null,\"silent\":3"), 0);
	assert_non_null(joined);
	assert_string_equal(joined,
		"{\"icmp\":{\"type\":3,\"code\":13},\"errno\":\"EHOSTUNREACH\","
		"\"trace\":{\"port\":443,\"paths\":3,\"hops\":[],\"last\":null,"
		"\"silent\":3,\"sentence\":\"no hop answered\"}}");
	free(joined);
}

static void what_is_no_walk_joins_nothing(void **state)
{
	static const char *const walks[] = {NULL, "", "{}", "[]", "{\"trace\":7}", "x"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		assert_null(trace_evidence_join("{}", walks[i], 0));
		assert_null(trace_evidence_sentence(walks[i]));
		assert_int_equal(trace_evidence_distance(walks[i]), 0);
	}
}

static void only_an_acceptance_tells_a_distance(void **state)
{
	(void)state;
	assert_int_equal(trace_evidence_distance(
				 WALK("\"reached\":{\"ttl\":5,\"by\":\"syn-ack\"}")),
		5);
	assert_int_equal(
		trace_evidence_distance(WALK("\"reached\":{\"ttl\":5,\"by\":\"rst\"}")),
		0);
	assert_int_equal(trace_evidence_distance(WALK("\"reached\":null")), 0);
}

static void only_the_budget_cuts_a_walk_short(void **state)
{
	char *joined = trace_evidence_join("{\"port\":9}", WALK("\"cut\":true"), 0);

	(void)state;
	assert_true(trace_evidence_is_cut(WALK("\"cut\":true")));
	assert_true(trace_evidence_is_cut(joined));
	assert_false(trace_evidence_is_cut(WALK("\"silent\":3")));
	assert_false(trace_evidence_is_cut("{\"cut\":true}"));
	assert_false(trace_evidence_is_cut("not JSON"));
	assert_false(trace_evidence_is_cut(NULL));
	free(joined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_told_by_its_last_answer),
		cmocka_unit_test(of_a_walk_that_was_cut_no_silence_is_told),
		cmocka_unit_test(a_refusal_is_told_by_who_and_where),
		cmocka_unit_test(a_reset_is_held_against_the_hosts_distance),
		cmocka_unit_test(paths_that_end_otherwise_are_told_too),
		cmocka_unit_test(the_evidence_keeps_what_it_had),
		cmocka_unit_test(what_is_no_walk_joins_nothing),
		cmocka_unit_test(only_an_acceptance_tells_a_distance),
		cmocka_unit_test(only_the_budget_cuts_a_walk_short),
	};
	return cmocka_run_group_tests_name("trace_evidence", tests, NULL, NULL);
}
