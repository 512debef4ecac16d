/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/size.h"
#include "probes/probe.h"

enum {
	READ_BURST = 256, /* datagrams read before other handles have a turn */
	SEND_BURST = 64,  /* likewise sent */
	FRESH_MIN_US = 50000,
	CHANNEL_SOCKETS = 2, /* a server's datagram and stream socket */
	TICK_MIN_MS = 1,
	TICK_MAX_MS = 20,
	RECEIVE_BUFFER = 4 << 20 /* wished for; the kernel cuts it to rmem_max */
};

/* ---- sockets ----------------------------------------------------------------- */

/*
 * c-ares 1.18 reports every socket error as ARES_ECONNREFUSED, so its sockets are made
 * and used by functions of ours, which see errno.
 */
/* What happened on a channel's sockets; reset by whoever calls into c-ares. */
struct socket_news {
	int error;  /* positive errno of the last failure, ENOBUFS for a full buffer; 0:
		       none */
	bool local; /* by that failure nothing left this machine */
	bool received; /* the last read brought something */
};

/* Like all here it leaves errno as it was, for c-ares to see. */
static void note(struct socket_news *news, int error, bool local)
{
	news->error = error == EAGAIN ? ENOBUFS : error;
	news->local = local;
}

static bool is_stream(ares_socket_t fd)
{
	int type = 0, error = errno;
	socklen_t size = sizeof type;
	bool stream = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
		      type == SOCK_STREAM;
	errno = error;
	return stream;
}

static ares_socket_t on_socket(int family, int type, int protocol, void *news)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0) {
		note(news, errno, true);
		return ARES_SOCKET_BAD;
	}
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	else
		setsockopt(
			fd, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_BUFFER}, sizeof(int));
	return fd;
}

static int on_close(ares_socket_t fd, void *news)
{
	(void)news;
	return close(fd);
}

/*
 * A datagram socket binds and chooses its source address in connect(): no port left is
 * EAGAIN, which c-ares would take for a connect under way, and a machine without an
 * IPv6 address says EADDRNOTAVAIL where it has no way there.
 */
static int datagram_error(int error)
{
	if (error == EAGAIN)
		return EADDRNOTAVAIL;
	return error == EADDRNOTAVAIL ? ENETUNREACH : error;
}

static int on_connect(
	ares_socket_t fd, const struct sockaddr *address, socklen_t size, void *news)
{
	int rc = connect(fd, address, size);
	if (rc < 0 && errno != EINPROGRESS) {
		if (!is_stream(fd))
			errno = datagram_error(errno);
		note(news, errno, errno != ECONNREFUSED);
	}
	return rc;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *bytes, size_t size, int flags,
	struct sockaddr *from, socklen_t *from_size, void *data)
{
	struct socket_news *news = data;
	ssize_t got = recvfrom(fd, bytes, size, flags, from, from_size);
	news->received = got > 0;
	if (got < 0 && errno != EAGAIN)
		note(news, errno, false);
	if (got == 0 && is_stream(fd))
		note(news, ECONNRESET, false);
	return got;
}

static ares_ssize_t on_send(
	ares_socket_t fd, const struct iovec *parts, int n_parts, void *news)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n_parts};
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	if (sent >= 0)
		return sent;
	bool stream = is_stream(fd);
	if (stream && errno == EAGAIN)
		return sent;
	/*
	 * A connected datagram socket reports the ICMP error that an earlier packet met
	 * and sends nothing; the second call tells whether this one can be sent. EPERM
	 * is this machine's own filter alone, and after it the second call might say
	 * otherwise: a filter that rejects leaves an ICMP error behind.
	 */
	if (!stream && errno != EPERM)
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	if (sent < 0)
		note(news, errno, !stream && errno != ECONNREFUSED);
	return sent;
}

static const struct ares_socket_functions socket_functions = {
	.asocket = on_socket,
	.aclose = on_close,
	.aconnect = on_connect,
	.arecvfrom = on_receive,
	.asendv = on_send,
};

/* ---- queries ----------------------------------------------------------------- */

struct dns_query {
	struct list node; /* in one of the channel's lists, or alone */
	struct dns_channel *channel;
	dns_reply_fn done; /* NULL: detached */
	void *data;
	uint64_t sent_us; /* 0: waiting */
	bool fresh;
	uint16_t type;
	char name[];
};

struct channel_poll {
	struct list node;
	struct dns_channel *channel;
	uv_poll_t poll;
	int events;
	ares_socket_t fd;
};

struct dns_channel {
	uv_loop_t *loop;
	struct dns_channel_options options;
	ares_channel ares;
	uv_timer_t tick; /* time limits, and the first push of what waits */
	uint64_t tick_ms;
	struct list polls;
	struct list waiting;      /* queries not sent */
	struct list fresh, stale; /* queries sent, in that order; detached ones too */
	size_t n_fresh, n_stale;
	uint64_t rtt_us; /* of the answers, smoothed; 0: none yet */
	unsigned handles;
	struct socket_news news; /* of the current call into c-ares */
	int unwatched; /* negative code: the last socket could not be polled */
	bool closing;
	void (*closed)(void *data);
	void *closed_data;
};

/* The reason of a query that c-ares ended without an answer. */
static enum probe_reason failure_reason(
	const struct dns_channel *channel, int status, int *error)
{
	*error = channel->news.error ? uv_translate_sys_error(channel->news.error) : 0;
	switch (status) {
	case ARES_ECONNREFUSED:
	case ARES_ETIMEOUT:
		if (channel->unwatched)
			*error = channel->unwatched;
		if (channel->unwatched || channel->news.local)
			return probe_reason_from_code(*error);
		if (channel->options.own && channel->news.error == ECONNREFUSED)
			return REASON_RESOLVER_UNAVAILABLE;
		return REASON_DNS_TIMEOUT;
	case ARES_EBADNAME:
	case ARES_EBADSTR:
	case ARES_ENOTFOUND:
		return REASON_NXDOMAIN;
	case ARES_ENOMEM:
		return REASON_NO_MEMORY;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		return REASON_CANCELLED;
	default:
		return REASON_LOCAL_ERROR;
	}
}

static void note_rtt(struct dns_channel *channel, uint64_t elapsed_us)
{
	if (channel->rtt_us == 0)
		channel->rtt_us = elapsed_us;
	else
		channel->rtt_us = (channel->rtt_us * 7 + elapsed_us) / 8;
}

/* Out of the lists of what is on the wire. */
static void land(struct dns_query *query)
{
	list_remove(&query->node);
	if (query->fresh)
		query->channel->n_fresh--;
	else
		query->channel->n_stale--;
}

static void on_answer(
	void *data, int status, int timeouts, unsigned char *bytes, int size)
{
	struct dns_query *query = data;
	struct dns_channel *channel = query->channel;
	struct dns_reply reply = {.bytes = bytes, .size = size > 0 ? (size_t)size : 0};
	uint64_t elapsed_us = clock_monotonic_us() - query->sent_us;
	if (!bytes)
		reply.reason = failure_reason(channel, status, &reply.error);
	else if (timeouts == 0)
		note_rtt(channel, elapsed_us);
	reply.elapsed_us = elapsed_us < UINT32_MAX ? (uint32_t)elapsed_us : UINT32_MAX;
	land(query);
	if (query->done)
		query->done(query->data, &reply);
	free(query);
}

static void age(struct dns_channel *channel)
{
	uint64_t timeout_us = (uint64_t)channel->options.timeout_ms * 1000;
	uint64_t limit_us = channel->rtt_us * 4, now_us = clock_monotonic_us();
	if (limit_us < FRESH_MIN_US)
		limit_us = FRESH_MIN_US;
	if (limit_us > timeout_us)
		limit_us = timeout_us;
	while (!list_empty(&channel->fresh)) {
		struct dns_query *query =
			LIST_FIRST(&channel->fresh, struct dns_query, node);
		if (now_us - query->sent_us < limit_us)
			return;
		list_remove(&query->node);
		list_append(&channel->stale, &query->node);
		query->fresh = false;
		channel->n_fresh--;
		channel->n_stale++;
	}
}

static bool has_room(const struct dns_channel *channel)
{
	return channel->n_fresh < DNS_CHANNEL_WINDOW &&
	       channel->n_fresh + channel->n_stale < DNS_CHANNEL_MAX;
}

static void send_query(struct dns_query *query)
{
	struct dns_channel *channel = query->channel;
	list_remove(&query->node);
	list_append(&channel->fresh, &query->node);
	query->fresh = true;
	channel->n_fresh++;
	channel->news = (struct socket_news){.error = 0};
	query->sent_us = clock_monotonic_us();
	ares_query(channel->ares, query->name, ns_c_in, query->type, on_answer, query);
}

static void on_tick(uv_timer_t *timer);

/* Sends some of what waits. Runs from the loop alone. */
static void channel_push(struct dns_channel *channel)
{
	int burst = 0;
	age(channel);
	while (!channel->closing && !list_empty(&channel->waiting) &&
		has_room(channel)) {
		if (burst++ == SEND_BURST) {
			uv_timer_start(&channel->tick, on_tick, 0, channel->tick_ms);
			return;
		}
		send_query(LIST_FIRST(&channel->waiting, struct dns_query, node));
	}
}

static void channel_process(
	struct dns_channel *channel, ares_socket_t readable, ares_socket_t writable)
{
	channel->news = (struct socket_news){.error = 0};
	ares_process_fd(channel->ares, readable, writable);
}

/* The socket's watcher, or NULL when c-ares has closed the socket. */
static struct channel_poll *find_poll(struct dns_channel *channel, ares_socket_t fd)
{
	for (struct list *node = channel->polls.next; node != &channel->polls;
		node = node->next) {
		struct channel_poll *poll =
			CONTAINER_OF(node, struct channel_poll, node);
		if (poll->fd == fd)
			return poll;
	}
	return NULL;
}

/* With sockets of our own c-ares reads one datagram a call. */
static void channel_read(struct dns_channel *channel, ares_socket_t fd)
{
	int burst = 0;
	do
		channel_process(channel, fd, ARES_SOCKET_BAD);
	while (channel->news.received && find_poll(channel, fd) &&
		++burst < READ_BURST);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct channel_poll *poll = handle->data;
	struct dns_channel *channel = poll->channel;
	/*
	 * On an error alone libuv reports UV_EBADF and stops polling; only the read
	 * tells what it was.
	 */
	bool failed = status < 0;
	if (failed || (events & UV_WRITABLE))
		channel_process(channel, ARES_SOCKET_BAD, poll->fd);
	if ((failed || (events & UV_READABLE)) && !uv_is_closing((uv_handle_t *)handle))
		channel_read(channel, poll->fd);
	if (failed && !uv_is_closing((uv_handle_t *)handle))
		uv_poll_start(handle, poll->events, on_poll);
	channel_push(channel);
}

void dns_channel_catch_up(struct dns_channel *channel)
{
	ares_socket_t fds[CHANNEL_SOCKETS];
	size_t n = 0;
	for (struct list *node = channel->polls.next;
		node != &channel->polls && n < CHANNEL_SOCKETS; node = node->next)
		fds[n++] = CONTAINER_OF(node, struct channel_poll, node)->fd;
	for (size_t i = 0; i < n && !channel->closing; i++)
		if (find_poll(channel, fds[i]))
			channel_read(channel, fds[i]);
}

/* After a busy spell of the loop the answers go before the time limits. */
static void on_tick(uv_timer_t *timer)
{
	struct dns_channel *channel = timer->data;
	dns_channel_catch_up(channel);
	if (channel->n_fresh + channel->n_stale > 0)
		channel_process(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	channel_push(channel);
	if (!channel->closing && list_empty(&channel->waiting) &&
		channel->n_fresh + channel->n_stale == 0)
		uv_timer_stop(&channel->tick);
}

static void channel_unref(struct dns_channel *channel)
{
	if (--channel->handles > 0)
		return;
	channel->closed(channel->closed_data);
	free(channel);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct channel_poll *poll = handle->data;
	struct dns_channel *channel = poll->channel;
	free(poll);
	channel_unref(channel);
}

static struct channel_poll *new_poll(struct dns_channel *channel, ares_socket_t fd)
{
	struct channel_poll *poll = calloc(1, sizeof *poll);
	channel->unwatched =
		poll ? uv_poll_init(channel->loop, &poll->poll, fd) : UV_ENOMEM;
	if (channel->unwatched) {
		free(poll);
		return NULL;
	}
	poll->channel = channel;
	poll->fd = fd;
	poll->poll.data = poll;
	list_append(&channel->polls, &poll->node);
	channel->handles++;
	return poll;
}

/* c-ares says what it wants to know of a socket; (0, 0) comes before it closes it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns_channel *channel = data;
	struct channel_poll *poll = find_poll(channel, fd);
	if (!readable && !writable) {
		if (!poll)
			return;
		list_remove(&poll->node);
		uv_close((uv_handle_t *)&poll->poll, on_poll_closed);
		return;
	}
	if (!poll)
		poll = new_poll(channel, fd);
	if (!poll)
		return;
	poll->events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
	uv_poll_start(&poll->poll, poll->events, on_poll);
}

static int code_of(int status)
{
	return status == ARES_SUCCESS  ? 0
	       : status == ARES_ENOMEM ? UV_ENOMEM
				       : UV_EINVAL;
}

static int set_server(struct dns_channel *channel)
{
	const struct dns_channel_options *options = &channel->options;
	struct ares_addr_port_node server = {
		.family = options->address.family == 4 ? AF_INET : AF_INET6,
		.udp_port = options->port,
		.tcp_port = options->port,
	};
	memcpy(&server.addr, options->address.bytes,
		options->address.family == 4 ? 4 : 16);
	return code_of(ares_set_servers_ports(channel->ares, &server));
}

static int open_ares(struct dns_channel *channel)
{
	static const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
				ARES_OPT_DOMAINS;
	struct ares_options options = {
		/* SERVFAIL and REFUSED are answers here, to be told apart. */
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
			 ARES_FLAG_NOALIASES,
		.timeout = (int)channel->options.timeout_ms,
		.tries = (int)channel->options.attempts,
		.lookups = (char[]){"b"},
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = channel,
	};
	int rc = code_of(ares_init_options(&channel->ares, &options, mask));
	if (rc < 0)
		return rc;
	rc = set_server(channel);
	if (rc < 0)
		ares_destroy(channel->ares);
	else
		ares_set_socket_functions(
			channel->ares, &socket_functions, &channel->news);
	return rc;
}

static void init_library(void)
{
	ares_library_init(ARES_LIB_INIT_ALL);
}

int dns_channel_open(uv_loop_t *loop, const struct dns_channel_options *options,
	struct dns_channel **out)
{
	static uv_once_t once = UV_ONCE_INIT;
	uv_once(&once, init_library);
	struct dns_channel *channel = calloc(1, sizeof *channel);
	if (!channel)
		return UV_ENOMEM;
	channel->loop = loop;
	channel->options = *options;
	list_init(&channel->waiting);
	list_init(&channel->fresh);
	list_init(&channel->stale);
	list_init(&channel->polls);
	channel->tick_ms = options->timeout_ms / 20;
	if (channel->tick_ms > TICK_MAX_MS)
		channel->tick_ms = TICK_MAX_MS;
	if (channel->tick_ms < TICK_MIN_MS)
		channel->tick_ms = TICK_MIN_MS;
	int rc = open_ares(channel);
	if (rc < 0) {
		free(channel);
		return rc;
	}
	uv_timer_init(loop, &channel->tick);
	channel->tick.data = channel;
	channel->handles = 1;
	*out = channel;
	return 0;
}

int dns_channel_query(struct dns_channel *channel, const char *name, uint16_t type,
	dns_reply_fn done, void *data, struct dns_query **out)
{
	size_t size = strlen(name) + 1;
	if (channel->closing)
		return UV_ECANCELED;
	struct dns_query *query = calloc(1, sizeof *query + size);
	if (!query)
		return UV_ENOMEM;
	query->channel = channel;
	query->done = done;
	query->data = data;
	query->type = type;
	memcpy(query->name, name, size);
	list_append(&channel->waiting, &query->node);
	if (has_room(channel))
		uv_timer_start(&channel->tick, on_tick, 0, channel->tick_ms);
	*out = query;
	return 0;
}

void dns_query_detach(struct dns_query *query)
{
	query->done = NULL;
	if (query->sent_us > 0)
		return;
	list_remove(&query->node);
	free(query);
}

bool dns_query_is_held(const struct dns_query *query)
{
	return query->sent_us == 0 && !has_room(query->channel);
}

/* Of a query in no list. What is on the wire stays until c-ares drops it. */
static void cancel(struct dns_query *query)
{
	static const struct dns_reply cancelled = {
		.reason = REASON_CANCELLED, .error = UV_ECANCELED};
	dns_reply_fn done = query->done;
	bool waiting = query->sent_us == 0;
	query->done = NULL;
	query->sent_us = 1; /* so that a detach from `done` leaves it alone */
	if (done)
		done(query->data, &cancelled);
	if (waiting)
		free(query);
}

static void cancel_all(struct list *queries)
{
	while (!list_empty(queries))
		cancel(CONTAINER_OF(list_pop(queries), struct dns_query, node));
}

/* Not inside a call of c-ares, unlike dns_channel_close() perhaps. */
static void on_tick_closed(uv_handle_t *handle)
{
	struct dns_channel *channel = handle->data;
	ares_destroy(channel->ares); /* ends what is in flight, closes the sockets */
	channel_unref(channel);
}

void dns_channel_close(
	struct dns_channel *channel, void (*closed)(void *data), void *data)
{
	channel->closing = true;
	channel->closed = closed;
	channel->closed_data = data;
	cancel_all(&channel->waiting);
	cancel_all(&channel->fresh);
	cancel_all(&channel->stale);
	uv_close((uv_handle_t *)&channel->tick, on_tick_closed);
}
