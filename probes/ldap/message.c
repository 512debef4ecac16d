/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/ldap/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/size.h"
#include "base/utf8.h"

enum {
	MESSAGE_ID = 1,
	/* BER tags; those of the operations are [APPLICATION n] (RFC 4511, B). */
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_ENUMERATED = 0x0a,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_ENTRY = 0x64,
	TAG_DONE = 0x65,
	TAG_REFERENCE = 0x73,
	TAG_EXTENDED = 0x78,
	TAG_INTERMEDIATE = 0x79,
	TAG_CONTROLS = 0xa0,
	TAG_REFERRAL = 0xa3,
	TAG_RESPONSE_NAME = 0x8a,
};

void ldap_write_search(uint8_t out[LDAP_REQUEST_SIZE])
{
	static const char search[] =
		"\x30\x5e\x02\x01\x01"     /* LDAPMessage, message id 1 */
		"\x63\x59"                 /* SearchRequest */
		"\x04\x00"                 /* of the root DSE */
		"\x0a\x01\x00\x0a\x01\x00" /* alone; no aliases */
		"\x02\x01\x00\x02\x01\x00" /* no limits but the server's own */
		"\x01\x01\x00"             /* with values */
		"\x87\x0b"
		"objectClass"
		"\x30\x39"
		"\x04\x14"
		"defaultNamingContext"
		"\x04\x0b"
		"dnsHostName"
		"\x04\x14"
		"supportedLDAPVersion";

	_Static_assert(sizeof search - 1 == LDAP_REQUEST_SIZE, "one length is wrong");
	memcpy(out, search, LDAP_REQUEST_SIZE);
}

/* ---- BER */

/*
 * The length that follows a tag. RFC 4511 forbids the indefinite form, and four bytes
 * are what Active Directory writes, whatever the length is.
 */
static size_t read_length(struct cursor *cursor)
{
	uint8_t first = cursor_u8(cursor);
	size_t length = 0;

	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x84) {
		cursor->failed = true;
		return 0;
	}
	for (unsigned i = first & 0x7fu; i > 0; i--)
		length = length << 8 | cursor_u8(cursor);
	return length;
}

/* Enters the element that comes next, which must have this tag and lie within what it
 * is part of. False, and `cursor` has failed, when not. */
static bool enter(struct cursor *cursor, uint8_t tag, struct cursor *body)
{
	uint8_t found = cursor_u8(cursor);
	size_t length = read_length(cursor);

	if (found != tag || cursor->failed || length > cursor_left(cursor)) {
		cursor->failed = true;
		return false;
	}
	cursor_init(body, cursor->data + cursor->at, length);
	cursor_skip(cursor, length);
	return true;
}

static uint8_t peek_tag(const struct cursor *cursor)
{
	return cursor_left(cursor) > 0 ? cursor->data[cursor->at] : 0;
}

/* A whole number of up to 31 bits: no other is of use here. */
static bool read_number(struct cursor *cursor, uint8_t tag, uint32_t *number)
{
	struct cursor body;

	*number = 0;
	if (!enter(cursor, tag, &body))
		return false;
	size_t size = cursor_left(&body);
	if (size == 0 || size > 4 || (body.data[0] & 0x80)) {
		cursor->failed = true;
		return false;
	}
	for (; size > 0; size--)
		*number = *number << 8 | cursor_u8(&body);
	return true;
}

/* ---- texts */

static size_t write_byte(const uint8_t *byte, char *out, size_t room)
{
	return room > 4 ? (size_t)snprintf(out, room, "\\x%02x", *byte) : 0;
}

static size_t write_character(
	const char *text, size_t length, uint32_t code, char *out, size_t room)
{
	size_t written = 0;

	if (length == 0 || !utf8_is_printable(code)) {
		size_t bytes = length ? length : 1;
		if (room <= 4 * bytes)
			return 0;
		for (size_t i = 0; i < bytes; i++)
			written += write_byte((const uint8_t *)text + i, out + written,
				room - written);
		return written;
	}
	if (room <= length)
		return 0;
	memcpy(out, text, length);
	return length;
}

/* What is left of `cursor`, as far as it fits, without the NUL that Active Directory
 * puts behind some. */
static void read_text(const struct cursor *cursor, char out[LDAP_TEXT])
{
	const char *text = (const char *)cursor->data + cursor->at;
	size_t left = cursor_left(cursor), at = 0;

	while (left > 0 && text[left - 1] == '\0')
		left--;
	while (left > 0) {
		uint32_t code = 0;
		size_t length = utf8_read(text, left, &code);
		size_t written =
			write_character(text, length, code, out + at, LDAP_TEXT - at);
		if (written == 0)
			break;
		at += written;
		text += length ? length : 1;
		left -= length ? length : 1;
	}
	out[at] = '\0';
}

static bool is_text(const struct cursor *cursor, const char *text)
{
	size_t size = strlen(text);

	return cursor_left(cursor) == size &&
	       strncasecmp((const char *)cursor->data + cursor->at, text, size) == 0;
}

/* ---- an entry */

static void read_version(const struct cursor *value, struct ldap_message *message)
{
	uint8_t digit = cursor_left(value) == 1 ? value->data[value->at] : 0;

	if (digit >= '1' && digit <= '9')
		message->versions |= 1u << (digit - '0');
}

static void read_value(const struct cursor *type, const struct cursor *value,
	struct ldap_message *message)
{
	if (is_text(type, "defaultNamingContext"))
		read_text(value, message->default_naming_context);
	else if (is_text(type, "dnsHostName"))
		read_text(value, message->dns_host_name);
	else if (is_text(type, "supportedLDAPVersion"))
		read_version(value, message);
}

/* PartialAttribute: a name, and a set of values. */
static bool read_attribute(struct cursor *attribute, struct ldap_message *message)
{
	struct cursor type, values, value;

	if (!enter(attribute, TAG_OCTETS, &type) || !enter(attribute, TAG_SET, &values))
		return false;
	while (cursor_left(&values) > 0) {
		if (!enter(&values, TAG_OCTETS, &value))
			return false;
		read_value(&type, &value, message);
	}
	return cursor_left(attribute) == 0;
}

static bool read_entry(struct cursor *entry, struct ldap_message *message)
{
	struct cursor name, attributes, attribute;

	message->kind = LDAP_ENTRY;
	if (!enter(entry, TAG_OCTETS, &name) ||
		!enter(entry, TAG_SEQUENCE, &attributes))
		return false;
	while (cursor_left(&attributes) > 0)
		if (!enter(&attributes, TAG_SEQUENCE, &attribute) ||
			!read_attribute(&attribute, message))
			return false;
	return cursor_left(entry) == 0;
}

/* ---- results */

/* LDAPResult: what may follow it is left to read. */
static bool read_result(struct cursor *result, struct ldap_message *message)
{
	struct cursor matched, text, referral;

	if (!read_number(result, TAG_ENUMERATED, &message->code) ||
		!enter(result, TAG_OCTETS, &matched) ||
		!enter(result, TAG_OCTETS, &text))
		return false;
	read_text(&text, message->text);
	return peek_tag(result) != TAG_REFERRAL ||
	       enter(result, TAG_REFERRAL, &referral);
}

static bool read_done(struct cursor *done, struct ldap_message *message)
{
	message->kind = LDAP_DONE;
	return read_result(done, message) && cursor_left(done) == 0;
}

/* An unsolicited notification: of all that there may be, one is defined (RFC 4511,
 * 4.4.1), and the others are to be ignored. */
static bool read_notification(struct cursor *extended, struct ldap_message *message)
{
	struct cursor name;

	message->kind = LDAP_IGNORED;
	if (!read_result(extended, message))
		return false;
	if (peek_tag(extended) != TAG_RESPONSE_NAME)
		return true;
	if (!enter(extended, TAG_RESPONSE_NAME, &name))
		return false;
	if (is_text(&name, "1.3.6.1.4.1.1466.20036"))
		message->kind = LDAP_NOTICE;
	return true;
}

/* ---- messages */

static bool read_operation(
	struct cursor *cursor, uint32_t id, struct ldap_message *message)
{
	uint8_t tag = peek_tag(cursor);
	struct cursor body;

	if (!enter(cursor, tag, &body))
		return false;
	if (id == 0)
		return tag == TAG_EXTENDED && read_notification(&body, message);
	if (id != MESSAGE_ID)
		return false;
	switch (tag) {
	case TAG_ENTRY:
		return read_entry(&body, message);
	case TAG_DONE:
		return read_done(&body, message);
	case TAG_REFERENCE:
	case TAG_INTERMEDIATE:
		message->kind = LDAP_IGNORED;
		return true;
	default:
		return false;
	}
}

static bool read_message(struct cursor *body, struct ldap_message *message)
{
	struct cursor controls;
	uint32_t id;

	if (!read_number(body, TAG_INTEGER, &id) || !read_operation(body, id, message))
		return false;
	return cursor_left(body) == 0 ||
	       (enter(body, TAG_CONTROLS, &controls) && cursor_left(body) == 0);
}

ssize_t ldap_read(const uint8_t *data, size_t size, struct ldap_message *message)
{
	struct cursor cursor, body;

	memset(message, 0, sizeof *message);
	cursor_init(&cursor, data, size);
	if (size > 0 && data[0] != TAG_SEQUENCE)
		return -EPROTO;
	cursor_skip(&cursor, 1);
	/* Enough for any length: then a failure is no lack of bytes. */
	size_t length = read_length(&cursor);
	if (cursor.failed)
		return size < 6 && (size < 2 || (data[1] > 0x80 && data[1] <= 0x84))
			       ? 0
			       : -EPROTO;
	if (length > LDAP_MESSAGE_MAX - cursor.at)
		return -EPROTO;
	if (length > cursor_left(&cursor))
		return 0;
	cursor_init(&body, data + cursor.at, length);
	return read_message(&body, message) ? (ssize_t)(cursor.at + length) : -EPROTO;
}

const char *ldap_code_word(uint32_t code)
{
	static const char *const words[] = {
		[0] = "success",
		[1] = "operationsError",
		[2] = "protocolError",
		[3] = "timeLimitExceeded",
		[4] = "sizeLimitExceeded",
		[7] = "authMethodNotSupported",
		[8] = "strongerAuthRequired",
		[10] = "referral",
		[11] = "adminLimitExceeded",
		[12] = "unavailableCriticalExtension",
		[13] = "confidentialityRequired",
		[32] = "noSuchObject",
		[34] = "invalidDNSyntax",
		[48] = "inappropriateAuthentication",
		[49] = "invalidCredentials",
		[50] = "insufficientAccessRights",
		[51] = "busy",
		[52] = "unavailable",
		[53] = "unwillingToPerform",
		[54] = "loopDetect",
		[80] = "other",
	};

	return code < ARRAY_SIZE(words) ? words[code] : NULL;
}
