/* SPDX-License-Identifier: Apache-2.0 */
/* An IPv4 or IPv6 address, without a port. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct net_address {
	uint8_t family;    /* 4 or 6; 0: none */
	uint8_t bytes[16]; /* network order; 4 of them used for v4 */
	uint32_t scope;    /* interface index of a link-local v6 address, else 0 */
};

#define NET_ADDRESS_TEXT 64 /* room for any address in text, with its zone */

/*
 * Reads a dotted quad or RFC 4291 text form, "%zone" allowed on link-local v6. No
 * brackets, no port, no prefix, no octal or short forms ("10.1", "010.0.0.1").
 */
bool net_address_parse(const char *text, struct net_address *address);

/* Writes RFC 5952 text ("none" for family 0); returns `buf`. size >= NET_ADDRESS_TEXT.
 */
const char *net_address_format(
	const struct net_address *address, char *buf, size_t size);

/* Fills a socket address; returns its length. port in host order. */
socklen_t net_address_to_sockaddr(
	const struct net_address *address, uint16_t port, struct sockaddr_storage *out);

/* From AF_INET or AF_INET6; false for other families. v4-mapped v6 stays v6. */
bool net_address_from_sockaddr(const struct sockaddr *sa, struct net_address *address);

/* Orders by family, bytes, scope: <0, 0, >0. */
int net_address_compare(const struct net_address *a, const struct net_address *b);

/*
 * The network that holds the address: the first `bits` bits kept, the rest zero. bits
 * is cut to 32 or 128.
 */
struct net_address net_address_network(
	const struct net_address *address, unsigned bits);

/*
 * Reads "ADDRESS" or "ADDRESS:PORT" or "[V6]" or "[V6]:PORT". *port stays as it is when
 * the text has none. False when wrong or the port is 0 or over 65535.
 */
bool net_endpoint_parse(const char *text, struct net_address *address, uint16_t *port);

#endif
