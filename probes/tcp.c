/* SPDX-License-Identifier: Apache-2.0 */
/* tcp/PORT: one connect to one address. docs/adding-a-check.md walks through it. */
#include <stdio.h>

#include "base/ports.h"
#include "base/size.h"
#include "probes/net/sockerr.h"
#include "probes/probe.h"
#include "probes/registry.h"

struct tcp_conf {
	uint16_t port;
};

struct tcp_run {
	struct probe_run run;
	struct probe_handle socket;
	uv_connect_t connect;
	uint64_t sent_ns;
};

static bool tcp_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error)
{
	(void)vocabulary;
	uint16_t *port = &((struct tcp_conf *)conf)->port;
	if (!argument || !port_parse(argument, port)) {
		*error = "the port must be a number from 1 to 65535";
		return false;
	}
	snprintf(canonical, size, "%u", (unsigned)*port);
	return true;
}

static uint16_t tcp_port(const void *conf)
{
	return ((const struct tcp_conf *)conf)->port;
}

static void settle(struct tcp_run *tcp, const struct sockerr *err)
{
	struct probe_run *run = &tcp->run;
	run->result.evidence = sockerr_evidence(err);
	probe_run_settle(run, err->state, err->reason, PHASE_CONNECT);
}

static void on_answer(struct tcp_run *tcp, uv_os_fd_t fd, int status)
{
	struct probe_run *run = &tcp->run;
	uint64_t elapsed_us = (uv_hrtime() - tcp->sent_ns) / 1000;
	struct sockerr err;

	sockerr_from_event(fd, status, run->spec.target.address, &err);
	if (err.state == STATE_OPEN)
		sockerr_reset_on_close(fd);
	if (sockerr_is_answer(&err))
		run->result.rtt_us = elapsed_us < 1            ? 1
				     : elapsed_us > UINT32_MAX ? UINT32_MAX
							       : (uint32_t)elapsed_us;
	settle(tcp, &err);
}

static void on_connect(uv_connect_t *request, int status)
{
	struct tcp_run *tcp = CONTAINER_OF(request, struct tcp_run, connect);
	uv_os_fd_t fd;
	/* A settled run's handle is being closed and has no descriptor any more. */
	if (!tcp->run.settled && uv_fileno(&tcp->socket.handle, &fd) == 0)
		on_answer(tcp, fd, status);
}

static int tcp_start(struct probe_run *run)
{
	struct tcp_run *tcp = CONTAINER_OF(run, struct tcp_run, run);
	const struct net_address *target = run->spec.target.address;
	const struct tcp_conf *conf = run->spec.conf;
	struct sockaddr_storage to;
	uv_os_fd_t fd;

	run->phase = PHASE_CONNECT;
	net_address_to_sockaddr(target, conf->port, &to);
	int rc = uv_tcp_init_ex(run->env->loop, &tcp->socket.tcp, to.ss_family);
	if (rc < 0)
		return rc;
	probe_run_hold(run, &tcp->socket);
	if ((rc = uv_fileno(&tcp->socket.handle, &fd)) < 0 ||
		(rc = sockerr_prepare(fd, target)) < 0)
		return rc;

	tcp->sent_ns = uv_hrtime();
	rc = uv_tcp_connect(&tcp->connect, &tcp->socket.tcp,
		(const struct sockaddr *)&to, on_connect);
	if (rc < 0) {
		struct sockerr err;
		sockerr_from_call(rc, &err);
		settle(tcp, &err);
	}
	return 0;
}

/* The answer may have come while the loop was busy elsewhere: then it counts. */
static void tcp_expired(struct probe_run *run)
{
	struct tcp_run *tcp = CONTAINER_OF(run, struct tcp_run, run);
	struct sockerr err;
	uv_os_fd_t fd;
	int status;

	int rc = uv_fileno(&tcp->socket.handle, &fd);
	if (rc < 0) {
		probe_run_settle_local(run, rc, PHASE_CONNECT);
	} else if (sockerr_pending(fd, &status)) {
		on_answer(tcp, fd, status);
	} else {
		sockerr_from_silence(fd, run->spec.target.address, &err);
		settle(tcp, &err);
	}
}

const struct probe_ops tcp_probe_ops = {
	.name = "tcp",
	.argument_help = "PORT",
	.conf_size = sizeof(struct tcp_conf),
	.parse = tcp_parse,
	.port = tcp_port,
	.run_size = sizeof(struct tcp_run),
	.start = tcp_start,
	.expired = tcp_expired,
};
