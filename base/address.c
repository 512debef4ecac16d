/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/ports.h"
#include "base/quantity.h"

static bool is_link_local(const uint8_t *v6)
{
	return v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80;
}

/* RFC 4007, 11.2: an interface name or its index. */
static bool parse_zone(const char *zone, uint32_t *scope)
{
	uint64_t index;
	if (number_parse(zone, UINT32_MAX, &index)) {
		*scope = (uint32_t)index;
		return index > 0;
	}
	*scope = if_nametoindex(zone);
	return *scope > 0;
}

static bool parse_v6(const char *text, struct net_address *address)
{
	char part[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');
	size_t length = zone ? (size_t)(zone - text) : strlen(text);
	if (length >= sizeof part)
		return false;
	memcpy(part, text, length);
	part[length] = '\0';
	if (inet_pton(AF_INET6, part, address->bytes) != 1)
		return false;
	address->family = 6;
	if (!zone)
		return true;
	return is_link_local(address->bytes) && parse_zone(zone + 1, &address->scope);
}

bool net_address_parse(const char *text, struct net_address *address)
{
	struct net_address parsed = {0};
	if (inet_pton(AF_INET, text, parsed.bytes) == 1)
		parsed.family = 4;
	else if (!parse_v6(text, &parsed))
		return false;
	*address = parsed;
	return true;
}

static uint16_t group_at(const uint8_t *v6, size_t index)
{
	return (uint16_t)(v6[index * 2] << 8 | v6[index * 2 + 1]);
}

/* RFC 5952, 4.2: the longest run of two or more zero groups, the first of equals. Its
 * first group, or 8 without one. */
static size_t longest_zeros(const uint8_t *v6, size_t *length)
{
	size_t best = 8;
	*length = 1;
	for (size_t i = 0; i < 8; i++) {
		size_t run = 0;
		while (i + run < 8 && group_at(v6, i + run) == 0)
			run++;
		if (run > *length) {
			*length = run;
			best = i;
		}
		i += run;
	}
	return best;
}

/* inet_ntop() also writes ::1:2 as "::0.1.0.2", which RFC 5952 (section 5) leaves to
 * prefixes that are known to embed v4. */
static void format_v6(const uint8_t *v6, char *buf, size_t size)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	size_t at = 0, run, zeros = longest_zeros(v6, &run);
	if (memcmp(v6, mapped, sizeof mapped) == 0) {
		snprintf(buf, size, "::ffff:%u.%u.%u.%u", v6[12], v6[13], v6[14],
			v6[15]);
		return;
	}
	for (size_t i = 0; i < 8 && at < size; i++) {
		bool colon = i > 0 && i != zeros + run;
		if (i == zeros) {
			at += (size_t)snprintf(buf + at, size - at, "::");
			i += run - 1;
		} else {
			at += (size_t)snprintf(buf + at, size - at, "%s%x",
				colon ? ":" : "", group_at(v6, i));
		}
	}
}

const char *net_address_format(
	const struct net_address *address, char *buf, size_t size)
{
	const uint8_t *b = address->bytes;
	char text[NET_ADDRESS_TEXT], name[IF_NAMESIZE];
	if (address->family == 0) {
		snprintf(buf, size, "none");
		return buf;
	}
	if (address->family == 4) {
		snprintf(buf, size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
		return buf;
	}
	format_v6(b, text, sizeof text);
	if (!address->scope)
		snprintf(buf, size, "%s", text);
	else if (if_indextoname(address->scope, name))
		snprintf(buf, size, "%s%%%s", text, name);
	else
		snprintf(buf, size, "%s%%%u", text, address->scope);
	return buf;
}

socklen_t net_address_to_sockaddr(
	const struct net_address *address, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (address->family == 4) {
		struct sockaddr_in *sin = (struct sockaddr_in *)out;
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		memcpy(&sin->sin_addr, address->bytes, 4);
		return sizeof *sin;
	}
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(port);
	sin6->sin6_scope_id = address->scope;
	memcpy(&sin6->sin6_addr, address->bytes, 16);
	return sizeof *sin6;
}

bool net_address_from_sockaddr(const struct sockaddr *sa, struct net_address *address)
{
	*address = (struct net_address){0};
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in sin;
		memcpy(&sin, sa, sizeof sin);
		address->family = 4;
		memcpy(address->bytes, &sin.sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 sin6;
		memcpy(&sin6, sa, sizeof sin6);
		address->family = 6;
		address->scope = sin6.sin6_scope_id;
		memcpy(address->bytes, &sin6.sin6_addr, 16);
		return true;
	}
	return false;
}

int net_address_compare(const struct net_address *a, const struct net_address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
	if (order)
		return order;
	return (a->scope > b->scope) - (a->scope < b->scope);
}

struct net_address net_address_network(const struct net_address *address, unsigned bits)
{
	struct net_address network = *address;
	for (unsigned i = 0; i < sizeof network.bytes; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		if (kept < 8)
			network.bytes[i] &= (uint8_t)(0xff00u >> kept);
	}
	return network;
}

bool net_endpoint_parse(const char *text, struct net_address *address, uint16_t *port)
{
	char host[NET_ADDRESS_TEXT];
	struct net_address parsed;
	uint16_t parsed_port = *port;
	if (net_address_parse(text, address))
		return true;
	bool brackets = text[0] == '[';
	const char *start = text + brackets;
	const char *end = strchr(start, brackets ? ']' : ':');
	if (!end || (size_t)(end - start) >= sizeof host)
		return false;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if (!net_address_parse(host, &parsed) || parsed.family != (brackets ? 6 : 4))
		return false;
	end += brackets;
	if (*end == ':' ? !port_parse(end + 1, &parsed_port) : *end != '\0')
		return false;
	*address = parsed;
	*port = parsed_port;
	return true;
}
