/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/dns/evidence.h"

#include <string.h>
#include <uv.h>

#include "base/size.h"
#include "probes/evidence.h"

/* jansson's setters accept NULL values and targets, fail, and leak nothing. */

void dns_evidence_init(struct dns_evidence *evidence, const char *name)
{
	evidence->root = json_object();
	evidence->servers = json_array();
	evidence->left = DNS_EVIDENCE_ITEMS;
	json_object_set_new(evidence->root, "name", json_string(name));
	json_object_set(evidence->root, "servers", evidence->servers);
}

json_t *dns_evidence_server(struct dns_evidence *evidence, const char *server)
{
	json_t *entry = json_object();
	json_object_set_new(entry, "server", json_string(server));
	return json_array_append_new(evidence->servers, entry) == 0 ? entry : NULL;
}

static json_t *address_json(const struct net_address *address)
{
	char text[NET_ADDRESS_TEXT];
	return json_string(net_address_format(address, text, sizeof text));
}

static json_t *record_json(const struct dns_record *record, enum dns_type type)
{
	if (type == DNS_TYPE_SRV)
		return json_pack("{s:i,s:i,s:i,s:s}", "priority", record->priority,
			"weight", record->weight, "port", record->port, "target",
			record->name);
	if (type == DNS_TYPE_PTR)
		return json_string(record->name);
	return address_json(&record->address);
}

static const char *records_key(enum dns_type type)
{
	switch (type) {
	case DNS_TYPE_SRV:
		return "services";
	case DNS_TYPE_PTR:
		return "names";
	default:
		return "addresses";
	}
}

/* True while there is room for one more item; else the reader is told. */
static bool take_room(struct dns_evidence *evidence, json_t *entry)
{
	if (evidence->left > 0) {
		evidence->left--;
		return true;
	}
	json_object_set_new(entry, "more", json_true());
	return false;
}

static void add_records(struct dns_evidence *evidence, json_t *entry,
	const struct dns_view *view, enum dns_type type)
{
	json_t *records = json_array();
	for (size_t i = 0; i < view->count && take_room(evidence, entry); i++)
		json_array_append_new(records, record_json(&view->records[i], type));
	if (view->cut)
		json_object_set_new(entry, "more", json_true());
	json_object_set_new(entry, records_key(type), records);
}

void dns_evidence_view(struct dns_evidence *evidence, json_t *entry,
	const struct dns_view *view, enum dns_type type)
{
	char name[32];
	json_object_set_new(
		entry, "reason", json_string(probe_reason_word(view->reason)));
	if (view->answered)
		json_object_set_new(
			entry, "rcode", json_string(dns_rcode_word(view->rcode)));
	if (view->error != 0)
		json_object_set_new(entry, "error",
			json_string(uv_err_name_r(view->error, name, sizeof name)));
	json_object_set_new(entry, "elapsed_us", json_integer(view->elapsed_us));
	if (view->answered || view->count > 0)
		add_records(evidence, entry, view, type);
}

void dns_evidence_pointer(struct dns_evidence *evidence, json_t *entry,
	const struct net_address *address, const struct dns_view *view)
{
	json_t *pointers = json_object_get(entry, "pointers");
	if (!pointers && json_object_set_new(entry, "pointers", json_array()) == 0)
		pointers = json_object_get(entry, "pointers");
	if (!take_room(evidence, entry))
		return;
	json_t *pointer = json_object();
	json_object_set_new(pointer, "address", address_json(address));
	dns_evidence_view(evidence, pointer, view, DNS_TYPE_PTR);
	json_array_append_new(pointers, pointer);
}

void dns_evidence_declared(struct dns_evidence *evidence,
	const struct net_address *declared, size_t n_declared)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n_declared && i < DNS_MAX_RECORDS; i++)
		json_array_append_new(list, address_json(&declared[i]));
	json_object_set_new(evidence->root, "declared", list);
}

char *dns_evidence_take(struct dns_evidence *evidence)
{
	char *text = evidence->root ? json_dumps(evidence->root, JSON_COMPACT) : NULL;
	json_decref(evidence->servers);
	json_decref(evidence->root);
	evidence->root = NULL;
	evidence->servers = NULL;
	return text;
}

/* ---- what it says ------------------------------------------------------------ */

/* The first server whose answer was not the hoped-for one. */
const char *dns_evidence_cause(const json_t *evidence)
{
	size_t i;
	const json_t *server;

	json_array_foreach(json_object_get(evidence, "servers"), i, server)
	{
		const char *reason = evidence_text(server, "reason");
		if (reason && strcmp(reason, probe_reason_word(REASON_RESOLVED)) != 0)
			return evidence_text(server, "server");
	}
	return NULL;
}

static void add_server(struct evidence_line *line, const json_t *server)
{
	static const char *const lists[] = {"addresses", "names", "services"};
	const char *name = evidence_text(server, "server"),
		   *reason = evidence_text(server, "reason");

	evidence_separate(line, "; ");
	strbuf_addf(line->out, "%s says", name ? name : "a server");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const json_t *list = json_object_get(server, lists[i]);
		if (json_array_size(list) == 0)
			continue;
		strbuf_adds(line->out, " ");
		evidence_add_items(line, list);
		return;
	}
	strbuf_addf(line->out, " %s", reason ? reason : "nothing");
}

static void add_servers(struct evidence_line *line, const json_t *servers)
{
	size_t i;
	const json_t *server;

	json_array_foreach(servers, i, server)
	{
		if (evidence_is_full(line))
			return;
		add_server(line, server);
	}
}

static void add_declared(struct evidence_line *line, const json_t *declared)
{
	if (json_array_size(declared) == 0)
		return;
	evidence_separate(line, "; ");
	strbuf_adds(line->out, "the inventory says ");
	evidence_add_items(line, declared);
}

bool dns_evidence_print(struct evidence_line *line, const json_t *evidence,
	const char *key, const json_t *value)
{
	if (strcmp(key, "servers") == 0)
		add_servers(line, value);
	else if (strcmp(key, "declared") == 0)
		add_declared(line, value);
	else
		return strcmp(key, "name") == 0 && json_object_get(evidence, "servers");
	return true;
}

const struct probe_advice dns_advice[] = {
	{REASON_DNS_DISAGREE,
		"The DNS servers have different records: check the replication "
		"between them."},
	{REASON_DNS_MISMATCH, "Either the record or the inventory is out of date."},
	{REASON_NONE, NULL},
};
