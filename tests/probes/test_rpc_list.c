/* SPDX-License-Identifier: Apache-2.0 */
/* Plain rpc, which reads the mapper's list, and rpc with a star, which follows it. */
#include "harness.h"

#include "rpc_lab.h"

static const struct rpc_listing three[] = {
	{.interface = SAMR, .port = 49154, .annotation = "say \"sam\"\\\n"},
	{.interface = LICENSING, .port = 1, .protocol = 0x0f},
	{.interface = "afa8bd80-7d8a-11c9-bef4-08002b102988@1.2", .port = 49155},
};

/* What was listed: `entries`, and the two of `three` that are on TCP. */
static void assert_three(const struct harness_run *at)
{
	json_t *root = lab_evidence(at);
	json_t *mapper = json_object_get(root, "mapper");
	json_t *tcp = json_object_get(mapper, "tcp");
	assert_int_equal(lab_number(mapper, "entries"), 3);
	assert_int_equal(json_array_size(tcp), 2);
	json_t *samr = json_array_get(tcp, 0), *other = json_array_get(tcp, 1);
	assert_string_equal(json_string_value(json_object_get(samr, "name")), "samr");
	assert_int_equal(lab_number(samr, "port"), 49154);
	assert_string_equal(json_string_value(json_object_get(samr, "annotation")),
		"say \"sam\"\\?");
	assert_null(json_object_get(other, "name"));
	assert_string_equal(json_string_value(json_object_get(other, "uuid")),
		"afa8bd80-7d8a-11c9-bef4-08002b102988");
	assert_string_equal(
		json_string_value(json_object_get(other, "version")), "1.2");
	assert_null(json_object_get(mapper, "truncated"));
	json_decref(root);
}

static struct lab *lab_that_lists(const char *argument, struct rpc_answers **a)
{
	struct lab *lab = lab_new(argument);

	*a = lab_answers(&lab->mapper);
	say_bind_ack(*a, 0, 0);
	return lab;
}

static void lists_what_windows_gives_in_one_page(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, three, 3, true, 0);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	assert_three(&at);
	assert_in_range(at.result.rtt_us, 1, 2000000);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP), 1);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 0);
	harness_run_fini(&at);
	lab_free(lab);
}

static void lists_what_samba_ends_with_an_empty_page(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, three, 2, false, 0);
	say_lookup(a, &three[2], 1, false, 0);
	say_lookup(a, NULL, 0, true, RPC_NOT_REGISTERED);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	assert_three(&at);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP), 3);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 0);
	harness_run_fini(&at);
	lab_free(lab);
}

static void puts_fragments_together(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	a->fragment = 40;
	say_lookup(a, three, 3, true, 0);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	assert_three(&at);
	harness_run_fini(&at);
	lab_free(lab);
}

static void tells_each_endpoint_in_a_line(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, three, 3, true, 0);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	assert_non_null(strstr(
		lab->told, "epm endpoint mapper: 3 entries, 2 of them on TCP\n"));
	assert_non_null(
		strstr(lab->told, "epm 49154: samr (" SAMR ") say \"sam\"\\?\n"));
	harness_run_fini(&at);
	lab_free(lab);
}

static void an_empty_list_is_an_answer(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, NULL, 0, true, RPC_NOT_REGISTERED);
	lab_start_mapper(lab);
	lab_expect(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
}

static void a_mapper_that_wants_a_log_on_is_reachable(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_fault(a, RPC_ACCESS_DENIED);
	lab_start_mapper(lab);
	lab_expect(lab, STATE_OPEN, REASON_EPM_ACCESS_DENIED, PHASE_EPM);
	lab = lab_that_lists("*", &a);
	say_fault(a, RPC_ACCESS_DENIED);
	lab_start_mapper(lab);
	lab_expect(lab, STATE_FAILED, REASON_EPM_ACCESS_DENIED, PHASE_EPM);
}

static void a_fault_on_a_later_page_is_a_fault(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, three, 3, false, 0);
	say_fault(a, 0x1c010014);
	lab_start_mapper(lab);
	lab_expect(lab, STATE_FAILED, REASON_RPC_FAULT, PHASE_EPM);
}

/* --- lists without end --- */

static void say_full_page(struct rpc_answers *a)
{
	static struct rpc_listing page[EPM_MAX_ENTRIES];

	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = three[0];
	a->fragment = 5000;
	say_lookup(a, page, ARRAY_SIZE(page), false, 0);
}

/* What the mapper does about the handle that is given back changes nothing. */
static void leave_early(bool frees, enum speaker_end end)
{
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);

	for (uint32_t i = 0; i < RPC_MAX_ENTRIES / EPM_MAX_ENTRIES; i++)
		say_full_page(a);
	if (frees)
		say_freed(a);
	lab_script(&lab->mapper)->end = end;
	lab->spec.timeout_ms = frees || end != SPEAKER_STAYS ? 5000 : 500;
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	json_t *root = lab_evidence(&at);
	json_t *mapper = json_object_get(root, "mapper");
	assert_int_equal(lab_number(mapper, "entries"), RPC_MAX_ENTRIES);
	assert_int_equal(
		json_array_size(json_object_get(mapper, "tcp")), RPC_MAX_LISTED);
	assert_true(json_is_true(json_object_get(mapper, "truncated")));
	json_decref(root);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP), RPC_MAX_ENTRIES / EPM_MAX_ENTRIES);
	if (end == SPEAKER_STAYS)
		assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 1);
	harness_run_fini(&at);
	lab_free(lab);
}

static void a_list_that_is_left_early_has_its_handle_freed(void **state)
{
	(void)state;
	leave_early(true, SPEAKER_STAYS);
	leave_early(false, SPEAKER_STAYS);
	leave_early(false, SPEAKER_CLOSES);
	leave_early(false, SPEAKER_RESETS);
}

static void pages_without_end_are_not_all_read(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	for (int i = 0; i < 2 * RPC_MAX_PAGES; i++)
		say_lookup(a, three, 1, false, 0);
	lab->spec.timeout_ms = 5000;
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	json_t *root = lab_evidence(&at);
	json_t *mapper = json_object_get(root, "mapper");
	assert_int_equal(lab_number(mapper, "entries"), RPC_MAX_PAGES);
	assert_true(json_is_true(json_object_get(mapper, "truncated")));
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void an_empty_page_that_promises_more_is_the_end(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists(NULL, &a);
	say_lookup(a, three, 3, false, 0);
	say_lookup(a, NULL, 0, false, 0);
	say_freed(a);
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
	assert_three(&at);
	assert_int_equal(lab_heard(lab, EPM_LOOKUP_HANDLE_FREE), 1);
	harness_run_fini(&at);
	lab_free(lab);
}

/* --- every interface --- */

#define FIRST "00000000-0000-0000-0000-000000000001@1.0"
#define SECOND "00000000-0000-0000-0000-000000000002@1.0"
#define THIRD "00000000-0000-0000-0000-000000000003@2.1"

/* A mapper that lists these. */
static void lists(struct lab *lab, const struct rpc_listing *listings, uint32_t count)
{
	struct rpc_answers *a = lab_answers(&lab->mapper);

	say_bind_ack(a, 0, 0);
	say_lookup(a, listings, count, true, 0);
	lab_start_mapper(lab);
}

static void follows_every_interface(void **state)
{
	(void)state;
	struct lab *lab = lab_new("*");
	lab->h->says_again = false;
	struct lab_place *place = lab_endpoint(lab);
	say_bind_ack(lab_answers(place), 0, 0);
	say_bind_ack(lab_answers(place), 0, 0);
	lab_speak(lab, place);
	const struct rpc_listing listings[] = {
		{.interface = SECOND, .port = place->port},
		{.interface = FIRST, .port = place->port},
		{.interface = THIRD, .port = lab_accepts(lab)},
		{.interface = FIRST, .port = place->port},
		{.interface = FIRST, .port = 593, .protocol = 0x1f},
	};
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	assert_int_equal(place->speaker.accepted, 2);
	assert_int_equal(lab->h->granted, 4);
	assert_int_equal(lab->h->most_in_use, 1);
	assert_null(at.result.identity);
	json_t *root = lab_evidence(&at);
	json_t *interfaces = json_object_get(root, "interfaces");
	assert_int_equal(json_array_size(interfaces), 3);
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

/* The identity is what may not change from boot to boot: it has no ports. */
static void some_that_are_blocked_make_it_partial(void **state)
{
	(void)state;
	struct lab *lab = lab_new("*");
	lab->spec.timeout_ms = 100;
	const struct rpc_listing listings[] = {
		{.interface = THIRD, .port = lab_is_silent(lab)},
		{.interface = SECOND, .port = lab_accepts(lab)},
		{.interface = FIRST, .port = lab_binds(lab, 2, 1)},
	};
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at =
		lab_see(lab, STATE_PARTIAL, REASON_SOME_INTERFACES, PHASE_ENDPOINT);
	assert_string_equal(at.result.identity,
		FIRST " rpc-wrong-interface, " THIRD " endpoint-filtered");
	harness_run_fini(&at);
	lab_free(lab);
}

static void some_that_fail_make_it_failed(void **state)
{
	(void)state;
	struct lab *lab = lab_new("*");
	const struct rpc_listing listings[] = {
		{.interface = THIRD, .port = lab_refuses(lab)},
		{.interface = SECOND, .port = lab_accepts(lab)},
		{.interface = FIRST, .port = lab_binds(lab, 2, 1)},
	};
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at =
		lab_see(lab, STATE_FAILED, REASON_RPC_WRONG_INTERFACE, PHASE_BIND);
	assert_string_equal(at.result.identity,
		FIRST " rpc-wrong-interface, " THIRD " endpoint-closed");
	harness_run_fini(&at);
	lab_free(lab);
}

/* It shares its outcome among all that are there, however many: one connection. */
static void a_port_that_refuses_is_tried_once(void **state)
{
	(void)state;
	char names[300][UUID_SYNTAX_TEXT];
	struct rpc_listing listings[300];
	struct lab *lab = lab_new("*");
	uint16_t port = lab_refuses(lab);
	lab->h->says_again = false;
	for (unsigned i = 0; i < ARRAY_SIZE(listings); i++) {
		snprintf(names[i], sizeof names[i], "00000000-0000-0000-0000-%012x@1.0",
			i);
		listings[i] = (struct rpc_listing){.interface = names[i], .port = port};
	}
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at =
		lab_see(lab, STATE_CLOSED, REASON_ENDPOINT_CLOSED, PHASE_ENDPOINT);
	assert_int_equal(lab->h->granted, 2);
	json_t *root = lab_evidence(&at);
	assert_int_equal(
		json_array_size(json_object_get(root, "interfaces")), RPC_MAX_TARGETS);
	assert_true(json_is_true(json_object_get(root, "truncated")));
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

/* What the mapper did not get to say may be blocked. */
static void a_list_that_is_left_early_is_not_open(void **state)
{
	(void)state;
	struct rpc_answers *a;
	struct lab *lab = lab_that_lists("*", &a);
	const struct rpc_listing one = {.interface = FIRST, .port = lab_accepts(lab)};
	for (int i = 0; i < 2 * RPC_MAX_PAGES; i++)
		say_lookup(a, &one, 1, false, 0);
	lab_script(&lab->mapper)->end = SPEAKER_CLOSES;
	lab_start_mapper(lab);
	struct harness_run at =
		lab_see(lab, STATE_ERROR, REASON_TOO_MANY_ENDPOINTS, PHASE_BIND);
	json_t *root = lab_evidence(&at);
	json_t *interfaces = json_object_get(root, "interfaces");
	assert_int_equal(json_array_size(interfaces), 1);
	assert_true(json_is_true(json_object_get(root, "truncated")));
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

/* Twice as many interfaces as there is time for, on a port that never answers. */
static void the_connections_have_a_limit_together(void **state)
{
	(void)state;
	char names[2 * RPC_MAX_TIMEOUTS][UUID_SYNTAX_TEXT];
	struct rpc_listing listings[2 * RPC_MAX_TIMEOUTS];
	struct lab *lab = lab_new("*");
	uint16_t port = lab_hangs(lab);
	lab->spec.timeout_ms = 25;
	for (unsigned i = 0; i < ARRAY_SIZE(listings); i++) {
		snprintf(names[i], sizeof names[i], "00000000-0000-0000-0000-%012x@1.0",
			i);
		listings[i] = (struct rpc_listing){.interface = names[i], .port = port};
	}
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at =
		lab_see(lab, STATE_FAILED, REASON_RPC_SILENT, PHASE_BIND);
	json_t *root = lab_evidence(&at);
	json_t *interfaces = json_object_get(root, "interfaces");
	assert_in_range(json_array_size(interfaces), 1, RPC_MAX_TIMEOUTS + 1);
	assert_true(json_is_true(json_object_get(root, "truncated")));
	json_decref(root);
	harness_run_fini(&at);
	lab_free(lab);
}

static void nothing_on_tcp_is_nothing_registered(void **state)
{
	(void)state;
	struct lab *lab = lab_new("*");
	lists(lab, &three[1], 1);
	lab_expect(lab, STATE_FAILED, REASON_EPM_NOT_REGISTERED, PHASE_EPM);
}

static struct rlimit saved_limit;

/* On the third slot. */
static void want_without_descriptors(struct probe_env *env, struct probe_run *run)
{
	if (harness_of(env)->granted == 2)
		harness_limit_files(0, &saved_limit);
	harness_want(env, run);
}

/* One that accepted is not enough here: the others were not asked. */
static void a_shortage_spoils_it(void **state)
{
	(void)state;
	struct lab *lab = lab_new("*");
	lab->h->says_again = false;
	lab->h->env.want = want_without_descriptors;
	const struct rpc_listing listings[] = {
		{.interface = FIRST, .port = lab_accepts(lab)},
		{.interface = SECOND, .port = lab_accepts(lab)},
	};
	lists(lab, listings, ARRAY_SIZE(listings));
	struct harness_run at =
		lab_see(lab, STATE_ERROR, REASON_NO_DESCRIPTOR, PHASE_ENDPOINT);
	harness_limit_back(&saved_limit);
	harness_run_fini(&at);
	lab_free(lab);
}

static void an_interface_is_proven_in_spite_of_a_shortage(void **state)
{
	(void)state;
	uint16_t ports[2];
	struct lab *lab = lab_new("licensing");
	lab->h->says_again = false;
	lab->h->env.want = want_without_descriptors;
	ports[0] = lab_accepts(lab);
	ports[1] = lab_accepts(lab);
	lab_maps(lab, ports, 2);
	struct harness_run at = lab_see(lab, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	harness_limit_back(&saved_limit);
	harness_run_fini(&at);
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_what_windows_gives_in_one_page),
		cmocka_unit_test(lists_what_samba_ends_with_an_empty_page),
		cmocka_unit_test(puts_fragments_together),
		cmocka_unit_test(tells_each_endpoint_in_a_line),
		cmocka_unit_test(an_empty_list_is_an_answer),
		cmocka_unit_test(a_mapper_that_wants_a_log_on_is_reachable),
		cmocka_unit_test(a_fault_on_a_later_page_is_a_fault),
		cmocka_unit_test(a_list_that_is_left_early_has_its_handle_freed),
		cmocka_unit_test(pages_without_end_are_not_all_read),
		cmocka_unit_test(an_empty_page_that_promises_more_is_the_end),
		cmocka_unit_test(follows_every_interface),
		cmocka_unit_test(some_that_are_blocked_make_it_partial),
		cmocka_unit_test(some_that_fail_make_it_failed),
		cmocka_unit_test(a_port_that_refuses_is_tried_once),
		cmocka_unit_test(a_list_that_is_left_early_is_not_open),
		cmocka_unit_test(the_connections_have_a_limit_together),
		cmocka_unit_test(nothing_on_tcp_is_nothing_registered),
		cmocka_unit_test(a_shortage_spoils_it),
		cmocka_unit_test(an_interface_is_proven_in_spite_of_a_shortage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
