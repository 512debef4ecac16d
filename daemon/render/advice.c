/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/advice.h"

#include <jansson.h>
#include <string.h>

#include "base/size.h"
#include "probes/registry.h"

/* What any kind may meet; a kind has a table of its own for the rest. {port} is "TCP
 * 49664" (or "the port" where the evidence names none), {host} and {check} are the
 * flow's, {sender} is who sent the ICMP error (or "a router"). */
static const struct probe_advice advices[] = {
	{REASON_TIMEOUT,
		"Something drops the packets: look first at the firewall rules between "
		"here and {host} for {port}. 'reachd trace {check} {host}' shows how "
		"far they get."},
	{REASON_RST,
		"{host} can be reached, but nothing listens on {port}: the service is "
		"not running, or a firewall refuses in the host's name, which 'reachd "
		"trace {check} {host} --open-port PORT' can tell apart by another "
		"port that is open."},
	{REASON_ICMP_ADMIN_PROHIBITED,
		"{sender} has a rule against it: let {port} to {host} through there."},
	{REASON_ICMP_NET_PROHIBITED,
		"{sender} has a rule against it: let {port} to {host} through there."},
	{REASON_ICMP_HOST_PROHIBITED,
		"{sender} has a rule against it: let {port} to {host} through there."},
	{REASON_ICMP_PORT_UNREACHABLE,
		"{sender} rejects it, as firewalls do: a host without a listener sends "
		"a reset. Let {port} to {host} through there."},
	{REASON_ICMP_NET_UNREACHABLE,
		"Routing ends at {sender}: check the route to {host} there."},
	{REASON_ICMP_HOST_UNREACHABLE,
		"{sender} is the last router and gets no answer from {host}: the host "
		"is down or has another address, or the router rejects in the host's name."},
	{REASON_ICMP_TIME_EXCEEDED,
		"There is a routing loop at {sender}: fix the routes there."},
	{REASON_NEIGHBOUR_SILENT,
		"{host} is down, or has another address or VLAN than the inventory "
		"says."},
	{REASON_NO_ANSWER,
		"The TCP handshake succeeds, but nothing after it is answered: "
		"the service hangs, or a firewall that inspects the protocol "
		"drops it. Try again from a machine next to {host}."},
	{REASON_PEER_RESET,
		"The connection is cut once data flows: by a firewall or proxy that "
		"inspects the protocol, or by a service that accepts no clients from here."},
	{REASON_PEER_CLOSED,
		"The service closes the connection: it accepts no clients from here, or {port} "
		"belongs to another program."},
	{REASON_MALFORMED_ANSWER,
		"{port} belongs to another program, or a proxy answers instead."},
	{REASON_NXDOMAIN,
		"The name is not in DNS: add it, or give the host an 'ansible_host'."},
	{REASON_DNS_TIMEOUT,
		"A DNS server does not answer: check that it is up and that UDP "
		"and TCP 53 reach it from here."},
	{REASON_NO_ROUTE, "This machine's own routes don't lead to {host}."},
	{REASON_NO_GATEWAY,
		"This machine's own gateway is down, so nothing is known about {host}."},
	{REASON_NO_LINK, "This machine's own cable or interface is down."},
	{REASON_LOCAL_FIREWALL,
		"This machine's own firewall forbids it: check its output rules."},
	{REASON_NONE, NULL},
};

struct facts {
	const struct report_result *result;
	json_t *evidence; /* or NULL */
};

static const char *find(const struct probe_advice *table, enum probe_reason reason)
{
	for (; table && table->reason != REASON_NONE; table++)
		if (table->reason == reason)
			return table->text;
	return NULL;
}

static const char *text_of(const struct report_result *result)
{
	const struct probe_ops *ops = registry_of_check(result->check);
	const char *text = ops ? find(ops->advice, result->reason) : NULL;

	return text ? text : find(advices, result->reason);
}

/* The evidence's own, else the check's where its argument is a port. */
static void add_port(struct strbuf *out, const struct facts *facts)
{
	const char *argument = strchr(facts->result->check, '/');
	const json_t *port = json_object_get(facts->evidence, "port");

	if (json_is_integer(port))
		strbuf_addf(out, "TCP %" JSON_INTEGER_FORMAT, json_integer_value(port));
	else if (argument && argument[1] &&
		 strspn(argument + 1, "0123456789") == strlen(argument + 1))
		strbuf_addf(out, "TCP %s", argument + 1);
	else
		strbuf_adds(out, "the port");
}

static const char *sender_of(const struct facts *facts)
{
	const json_t *icmp = json_object_get(facts->evidence, "icmp");
	const char *sender = json_string_value(json_object_get(icmp, "sender"));

	return sender ? sender : "a router";
}

/* True when `text` starts with that placeholder, which was then written. */
static bool add_placeholder(
	struct strbuf *out, const char *text, const struct facts *facts, size_t *length)
{
	static const char *const names[] = {"{port}", "{host}", "{check}", "{sender}"};
	size_t at = 0;

	while (at < ARRAY_SIZE(names) &&
		strncmp(text, names[at], strlen(names[at])) != 0)
		at++;
	if (at == ARRAY_SIZE(names))
		return false;
	*length = strlen(names[at]);
	if (at == 0)
		add_port(out, facts);
	else
		strbuf_adds(out, at == 1   ? facts->result->host
				 : at == 2 ? facts->result->check
					   : sender_of(facts));
	return true;
}

/* A sentence begins with a capital, also where a placeholder stands first. */
static void capitalize(struct strbuf *out, size_t begin)
{
	if (!out->failed && strncmp(out->text + begin, "the ", 4) == 0)
		out->text[begin] = 'T';
	else if (!out->failed && strncmp(out->text + begin, "a ", 2) == 0)
		out->text[begin] = 'A';
}

void advice_add(struct strbuf *out, const struct report_result *result)
{
	const char *text = text_of(result);
	size_t begin = out->length, length;

	if (result->verdict == VERDICT_PASS || !text)
		return;
	struct facts facts = {
		.result = result,
		.evidence =
			result->evidence ? json_loads(result->evidence, 0, NULL) : NULL,
	};
	while (*text) {
		if (*text == '{' && add_placeholder(out, text, &facts, &length)) {
			text += length;
			continue;
		}
		length = 1 + strcspn(text + 1, "{");
		strbuf_add(out, text, length);
		text += length;
	}
	capitalize(out, begin);
	json_decref(facts.evidence);
}
