/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first two messages of RDP: an X.224 Connection Request with the security
 * protocols that the client knows, and the Connection Confirm. Pure: bytes in, structs
 * out. Source: [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2; TPKT is RFC 1006, section 6.
 */
#ifndef PROBES_X224_H
#define PROBES_X224_H

#include <stdint.h>
#include <sys/types.h>

/* [MS-RDPBCGR] 2.2.1.1.1: bits of what is asked for, and what is chosen. */
enum x224_protocol {
	X224_RDP = 0, /* standard RDP security */
	X224_TLS = 0x01,
	X224_HYBRID = 0x02, /* CredSSP over TLS */
	X224_RDSTLS = 0x04,
	X224_HYBRID_EX = 0x08,
	X224_RDSAAD = 0x10,
};

enum {
	X224_REQUEST_SIZE = 19,
	X224_ANSWER_MAX = 19,
};

enum x224_kind {
	X224_PLAIN,  /* no negotiation data: standard RDP security */
	X224_CHOSEN, /* flags and value, an enum x224_protocol */
	X224_FAILED, /* value is a failure code */
};

struct x224_answer {
	enum x224_kind kind;
	uint8_t flags;
	uint32_t value;
};

/* Writes a request without a cookie for the `protocols` (bits), X224_REQUEST_SIZE bytes
 * long. */
void x224_write_request(uint8_t out[X224_REQUEST_SIZE], uint32_t protocols);

/*
 * Reads a Connection Confirm: how many bytes it takes, with *answer; 0: more bytes are
 * needed; -EPROTO: these can't become one. Never waits for more than X224_ANSWER_MAX.
 */
ssize_t x224_read_confirm(const uint8_t *data, size_t size, struct x224_answer *answer);

/* "tls", "hybrid-ex", ...; NULL for what is no single protocol. Static. */
const char *x224_protocol_word(uint32_t protocol);

/* "ssl-required", ... ([MS-RDPBCGR] 2.2.1.2.2); NULL when there is none. Static. */
const char *x224_failure_word(uint32_t code);

/* The word of flag 1 << `bit` of an answer ([MS-RDPBCGR] 2.2.1.2.1), or NULL. Static.
 */
const char *x224_flag_word(unsigned bit);

#endif
