/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/epm.h"

#include <errno.h>
#include <string.h>

#include "probes/rpc/ndr.h"

/* C706, appendix O, and [MS-RPCE] 2.2.1.2 */
enum {
	INQUIRE_ALL = 0,     /* inquiry_type: every entry */
	VERSIONS_ALL = 1,    /* vers_option; not heeded for INQUIRE_ALL */
	OBJECT_REFERENT = 1, /* any that are not 0 and differ */
	TOWER_REFERENT = 2,
	ANNOTATION_MAX = EPM_ANNOTATION_TEXT - 1,
};

/* Where one entry and its tower are in the stub; a lookup's entry begins with its
 * object UUID, a map's has no such thing. */
struct place {
	uint32_t entry;
	uint32_t referent; /* 0: no tower */
	uint32_t tower, tower_size;
};

struct listing {
	struct ndr_reader ndr;
	uint32_t count;
	uint32_t highest; /* of the referents whose tower was read */
	struct place places[EPM_MAX_ENTRIES];
};

const struct uuid_syntax epm_interface = {
	.uuid = UUID_LITERAL(0xe1af8308, 0x5d1f, 0x11c9, 0x91a4, 0x08002b14a0fa),
	.major = 3,
};

bool epm_handle_is_null(const struct epm_handle *handle)
{
	static const struct epm_handle null;

	return memcmp(handle, &null, sizeof null) == 0;
}

static uint8_t *put_handle(uint8_t *out, const struct epm_handle *handle)
{
	memcpy(out, handle->bytes, EPM_HANDLE_SIZE);
	return out + EPM_HANDLE_SIZE;
}

size_t epm_write_lookup(
	uint8_t *out, const struct epm_handle *handle, uint32_t max_entries)
{
	uint8_t *at = ndr_put_u32(out, INQUIRE_ALL);
	at = ndr_put_u32(at, 0); /* object */
	at = ndr_put_u32(at, 0); /* interface */
	at = ndr_put_u32(at, VERSIONS_ALL);
	at = put_handle(at, handle);
	at = ndr_put_u32(at, max_entries);
	return (size_t)(at - out);
}

size_t epm_write_map(uint8_t *out, const struct uuid_syntax *interface,
	const struct epm_handle *handle, uint32_t max_towers)
{
	static const struct uuid nil;
	uint8_t *at = ndr_put_u32(out, OBJECT_REFERENT);
	at = ndr_put_uuid(at, &nil);
	at = ndr_put_u32(at, TOWER_REFERENT);
	at = ndr_put_u32(at, EPM_TOWER_SIZE); /* of the array */
	at = ndr_put_u32(at, EPM_TOWER_SIZE); /* tower_length */
	at = epm_put_tower(at, interface, EPM_PORT);
	*at++ = 0; /* padding */
	at = put_handle(at, handle);
	at = ndr_put_u32(at, max_towers);
	return (size_t)(at - out);
}

size_t epm_write_free(uint8_t *out, const struct epm_handle *handle)
{
	put_handle(out, handle);
	return EPM_HANDLE_SIZE;
}

/* Kept as little-endian NDR whatever the server speaks: it goes back in a request. */
static void read_handle(struct ndr_reader *ndr, struct epm_handle *handle)
{
	struct uuid uuid;

	uint8_t *at = ndr_put_u32(handle->bytes, ndr_u32(ndr));
	ndr_uuid(ndr, &uuid);
	ndr_put_uuid(at, &uuid);
}

/*
 * What both answers begin with: the handle, how many there are, and the bounds of a
 * conformant varying array of as many (C706, 14.3.3.4).
 */
static int read_head(struct listing *listing, struct epm_page *page)
{
	struct ndr_reader *ndr = &listing->ndr;
	read_handle(ndr, &page->handle);
	listing->count = ndr_u32(ndr);
	uint32_t room = ndr_u32(ndr);
	uint32_t offset = ndr_u32(ndr);
	uint32_t actual = ndr_u32(ndr);
	if (ndr->cursor.failed || offset != 0 || actual != listing->count ||
		actual > room || actual > EPM_MAX_ENTRIES)
		return -EPROTO;
	return 0;
}

/* Passes over a varying string: its offset, its length, and the characters. */
static uint32_t begin_annotation(struct ndr_reader *ndr)
{
	uint32_t offset = ndr_u32(ndr);
	uint32_t length = ndr_u32(ndr);
	if (offset != 0)
		ndr->cursor.failed = true;
	return length;
}

static void read_entries(struct listing *listing)
{
	struct ndr_reader *ndr = &listing->ndr;
	for (uint32_t i = 0; i < listing->count && !ndr->cursor.failed; i++) {
		struct place *place = &listing->places[i];
		ndr_align(ndr);
		place->entry = (uint32_t)ndr->cursor.at;
		cursor_skip(&ndr->cursor, sizeof(struct uuid));
		place->referent = ndr_u32(ndr);
		cursor_skip(&ndr->cursor, begin_annotation(ndr));
	}
}

static void read_referents(struct listing *listing)
{
	for (uint32_t i = 0; i < listing->count; i++)
		listing->places[i].referent = ndr_u32(&listing->ndr);
}

/* The entry before `i` whose tower is this one's too, or NULL. Servers count their
 * referents upwards, so that nothing is searched for mostly. */
static const struct place *find_alias(const struct listing *listing, uint32_t i)
{
	uint32_t referent = listing->places[i].referent;
	if (referent > listing->highest)
		return NULL;
	for (uint32_t k = 0; k < i; k++)
		if (listing->places[k].referent == referent)
			return &listing->places[k];
	return NULL;
}

/* A conformant structure: the size of the array, tower_length, and the octets. */
static void read_octets(struct ndr_reader *ndr, struct place *place)
{
	ndr_align(ndr);
	uint32_t room = ndr_u32(ndr);
	place->tower_size = ndr_u32(ndr);
	place->tower = (uint32_t)ndr->cursor.at;
	cursor_skip(&ndr->cursor, place->tower_size);
	if (room != place->tower_size)
		ndr->cursor.failed = true;
}

/* The towers follow all entries, each once. */
static void read_towers(struct listing *listing)
{
	for (uint32_t i = 0; i < listing->count && !listing->ndr.cursor.failed; i++) {
		struct place *place = &listing->places[i];
		if (place->referent == 0)
			continue;
		const struct place *alias = find_alias(listing, i);
		if (alias) {
			place->tower = alias->tower;
			place->tower_size = alias->tower_size;
			continue;
		}
		read_octets(&listing->ndr, place);
		if (place->referent > listing->highest)
			listing->highest = place->referent;
	}
}

/* Of a lookup's entry, which has been read once. */
static void copy_annotation(struct ndr_reader ndr, const struct place *place, char *out)
{
	cursor_seek(&ndr.cursor, place->entry);
	cursor_skip(&ndr.cursor, sizeof(struct uuid) + 4); /* object, referent */
	uint32_t length = begin_annotation(&ndr);
	for (uint32_t i = 0; i < length && i < ANNOTATION_MAX; i++) {
		uint8_t byte = cursor_u8(&ndr.cursor);
		if (byte == '\0')
			break;
		*out = '?';
		if (byte >= ' ' && byte <= '~')
			*out = (char)byte;
		out++;
	}
	*out = '\0';
}

static void visit_all(const struct listing *listing, bool is_lookup, epm_visit_fn visit,
	void *data, struct epm_page *page)
{
	struct epm_endpoint endpoint;

	for (uint32_t i = 0; i < listing->count; i++) {
		const struct place *place = &listing->places[i];
		const uint8_t *octets = listing->ndr.cursor.data + place->tower;
		if (place->referent == 0 ||
			!epm_read_tower(octets, place->tower_size, &endpoint)) {
			page->unreadable++;
			continue;
		}
		if (is_lookup)
			copy_annotation(listing->ndr, place, endpoint.annotation);
		visit(data, &endpoint);
	}
}

static int read_page(const uint8_t *stub, size_t size, bool big_endian, bool is_lookup,
	epm_visit_fn visit, void *data, struct epm_page *page)
{
	struct listing listing; /* as much of the places as count says is written */

	memset(page, 0, sizeof *page);
	ndr_reader_init(&listing.ndr, stub, size, big_endian);
	listing.highest = 0;
	if (read_head(&listing, page) < 0)
		return -EPROTO;
	if (is_lookup)
		read_entries(&listing);
	else
		read_referents(&listing);
	read_towers(&listing);
	ndr_align(&listing.ndr);
	page->status = ndr_u32(&listing.ndr);
	if (listing.ndr.cursor.failed)
		return -EPROTO;
	page->entries = listing.count;
	visit_all(&listing, is_lookup, visit, data, page);
	return 0;
}

int epm_read_lookup(const uint8_t *stub, size_t size, bool big_endian,
	epm_visit_fn visit, void *data, struct epm_page *page)
{
	return read_page(stub, size, big_endian, true, visit, data, page);
}

int epm_read_map(const uint8_t *stub, size_t size, bool big_endian, epm_visit_fn visit,
	void *data, struct epm_page *page)
{
	return read_page(stub, size, big_endian, false, visit, data, page);
}
