/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/smb/smb2.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/size.h"

enum {
	TRANSPORT_SIZE = 4, /* a zero byte and 24 bits of length */
	HEADER_SIZE = 64,
	NEGOTIATE = 0,
	FLAG_IS_RESPONSE = 0x01,
	SIGNING_ENABLED = 0x01,
	SIGNING_REQUIRED = 0x02,
	RESPONSE_SIZE = 64,           /* of the fixed part */
	RESPONSE_STRUCTURE_SIZE = 65, /* as it is written there: one byte of the buffer
					 counts */
	ERROR_STRUCTURE_SIZE = 9,
	SMB1_HEADER_SIZE = 32,
	SMB1_NEGOTIATE = 0x72,
	SMB1_FLAG_IS_RESPONSE = 0x80,
};

static const uint16_t dialects[] = {0x0202, 0x0210, 0x0300, 0x0302, 0x0311};

/* ---- requests */

struct writer {
	uint8_t *out;
	size_t at;
};

static void put(struct writer *writer, const void *bytes, size_t size)
{
	memcpy(writer->out + writer->at, bytes, size);
	writer->at += size;
}

/* Little-endian, as all of SMB is. */
static void put_number(struct writer *writer, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		writer->out[writer->at++] = (uint8_t)(value >> (8 * i));
}

static void put_zeros(struct writer *writer, size_t size)
{
	memset(writer->out + writer->at, 0, size);
	writer->at += size;
}

static void put_transport(struct writer *writer, size_t size)
{
	const uint8_t header[TRANSPORT_SIZE] = {
		0, 0, (uint8_t)(size >> 8), (uint8_t)size};

	put(writer, header, sizeof header);
}

/* [MS-SMB2] 2.2.1.2: everything that is not named is 0. */
static void put_header(struct writer *writer)
{
	put(writer, "\xfeSMB", 4);
	put_number(writer, HEADER_SIZE, 2);
	put_zeros(writer, 2 + 4); /* credit charge, status */
	put_number(writer, NEGOTIATE, 2);
	put_number(writer, 1, 2); /* credits asked for */
	put_zeros(writer, 4 + 4);
	put_zeros(writer, 8); /* message id */
	put_zeros(writer, 8);
	put_zeros(writer, 8);  /* session */
	put_zeros(writer, 16); /* signature */
}

/* [MS-SMB2] 2.2.3.1.1: the context without which 3.1.1 must be refused. */
static void put_preauth(struct writer *writer, const uint8_t *salt)
{
	put_number(writer, 1, 2); /* SMB2_PREAUTH_INTEGRITY_CAPABILITIES */
	put_number(writer, 6 + SMB2_SALT_SIZE, 2);
	put_zeros(writer, 4);
	put_number(writer, 1, 2); /* hash algorithms */
	put_number(writer, SMB2_SALT_SIZE, 2);
	put_number(writer, 1, 2); /* SHA-512 */
	put(writer, salt, SMB2_SALT_SIZE);
}

void smb2_write_negotiate(uint8_t out[SMB2_REQUEST_SIZE],
	const uint8_t guid[SMB2_GUID_SIZE], const uint8_t salt[SMB2_SALT_SIZE])
{
	/* The dialects end at 110; contexts begin at a multiple of 8. */
	enum {
		CONTEXTS_AT = HEADER_SIZE + 36 + 2 * ARRAY_SIZE(dialects) + 2
	};
	struct writer writer = {.out = out};

	put_transport(&writer, SMB2_REQUEST_SIZE - TRANSPORT_SIZE);
	put_header(&writer);
	put_number(&writer, 36, 2);
	put_number(&writer, ARRAY_SIZE(dialects), 2);
	put_number(&writer, SIGNING_ENABLED, 2);
	put_zeros(&writer, 2);
	put_zeros(&writer, 4); /* capabilities: none is needed to negotiate */
	put(&writer, guid, SMB2_GUID_SIZE);
	put_number(&writer, CONTEXTS_AT, 4);
	put_number(&writer, 1, 2); /* contexts */
	put_zeros(&writer, 2);
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++)
		put_number(&writer, dialects[i], 2);
	put_zeros(&writer, 2); /* up to the contexts */
	put_preauth(&writer, salt);
	assert(writer.at == SMB2_REQUEST_SIZE);
}

void smb2_write_multi_protocol(uint8_t out[SMB2_MULTI_SIZE])
{
	/* Each is a buffer format and a string; the NULs count. */
	static const char names[] = "\x02SMB 2.002\0\x02SMB 2.???";
	struct writer writer = {.out = out};

	put_transport(&writer, SMB2_MULTI_SIZE - TRANSPORT_SIZE);
	put(&writer, "\xffSMB", 4);
	put_number(&writer, SMB1_NEGOTIATE, 1);
	put_zeros(&writer, 4);          /* status */
	put_number(&writer, 0x18, 1);   /* caseless, canonical paths */
	put_number(&writer, 0xc001, 2); /* long names, NT status, Unicode */
	put_zeros(&writer, 8);          /* process id, signature */
	put_zeros(&writer, 4);
	put_number(&writer, 0xffff, 2); /* tree: none */
	put_zeros(&writer, 6);          /* process, user, multiplex id */
	put_zeros(&writer, 1);          /* words */
	put_number(&writer, sizeof names, 2);
	put(&writer, names, sizeof names);
	assert(writer.at == SMB2_MULTI_SIZE);
}

/* ---- answers */

/* The length of the message behind the transport's header; 0: more bytes are needed. */
static ssize_t read_transport(struct cursor *cursor)
{
	size_t available = cursor_left(cursor);
	uint8_t zero = cursor_u8(cursor);

	if (available > 0 && zero != 0)
		return -EPROTO;
	size_t high = cursor_u8(cursor);
	size_t size = high << 16 | cursor_u16be(cursor);
	if (cursor->failed)
		return 0;
	if (size < SMB1_HEADER_SIZE || size > SMB2_ANSWER_MAX - TRANSPORT_SIZE)
		return -EPROTO;
	return (ssize_t)size;
}

/* The protocol is told before the rest is waited for. */
static bool is_no_smb(const uint8_t *data, size_t size)
{
	uint8_t first = size > 0 ? data[0] : 0xfe;
	size_t known = size < 4 ? size : 4;

	return (first != 0xfe && first != 0xff) ||
	       (known > 1 && memcmp(data + 1, "SMB", known - 1) != 0);
}

static int read_smb1(struct cursor *message, struct smb2_answer *answer)
{
	cursor_skip(message, 4);
	uint8_t command = cursor_u8(message);
	cursor_skip(message, 4); /* status */
	uint8_t flags = cursor_u8(message);

	answer->kind = SMB2_IS_SMB1;
	return command == SMB1_NEGOTIATE && (flags & SMB1_FLAG_IS_RESPONSE) ? 0
									    : -EPROTO;
}

/* [MS-SMB2] 2.2.4. The buffer is not read, but must be where it says. */
static int read_response(struct cursor *message, struct smb2_answer *answer)
{
	uint16_t structure = cursor_u16le(message);
	uint16_t mode = cursor_u16le(message);
	answer->dialect = cursor_u16le(message);
	/* Contexts, server, capabilities, three sizes, two times. */
	cursor_skip(message, 2 + SMB2_GUID_SIZE + 4 + 3 * 4 + 2 * 8);
	uint16_t at = cursor_u16le(message), length = cursor_u16le(message);
	cursor_skip(message, 4);

	if (message->failed || structure != RESPONSE_STRUCTURE_SIZE ||
		!smb2_dialect_word(answer->dialect))
		return -EPROTO;
	if (length > 0 && (at < HEADER_SIZE + RESPONSE_SIZE ||
				  (size_t)at + length > message->size))
		return -EPROTO;
	answer->kind = SMB2_CHOSEN;
	answer->signing_enabled = mode & SIGNING_ENABLED;
	answer->signing_required = mode & SIGNING_REQUIRED;
	return 0;
}

/* [MS-SMB2] 2.2.2 */
static int read_error(struct cursor *message, struct smb2_answer *answer)
{
	uint16_t structure = cursor_u16le(message);

	cursor_skip(message, 2);
	uint32_t count = cursor_u32le(message);
	answer->kind = SMB2_REFUSED;
	return !message->failed && structure == ERROR_STRUCTURE_SIZE &&
			       count <= cursor_left(message)
		       ? 0
		       : -EPROTO;
}

static int read_smb2(struct cursor *message, struct smb2_answer *answer)
{
	cursor_skip(message, 4);
	uint16_t structure = cursor_u16le(message);
	cursor_skip(message, 2);
	answer->status = cursor_u32le(message);
	uint16_t command = cursor_u16le(message);
	cursor_skip(message, 2);
	uint32_t flags = cursor_u32le(message);
	cursor_seek(message, HEADER_SIZE);

	if (message->failed || structure != HEADER_SIZE || command != NEGOTIATE ||
		!(flags & FLAG_IS_RESPONSE))
		return -EPROTO;
	return answer->status == 0 ? read_response(message, answer)
				   : read_error(message, answer);
}

ssize_t smb2_read_negotiate(
	const uint8_t *data, size_t size, struct smb2_answer *answer)
{
	struct cursor cursor, message;

	memset(answer, 0, sizeof *answer);
	cursor_init(&cursor, data, size);
	ssize_t length = read_transport(&cursor);
	if (length <= 0)
		return length;
	if (is_no_smb(data + TRANSPORT_SIZE, cursor_left(&cursor)))
		return -EPROTO;
	if (cursor_left(&cursor) < (size_t)length)
		return 0;
	cursor_init(&message, data + TRANSPORT_SIZE, (size_t)length);
	int rc = data[TRANSPORT_SIZE] == 0xff ? read_smb1(&message, answer)
					      : read_smb2(&message, answer);
	return rc < 0 ? rc : length + TRANSPORT_SIZE;
}

/* ---- words */

const char *smb2_dialect_word(uint16_t dialect)
{
	switch (dialect) {
	case 0x0202:
		return "2.0.2";
	case 0x0210:
		return "2.1";
	case 0x0300:
		return "3.0";
	case 0x0302:
		return "3.0.2";
	case 0x0311:
		return "3.1.1";
	case SMB2_DIALECT_WILDCARD:
		return "2.?";
	default:
		return NULL;
	}
}

const char *smb2_status_word(uint32_t status)
{
	switch (status) {
	case 0xc000000d:
		return "STATUS_INVALID_PARAMETER";
	case 0xc0000022:
		return "STATUS_ACCESS_DENIED";
	case 0xc00000bb:
		return "STATUS_NOT_SUPPORTED";
	case 0xc000009a:
		return "STATUS_INSUFFICIENT_RESOURCES";
	case 0xc00000d0:
		return "STATUS_REQUEST_NOT_ACCEPTED";
	case 0xc05d0000:
		return "STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP";
	default:
		return NULL;
	}
}
