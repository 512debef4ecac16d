/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that accepts on 127.0.0.1, on the test's own loop, and says to each connection
 * what a script has, whatever it was asked. Its handles don't keep the loop alive.
 */
#ifndef TESTS_PROBES_SPEAKER_H
#define TESTS_PROBES_SPEAKER_H

#include <signal.h>

#include "base/list.h"
#include "harness.h"

enum speaker_end {
	SPEAKER_STAYS, /* and says nothing more */
	SPEAKER_CLOSES,
	SPEAKER_RESETS
};

struct speaker_script {
	const uint8_t *bytes;
	size_t size;
	size_t flood; /* this many more, the flood's bytes over and over */
	enum speaker_end end;
	bool drips;   /* a byte a tick of the loop */
	bool unasked; /* speaks, and ends, without waiting for a question */
	/* So many bytes for each question heard, then the rest; NULL: all at once. */
	const size_t *turns;
	size_t n_turns;
};

#define SPEAKER_HEARD 65536

struct speaker {
	uv_loop_t *loop;
	uv_tcp_t listener;
	uint16_t port;
	const struct speaker_script *scripts; /* taken in turn by the connections */
	size_t n_scripts;
	unsigned accepted;
	size_t sent;                  /* bytes of all connections that were taken */
	uint8_t heard[SPEAKER_HEARD]; /* the first connection's question */
	size_t heard_size;
	const uint8_t *flood; /* SPEAKER_CHUNK bytes; NULL: zeros */
	struct list connections;
};

enum {
	SPEAKER_CHUNK = 65536
};

struct speaker_connection {
	struct list node;
	uv_tcp_t tcp;
	uv_write_t write;
	uv_idle_t pause; /* until the loop turns */
	struct speaker *speaker;
	const struct speaker_script *script;
	unsigned number;
	size_t said, writing;    /* writing: 0 between two turns */
	size_t n_heard, allowed; /* where a script has turns */
	unsigned closed;
	bool speaking, closing;
};

static inline void speaker_on_closed(uv_handle_t *handle)
{
	struct speaker_connection *c = handle->data;

	if (++c->closed == 2)
		free(c);
}

static inline void speaker_drop(struct speaker_connection *c, enum speaker_end end)
{
	if (c->closing)
		return;
	c->closing = true;
	list_remove(&c->node);
	uv_close((uv_handle_t *)&c->pause, speaker_on_closed);
	if (end != SPEAKER_RESETS ||
		uv_tcp_close_reset(&c->tcp, speaker_on_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, speaker_on_closed);
}

static inline void speaker_say(struct speaker_connection *c);

static inline void speaker_on_pause(uv_idle_t *pause)
{
	struct speaker_connection *c = pause->data;

	uv_idle_stop(pause);
	speaker_say(c);
}

static inline void speaker_on_written(uv_write_t *request, int status)
{
	struct speaker_connection *c =
		CONTAINER_OF(request, struct speaker_connection, write);

	if (c->closing)
		return;
	if (status < 0) {
		speaker_drop(c, SPEAKER_CLOSES);
		return;
	}
	c->said += c->writing;
	c->speaker->sent += c->writing;
	c->writing = 0;
	if (c->script->drips)
		uv_idle_start(&c->pause, speaker_on_pause);
	else
		speaker_say(c);
}

static inline uv_buf_t speaker_next(const struct speaker_connection *c)
{
	static const uint8_t zeros[SPEAKER_CHUNK];
	const struct speaker_script *script = c->script;
	const uint8_t *flood = c->speaker->flood ? c->speaker->flood : zeros;
	size_t left = script->size + script->flood - c->said;
	bool scripted = c->said < script->size;
	const uint8_t *from = scripted ? script->bytes + c->said : flood;

	if (scripted)
		left = script->size - c->said;
	if (left > SPEAKER_CHUNK)
		left = SPEAKER_CHUNK;
	if (script->turns && left > c->allowed - c->said)
		left = c->allowed - c->said;
	if (script->drips && left > 1)
		left = 1;
	return uv_buf_init((char *)from, (unsigned)left);
}

static inline void speaker_say(struct speaker_connection *c)
{
	uv_buf_t next = speaker_next(c);

	if (next.len > 0) {
		c->writing = next.len;
		if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &next, 1,
			    speaker_on_written) != 0)
			speaker_drop(c, SPEAKER_CLOSES);
	} else if (c->said == c->script->size + c->script->flood &&
		   c->script->end != SPEAKER_STAYS) {
		speaker_drop(c, c->script->end);
	}
}

static inline void speaker_on_alloc(
	uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static char buffer[SPEAKER_HEARD];

	(void)handle;
	(void)suggested;
	*out = uv_buf_init(buffer, sizeof buffer);
}

static inline void speaker_hear(struct speaker *s, const char *bytes, size_t size)
{
	if (size > SPEAKER_HEARD - s->heard_size)
		size = SPEAKER_HEARD - s->heard_size;
	memcpy(s->heard + s->heard_size, bytes, size);
	s->heard_size += size;
}

/* One question more was heard. */
static inline void speaker_allow(struct speaker_connection *c)
{
	const struct speaker_script *script = c->script;

	if (c->n_heard < script->n_turns)
		c->allowed += script->turns[c->n_heard];
	else
		c->allowed = script->size + script->flood;
	c->n_heard++;
}

static inline void speaker_on_read(uv_stream_t *tcp, ssize_t size, const uv_buf_t *buf)
{
	struct speaker_connection *c =
		CONTAINER_OF(tcp, struct speaker_connection, tcp);

	if (size < 0) {
		speaker_drop(c, SPEAKER_CLOSES);
		return;
	}
	if (c->number == 0)
		speaker_hear(c->speaker, buf->base, (size_t)size);
	if (size > 0)
		speaker_allow(c);
	if (size > 0 && (!c->speaking || c->script->turns) && c->writing == 0 &&
		!uv_is_active((uv_handle_t *)&c->pause)) {
		c->speaking = true;
		speaker_say(c);
	}
}

static inline void speaker_on_connection(uv_stream_t *listener, int status)
{
	struct speaker *s = CONTAINER_OF(listener, struct speaker, listener);
	struct speaker_connection *c = calloc(1, sizeof *c);

	assert_non_null(c);
	assert_int_equal(status, 0);
	uv_tcp_init(s->loop, &c->tcp);
	uv_idle_init(s->loop, &c->pause);
	uv_unref((uv_handle_t *)&c->tcp);
	uv_unref((uv_handle_t *)&c->pause);
	c->tcp.data = c->pause.data = c;
	c->speaker = s;
	list_append(&s->connections, &c->node);
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		speaker_drop(c, SPEAKER_CLOSES);
		return;
	}
	c->number = s->accepted++;
	c->script = &s->scripts[c->number % s->n_scripts];
	uv_tcp_nodelay(&c->tcp, 1);
	uv_read_start((uv_stream_t *)&c->tcp, speaker_on_alloc, speaker_on_read);
	if (c->script->unasked) {
		c->speaking = true;
		speaker_say(c);
	}
}

/* Zeroed memory in. The scripts stay the caller's. */
static inline void speaker_open(struct speaker *s, uv_loop_t *loop,
	const struct speaker_script *scripts, size_t n_scripts)
{
	int fd = harness_listen("127.0.0.1", &s->port);

	/* As the program does: what can't be written is told, and no end. */
	signal(SIGPIPE, SIG_IGN);
	s->loop = loop;
	s->scripts = scripts;
	s->n_scripts = n_scripts;
	list_init(&s->connections);
	uv_tcp_init(loop, &s->listener);
	assert_int_equal(uv_tcp_open(&s->listener, fd), 0);
	assert_int_equal(
		uv_listen((uv_stream_t *)&s->listener, 1024, speaker_on_connection), 0);
	uv_unref((uv_handle_t *)&s->listener);
}

/* Everything is closing; the loop must run once more before the memory goes. */
static inline void speaker_close(struct speaker *s)
{
	while (!list_empty(&s->connections))
		speaker_drop(
			LIST_FIRST(&s->connections, struct speaker_connection, node),
			SPEAKER_CLOSES);
	uv_close((uv_handle_t *)&s->listener, NULL);
}

/* Closes it, runs the loop to its end, and frees the harness. */
static inline void speaker_finish(struct speaker *s, struct harness *h)
{
	speaker_close(s);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	harness_free(h);
}

#endif
