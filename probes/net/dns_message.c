/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_message.h"

#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/size.h"

/* RFC 1035 4.1.1, the second 16 bits of the header */
enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RA = 0x0080,
	FLAG_RCODE = 0x000f,
	CLASS_IN = 1,
};

/* The fixed part of a resource record; the cursor that read it stands behind it. */
struct resource {
	char owner[DNS_NAME_TEXT];
	uint16_t type, class;
	size_t data, size; /* of RDATA, in the message */
};

/* Whether a question name as asked and one as read are the same. */
static bool same_name(const char *asked, const char *read)
{
	size_t length = strlen(asked);
	if (length > 1 && asked[length - 1] == '.')
		length--;
	return strncasecmp(asked, read, length) == 0 && read[length] == '\0';
}

/* Header and question; the cursor is left at the first answer. */
static bool read_head(struct cursor *cursor, const char *name, struct dns_answer *out,
	char question[DNS_NAME_TEXT], uint16_t *n_records)
{
	cursor_skip(cursor, 2); /* the ID: c-ares compared it */
	uint16_t flags = cursor_u16be(cursor);
	uint16_t questions = cursor_u16be(cursor);
	*n_records = cursor_u16be(cursor);
	cursor_skip(cursor, 4);
	if (!(flags & FLAG_QR) || (flags & FLAG_OPCODE) || questions != 1)
		return false;
	out->rcode = flags & FLAG_RCODE;
	out->truncated = flags & FLAG_TC;
	out->authoritative = flags & FLAG_AA;
	out->recursive = flags & FLAG_RA;
	if (!dns_name_read(cursor, question) || !same_name(name, question))
		return false;
	uint16_t type = cursor_u16be(cursor);
	uint16_t class = cursor_u16be(cursor);
	return !cursor->failed && type == out->type && class == CLASS_IN;
}

static bool read_resource(struct cursor *cursor, struct resource *resource)
{
	if (!dns_name_read(cursor, resource->owner))
		return false;
	resource->type = cursor_u16be(cursor);
	resource->class = cursor_u16be(cursor);
	cursor_skip(cursor, 4); /* TTL */
	resource->size = cursor_u16be(cursor);
	resource->data = cursor->at;
	cursor_skip(cursor, resource->size);
	return !cursor->failed;
}

static bool read_address(
	struct cursor *cursor, size_t size, uint8_t family, struct net_address *address)
{
	size_t wanted = family == 4 ? 4 : 16;
	address->family = family;
	cursor_bytes(cursor, address->bytes, wanted);
	return size == wanted && !cursor->failed;
}

/* RDATA into a record; false when it is not what its type says. */
static bool read_record(struct cursor message, const struct resource *resource,
	struct dns_record *record)
{
	struct cursor *cursor = &message;
	memset(record, 0, sizeof *record);
	cursor_seek(cursor, resource->data);
	switch (resource->type) {
	case DNS_TYPE_A:
		return read_address(cursor, resource->size, 4, &record->address);
	case DNS_TYPE_AAAA:
		return read_address(cursor, resource->size, 6, &record->address);
	case DNS_TYPE_SRV:
		record->priority = cursor_u16be(cursor);
		record->weight = cursor_u16be(cursor);
		record->port = cursor_u16be(cursor);
		break;
	}
	return dns_name_read(cursor, record->name) &&
	       cursor->at == resource->data + resource->size;
}

static void add_record(struct dns_answer *answer, const struct dns_record *record)
{
	size_t at = 0;
	while (at < answer->count &&
		dns_record_compare(&answer->records[at], record) < 0)
		at++;
	if (at < answer->count && dns_record_compare(&answer->records[at], record) == 0)
		return;
	if (answer->count == DNS_MAX_RECORDS) {
		answer->cut = true;
		if (at == answer->count)
			return;
		answer->count--;
	}
	memmove(&answer->records[at + 1], &answer->records[at],
		(answer->count - at) * sizeof *record);
	answer->records[at] = *record;
	answer->count++;
}

/*
 * Goes once over the answers: takes the records of `name` and, in *alias, the target of
 * its CNAME ("" for none).
 */
static bool read_answers(struct cursor cursor, uint16_t n_records, const char *name,
	struct dns_answer *out, char alias[DNS_NAME_TEXT])
{
	struct resource resource;
	struct dns_record record;
	alias[0] = '\0';
	for (uint16_t i = 0; i < n_records; i++) {
		if (!read_resource(&cursor, &resource))
			return false;
		bool wanted = resource.type == out->type;
		if (resource.class != CLASS_IN || strcmp(resource.owner, name) != 0 ||
			(!wanted && resource.type != DNS_TYPE_CNAME))
			continue;
		if (!read_record(cursor, &resource, &record))
			return false;
		if (wanted)
			add_record(out, &record);
		else
			memcpy(alias, record.name, sizeof record.name);
	}
	return true;
}

bool dns_message_parse(const void *data, size_t size, const char *name,
	enum dns_type type, struct dns_answer *out)
{
	struct cursor cursor;
	uint16_t n_records;
	char current[DNS_NAME_TEXT], alias[DNS_NAME_TEXT];
	cursor_init(&cursor, data, size);
	memset(out, 0, offsetof(struct dns_answer, records));
	out->type = type;
	if (!read_head(&cursor, name, out, current, &n_records))
		return false;
	for (int hop = 0; hop <= DNS_MAX_ALIASES; hop++) {
		if (!read_answers(cursor, n_records, current, out, alias))
			return false;
		if (alias[0] == '\0')
			return true;
		memcpy(current, alias, sizeof current);
	}
	return false;
}

enum probe_reason dns_answer_reason(const struct dns_answer *answer)
{
	if (answer->truncated)
		return REASON_DNS_MALFORMED;
	if (answer->rcode == DNS_RCODE_NXDOMAIN)
		return REASON_NXDOMAIN;
	if (answer->rcode == DNS_RCODE_REFUSED)
		return REASON_REFUSED;
	if (answer->rcode != DNS_RCODE_NOERROR)
		return REASON_SERVFAIL;
	if (answer->count == 0 && !answer->authoritative && !answer->recursive)
		return REASON_REFUSED;
	bool none = answer->type == DNS_TYPE_SRV && answer->count == 1 &&
		    strcmp(answer->records[0].name, ".") == 0;
	return answer->count == 0 || none ? REASON_NO_DATA : REASON_RESOLVED;
}

const char *dns_rcode_word(uint8_t rcode)
{
	static const char *const words[] = {"NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
		"NOTAUTH", "NOTZONE", "DSOTYPENI"};
	return rcode < ARRAY_SIZE(words) ? words[rcode] : "unassigned";
}

int dns_record_compare(const struct dns_record *a, const struct dns_record *b)
{
	int order = net_address_compare(&a->address, &b->address);
	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = (a->priority > b->priority) - (a->priority < b->priority);
	if (order == 0)
		order = (a->weight > b->weight) - (a->weight < b->weight);
	if (order == 0)
		order = (a->port > b->port) - (a->port < b->port);
	return order;
}
