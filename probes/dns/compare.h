/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several DNS servers said, judged together. Pure. The order of the rules:
 *
 * 1. Two servers that resolve the name to different records, or one that resolves it
 *    and one that answers that there is none, disagree: failed/dns-disagree. It is
 *    proven whatever the rest says.
 * 2. Trouble of this machine with any server: error, for not all were asked.
 * 3. A server fails or stays silent while others resolve the name: unresolved, with
 * that server's reason. Not every server could be asked, and a dead one says nothing
 *    about the name; the evidence tells which it is and what the others say.
 * 4. No server resolves it: unresolved, with the reason that tells most: an answer
 *    (nxdomain, no-data) before an error (refused, servfail, dns-malformed), an error
 *    before silence (dns-timeout).
 * 5. All resolve it alike: open/resolved.
 */
#ifndef PROBES_DNS_COMPARE_H
#define PROBES_DNS_COMPARE_H

#include <stddef.h>

#include "base/address.h"
#include "probes/net/dns_view.h"
#include "probes/reason.h"

struct dns_verdict {
	enum probe_state state;
	enum probe_reason reason;
};

/* One view a server, at least one. */
struct dns_verdict dns_compare(const struct dns_view *views, size_t n_views);

/*
 * The same, then held against the inventory's addresses (n > 0): where all servers
 * agree on another set it is failed/dns-mismatch. Zones of link-local addresses do not
 * count, DNS has none. At most DNS_MAX_RECORDS are compared.
 */
struct dns_verdict dns_compare_declared(const struct dns_view *views, size_t n_views,
	const struct net_address *declared, size_t n_declared);

/*
 * PTR records of one address: the rules above, with "names the host" for "resolves". An
 * address that all servers give other names is failed/ptr-mismatch.
 */
struct dns_verdict dns_compare_ptr(
	const struct dns_view *views, size_t n_views, const char *host);

/*
 * Joins the PTR verdicts of all addresses of a host (at least one). A failure is proven
 * whatever the rest says; so is that one address names the host and another has no
 * name, which is failed/ptr-mismatch. Then error, unresolved, open.
 */
struct dns_verdict dns_verdict_join(const struct dns_verdict *verdicts, size_t n);

#endif
