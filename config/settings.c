/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/ports.h"
#include "config/bind.h"
#include "config/inventory.h"
#include "config/settings_schedule.h"

enum {
	SECOND = 1000,
	DNS_PORT = 53,
};

#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define WEEK_MS (7 * DAY_MS)
#define MOST_MS (3650 * DAY_MS) /* as long as a duration may be */

#define FIELD(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct settings, member, __VA_ARGS__)

/* ---- retention, probe, guard, flap: plain values -------------------------------- */

static const struct conf_field retention_fields[] = {
	FIELD("history", LONG_DURATION, history_ms, .min = HOUR_MS, .max = MOST_MS,
		.help = "how long scans, and states that have ended, are kept"),
	FIELD("rtt", LONG_DURATION, rtt_ms, .min = HOUR_MS, .max = MOST_MS,
		.help = "how long round-trip times are kept"),
	CONF_END,
};

/* In the order of enum settings_family. */
static const char *const families[] = {"both", "ipv4", "ipv6", NULL};

static const struct conf_field probe_fields[] = {
	FIELD("timeout", DURATION, timeout_ms, .min = 1, .max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"),
	FIELD("attempts", NUMBER, attempts, .min = 1, .max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before no answer counts as silence"),
	FIELD("concurrency", NUMBER, concurrency, .min = 1, .max = 65535,
		.help = "most connections open at once"),
	FIELD("rate", RATE, rate_per_hour, .help = "most connections started"),
	FIELD("per_host", NUMBER, per_host, .min = 1, .max = 65535,
		.help = "most connections to one host at once"),
	FIELD("engines", NUMBER, engines, .min = 1, .max = SETTINGS_MAX_ENGINES,
		.help = "threads that probe side by side"),
	FIELD("confirm", NUMBER, confirm, .min = 1, .max = 10,
		.help = "how many times a change must be seen to count"),
	FIELD("family", WORD, family, .words = families,
		.help = "which addresses of a host are probed"),
	FIELD("trace", BOOL, trace,
		.help = "whether a scan traces where lost packets are dropped"),
	CONF_END,
};

static const struct conf_field guard_fields[] = {
	FIELD("share", NUMBER, guard_share, .min = 1, .max = 100,
		.help = "percent of the answering hosts that must become unreachable "
			"at once"),
	FIELD("odds", NUMBER, guard_odds, .min = 1, .max = 1000000000,
		.help = "N: a chance of 1 in N is too improbable to be a coincidence"),
	FIELD("patience", NUMBER, guard_patience, .max = 1000,
		.help = "most scans in a row that are doubted for their numbers alone"),
	FIELD("require", NUMBER, guard_require, .min = 1, .max = 1000000,
		.help = "how many controls must answer"),
	CONF_END,
};

static const struct conf_field flap_fields[] = {
	FIELD("changes", NUMBER, flap_changes, .min = 2,
		.max = SETTINGS_MAX_FLAP_CHANGES,
		.help = "how many changes make a flow flap"),
	FIELD("within", DURATION, flap_within_ms, .min = SECOND, .max = WEEK_MS,
		.help = "the time within which these changes must happen"),
	FIELD("settle", DURATION, flap_settle_ms, .min = SECOND, .max = WEEK_MS,
		.help = "how long without a change ends the flapping"),
	CONF_END,
};

/* ---- dns --------------------------------------------------------------------------
 */

/* Adds one server. */
static int bind_server(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *settings)
{
	struct settings *out = settings;
	struct settings_endpoint endpoint = {.port = DNS_PORT};

	(void)arena;
	if (!net_endpoint_parse(node->text, &endpoint.address, &endpoint.port)) {
		conf_error(report, node->mark,
			"'%s' is not the address of a DNS server: write ADDRESS, "
			"ADDRESS:PORT or [V6]:PORT",
			node->text);
		return -EINVAL;
	}
	for (size_t i = 0; i < out->n_dns; i++) {
		if (out->dns[i].port != endpoint.port ||
			net_address_compare(&out->dns[i].address, &endpoint.address) !=
				0)
			continue;
		conf_error(report, node->mark, "duplicate DNS server '%s'", node->text);
		return -EINVAL;
	}
	if (out->n_dns == SETTINGS_MAX_DNS_SERVERS) {
		conf_error(report, node->mark, "at most %d DNS servers are allowed",
			SETTINGS_MAX_DNS_SERVERS);
		return -EINVAL;
	}
	out->dns[out->n_dns++] = endpoint;
	return 0;
}

static const struct conf_field dns_fields[] = {
	FIELD("servers", TEXTS, dns_texts, .then = bind_server,
		.help = "addresses, with a port where it is not 53"),
	FIELD("timeout", DURATION, dns_timeout_ms, .min = 1,
		.max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one server may take to answer one query"),
	FIELD("attempts", NUMBER, dns_attempts, .min = 1,
		.max = SETTINGS_MAX_DNS_ATTEMPTS,
		.help = "queries to one server before no answer counts as silence"),
	CONF_END,
};

/* ---- rpc --------------------------------------------------------------------------
 */

static int check_ports(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *settings)
{
	struct port_set ports;
	const char *error;

	(void)arena, (void)settings;
	if (ports_parse(node->text, &ports, &error))
		return 0;
	conf_error(report, node->mark, "'%.64s' is not a valid set of ports: %s",
		node->text, error);
	return -EINVAL;
}

/* What can stand after "rpc/" and is neither a UUID nor '*'. */
static bool is_interface_name(const char *text)
{
	struct uuid_syntax syntax;

	return *text && !uuid_syntax_parse(text, &syntax) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		       strlen(text) &&
	       strlen(text) <= 64;
}

static int bind_interface(const struct conf_pair *pair, struct arena *arena,
	struct conf_report *report, struct settings_interface *out)
{
	static const struct conf_field text = {.type = CONF_TEXT};
	const char *syntax = NULL;

	*out = (struct settings_interface){
		.name = pair->key->text, .mark = pair->key->mark};
	if (!is_interface_name(out->name)) {
		conf_error(report, pair->key->mark,
			"'%.64s' is not a valid name for an interface: use at most 64 "
			"of the characters a-z, 0-9, '-', '_' and '.', and no UUID",
			out->name);
		return -EINVAL;
	}
	int rc = conf_bind_value(pair->value, &text, &syntax, arena, report);
	if (rc < 0)
		return rc;
	if (!uuid_syntax_parse(syntax, &out->syntax) || out->syntax.any_version) {
		conf_error(report, pair->value->mark,
			"'%.64s' is not a valid interface: write UUID@MAJOR.MINOR",
			syntax);
		return -EINVAL;
	}
	return 0;
}

static int bind_interfaces(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *settings)
{
	struct settings *out = settings;
	struct settings_interface *items;
	int rc = 0;

	if (node->kind != CONF_MAPPING) {
		conf_error(report, node->mark,
			"'interfaces' must be a mapping of names to UUID@MAJOR.MINOR, "
			"not %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	if (node->count > SETTINGS_MAX_INTERFACES) {
		conf_error(report, node->mark, "at most %d interfaces are allowed",
			SETTINGS_MAX_INTERFACES);
		return -EINVAL;
	}
	items = arena_calloc(arena, node->count, sizeof *items);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < node->count && rc != -ENOMEM; i++)
		rc = conf_worse(
			rc, bind_interface(&node->pairs[i], arena, report, &items[i]));
	out->interfaces = items;
	out->n_interfaces = rc < 0 ? 0 : node->count;
	return rc;
}

static const struct conf_field rpc_fields[] = {
	FIELD("dynamic_ports", TEXT, dynamic_ports, .then = check_ports,
		.help = "where RPC services listen, such as 50000-50255"),
	{.key = "interfaces",
		.type = CONF_ELSEWHERE,
		.then = bind_interfaces,
		.help = "names for rpc/NAME"},
	CONF_END,
};

/* ---- the top level ------------------------------------------------------------------
 */

/* As long as a host's name may be: it stands beside them in every result and query. */
static int check_vantage(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *settings)
{
	(void)arena, (void)settings;
	if (node->count <= INVENTORY_MAX_NAME)
		return 0;
	conf_error(report, node->mark,
		"the name of the vantage has %zu bytes; at most %d are allowed",
		node->count, INVENTORY_MAX_NAME);
	return -EINVAL;
}

static int bind_schedule(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *settings)
{
	struct settings *out = settings;
	return settings_bind_schedule(node, arena, report, &out->schedule);
}

#define SECTION(name, rows, what)                                                     \
	{                                                                             \
		.key = (name), .type = CONF_SECTION, .fields = (rows), .help = (what) \
	}
#define ELSEWHERE(name, what, ...)                                                 \
	{                                                                          \
		.key = (name), .type = CONF_ELSEWHERE, .help = (what), __VA_ARGS__ \
	}

static const struct conf_field top_fields[] = {
	FIELD("vantage", TEXT, vantage, .then = check_vantage,
		.help = "the name of the place that probes are sent from"),
	ELSEWHERE("inventory", "inventory files, or an inventory"),
	FIELD("store", PATH, store, .help = "the database file"),
	SECTION("retention", retention_fields, "how long old data is kept"),
	ELSEWHERE("schedule", "when scans start", .then = bind_schedule),
	SECTION("probe", probe_fields, "timeouts, attempts and limits of probes"),
	SECTION("dns", dns_fields, "the DNS servers to query"),
	SECTION("rpc", rpc_fields, "the dynamic ports, and names of interfaces"),
	ELSEWHERE("controls", "what must always answer"),
	SECTION("guard", guard_fields, "when a problem is this vantage's own"),
	SECTION("flap", flap_fields,
		"when a flow changes too often to report each time"),
	ELSEWHERE("rules", "the rules to check"),
	ELSEWHERE("notify", "where changes are reported"),
	CONF_END,
};

int settings_bind(const struct conf_node *root, const char *path, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	char name[256];

	*out = (struct settings){
		.schedule.every_ms = 5 * 60 * SECOND,
		.history_ms = 400 * DAY_MS,
		.rtt_ms = 90 * DAY_MS,
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
	int rc = conf_bind(root, top_fields, NULL, out, arena, report);
	if (rc == -ENOMEM)
		return rc;
	if (!out->store)
		out->store = conf_path(arena, path, "reachd.db");
	if (!out->vantage) {
		if (gethostname(name, sizeof name) < 0 || !name[0])
			memcpy(name, "localhost", sizeof "localhost");
		name[sizeof name - 1] = '\0';
		out->vantage = arena_strdup(arena, name);
	}
	return out->store && out->vantage ? rc : -ENOMEM;
}
