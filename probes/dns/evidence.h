/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each DNS server said, as the JSON that goes with a verdict:
 *
 *   {"name":"rdls01.corp.example","servers":[{"server":"10.0.0.53","reason":"resolved",
 *    "rcode":"NOERROR","elapsed_us":412,"addresses":["10.20.0.11"]}, ...],
 *    "declared":["10.20.0.12"]}
 *
 * "addresses", "names" or "services" by the records asked for; dns/PTR has "pointers",
 * one entry an address, in place of those. "error" is the system's own word, if any.
 */
#ifndef PROBES_DNS_EVIDENCE_H
#define PROBES_DNS_EVIDENCE_H

#include <jansson.h>
#include <stddef.h>

#include "base/address.h"
#include "probes/net/dns_view.h"
#include "probes/probe.h"

/* Records and pointers told of in all; "more":true stands for the rest. */
#define DNS_EVIDENCE_ITEMS 512

struct dns_evidence {
	json_t *root, *servers;
	size_t left; /* items that may still be added */
};

/* Memory that runs out makes the evidence poorer or NULL, never wrong. */
void dns_evidence_init(struct dns_evidence *evidence, const char *name);

/* Adds a server's entry and returns it, borrowed; NULL without memory. */
json_t *dns_evidence_server(struct dns_evidence *evidence, const char *server);

/* Tells in an entry what the server said about records of this type. */
void dns_evidence_view(struct dns_evidence *evidence, json_t *entry,
	const struct dns_view *view, enum dns_type type);

/* The same for the PTR record of one address, under "pointers". */
void dns_evidence_pointer(struct dns_evidence *evidence, json_t *entry,
	const struct net_address *address, const struct dns_view *view);

void dns_evidence_declared(struct dns_evidence *evidence,
	const struct net_address *declared, size_t n_declared);

/* For struct probe_ops. */
const char *dns_evidence_cause(const json_t *evidence);
bool dns_evidence_print(struct evidence_line *line, const json_t *evidence,
	const char *key, const json_t *value);
extern const struct probe_advice dns_advice[];

/* The text, which the caller frees, or NULL. The evidence is empty afterwards. */
char *dns_evidence_take(struct dns_evidence *evidence);

#endif
