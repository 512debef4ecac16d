/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS server that says what a test tells it to, over UDP and TCP on one port of
 * 127.0.0.1, on the test's own loop. A name without a rule does not exist; a name with
 * rules for other types has no data. Include cmocka.h first.
 */
#ifndef TESTS_PROBES_DNS_PEER_H
#define TESTS_PROBES_DNS_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/cursor.h"
#include "probes/net/dns_message.h"

#define DNS_PEER_MAX_RULES 128
#define DNS_PEER_MESSAGE 65000

struct dns_peer_rule {
	const char *name;
	uint16_t type;
	const char *records; /* comma separated; NULL: none */
	const char *alias;   /* a CNAME that stands before the records; or NULL */
	uint8_t rcode;
	bool silent;
	bool truncate;   /* over UDP: TC and no records */
	bool garble;     /* the answer section is rubbish */
	bool lame;       /* neither AA nor RA */
	unsigned ignore; /* queries that get no answer before the first that does */
};

struct dns_peer {
	uv_loop_t *loop;
	uv_udp_t udp;
	uv_tcp_t tcp;
	uint16_t port;
	struct dns_peer_rule rules[DNS_PEER_MAX_RULES];
	size_t n_rules;
	unsigned n_udp, n_tcp; /* queries that came in */
	bool deaf;             /* everything is read and nothing answered */
	/* Every name exists: A is 10.x.y.z by number in "hN.", AAAA has no data. */
	bool numbered;
	uint8_t message[DNS_PEER_MESSAGE];
	size_t size;
};

static inline void dns_peer_put(struct dns_peer *peer, const void *bytes, size_t size)
{
	assert_true(peer->size + size <= sizeof peer->message);
	memcpy(peer->message + peer->size, bytes, size);
	peer->size += size;
}

static inline void dns_peer_put16(struct dns_peer *peer, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	dns_peer_put(peer, bytes, 2);
}

static inline void dns_peer_put_name(struct dns_peer *peer, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		uint8_t length = (uint8_t)strcspn(name, ".");
		dns_peer_put(peer, &length, 1);
		dns_peer_put(peer, name, length);
		name += length;
		name += *name == '.';
	}
	dns_peer_put(peer, "", 1);
}

/* "PRIORITY WEIGHT PORT TARGET" */
static inline void dns_peer_put_service(struct dns_peer *peer, const char *text)
{
	char *at = NULL;
	for (int i = 0; i < 3; i++, text = at)
		dns_peer_put16(peer, (unsigned)strtoul(text, &at, 10));
	assert_true(*text == ' ');
	dns_peer_put_name(peer, text + 1);
}

static inline void dns_peer_put_rdata(
	struct dns_peer *peer, uint16_t type, const char *text)
{
	uint8_t bytes[16];
	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		bool v4 = type == DNS_TYPE_A;
		assert_true(inet_pton(v4 ? AF_INET : AF_INET6, text, bytes) == 1);
		dns_peer_put(peer, bytes, v4 ? 4 : 16);
	} else if (type == DNS_TYPE_SRV) {
		dns_peer_put_service(peer, text);
	} else {
		dns_peer_put_name(peer, text);
	}
}

/* owner NULL: a pointer to the question's name. */
static inline void dns_peer_put_record(
	struct dns_peer *peer, const char *owner, uint16_t type, const char *text)
{
	if (owner)
		dns_peer_put_name(peer, owner);
	else
		dns_peer_put16(peer, 0xc00c);
	dns_peer_put16(peer, type);
	dns_peer_put16(peer, 1);
	dns_peer_put(peer, "\0\0\1\54", 4);
	size_t at = peer->size;
	dns_peer_put16(peer, 0);
	dns_peer_put_rdata(peer, type, text);
	size_t length = peer->size - at - 2;
	peer->message[at] = (uint8_t)(length >> 8);
	peer->message[at + 1] = (uint8_t)length;
	peer->message[7]++;
	if (peer->message[7] == 0)
		peer->message[6]++;
}

static inline void dns_peer_put_records(
	struct dns_peer *peer, const char *owner, uint16_t type, const char *records)
{
	char *copy = strdup(records), *rest = NULL;
	for (char *text = strtok_r(copy, ",", &rest); text;
		text = strtok_r(NULL, ",", &rest))
		dns_peer_put_record(peer, owner, type, text);
	free(copy);
}

static inline struct dns_peer_rule *dns_peer_find(
	struct dns_peer *peer, const char *name, uint16_t type, bool *exists)
{
	*exists = false;
	for (size_t i = 0; i < peer->n_rules; i++) {
		struct dns_peer_rule *rule = &peer->rules[i];
		if (strcasecmp(rule->name, name) != 0)
			continue;
		*exists = true;
		if (rule->type == type)
			return rule;
	}
	return NULL;
}

static inline void dns_peer_put_numbered(
	struct dns_peer *peer, const char *name, uint16_t type)
{
	char text[32];
	unsigned number = (unsigned)strtoul(name + 1, NULL, 10);
	if (type != DNS_TYPE_A)
		return;
	snprintf(text, sizeof text, "10.%u.%u.%u", number >> 16 & 255,
		number >> 8 & 255, number & 255);
	dns_peer_put_record(peer, NULL, type, text);
}

static inline void dns_peer_put_rule(
	struct dns_peer *peer, const struct dns_peer_rule *rule, bool stream)
{
	peer->message[3] = (uint8_t)((peer->message[3] & 0xf0) | rule->rcode);
	if (rule->lame) {
		peer->message[2] &= 0xfb;
		peer->message[3] &= 0x7f;
	}
	if (rule->truncate && !stream) {
		peer->message[2] |= 2;
		return;
	}
	if (rule->garble) {
		peer->message[7] = 3;
		dns_peer_put(peer, "\xff\xff\xff\xff", 4);
		return;
	}
	if (rule->alias)
		dns_peer_put_record(peer, NULL, DNS_TYPE_CNAME, rule->alias);
	if (rule->records)
		dns_peer_put_records(peer, rule->alias, rule->type, rule->records);
}

/* Builds the answer in peer->message; false: stays silent. */
static inline bool dns_peer_respond(
	struct dns_peer *peer, const void *query, size_t size, bool stream)
{
	struct cursor cursor;
	char name[DNS_NAME_TEXT];
	bool exists;
	cursor_init(&cursor, query, size);
	cursor_skip(&cursor, 12);
	bool sound = dns_name_read(&cursor, name);
	uint16_t type = cursor_u16be(&cursor);
	cursor_skip(&cursor, 2);
	assert_true(sound && !cursor.failed);
	peer->size = 0;
	dns_peer_put(peer, query, cursor.at);
	peer->message[2] = 0x85; /* QR AA RD */
	peer->message[3] = 0x80; /* RA */
	memset(peer->message + 6, 0, 6);
	struct dns_peer_rule *rule = dns_peer_find(peer, name, type, &exists);
	if (peer->deaf || (rule && rule->silent))
		return false;
	if (rule && rule->ignore > 0) {
		rule->ignore--;
		return false;
	}
	if (rule)
		dns_peer_put_rule(peer, rule, stream);
	else if (peer->numbered)
		dns_peer_put_numbered(peer, name, type);
	else if (!exists)
		peer->message[3] |= DNS_RCODE_NXDOMAIN;
	return true;
}

static inline void dns_peer_on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	static char bytes[65536];
	(void)handle;
	(void)wanted;
	*buf = uv_buf_init(bytes, sizeof bytes);
}

static inline void dns_peer_on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned flags)
{
	struct dns_peer *peer = udp->data;
	(void)flags;
	if (n <= 0 || !from)
		return;
	peer->n_udp++;
	if (!dns_peer_respond(peer, buf->base, (size_t)n, false))
		return;
	uv_buf_t out = uv_buf_init((char *)peer->message, (unsigned)peer->size);
	uv_udp_try_send(udp, &out, 1, from);
}

struct dns_peer_client {
	uv_tcp_t tcp;
	struct dns_peer *peer;
	uint8_t bytes[4096];
	size_t size;
};

static inline void dns_peer_on_client_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static inline void dns_peer_on_stream(
	uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct dns_peer_client *client = stream->data;
	struct dns_peer *peer = client->peer;
	if (n < 0) {
		uv_close((uv_handle_t *)stream, dns_peer_on_client_closed);
		return;
	}
	assert_true(client->size + (size_t)n <= sizeof client->bytes);
	memcpy(client->bytes + client->size, buf->base, (size_t)n);
	client->size += (size_t)n;
	while (client->size >= 2) {
		size_t length = (size_t)client->bytes[0] << 8 | client->bytes[1];
		if (client->size < length + 2)
			return;
		peer->n_tcp++;
		if (dns_peer_respond(peer, client->bytes + 2, length, true)) {
			uint8_t head[2] = {
				(uint8_t)(peer->size >> 8), (uint8_t)peer->size};
			uv_buf_t out[2] = {uv_buf_init((char *)head, 2),
				uv_buf_init(
					(char *)peer->message, (unsigned)peer->size)};
			uv_try_write(stream, out, 2);
		}
		client->size -= length + 2;
		memmove(client->bytes, client->bytes + length + 2, client->size);
	}
}

static inline void dns_peer_on_connection(uv_stream_t *listener, int status)
{
	struct dns_peer_client *client = calloc(1, sizeof *client);
	assert_true(status == 0 && client);
	client->peer = listener->data;
	uv_tcp_init(listener->loop, &client->tcp);
	client->tcp.data = client;
	uv_accept(listener, (uv_stream_t *)&client->tcp);
	uv_read_start(
		(uv_stream_t *)&client->tcp, dns_peer_on_alloc, dns_peer_on_stream);
}

/* A UDP and a TCP socket on the same free port of 127.0.0.1. */
static inline uint16_t dns_peer_bind(int *udp, int *tcp)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in sa = {.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t size = sizeof sa;
		*udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		*tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(*udp >= 0 && *tcp >= 0);
		setsockopt(*udp, SOL_SOCKET, SO_RCVBUF, &(int){4 << 20}, sizeof(int));
		if (bind(*udp, (struct sockaddr *)&sa, size) == 0 &&
			getsockname(*udp, (struct sockaddr *)&sa, &size) == 0 &&
			bind(*tcp, (struct sockaddr *)&sa, size) == 0)
			return ntohs(sa.sin_port);
		close(*udp);
		close(*tcp);
	}
	fail_msg("no port is free for both UDP and TCP");
	return 0;
}

static inline void dns_peer_open(struct dns_peer *peer, uv_loop_t *loop)
{
	int udp, tcp;
	memset(peer, 0, sizeof *peer);
	peer->loop = loop;
	peer->port = dns_peer_bind(&udp, &tcp);
	uv_udp_init(loop, &peer->udp);
	uv_udp_open(&peer->udp, udp);
	peer->udp.data = peer;
	uv_udp_recv_start(&peer->udp, dns_peer_on_alloc, dns_peer_on_datagram);
	uv_tcp_init(loop, &peer->tcp);
	uv_tcp_open(&peer->tcp, tcp);
	peer->tcp.data = peer;
	uv_listen((uv_stream_t *)&peer->tcp, 16, dns_peer_on_connection);
}

/* The memory may go when the loop has run once more. */
static inline void dns_peer_close(struct dns_peer *peer)
{
	uv_close((uv_handle_t *)&peer->udp, NULL);
	uv_close((uv_handle_t *)&peer->tcp, NULL);
}

/* Adds a rule, of which the caller may set more. `name` and `records` must last. */
static inline struct dns_peer_rule *dns_peer_answer(
	struct dns_peer *peer, const char *name, uint16_t type, const char *records)
{
	assert_true(peer->n_rules < DNS_PEER_MAX_RULES);
	struct dns_peer_rule *rule = &peer->rules[peer->n_rules++];
	*rule = (struct dns_peer_rule){.name = name, .type = type, .records = records};
	return rule;
}

static inline void dns_peer_rcode(
	struct dns_peer *peer, const char *name, uint16_t type, uint8_t rcode)
{
	dns_peer_answer(peer, name, type, NULL)->rcode = rcode;
}

static inline void dns_peer_silent(
	struct dns_peer *peer, const char *name, uint16_t type)
{
	dns_peer_answer(peer, name, type, NULL)->silent = true;
}

#endif
