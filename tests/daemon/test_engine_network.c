/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with real sockets on loopback, of which any 127.x.y.z is a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "tests/support/fleet.h"
#include "tests/support/loopback.h"

static void assert_result(const struct flow_result *result, enum probe_state state,
	enum probe_reason reason)
{
	assert_string_equal(probe_state_word(result->state), probe_state_word(state));
	assert_string_equal(
		probe_reason_word(result->reason), probe_reason_word(reason));
}

/* ---- the tests */

static void tells_open_from_closed(void **state)
{
	uint16_t open_port, closed_port;
	int open_fd = loopback_listen(&open_port),
	    closed_fd = loopback_refuse(&closed_port);
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 100, 2);
	fleet_check_port(&fleet, 0, open_port);
	fleet_check_port(&fleet, 1, closed_port);
	assert_int_equal(fleet_run(&fleet), 0);
	for (uint32_t h = 0; h < 100; h++) {
		const struct flow_result *result = fleet_result(&fleet, h, 0);
		assert_result(result, STATE_OPEN, REASON_SYN_ACK);
		assert_in_range(result->rtt_us, 1, 999999);
		assert_int_equal(result->phase, PHASE_CONNECT);
		assert_result(fleet_result(&fleet, h, 1), STATE_CLOSED, REASON_RST);
	}
	fleet_fini(&fleet);
	close(open_fd);
	close(closed_fd);
}

static void is_partial_when_one_address_of_two_refuses(void **state)
{
	uint16_t port;
	int fd = loopback_listen(&port); /* v4 alone */
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 1, 1);
	fleet_second_address(&fleet, 0, "::1");
	fleet_check_port(&fleet, 0, port);
	assert_int_equal(fleet_run(&fleet), 0);
	const struct flow_result *result = fleet_result(&fleet, 0, 0);
	assert_result(result, STATE_PARTIAL, REASON_ADDRESSES_DIFFER_CLEAR);
	assert_int_equal(result->clear, 3); /* a RST went through, too */
	assert_string_equal(result->detail->identity, "v4 open, v6 closed");
	assert_int_equal(result->detail->n_addresses, 2);
	assert_int_equal(result->detail->addresses[0].state, STATE_OPEN);
	assert_int_equal(result->detail->addresses[1].state, STATE_CLOSED);
	fleet_fini(&fleet);
	close(fd);
}

static void leaves_out_the_family_that_is_not_probed(void **state)
{
	uint16_t port;
	int fd = loopback_listen(&port); /* v4 alone */
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 2, 1);
	fleet_second_address(&fleet, 0, "::1");
	fleet_check_port(&fleet, 0, port);
	fleet.options.family = 6;
	for (int again = 0; again < 2; again++) {
		assert_int_equal(fleet_run(&fleet), 0);
		assert_result(fleet_result(&fleet, 0, 0), STATE_CLOSED, REASON_RST);
		assert_int_equal(fleet_result(&fleet, 0, 0)->clear, 1);
		assert_int_equal(fleet.results.hosts[0].items[0].family, 6);
		assert_result(
			fleet_result(&fleet, 1, 0), STATE_UNRESOLVED, REASON_NO_DATA);
		assert_int_equal(fleet_result(&fleet, 1, 0)->phase, PHASE_RESOLVE);
		assert_int_equal(fleet.results.hosts[1].count, 0);
	}
	fleet_fini(&fleet);
	close(fd);
}

static void finds_a_full_queue_silent_after_all_attempts(void **state)
{
	struct silence silence;
	struct fleet fleet;
	uint64_t start;

	(void)state;
	silence_open(&silence);
	fleet_init(&fleet, 50, 1);
	struct plan_check *check = fleet_check_port(&fleet, 0, silence.port);
	check->timeout_ms = 100;
	check->attempts = 2;
	start = clock_monotonic_us();
	assert_int_equal(fleet_run(&fleet), 0);
	assert_true(clock_monotonic_us() - start >= 350000);
	for (uint32_t h = 0; h < 50; h++) {
		assert_result(
			fleet_result(&fleet, h, 0), STATE_FILTERED, REASON_TIMEOUT);
		assert_int_equal(fleet_result(&fleet, h, 0)->attempts, 2);
		assert_true(fleet_result(&fleet, h, 0)->at_ms >= 350);
		assert_int_equal(fleet_result(&fleet, h, 0)->clear, 0);
	}
	fleet_fini(&fleet);
	silence_close(&silence);
}

static void silent_flows_do_not_hold_up_the_others(void **state)
{
	struct silence silence;
	pid_t acceptor;
	struct fleet fleet;
	uint16_t port;

	(void)state;
	silence_open(&silence);
	acceptor = loopback_accept(&port);
	fleet_init(&fleet, 100, 2);
	fleet_check_port(&fleet, 0, silence.port)->timeout_ms = 1500;
	fleet_check_port(&fleet, 1, port);
	fleet.options.per_host = 2;
	assert_int_equal(fleet_run(&fleet), 0);
	for (uint32_t h = 0; h < 100; h++) {
		assert_result(fleet_result(&fleet, h, 1), STATE_OPEN, REASON_SYN_ACK);
		assert_true(fleet_result(&fleet, h, 1)->at_ms <
			    fleet_result(&fleet, h, 0)->at_ms);
	}
	fleet_fini(&fleet);
	loopback_accept_end(acceptor);
	silence_close(&silence);
}

/* ---- names */

static void a_name_without_answer_disturbs_no_one(void **state)
{
	uint16_t port, dns_port;
	int fd = loopback_listen(&port), dns = loopback_bind(SOCK_DGRAM, &dns_port);
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 60, 2);
	fleet_check_port(&fleet, 0, port);
	fleet_check_port(&fleet, 1, port);
	for (uint32_t h = 0; h < 60; h += 2) {
		fleet.plan.hosts[h].dial_name = "nobody.corp.example";
		fleet.plan.hosts[h].n_addresses = 0;
		fleet.results.hosts[h].count = 0;
	}
	assert_true(net_address_parse("127.0.0.1", &fleet.options.dns[0].address));
	fleet.options.dns[0].port = dns_port;
	fleet.options.n_dns = 1;
	assert_int_equal(fleet_run(&fleet), 0);
	for (uint32_t h = 0; h < 60; h++) {
		const struct flow_result *result = fleet_result(&fleet, h, 1);
		if (h % 2) {
			assert_result(result, STATE_OPEN, REASON_SYN_ACK);
			continue;
		}
		assert_result(result, STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
		assert_true(fleet.results.hosts[h].by_server);
		assert_int_equal(result->phase, PHASE_RESOLVE);
		assert_int_equal(result->attempts, 0);
		assert_true(result->at_ms > fleet_result(&fleet, 1, 0)->at_ms);
	}
	fleet_fini(&fleet);
	close(fd);
	close(dns);
}

static void cancel_at_progress(void *data, const struct engine_progress *progress)
{
	(void)progress;
	engine_cancel(*(struct engine **)data);
}

static void cancels_while_names_are_looked_up(void **state)
{
	uint64_t start = clock_monotonic_us();
	uint16_t port;
	int dns = loopback_bind(SOCK_DGRAM, &port), room = 1 << 20, asked = 0;
	struct engine *engine;
	struct fleet fleet;
	char question[512];

	(void)state;
	assert_int_equal(setsockopt(dns, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
	fleet_init(&fleet, 600, 1);
	fleet_check_port(&fleet, 0, 9);
	for (uint32_t h = 0; h < 600; h++) {
		fleet.plan.hosts[h].dial_name = "nobody.corp.example";
		fleet.plan.hosts[h].n_addresses = 0;
		fleet.results.hosts[h].count = 0;
	}
	assert_true(net_address_parse("127.0.0.1", &fleet.options.dns[0].address));
	fleet.options.dns[0].port = port;
	fleet.options.n_dns = 1;
	fleet.options.dns_timeout_ms = 60000;
	fleet.options.family = 4; /* one question a name */
	fleet.options.progress = cancel_at_progress;
	fleet.options.progress_data = &engine;
	assert_int_equal(engine_new(&fleet.options, &engine), 0);
	assert_int_equal(
		engine_run(engine, &fleet.plan, NULL, 0, &fleet.results), -ECANCELED);
	assert_true(clock_monotonic_us() - start < 20000000);
	for (uint32_t h = 0; h < 600; h++)
		assert_result(
			fleet_result(&fleet, h, 0), STATE_ERROR, REASON_CANCELLED);
	while (recv(dns, question, sizeof question, MSG_DONTWAIT) > 0)
		asked++;
	assert_int_equal(asked, 256); /* at once, and no more */
	engine_free(engine);
	fleet_fini(&fleet);
	close(dns);
}

struct lookups {
	struct fleet *fleet;
	struct engine *engine;
	uint32_t before;
};

static uint32_t count_resolved(const struct fleet *fleet)
{
	uint32_t count = 0;

	for (uint32_t h = 0; h < fleet->plan.n_hosts; h++)
		count += fleet->results.hosts[h].resolved;
	return count;
}

static void cancel_when_lookups_stop(void *data, const struct engine_progress *progress)
{
	struct lookups *lookups = data;
	uint32_t now = count_resolved(lookups->fleet);

	(void)progress;
	if (now > 0 && now == lookups->before)
		engine_cancel(lookups->engine);
	lookups->before = now;
}

/* Where nothing may start, an address that is looked up now is old when it is used. */
static void looks_up_no_more_names_than_are_soon_probed(void **state)
{
	struct fleet fleet;
	struct lookups lookups = {.fleet = &fleet};

	(void)state;
	fleet_init(&fleet, 4500, 1);
	fleet_check_port(&fleet, 0, 9);
	for (uint32_t h = 0; h < 4500; h++) {
		fleet.plan.hosts[h].dial_name = "localhost"; /* of the hosts file */
		fleet.plan.hosts[h].n_addresses = 0;
		fleet.results.hosts[h].count = 0;
	}
	fleet.options.rate_per_hour = 1;
	fleet.options.progress = cancel_when_lookups_stop;
	fleet.options.progress_data = &lookups;
	assert_int_equal(engine_new(&fleet.options, &lookups.engine), 0);
	assert_int_equal(
		engine_run(lookups.engine, &fleet.plan, NULL, 0, &fleet.results),
		-ECANCELED);
	/* The rate's first start is free. */
	assert_in_range(count_resolved(&fleet), 4096, 4097);
	engine_free(lookups.engine);
	fleet_fini(&fleet);
}

static void probes_every_address_of_a_name(void **state)
{
	uint16_t port;
	int fd = loopback_refuse(&port);
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 2, 1);
	fleet_check_port(&fleet, 0, port);
	fleet.plan.hosts[0].dial_name = "localhost"; /* of the hosts file */
	fleet.plan.hosts[0].n_addresses = 0;
	fleet.results.hosts[0].count = 0;
	for (int again = 0; again < 2; again++) {
		assert_int_equal(fleet_run(&fleet), 0);
		assert_true(fleet.results.hosts[0].resolved);
		assert_in_range(fleet.results.hosts[0].count, 1, 8);
		assert_false(fleet.results.hosts[1].resolved);
		assert_result(fleet_result(&fleet, 0, 0), STATE_CLOSED, REASON_RST);
		assert_int_equal(fleet_result(&fleet, 0, 0)->clear,
			(1U << fleet.results.hosts[0].count) - 1);
	}
	fleet_fini(&fleet);
	close(fd);
}

/* ---- descriptors; in processes of their own, whose limits are lowered for good */

enum {
	NOT_LOWERED = 77
};

static void run_in_a_child(int (*body)(uint16_t port), uint16_t port)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = {64, 64};
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(errno == EPERM ? NOT_LOWERED : 99);
		_exit(body(port));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	/* valgrind has a hard limit of its own and lets no one touch it */
	if (WEXITSTATUS(status) != NOT_LOWERED)
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* Hundreds of flows of which each hangs for a while, where dozens fit. */
static int scan_with_few(uint16_t port)
{
	struct fleet fleet;
	int rc = 0;

	fleet_init(&fleet, 400, 1);
	fleet_check_port(&fleet, 0, port)->timeout_ms = 50;
	if (fleet_run(&fleet) != 0)
		rc = 1;
	for (uint32_t h = 0; h < 400 && rc == 0; h++)
		if (fleet_result(&fleet, h, 0)->state != STATE_FILTERED)
			rc = 2;
	fleet_fini(&fleet);
	return rc;
}

static void stays_within_64_descriptors(void **state)
{
	struct silence silence;

	(void)state;
	silence_open(&silence);
	run_in_a_child(scan_with_few, silence.port);
	silence_close(&silence);
}

/* Takes every descriptor there is at the first progress, gives them back later. */
struct hog {
	int fds[64];
	uint32_t count, calls;
	uint64_t shortages;
	bool forever;
};

static void hog_at_progress(void *data, const struct engine_progress *progress)
{
	struct hog *hog = data;
	int fd;

	hog->shortages = progress->shortages;
	hog->calls++;
	while (hog->calls == 1 && hog->count < 64 && (fd = dup(2)) >= 0)
		hog->fds[hog->count++] = fd;
	if (hog->calls == 5 && !hog->forever)
		while (hog->count > 0)
			close(hog->fds[--hog->count]);
}

static int scan_with_a_hog(uint16_t port, bool forever)
{
	struct hog hog = {.forever = forever};
	struct fleet fleet;
	int rc = 0, measured = 0;

	fleet_init(&fleet, 600, 1);
	fleet_check_port(&fleet, 0, port);
	fleet.options.rate_per_hour = UINT64_C(1200) * 3600;
	fleet.options.patience_ms = forever ? 300 : 10000;
	fleet.options.progress = hog_at_progress;
	fleet.options.progress_data = &hog;
	if (fleet_run(&fleet) != 0)
		return 1;
	for (uint32_t h = 0; h < 600; h++) {
		const struct flow_result *result = fleet_result(&fleet, h, 0);
		measured += result->state == STATE_OPEN;
		if (result->state == STATE_OPEN)
			continue;
		if (result->state != STATE_ERROR ||
			result->reason != REASON_NO_DESCRIPTOR)
			rc = 2;
	}
	if (hog.shortages == 0)
		rc = 3;
	if (forever ? measured == 600 || measured == 0 : measured != 600)
		rc = 4;
	fleet_fini(&fleet);
	return rc;
}

static int scan_with_a_passing_hog(uint16_t port)
{
	return scan_with_a_hog(port, false);
}

static int scan_with_a_lasting_hog(uint16_t port)
{
	return scan_with_a_hog(port, true);
}

static void waits_until_descriptors_are_back(void **state)
{
	pid_t acceptor;
	uint16_t port;

	(void)state;
	acceptor = loopback_accept(&port);
	run_in_a_child(scan_with_a_passing_hog, port);
	loopback_accept_end(acceptor);
}

static void takes_no_shortage_for_an_answer(void **state)
{
	pid_t acceptor;
	uint16_t port;

	(void)state;
	acceptor = loopback_accept(&port);
	run_in_a_child(scan_with_a_lasting_hog, port);
	loopback_accept_end(acceptor);
}

/* ---- traces */

struct lines {
	char text[32][256];
	uint32_t count;
};

static void take_line(void *data, uint32_t flow, uint64_t elapsed_us, const char *phase,
	const char *text)
{
	struct lines *lines = data;

	(void)elapsed_us;
	assert_int_equal(flow, 0);
	if (lines->count < ARRAY_SIZE(lines->text))
		snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s: %s",
			phase, text);
}

static void traces_every_attempt(void **state)
{
	struct lines lines = {.count = 0};
	struct silence silence;
	struct fleet fleet;

	(void)state;
	silence_open(&silence);
	fleet_init(&fleet, 1, 1);
	struct plan_check *check = fleet_check_port(&fleet, 0, silence.port);
	check->timeout_ms = 50;
	check->attempts = 2;
	fleet.options.observer = take_line;
	fleet.options.observer_data = &lines;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_int_equal(lines.count, 2);
	assert_non_null(strstr(lines.text[0],
		"connect: 127.1.0.0: attempt 1: filtered, timeout after "));
	assert_non_null(strstr(lines.text[1],
		"connect: 127.1.0.0: attempt 2: filtered, timeout after "));
	fleet_fini(&fleet);
	silence_close(&silence);
}

static void traces_a_lookup(void **state)
{
	struct lines lines = {.count = 0};
	struct fleet fleet;
	uint16_t port;
	int fd = loopback_listen(&port);

	(void)state;
	fleet_init(&fleet, 1, 1);
	fleet_check_port(&fleet, 0, port);
	fleet.plan.hosts[0].dial_name = "localhost";
	fleet.plan.hosts[0].n_addresses = 0;
	fleet.options.observer = take_line;
	fleet.options.observer_data = &lines;
	assert_int_equal(fleet_run(&fleet), 0);
	assert_in_range(lines.count, 2, 9);
	assert_non_null(strstr(lines.text[0], "resolve: localhost -> "));
	assert_non_null(strstr(lines.text[0], "127.0.0.1"));
	assert_non_null(strstr(lines.text[0], " in "));
	fleet_fini(&fleet);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_open_from_closed),
		cmocka_unit_test(is_partial_when_one_address_of_two_refuses),
		cmocka_unit_test(leaves_out_the_family_that_is_not_probed),
		cmocka_unit_test(finds_a_full_queue_silent_after_all_attempts),
		cmocka_unit_test(silent_flows_do_not_hold_up_the_others),
		cmocka_unit_test(a_name_without_answer_disturbs_no_one),
		cmocka_unit_test(cancels_while_names_are_looked_up),
		cmocka_unit_test(looks_up_no_more_names_than_are_soon_probed),
		cmocka_unit_test(probes_every_address_of_a_name),
		cmocka_unit_test(stays_within_64_descriptors),
		cmocka_unit_test(waits_until_descriptors_are_back),
		cmocka_unit_test(takes_no_shortage_for_an_answer),
		cmocka_unit_test(traces_every_attempt),
		cmocka_unit_test(traces_a_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
