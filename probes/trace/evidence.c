/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/trace/evidence.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/address.h"
#include "base/strbuf.h"
#include "probes/net/icmp.h"

/* ---- making it --------------------------------------------------------------- */

static void write_hop(struct strbuf *text, const struct walk_hop *hop)
{
	char address[NET_ADDRESS_TEXT];
	strbuf_addf(text, "\"ttl\":%u,\"address\":\"%s\"", hop->ttl,
		net_address_format(&hop->address, address, sizeof address));
}

static void write_hops(struct strbuf *text, const struct walk *walk)
{
	strbuf_adds(text, ",\"hops\":[");
	for (uint32_t i = 0; i < walk->n_hops; i++) {
		strbuf_adds(text, i ? ",{" : "{");
		write_hop(text, &walk->hops[i]);
		strbuf_addf(text, ",\"rtt_us\":%u}", (unsigned)walk->hops[i].rtt_us);
	}
	strbuf_adds(text, "]");
}

static void write_last(struct strbuf *text, const struct walk_hop *last)
{
	strbuf_adds(text, ",\"last\":");
	strbuf_adds(text, last ? "{" : "null");
	if (!last)
		return;
	write_hop(text, last);
	strbuf_adds(text, "}");
}

static void write_reached(struct strbuf *text, const struct walk_end *end)
{
	strbuf_adds(text, ",\"reached\":");
	if (end)
		strbuf_addf(text, "{\"ttl\":%u,\"by\":\"%s\",\"rtt_us\":%u}", end->ttl,
			probe_reason_word(end->accepted ? REASON_SYN_ACK : REASON_RST),
			(unsigned)end->rtt_us);
	else
		strbuf_adds(text, "null");
}

static void write_stopped(struct strbuf *text, const struct walk_end *end)
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

char *trace_evidence_make(const struct walk *walk, const struct net_address *target,
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
	write_hops(&text, walk);
	write_last(&text, sum.last);
	write_reached(&text, sum.reached);
	write_stopped(&text, sum.stopped);
	strbuf_addf(&text, ",\"silent\":%u", (unsigned)sum.silent);
	strbuf_adds(&text, cut ? ",\"cut\":true}}" : "}}");
	return strbuf_take(&text);
}

/* ---- the sentence ------------------------------------------------------------ */

/* What the sentence is made of. */
struct facts {
	const json_t *hops;
	const json_t *last, *reached, *stopped; /* NULL: none */
	unsigned paths, silent, distance;
	bool cut;
};

static const json_t *object_of(const json_t *trace, const char *key)
{
	const json_t *value = json_object_get(trace, key);

	return json_is_object(value) ? value : NULL;
}

static unsigned number_of(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number > 0 && number < 1000 ? (unsigned)number : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static struct facts read_facts(const json_t *trace, unsigned distance)
{
	return (struct facts){
		.hops = json_object_get(trace, "hops"),
		.last = object_of(trace, "last"),
		.reached = object_of(trace, "reached"),
		.stopped = object_of(trace, "stopped"),
		.paths = number_of(trace, "paths"),
		.silent = number_of(trace, "silent"),
		.distance = distance,
		.cut = json_is_true(json_object_get(trace, "cut")),
	};
}

/* Addresses that answered a TTL: " (10.1.0.1)", " (10.1.0.1 or 10.1.0.5)"; "". */
static void add_hop_addresses(
	struct strbuf *out, const struct facts *found, unsigned ttl)
{
	const char *separator = " (";
	size_t i;
	const json_t *hop;

	json_array_foreach(found->hops, i, hop)
	{
		if (number_of(hop, "ttl") != ttl)
			continue;
		strbuf_addf(out, "%s%s", separator, text_of(hop, "address"));
		separator = " or ";
	}
	if (separator[1] == 'o')
		strbuf_adds(out, ")");
}

/* Where an address stands: an error that a router makes as it forwards is drawn by a
 * TTL that is greater than its own distance. */
static unsigned hop_of(const struct facts *found, const char *address, unsigned ttl)
{
	size_t i;
	const json_t *hop;

	json_array_foreach(found->hops, i, hop)
	{
		if (strcmp(text_of(hop, "address"), address) == 0)
			return number_of(hop, "ttl");
	}
	return ttl;
}

static void add_before_target(
	struct strbuf *out, const struct facts *found, unsigned ttl)
{
	unsigned left = found->distance > ttl ? found->distance - ttl : 0;

	if (left)
		strbuf_addf(out, ", %u hop%s before the target", left,
			left == 1 ? "" : "s");
}

static void add_reset(struct strbuf *out, const struct facts *found, unsigned ttl)
{
	if (!found->distance) {
		strbuf_addf(out, "a reset answers at hop %u", ttl);
	} else if (ttl == found->distance) {
		strbuf_addf(out,
			"the reset comes from the host's own distance, hop %u: the host "
			"sends it, or a firewall right in front of it",
			ttl);
	} else if (ttl > found->distance) {
		strbuf_addf(out,
			"a reset answers at hop %u, another port of the host at hop "
			"%u: their paths differ",
			ttl, found->distance);
	} else {
		strbuf_adds(out, "the reset comes from hop ");
		if (ttl > 1) {
			strbuf_addf(out, "%u", ttl - 1);
			add_hop_addresses(out, found, ttl - 1);
			strbuf_adds(out, " or ");
		}
		strbuf_addf(out,
			"%u, the host is at hop %u: a firewall answers in the host's name",
			ttl, found->distance);
	}
}

static void add_reached(struct strbuf *out, const struct facts *found)
{
	unsigned ttl = number_of(found->reached, "ttl");

	if (strcmp(text_of(found->reached, "by"), "syn-ack") == 0)
		strbuf_addf(out, "the target accepts at hop %u", ttl);
	else
		add_reset(out, found, ttl);
}

static void add_stopped(struct strbuf *out, const struct facts *found)
{
	const json_t *icmp = json_object_get(found->stopped, "icmp");
	const char *address = text_of(found->stopped, "address");
	unsigned ttl = hop_of(found, address, number_of(found->stopped, "ttl"));
	struct net_address parsed = {.family = 4};
	enum probe_state state;
	enum probe_reason reason;

	net_address_parse(address, &parsed);
	icmp_meaning(parsed.family, (uint8_t)number_of(icmp, "type"),
		(uint8_t)number_of(icmp, "code"), &state, &reason);
	strbuf_addf(
		out, "%s at hop %u says %s", address, ttl, probe_reason_word(reason));
	add_before_target(out, found, ttl);
}

static void add_silence(struct strbuf *out, const struct facts *found)
{
	unsigned ttl = number_of(found->last, "ttl");

	if (!found->last) {
		strbuf_adds(out, "no hop answered");
		return;
	}
	strbuf_addf(out, "last answer from %s at hop %u",
		text_of(found->last, "address"), ttl);
	add_before_target(out, found, ttl);
	/* Where the walk was cut short nobody may have asked any further. */
	if (!found->cut)
		strbuf_adds(out, ", then silence");
}

/* Paths that ended otherwise than the first part of the sentence says. */
static void add_other_paths(struct strbuf *out, const struct facts *found)
{
	if (found->reached && found->stopped) {
		strbuf_adds(out, "; on another path ");
		add_stopped(out, found);
	}
	if ((found->reached || found->stopped) && found->silent) {
		strbuf_addf(out, "; on %u of %u paths: ", found->silent, found->paths);
		add_silence(out, found);
	}
}

static char *sentence(const struct facts *found)
{
	struct strbuf out;

	strbuf_init(&out);
	if (found->reached)
		add_reached(&out, found);
	else if (found->stopped)
		add_stopped(&out, found);
	else
		add_silence(&out, found);
	add_other_paths(&out, found);
	if (found->cut)
		strbuf_adds(&out, "; the trace was cut short");
	return strbuf_take(&out);
}

/* ---- in and out -------------------------------------------------------------- */

unsigned trace_evidence_distance(const char *walk)
{
	json_t *root = walk ? json_loads(walk, 0, NULL) : NULL;
	const json_t *reached = object_of(json_object_get(root, "trace"), "reached");
	unsigned ttl = 0;

	if (reached && strcmp(text_of(reached, "by"), "syn-ack") == 0)
		ttl = number_of(reached, "ttl");
	json_decref(root);
	return ttl;
}

bool trace_evidence_is_cut(const char *evidence)
{
	json_t *root = evidence ? json_loads(evidence, 0, NULL) : NULL;
	const json_t *trace = json_object_get(root, "trace");
	bool cut = json_is_true(json_object_get(trace, "cut"));

	json_decref(root);
	return cut;
}

/* Puts the sentence into the trace, and the trace into the evidence. */
static int join(json_t *evidence, json_t *trace, unsigned distance)
{
	struct facts found = read_facts(trace, distance);
	char *text = sentence(&found);
	int rc = text ? json_object_set_new(trace, "sentence", json_string(text)) : -1;

	if (rc == 0 && distance)
		rc = json_object_set_new(trace, "distance", json_integer(distance));
	if (rc == 0)
		rc = json_object_set(evidence, "trace", trace);
	free(text);
	return rc;
}

char *trace_evidence_join(const char *evidence, const char *walk, unsigned distance)
{
	json_t *root = walk ? json_loads(walk, 0, NULL) : NULL;
	json_t *trace = json_object_get(root, "trace");
	json_t *whole = evidence ? json_loads(evidence, 0, NULL) : NULL;
	char *text = NULL;

	if (!json_is_object(whole)) {
		json_decref(whole);
		whole = json_object();
	}
	if (json_is_object(trace) && whole && join(whole, trace, distance) == 0)
		text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	json_decref(root);
	return text;
}

/* A copy of a text in the trace; most evidence has none, and parsing takes time. */
static char *copy_text(const char *evidence, const char *object, const char *key)
{
	json_t *root = evidence && strstr(evidence, "\"trace\"")
			       ? json_loads(evidence, 0, NULL)
			       : NULL;
	const json_t *at = json_object_get(root, "trace");
	const char *found = json_string_value(
		json_object_get(object ? json_object_get(at, object) : at, key));
	char *text = found ? strdup(found) : NULL;

	json_decref(root);
	return text;
}

char *trace_evidence_sentence(const char *evidence)
{
	return copy_text(evidence, NULL, "sentence");
}

char *trace_evidence_last_hop(const char *evidence)
{
	return copy_text(evidence, "last", "address");
}
