/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver, the servers that it asks, and what it answered last. */
#ifndef TESTS_PROBES_RESOLVE_BENCH_H
#define TESTS_PROBES_RESOLVE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/size.h"
#include "probes/net/resolve.h"
#include "tests/probes/dns_peer.h"

/* Everything a test needs: a loop, some servers, a resolver, and the last answer. */
struct bench {
	uv_loop_t loop;
	struct dns_peer peers[3];
	size_t n_peers;
	struct resolver *resolver;
	unsigned calls, closed;
	enum probe_state state;
	enum probe_reason reason;
	size_t count;
	struct net_address items[RESOLVER_MAX_ADDRESSES];
	uint8_t family; /* of the resolver to be opened */
	char resolv_conf[32], hosts[32];
};

static inline int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	*state = bench;
	return 0;
}

static inline void on_closed(void *data)
{
	((struct bench *)data)->closed++;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;
	if (bench->resolver)
		resolver_close(bench->resolver, on_closed, bench);
	for (size_t i = 0; i < bench->n_peers; i++)
		dns_peer_close(&bench->peers[i]);
	while (uv_run(&bench->loop, UV_RUN_DEFAULT) != 0)
		; /* an answer outside of the loop may have stopped it */
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	assert_int_equal(bench->closed, 1);
	if (bench->hosts[0])
		unlink(bench->hosts);
	if (bench->resolv_conf[0])
		unlink(bench->resolv_conf);
	free(bench);
	return 0;
}

static inline void open_peers(struct bench *bench, size_t n)
{
	for (; bench->n_peers < n; bench->n_peers++)
		dns_peer_open(&bench->peers[bench->n_peers], &bench->loop);
}

static inline void write_file(char path[32], const char *text)
{
	if (!path[0])
		snprintf(path, 32, "/tmp/reachd.test.XXXXXX");
	int fd =
		strstr(path, "XXXXXX") ? mkstemp(path) : open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A resolver that asks the peers in order. */
static inline void open_configured(
	struct bench *bench, uint32_t timeout_ms, uint32_t attempts)
{
	struct resolver_server servers[ARRAY_SIZE(bench->peers)];
	for (size_t i = 0; i < bench->n_peers; i++) {
		net_address_parse("127.0.0.1", &servers[i].address);
		servers[i].port = bench->peers[i].port;
	}
	struct resolver_options options = {.servers = servers,
		.n_servers = bench->n_peers,
		.timeout_ms = timeout_ms,
		.attempts = attempts,
		.family = bench->family};
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
}

/* A resolver for the first peer with a search list and hosts from files. */
static inline void open_system(struct bench *bench, const char *rest, const char *hosts)
{
	char text[512];
	snprintf(text, sizeof text, "nameserver 127.0.0.1\n%s", rest);
	write_file(bench->resolv_conf, text);
	write_file(bench->hosts, hosts);
	struct resolver_options options = {.timeout_ms = 1000,
		.attempts = 1,
		.family = bench->family,
		.resolv_conf = bench->resolv_conf,
		.hosts_file = bench->hosts,
		.system_port = bench->peers[0].port};
	assert_int_equal(resolver_open(&bench->loop, &options, &bench->resolver), 0);
}

static inline void on_addresses(void *data, const struct resolver_addresses *answer)
{
	struct bench *bench = data;
	bench->calls++;
	bench->state = answer->state;
	bench->reason = answer->reason;
	bench->count = answer->count;
	for (size_t i = 0; i < answer->count; i++)
		bench->items[i] = answer->items[i];
	uv_stop(&bench->loop);
}

static inline void look_up(struct bench *bench, const char *name)
{
	unsigned before = bench->calls;
	assert_int_equal(
		resolver_lookup(bench->resolver, name, on_addresses, bench), 0);
	assert_int_equal(bench->calls, before);
	while (bench->calls == before)
		uv_run(&bench->loop, UV_RUN_DEFAULT);
}

#define assert_found(bench, ...)                                                   \
	do {                                                                       \
		const char *const wanted_[] = {__VA_ARGS__};                       \
		assert_addresses((bench), wanted_, ARRAY_SIZE(wanted_), __LINE__); \
	} while (0)

static inline void assert_addresses(
	const struct bench *bench, const char *const *wanted, size_t n, int line)
{
	char text[NET_ADDRESS_TEXT];
	if (bench->count != n)
		fail_msg("line %d: %zu addresses, not %zu", line, bench->count, n);
	for (size_t i = 0; i < n; i++) {
		net_address_format(&bench->items[i], text, sizeof text);
		if (strcmp(text, wanted[i]) != 0)
			fail_msg("line %d: %s, not %s", line, text, wanted[i]);
	}
}

#define assert_outcome(bench, state_, reason_)                                       \
	do {                                                                         \
		assert_string_equal(                                                 \
			probe_state_word((bench)->state), probe_state_word(state_)); \
		assert_string_equal(probe_reason_word((bench)->reason),              \
			probe_reason_word(reason_));                                 \
	} while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
