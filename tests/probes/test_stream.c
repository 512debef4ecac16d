/* SPDX-License-Identifier: Apache-2.0 */
#include "speaker.h"

#include <netinet/tcp.h>
#include <poll.h>

#include "probes/stream.h"

/* --- a kind whose messages are `message` bytes long, and that wants `messages` --- */

enum moment {
	NEVER,
	AT_CONNECTED,
	AT_RECEIVED,
	AT_ENDED,
	AT_CLOSED
};

struct script {
	struct stream_ops ops; /* with the limit */
	size_t message;
	unsigned messages;
	unsigned connections;    /* one after the other, in the same memory */
	enum moment cancel;      /* the run, from inside the callback */
	enum moment close;       /* the stream, for good */
	bool mute;               /* asks nothing */
	bool patterned;          /* what comes is many[], in order */
	void (*interlude)(void); /* before the question */
	uint16_t port;
};

struct seen {
	unsigned connected, refused, received, messages, ended, closed;
	enum stream_end end;
	size_t most_shown, most_kept, unused, used;
	uint32_t rtt_us;
	struct sockerr err;
};

struct talk {
	struct probe_run run;
	struct stream stream;
};

static uint8_t many[4096];
static struct script script;
static struct seen seen;

static struct talk *talk_of(struct stream *stream)
{
	return CONTAINER_OF(stream, struct talk, stream);
}

static void open_next(struct talk *talk)
{
	int rc = stream_open(&talk->stream, &talk->run, &script.ops, script.port);
	if (rc < 0)
		probe_run_settle_local(&talk->run, rc, talk->run.phase);
}

static void on_closed(struct stream *stream)
{
	struct talk *talk = talk_of(stream);

	seen.closed++;
	assert_false(talk->run.settled);
	if (script.cancel == AT_CLOSED)
		probe_run_cancel(&talk->run);
	else if (script.close == NEVER && probe_run_next(&talk->run))
		open_next(talk);
}

/* True: the callback is over, and so is the stream. */
static bool at(struct talk *talk, enum moment now)
{
	if (script.cancel == now)
		probe_run_cancel(&talk->run);
	else if (script.close == now)
		stream_close(&talk->stream, on_closed);
	return script.cancel == now || script.close == now;
}

static void on_connected(struct stream *stream)
{
	struct talk *talk = talk_of(stream);

	seen.connected++;
	seen.rtt_us = stream->rtt_us;
	assert_false(talk->run.settled);
	if (script.interlude)
		script.interlude();
	if (!at(talk, AT_CONNECTED) && !script.mute)
		stream_send(stream, "question", 8);
}

static void on_refused(struct stream *stream, const struct sockerr *err)
{
	seen.refused++;
	seen.err = *err;
	assert_false(talk_of(stream)->run.settled);
	stream_settle_refused(stream, err);
}

static void answered(struct talk *talk)
{
	if (seen.connected < script.connections)
		stream_close(&talk->stream, on_closed);
	else
		probe_run_settle(
			&talk->run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
}

static size_t on_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct talk *talk = talk_of(stream);

	seen.received++;
	assert_false(talk->run.settled);
	assert_true(size > 0);
	for (size_t i = 0; i < size && script.patterned; i++)
		assert_int_equal(data[i], many[seen.used + i]);
	if (size > seen.most_shown)
		seen.most_shown = size;
	if (stream->pending_room > seen.most_kept)
		seen.most_kept = stream->pending_room;
	if (size < script.message)
		return 0;
	seen.used += script.message;
	if (at(talk, AT_RECEIVED))
		return script.message;
	if (++seen.messages % script.messages == 0)
		answered(talk);
	return script.message;
}

static void on_ended(struct stream *stream, enum stream_end end)
{
	struct talk *talk = talk_of(stream);

	seen.ended++;
	seen.end = end;
	seen.unused = stream->pending_size;
	assert_false(talk->run.settled);
	if (!at(talk, AT_ENDED))
		probe_run_settle(
			&talk->run, STATE_FAILED, stream_end_reason(end), PHASE_RDP);
}

static int start(struct probe_run *run)
{
	struct talk *talk = CONTAINER_OF(run, struct talk, run);

	run->phase = PHASE_CONNECT;
	return stream_open(&talk->stream, run, &script.ops, script.port);
}

static void grant(struct probe_run *run)
{
	open_next(CONTAINER_OF(run, struct talk, run));
}

static void expired(struct probe_run *run)
{
	stream_expired(&CONTAINER_OF(run, struct talk, run)->stream);
}

static void fini(struct probe_run *run)
{
	struct talk *talk = CONTAINER_OF(run, struct talk, run);

	stream_fini(&talk->stream);
	stream_fini(&talk->stream);
}

static const struct probe_ops talk_ops = {
	.name = "talk",
	.run_size = sizeof(struct talk),
	.start = start,
	.grant = grant,
	.expired = expired,
	.fini = fini,
};

/* --- scenes --- */

struct scene {
	struct harness *h;
	struct speaker speaker;
	struct net_address address;
	struct probe_spec spec;
	struct harness_run run;
	bool speaks;
	int fd;
};

/* Messages of 8 bytes, one of them wanted, a limit of 64. */
static int set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof seen);
	script = (struct script){
		.ops = {.limit = 64,
			.connected = on_connected,
			.refused = on_refused,
			.received = on_received,
			.ended = on_ended},
		.message = 8,
		.messages = 1,
		.connections = 1,
	};
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = (uint8_t)(i % 251);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void scene_prepare(struct scene *s, uint32_t timeout_ms)
{
	memset(s, 0, sizeof *s);
	s->h = harness_new();
	s->address = harness_address("127.0.0.1");
	s->fd = -1;
	s->spec = (struct probe_spec){
		.ops = &talk_ops,
		.target = {.host = "peer", .address = &s->address},
		.timeout_ms = timeout_ms,
		.attempts = 1,
		.window = 1,
	};
}

static void scene_speak(
	struct scene *s, const struct speaker_script *scripts, size_t n_scripts)
{
	speaker_open(&s->speaker, &s->h->loop, scripts, n_scripts);
	script.port = s->speaker.port;
	s->speaks = true;
}

static void scene_end(struct scene *s)
{
	assert_int_equal(s->run.dones, 1);
	harness_run_fini(&s->run);
	if (s->fd >= 0)
		close(s->fd);
	if (s->speaks)
		speaker_finish(&s->speaker, s->h);
	else
		harness_free(s->h);
}

/* One run against one script, seen to its end. */
static void play(const struct speaker_script *of, uint32_t timeout_ms, struct scene *s)
{
	scene_prepare(s, timeout_ms);
	scene_speak(s, of, 1);
	harness_start(s->h, &s->spec, &s->run);
	harness_until_idle(s->h);
}

static void assert_ended(const struct speaker_script *of, enum stream_end end)
{
	struct scene s;
	uint64_t before = uv_hrtime();

	set_up(NULL);
	play(of, end == STREAM_SILENT ? 150 : 5000, &s);
	uint64_t took_ms = (uv_hrtime() - before) / 1000000;
	assert_result(&s.run, STATE_FAILED, stream_end_reason(end), PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	assert_int_equal(seen.ended, 1);
	assert_int_equal(seen.end, end);
	assert_true(seen.rtt_us >= 1);
	if (end == STREAM_SILENT)
		assert_in_range(took_ms, 150, 2000);
	else
		assert_in_range(took_ms, 0, 2000);
	scene_end(&s);
}

static const uint8_t eight[8] = "answer!";

/* A listener whose connections the test itself accepts, in its own time. */
static void scene_listen(struct scene *s)
{
	s->fd = harness_listen("127.0.0.1", &script.port);
}

static int scene_accept(const struct scene *s)
{
	int peer = accept(s->fd, NULL, NULL);
	assert_true(peer >= 0);
	return peer;
}

static void reset(int fd)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(fd);
}

static void busy_ms(uint64_t ms)
{
	for (uint64_t begin = uv_hrtime(); uv_hrtime() - begin < ms * 1000000;)
		;
}

/* Until the question is in the peer's socket. */
static void turn_until_asked(const struct scene *s, int peer)
{
	struct pollfd item = {.fd = peer, .events = POLLIN};
	while (poll(&item, 1, 0) == 0)
		uv_run(&s->h->loop, UV_RUN_NOWAIT);
}

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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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

/* --- what arrives, in pieces --- */

static void byte_by_byte_is_as_good_as_at_once(void **state)
{
	(void)state;
	static const bool ways[] = {false, true};
	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		set_up(NULL);
		script.message = 60;
		script.messages = 3;
		script.patterned = true;
		play(
			&(struct speaker_script){
				.bytes = many, .size = 180, .drips = ways[i]},
			5000, &s);
		assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
		assert_int_equal(seen.messages, 3);
		assert_true(ways[i] ? seen.received >= 100 : seen.received < 20);
		scene_end(&s);
	}
}

/* However the bytes were cut: a piece that lies over the limit is none. */
static void messages_under_the_limit_never_are_too_long(void **state)
{
	(void)state;
	for (size_t first = 1; first <= 130; first++) {
		struct scene s;
		set_up(NULL);
		script.message = 60;
		script.messages = 60;
		script.patterned = true;
		scene_prepare(&s, 2000);
		scene_listen(&s);
		harness_start(s.h, &s.spec, &s.run);
		int peer = scene_accept(&s);
		turn_until_asked(&s, peer);
		assert_int_equal(write(peer, many, first), first);
		for (int i = 0; i < 3; i++)
			uv_run(&s.h->loop, UV_RUN_NOWAIT);
		assert_int_equal(write(peer, many + first, 3600 - first), 3600 - first);
		harness_until_idle(s.h);
		assert_int_equal(s.run.result.state, STATE_OPEN);
		assert_int_equal(seen.messages, 60);
		assert_true(seen.most_shown <= 64);
		assert_true(seen.most_kept <= 64);
		close(peer);
		scene_end(&s);
	}
}

static void too_much_is_told_and_not_kept(void **state)
{
	(void)state;
	static const bool ways[] = {false, true};
	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		set_up(NULL);
		script.message = 65;
		play(&(struct speaker_script){.flood = ways[i] ? 200 : 10000000,
			     .drips = ways[i]},
			5000, &s);
		assert_result(&s.run, STATE_FAILED, REASON_MALFORMED_ANSWER, PHASE_RDP);
		assert_int_equal(seen.end, STREAM_TOO_LONG);
		assert_int_equal(seen.unused, 64);
		assert_true(seen.most_shown <= 64);
		assert_true(seen.most_kept <= 64);
		scene_end(&s);
	}
}

/* The limit itself may be reached: it is one byte more that is too much. */
static void as_much_as_the_limit_is_not_too_long(void **state)
{
	(void)state;
	struct scene s;
	script.message = 64;
	play(&(struct speaker_script){.bytes = many, .size = 64}, 2000, &s);
	assert_int_equal(s.run.result.state, STATE_OPEN);
	scene_end(&s);
	set_up(NULL);
	script.message = 65;
	play(&(struct speaker_script){.bytes = many, .size = 64}, 100, &s);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
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
		harness_start(s.h, &s.spec, &s.run);
		harness_until_idle(s.h);
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
	harness_start(s.h, &s.spec, &s.run);
	harness_until_idle(s.h);
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

/* --- a loop that is late --- */

static void an_answer_that_lies_unread_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 8), 8);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
	close(peer);
	scene_end(&s);
}

static void a_reset_that_lies_unread_is_no_silence(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	reset(peer);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_FAILED, REASON_PEER_RESET, PHASE_RDP);
	scene_end(&s);
}

/* The time limit starts once more, not for ever: half an answer is none. */
static void half_an_answer_that_lies_unread_gains_one_time_limit(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 4), 4);
	busy_ms(130);
	uint64_t before = uv_hrtime();
	harness_until_idle(s.h);
	assert_in_range((uv_hrtime() - before) / 1000000, 90, 1000);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	close(peer);
	scene_end(&s);
}

/* The handshake is done, and the protocol has not had its time. */
static void a_handshake_that_lies_unseen_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 8), 8);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	close(peer);
	scene_end(&s);
}

static void a_handshake_that_lies_unseen_and_then_silence_ends(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	scene_end(&s);
}

static void a_refusal_that_lies_unseen_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	s.fd = harness_refuse("127.0.0.1", &script.port);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	assert_int_equal(seen.refused, 1);
	scene_end(&s);
}

/* A peer that never stops can't hold a run either. */
static void an_endless_drip_of_use_ends(void **state)
{
	(void)state;
	struct scene s;
	script.message = 1;
	script.messages = 1000000000;
	uint64_t before = uv_hrtime();
	play(&(struct speaker_script){.flood = 1000000000}, 100, &s);
	assert_in_range((uv_hrtime() - before) / 1000000, 100, 2000);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
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

#define TEST(function) cmocka_unit_test_setup(function, set_up)

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
		TEST(byte_by_byte_is_as_good_as_at_once),
		TEST(messages_under_the_limit_never_are_too_long),
		TEST(too_much_is_told_and_not_kept),
		TEST(as_much_as_the_limit_is_not_too_long),
		TEST(the_same_memory_serves_again),
		TEST(each_connection_has_the_whole_time_limit),
		TEST(nothing_is_called_after_a_close),
		TEST(an_answer_that_lies_unread_counts),
		TEST(a_reset_that_lies_unread_is_no_silence),
		TEST(half_an_answer_that_lies_unread_gains_one_time_limit),
		TEST(a_handshake_that_lies_unseen_counts),
		TEST(a_handshake_that_lies_unseen_and_then_silence_ends),
		TEST(a_refusal_that_lies_unseen_counts),
		TEST(an_endless_drip_of_use_ends),
		TEST(cancelled_after_any_number_of_turns),
		TEST(cancelled_from_inside_each_callback),
		TEST(every_end_has_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
