/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/sockerr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* After the C library's headers, whose timespec it repeats. */
#include <linux/errqueue.h>

#include "base/strbuf.h"
#include "probes/net/icmp.h"
#include "probes/net/unsent.h"
#include "probes/probe.h"

/*
 * Since Linux 5.8 (45af29ca761c) a TCP socket in SYN_SENT queues the ICMP error that
 * ends its connect, type, code and sender included, for anyone who asked with
 * IP_RECVERR. Without IPV6_RECVERR an ICMPv6 error that arrives while connect() still
 * runs is not noticed before the first retransmission, a second later.
 */
static int set_recverr(uv_os_sock_t fd, const struct net_address *target, int on)
{
	int rc = target->family == 6
			 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
			 : setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
	return rc < 0 ? -errno : 0;
}

int sockerr_prepare(uv_os_sock_t fd, const struct net_address *target)
{
	return set_recverr(fd, target, 1);
}

void sockerr_forgive(uv_os_sock_t fd, const struct net_address *target)
{
	/* What could be switched on can be switched off. */
	(void)set_recverr(fd, target, 0);
}

void sockerr_reset_on_close(uv_os_sock_t fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	/* It can't fail on a TCP socket, and a TIME_WAIT would be no wrong answer. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void set(struct sockerr *out, enum probe_state state, enum probe_reason reason)
{
	out->state = state;
	out->reason = reason;
}

/* Unlike elsewhere these come from the kernel's view of routes, ports and memory. */
static enum probe_reason local_reason(int uv_code)
{
	switch (uv_code) {
	case UV_EINVAL: /* a blackhole route */
		return REASON_NO_ROUTE;
	case UV_EAGAIN: /* connect(2): no free local ports */
		return REASON_NO_PORT;
	case UV_ENOMEM:
		return REASON_NO_BUFFERS;
	default:
		return probe_reason_from_code(uv_code);
	}
}

void sockerr_from_call(int uv_code, struct sockerr *out)
{
	memset(out, 0, sizeof *out);
	out->error = -uv_code;
	if (uv_code == UV_ECONNREFUSED)
		set(out, STATE_CLOSED, REASON_RST);
	else
		set(out, STATE_ERROR, local_reason(uv_code));
}

static bool same_host(const struct net_address *a, const struct net_address *b)
{
	/* Without the scope, which not every sender of an address fills in. */
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6; /* with its port where v4 has it */
};

static bool local_address(uv_os_sock_t fd, struct net_address *address, uint16_t *port)
{
	union name name = {0};
	socklen_t length = sizeof name;
	if (getsockname(fd, &name.any, &length) < 0)
		return false;
	*port = name.v4.sin_port;
	return net_address_from_sockaddr(&name.any, address);
}

static bool within(const struct sockaddr *a, const struct sockaddr *mask,
	const struct net_address *target)
{
	struct net_address network, bits;
	if (!a || !mask || !net_address_from_sockaddr(a, &network) ||
		network.family != target->family)
		return false;
	/* The mask's own family is not always filled in. */
	struct sockaddr_storage copy = {0};
	memcpy(&copy, mask,
		target->family == 6 ? sizeof(struct sockaddr_in6)
				    : sizeof(struct sockaddr_in));
	copy.ss_family = a->sa_family;
	if (!net_address_from_sockaddr((struct sockaddr *)&copy, &bits))
		return false;
	for (size_t i = 0; i < (target->family == 6 ? 16u : 4u); i++)
		if ((network.bytes[i] ^ target->bytes[i]) & bits.bytes[i])
			return false;
	return true;
}

/* Whether an interface of this machine has the target in its own network. */
static bool on_link(const struct net_address *target)
{
	struct ifaddrs *list;
	bool found = false;
	if (getifaddrs(&list) < 0)
		return false;
	for (struct ifaddrs *item = list; item && !found; item = item->ifa_next)
		found = (item->ifa_flags & IFF_UP) &&
			within(item->ifa_addr, item->ifa_netmask, target);
	freeifaddrs(list);
	return found;
}

static bool is_host_unreachable(const struct sockerr *err, uint8_t family)
{
	return family == 6 ? err->icmp_type == 1 && err->icmp_code == 3
			   : err->icmp_type == 3 && err->icmp_code == 1;
}

/*
 * This machine's own kernel made the error. It says "host unreachable" when ARP or
 * neighbour discovery got no answer, from the target where that is on a link of ours,
 * else from the gateway; anything else is a rule or a route of its own.
 */
static void judge_own(
	struct sockerr *out, uint8_t family, const struct net_address *target)
{
	if (!is_host_unreachable(out, family))
		set(out, STATE_ERROR, REASON_LOCAL_FIREWALL);
	else if (on_link(target))
		set(out, STATE_UNREACHABLE, REASON_NEIGHBOUR_SILENT);
	else
		set(out, STATE_ERROR, REASON_NO_GATEWAY);
}

/* Fills what one entry of the queue says; false when it is no ICMP error. */
static bool read_entry(struct msghdr *message, uint8_t *family, struct sockerr *out)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	for (; c; c = CMSG_NXTHDR(message, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
		struct sock_extended_err ee;
		if ((!v4 && !v6) || c->cmsg_len < CMSG_LEN(sizeof ee))
			continue;
		memcpy(&ee, CMSG_DATA(c), sizeof ee);
		if (ee.ee_origin != SO_EE_ORIGIN_ICMP &&
			ee.ee_origin != SO_EE_ORIGIN_ICMP6)
			continue;
		*family = ee.ee_origin == SO_EE_ORIGIN_ICMP6 ? 6 : 4;
		out->error = (int)ee.ee_errno;
		out->has_icmp = true;
		out->icmp_type = ee.ee_type;
		out->icmp_code = ee.ee_code;
		/* SO_EE_OFFENDER: the sender follows the struct. */
		struct sockaddr_storage sender = {0};
		size_t size = c->cmsg_len - CMSG_LEN(sizeof ee);
		memcpy(&sender, CMSG_DATA(c) + sizeof ee,
			size < sizeof sender ? size : sizeof sender);
		net_address_from_sockaddr(
			(struct sockaddr *)&sender, &out->icmp_sender);
		return true;
	}
	return false;
}

bool sockerr_from_queue(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out)
{
	char payload[64];
	_Alignas(struct cmsghdr) char control[256];
	uint8_t family = 4;

	for (;;) {
		struct iovec part = {.iov_base = payload, .iov_len = sizeof payload};
		struct msghdr message = {
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof control,
		};
		if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return false;
		memset(out, 0, sizeof *out);
		if (read_entry(&message, &family, out))
			break;
	}
	struct net_address own;
	uint16_t port;
	if (local_address(fd, &own, &port) && same_host(&own, &out->icmp_sender))
		judge_own(out, family, target);
	else
		icmp_meaning(family, out->icmp_type, out->icmp_code, &out->state,
			&out->reason);
	return true;
}

/*
 * Where the target is this machine, the local port may happen to be the very port that
 * is probed: the SYN meets its own socket and TCP's simultaneous open (RFC 9293, 3.5)
 * completes although nobody listens.
 */
static bool is_self_connected(uv_os_sock_t fd, const struct net_address *target)
{
	struct net_address own;
	uint16_t own_port;
	if (!local_address(fd, &own, &own_port) || !same_host(&own, target))
		return false;
	union name peer = {0};
	socklen_t length = sizeof peer;
	return getpeername(fd, &peer.any, &length) == 0 && peer.v4.sin_port == own_port;
}

static void judge_open(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out)
{
	if (is_self_connected(fd, target)) {
		out->error = ECONNREFUSED;
		set(out, STATE_CLOSED, REASON_RST);
	} else {
		set(out, STATE_OPEN, REASON_SYN_ACK);
	}
}

void sockerr_from_event(uv_os_sock_t fd, int uv_status,
	const struct net_address *target, struct sockerr *out)
{
	if (uv_status != 0 && sockerr_from_queue(fd, target, out))
		return;
	memset(out, 0, sizeof *out);
	out->error = -uv_status;
	switch (uv_status) {
	case 0:
		judge_open(fd, target, out);
		break;
	case UV_ECONNRESET:
	case UV_EPIPE:
		/* A reset after the handshake: the connection was accepted. */
		set(out, STATE_OPEN, REASON_SYN_ACK);
		break;
	case UV_ECONNREFUSED:
		set(out, STATE_CLOSED, REASON_RST);
		break;
	case UV_ETIMEDOUT:
		set(out, STATE_FILTERED, REASON_TIMEOUT);
		break;
	case UV_EHOSTUNREACH:
	case UV_ENETUNREACH:
		/* No entry says who found that, so it proves nothing of the target. */
		set(out, STATE_ERROR, REASON_LOCAL_ERROR);
		break;
	default:
		set(out, STATE_ERROR, local_reason(uv_status));
	}
}

bool sockerr_pending(uv_os_sock_t fd, int *uv_status)
{
	struct pollfd item = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t length = sizeof error;
	if (poll(&item, 1, 0) <= 0 ||
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return false;
	*uv_status = -error;
	return true;
}

/* What a route lookup says, by connecting a socket that sends nothing. */
static int find_route(const struct net_address *target)
{
	struct sockaddr_storage to;
	socklen_t length = net_address_to_sockaddr(target, 9, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connect(fd, (const struct sockaddr *)&to, length) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/* The repetition of a SYN was not even tried: its route is gone, or the first still
 * waits for the link address of the target or of the gateway. */
static void judge_unsent(const struct net_address *target, struct sockerr *out)
{
	int rc = find_route(target);
	if (rc < 0) {
		sockerr_from_call(rc, out);
		return;
	}
	out->error = EHOSTUNREACH;
	if (on_link(target))
		set(out, STATE_UNREACHABLE, REASON_NEIGHBOUR_SILENT);
	else
		set(out, STATE_ERROR, REASON_NO_GATEWAY);
}

/*
 * connect() ignores it when its SYN can't be sent, and so do the repetitions, but
 * TCP_INFO keeps count: `retransmits` of timeouts that had passed, `total_retrans` of
 * repetitions that were handed to the IP layer, `retrans` of those in flight, which is
 * none when IP refused the last (EPERM from an output rule that drops).
 */
void sockerr_from_silence(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof info;

	memset(out, 0, sizeof *out);
	set(out, STATE_FILTERED, REASON_TIMEOUT);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ||
		info.tcpi_retransmits == 0 || info.tcpi_retrans != 0)
		return;
	if (info.tcpi_total_retrans < info.tcpi_retransmits) {
		judge_unsent(target, out);
	} else {
		out->error = EPERM;
		set(out, STATE_ERROR, REASON_LOCAL_FIREWALL);
	}
}

bool sockerr_kept_back(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out)
{
	if (unsent_without_cause(fd)) {
		int rc = find_route(target);
		sockerr_from_call(rc < 0 ? rc : -EPERM, out);
	} else {
		sockerr_from_silence(fd, target, out);
	}
	return out->state == STATE_ERROR;
}

bool sockerr_is_answer(const struct sockerr *err)
{
	return err->state == STATE_OPEN || err->state == STATE_CLOSED ||
	       (err->has_icmp && err->state != STATE_ERROR &&
		       err->reason != REASON_NEIGHBOUR_SILENT);
}

static void add_icmp(struct strbuf *text, const struct sockerr *err)
{
	char sender[NET_ADDRESS_TEXT];
	strbuf_addf(text, "\"icmp\":{\"type\":%u,\"code\":%u", err->icmp_type,
		err->icmp_code);
	if (err->icmp_sender.family != 0)
		strbuf_addf(text, ",\"sender\":\"%s\"",
			net_address_format(&err->icmp_sender, sender, sizeof sender));
	strbuf_adds(text, "}");
}

char *sockerr_evidence(const struct sockerr *err)
{
	/* The state says it all. */
	if (!err->has_icmp && err->state != STATE_ERROR)
		return NULL;
	struct strbuf text;
	char name[32];
	strbuf_init(&text);
	strbuf_adds(&text, "{");
	if (err->has_icmp)
		add_icmp(&text, err);
	if (err->error != 0)
		strbuf_addf(&text, "%s\"errno\":\"%s\"", err->has_icmp ? "," : "",
			uv_err_name_r(-err->error, name, sizeof name));
	strbuf_adds(&text, "}");
	return strbuf_take(&text);
}
