/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "socket_peer.h"

#include <fcntl.h>

#include "base/ports.h"
#include "probes/registry.h"

/* A conf that the parse op fills; big enough for any kind. */
static _Alignas(max_align_t) unsigned char conf[1024];

static const void *parse(const char *argument)
{
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;
	assert_true(sweep_probe_ops.conf_size <= sizeof conf);
	assert_true(sweep_probe_ops.parse(
		argument, NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, argument);
	return conf;
}

static const void *parse_one(uint16_t port)
{
	char argument[8];
	snprintf(argument, sizeof argument, "%u", port);
	return parse(argument);
}

/* --- the contract, with sweeps of one port --- */

static void open_peer(struct contract *c, enum contract_peer peer)
{
	c->spec.ops = &sweep_probe_ops;
	c->spec.conf = parse_one(socket_peer_open(c, peer, "127.0.0.1"));
	c->spec.attempts = 2;
	c->spec.timeout_ms = 100;
}

static const struct contract_kind sweep = {
	.open_peer = open_peer,
	.close_peer = socket_peer_close,
	.answers = {STATE_OPEN, REASON_ALL_CLEAR},
	.refuses = {STATE_CLOSED, REASON_RST},
	.silent = {STATE_FILTERED, REASON_ALL_SILENT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- a range of ports of which some listen and some are silent --- */

#define HOST "127.77.0.1"
#define RANGE_SIZE 400
#define RANGE_TRIES 100

enum role {
	REFUSES,
	LISTENS,
	SILENT
};

struct range {
	uint16_t low;
	enum role roles[RANGE_SIZE];
	int fds[RANGE_SIZE * 2];
	size_t n_fds;
};

static void range_close(struct range *range)
{
	while (range->n_fds > 0)
		close(range->fds[--range->n_fds]);
}

static bool range_open_port(struct range *range, uint16_t port, enum role role)
{
	int fd = harness_bind(HOST, &port);
	if (fd < 0)
		return false;
	range->fds[range->n_fds++] = fd;
	if (role == LISTENS) {
		assert_int_equal(listen(fd, 1024), 0);
	} else if (role == SILENT) {
		struct net_address address = harness_address(HOST);
		struct sockaddr_storage ss;
		socklen_t length = net_address_to_sockaddr(&address, port, &ss);
		int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(filler >= 0);
		range->fds[range->n_fds++] = filler;
		assert_int_equal(listen(fd, 0), 0);
		assert_int_equal(connect(filler, (struct sockaddr *)&ss, length), 0);
	}
	return true;
}

static bool range_try(struct range *range)
{
	range->n_fds = 0;
	for (uint16_t i = 0; i < RANGE_SIZE; i++)
		if (!range_open_port(
			    range, (uint16_t)(range->low + i), range->roles[i])) {
			range_close(range);
			return false;
		}
	return true;
}

/* Looks for a stretch of ports that nobody else has. */
static void range_open(struct range *range)
{
	range->low = 10000;
	for (int i = 0; i < RANGE_TRIES; i++, range->low += RANGE_SIZE)
		if (range_try(range))
			return;
	fail_msg("no %d neighbouring ports are free", RANGE_SIZE);
}

/* 0-99 closed, 100-109 listen, 110-199 closed, 200-219 silent, the rest closed. */
static struct range *mixed_range(void)
{
	struct range *range = calloc(1, sizeof *range);
	assert_non_null(range);
	for (int i = 100; i < 110; i++)
		range->roles[i] = LISTENS;
	for (int i = 200; i < 220; i++)
		range->roles[i] = SILENT;
	range_open(range);
	return range;
}

static void assert_mixed(const struct harness_run *at, uint16_t low)
{
	char expected[512];
	assert_result(at, STATE_PARTIAL, REASON_SOME_BLOCKED, PHASE_SWEEP);
	snprintf(expected, sizeof expected,
		"{\"ports\":{\"open\":10,\"closed\":370,\"filtered\":20},"
		"\"runs\":[[%u,%u,\"closed\"],[%u,%u,\"open\"],[%u,%u,\"closed\"],"
		"[%u,%u,\"filtered\"],[%u,%u,\"closed\"]]}",
		low, low + 99, low + 100, low + 109, low + 110, low + 199, low + 200,
		low + 219, low + 220, low + 399);
	assert_string_equal(at->result.evidence, expected);
	snprintf(expected, sizeof expected,
		"%u-%u clear,%u-%u blocked,%u-%u clear; 380 clear; 10 open %u-%u", low,
		low + 199, low + 200, low + 219, low + 220, low + 399, low + 100,
		low + 109);
	assert_string_equal(at->result.identity, expected);
}

static struct net_address host;

static struct probe_spec spec_of(const char *argument)
{
	host = harness_address(HOST);
	return (struct probe_spec){
		.ops = &sweep_probe_ops,
		.conf = parse(argument),
		.target = {.host = "peer", .address = &host},
		.timeout_ms = 200,
		.attempts = 2,
		.window = 32,
	};
}

static struct probe_spec spec_of_range(const struct range *range)
{
	char argument[16];
	snprintf(argument, sizeof argument, "%u-%u", range->low,
		range->low + RANGE_SIZE - 1);
	return spec_of(argument);
}

static void tells_every_run_of_a_mixed_range(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct harness_run at = harness_run_one(h, &spec);
	assert_mixed(&at, range->low);
	/* Each port once, the silent ones in two more passes. */
	assert_int_equal(at.result.attempts, RANGE_SIZE + 2 * 20);
	assert_in_range(at.result.rtt_us, 1, 1000000);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

static void never_uses_more_slots_than_its_window(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	spec.window = 7;
	struct harness_run at = harness_run_one(h, &spec);
	assert_mixed(&at, range->low);
	assert_int_equal(h->most_in_use, 7);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

/* Without env->again each connection is a slot that was asked for and given back. */
static void asks_for_a_slot_for_every_connection(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	h->says_again = false;
	struct harness_run at = harness_run_one(h, &spec);
	assert_mixed(&at, range->low);
	assert_in_range(h->granted, at.result.attempts, at.result.attempts + 64);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

static void works_in_an_environment_without_again(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	h->env.again = NULL;
	struct harness_run at = harness_run_one(h, &spec);
	assert_mixed(&at, range->low);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

/* Room for the epoll set and three sockets: the sweep waits for itself and ends right.
 */
static void lives_with_a_few_descriptors(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct rlimit saved;
	harness_limit_files(4, &saved);
	struct harness_run at = harness_run_one(h, &spec);
	harness_limit_back(&saved);
	assert_mixed(&at, range->low);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

struct relief {
	uv_timer_t timer;
	struct rlimit saved;
};

static void on_relief(uv_timer_t *timer)
{
	struct relief *relief = timer->data;
	harness_limit_back(&relief->saved);
}

/* Room for the epoll set and for no socket at all, until 100 ms have passed. */
static void waits_for_a_descriptor(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct relief relief;
	harness_limit_files(1, &relief.saved);
	uv_timer_init(&h->loop, &relief.timer);
	relief.timer.data = &relief;
	uv_timer_start(&relief.timer, on_relief, 100, 0);
	struct harness_run at = harness_run_one(h, &spec);
	assert_mixed(&at, range->low);
	/* What never left this machine is no attempt. */
	assert_int_equal(at.result.attempts, RANGE_SIZE + 2 * 20);
	harness_run_fini(&at);
	uv_close((uv_handle_t *)&relief.timer, NULL);
	harness_free(h);
	range_close(range);
	free(range);
}

static void ends_while_its_wish_for_slots_is_not_granted(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct harness_run at = {0};
	h->holds_back = true;
	harness_start(h, &spec, &at);
	for (int i = 0; i < 10; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
	assert_int_equal(at.dones, 0);
	probe_run_cancel(at.run);
	h->holds_back = false;
	harness_until_idle(h);
	assert_int_equal(at.dones, 1);
	assert_int_equal(at.result.reason, REASON_CANCELLED);
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

static void a_listener_makes_it_open_and_none_makes_it_closed(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	char argument[64];

	snprintf(argument, sizeof argument, "%u-%u,%u-%u", range->low, range->low + 19,
		range->low + 90, range->low + 100);
	struct probe_spec spec = spec_of(argument);
	struct harness_run at = harness_run_one(h, &spec);
	assert_result(&at, STATE_OPEN, REASON_ALL_CLEAR, PHASE_SWEEP);
	snprintf(argument, sizeof argument, "31 clear; 1 open %u-%u", range->low + 100,
		range->low + 100);
	assert_string_equal(at.result.identity, argument);
	assert_int_equal(at.result.attempts, 31);
	harness_run_fini(&at);

	snprintf(argument, sizeof argument, "%u-%u", range->low, range->low + 99);
	spec = spec_of(argument);
	at = harness_run_one(h, &spec);
	assert_result(&at, STATE_CLOSED, REASON_RST, PHASE_SWEEP);
	assert_null(at.result.identity);
	harness_run_fini(&at);

	harness_free(h);
	range_close(range);
	free(range);
}

static void an_error_of_the_call_is_an_error_of_the_sweep(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct net_address broadcast = harness_address("255.255.255.255");
	struct probe_spec spec = spec_of("80-89");
	spec.target.address = &broadcast;
	struct harness_run at = harness_run_one(h, &spec);
	assert_int_equal(at.result.state, STATE_ERROR);
	assert_true(probe_reason_is_local(at.result.reason));
	assert_false(probe_reason_is_shortage(at.result.reason));
	assert_non_null(strstr(at.result.evidence, "errno"));
	harness_run_fini(&at);
	harness_free(h);
}

static void sweeps_over_v6(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	uint16_t port = 0;
	int fd = harness_listen("::1", &port);
	struct net_address self = harness_address("::1");
	struct probe_spec spec = spec_of("1");
	spec.conf = parse_one(port);
	spec.target.address = &self;
	struct harness_run at = harness_run_one(h, &spec);
	assert_result(&at, STATE_OPEN, REASON_ALL_CLEAR, PHASE_SWEEP);
	harness_run_fini(&at);
	harness_free(h);
	close(fd);
}

static void refuses_what_is_no_set_of_ports(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "0", "9-1", "1-65536", "a", "1,,2", "-"};
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		error = NULL;
		assert_false(sweep_probe_ops.parse(
			wrong[i], NULL, conf, canonical, sizeof canonical, &error));
		assert_non_null(error);
	}
	error = NULL;
	assert_false(sweep_probe_ops.parse(
		NULL, NULL, conf, canonical, sizeof canonical, &error));
	assert_non_null(error);
}

static void writes_its_ports_in_one_way_only(void **state)
{
	(void)state;
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error;
	assert_true(sweep_probe_ops.parse("300-400,1-5,6,350-500", NULL, conf,
		canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "1-6,300-500");
}

/* As many ranges as a set can have, none cut off: the text is the flow's key. */
static void writes_even_the_longest_set_in_full(void **state)
{
	(void)state;
	char argument[PROBE_ARGUMENT_MAX] = "", canonical[PROBE_ARGUMENT_MAX];
	const char *error;
	for (int i = 0; i < PORTS_MAX_RANGES; i++)
		snprintf(argument + strlen(argument),
			sizeof argument - strlen(argument), "%s%d-%d", i ? "," : "",
			10000 + i * 10, 10005 + i * 10);
	assert_true(sweep_probe_ops.parse(
		argument, NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, argument);
}

static void dynamic_stands_for_what_the_configuration_says(void **state)
{
	(void)state;
	const struct probe_vocabulary narrow = {.dynamic_ports = "50000-50255"};
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error;
	assert_true(sweep_probe_ops.parse(
		"dynamic", &narrow, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "50000-50255");
	assert_true(sweep_probe_ops.parse(
		"dynamic", NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "49152-65535");
}

/* What is armed would fire into memory that is gone. */
static void cancelled_during_a_shortage_it_leaves_nothing_armed(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct harness_run at = {0};
	struct rlimit saved;
	harness_limit_files(1, &saved);
	harness_start(h, &spec, &at);
	for (int i = 0; i < 5; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
	harness_limit_back(&saved);
	assert_int_equal(at.dones, 0);
	assert_int_equal(at.run->n_handles, 1); /* it waits, and dials nothing */
	probe_run_cancel(at.run);
	while (at.dones == 0)
		uv_run(&h->loop, UV_RUN_NOWAIT);
	assert_int_equal(at.result.reason, REASON_CANCELLED);
	assert_false(uv_loop_alive(&h->loop));
	harness_run_fini(&at);
	harness_free(h);
	range_close(range);
	free(range);
}

int __real_deadline_arm(struct deadline_set *set, struct deadline *deadline,
	uint32_t timeout_ms, void (*expired)(struct deadline *deadline));
int __wrap_deadline_arm(struct deadline_set *set, struct deadline *deadline,
	uint32_t timeout_ms, void (*expired)(struct deadline *deadline));

static unsigned arms, unarmed; /* that succeed before those that fail */

int __wrap_deadline_arm(struct deadline_set *set, struct deadline *deadline,
	uint32_t timeout_ms, void (*expired)(struct deadline *deadline))
{
	if (arms > 0)
		arms--;
	else if (unarmed > 0)
		return unarmed--, -ENOMEM;
	return __real_deadline_arm(set, deadline, timeout_ms, expired);
}

static unsigned count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* A connect that can't be timed is hung up, and its port is asked again later. */
static void lives_without_memory_for_a_time_limit(void **state)
{
	(void)state;
	struct range *range = mixed_range();
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of_range(range);
	struct harness_run at;
	unsigned before = count_descriptors();

	arms = 30;
	unarmed = 1;
	at = harness_run_one(h, &spec);
	assert_int_equal(unarmed, 0);
	assert_mixed(&at, range->low);
	harness_run_fini(&at);
	arms = 30;
	unarmed = 2; /* nor for the pause */
	at = harness_run_one(h, &spec);
	assert_result(&at, STATE_ERROR, REASON_NO_MEMORY, PHASE_SWEEP);
	harness_run_fini(&at);
	/* libuv's epoll set of the first run may stay. */
	assert_in_range(count_descriptors(), before, before + 1);
	harness_free(h);
	range_close(range);
	free(range);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("sweep: ", &sweep),
		cmocka_unit_test(tells_every_run_of_a_mixed_range),
		cmocka_unit_test(never_uses_more_slots_than_its_window),
		cmocka_unit_test(asks_for_a_slot_for_every_connection),
		cmocka_unit_test(works_in_an_environment_without_again),
		cmocka_unit_test(lives_with_a_few_descriptors),
		cmocka_unit_test(waits_for_a_descriptor),
		cmocka_unit_test(ends_while_its_wish_for_slots_is_not_granted),
		cmocka_unit_test(a_listener_makes_it_open_and_none_makes_it_closed),
		cmocka_unit_test(an_error_of_the_call_is_an_error_of_the_sweep),
		cmocka_unit_test(sweeps_over_v6),
		cmocka_unit_test(refuses_what_is_no_set_of_ports),
		cmocka_unit_test(writes_its_ports_in_one_way_only),
		cmocka_unit_test(dynamic_stands_for_what_the_configuration_says),
		cmocka_unit_test(writes_even_the_longest_set_in_full),
		cmocka_unit_test(cancelled_during_a_shortage_it_leaves_nothing_armed),
		cmocka_unit_test(lives_without_memory_for_a_time_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
