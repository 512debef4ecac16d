/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	RECEIVE_BUFFER = 4 << 20 /* wished for; the kernel cuts it to rmem_max */
};

/* Like all here it leaves errno as it was, for c-ares to see. */
static void note(struct dns_socket_news *news, int error, bool local)
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
	struct dns_socket_news *news = data;
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

const struct ares_socket_functions dns_socket_functions = {
	.asocket = on_socket,
	.aclose = on_close,
	.aconnect = on_connect,
	.arecvfrom = on_receive,
	.asendv = on_send,
};
