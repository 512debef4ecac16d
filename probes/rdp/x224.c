/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rdp/x224.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cursor.h"
#include "base/size.h"

enum {
	TPKT_VERSION = 3,
	TPKT_SIZE = 4,
	CONFIRM_SIZE = 11, /* TPKT, length indicator, code, two references, class */
	CONFIRM_CODE = 0xd0,
	NEGOTIATION_SIZE = 8,
	NEGOTIATION_RESPONSE = 2,
	NEGOTIATION_FAILURE = 3,
};

void x224_write_request(uint8_t out[X224_REQUEST_SIZE], uint32_t protocols)
{
	static const uint8_t request[X224_REQUEST_SIZE] = {
		3, 0, 0, X224_REQUEST_SIZE,  /* TPKT */
		X224_REQUEST_SIZE - 5, 0xe0, /* Connection Request */
		0, 0, 0, 0, 0,               /* references, class 0 */
		1, 0, NEGOTIATION_SIZE, 0,   /* RDP_NEG_REQ, no flags */
	};

	memcpy(out, request, sizeof request);
	for (size_t i = 0; i < 4; i++)
		out[15 + i] = (uint8_t)(protocols >> (8 * i));
}

/* The length of the message, once its first bytes allow only one that fits; 0: more
 * bytes are needed. */
static ssize_t read_length(struct cursor *cursor)
{
	size_t available = cursor_left(cursor);
	uint8_t version = cursor_u8(cursor);

	if (available > 0 && version != TPKT_VERSION)
		return -EPROTO;
	cursor_skip(cursor, 1);
	uint16_t length = cursor_u16be(cursor);
	if (cursor->failed)
		return 0;
	if (length != CONFIRM_SIZE && length != CONFIRM_SIZE + NEGOTIATION_SIZE)
		return -EPROTO;
	return length;
}

static int read_negotiation(struct cursor *cursor, struct x224_answer *answer)
{
	uint8_t type = cursor_u8(cursor);
	answer->flags = cursor_u8(cursor);
	uint16_t length = cursor_u16le(cursor);
	answer->value = cursor_u32le(cursor);

	if (cursor->failed || length != NEGOTIATION_SIZE)
		return -EPROTO;
	if (type == NEGOTIATION_FAILURE) {
		answer->kind = X224_FAILED;
		return 0;
	}
	answer->kind = X224_CHOSEN;
	return type == NEGOTIATION_RESPONSE && x224_protocol_word(answer->value)
		       ? 0
		       : -EPROTO;
}

ssize_t x224_read_confirm(const uint8_t *data, size_t size, struct x224_answer *answer)
{
	struct cursor cursor;

	memset(answer, 0, sizeof *answer);
	cursor_init(&cursor, data, size);
	ssize_t length = read_length(&cursor);
	if (length <= 0)
		return length;
	if (size < (size_t)length)
		return 0;
	uint8_t indicator = cursor_u8(&cursor);
	uint8_t code = cursor_u8(&cursor);
	cursor_skip(&cursor, 5); /* both references and the class */
	if (indicator != length - 5 || code != CONFIRM_CODE)
		return -EPROTO;
	answer->kind = X224_PLAIN;
	if (length > CONFIRM_SIZE && read_negotiation(&cursor, answer) < 0)
		return -EPROTO;
	return length;
}

const char *x224_protocol_word(uint32_t protocol)
{
	switch (protocol) {
	case X224_RDP:
		return "rdp";
	case X224_TLS:
		return "tls";
	case X224_HYBRID:
		return "hybrid";
	case X224_RDSTLS:
		return "rdstls";
	case X224_HYBRID_EX:
		return "hybrid-ex";
	case X224_RDSAAD:
		return "rdsaad";
	default:
		return NULL;
	}
}

const char *x224_failure_word(uint32_t code)
{
	static const char *const words[] = {
		NULL,
		"ssl-required",
		"ssl-not-allowed",
		"ssl-cert-not-on-server",
		"inconsistent-flags",
		"hybrid-required",
		"ssl-with-user-auth-required",
	};

	return code < ARRAY_SIZE(words) ? words[code] : NULL;
}

const char *x224_flag_word(unsigned bit)
{
	static const char *const words[] = {
		"extended-client-data",
		"dynvc-gfx",
		NULL, /* reserved */
		"restricted-admin",
		"redirected-auth",
	};

	return bit < ARRAY_SIZE(words) ? words[bit] : NULL;
}
