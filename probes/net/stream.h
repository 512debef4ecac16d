/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TCP connection of a run that speaks a protocol: connects, sends, collects what
 * arrives until the kind can use it, and tells silence, a close and a reset apart. For
 * kinds that are not paced. Embed it by value; one stream at a time keeps a descriptor.
 *
 *   stream_open() -> connected | refused -> received ... -> ended
 *
 * Nothing is called any more once the run has settled or the stream was closed.
 */
#ifndef PROBES_STREAM_H
#define PROBES_STREAM_H

#include "probes/net/sockerr.h"
#include "probes/probe.h"

struct stream;

enum stream_end {
	STREAM_SILENT,   /* the time limit passed, or the kernel gave up */
	STREAM_CLOSED,   /* the peer closed its side */
	STREAM_RESET,    /* the peer, or something on the way, reset the connection */
	STREAM_TOO_LONG, /* `limit` bytes could not be used, and more arrived */
};

struct stream_ops {
	size_t limit; /* bytes shown to received() at once, and kept for it, at most */

	/* The handshake completed; stream->rtt_us says how long it took. */
	void (*connected)(struct stream *stream);

	/* It did not, and *err has a state of the target or of this machine; or it did,
	 * and this machine keeps back what is sent: then *err has that trouble. */
	void (*refused)(struct stream *stream, const struct sockerr *err);

	/*
	 * All bytes that arrived and were not used yet. Returns how many of them are
	 * used now; 0: more are needed. Called again while it uses some and some are
	 * left.
	 */
	size_t (*received)(struct stream *stream, const uint8_t *data, size_t size);

	/* Connected, and nothing more will come; stream->pending_size bytes are unused.
	 */
	void (*ended)(struct stream *stream, enum stream_end end);
};

struct stream {
	struct probe_handle socket;
	struct probe_run *run;
	const struct stream_ops *ops;
	uv_connect_t connect;
	uint64_t opened_ns; /* uv_hrtime() when the SYN left */
	uint32_t rtt_us;    /* of the handshake; at least 1 once connected */
	bool is_connected;
	bool is_closed;
	bool was_reset;     /* libuv can't tell any more, since the error was taken */
	bool has_extension; /* the deadline was moved once, since answers lay unread */
	uint8_t *pending;
	size_t pending_size, pending_room;
	void (*closed)(struct stream *stream);
};

/*
 * Connects to the run's address. `stream` is zeroed memory, or was closed before and
 * its `closed` has been called. `ops` outlives it. 0, or a negative libuv code of a
 * local call, to be returned from start() or given to probe_run_settle_local().
 * refused() may be called from inside.
 */
int stream_open(struct stream *stream, struct probe_run *run,
	const struct stream_ops *ops, uint16_t port);

/*
 * Sends a request of at most a few KiB; copied. A socket that can't take all of it is a
 * shortage of this machine: the run settles. A connection that is gone is told by
 * ended(), later.
 */
void stream_send(struct stream *stream, const void *bytes, size_t size);

/* Microseconds since stream_open(). */
uint32_t stream_elapsed_us(const struct stream *stream);

/*
 * For ops->expired: refused() or ended() follows at once, unless an answer lies unread
 * because the loop was late; then the time limit starts once more.
 */
void stream_expired(struct stream *stream);

/* Gives the connection up with a RST, so that no TIME_WAIT is left. `closed` (may be
 * NULL) runs when the memory can be used again, unless the run settles before. */
void stream_close(struct stream *stream, void (*closed)(struct stream *stream));

/* For ops->fini: frees what was kept. Harmless when repeated or never opened. */
void stream_fini(struct stream *stream);

/* no-answer, peer-closed, peer-reset, malformed-answer. */
enum probe_reason stream_end_reason(enum stream_end end);

/* A failed handshake as the run's end: state, reason and evidence of *err. */
void stream_settle_refused(struct stream *stream, const struct sockerr *err);

#endif
