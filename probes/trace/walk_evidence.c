/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/trace/walk_evidence.h"

#include "base/strbuf.h"
#include "probes/reason.h"

static void add_hop(struct strbuf *text, const struct walk_hop *hop)
{
	char address[NET_ADDRESS_TEXT];
	strbuf_addf(text, "\"ttl\":%u,\"address\":\"%s\"", hop->ttl,
		net_address_format(&hop->address, address, sizeof address));
}

static void add_hops(struct strbuf *text, const struct walk *walk)
{
	strbuf_adds(text, ",\"hops\":[");
	for (uint32_t i = 0; i < walk->n_hops; i++) {
		strbuf_adds(text, i ? ",{" : "{");
		add_hop(text, &walk->hops[i]);
		strbuf_addf(text, ",\"rtt_us\":%u}", (unsigned)walk->hops[i].rtt_us);
	}
	strbuf_adds(text, "]");
}

static void add_last(struct strbuf *text, const struct walk_hop *last)
{
	strbuf_adds(text, ",\"last\":");
	strbuf_adds(text, last ? "{" : "null");
	if (!last)
		return;
	add_hop(text, last);
	strbuf_adds(text, "}");
}

static void add_reached(struct strbuf *text, const struct walk_end *end)
{
	strbuf_adds(text, ",\"reached\":");
	if (end)
		strbuf_addf(text, "{\"ttl\":%u,\"by\":\"%s\",\"rtt_us\":%u}", end->ttl,
			probe_reason_word(end->accepted ? REASON_SYN_ACK : REASON_RST),
			(unsigned)end->rtt_us);
	else
		strbuf_adds(text, "null");
}

static void add_stopped(struct strbuf *text, const struct walk_end *end)
{
	char address[NET_ADDRESS_TEXT];
	strbuf_adds(text, ",\"stopped\":");
	if (end)
		strbuf_addf(text,
			"{\"ttl\":%u,\"address\":\"%s\",\"icmp\":{\"type\":%u,"
			"\"code\":%u}}",
			end->ttl,
			net_address_format(&end->address, address, sizeof address),
			end->icmp_type, end->icmp_code);
	else
		strbuf_adds(text, "null");
}

char *walk_evidence(const struct walk *walk, const struct net_address *target,
	uint16_t port, bool cut)
{
	struct walk_summary sum;
	struct strbuf text;
	char address[NET_ADDRESS_TEXT];

	walk_sum_up(walk, &sum);
	strbuf_init(&text);
	strbuf_addf(&text, "{\"trace\":{\"address\":\"%s\",\"port\":%u,\"paths\":%u",
		net_address_format(target, address, sizeof address), port,
		(unsigned)walk->n_paths);
	add_hops(&text, walk);
	add_last(&text, sum.last);
	add_reached(&text, sum.reached);
	add_stopped(&text, sum.stopped);
	strbuf_addf(&text, ",\"silent\":%u", (unsigned)sum.silent);
	strbuf_adds(&text, cut ? ",\"cut\":true}}" : "}}");
	return strbuf_take(&text);
}
