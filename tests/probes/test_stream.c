/* SPDX-License-Identifier: Apache-2.0 */
/* How a stream ends, serves again, and is cancelled. */
#include "stream_scene.h"

/* --- how it ends --- */

static void silence_is_told_when_the_time_is_up(void **state)
{
	(void)state;
	assert_ended(&(struct speaker_script){.size = 0}, STREAM_SILENT);
	assert_ended(
		&(struct speaker_script){.bytes = eight, .size = 7}, STREAM_SILENT);
	assert_int_equal(seen.unused, 7);
}

static void a_close_is_told(void **state)
{
	(void)state;
	assert_ended(&(struct speaker_script){.end = SPEAKER_CLOSES}, STREAM_CLOSED);
	assert_ended(
		&(struct speaker_script){
			.bytes = eight, .size = 7, .end = SPEAKER_CLOSES},
		STREAM_CLOSED);
	assert_int_equal(seen.unused, 7);
}

/* Right behind bytes, libuv calls it an end of file. */
static void a_reset_is_told(void **state)
{
	(void)state;
	assert_ended(&(struct speaker_script){.end = SPEAKER_RESETS}, STREAM_RESET);
	assert_ended(
		&(struct speaker_script){
			.bytes = eight, .size = 7, .end = SPEAKER_RESETS},
		STREAM_RESET);
	assert_ended(&(struct speaker_script){.bytes = eight,
			     .size = 7,
			     .drips = true,
			     .end = SPEAKER_RESETS},
		STREAM_RESET);
}

/* The handshake, and a reset, before the loop looks: accepted all the same. */
static void a_reset_right_after_the_handshake_is_told(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 2000);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	reset(scene_accept(&s));
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_FAILED, REASON_PEER_RESET, PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	scene_end(&s);
}

static int listener;

static void reset_the_newcomer(void)
{
	int peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	reset(peer);
}

/* The reset comes between the handshake and the question, which takes its error. */
static void a_question_to_nobody_is_no_local_trouble(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 2000);
	scene_listen(&s);
	listener = s.fd;
	script.interlude = reset_the_newcomer;
	scene_run(&s);
	assert_result(&s.run, STATE_FAILED, REASON_PEER_RESET, PHASE_RDP);
	scene_end(&s);
}

/* Whoever looks at the socket takes its error, and libuv sees an end of file. */
static void a_reset_that_was_seen_before_is_no_close(void **state)
{
	(void)state;
	static const uint64_t late_ms[] = {0, 130};
	for (size_t i = 0; i < ARRAY_SIZE(late_ms); i++) {
		struct scene s;
		set_up(NULL);
		script.mute = true;
		scene_prepare(&s, 100);
		scene_listen(&s);
		harness_start(s.h, &s.spec, &s.run);
		reset(scene_accept(&s));
		busy_ms(late_ms[i]);
		harness_until_idle(s.h);
		assert_result(&s.run, STATE_FAILED, REASON_PEER_RESET, PHASE_RDP);
		assert_int_equal(seen.connected, 1);
		scene_end(&s);
	}
}

static void whoever_speaks_and_leaves_unasked_is_heard(void **state)
{
	(void)state;
	struct scene s;
	play(&(struct speaker_script){.bytes = eight,
		     .size = 8,
		     .end = SPEAKER_CLOSES,
		     .unasked = true},
		2000, &s);
	assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
	scene_end(&s);
}

static void a_refusal_is_that_of_the_connect(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 2000);
	s.fd = harness_refuse("127.0.0.1", &script.port);
	scene_run(&s);
	assert_result(&s.run, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	assert_int_equal(seen.refused, 1);
	assert_int_equal(seen.connected, 0);
	assert_true(s.run.result.rtt_us >= 1);
	scene_end(&s);
}

static void silence_before_the_handshake_is_filtered(void **state)
{
	(void)state;
	struct scene s;
	int filler;
	scene_prepare(&s, 120);
	s.fd = harness_silence("127.0.0.1", &script.port, &filler);
	scene_run(&s);
	assert_result(&s.run, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	assert_int_equal(s.run.result.rtt_us, 0);
	assert_int_equal(seen.refused, 1);
	close(filler);
	scene_end(&s);
}

static void a_call_that_is_refused_is_local_trouble(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 500);
	s.address = harness_address("255.255.255.255");
	script.port = 80;
	scene_run(&s);
	assert_int_equal(s.run.result.state, STATE_ERROR);
	assert_int_equal(seen.refused, 1);
	scene_end(&s);
}

static void without_a_descriptor_it_is_local_trouble(void **state)
{
	(void)state;
	struct scene s;
	struct rlimit saved;
	scene_prepare(&s, 500);
	scene_listen(&s);
	harness_limit_files(0, &saved);
	scene_run(&s);
	harness_limit_back(&saved);
	assert_result(&s.run, STATE_ERROR, REASON_NO_DESCRIPTOR, PHASE_CONNECT);
	scene_end(&s);
}

/* No TIME_WAIT is left here: the peer sees a reset. */
static void gives_up_with_a_reset(void **state)
{
	(void)state;
	struct scene s;
	char bytes[16];
	scene_prepare(&s, 2000);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(read(peer, bytes, sizeof bytes), 8);
	assert_memory_equal(bytes, "question", 8);
	assert_int_equal(write(peer, eight, 8), 8);
	harness_until_idle(s.h);
	assert_int_equal(s.run.result.state, STATE_OPEN);
	assert_int_equal(read(peer, bytes, sizeof bytes), -1);
	assert_int_equal(errno, ECONNRESET);
	close(peer);
	scene_end(&s);
}

/* --- one connection after another --- */

static void the_same_memory_serves_again(void **state)
{
	(void)state;
	static const bool agains[] = {true, false};
	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		set_up(NULL);
		script.connections = 5;
		scene_prepare(&s, 2000);
		s.h->says_again = agains[i];
		/* More than is asked for, so that something is kept at each close. */
		scene_speak(&s, &(struct speaker_script){.bytes = many, .size = 12}, 1);
		scene_run(&s);
		assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
		assert_int_equal(seen.connected, 5);
		assert_int_equal(seen.closed, 4);
		assert_int_equal(s.speaker.accepted, 5);
		scene_end(&s);
	}
}

/* A last connection that never says a word has the whole time limit, and no more. */
static void each_connection_has_the_whole_time_limit(void **state)
{
	(void)state;
	struct scene s;
	const struct speaker_script scripts[] = {
		{.bytes = eight, .size = 8}, {.size = 0}};
	script.connections = 3;
	scene_prepare(&s, 150);
	scene_speak(&s, scripts, 2);
	uint64_t before = uv_hrtime();
	scene_run(&s);
	assert_in_range((uv_hrtime() - before) / 1000000, 150, 2000);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	assert_int_equal(seen.connected, 2);
	scene_end(&s);
}

/* Closed for good, nothing is called any more; the deadline finds it closed. */
static void nothing_is_called_after_a_close(void **state)
{
	(void)state;
	struct scene s;
	script.close = AT_CONNECTED;
	play(&(struct speaker_script){.flood = 100000, .unasked = true}, 100, &s);
	assert_int_equal(seen.connected, 1);
	assert_int_equal(seen.closed, 1);
	assert_int_equal(seen.received, 0);
	assert_int_equal(seen.ended, 0);
	scene_end(&s);

	set_up(NULL);
	script.close = AT_RECEIVED;
	play(&(struct speaker_script){.bytes = many, .size = 4000}, 100, &s);
	assert_int_equal(seen.received, 1);
	assert_int_equal(seen.closed, 1);
	scene_end(&s);
}

/* --- cancelled --- */

static void cancelled_after_any_number_of_turns(void **state)
{
	(void)state;
	static const uint8_t bytes[40];
	unsigned cancelled = 0, turns = 0;
	bool answered_once = false;
	for (; turns < 400 && !answered_once; turns++) {
		struct scene s;
		set_up(NULL);
		script.message = 40;
		script.connections = 2;
		scene_prepare(&s, 5000);
		scene_speak(&s,
			&(struct speaker_script){
				.bytes = bytes, .size = 40, .drips = true},
			1);
		harness_start(s.h, &s.spec, &s.run);
		for (unsigned i = 0; i < turns && s.run.run; i++)
			uv_run(&s.h->loop, UV_RUN_NOWAIT);
		if (s.run.run)
			probe_run_cancel(s.run.run);
		harness_until_idle(s.h);
		cancelled += s.run.result.reason == REASON_CANCELLED;
		answered_once = s.run.result.reason == REASON_RDP_NEGOTIATED;
		assert_true(answered_once || s.run.result.reason == REASON_CANCELLED);
		scene_end(&s);
	}
	assert_true(answered_once);
	assert_true(cancelled > 40);
}

static void cancelled_from_inside_each_callback(void **state)
{
	(void)state;
	static const enum moment moments[] = {
		AT_CONNECTED, AT_RECEIVED, AT_ENDED, AT_CLOSED};
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		struct scene s;
		set_up(NULL);
		script.cancel = moments[i];
		script.connections = 2;
		play(&(struct speaker_script){.bytes = eight,
			     .size = moments[i] == AT_ENDED ? 7 : 8,
			     .end = SPEAKER_CLOSES},
			2000, &s);
		assert_int_equal(s.run.result.state, STATE_ERROR);
		assert_int_equal(s.run.result.reason, REASON_CANCELLED);
		scene_end(&s);
	}
}

static void every_end_has_a_reason(void **state)
{
	(void)state;
	assert_int_equal(stream_end_reason(STREAM_SILENT), REASON_NO_ANSWER);
	assert_int_equal(stream_end_reason(STREAM_CLOSED), REASON_PEER_CLOSED);
	assert_int_equal(stream_end_reason(STREAM_RESET), REASON_PEER_RESET);
	assert_int_equal(stream_end_reason(STREAM_TOO_LONG), REASON_MALFORMED_ANSWER);
}

/* Then an ICMP error would break a connection that TCP itself would go on with. */
static void the_error_queue_is_off_once_it_is_connected(void **state)
{
	(void)state;
	struct scene s;
	uv_os_fd_t fd;
	int on = -1;
	socklen_t size = sizeof on;

	scene_prepare(&s, 2000);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	struct talk *talk = CONTAINER_OF(s.run.run, struct talk, run);
	assert_int_equal(uv_fileno(&talk->stream.socket.handle, &fd), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, &size), 0);
	assert_int_equal(on, 1);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, &size), 0);
	assert_int_equal(on, 0);
	close(peer);
	harness_until_idle(s.h);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(silence_is_told_when_the_time_is_up),
		TEST(a_close_is_told),
		TEST(a_reset_is_told),
		TEST(a_reset_right_after_the_handshake_is_told),
		TEST(a_question_to_nobody_is_no_local_trouble),
		TEST(a_reset_that_was_seen_before_is_no_close),
		TEST(whoever_speaks_and_leaves_unasked_is_heard),
		TEST(a_refusal_is_that_of_the_connect),
		TEST(silence_before_the_handshake_is_filtered),
		TEST(a_call_that_is_refused_is_local_trouble),
		TEST(without_a_descriptor_it_is_local_trouble),
		TEST(gives_up_with_a_reset),
		TEST(the_same_memory_serves_again),
		TEST(each_connection_has_the_whole_time_limit),
		TEST(nothing_is_called_after_a_close),
		TEST(cancelled_after_any_number_of_turns),
		TEST(cancelled_from_inside_each_callback),
		TEST(every_end_has_a_reason),
		TEST(the_error_queue_is_off_once_it_is_connected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
