/* SPDX-License-Identifier: Apache-2.0 */
/* What one DNS server said about one name: records, or why there are none. */
#ifndef PROBES_DNS_VIEW_H
#define PROBES_DNS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/net/dns_message.h"
#include "probes/reason.h"

struct dns_reply; /* probes/net/dns_channel.h */

struct dns_view {
	/*
	 * resolved; no-data, nxdomain; servfail, refused, dns-timeout, dns-malformed;
	 * local trouble. Only `resolved` is the whole truth: any other reason may come
	 * with the records that are known all the same.
	 */
	enum probe_reason reason;
	bool answered; /* rcode is valid */
	uint8_t rcode;
	bool cut;  /* there are more records than DNS_MAX_RECORDS */
	int error; /* libuv code that explains the reason; 0: none */
	uint32_t elapsed_us;
	size_t count;
	struct dns_record *records; /* sorted, no duplicates; the view's own */
};

/*
 * Reads a server's reply to (name, type) into *out. A lack of memory shows as the
 * reason no-memory.
 */
void dns_view_read(struct dns_view *out, const struct dns_reply *reply,
	const char *name, enum dns_type type);

/*
 * Joins what a server said to A and to AAAA; takes the records of both, which are empty
 * afterwards. Half an answer is none: where one half failed the reason is that half's,
 * and the other's records are kept for show. A name is nxdomain when both halves say
 * so; servers that deny the name for the family they lack are known (RFC 4074 4.2), so
 * nxdomain beside records or beside no-data is not believed.
 */
void dns_view_merge(struct dns_view *out, struct dns_view *a, struct dns_view *b);

/* True for no-data and nxdomain: the server answered, and has none. */
bool dns_reason_is_negative(enum probe_reason reason);

/*
 * Which of two reasons of having no answer tells more: a shortage here (for then
 * nothing was measured), an answer before an error, an error before silence, other
 * local trouble last.
 */
enum probe_reason dns_reason_telling(enum probe_reason a, enum probe_reason b);

void dns_view_fini(struct dns_view *view);

#endif
