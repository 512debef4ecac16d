/* SPDX-License-Identifier: Apache-2.0 */
/* Its end, and very many look-ups at once. */
#include "base/clock.h"
#include "tests/probes/resolve_bench.h"

static void closing_cancels_what_is_in_flight_before_it_returns(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	bench->peers[0].deaf = true;
	open_configured(bench, 60000, 1);
	for (int i = 0; i < 3; i++)
		resolver_lookup(bench->resolver, "a.example", on_addresses, bench);
	while (bench->peers[0].n_udp < 6)
		uv_run(&bench->loop, UV_RUN_ONCE);
	resolver_lookup(bench->resolver, "not.sent.example", on_addresses, bench);
	resolver_lookup(bench->resolver, "10.0.0.1", on_addresses, bench);
	resolver_close(bench->resolver, on_closed, bench);
	assert_int_equal(bench->calls, 5);
	assert_outcome(bench, STATE_ERROR, REASON_CANCELLED);
	assert_int_equal(bench->closed, 0);
	bench->resolver = NULL;
}

static void close_from_answer(void *data, const struct resolver_addresses *answer)
{
	struct bench *bench = data;
	on_addresses(bench, answer);
	if (bench->calls == 1) {
		resolver_close(bench->resolver, on_closed, bench);
		assert_int_equal(resolver_lookup(bench->resolver, "late.example",
					 on_addresses, bench),
			UV_ECANCELED);
		bench->resolver = NULL;
	}
}

static void may_be_closed_from_an_answer(void **state)
{
	struct bench *bench = *state;
	open_peers(bench, 1);
	dns_peer_answer(&bench->peers[0], "a.example", DNS_TYPE_A, "10.0.0.1");
	open_configured(bench, 1000, 1);
	for (int i = 0; i < 10; i++)
		resolver_lookup(bench->resolver, "a.example", close_from_answer, bench);
	while (bench->calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	assert_int_equal(bench->calls, 10);
	assert_outcome(bench, STATE_ERROR, REASON_CANCELLED);
}

static void on_reply(void *data, const struct dns_reply *reply)
{
	(void)reply;
	++*(unsigned *)data;
}

static void a_detached_query_is_never_called_back(void **state)
{
	struct bench *bench = *state;
	struct dns_query *queries[3];
	unsigned calls = 0;
	open_peers(bench, 1);
	open_configured(bench, 1000, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(resolver_query(bench->resolver, 0, "a.example",
					 DNS_TYPE_A, on_reply, &calls, &queries[i]),
			0);
	assert_false(dns_query_is_held(queries[0]));
	dns_query_detach(queries[0]);
	while (bench->peers[0].n_udp < 2)
		uv_run(&bench->loop, UV_RUN_ONCE);
	if (calls == 0)
		dns_query_detach(queries[1]);
	while (calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	look_up(bench, "b.example");
	assert_int_equal(calls, 1);
}

static void a_silent_server_gets_a_window_of_queries_at_a_time(void **state)
{
	struct bench *bench = *state;
	struct dns_query *queries[DNS_CHANNEL_WINDOW + 1];
	unsigned calls = 0;
	open_peers(bench, 1);
	bench->peers[0].deaf = true;
	open_configured(bench, 60000, 1);
	for (unsigned i = 0; i <= DNS_CHANNEL_WINDOW; i++)
		assert_int_equal(resolver_query(bench->resolver, 0, "a.example",
					 DNS_TYPE_A, on_reply, &calls, &queries[i]),
			0);
	assert_false(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	uint64_t before = clock_monotonic_us();
	while (bench->peers[0].n_udp < DNS_CHANNEL_WINDOW)
		uv_run(&bench->loop, UV_RUN_ONCE);
	if (clock_monotonic_us() - before < 50000)
		assert_true(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	assert_false(dns_query_is_held(queries[0]));
	/* Then the first are no longer counted on, and it is the last one's turn. */
	while (bench->peers[0].n_udp <= DNS_CHANNEL_WINDOW)
		uv_run(&bench->loop, UV_RUN_ONCE);
	assert_true(clock_monotonic_us() - before >= 50000);
	assert_false(dns_query_is_held(queries[DNS_CHANNEL_WINDOW]));
	dns_query_detach(queries[1]);
	resolver_close(bench->resolver, on_closed, bench);
	bench->resolver = NULL;
	assert_int_equal(calls, DNS_CHANNEL_WINDOW);
}

/* Ten thousand lookups at once, each with its own answer. */
struct many {
	struct bench *bench;
	unsigned number;
};

static unsigned n_right;

static void on_one_of_many(void *data, const struct resolver_addresses *answer)
{
	struct many *one = data;
	one->bench->calls++;
	uint8_t wanted[4] = {10, (uint8_t)(one->number >> 16),
		(uint8_t)(one->number >> 8), (uint8_t)one->number};
	if (answer->state == STATE_OPEN && answer->count == 1 &&
		memcmp(answer->items[0].bytes, wanted, 4) == 0)
		n_right++;
}

static void ten_thousand_lookups_at_once_each_get_their_own_answer(void **state)
{
	struct bench *bench = *state;
	enum {
		MANY = 10000
	};
	struct many *many = calloc(MANY, sizeof *many);
	char name[32];
	assert_non_null(many);
	open_peers(bench, 1);
	bench->peers[0].numbered = true;
	/* Patience, for the servers share this thread, and valgrind may slow it down.
	 */
	open_configured(bench, 60000, 1);
	n_right = 0;
	uint64_t before = clock_monotonic_us();
	for (unsigned i = 0; i < MANY; i++) {
		many[i] = (struct many){bench, i};
		snprintf(name, sizeof name, "h%u.corp.example", i);
		assert_int_equal(resolver_lookup(bench->resolver, name, on_one_of_many,
					 &many[i]),
			0);
	}
	while (bench->calls < MANY)
		uv_run(&bench->loop, UV_RUN_ONCE);
	print_message("%d lookups in %llu ms, %u queries\n", MANY,
		(unsigned long long)((clock_monotonic_us() - before) / 1000),
		bench->peers[0].n_udp);
	assert_int_equal(n_right, MANY);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(closing_cancels_what_is_in_flight_before_it_returns),
		TEST(may_be_closed_from_an_answer),
		TEST(a_detached_query_is_never_called_back),
		TEST(a_silent_server_gets_a_window_of_queries_at_a_time),
		TEST(ten_thousand_lookups_at_once_each_get_their_own_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
