/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/scan/trace_changes.h"
#include "tests/support/fleet.h"
#include "tests/support/past.h"

#define HOSTS 40

/* An engine that fails; `data` is the error. */
static int fail_to_run(void *data, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	(void)plan;
	(void)flows;
	(void)n_flows;
	(void)results;
	return *(const int *)data;
}

/* Every flow was open, and is what a test makes of it. Nobody listens on the port. */
struct scene {
	struct fleet fleet;
	struct past past;
	struct engine *engine;
	uint32_t n_hosts;
	int fd;
};

static int bind_port(uint16_t *port)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t length = sizeof name;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static struct flow_result *result_of(struct scene *s, uint32_t host)
{
	return fleet_result(&s->fleet, host, 0);
}

static void lose(struct scene *s, uint32_t host, enum probe_state state)
{
	result_of(s, host)->state = (uint8_t)state;
	result_of(s, host)->reason =
		state == STATE_CLOSED ? REASON_RST : REASON_TIMEOUT;
}

static void scene_open(struct scene *s, uint32_t n_hosts)
{
	uint16_t port;

	memset(s, 0, sizeof *s);
	s->fd = bind_port(&port);
	s->n_hosts = n_hosts;
	fleet_init(&s->fleet, n_hosts, 1);
	fleet_check_port(&s->fleet, 0, port);
	for (uint32_t i = 0; i < n_hosts; i++) {
		s->fleet.plan.flows[i].expect = EXPECT_OPEN;
		lose(s, i, STATE_OPEN);
	}
	past_init(&s->past, &s->fleet.plan);
	assert_int_equal(engine_new(&s->fleet.options, &s->engine), 0);
}

static void trace(struct scene *s)
{
	assert_int_equal(trace_changes(s->engine, &s->fleet.plan, &s->past.earlier,
				 &s->fleet.results),
		0);
}

static void scene_close(struct scene *s)
{
	past_fini(&s->past);
	engine_free(s->engine);
	fleet_fini(&s->fleet);
	close(s->fd);
}

static const char *trace_of(struct scene *s, uint32_t host)
{
	const char *evidence = flow_result_evidence(result_of(s, host));

	return evidence ? strstr(evidence, "\"trace\":{") : NULL;
}

static uint32_t count_traces(struct scene *s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->n_hosts; i++)
		count += trace_of(s, i) != NULL;
	return count;
}

static void what_got_worse_is_walked_to_and_nothing_else(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 3);
	lose(&s, 1, STATE_CLOSED);
	past_set_state(&s.past, 2, STATE_FILTERED);
	lose(&s, 2, STATE_CLOSED);
	trace(&s);
	assert_null(trace_of(&s, 0));
	assert_non_null(trace_of(&s, 1));
	assert_non_null(
		strstr(trace_of(&s, 1), "\"reached\":{\"ttl\":1,\"by\":\"rst\""));
	assert_non_null(strstr(trace_of(&s, 1), "\"address\":\"127.1.0.1\""));
	assert_null(trace_of(&s, 2));
	/* What the scan saw stays. */
	assert_int_equal(result_of(&s, 1)->state, STATE_CLOSED);
	scene_close(&s);
}

static void the_evidence_of_the_flow_is_kept(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1);
	lose(&s, 0, STATE_FILTERED);
	result_of(&s, 0)->detail = calloc(1, sizeof(struct flow_detail));
	assert_non_null(result_of(&s, 0)->detail);
	result_of(&s, 0)->detail->evidence = strdup("{\"errno\":\"EHOSTUNREACH\"}");
	trace(&s);
	assert_ptr_equal(strstr(flow_result_evidence(result_of(&s, 0)),
				 "{\"errno\":\"EHOSTUNREACH\",\"trace\":{"),
		flow_result_evidence(result_of(&s, 0)));
	scene_close(&s);
}

static void a_silent_neighbour_is_no_riddle(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1);
	lose(&s, 0, STATE_UNREACHABLE);
	result_of(&s, 0)->reason = REASON_NEIGHBOUR_SILENT;
	trace(&s);
	assert_int_equal(count_traces(&s), 0);
	scene_close(&s);
}

static void of_one_network_a_few_are_walked_to(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 10);
	for (uint32_t i = 0; i < 10; i++)
		lose(&s, i, STATE_CLOSED);
	trace(&s);
	assert_int_equal(count_traces(&s), TRACE_CHANGES_PER_NETWORK);
	scene_close(&s);
}

static void of_all_no_more_than_the_limit(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, HOSTS);
	for (uint32_t i = 0; i < HOSTS; i++) {
		s.fleet.addresses[i][0].bytes[2] = (uint8_t)i;
		lose(&s, i, STATE_CLOSED);
	}
	trace(&s);
	assert_int_equal(count_traces(&s), TRACE_CHANGES_MAX);
	scene_close(&s);
}

/* Of two addresses the one that is lost, and its own evidence. */
static void the_address_that_is_lost_is_walked_to(void **state)
{
	struct scene s;
	struct flow_detail *detail = calloc(1, sizeof *detail);
	struct flow_address *legs = calloc(2, sizeof *legs);

	(void)state;
	assert_non_null(detail);
	assert_non_null(legs);
	scene_open(&s, 1);
	fleet_second_address(&s.fleet, 0, "127.1.0.9");
	lose(&s, 0, STATE_PARTIAL);
	assert_true(net_address_parse("127.1.0.0", &legs[0].address));
	assert_true(net_address_parse("127.1.0.9", &legs[1].address));
	legs[0].state = STATE_OPEN;
	legs[1].state = STATE_FILTERED;
	*detail = (struct flow_detail){.n_addresses = 2, .addresses = legs};
	result_of(&s, 0)->detail = detail;
	trace(&s);
	assert_non_null(trace_of(&s, 0));
	assert_non_null(strstr(trace_of(&s, 0), "\"address\":\"127.1.0.9\""));
	scene_close(&s);
}

/* Else per_host would hold for each walk, not for the host. */
static void walks_to_one_address_are_one_hosts(void **state)
{
	struct net_address near, far;
	struct plan *plan;

	(void)state;
	assert_true(net_address_parse("127.1.0.1", &near));
	assert_true(net_address_parse("127.1.0.2", &far));
	const struct plan_trace walks[] = {
		/* As it stands in the plan of a scan. */
		{.host = {.name = "a",
			 .addresses = &near,
			 .n_addresses = 1,
			 .first_flow = 12,
			 .n_flows = 3},
			.port = 1},
		{.host = {.name = "a", .addresses = &near, .n_addresses = 1},
			.port = 2},
		{.host = {.name = "a", .addresses = &far, .n_addresses = 1}, .port = 1},
		{.host = {.name = "b", .addresses = &far, .n_addresses = 1}, .port = 1},
		{.host = {.name = "b", .dial_name = "b"}, .port = 1},
		{.host = {.name = "b", .dial_name = "b"}, .port = 2},
	};
	assert_int_equal(plan_traces(NULL, walks, ARRAY_SIZE(walks), &plan), 0);
	assert_int_equal(plan->n_flows, 6);
	assert_int_equal(plan->n_hosts, 4);
	assert_int_equal(plan->hosts[0].n_flows, 2);
	assert_int_equal(plan->flows[1].host, 0);
	assert_int_equal(plan->flows[2].host, 1);
	assert_int_equal(plan->hosts[3].first_flow, 4);
	assert_int_equal(plan->hosts[3].n_flows, 2);
	plan_free(plan);
}

static void every_flow_gets_its_own_walk(void **state)
{
	struct scene s;
	char expected[40];

	(void)state;
	scene_open(&s, 3);
	for (uint32_t i = 0; i < 3; i++)
		lose(&s, i, STATE_CLOSED);
	trace(&s);
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(expected, sizeof expected, "\"address\":\"127.1.0.%u\"", i);
		assert_non_null(strstr(trace_of(&s, i), expected));
	}
	scene_close(&s);
}

static void without_a_past_nothing_is_walked_to(void **state)
{
	const struct earlier nothing = {.places = NULL};

	(void)state;
	assert_int_equal(trace_changes(NULL, NULL, &nothing, NULL), 0);
}

static void trouble_of_the_walks_is_none_of_the_scans(void **state)
{
	int trouble = -EMFILE;
	const struct engine_world world = {.run = fail_to_run, .data = &trouble};
	struct scene s;

	(void)state;
	scene_open(&s, 1);
	lose(&s, 0, STATE_FILTERED);
	engine_free(s.engine);
	s.fleet.options.world = &world;
	assert_int_equal(engine_new(&s.fleet.options, &s.engine), 0);
	trace(&s);
	assert_int_equal(result_of(&s, 0)->state, STATE_FILTERED);
	assert_null(trace_of(&s, 0));
	/* Whoever stops the walks stops the scan. */
	trouble = -ECANCELED;
	assert_int_equal(trace_changes(s.engine, &s.fleet.plan, &s.past.earlier,
				 &s.fleet.results),
		-ECANCELED);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_got_worse_is_walked_to_and_nothing_else),
		cmocka_unit_test(the_evidence_of_the_flow_is_kept),
		cmocka_unit_test(a_silent_neighbour_is_no_riddle),
		cmocka_unit_test(of_one_network_a_few_are_walked_to),
		cmocka_unit_test(of_all_no_more_than_the_limit),
		cmocka_unit_test(the_address_that_is_lost_is_walked_to),
		cmocka_unit_test(walks_to_one_address_are_one_hosts),
		cmocka_unit_test(every_flow_gets_its_own_walk),
		cmocka_unit_test(without_a_past_nothing_is_walked_to),
		cmocka_unit_test(trouble_of_the_walks_is_none_of_the_scans),
	};
	return cmocka_run_group_tests_name("trace_changes", tests, NULL, NULL);
}
