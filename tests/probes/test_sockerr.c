/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP from routers needs namespaces of its own: tests/lab has that part. */
#include "harness.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "probes/net/sockerr.h"

static struct net_address target;

/* A socket whose connect to the port has ended or is under way. */
static int dial(const char *host, uint16_t port)
{
	struct sockaddr_storage ss;
	target = harness_address(host);
	socklen_t length = net_address_to_sockaddr(&target, port, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(sockerr_prepare(fd, &target), 0);
	int rc = connect(fd, (struct sockaddr *)&ss, length);
	assert_true(rc == 0 || errno == EINPROGRESS);
	return fd;
}

static void await(int fd)
{
	struct pollfd item = {.fd = fd, .events = POLLOUT};
	assert_int_equal(poll(&item, 1, 5000), 1);
}

static int so_error(int fd)
{
	int error;
	socklen_t length = sizeof error;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	return error;
}

static void assert_err(
	const struct sockerr *err, enum probe_state state, enum probe_reason reason)
{
	assert_string_equal(probe_state_word(err->state), probe_state_word(state));
	assert_string_equal(probe_reason_word(err->reason), probe_reason_word(reason));
}

static void a_listener_is_open(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	for (int i = 0; i < 2; i++) {
		uint16_t port = 0;
		struct sockerr err;
		int listener = harness_listen(hosts[i], &port);
		int fd = dial(hosts[i], port);
		await(fd);
		sockerr_from_event(fd, -so_error(fd), &target, &err);
		assert_err(&err, STATE_OPEN, REASON_SYN_ACK);
		assert_int_equal(err.error, 0);
		assert_null(sockerr_evidence(&err));
		close(fd);
		close(listener);
	}
}

static void a_reset_is_closed_and_leaves_no_icmp(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	for (int i = 0; i < 2; i++) {
		uint16_t port = 0;
		struct sockerr err;
		int holder = harness_refuse(hosts[i], &port);
		int fd = dial(hosts[i], port);
		await(fd);
		assert_false(sockerr_from_queue(fd, &target, &err));
		sockerr_from_event(fd, -so_error(fd), &target, &err);
		assert_err(&err, STATE_CLOSED, REASON_RST);
		assert_int_equal(err.error, ECONNREFUSED);
		assert_false(err.has_icmp);
		assert_null(sockerr_evidence(&err));
		close(fd);
		close(holder);
	}
}

static void a_pending_answer_is_noticed(void **state)
{
	(void)state;
	uint16_t port = 0;
	int status = 1, filler;
	int holder = harness_refuse("127.0.0.1", &port);
	int fd = dial("127.0.0.1", port);
	await(fd);
	assert_true(sockerr_pending(fd, &status));
	assert_int_equal(status, UV_ECONNREFUSED);
	close(fd);
	close(holder);

	port = 0;
	int listener = harness_listen("127.0.0.1", &port);
	fd = dial("127.0.0.1", port);
	await(fd);
	assert_true(sockerr_pending(fd, &status));
	assert_int_equal(status, 0);
	close(fd);
	close(listener);

	port = 0;
	holder = harness_silence("127.0.0.1", &port, &filler);
	fd = dial("127.0.0.1", port);
	assert_false(sockerr_pending(fd, &status));
	close(fd);
	close(filler);
	close(holder);
}

static void events_of_the_kernel_have_states(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum probe_state state;
		enum probe_reason reason;
	} table[] = {
		{UV_ETIMEDOUT, STATE_FILTERED, REASON_TIMEOUT},
		/* A reset that follows the handshake: somebody did accept. */
		{UV_ECONNRESET, STATE_OPEN, REASON_SYN_ACK},
		{UV_ECONNREFUSED, STATE_CLOSED, REASON_RST},
		/* Nothing in the queue says who found that. */
		{UV_EHOSTUNREACH, STATE_ERROR, REASON_LOCAL_ERROR},
		{UV_ENETUNREACH, STATE_ERROR, REASON_LOCAL_ERROR},
		{UV_ENOBUFS, STATE_ERROR, REASON_NO_BUFFERS},
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	target = harness_address("127.0.0.1");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct sockerr err;
		sockerr_from_event(fd, table[i].status, &target, &err);
		assert_err(&err, table[i].state, table[i].reason);
		assert_int_equal(err.error, -table[i].status);
	}
	close(fd);
}

static void a_call_that_fails_is_local_trouble(void **state)
{
	(void)state;
	static const struct {
		int code;
		enum probe_reason reason;
	} table[] = {
		{UV_ENETUNREACH, REASON_NO_ROUTE},
		{UV_EHOSTUNREACH, REASON_NO_ROUTE},
		{UV_EINVAL, REASON_NO_ROUTE},
		{UV_EACCES, REASON_LOCAL_FIREWALL},
		{UV_EPERM, REASON_LOCAL_FIREWALL},
		{UV_EADDRNOTAVAIL, REASON_NO_PORT},
		{UV_EAGAIN, REASON_NO_PORT},
		{UV_EMFILE, REASON_NO_DESCRIPTOR},
		{UV_ENFILE, REASON_NO_DESCRIPTOR},
		{UV_ENOBUFS, REASON_NO_BUFFERS},
		{UV_ENOMEM, REASON_NO_BUFFERS},
		{UV_EAFNOSUPPORT, REASON_NO_FAMILY},
		{UV_EIO, REASON_LOCAL_ERROR},
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct sockerr err;
		sockerr_from_call(table[i].code, &err);
		assert_err(&err, STATE_ERROR, table[i].reason);
		char expected[64];
		snprintf(expected, sizeof expected, "{\"errno\":\"%s\"}",
			uv_err_name(table[i].code));
		char *evidence = sockerr_evidence(&err);
		assert_string_equal(evidence, expected);
		free(evidence);
	}
}

/* Some systems refuse a connect to a closed port of their own at once. */
static void a_call_that_is_refused_met_a_reset(void **state)
{
	(void)state;
	struct sockerr err;
	sockerr_from_call(UV_ECONNREFUSED, &err);
	assert_err(&err, STATE_CLOSED, REASON_RST);
}

static void evidence_names_type_code_and_sender(void **state)
{
	(void)state;
	struct sockerr err = {
		.state = STATE_PROHIBITED,
		.reason = REASON_ICMP_ADMIN_PROHIBITED,
		.error = EHOSTUNREACH,
		.has_icmp = true,
		.icmp_type = 3,
		.icmp_code = 13,
		.icmp_sender = harness_address("192.0.2.1"),
	};
	char *evidence = sockerr_evidence(&err);
	assert_string_equal(evidence,
		"{\"icmp\":{\"type\":3,\"code\":13,\"sender\":\"192.0.2.1\"},"
		"\"errno\":\"EHOSTUNREACH\"}");
	free(evidence);

	err.icmp_sender = harness_address("2001:db8::1");
	err.error = 0;
	evidence = sockerr_evidence(&err);
	assert_string_equal(evidence,
		"{\"icmp\":{\"type\":3,\"code\":13,\"sender\":\"2001:db8::1\"}}");
	free(evidence);
}

bool __wrap_unsent_without_cause(int fd);

/* As where an output rule keeps what was written. */
bool __wrap_unsent_without_cause(int fd)
{
	(void)fd;
	return true;
}

static unsigned count_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void looking_for_a_route_leaves_no_descriptor(void **state)
{
	(void)state;
	uint16_t port = 0;
	struct sockerr err;
	int listener = harness_listen("127.0.0.1", &port);
	int fd = dial("127.0.0.1", port);
	unsigned before = count_descriptors();

	for (int i = 0; i < 3; i++) {
		assert_true(sockerr_kept_back(fd, &target, &err));
		assert_err(&err, STATE_ERROR, REASON_LOCAL_FIREWALL);
	}
	assert_int_equal(count_descriptors(), before);
	close(fd);
	close(listener);
}

/* This machine's own kernel gave up on a silent neighbour: that took a second, and is
 * no round trip. */
static void what_came_over_the_network_is_an_answer(void **state)
{
	(void)state;
	static const struct {
		struct sockerr err;
		bool is_answer;
	} cases[] = {
		{{.state = STATE_OPEN, .reason = REASON_SYN_ACK}, true},
		{{.state = STATE_CLOSED, .reason = REASON_RST}, true},
		{{.state = STATE_FILTERED, .reason = REASON_TIMEOUT}, false},
		{{.state = STATE_UNREACHABLE,
			 .reason = REASON_ICMP_HOST_UNREACHABLE,
			 .has_icmp = true},
			true},
		{{.state = STATE_PROHIBITED,
			 .reason = REASON_ICMP_ADMIN_PROHIBITED,
			 .has_icmp = true},
			true},
		{{.state = STATE_UNREACHABLE,
			 .reason = REASON_NEIGHBOUR_SILENT,
			 .has_icmp = true},
			false},
		{{.state = STATE_UNREACHABLE, .reason = REASON_NEIGHBOUR_SILENT},
			false},
		{{.state = STATE_ERROR, .reason = REASON_NO_GATEWAY, .has_icmp = true},
			false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(sockerr_is_answer(&cases[i].err), cases[i].is_answer);
}

/* The kernel's own repetition of the SYN, after a second, was let through: the silence
 * is not this machine's. */
static void a_repetition_that_left_is_plain_silence(void **state)
{
	(void)state;
	uint16_t port = 0;
	int filler;
	int holder = harness_silence("127.0.0.1", &port, &filler);
	int fd = dial("127.0.0.1", port);
	struct pollfd item = {.fd = fd, .events = POLLOUT};
	struct tcp_info info = {0};
	struct sockerr err;

	for (int i = 0; i < 500 && info.tcpi_total_retrans == 0; i++) {
		socklen_t length = sizeof info;
		assert_int_equal(poll(&item, 1, 10), 0);
		assert_int_equal(
			getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
	}
	assert_true(info.tcpi_total_retrans > 0);
	sockerr_from_silence(fd, &target, &err);
	assert_err(&err, STATE_FILTERED, REASON_TIMEOUT);
	close(fd);
	close(filler);
	close(holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_open),
		cmocka_unit_test(a_reset_is_closed_and_leaves_no_icmp),
		cmocka_unit_test(a_pending_answer_is_noticed),
		cmocka_unit_test(events_of_the_kernel_have_states),
		cmocka_unit_test(a_call_that_fails_is_local_trouble),
		cmocka_unit_test(a_call_that_is_refused_met_a_reset),
		cmocka_unit_test(evidence_names_type_code_and_sender),
		cmocka_unit_test(looking_for_a_route_leaves_no_descriptor),
		cmocka_unit_test(what_came_over_the_network_is_an_answer),
		cmocka_unit_test(a_repetition_that_left_is_plain_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
