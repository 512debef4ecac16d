/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rpc_server/mapper.h"

#include <string.h>

static const struct rpc_uuid epm = {{0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9,
	0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa}};
static const struct rpc_uuid mgmt = {{0xaf, 0xa8, 0xbd, 0x80, 0x7d, 0x8a, 0x11, 0xc9,
	0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89}};
static const struct rpc_uuid ndr = {{0x8a, 0x88, 0x5d, 0x04, 0x1c, 0xeb, 0x11, 0xc9,
	0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}};
static const struct rpc_uuid object_exporter = {{0x99, 0xfc, 0xfe, 0xc4, 0x52, 0x60,
	0x10, 0x1b, 0xbb, 0xcb, 0x00, 0xaa, 0x00, 0x21, 0x34, 0x7a}};

/* The third to fifth floors, by enum rpc_transport. */
static const struct transport {
	uint8_t rpc, protocol, host;
	const char *name; /* NULL: it has a port */
} transports[ON_COUNT] = {
	[ON_TCP] = {0x0b, 0x07, 0x09, NULL},
	[ON_PIPE] = {0x0b, 0x0f, 0x11, "\\pipe\\made"},
	[ON_LOCAL] = {0x0c, 0x10, 0, "made"},
	[ON_HTTP] = {0x0b, 0x1f, 0x09, NULL},
	[ON_UDP] = {0x0a, 0x08, 0x09, NULL},
};

/* ---- registrations ---- */

void rpc_mapper_init(struct rpc_mapper *mapper)
{
	memset(mapper, 0, sizeof *mapper);
	mapper->page = RPC_PAGE;
	rpc_mapper_add(
		mapper, &(struct rpc_entry){.uuid = epm, .major = 3, .port = 135});
}

bool rpc_mapper_add(struct rpc_mapper *mapper, const struct rpc_entry *entry)
{
	if (mapper->n_entries == RPC_MAX_ENTRIES)
		return false;
	mapper->entries[mapper->n_entries++] = *entry;
	return true;
}

void rpc_mapper_add_made(struct rpc_mapper *mapper, unsigned long n)
{
	static const char *const annotations[] = {"", "a", "of", "for", "made"};
	const struct rpc_entry *first = &mapper->entries[mapper->n_entries > 1];

	for (unsigned long i = 0; i < n; i++) {
		struct rpc_entry entry = {.uuid = {{0x3d, 0xad, 0xe0, 0x00}},
			.major = 1,
			.minor = (uint16_t)(i % 3),
			.port = 593,
			.transport = (enum rpc_transport)(i % ON_COUNT),
			.annotation = annotations[i / ON_COUNT % 5],
			.listed = true};
		entry.uuid.bytes[14] = (uint8_t)(i >> 8);
		entry.uuid.bytes[15] = (uint8_t)i;
		if (entry.transport == ON_TCP) {
			entry.port = first->port;
			entry.mode = first->mode;
			entry.number = first->number;
		}
		rpc_mapper_add(mapper, &entry);
	}
}

const struct rpc_entry *rpc_mapper_find(const struct rpc_mapper *mapper, uint16_t port,
	const struct rpc_uuid *uuid, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < mapper->n_entries; i++) {
		const struct rpc_entry *entry = &mapper->entries[i];
		if (entry->port == port && entry->transport == ON_TCP &&
			same_uuid(&entry->uuid, uuid) && entry->major == major &&
			entry->minor >= minor)
			return entry;
	}
	return NULL;
}

void rpc_mapper_add_mgmt(struct rpc_mapper *mapper)
{
	for (size_t i = 0, n = mapper->n_entries; i < n; i++) {
		struct rpc_entry beside = mapper->entries[i];
		if (beside.transport != ON_TCP ||
			rpc_mapper_find(mapper, beside.port, &mgmt, 1, 0))
			continue;
		beside.uuid = mgmt;
		beside.major = 1;
		beside.minor = 0;
		beside.listed = false;
		if (beside.mode == MODE_REJECT)
			beside.mode = MODE_OK;
		rpc_mapper_add(mapper, &beside);
	}
}

/* ---- towers ---- */

static void put_floor(
	struct rpc_out *out, uint8_t protocol, const void *right, size_t size)
{
	put16_le(out, 1);
	put8(out, protocol);
	put16_le(out, (unsigned)size);
	put(out, right, size);
}

static void put_syntax_floor(struct rpc_out *out, const struct rpc_uuid *uuid,
	unsigned major, unsigned minor)
{
	put16_le(out, 19);
	put8(out, 0x0d);
	put_uuid_le(out, uuid);
	put16_le(out, major);
	put16_le(out, 2);
	put16_le(out, minor);
}

/* The address is nobody's: who dials it has not read [MS-RPCE] 2.2.1.2.2. */
static void put_floors(struct rpc_out *out, const struct rpc_entry *entry)
{
	const struct transport *transport = &transports[entry->transport];
	const uint8_t port[] = {(uint8_t)(entry->port >> 8), (uint8_t)entry->port};
	const uint8_t address[] = {192, 0, 2, 1};
	const char *name = transport->name;

	put16_le(out, transport->host ? 5 : 4);
	put_syntax_floor(out, &entry->uuid, entry->major, entry->minor);
	put_syntax_floor(out, &ndr, 2, 0);
	put_floor(out, transport->rpc, "\0", 2);
	if (name)
		put_floor(out, transport->protocol, name, strlen(name) + 1);
	else
		put_floor(out, transport->protocol, port, sizeof port);
	if (transport->host == 0x11)
		put_floor(out, transport->host, "\\\\LS", 5);
	else if (transport->host)
		put_floor(out, transport->host, address, sizeof address);
}

static void put_tower(struct rpc_out *out, const struct rpc_entry *entry)
{
	size_t at = out->size, end;
	uint32_t length;

	put32(out, 0);
	put32(out, 0);
	put_floors(out, entry);
	end = out->size;
	length = (uint32_t)(end - at - 8);
	out->size = at;
	put32(out, length);
	put32(out, length);
	out->size = end;
	put_padding(out);
}

/* ---- handles: where a lookup goes on is all that they say ---- */

static void put_handle(struct rpc_out *out, size_t next)
{
	uint8_t handle[20] = {0};

	if (next) {
		memcpy(handle + 12, "goon", 4);
		handle[16] = (uint8_t)(next >> 8);
		handle[17] = (uint8_t)next;
	}
	put(out, handle, sizeof handle);
}

static size_t get_handle(struct rpc_in *in)
{
	static const uint8_t null[20];
	const uint8_t *at = take(in, 20);

	if (memcmp(at, null, sizeof null) == 0)
		return 0;
	if (memcmp(at + 12, "goon", 4) != 0)
		in->bad = true;
	return (size_t)at[16] << 8 | at[17];
}

/* ---- ept_lookup and ept_map ---- */

struct query {
	bool any; /* interface and transport */
	struct rpc_uuid uuid;
	unsigned major, minor;
	bool exactly; /* no newer minor version will do */
	bool any_transport;
	enum rpc_transport transport;
	size_t from;
	uint32_t max;   /* entries wanted */
	bool annotated; /* ept_lookup's answer is */
};

static bool matches(const struct query *query, const struct rpc_entry *entry)
{
	if (!entry->listed)
		return false;
	if (!query->any_transport && query->transport != entry->transport)
		return false;
	if (query->any)
		return true;
	return same_uuid(&query->uuid, &entry->uuid) && query->major == entry->major &&
	       (query->exactly ? query->minor == entry->minor
			       : query->minor <= entry->minor);
}

struct found {
	const struct rpc_entry *entries[RPC_PAGE];
	uint32_t n;
	size_t next; /* 0: there are no more */
};

static void find(
	const struct rpc_mapper *mapper, const struct query *query, struct found *found)
{
	uint32_t max = query->max < mapper->page ? query->max : mapper->page;

	found->n = 0;
	found->next = 0;
	for (size_t i = query->from; i < mapper->n_entries; i++) {
		if (!matches(query, &mapper->entries[i]))
			continue;
		if (found->n == max) {
			found->next = i;
			return;
		}
		found->entries[found->n++] = &mapper->entries[i];
	}
}

static bool same_tower(const struct rpc_entry *a, const struct rpc_entry *b)
{
	return same_uuid(&a->uuid, &b->uuid) && a->major == b->major &&
	       a->minor == b->minor && a->transport == b->transport &&
	       a->port == b->port;
}

/* The first whose tower is the same: a full pointer to it is an alias (C706,
 * 14.3.11.1). */
static uint32_t referent(const struct found *found, uint32_t i, bool aliases)
{
	for (uint32_t first = 0; aliases && first < i; first++)
		if (same_tower(found->entries[first], found->entries[i]))
			return first;
	return i;
}

static void put_annotation(struct rpc_out *out, const char *text)
{
	size_t length = strlen(text) + 1;

	put32(out, 0);
	put32(out, (uint32_t)length);
	put(out, text, length);
	put_padding(out);
}

static void put_found(
	struct rpc_out *out, const struct found *found, bool aliases, bool annotated)
{
	static const struct rpc_uuid no_object;

	for (uint32_t i = 0; i < found->n; i++) {
		if (annotated)
			put_uuid(out, &no_object);
		put32(out, 0x20000 + 4 * referent(found, i, aliases));
		if (annotated)
			put_annotation(out, found->entries[i]->annotation);
	}
	for (uint32_t i = 0; i < found->n; i++)
		if (referent(found, i, aliases) == i)
			put_tower(out, found->entries[i]);
}

static uint32_t answer(
	const struct rpc_mapper *mapper, const struct query *query, struct rpc_out *out)
{
	static struct found found;
	const struct rpc_entry *self = &mapper->entries[0];
	uint32_t status = 0;

	find(mapper, query, &found);
	if (self->mode == MODE_STATUS) {
		found.n = 0;
		found.next = 0;
		status = self->number;
	} else if (found.n == 0) {
		status = RPC_NOT_REGISTERED;
	} else if (query->annotated && mapper->like_samba && !found.next) {
		found.next = mapper->n_entries;
	}
	put_handle(out, found.next);
	put32(out, found.n);
	put32(out, query->max);
	put32(out, 0);
	put32(out, found.n);
	put_found(out, &found, mapper->aliases, query->annotated);
	put32(out, status);
	return 0;
}

static uint32_t lookup(
	const struct rpc_mapper *mapper, struct rpc_in *in, struct rpc_out *out)
{
	struct query query = {.annotated = true, .any_transport = true};

	query.any = (get32(in) & 1) == 0;
	if (get32(in))
		take(in, 16);
	if (get32(in)) {
		query.uuid = get_uuid(in);
		query.major = get16(in);
		query.minor = get16(in);
	}
	query.exactly = get32(in) == 3;
	query.from = get_handle(in);
	query.max = get32(in);
	return in->bad ? RPC_BAD_STUB : answer(mapper, &query, out);
}

/* Floors one and two of a request are 25 bytes each, three is 7, behind a count of 2.
 */
static bool get_tower(const uint8_t *octets, size_t size, struct query *query)
{
	if (size < 2 + 25 + 25 + 7 + 3)
		return false;
	query->uuid = swapped(octets + 5);
	query->major = octets[21] | (unsigned)octets[22] << 8;
	query->minor = octets[25] | (unsigned)octets[26] << 8;
	for (int i = 0; i < ON_COUNT; i++) {
		query->transport = (enum rpc_transport)i;
		if (transports[i].protocol == octets[2 + 25 + 25 + 7 + 2])
			return true;
	}
	return false;
}

static uint32_t map(
	const struct rpc_mapper *mapper, struct rpc_in *in, struct rpc_out *out)
{
	struct query query = {0};
	const uint8_t *octets;
	uint32_t length;

	if (get32(in))
		take(in, 16);
	take(in, 8);
	length = get32(in);
	octets = take(in, length);
	take(in, -length % 4);
	query.from = get_handle(in);
	query.max = get32(in);
	if (in->bad || !get_tower(octets, length, &query))
		return RPC_BAD_STUB;
	return answer(mapper, &query, out);
}

static uint32_t handle_free(struct rpc_in *in, struct rpc_out *out)
{
	get_handle(in);
	put_handle(out, 0);
	put32(out, 0);
	return in->bad ? RPC_BAD_STUB : 0;
}

/* COM 5.7, one string binding and one security binding. */
static uint32_t server_alive(struct rpc_out *out)
{
	static const uint16_t bindings[] = {7, 'l', 's', '1', 0, 0, 10, 0xffff, 0, 0};
	enum {
		N = sizeof bindings / sizeof *bindings,
		SECURITY = 6
	};

	put16(out, 5);
	put16(out, 7);
	put32(out, 0x20000);
	put32(out, N);
	put16(out, N);
	put16(out, SECURITY);
	for (size_t i = 0; i < N; i++)
		put16(out, bindings[i]);
	put_padding(out);
	put32(out, 0);
	put32(out, 0);
	return 0;
}

uint32_t rpc_call(const struct rpc_mapper *mapper, const struct rpc_entry *entry,
	unsigned opnum, struct rpc_in *in, struct rpc_out *out)
{
	bool is_mapper = entry == &mapper->entries[0];

	if (is_mapper && opnum == 2)
		return lookup(mapper, in, out);
	if (is_mapper && opnum == 3)
		return map(mapper, in, out);
	if (is_mapper && opnum == 4)
		return handle_free(in, out);
	if (opnum == 5 && same_uuid(&entry->uuid, &object_exporter))
		return server_alive(out);
	return RPC_BAD_OPNUM;
}
