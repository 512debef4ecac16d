/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/bind.h"
#include "config/inventory.h"
#include "config/path.h"
#include "config/settings_guard.h"
#include "config/settings_retention.h"
#include "config/settings_rpc.h"
#include "config/settings_schedule.h"

enum {
	SECOND = 1000,
	DNS_PORT = 53,
};

struct top {
	const char *vantage, *store;
	const struct conf_node *inventory, *rules, *retention, *schedule, *probe, *dns,
		*rpc, *notify, *controls, *guard, *flap;
};

static const struct conf_field top_fields[] = {
	{.key = "vantage",
		.type = CONF_TEXT,
		.offset = offsetof(struct top, vantage),
		.help = "the name of the place that probes are sent from"},
	{.key = "inventory",
		.type = CONF_TREE,
		.offset = offsetof(struct top, inventory),
		.help = "inventory files, or an inventory"},
	{.key = "store",
		.type = CONF_TEXT,
		.offset = offsetof(struct top, store),
		.help = "the database file"},
	{.key = "retention",
		.type = CONF_TREE,
		.offset = offsetof(struct top, retention),
		.help = "how long the store keeps what is old"},
	{.key = "schedule",
		.type = CONF_TREE,
		.offset = offsetof(struct top, schedule),
		.help = "when scans start"},
	{.key = "probe",
		.type = CONF_TREE,
		.offset = offsetof(struct top, probe),
		.help = "how patient and how fast probes are"},
	{.key = "dns",
		.type = CONF_TREE,
		.offset = offsetof(struct top, dns),
		.help = "the servers to ask"},
	{.key = "rpc",
		.type = CONF_TREE,
		.offset = offsetof(struct top, rpc),
		.help = "the dynamic ports, and names of interfaces"},
	{.key = "controls",
		.type = CONF_TREE,
		.offset = offsetof(struct top, controls),
		.help = "what must always answer"},
	{.key = "guard",
		.type = CONF_TREE,
		.offset = offsetof(struct top, guard),
		.help = "when trouble is this vantage's own"},
	{.key = "flap",
		.type = CONF_TREE,
		.offset = offsetof(struct top, flap),
		.help = "when a flow changes too often to be told each time"},
	{.key = "rules",
		.type = CONF_TREE,
		.offset = offsetof(struct top, rules),
		.help = "the promises to check"},
	{.key = "notify",
		.type = CONF_TREE,
		.offset = offsetof(struct top, notify),
		.help = "who is told of what changes"},
	CONF_END,
};

/* In the order of enum settings_family. */
static const char *const families[] = {"both", "ipv4", "ipv6", NULL};

static const struct conf_field probe_fields[] = {
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct settings, timeout_ms),
		.min = 1,
		.max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"},
	{.key = "attempts",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, attempts),
		.min = 1,
		.max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before silence counts"},
	{.key = "concurrency",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, concurrency),
		.min = 1,
		.max = 65535,
		.help = "connections at once"},
	{.key = "rate",
		.type = CONF_RATE,
		.offset = offsetof(struct settings, rate_per_hour),
		.help = "connections started, at most"},
	{.key = "per_host",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, per_host),
		.min = 1,
		.max = 65535,
		.help = "connections to one host at once"},
	{.key = "engines",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, engines),
		.min = 1,
		.max = SETTINGS_MAX_ENGINES,
		.help = "loops that probe side by side, each on a processor"},
	{.key = "confirm",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, confirm),
		.min = 1,
		.max = 10,
		.help = "how often a change must be seen to count"},
	{.key = "family",
		.type = CONF_WORD,
		.offset = offsetof(struct settings, family),
		.words = families,
		.help = "which addresses of a host are probed"},
	{.key = "trace",
		.type = CONF_BOOL,
		.offset = offsetof(struct settings, trace),
		.help = "whether a scan finds out where what it lost is dropped"},
	CONF_END,
};

struct dns_section {
	struct conf_texts servers;
	uint32_t timeout_ms;
	uint32_t attempts;
};

static const struct conf_field dns_fields[] = {
	{.key = "servers",
		.type = CONF_TEXTS,
		.offset = offsetof(struct dns_section, servers),
		.help = "addresses, with a port where it is not 53"},
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct dns_section, timeout_ms),
		.min = 1,
		.max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one server may take to answer once"},
	{.key = "attempts",
		.type = CONF_NUMBER,
		.offset = offsetof(struct dns_section, attempts),
		.min = 1,
		.max = SETTINGS_MAX_DNS_ATTEMPTS,
		.help = "questions to one server before its silence counts"},
	CONF_END,
};

static void set_defaults(struct settings *out)
{
	*out = (struct settings){
		.schedule.every_ms = 5 * 60 * SECOND,
		.timeout_ms = 2 * SECOND,
		.attempts = 2,
		.concurrency = 1024,
		.rate_per_hour = UINT64_C(5000) * 3600,
		.per_host = 128,
		.confirm = 2,
		.trace = true,
		.dns_timeout_ms = SECOND,
		.dns_attempts = 2,
		.dynamic_ports = "49152-65535",
		.flap_changes = SETTINGS_FLAP_CHANGES,
		.flap_within_ms = SETTINGS_FLAP_WITHIN_MS,
		.flap_settle_ms = SETTINGS_FLAP_SETTLE_MS,
		.guard_share = 25,
		.guard_odds = 100000,
		.guard_patience = 3,
		.guard_require = 1,
	};
	settings_default_retention(out);
}

static int bind_section(const struct conf_node *node, const struct conf_field *fields,
	void *out, struct arena *arena, struct conf_report *report)
{
	return conf_node_is_null(node)
		       ? 0
		       : conf_bind(node, fields, NULL, out, arena, report);
}

static bool is_listed(
	const struct settings *out, const struct settings_endpoint *endpoint)
{
	for (size_t i = 0; i < out->n_dns; i++)
		if (out->dns[i].port == endpoint->port &&
			net_address_compare(&out->dns[i].address, &endpoint->address) ==
				0)
			return true;
	return false;
}

static int bind_server(const char *text, struct conf_mark mark,
	struct conf_report *report, struct settings *out)
{
	struct settings_endpoint endpoint = {.port = DNS_PORT};
	if (!net_endpoint_parse(text, &endpoint.address, &endpoint.port)) {
		conf_error(report, mark,
			"'%s' is no address of a DNS server: write ADDRESS, "
			"ADDRESS:PORT or [V6]:PORT",
			text);
		return -EINVAL;
	}
	if (is_listed(out, &endpoint)) {
		conf_error(report, mark, "'%s' is named twice", text);
		return -EINVAL;
	}
	if (out->n_dns == SETTINGS_MAX_DNS_SERVERS) {
		conf_error(report, mark, "at most %d DNS servers can be asked",
			SETTINGS_MAX_DNS_SERVERS);
		return -EINVAL;
	}
	out->dns[out->n_dns++] = endpoint;
	return 0;
}

static int bind_dns(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	struct dns_section section = {
		.timeout_ms = out->dns_timeout_ms, .attempts = out->dns_attempts};
	int rc = bind_section(node, dns_fields, &section, arena, report);
	for (size_t i = 0; i < section.servers.count && rc != -ENOMEM; i++)
		rc = conf_worse(
			rc, bind_server(section.servers.items[i],
				    section.servers.nodes[i]->mark, report, out));
	out->dns_timeout_ms = section.timeout_ms;
	out->dns_attempts = section.attempts;
	return rc;
}

/* As long as a host's name may be: it stands beside them in every result and query. */
static int check_vantage(
	const char *given, const struct conf_node *root, struct conf_report *report)
{
	if (strlen(given) <= INVENTORY_MAX_NAME)
		return 0;
	conf_error(report, conf_node_get(root, "vantage")->mark,
		"the name of the vantage has %zu bytes; at most %d are allowed",
		strlen(given), INVENTORY_MAX_NAME);
	return -EINVAL;
}

static int resolve_vantage(const char *given, const struct conf_node *root,
	struct arena *arena, struct conf_report *report, struct settings *out)
{
	char name[256];
	out->vantage = given;
	if (given)
		return check_vantage(given, root, report);
	if (gethostname(name, sizeof name) < 0 || !name[0])
		memcpy(name, "localhost", sizeof "localhost");
	name[sizeof name - 1] = '\0';
	out->vantage = arena_strdup(arena, name);
	return out->vantage ? 0 : -ENOMEM;
}

static int resolve_store(
	const char *given, const char *path, struct arena *arena, struct settings *out)
{
	out->store = conf_path(arena, path, given ? given : "reachd.db");
	return out->store ? 0 : -ENOMEM;
}

int settings_bind(const struct conf_node *root, const char *path, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	struct top top = {0};
	set_defaults(out);
	int rc = bind_section(root, top_fields, &top, arena, report);
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, settings_bind_retention(top.retention, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, settings_bind_schedule(top.schedule, arena, report,
					    &out->schedule));
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, bind_section(top.probe, probe_fields, out, arena, report));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_dns(top.dns, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, settings_bind_rpc(top.rpc, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, settings_bind_guard(top.guard, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, settings_bind_flap(top.flap, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, resolve_vantage(top.vantage, root, arena, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, resolve_store(top.store, path, arena, out));
	return rc;
}
