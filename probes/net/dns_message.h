/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS answer (RFC 1035 section 4) as the records that were asked for, out of bytes
 * that anybody may have sent. Pure.
 */
#ifndef PROBES_DNS_MESSAGE_H
#define PROBES_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "probes/net/dns_name.h"
#include "probes/reason.h"

/* RFC 1035 3.2.2, RFC 3596 2.1, RFC 2782 */
enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
};

/* RFC 1035 4.1.1 */
enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_REFUSED = 5,
};

/* A or AAAA: address; PTR: name; SRV: all but address. What is not used is zero. */
struct dns_record {
	struct net_address address;
	uint16_t priority, weight, port;
	char name[DNS_NAME_TEXT];
};

#define DNS_MAX_RECORDS 32 /* the lowest are kept */
#define DNS_MAX_ALIASES 16 /* CNAMEs followed */

struct dns_answer {
	enum dns_type type;
	uint8_t rcode;
	bool truncated;     /* TC: records are missing */
	bool authoritative; /* AA */
	bool recursive;     /* RA */
	bool cut;           /* there were more records than are kept */
	size_t count;
	struct dns_record records[DNS_MAX_RECORDS]; /* sorted, no duplicates */
};

/*
 * Reads a whole message that should answer the question (name, type). Only records at
 * the end of the question's own CNAME chain, or on it, count; whatever else a server
 * adds is passed over. True, or false when the bytes are no answer to this question or
 * make no sense; *out is then undefined.
 */
bool dns_message_parse(const void *data, size_t size, const char *name,
	enum dns_type type, struct dns_answer *out);

/*
 * What an answer says: resolved, no-data, nxdomain, servfail (FORMERR, NOTIMP and the
 * rarer codes too), refused (also a server that neither recurses nor owns the name, and
 * answers with a referral), dns-malformed (still truncated). An SRV record whose target
 * is the root is no-data: RFC 2782 means by it that there is no such service.
 */
enum probe_reason dns_answer_reason(const struct dns_answer *answer);

/* "NOERROR", "NXDOMAIN", ... as in the IANA registry. Static. */
const char *dns_rcode_word(uint8_t rcode);

/* Orders by address, name, priority, weight and port: <0, 0, >0. */
int dns_record_compare(const struct dns_record *a, const struct dns_record *b);

#endif
