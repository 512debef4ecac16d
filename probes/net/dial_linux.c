/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An epoll set of its own inside the loop's. Per closed port that leaves connect(), one
 * look at the error queue and one more connect(), which collects the outcome: no
 * socket(), no close(), no registration.
 */
#include "probes/net/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/size.h"

/* Events taken at once; the rest wait until the loop has served others. */
#define BATCH 64

void dial_line_init(struct dial_line *line)
{
	*line = (struct dial_line){.fd = -1};
}

void dialer_init(struct dialer *dialer)
{
	dialer->waiter = -1;
}

void dial_hang_up(struct dial_line *line)
{
	/* It may have connected a moment ago. */
	if (line->dialling)
		sockerr_reset_on_close(line->fd);
	/* Closing takes the socket out of the epoll set: it has no duplicate. */
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
	line->dialling = false;
}

static int connect_once(struct dialer *dialer, const struct dial_line *line)
{
	int rc;
	/* At the same place in a struct sockaddr_in6. */
	((struct sockaddr_in *)&dialer->to)->sin_port = htons(line->port);
	do
		rc = connect(line->fd, (const struct sockaddr *)&dialer->to,
			dialer->to_length);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/*
 * What became of the connect under way. A second connect() tells as SO_ERROR would, and
 * also takes a socket that met a RST back to unconnected, ready to dial the next port;
 * any other socket is closed. The queue comes first: an ICMP error can arrive while the
 * socket still believes in its SYN. Only for a socket that poll or epoll reported, so
 * that an error is in the queue before the queue is looked at.
 */
static bool collect(struct dialer *dialer, struct dial_line *line, struct sockerr *out)
{
	if (!sockerr_from_queue(line->fd, &dialer->target, out)) {
		int rc = connect_once(dialer, line);
		if (rc == -EALREADY)
			return false;
		if (rc == -ECONNREFUSED) {
			line->dialling = false;
			sockerr_from_call(rc, out);
			return true;
		}
		sockerr_from_event(
			line->fd, rc == -EISCONN ? 0 : rc, &dialer->target, out);
		sockerr_reset_on_close(line->fd);
	}
	dial_hang_up(line);
	return true;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct dialer *dialer = CONTAINER_OF(poll, struct dialer, handle.poll);
	struct epoll_event ready[BATCH];
	struct sockerr answer;
	(void)status;
	(void)events;

	int count = epoll_wait(dialer->waiter, ready, BATCH, 0);
	for (int i = 0; i < count; i++) {
		/* A line that hung up since, or an idle one that a disconnect woke. */
		struct dial_line *line = ready[i].data.ptr;
		if (line->dialling && collect(dialer, line, &answer))
			dialer->answered(dialer, line, &answer);
	}
}

int dialer_open(struct dialer *dialer, struct probe_run *run,
	const struct net_address *target,
	void (*answered)(struct dialer *dialer, struct dial_line *line,
		const struct sockerr *answer))
{
	dialer->target = *target;
	dialer->answered = answered;
	dialer->to_length = net_address_to_sockaddr(target, 0, &dialer->to);
	dialer->waiter = epoll_create1(EPOLL_CLOEXEC);
	if (dialer->waiter < 0)
		return -errno;
	int rc = uv_poll_init(run->env->loop, &dialer->handle.poll, dialer->waiter);
	if (rc < 0)
		return rc;
	probe_run_hold(run, &dialer->handle);
	return uv_poll_start(&dialer->handle.poll, UV_READABLE, on_ready);
}

/* Edge-triggered, since an idle line's socket would report itself indefinitely. */
static int watch(struct dialer *dialer, struct dial_line *line)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.ptr = line};
	return epoll_ctl(dialer->waiter, EPOLL_CTL_ADD, line->fd, &event) < 0 ? -errno
									      : 0;
}

static int set_ttl(int fd, int family, int ttl)
{
	int rc = family == AF_INET6
			 ? setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl,
				   sizeof ttl)
			 : setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	return rc < 0 ? -errno : 0;
}

/* A port that is asked for with bind() stays this socket's alone, whereas connect()
 * may choose one that others use towards other targets. */
static int bind_port(int fd, int family, uint16_t *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4; /* with its port where v6 has it */
		struct sockaddr_in6 v6;
	} name = {.v4.sin_port = htons(*port)};
	socklen_t length = family == AF_INET6 ? sizeof name.v6 : sizeof name.v4;
	name.any.sa_family = (sa_family_t)family;
	if (bind(fd, &name.any, length) < 0 || getsockname(fd, &name.any, &length) < 0)
		return -errno;
	*port = ntohs(name.v4.sin_port);
	return 0;
}

static int bind_line(struct dial_line *line, int family)
{
	uint16_t port = line->own_port;
	int rc = bind_port(line->fd, family, &port);
	if (rc == -EADDRINUSE && port) {
		port = 0;
		rc = bind_port(line->fd, family, &port);
	}
	line->own_port = port;
	return rc == -EADDRINUSE ? -EADDRNOTAVAIL : rc;
}

/* What a walk asks of its sockets. */
static int fit_line(struct dial_line *line, int family)
{
	int rc = line->ttl ? set_ttl(line->fd, family, line->ttl) : 0;
	return rc == 0 && line->keeps_port ? bind_line(line, family) : rc;
}

static int open_line(struct dialer *dialer, struct dial_line *line)
{
	line->fd = socket(
		dialer->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (line->fd < 0)
		return -errno;
	int rc = sockerr_prepare(line->fd, &dialer->target);
	if (rc == 0)
		rc = fit_line(line, dialer->to.ss_family);
	return rc < 0 ? rc : watch(dialer, line);
}

bool dial_start(struct dialer *dialer, struct dial_line *line, uint16_t port,
	struct sockerr *out)
{
	int rc = 0;
	assert(!line->dialling);
	line->port = port;
	if (line->fd < 0)
		rc = open_line(dialer, line);
	if (rc == 0)
		rc = connect_once(dialer, line);
	line->dialling = rc == 0 || rc == -EINPROGRESS;
	if (line->dialling)
		return true;
	sockerr_from_call(rc, out);
	if (rc != -ECONNREFUSED)
		dial_hang_up(line);
	return false;
}

void dial_expire(struct dialer *dialer, struct dial_line *line, struct sockerr *out)
{
	struct pollfd item = {.fd = line->fd, .events = POLLOUT};
	assert(line->dialling);
	if (poll(&item, 1, 0) > 0 && collect(dialer, line, out))
		return;
	sockerr_from_silence(line->fd, &dialer->target, out);
	dial_hang_up(line);
}

void dialer_close(struct dialer *dialer)
{
	if (dialer->waiter >= 0)
		close(dialer->waiter);
	dialer->waiter = -1;
}
