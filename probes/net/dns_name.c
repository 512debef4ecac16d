/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_name.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	LABEL_MAX = 63, /* RFC 1035 2.3.4 */
	WIRE_MAX = 255, /* the same, length bytes and root included */
	TEXT_MAX = 253,
	POINTER = 0xc0, /* both bits: a pointer; one of them: reserved */
	/* More than the labels that a name can have. Pointers to pointers say nothing,
	 * and thousands of records that each end in thousands of them cost seconds. */
	POINTERS_MAX = 128,
};

/* A name in the making. */
struct name_text {
	char *text;
	size_t length;
	bool full;
};

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static void add_text(struct name_text *name, const char *text, size_t length)
{
	if (length >= DNS_NAME_TEXT - name->length) {
		name->full = true;
		return;
	}
	memcpy(name->text + name->length, text, length);
	name->length += length;
	name->text[name->length] = '\0';
}

static void add_byte(struct name_text *name, uint8_t byte)
{
	char text[8];
	if (byte <= ' ' || byte >= 0x7f)
		snprintf(text, sizeof text, "\\%03u", byte);
	else if (strchr(".\\\"", byte))
		snprintf(text, sizeof text, "\\%c", byte);
	else
		snprintf(text, sizeof text, "%c", lower((char)byte));
	add_text(name, text, strlen(text));
}

static void add_label(struct name_text *name, struct cursor *cursor, uint8_t length)
{
	if (name->length > 0)
		add_text(name, ".", 1);
	for (uint8_t i = 0; i < length; i++)
		add_byte(name, cursor_u8(cursor));
}

/* Follows a pointer whose first byte is read; it must lead before *floor. */
static bool follow(struct cursor *cursor, uint8_t high, size_t *floor)
{
	size_t target = (size_t)(high & ~POINTER) << 8 | cursor_u8(cursor);
	if (cursor->failed || target >= *floor)
		return false;
	*floor = target;
	cursor_seek(cursor, target);
	return true;
}

bool dns_name_read(struct cursor *cursor, char text[DNS_NAME_TEXT])
{
	struct cursor at = *cursor;
	struct name_text name = {.text = text};
	size_t floor = at.at, behind = 0, wire = 1, pointers = 0;
	text[0] = '\0';
	for (;;) {
		uint8_t length = cursor_u8(&at);
		if (at.failed)
			return false;
		if (length == 0)
			break;
		if ((length & POINTER) == POINTER) {
			if (behind == 0)
				behind = at.at + 1;
			if (++pointers > POINTERS_MAX || !follow(&at, length, &floor))
				return false;
			continue;
		}
		wire += 1 + (size_t)length;
		if (length > LABEL_MAX || wire > WIRE_MAX)
			return false;
		add_label(&name, &at, length);
	}
	if (name.length == 0)
		add_text(&name, ".", 1);
	cursor_seek(cursor, behind ? behind : at.at);
	return !name.full && !at.failed && !cursor->failed;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static const char *name_error(const char *name)
{
	size_t label = 0;
	for (const char *c = name; *c; c++) {
		if (*c != '.' && !is_name_byte(*c))
			return "a DNS name has letters, digits, hyphens and underscores";
		label = *c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return "a label of a DNS name has at most 63 characters";
		if (label == 0 && (c == name || c[-1] == '.'))
			return "a DNS name has no empty label";
	}
	return label ? NULL : "it needs a DNS name, such as _ldap._tcp.corp.example";
}

bool dns_name_canonical(const char *text, char out[DNS_NAME_TEXT], const char **error)
{
	size_t length = strlen(text);
	if (length > 0 && text[length - 1] == '.')
		length--;
	out[0] = '\0';
	*error = "a DNS name has at most 253 characters";
	if (length > TEXT_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		out[i] = lower(text[i]);
	out[length] = '\0';
	*error = name_error(out);
	return !*error;
}

void dns_name_reverse(const struct net_address *address, char out[DNS_REVERSE_TEXT])
{
	const uint8_t *b = address->bytes;
	if (address->family == 4) {
		snprintf(out, DNS_REVERSE_TEXT, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2],
			b[1], b[0]);
		return;
	}
	static const char digits[] = "0123456789abcdef";
	char *at = out;
	for (int i = 15; i >= 0; i--) {
		*at++ = digits[b[i] & 15];
		*at++ = '.';
		*at++ = digits[b[i] >> 4];
		*at++ = '.';
	}
	memcpy(at, "ip6.arpa", sizeof "ip6.arpa");
}

bool dns_name_is_host(const char *name, const char *host)
{
	size_t length = strlen(host);
	if (length > 0 && host[length - 1] == '.')
		length--;
	bool whole = memchr(host, '.', length) != NULL;
	if (length == 0 || strncasecmp(name, host, length) != 0)
		return false;
	return name[length] == '\0' || (!whole && name[length] == '.');
}
