/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts on the ports given, on every address, and lets go of each connection when its
 * peer does. Prints "ready" when it listens; ends when its standard input does.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 512,
	MAX_PORTS = 64
};

static int listen_on(int epoll, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN};
	int on = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 65535) < 0)
		return -1;
	event.data.fd = fd;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -1 : fd;
}

static void accept_all(int epoll, int listener)
{
	for (int i = 0; i < 256; i++) {
		struct epoll_event event = {.events = EPOLLIN};
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		event.data.fd = fd;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS], input = {.events = EPOLLIN};
	struct rlimit limit;
	int epoll = epoll_create1(0), last_listener = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 1; i < argc && i <= MAX_PORTS; i++) {
		last_listener = listen_on(epoll, (uint16_t)strtoul(argv[i], NULL, 10));
		if (last_listener < 0) {
			perror(argv[i]);
			return 1;
		}
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == STDIN_FILENO)
				return 0;
			/* The listeners were opened first, without a gap. */
			if (fd <= last_listener)
				accept_all(epoll, fd);
			else
				close(fd);
		}
	}
}
