/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/stream.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum {
	SCRATCH = 65536
};

static bool is_over(const struct stream *stream)
{
	return stream->is_closed || stream->run->settled;
}

static void free_pending(struct stream *stream)
{
	free(stream->pending);
	stream->pending = NULL;
	stream->pending_size = stream->pending_room = 0;
}

/* ---- what arrives */

/* Keeps bytes that received() did not use; they fit into the limit. False: no memory.
 */
static bool keep(struct stream *stream, const uint8_t *data, size_t size)
{
	size_t needed = stream->pending_size + size;

	if (needed > stream->pending_room) {
		size_t room = needed < 256 ? 512 : needed * 2;
		if (room > stream->ops->limit)
			room = stream->ops->limit;
		uint8_t *grown = realloc(stream->pending, room);
		if (!grown) {
			probe_run_settle_local(
				stream->run, UV_ENOMEM, stream->run->phase);
			return false;
		}
		stream->pending = grown;
		stream->pending_room = room;
	}
	memcpy(stream->pending + stream->pending_size, data, size);
	stream->pending_size = needed;
	return true;
}

/* Offers bytes until no more are used; returns how many were. */
static size_t offer(struct stream *stream, const uint8_t *data, size_t size)
{
	size_t used = 0;

	while (used < size && !is_over(stream)) {
		size_t now = stream->ops->received(stream, data + used, size - used);
		assert(now <= size - used);
		if (now == 0)
			break;
		used += now;
	}
	return used;
}

/* Adds to what is kept and offers all of it. */
static void offer_kept(struct stream *stream, const uint8_t *data, size_t size)
{
	if (!keep(stream, data, size))
		return;
	size_t used = offer(stream, stream->pending, stream->pending_size);
	if (is_over(stream) || used == 0)
		return;
	stream->pending_size -= used;
	memmove(stream->pending, stream->pending + used, stream->pending_size);
}

/* Never offers more than the limit at once, so that what a kind gets to see does not
 * depend on how the bytes were cut on their way. */
static void take(struct stream *stream, const uint8_t *data, size_t size)
{
	while (size > 0 && !is_over(stream)) {
		size_t room = stream->ops->limit - stream->pending_size;
		size_t part = size < room ? size : room;
		size_t used = 0;

		if (part == 0) {
			stream->ops->ended(stream, STREAM_TOO_LONG);
			return;
		}
		if (stream->pending_size == 0)
			used = offer(stream, data, part);
		if (used == 0 && !is_over(stream)) {
			offer_kept(stream, data, part);
			used = part;
		}
		data += used;
		size -= used;
	}
}

/* libuv calls it an end of file when a reset comes right behind bytes, and when
 * somebody took the error before. */
static enum stream_end end_of_file(const struct stream *stream)
{
	uv_os_fd_t fd;
	int status;

	if (stream->was_reset)
		return STREAM_RESET;
	return uv_fileno(&stream->socket.handle, &fd) == 0 &&
			       sockerr_pending(fd, &status) && status < 0
		       ? STREAM_RESET
		       : STREAM_CLOSED;
}

static void end(struct stream *stream, int uv_code)
{
	switch (uv_code) {
	case UV_EOF:
		stream->ops->ended(stream, end_of_file(stream));
		break;
	case UV_ECONNRESET:
	case UV_EPIPE:
		stream->ops->ended(stream, STREAM_RESET);
		break;
	/* What the kernel says when nothing it sent was acknowledged: a plain time-out
	 * or the last ICMP error of the meantime. */
	case UV_ETIMEDOUT:
	case UV_EHOSTUNREACH:
	case UV_ENETUNREACH:
	case UV_EHOSTDOWN:
	case UV_ECONNREFUSED:
	case UV_ENOPROTOOPT:
	case UV_EACCES:
	case UV_EPROTO:
		stream->ops->ended(stream, STREAM_SILENT);
		break;
	default:
		probe_run_settle_local(stream->run, uv_code, stream->run->phase);
	}
}

static struct stream *stream_of(uv_handle_t *handle)
{
	return CONTAINER_OF((struct probe_handle *)handle->data, struct stream, socket);
}

/* What was read is offered before the loop reads again: one buffer a thread will do. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static _Thread_local char scratch[SCRATCH];

	(void)handle;
	(void)suggested;
	*out = uv_buf_init(scratch, sizeof scratch);
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buffer)
{
	struct stream *stream = stream_of((uv_handle_t *)handle);

	if (size == 0)
		return;
	if (size > 0) {
		take(stream, (const uint8_t *)buffer->base, (size_t)size);
		return;
	}
	uv_read_stop(handle);
	end(stream, (int)size);
}

/* ---- the handshake */

static uint32_t to_us(uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (us == 0)
		return 1;
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

uint32_t stream_elapsed_us(const struct stream *stream)
{
	return to_us(uv_hrtime() - stream->opened_ns);
}

static void on_handshake(struct stream *stream, uv_os_fd_t fd, int status)
{
	struct sockerr err;

	stream->rtt_us = stream_elapsed_us(stream);
	sockerr_from_event(fd, status, stream->run->spec.target.address, &err);
	if (err.state != STATE_OPEN) {
		stream->ops->refused(stream, &err);
		return;
	}
	sockerr_reset_on_close(fd);
	sockerr_forgive(fd, stream->run->spec.target.address);
	stream->is_connected = true;
	stream->was_reset |= status != 0;
	int rc = uv_read_start((uv_stream_t *)&stream->socket.tcp, on_alloc, on_read);
	if (rc < 0)
		probe_run_settle_local(stream->run, rc, stream->run->phase);
	else
		stream->ops->connected(stream);
}

static void on_connect(uv_connect_t *request, int status)
{
	struct stream *stream = CONTAINER_OF(request, struct stream, connect);
	uv_os_fd_t fd;

	/* The handle of a run or stream that is over has no descriptor any more. */
	if (!is_over(stream) && uv_fileno(&stream->socket.handle, &fd) == 0)
		on_handshake(stream, fd, status);
}

int stream_open(struct stream *stream, struct probe_run *run,
	const struct stream_ops *ops, uint16_t port)
{
	const struct net_address *target = run->spec.target.address;
	struct sockaddr_storage to;
	uv_os_fd_t fd;

	memset(stream, 0, sizeof *stream);
	stream->run = run;
	stream->ops = ops;
	net_address_to_sockaddr(target, port, &to);
	int rc = uv_tcp_init_ex(run->env->loop, &stream->socket.tcp, to.ss_family);
	if (rc < 0)
		return rc;
	probe_run_hold(run, &stream->socket);
	if ((rc = uv_fileno(&stream->socket.handle, &fd)) < 0 ||
		(rc = sockerr_prepare(fd, target)) < 0)
		return rc;
	stream->opened_ns = uv_hrtime();
	rc = uv_tcp_connect(&stream->connect, &stream->socket.tcp,
		(const struct sockaddr *)&to, on_connect);
	if (rc < 0) {
		struct sockerr err;
		sockerr_from_call(rc, &err);
		ops->refused(stream, &err);
	}
	return 0;
}

void stream_send(struct stream *stream, const void *bytes, size_t size)
{
	uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
	int rc = uv_try_write((uv_stream_t *)&stream->socket.tcp, &buffer, 1);

	if (rc == UV_EPIPE || rc == UV_ECONNRESET) {
		/* Reading will only find an end, after what was sent before it. */
		stream->was_reset = true;
		return;
	}
	if (rc < 0 && rc != UV_EAGAIN)
		probe_run_settle_local(stream->run, rc, stream->run->phase);
	else if (rc < 0 || (size_t)rc < size)
		probe_run_settle_local(stream->run, UV_ENOBUFS, stream->run->phase);
}

/* ---- the end */

/* An answer or an end is in the socket, and the loop, being late, has not said so.
 * recv() would take an error away from libuv, poll() does not. */
static bool has_unread(uv_os_fd_t fd)
{
	struct pollfd item = {.fd = fd, .events = POLLIN};

	return poll(&item, 1, 0) > 0;
}

static void expired_handshake(struct stream *stream, uv_os_fd_t fd)
{
	struct sockerr err;
	int status;

	if (!sockerr_pending(fd, &status)) {
		sockerr_from_silence(fd, stream->run->spec.target.address, &err);
		stream->ops->refused(stream, &err);
	} else if (status == 0 || status == UV_ECONNRESET || status == UV_EPIPE) {
		/* Connected: the loop says so when it polls next, which is before this
		 * can come again, and the protocol has its time. The status is taken,
		 * though, and the loop will be told 0. */
		stream->was_reset |= status != 0;
		probe_run_extend(stream->run);
	} else {
		on_handshake(stream, fd, status);
	}
}

/* Silence after the handshake, unless this machine did not send what it was to send. */
static void expired_answer(struct stream *stream, uv_os_fd_t fd)
{
	struct sockerr err;

	if (sockerr_kept_back(fd, stream->run->spec.target.address, &err))
		stream->ops->refused(stream, &err);
	else
		stream->ops->ended(stream, STREAM_SILENT);
}

void stream_expired(struct stream *stream)
{
	uv_os_fd_t fd;
	int rc = uv_fileno(&stream->socket.handle, &fd);

	if (rc < 0) {
		probe_run_settle_local(stream->run, rc, stream->run->phase);
	} else if (!stream->is_connected) {
		expired_handshake(stream, fd);
	} else if (has_unread(fd) && !stream->has_extension) {
		stream->has_extension = true;
		probe_run_extend(stream->run);
	} else {
		expired_answer(stream, fd);
	}
}

static void on_dropped(struct probe_handle *handle)
{
	struct stream *stream = CONTAINER_OF(handle, struct stream, socket);

	if (stream->closed)
		stream->closed(stream);
}

void stream_close(struct stream *stream, void (*closed)(struct stream *stream))
{
	stream->is_closed = true;
	stream->closed = closed;
	free_pending(stream);
	probe_run_drop(stream->run, &stream->socket, on_dropped);
}

void stream_fini(struct stream *stream)
{
	free_pending(stream);
}

enum probe_reason stream_end_reason(enum stream_end end)
{
	switch (end) {
	case STREAM_SILENT:
		return REASON_NO_ANSWER;
	case STREAM_CLOSED:
		return REASON_PEER_CLOSED;
	case STREAM_RESET:
		return REASON_PEER_RESET;
	case STREAM_TOO_LONG:
		break;
	}
	return REASON_MALFORMED_ANSWER;
}

void stream_settle_refused(struct stream *stream, const struct sockerr *err)
{
	struct probe_run *run = stream->run;

	if (sockerr_is_answer(err))
		run->result.rtt_us = stream->rtt_us;
	run->result.evidence = sockerr_evidence(err);
	probe_run_settle(run, err->state, err->reason, run->phase);
}
