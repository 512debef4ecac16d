/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare minimum that a connect scanner must do, as a yardstick: for each target a
 * socket, a connect, a place in one epoll set, and a look at the outcome. No rate, no
 * retries, no reasons.
 *
 *     bench_connect FIRST_ADDRESS HOSTS LOW_PORT HIGH_PORT AT_ONCE
 *
 * Prints one JSON line. FIRST_ADDRESS is IPv4; hosts follow on from it; ports are
 * interleaved over the hosts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 1024
};

struct job {
	uint32_t first, hosts;
	uint32_t low, ports;
	uint64_t next, total;
	uint32_t in_flight, at_once;
	uint64_t open, refused, other;
	int epoll;
};

static void count(struct job *job, int error)
{
	if (error == 0)
		job->open++;
	else if (error == ECONNREFUSED)
		job->refused++;
	else
		job->other++;
}

static int start_one(struct job *job)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct epoll_event event = {.events = EPOLLOUT};
	uint64_t n = job->next++;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	to.sin_addr.s_addr = htonl(job->first + (uint32_t)(n % job->hosts));
	to.sin_port = htons((uint16_t)(job->low + n / job->hosts));
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ||
		errno != EINPROGRESS) {
		count(job, errno);
		close(fd);
		return 0;
	}
	event.data.fd = fd;
	if (epoll_ctl(job->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return -errno;
	}
	job->in_flight++;
	return 0;
}

static void finish_one(struct job *job, int fd)
{
	int error = 0;
	socklen_t size = sizeof error;
	struct linger reset = {1, 0};

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	count(job, error);
	close(fd);
	job->in_flight--;
}

static int run(struct job *job)
{
	struct epoll_event events[EVENTS];

	while (job->next < job->total || job->in_flight) {
		int n;
		while (job->next < job->total && job->in_flight < job->at_once) {
			int rc = start_one(job);
			if (rc < 0)
				return rc;
		}
		n = epoll_wait(job->epoll, events, EVENTS, 5000);
		if (n <= 0)
			return n < 0 ? -errno : -ETIMEDOUT;
		for (int i = 0; i < n; i++)
			finish_one(job, events[i].data.fd);
	}
	return 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct job job = {0};
	struct in_addr first;
	struct rlimit limit;
	double start;
	int rc;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &first) != 1) {
		fputs("usage: bench_connect ADDRESS HOSTS LOW HIGH AT_ONCE\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	job.first = ntohl(first.s_addr);
	job.hosts = (uint32_t)strtoul(argv[2], NULL, 10);
	job.low = (uint32_t)strtoul(argv[3], NULL, 10);
	job.ports = (uint32_t)strtoul(argv[4], NULL, 10) - job.low + 1;
	job.at_once = (uint32_t)strtoul(argv[5], NULL, 10);
	job.total = (uint64_t)job.hosts * job.ports;
	job.epoll = epoll_create1(EPOLL_CLOEXEC);
	start = seconds();
	rc = run(&job);
	printf("{\"seconds\":%.4f,\"connections\":%" PRIu64 ",\"open\":%" PRIu64
	       ",\"refused\":%" PRIu64 ",\"other\":%" PRIu64 "}\n",
		seconds() - start, job.total, job.open, job.refused, job.other);
	if (rc < 0)
		fprintf(stderr, "bench_connect: %s\n", strerror(-rc));
	close(job.epoll);
	return rc < 0;
}
