/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes, links and neighbours by rtnetlink(7), which answers anybody. Messages come
 * from the kernel, yet every length is checked.
 */
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/os/os.h"

struct request {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
		struct ifinfomsg link;
	};
	char attributes[64];
};

/* ---- asking --------------------------------------------------------------- */

static void add_address(
	struct request *request, unsigned short type, const struct net_address *address)
{
	unsigned short size = address->family == 4 ? 4 : 16;
	struct rtattr *attribute =
		(struct rtattr *)(void *)((char *)request +
					  NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), address->bytes, size);
	request->header.nlmsg_len =
		NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static void request_init(struct request *request, unsigned short type, size_t size)
{
	memset(request, 0, sizeof *request);
	request->header.nlmsg_len = (unsigned)NLMSG_LENGTH(size);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST;
}

/* One message there, one back. Its payload's size, or -1. */
static ssize_t ask(
	const struct request *request, unsigned short wanted, void *reply, size_t size)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct nlmsghdr *header = reply;
	ssize_t got = -1;

	if (fd < 0)
		return -1;
	if (send(fd, request, request->header.nlmsg_len, 0) >= 0)
		got = recv(fd, reply, size, 0);
	close(fd);
	if (got < (ssize_t)sizeof *header || header->nlmsg_type != wanted ||
		header->nlmsg_len > (size_t)got)
		return -1;
	return (ssize_t)header->nlmsg_len;
}

/* ---- routes --------------------------------------------------------------- */

static int family_of(const struct net_address *address)
{
	return address->family == 4 ? AF_INET : AF_INET6;
}

static void take_gateway(
	const struct rtattr *attribute, uint8_t family, struct os_hop *hop)
{
	size_t size = family == 4 ? 4 : 16;

	if (RTA_PAYLOAD(attribute) < size)
		return;
	hop->is_gateway = true;
	hop->next = (struct net_address){.family = family};
	memcpy(hop->next.bytes, RTA_DATA(attribute), size);
}

/* RTA_VIA: a gateway of the other family (an IPv4 route over IPv6). */
static void take_via(const struct rtattr *attribute, struct os_hop *hop)
{
	const struct rtvia *via = RTA_DATA(attribute);

	if (RTA_PAYLOAD(attribute) < sizeof *via + 16 || via->rtvia_family != AF_INET6)
		return;
	hop->is_gateway = true;
	hop->next = (struct net_address){.family = 6};
	memcpy(hop->next.bytes, via->rtvia_addr, 16);
}

static void take_attribute(const struct rtattr *attribute,
	const struct net_address *address, struct os_hop *hop)
{
	switch (attribute->rta_type) {
	case RTA_OIF:
		if (RTA_PAYLOAD(attribute) >= sizeof hop->interface)
			memcpy(&hop->interface, RTA_DATA(attribute),
				sizeof hop->interface);
		break;
	case RTA_GATEWAY:
		take_gateway(attribute, address->family, hop);
		break;
	case RTA_VIA:
		take_via(attribute, hop);
		break;
	default:
		break;
	}
}

/* NULL when no whole attribute is left. */
static const struct rtattr *attribute_at(const char *reply, size_t at, size_t size)
{
	const struct rtattr *attribute = (const void *)(reply + at);

	if (size - at < sizeof *attribute || attribute->rta_len < sizeof *attribute ||
		attribute->rta_len > size - at)
		return NULL;
	return attribute;
}

bool os_next_hop(const struct net_address *address, struct os_hop *hop)
{
	_Alignas(struct nlmsghdr) char reply[2048];
	const struct rtmsg *route = NLMSG_DATA((struct nlmsghdr *)(void *)reply);
	struct request request;
	ssize_t size;

	request_init(&request, RTM_GETROUTE, sizeof request.route);
	request.route.rtm_family = (unsigned char)family_of(address);
	request.route.rtm_dst_len = address->family == 4 ? 32 : 128;
	add_address(&request, RTA_DST, address);
	size = ask(&request, RTM_NEWROUTE, reply, sizeof reply);
	if (size < (ssize_t)NLMSG_LENGTH(sizeof *route) ||
		route->rtm_type != RTN_UNICAST)
		return false;
	*hop = (struct os_hop){.next = *address};
	for (size_t at = NLMSG_LENGTH(sizeof *route); at < (size_t)size;) {
		const struct rtattr *attribute = attribute_at(reply, at, (size_t)size);
		if (!attribute)
			break;
		take_attribute(attribute, address, hop);
		at += RTA_ALIGN(attribute->rta_len);
	}
	return hop->interface != 0;
}

/* ---- links and neighbours ------------------------------------------------- */

static bool link_flags(unsigned interface, unsigned *flags)
{
	_Alignas(struct nlmsghdr) char reply[8192];
	const struct ifinfomsg *link = NLMSG_DATA((struct nlmsghdr *)(void *)reply);
	struct request request;

	request_init(&request, RTM_GETLINK, sizeof request.link);
	request.link.ifi_index = (int)interface;
	if (ask(&request, RTM_NEWLINK, reply, sizeof reply) <
		(ssize_t)NLMSG_LENGTH(sizeof *link))
		return false;
	*flags = link->ifi_flags;
	return true;
}

static enum os_hop_state neighbour_state(unsigned state)
{
	if (state & (NUD_FAILED))
		return HOP_SILENT;
	if (state & (NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE))
		return HOP_ASKED;
	if (state & (NUD_REACHABLE | NUD_STALE | NUD_PERMANENT))
		return HOP_ANSWERS;
	return HOP_UNKNOWN;
}

enum os_hop_state os_hop_state(const struct os_hop *hop)
{
	_Alignas(struct nlmsghdr) char reply[1024];
	const struct ndmsg *neighbour = NLMSG_DATA((struct nlmsghdr *)(void *)reply);
	struct request request;
	unsigned flags;

	if (!link_flags(hop->interface, &flags) || flags & IFF_LOOPBACK)
		return HOP_UNKNOWN;
	if (!(flags & IFF_UP) || !(flags & IFF_RUNNING))
		return HOP_DOWN;
	if (flags & IFF_NOARP)
		return HOP_UNKNOWN;
	request_init(&request, RTM_GETNEIGH, sizeof request.neighbour);
	request.neighbour.ndm_family = (unsigned char)family_of(&hop->next);
	request.neighbour.ndm_ifindex = (int)hop->interface;
	add_address(&request, NDA_DST, &hop->next);
	if (ask(&request, RTM_NEWNEIGH, reply, sizeof reply) <
		(ssize_t)NLMSG_LENGTH(sizeof *neighbour))
		return HOP_UNKNOWN;
	return neighbour_state(neighbour->ndm_state);
}
