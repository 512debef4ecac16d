/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/scan/observe.h"

/*
 * A made-up machine: 192.0.2.0/24 is its own link, everything else lies behind the
 * gateway 192.0.2.1; IPv6 has no route.
 */
static enum os_hop_state gateway_state, neighbour_state;
static int waits, waits_until_settled, most_waits;
static enum os_hop_state settles_to;

static struct net_address at(const char *text)
{
	struct net_address address;

	assert_true(net_address_parse(text, &address));
	return address;
}

static bool next_hop(void *data, const struct net_address *address, struct os_hop *hop)
{
	(void)data;
	struct net_address link = at("192.0.2.0");
	struct net_address network = net_address_network(address, 24);

	if (address->family != 4)
		return false;
	*hop = (struct os_hop){.interface = 1, .next = *address};
	if (net_address_compare(&network, &link) != 0) {
		hop->next = at("192.0.2.1");
		hop->is_gateway = true;
	}
	return true;
}

static enum os_hop_state state_of(void *data, const struct os_hop *hop)
{
	(void)data;
	return hop->is_gateway ? gateway_state : neighbour_state;
}

static void wait_once(void *data, uint32_t ms)
{
	assert_int_equal(ms, 100);
	if (++waits == waits_until_settled)
		gateway_state = neighbour_state = settles_to;
	if (waits == most_waits)
		engine_cancel(*(struct engine **)data);
}

static struct engine *engine;
static const struct engine_world world = {.next_hop = next_hop,
	.hop_state = state_of,
	.wait = wait_once,
	.data = &engine};

/* One host a flow. */
struct scene {
	struct plan_check check;
	struct plan_host plan_hosts[3];
	struct plan_flow plan_flows[3];
	struct flow_result seen[3];
	struct net_address addresses[3];
	struct host_addresses hosts[3];
	struct plan plan;
	struct results results;
};

static void scene_init(struct scene *s, const char *const *addresses, uint32_t count)
{
	memset(s, 0, sizeof *s);
	s->check.ops = &tcp_probe_ops;
	for (uint32_t i = 0; i < count; i++) {
		s->addresses[i] = at(addresses[i]);
		s->hosts[i] =
			(struct host_addresses){.items = &s->addresses[i], .count = 1};
		s->plan_hosts[i] = (struct plan_host){.first_flow = i, .n_flows = 1};
		s->plan_flows[i] = (struct plan_flow){.host = i};
		s->seen[i] = (struct flow_result){
			.state = STATE_FILTERED, .reason = REASON_TIMEOUT};
	}
	s->plan = (struct plan){.flows = s->plan_flows,
		.n_flows = count,
		.hosts = s->plan_hosts,
		.n_hosts = count,
		.checks = &s->check,
		.n_checks = 1};
	s->results =
		(struct results){.plan = &s->plan, .flows = s->seen, .hosts = s->hosts};
	gateway_state = neighbour_state = HOP_ANSWERS;
	waits = waits_until_settled = most_waits = 0;
}

static void explain_some(struct scene *s, const uint32_t *flows, size_t n_flows)
{
	const struct engine_options options = {.world = &world};

	assert_int_equal(engine_new(&options, &engine), 0);
	silence_explain(engine, &s->plan, flows, n_flows, &s->results);
	engine_free(engine);
}

static void explain(struct scene *s)
{
	explain_some(s, NULL, 0);
}

static void is(
	const struct flow_result *r, enum probe_state state, enum probe_reason reason)
{
	assert_string_equal(
		probe_state_word((enum probe_state)r->state), probe_state_word(state));
	assert_string_equal(probe_reason_word((enum probe_reason)r->reason),
		probe_reason_word(reason));
}

static const char *const far_and_near[] = {"198.51.100.7", "192.0.2.7", "2001:db8::7"};

static void silence_stands_where_the_first_step_works(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 3);
	explain(&s);
	for (int i = 0; i < 3; i++)
		is(&s.seen[i], STATE_FILTERED, REASON_TIMEOUT);
	assert_int_equal(waits, 0);
}

static void a_dead_gateway_is_our_own_trouble(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 3);
	gateway_state = HOP_SILENT;
	explain(&s);
	is(&s.seen[0], STATE_ERROR, REASON_NO_GATEWAY);
	is(&s.seen[1], STATE_FILTERED, REASON_TIMEOUT);
	is(&s.seen[2], STATE_FILTERED, REASON_TIMEOUT);
}

static void a_dead_neighbour_is_unreachable(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 2);
	neighbour_state = HOP_SILENT;
	explain(&s);
	is(&s.seen[0], STATE_FILTERED, REASON_TIMEOUT);
	is(&s.seen[1], STATE_UNREACHABLE, REASON_NEIGHBOUR_SILENT);
}

static void a_pulled_cable_is_our_own_trouble(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 2);
	gateway_state = neighbour_state = HOP_DOWN;
	explain(&s);
	is(&s.seen[0], STATE_ERROR, REASON_NO_LINK);
	is(&s.seen[1], STATE_ERROR, REASON_NO_LINK);
}

static void only_silence_is_explained(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 1);
	gateway_state = HOP_DOWN;
	s.seen[0].state = STATE_PROHIBITED;
	s.seen[0].reason = REASON_ICMP_ADMIN_PROHIBITED;
	explain(&s);
	is(&s.seen[0], STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED);
}

static void waits_for_a_gateway_that_is_being_asked(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 1);
	gateway_state = HOP_ASKED;
	waits_until_settled = 3;
	settles_to = HOP_SILENT;
	explain(&s);
	is(&s.seen[0], STATE_ERROR, REASON_NO_GATEWAY);
	assert_int_equal(waits, 3);
}

static void waits_no_longer_than_a_bound(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 1);
	gateway_state = HOP_ASKED;
	explain(&s);
	is(&s.seen[0], STATE_FILTERED, REASON_TIMEOUT);
	assert_int_equal(waits, 100);
}

static void does_not_wait_once_it_is_cancelled(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 1);
	gateway_state = HOP_ASKED;
	most_waits = 2;
	explain(&s);
	is(&s.seen[0], STATE_FILTERED, REASON_TIMEOUT);
	assert_int_equal(waits, 2);
}

static void does_not_wait_where_the_same_gateway_delivered(void **state)
{
	static const char *const addresses[] = {"198.51.100.7", "203.0.113.9"};
	struct scene s;

	(void)state;
	scene_init(&s, addresses, 2);
	gateway_state = HOP_ASKED;
	s.seen[1] = (struct flow_result){.state = STATE_CLOSED, .clear = 1};
	explain(&s);
	is(&s.seen[0], STATE_FILTERED, REASON_TIMEOUT);
	assert_int_equal(waits, 0);
}

static void one_leg_without_a_gateway_makes_the_whole_an_error(void **state)
{
	struct flow_address legs[2] = {
		{.address = {0}, .state = STATE_FILTERED, .reason = REASON_TIMEOUT},
		{.address = {0}, .state = STATE_OPEN, .reason = REASON_SYN_ACK},
	};
	struct flow_detail detail = {.n_addresses = 2, .addresses = legs};
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 1);
	legs[0].address = at("198.51.100.7");
	legs[1].address = at("192.0.2.7");
	s.seen[0] = (struct flow_result){.state = STATE_PARTIAL,
		.reason = REASON_NOT_ALL_ADDRESSES,
		.clear = 2,
		.detail = &detail};
	gateway_state = HOP_SILENT;
	explain(&s);
	is(&s.seen[0], STATE_ERROR, REASON_NO_GATEWAY);
	assert_int_equal(legs[1].state, STATE_OPEN);
}

/* Two addresses: one on our own link, where nobody answers ARP, and another. */
static struct flow_result explain_two(const char *first, const char *second)
{
	struct flow_address legs[2] = {
		{.state = STATE_FILTERED, .reason = REASON_TIMEOUT},
		{.state = STATE_FILTERED, .reason = REASON_TIMEOUT},
	};
	struct flow_detail detail = {.n_addresses = 2, .addresses = legs};
	struct scene s;

	scene_init(&s, far_and_near, 1);
	legs[0].address = at(first);
	legs[1].address = at(second);
	s.seen[0].detail = &detail;
	neighbour_state = HOP_SILENT;
	explain(&s);
	s.seen[0].detail = NULL;
	return s.seen[0];
}

static void all_of_several_addresses_must_be_silent_neighbours(void **state)
{
	struct flow_result result;

	(void)state;
	result = explain_two("192.0.2.7", "198.51.100.7");
	is(&result, STATE_FILTERED, REASON_TIMEOUT);
	result = explain_two("198.51.100.7", "192.0.2.7");
	is(&result, STATE_FILTERED, REASON_TIMEOUT);
	result = explain_two("192.0.2.7", "192.0.2.8");
	is(&result, STATE_UNREACHABLE, REASON_NEIGHBOUR_SILENT);
}

static void only_the_flows_listed_are_looked_at(void **state)
{
	const uint32_t second = 1;
	struct scene s;

	(void)state;
	scene_init(&s, far_and_near, 2);
	gateway_state = neighbour_state = HOP_DOWN;
	explain_some(&s, &second, 1);
	is(&s.seen[0], STATE_FILTERED, REASON_TIMEOUT);
	is(&s.seen[1], STATE_ERROR, REASON_NO_LINK);
}

static void the_loopback_has_no_first_step(void **state)
{
	struct net_address loopback = at("127.0.0.1");
	struct os_hop hop;

	(void)state;
	if (os_next_hop(&loopback, &hop))
		assert_int_equal(os_hop_state(&hop), HOP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_stands_where_the_first_step_works),
		cmocka_unit_test(a_dead_gateway_is_our_own_trouble),
		cmocka_unit_test(a_dead_neighbour_is_unreachable),
		cmocka_unit_test(a_pulled_cable_is_our_own_trouble),
		cmocka_unit_test(only_silence_is_explained),
		cmocka_unit_test(waits_for_a_gateway_that_is_being_asked),
		cmocka_unit_test(waits_no_longer_than_a_bound),
		cmocka_unit_test(does_not_wait_once_it_is_cancelled),
		cmocka_unit_test(does_not_wait_where_the_same_gateway_delivered),
		cmocka_unit_test(one_leg_without_a_gateway_makes_the_whole_an_error),
		cmocka_unit_test(all_of_several_addresses_must_be_silent_neighbours),
		cmocka_unit_test(only_the_flows_listed_are_looked_at),
		cmocka_unit_test(the_loopback_has_no_first_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
