/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ldap[/PORT]: does a directory answer? Its root DSE is asked for without
 * authentication, which RFC 4512, 5.1 lets everybody do; a directory that refuses has
 * answered as well.
 */
#include <string.h>

#include "base/size.h"
#include "probes/ldap/message.h"
#include "probes/net/exchange.h"
#include "probes/registry.h"

enum {
	LDAP_PORT = 389,
	MAX_MESSAGES = 64, /* an entry, a result, and a few that don't matter */
};

struct ldap_run {
	struct exchange exchange; /* first */
	unsigned messages;
	json_t *root; /* what the entry said; NULL: none came */
};

static bool ldap_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error)
{
	(void)vocabulary;
	return exchange_parse(argument, LDAP_PORT, conf, canonical, size, error);
}

static struct ldap_run *ldap_of(struct probe_run *run)
{
	return CONTAINER_OF(exchange_of(run), struct ldap_run, exchange);
}

/* ---- the verdict */

static void add_text(json_t *root, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(root, key, json_string(text));
}

static json_t *versions_json(uint32_t versions)
{
	json_t *list = json_array();

	for (unsigned i = 1; i < 32; i++)
		if (versions & 1u << i)
			json_array_append_new(list, json_integer(i));
	return list;
}

static json_t *entry_json(const struct ldap_message *entry)
{
	json_t *root = json_object();

	add_text(root, "default_naming_context", entry->default_naming_context);
	add_text(root, "dns_host_name", entry->dns_host_name);
	if (entry->versions)
		json_object_set_new(root, "versions", versions_json(entry->versions));
	return root;
}

static json_t *result_json(const struct ldap_message *result)
{
	const char *word = ldap_code_word(result->code);
	json_t *root = json_object();

	json_object_set_new(root, "code", json_integer(result->code));
	add_text(root, "result", word ? word : "");
	add_text(root, "message", result->text);
	if (result->kind == LDAP_NOTICE)
		json_object_set_new(root, "disconnected", json_true());
	return root;
}

static void settle_result(struct ldap_run *ldap, const struct ldap_message *result)
{
	struct exchange *exchange = &ldap->exchange;

	if (result->code == LDAP_BUSY || result->code == LDAP_UNAVAILABLE)
		exchange_settle(exchange, STATE_FAILED, REASON_LDAP_UNAVAILABLE,
			result_json(result));
	else if (result->code != LDAP_SUCCESS || result->kind == LDAP_NOTICE)
		exchange_settle(
			exchange, STATE_OPEN, REASON_LDAP_REFUSED, result_json(result));
	else
		exchange_settle(exchange, STATE_OPEN, REASON_LDAP_ANSWERED,
			json_incref(ldap->root));
}

static void read_on(struct ldap_run *ldap, const struct ldap_message *message)
{
	if (++ldap->messages > MAX_MESSAGES) {
		exchange_settle(
			&ldap->exchange, STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
	} else if (message->kind == LDAP_ENTRY) {
		json_decref(ldap->root);
		ldap->root = entry_json(message);
	} else if (message->kind != LDAP_IGNORED) {
		settle_result(ldap, message);
	}
}

/* ---- the connection */

static void on_connected(struct stream *stream)
{
	uint8_t request[LDAP_REQUEST_SIZE];

	ldap_write_search(request);
	exchange_ask(exchange_of(stream->run), PHASE_LDAP,
		"asks for the root DSE, without authentication", request,
		sizeof request);
}

static size_t on_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct ldap_run *ldap = ldap_of(stream->run);
	struct ldap_message message;

	ssize_t used = ldap_read(data, size, &message);
	if (used > 0) {
		read_on(ldap, &message);
		return (size_t)used;
	}
	if (used < 0)
		exchange_settle(
			&ldap->exchange, STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
	return used < 0 ? size : 0;
}

static const struct stream_ops ldap_stream = {
	.limit = LDAP_MESSAGE_MAX,
	.connected = on_connected,
	.refused = stream_settle_refused,
	.received = on_received,
	.ended = exchange_ended,
};

static int ldap_start(struct probe_run *run)
{
	return exchange_open(exchange_of(run), &ldap_stream);
}

static void ldap_fini(struct probe_run *run)
{
	json_decref(ldap_of(run)->root);
	exchange_fini(run);
}

const struct probe_ops ldap_probe_ops = {
	.name = "ldap",
	.argument_help = "PORT",
	.conf_size = sizeof(struct exchange_conf),
	.parse = ldap_parse,
	.port = exchange_port,
	.run_size = sizeof(struct ldap_run),
	.start = ldap_start,
	.expired = exchange_expired,
	.fini = ldap_fini,
};
