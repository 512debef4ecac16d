/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain names in text: lower case, without the trailing dot, "." for the root. Odd
 * bytes are escaped as in RFC 4343 section 2.1, so that equal names are equal text and
 * the text is printable ASCII.
 */
#ifndef PROBES_DNS_NAME_H
#define PROBES_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/cursor.h"

#define DNS_NAME_TEXT 256   /* room for any name in text, NUL included */
#define DNS_REVERSE_TEXT 80 /* room for any name under in-addr.arpa or ip6.arpa */

/*
 * Reads a name out of a message (RFC 1035 section 4.1.4) and leaves the cursor behind
 * it. Compression pointers must point backwards, so that there is an end, and be no
 * more than the labels of a name can be. False when the bytes are no name, or one whose
 * escaped text does not fit.
 */
bool dns_name_read(struct cursor *cursor, char text[DNS_NAME_TEXT]);

/*
 * Writes `text` in lower case and without its trailing dot. False, with *error a
 * sentence (static), unless it has labels of 1 to 63 letters, digits, hyphens and
 * underscores, 253 characters in all.
 */
bool dns_name_canonical(const char *text, char out[DNS_NAME_TEXT], const char **error);

/* The name that holds an address's PTR record (RFC 1035 3.5, RFC 3596 2.5). */
void dns_name_reverse(const struct net_address *address, char out[DNS_REVERSE_TEXT]);

/*
 * True when `name`, as read out of a PTR record, names the host: the same in full, case
 * and trailing dot aside; for a host without a dot the first label alone counts.
 */
bool dns_name_is_host(const char *name, const char *host);

#endif
