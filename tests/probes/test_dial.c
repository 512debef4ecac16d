/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>

#include "probes/net/dial.h"

#define HOST "127.0.0.1"

/* A kind whose one run holds a dialer and a line, and notes what is answered. */
struct caller {
	struct probe_run run;
	struct dialer dialer;
	struct dial_line line;
	unsigned answers;
	struct sockerr last;
};

static struct net_address host;

static void on_answer(
	struct dialer *dialer, struct dial_line *line, const struct sockerr *answer)
{
	struct caller *caller = CONTAINER_OF(dialer, struct caller, dialer);
	assert_ptr_equal(line, &caller->line);
	assert_false(line->dialling);
	caller->answers++;
	caller->last = *answer;
	uv_stop(caller->run.env->loop);
}

static int caller_start(struct probe_run *run)
{
	struct caller *caller = CONTAINER_OF(run, struct caller, run);
	dialer_init(&caller->dialer);
	dial_line_init(&caller->line);
	return dialer_open(&caller->dialer, run, &host, on_answer);
}

static void caller_stop(struct probe_run *run)
{
	dial_hang_up(&CONTAINER_OF(run, struct caller, run)->line);
}

static void caller_fini(struct probe_run *run)
{
	dialer_close(&CONTAINER_OF(run, struct caller, run)->dialer);
}

static const struct probe_ops caller_ops = {
	.name = "caller",
	.flags = PROBE_PACED,
	.run_size = sizeof(struct caller),
	.start = caller_start,
	.stop = caller_stop,
	.fini = caller_fini,
};

struct scene {
	struct harness *h;
	struct harness_run at;
	struct caller *caller;
	struct sockerr err;
};

static void scene_open(struct scene *s)
{
	struct probe_spec spec = {.ops = &caller_ops, .window = 1};
	memset(s, 0, sizeof *s);
	host = harness_address(HOST);
	s->h = harness_new();
	harness_start(s->h, &spec, &s->at);
	s->caller = CONTAINER_OF(s->at.run, struct caller, run);
}

static void scene_close(struct scene *s)
{
	probe_run_cancel(s->at.run);
	harness_until_idle(s->h);
	assert_int_equal(s->at.dones, 1);
	harness_free(s->h);
}

/* Dials a port and waits for its answer. */
static enum probe_state ask(struct scene *s, uint16_t port)
{
	unsigned before = s->caller->answers;
	if (!dial_start(&s->caller->dialer, &s->caller->line, port, &s->err))
		return s->err.state;
	harness_until_idle(s->h);
	assert_int_equal(s->caller->answers, before + 1);
	return s->caller->last.state;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_line_that_met_a_reset_keeps_its_socket(void **state)
{
	(void)state;
	struct scene s;
	uint16_t ports[3] = {0, 0, 0};
	int holders[3];
	scene_open(&s);
	for (int i = 0; i < 3; i++)
		holders[i] = harness_refuse(HOST, &ports[i]);
	assert_int_equal(ask(&s, ports[0]), STATE_CLOSED);
	int fd = s.caller->line.fd;
	assert_true(fd >= 0);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(ask(&s, ports[i % 3]), STATE_CLOSED);
		assert_int_equal(s.caller->line.fd, fd);
	}
	for (int i = 0; i < 3; i++)
		close(holders[i]);
	scene_close(&s);
	assert_false(is_open(fd));
}

static void a_reused_line_sees_a_listener_and_the_other_way_round(void **state)
{
	(void)state;
	struct scene s;
	uint16_t closed = 0, open = 0;
	scene_open(&s);
	int holder = harness_refuse(HOST, &closed);
	int listener = harness_listen(HOST, &open);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ask(&s, closed), STATE_CLOSED);
		assert_int_equal(ask(&s, open), STATE_OPEN);
		/* A connection is closed at once. */
		assert_int_equal(s.caller->line.fd, -1);
	}
	close(holder);
	close(listener);
	scene_close(&s);
}

static void a_connection_ends_with_a_reset(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	char byte;
	scene_open(&s);
	int listener = harness_listen(HOST, &port);
	assert_int_equal(ask(&s, port), STATE_OPEN);
	int peer = accept(listener, NULL, NULL);
	assert_int_equal(read(peer, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close(peer);
	close(listener);
	scene_close(&s);
}

/*
 * Where a host sweeps itself, a socket's local port may be the port it dials: here it
 * is made so, by binding the idle socket of a line.
 */
static void a_line_that_meets_itself_found_nobody(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	struct sockaddr_storage ss;
	scene_open(&s);
	int holder = harness_refuse(HOST, &port);
	assert_int_equal(ask(&s, port), STATE_CLOSED);
	close(holder);
	socklen_t length = net_address_to_sockaddr(&host, port, &ss);
	const int on = 1;
	setsockopt(s.caller->line.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	assert_int_equal(bind(s.caller->line.fd, (struct sockaddr *)&ss, length), 0);
	assert_int_equal(ask(&s, port), STATE_CLOSED);
	assert_int_equal(s.caller->last.reason, REASON_RST);
	scene_close(&s);
}

static void silence_at_the_time_limit_is_filtered(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	int filler;
	scene_open(&s);
	int holder = harness_silence(HOST, &port, &filler);
	struct caller *caller = s.caller;
	assert_true(dial_start(&caller->dialer, &caller->line, port, &s.err));
	uv_run(&s.h->loop, UV_RUN_NOWAIT);
	dial_expire(&caller->dialer, &caller->line, &s.err);
	assert_int_equal(s.err.state, STATE_FILTERED);
	assert_int_equal(s.err.reason, REASON_TIMEOUT);
	assert_int_equal(caller->line.fd, -1);
	assert_int_equal(caller->answers, 0);
	close(filler);
	close(holder);
	scene_close(&s);
}

static void an_answer_at_the_time_limit_counts(void **state)
{
	(void)state;
	struct scene s;
	uint16_t closed = 0, open = 0;
	scene_open(&s);
	struct caller *caller = s.caller;
	int holder = harness_refuse(HOST, &closed);
	int listener = harness_listen(HOST, &open);
	/* On loopback the answer is there before the loop turns. */
	assert_true(dial_start(&caller->dialer, &caller->line, closed, &s.err));
	dial_expire(&caller->dialer, &caller->line, &s.err);
	assert_int_equal(s.err.state, STATE_CLOSED);
	assert_true(dial_start(&caller->dialer, &caller->line, open, &s.err));
	dial_expire(&caller->dialer, &caller->line, &s.err);
	assert_int_equal(s.err.state, STATE_OPEN);
	/* And is not told again. */
	uv_run(&s.h->loop, UV_RUN_NOWAIT);
	assert_int_equal(caller->answers, 0);
	close(holder);
	close(listener);
	scene_close(&s);
}

/* The socket of an idle line reports itself to epoll; the loop must not spin on it. */
static void an_idle_line_does_not_wake_the_loop_for_ever(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	scene_open(&s);
	int holder = harness_refuse(HOST, &port);
	assert_int_equal(ask(&s, port), STATE_CLOSED);
	unsigned events = 0;
	for (int i = 0; i < 10; i++) {
		struct pollfd item = {
			.fd = uv_backend_fd(&s.h->loop), .events = POLLIN};
		uv_run(&s.h->loop, UV_RUN_NOWAIT);
		events += poll(&item, 1, 0) > 0;
	}
	assert_in_range(events, 0, 1);
	close(holder);
	scene_close(&s);
}

static void hanging_up_may_be_repeated(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	scene_open(&s);
	int listener = harness_listen(HOST, &port);
	assert_true(dial_start(&s.caller->dialer, &s.caller->line, port, &s.err));
	dial_hang_up(&s.caller->line);
	dial_hang_up(&s.caller->line);
	uv_run(&s.h->loop, UV_RUN_NOWAIT);
	assert_int_equal(s.caller->answers, 0);
	close(listener);
	scene_close(&s);
}

static void without_a_descriptor_it_says_so(void **state)
{
	(void)state;
	struct scene s;
	struct rlimit saved;
	scene_open(&s);
	harness_limit_files(0, &saved);
	assert_false(dial_start(&s.caller->dialer, &s.caller->line, 9, &s.err));
	harness_limit_back(&saved);
	assert_int_equal(s.err.state, STATE_ERROR);
	assert_int_equal(s.err.reason, REASON_NO_DESCRIPTOR);
	scene_close(&s);
}

/* It may have connected a moment before: no TIME_WAIT is to stay for each of them. */
static void a_connect_that_is_given_up_ends_with_a_reset(void **state)
{
	(void)state;
	struct scene s;
	uint16_t port = 0;
	char byte;
	scene_open(&s);
	int listener = harness_listen(HOST, &port);
	assert_true(dial_start(&s.caller->dialer, &s.caller->line, port, &s.err));
	dial_hang_up(&s.caller->line);
	int peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(read(peer, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close(peer);
	close(listener);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_met_a_reset_keeps_its_socket),
		cmocka_unit_test(a_reused_line_sees_a_listener_and_the_other_way_round),
		cmocka_unit_test(a_connection_ends_with_a_reset),
		cmocka_unit_test(a_line_that_meets_itself_found_nobody),
		cmocka_unit_test(silence_at_the_time_limit_is_filtered),
		cmocka_unit_test(an_answer_at_the_time_limit_counts),
		cmocka_unit_test(an_idle_line_does_not_wake_the_loop_for_ever),
		cmocka_unit_test(hanging_up_may_be_repeated),
		cmocka_unit_test(without_a_descriptor_it_says_so),
		cmocka_unit_test(a_connect_that_is_given_up_ends_with_a_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
