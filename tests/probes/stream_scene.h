/* SPDX-License-Identifier: Apache-2.0 */
/* A kind that does with a stream what a test's script says, and the peers it meets. */
#ifndef TESTS_PROBES_STREAM_SCENE_H
#define TESTS_PROBES_STREAM_SCENE_H

#include "speaker.h"

#include <netinet/tcp.h>
#include <poll.h>

#include "probes/net/stream.h"

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

static inline struct talk *talk_of(struct stream *stream)
{
	return CONTAINER_OF(stream, struct talk, stream);
}

static inline void open_next(struct talk *talk)
{
	int rc = stream_open(&talk->stream, &talk->run, &script.ops, script.port);
	if (rc < 0)
		probe_run_settle_local(&talk->run, rc, talk->run.phase);
}

static inline void on_closed(struct stream *stream)
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
static inline bool at(struct talk *talk, enum moment now)
{
	if (script.cancel == now)
		probe_run_cancel(&talk->run);
	else if (script.close == now)
		stream_close(&talk->stream, on_closed);
	return script.cancel == now || script.close == now;
}

static inline void on_connected(struct stream *stream)
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

static inline void on_refused(struct stream *stream, const struct sockerr *err)
{
	seen.refused++;
	seen.err = *err;
	assert_false(talk_of(stream)->run.settled);
	stream_settle_refused(stream, err);
}

static inline void answered(struct talk *talk)
{
	if (seen.connected < script.connections)
		stream_close(&talk->stream, on_closed);
	else
		probe_run_settle(
			&talk->run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
}

static inline size_t on_received(
	struct stream *stream, const uint8_t *data, size_t size)
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

static inline void on_ended(struct stream *stream, enum stream_end end)
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

static inline int start(struct probe_run *run)
{
	struct talk *talk = CONTAINER_OF(run, struct talk, run);

	run->phase = PHASE_CONNECT;
	return stream_open(&talk->stream, run, &script.ops, script.port);
}

static inline void grant(struct probe_run *run)
{
	open_next(CONTAINER_OF(run, struct talk, run));
}

static inline void expired(struct probe_run *run)
{
	stream_expired(&CONTAINER_OF(run, struct talk, run)->stream);
}

static inline void fini(struct probe_run *run)
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
static inline int set_up(void **state)
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

static inline void scene_prepare(struct scene *s, uint32_t timeout_ms)
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

static inline void scene_speak(
	struct scene *s, const struct speaker_script *scripts, size_t n_scripts)
{
	speaker_open(&s->speaker, &s->h->loop, scripts, n_scripts);
	script.port = s->speaker.port;
	s->speaks = true;
}

static inline void scene_end(struct scene *s)
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

/* From the start of the run to its end. */
static inline void scene_run(struct scene *s)
{
	harness_start(s->h, &s->spec, &s->run);
	harness_until_idle(s->h);
}

/* One run against one script, seen to its end. */
static inline void play(
	const struct speaker_script *of, uint32_t timeout_ms, struct scene *s)
{
	scene_prepare(s, timeout_ms);
	scene_speak(s, of, 1);
	scene_run(s);
}

static inline void assert_ended(const struct speaker_script *of, enum stream_end end)
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
static inline void scene_listen(struct scene *s)
{
	s->fd = harness_listen("127.0.0.1", &script.port);
}

static inline int scene_accept(const struct scene *s)
{
	int peer = accept(s->fd, NULL, NULL);
	assert_true(peer >= 0);
	return peer;
}

static inline void reset(int fd)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(fd);
}

static inline void busy_ms(uint64_t ms)
{
	for (uint64_t begin = uv_hrtime(); uv_hrtime() - begin < ms * 1000000;)
		;
}

/* Until the question is in the peer's socket. */
static inline void turn_until_asked(const struct scene *s, int peer)
{
	struct pollfd item = {.fd = peer, .events = POLLIN};
	while (poll(&item, 1, 0) == 0)
		uv_run(&s->h->loop, UV_RUN_NOWAIT);
}

/* Each test begins with set_up(). */
#define TEST(function) cmocka_unit_test_setup(function, set_up)

#endif
