/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint mapper's calls: stubs of requests and answers, towers. Pure.
 * Source: The Open Group C706, appendices L (towers) and O (ep.idl); [MS-RPCE] 2.2.1.2
 * and 3.1.1.5.2 (ept_lookup, ept_map).
 */
#ifndef PROBES_EPM_H
#define PROBES_EPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

#define EPM_PORT 135

/* The endpoint mapper's own interface: e1af8308-5d1f-11c9-91a4-08002b14a0fa 3.0 */
extern const struct uuid_syntax epm_interface;

enum epm_opnum {
	EPM_LOOKUP = 2,
	EPM_MAP = 3,
	EPM_LOOKUP_HANDLE_FREE = 4,
};

enum {
	EPM_HANDLE_SIZE = 20,
	EPM_MAX_STUB_OUT = 160, /* of every request written here */
	EPM_TOWER_SIZE = 75,    /* of a tower for TCP over IPv4 */
	EPM_MAX_ENTRIES = 500,  /* a page: [MS-RPCE] gives max_ents range(0, 500) */
	EPM_ANNOTATION_TEXT = 65,
};

/* Where a lookup goes on; zeroed: at the start. */
struct epm_handle {
	uint8_t bytes[EPM_HANDLE_SIZE];
};

bool epm_handle_is_null(const struct epm_handle *handle);

/* Each writes a stub into EPM_MAX_STUB_OUT bytes and returns its size. */
size_t epm_write_lookup(
	uint8_t *out, const struct epm_handle *handle, uint32_t max_entries);
size_t epm_write_map(uint8_t *out, const struct uuid_syntax *interface,
	const struct epm_handle *handle, uint32_t max_towers);
size_t epm_write_free(uint8_t *out, const struct epm_handle *handle);

enum epm_transport {
	EPM_OTHER,
	EPM_TCP,  /* ncacn_ip_tcp */
	EPM_UDP,  /* ncadg_ip_udp */
	EPM_HTTP, /* ncacn_http */
	EPM_PIPE, /* ncacn_np */
	EPM_LOCAL /* ncalrpc */
};

/* One registration. The address in a tower is not kept: it must be ignored
 * ([MS-RPCE] 2.2.1.2.2), the host that was asked is the one to dial. */
struct epm_endpoint {
	struct uuid_syntax interface;
	enum epm_transport transport;
	uint16_t port;                        /* of TCP, UDP and HTTP; else 0 */
	char annotation[EPM_ANNOTATION_TEXT]; /* printable ASCII; what was none is '?'
					       */
};

typedef void (*epm_visit_fn)(void *data, const struct epm_endpoint *endpoint);

struct epm_page {
	struct epm_handle handle; /* null: the server keeps nothing for us */
	uint32_t entries;         /* visited, or towers that could not be read */
	uint32_t unreadable;      /* entries whose tower makes no sense */
	uint32_t status;          /* 0, or an enum dcerpc_status */
};

/*
 * Read an answer whole before they visit anything: 0 with *page; -EPROTO when it makes
 * no sense (then nothing was visited). A tower that is whole and makes no sense is
 * counted, not visited. A referent that is used twice is visited twice, once per entry
 * (full pointers may be aliases: C706, 14.3.11.1).
 *
 * A lookup is over when its handle is null or its status is DCERPC_EPT_NOT_REGISTERED:
 * Windows does the one with the last entries, Samba the other in one more page.
 */
int epm_read_lookup(const uint8_t *stub, size_t size, bool big_endian,
	epm_visit_fn visit, void *data, struct epm_page *page);
int epm_read_map(const uint8_t *stub, size_t size, bool big_endian, epm_visit_fn visit,
	void *data, struct epm_page *page);

/*
 * One tower's octets; the annotation is left empty. False when they make no
 * sense: floors that overlap the end, fewer than 3 or more than 6 of them, no interface
 * or no transfer syntax in the first two, a port that is missing or 0.
 */
bool epm_read_tower(const uint8_t *octets, size_t size, struct epm_endpoint *endpoint);

/* Writes EPM_TOWER_SIZE octets: the interface by NDR 2.0 over TCP, address 0.0.0.0.
 * Returns where the next byte goes. */
uint8_t *epm_put_tower(
	uint8_t *out, const struct uuid_syntax *interface, uint16_t port);

#endif
