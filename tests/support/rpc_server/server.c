/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DCE/RPC server for tests: an endpoint mapper and the interfaces that it names, each
 * as well or badly behaved as the command line says. One thread, and no memory for a
 * connection but its slot in a table.
 * Source: C706, chapter 12.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/rpc_server/options.h"

enum {
	MAX_FDS = 65536,
	MAX_CONTEXTS = 4,
	IN_SIZE = 5840,
	HEADER_SIZE = 16,
	RESPONSE_SIZE = 24,
};

enum ptype {
	REQUEST = 0,
	RESPONSE = 2,
	FAULT = 3,
	BIND = 11,
	BIND_ACK = 12,
	BIND_NAK = 13,
	ALTER_CONTEXT = 14,
	ALTER_CONTEXT_RESPONSE = 15
};

enum {
	FIRST = 1,
	LAST = 2,
	WHOLE = FIRST | LAST,
	NOT_EXECUTED = 0x20
};

struct context {
	unsigned id;
	const struct rpc_entry *entry;
};

struct connection {
	uint16_t port;
	bool listens, is_open;
	unsigned max_fragment, n_contexts;
	struct context contexts[MAX_CONTEXTS];
	size_t have;
	uint8_t in[IN_SIZE];
};

static const uint8_t ndr_le[20] = {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f,
	0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2};

static struct connection connections[MAX_FDS]; /* by descriptor */
static struct rpc_mapper mapper;
static struct rpc_options options;
static struct rpc_out stub, wire;
static int poller;

/* ---- connections ---- */

static int fd_of(const struct connection *connection)
{
	return (int)(connection - connections);
}

static void hang_up(struct connection *connection, bool with_reset)
{
	struct linger at_once = {.l_onoff = 1};

	if (with_reset)
		setsockopt(fd_of(connection), SOL_SOCKET, SO_LINGER, &at_once,
			sizeof at_once);
	close(fd_of(connection));
	connection->is_open = false;
}

/* A slow reader is waited for: nearly every answer fits into the socket's buffer. */
static void send_wire(struct connection *connection)
{
	struct pollfd writable = {.fd = fd_of(connection), .events = POLLOUT};
	size_t sent = 0;

	while (connection->is_open && sent < wire.size) {
		ssize_t n = send(writable.fd, wire.bytes + sent, wire.size - sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN || poll(&writable, 1, 2000) != 1)
			hang_up(connection, true);
	}
	wire.size = 0;
}

/* ---- PDUs ---- */

/* The common header (C706, 12.6.3.1); returns where the PDU starts. */
static size_t begin(enum ptype type, unsigned flags, uint32_t call)
{
	size_t start = wire.size;

	put(&wire,
		(uint8_t[]){5, 0, (uint8_t)type, (uint8_t)flags,
			wire.big_endian ? 0 : 0x10, 0, 0, 0},
		8);
	put32(&wire, 0);
	put32(&wire, call);
	return start;
}

static void finish(size_t start)
{
	size_t end = wire.size;

	wire.size = start + 8;
	put16(&wire, (unsigned)(end - start));
	wire.size = end;
}

static void put_fault(uint32_t call, unsigned context, uint32_t status)
{
	size_t start = begin(FAULT, WHOLE | NOT_EXECUTED, call);

	put32(&wire, 0);
	put16(&wire, context);
	put16(&wire, 0);
	put32(&wire, status);
	put32(&wire, 0);
	finish(start);
}

/* One version is ours: 5.0. */
static void put_nak(uint32_t call, uint32_t reason)
{
	size_t start = begin(BIND_NAK, WHOLE, call);

	put16(&wire, reason);
	put(&wire, (uint8_t[]){1, 5, 0}, 3);
	finish(start);
}

/* The stub, in as many fragments as it takes. */
static void put_stub(
	const struct connection *connection, uint32_t call, unsigned context)
{
	size_t room = (connection->max_fragment - RESPONSE_SIZE) & ~7u;

	for (size_t at = 0; at < stub.size; at += room) {
		size_t left = stub.size - at, size = left < room ? left : room;
		unsigned flags = (at == 0 ? FIRST : 0u) | (size == left ? LAST : 0u);
		size_t start = begin(RESPONSE, flags, call);
		put32(&wire, (uint32_t)left);
		put16(&wire, context);
		put16(&wire, 0);
		put(&wire, stub.bytes + at, size);
		finish(start);
	}
}

/* ---- binds ---- */

struct proposal {
	unsigned id;
	const struct rpc_entry *entry; /* NULL: not here */
	bool has_ndr;
};

static struct proposal get_proposal(struct rpc_in *in, uint16_t port)
{
	struct proposal proposal = {.id = get16(in)};
	unsigned n_transfer = *take(in, 2), major;
	struct rpc_uuid uuid = get_uuid(in);

	major = get16(in);
	proposal.entry = rpc_mapper_find(&mapper, port, &uuid, major, get16(in));
	for (unsigned i = 0; i < n_transfer; i++)
		if (memcmp(take(in, sizeof ndr_le), ndr_le, sizeof ndr_le) == 0)
			proposal.has_ndr = true;
	return proposal;
}

/* Why a proposal is rejected by the provider, or 0 (C706, 12.6.3.1,
 * p_provider_reason_t). */
static unsigned rejection(const struct proposal *proposal)
{
	if (!proposal->entry)
		return 1;
	if (proposal->entry->mode == MODE_REJECT)
		return proposal->entry->number;
	return proposal->has_ndr ? 0 : 2;
}

static void put_result(unsigned reason)
{
	struct rpc_uuid transfer = {0};

	if (reason == 0)
		transfer = swapped(ndr_le);
	put16(&wire, reason ? 2 : 0);
	put16(&wire, reason);
	put_uuid(&wire, &transfer);
	put32(&wire, reason ? 0 : 2);
}

static void put_bind_ack_head(
	const struct connection *connection, enum ptype type, unsigned n_results)
{
	static uint32_t association = 0x1000;
	char port[8] = "";
	size_t length = 0;

	if (type == BIND_ACK)
		length =
			(size_t)snprintf(port, sizeof port, "%u", connection->port) + 1;
	put16(&wire, connection->max_fragment);
	put16(&wire, IN_SIZE);
	put32(&wire, association++);
	put16(&wire, (unsigned)length);
	put(&wire, port, length);
	put_padding(&wire);
	put8(&wire, n_results);
	put(&wire, "\0\0", 3);
}

/* What comes in place of an acknowledgement. False: nothing special. */
static bool mistreat_bind(
	struct connection *connection, const struct rpc_entry *entry, uint32_t call)
{
	static const char garbage[] = "HTTP/1.0 400 Bad Request\r\n\r\n";

	switch (entry ? entry->mode : MODE_OK) {
	case MODE_SILENT:
		return true;
	case MODE_CLOSE:
	case MODE_RESET:
		hang_up(connection, entry->mode == MODE_RESET);
		return true;
	case MODE_GARBAGE:
		put(&wire, garbage, sizeof garbage - 1);
		return true;
	case MODE_NAK:
		put_nak(call, entry->number);
		return true;
	case MODE_BIND_FAULT:
		put_fault(call, 0, entry->number);
		return true;
	default:
		return false;
	}
}

static void accept_proposal(
	struct connection *connection, const struct proposal *proposal)
{
	struct context *context;

	if (connection->n_contexts == MAX_CONTEXTS)
		return;
	context = &connection->contexts[connection->n_contexts++];
	context->id = proposal->id;
	context->entry = proposal->entry;
}

static void on_bind(struct connection *connection, enum ptype type, uint32_t call,
	struct rpc_in *in)
{
	struct proposal proposals[MAX_CONTEXTS];
	enum ptype answer = type == BIND ? BIND_ACK : ALTER_CONTEXT_RESPONSE;
	unsigned wanted, n;
	size_t start;

	get16(in);
	wanted = get16(in);
	get32(in);
	n = *take(in, 4);
	for (unsigned i = 0; i < n && i < MAX_CONTEXTS; i++)
		proposals[i] = get_proposal(in, connection->port);
	if (in->bad || n == 0 || n > MAX_CONTEXTS) {
		put_nak(call, 0);
		return;
	}
	if (mistreat_bind(connection, proposals[0].entry, call))
		return;
	/* The least that a client must take is 1432 (C706, 12.6.3.1); tests want less.
	 */
	connection->max_fragment =
		wanted < options.fragment_size ? wanted : options.fragment_size;
	if (connection->max_fragment < RPC_FRAGMENT_LEAST)
		connection->max_fragment = RPC_FRAGMENT_LEAST;
	start = begin(answer, WHOLE, call);
	put_bind_ack_head(connection, answer, n);
	for (unsigned i = 0; i < n; i++) {
		put_result(rejection(&proposals[i]));
		if (rejection(&proposals[i]) == 0)
			accept_proposal(connection, &proposals[i]);
	}
	finish(start);
}

/* ---- calls ---- */

static void on_request(
	struct connection *connection, uint32_t call, unsigned flags, struct rpc_in *in)
{
	const struct rpc_entry *entry = NULL;
	unsigned id, opnum;
	uint32_t status;

	get32(in);
	id = get16(in);
	opnum = get16(in);
	if (flags & 0x80) /* an object */
		take(in, 16);
	for (unsigned i = 0; i < connection->n_contexts; i++)
		if (connection->contexts[i].id == id)
			entry = connection->contexts[i].entry;
	if (entry && entry->mode == MODE_MUTE)
		return;
	stub.size = 0;
	if (!entry)
		status = RPC_BAD_INTERFACE;
	else if (entry->mode == MODE_FAULT)
		status = entry->number;
	else
		status = rpc_call(&mapper, entry, opnum, in, &stub);
	if (status)
		put_fault(call, id, status);
	else
		put_stub(connection, call, id);
	if (entry && entry->mode == MODE_CUT) {
		wire.size /= 2;
		send_wire(connection);
		hang_up(connection, false);
	}
}

static void on_pdu(struct connection *connection, const uint8_t *pdu, size_t size)
{
	struct rpc_in in = {.at = pdu + 12, .end = pdu + size};
	uint32_t call = get32(&in);

	switch (pdu[2]) {
	case BIND:
	case ALTER_CONTEXT:
		on_bind(connection, pdu[2], call, &in);
		break;
	case REQUEST:
		on_request(connection, call, pdu[3], &in);
		break;
	default: /* nothing answers those */
		break;
	}
	if (connection->is_open)
		send_wire(connection);
}

/* Serves the PDUs that are whole; returns how many bytes they were. What is no RPC gets
 * no answer, as from the real ones; version 4 is told that ours is 5. */
static size_t serve(struct connection *connection)
{
	size_t at = 0;

	while (connection->is_open && connection->have - at >= HEADER_SIZE) {
		const uint8_t *pdu = connection->in + at;
		size_t size = pdu[8] | (size_t)pdu[9] << 8;
		if (pdu[0] == 4)
			put_nak(1, 4);
		if (pdu[0] != 5 || size < HEADER_SIZE) {
			send_wire(connection);
			return connection->have;
		}
		if (connection->have - at < size)
			break;
		on_pdu(connection, pdu, size);
		at += size;
	}
	return at;
}

/* ---- the loop ---- */

static void on_readable(struct connection *connection)
{
	ssize_t n = recv(fd_of(connection), connection->in + connection->have,
		IN_SIZE - connection->have, MSG_DONTWAIT);
	size_t used;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) { /* also when a PDU is longer than we take */
		hang_up(connection, false);
		return;
	}
	connection->have += (size_t)n;
	used = serve(connection);
	connection->have -= used;
	if (used && connection->have)
		memmove(connection->in, connection->in + used, connection->have);
}

static void watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		die("rpc_server: epoll_ctl: %s\n", strerror(errno));
}

static void on_accept(const struct connection *listener)
{
	for (int i = 0; i < 64; i++) {
		int fd = accept4(fd_of(listener), NULL, NULL, SOCK_CLOEXEC);
		struct connection *connection = &connections[fd < 0 ? 0 : fd];
		if (fd < 0)
			return;
		connection->port = listener->port;
		connection->listens = false;
		connection->is_open = true;
		connection->n_contexts = 0;
		connection->have = 0;
		watch(fd);
	}
}

static void serve_for_ever(void)
{
	static struct epoll_event events[512];

	for (;;) {
		int n = epoll_wait(poller, events, 512, -1);
		for (int i = 0; i < n; i++) {
			struct connection *connection = &connections[events[i].data.fd];
			if (connection->listens)
				on_accept(connection);
			else if (events[i].events & EPOLLHUP)
				hang_up(connection, false); /* reset */
			else
				on_readable(connection);
		}
	}
}

/* ---- listening ---- */

/* An IPv4 address is listened on as what IPv6 makes of it. */
static struct in6_addr parse_address(const char *text)
{
	struct in6_addr address = {0};

	if (inet_pton(AF_INET6, text, &address) == 1)
		return address;
	address.s6_addr[10] = address.s6_addr[11] = 0xff;
	if (inet_pton(AF_INET, text, address.s6_addr + 12) != 1)
		die("rpc_server: not an address: %s\n", text);
	return address;
}

static void listen_on(const char *address, struct rpc_entry *entry)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
		.sin6_addr = parse_address(address),
		.sin6_port = htons(entry->port)};
	socklen_t size = sizeof to;
	int on = 1, off = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on); /* AnyIP */
	if (bind(fd, (struct sockaddr *)&to, size) < 0 || listen(fd, 65535) < 0 ||
		getsockname(fd, (struct sockaddr *)&to, &size) < 0)
		die("rpc_server: %s port %u: %s\n", address, entry->port,
			strerror(errno));
	entry->port = ntohs(to.sin6_port);
	connections[fd].port = entry->port;
	connections[fd].listens = true;
	watch(fd);
}

static void listen_for(struct rpc_entry *entry)
{
	static bool listening[65536];

	if (entry->transport != ON_TCP || entry->mode == MODE_ABSENT ||
		listening[entry->port])
		return;
	for (size_t i = 0; i < options.n_addresses; i++)
		listen_on(options.addresses[i], entry);
	if (options.n_addresses == 0)
		listen_on("::", entry);
	listening[entry->port] = true;
	printf(" %u", entry->port);
}

/* A descriptor is the index of a connection's slot. */
static void limit_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < MAX_FDS ? limit.rlim_max : MAX_FDS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	rpc_mapper_init(&mapper);
	rpc_options_parse(argc, argv, &options, &mapper);
	stub.big_endian = wire.big_endian = options.big_endian;
	limit_descriptors();
	poller = epoll_create1(EPOLL_CLOEXEC);
	printf("ready");
	for (size_t i = 0; i < mapper.n_entries; i++)
		listen_for(&mapper.entries[i]);
	puts("");
	fflush(stdout);
	rpc_mapper_add_made(&mapper, options.made);
	rpc_mapper_add_mgmt(&mapper);
	serve_for_ever();
}
