/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/size.h"

int loopback_bind(int type, uint16_t *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t length = sizeof sa;
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &length), 0);
	*port = ntohs(sa.sin_port);
	return fd;
}

int loopback_listen(uint16_t *port)
{
	int fd = loopback_bind(SOCK_STREAM, port);

	assert_int_equal(listen(fd, 4096), 0);
	return fd;
}

int loopback_refuse(uint16_t *port)
{
	return loopback_bind(SOCK_STREAM, port);
}

void silence_open(struct silence *silence)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};

	silence->listener = loopback_bind(SOCK_STREAM, &silence->port);
	assert_int_equal(listen(silence->listener, 0), 0);
	sa.sin_port = htons(silence->port);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < ARRAY_SIZE(silence->fillers); i++) {
		silence->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_true(silence->fillers[i] >= 0);
		connect(silence->fillers[i], (struct sockaddr *)&sa, sizeof sa);
	}
}

void silence_close(struct silence *silence)
{
	for (size_t i = 0; i < ARRAY_SIZE(silence->fillers); i++)
		close(silence->fillers[i]);
	close(silence->listener);
}

pid_t loopback_accept(uint16_t *port)
{
	int fd = loopback_listen(port), peer;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while ((peer = accept(fd, NULL, NULL)) >= 0)
			close(peer);
		_exit(1);
	}
	close(fd);
	return pid;
}

void loopback_accept_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
