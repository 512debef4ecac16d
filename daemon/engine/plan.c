/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "config/bind.h"
#include "daemon/engine/plan_internal.h"
#include "probes/rpc/names.h"
#include "probes/trace/trace.h"

/* ---- what every plan needs ------------------------------------------------------- */

int plan_new(const struct config *config, struct conf_report *report, struct plan **out)
{
	const struct settings *settings = &config->settings;
	size_t count = settings->n_interfaces;
	struct plan *plan = calloc(1, sizeof *plan);
	struct probe_interface *items;
	struct rpc_name known;
	int rc = 0;

	*out = plan;
	if (!plan)
		return -ENOMEM;
	arena_init(&plan->arena, 0);
	plan->config = config;
	items = arena_calloc(&plan->arena, count, sizeof *items);
	if (!items) {
		plan_free(plan);
		*out = NULL;
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct settings_interface *from = &settings->interfaces[i];
		items[i] = (struct probe_interface){from->name, from->syntax};
		if (!rpc_name_find(from->name, NULL, &known))
			continue;
		conf_error(report, from->mark,
			"'%s' is the name of a built-in interface", from->name);
		conf_help(report, "choose another name; rpc/%s is '%s'", from->name,
			known.what);
		rc = -EINVAL;
	}
	plan->vocabulary = (struct probe_vocabulary){
		.interfaces = items,
		.n_interfaces = count,
		.dynamic_ports = settings->dynamic_ports,
	};
	return rc;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->flows);
	arena_fini(&plan->arena);
	free(plan);
}

int plan_parse_check(struct plan *plan, const char *text, struct conf_mark mark,
	const struct conf_node *options, struct conf_report *report,
	struct plan_check *out)
{
	static const struct conf_field no_fields[] = {CONF_END};
	struct check check;
	int rc = check_parse(
		text, &plan->vocabulary, mark, &plan->arena, report, &check);

	if (rc < 0)
		return rc;
	*out = (struct plan_check){
		.name = check.name, .ops = check.ops, .conf = check.conf};
	if (!options)
		return 0;
	out->options = options;
	rc = conf_bind(options, check.ops->fields ? check.ops->fields : no_fields,
		rule_check_keys, check.conf, &plan->arena, report);
	if (rc == 0 && check.ops->bound &&
		!check.ops->bound(check.conf, options, report))
		return -EINVAL;
	return rc;
}

struct plan_host plan_host_of(const struct inventory *inventory, uint32_t host)
{
	const struct inventory_host *from = &inventory->hosts[host];

	return (struct plan_host){
		.name = from->name,
		.dial_name = from->dial_name,
		.addresses = from->addresses,
		.n_addresses = from->dial_name ? 0 : from->n_addresses,
		.inventory = host,
	};
}

/* The finalizer of SplitMix64. */
uint64_t plan_hash_number(uint64_t number)
{
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

/* Addresses of a host that will be dialled; a name is assumed to have one. */
static uint64_t count_dialled(const struct plan *plan, const struct plan_host *host)
{
	int family = plan->config ? plan->config->settings.family : SETTINGS_BOTH;
	uint64_t count = 0;

	if (host->n_addresses == 0)
		return 1;
	for (uint32_t i = 0; i < host->n_addresses; i++)
		count += family == SETTINGS_BOTH ||
			 (host->addresses[i].family == 4) == (family == SETTINGS_IPV4);
	return count;
}

int plan_measure(struct plan *plan)
{
	uint64_t *hashes = calloc(plan->n_checks + 1U, sizeof *hashes);
	uint64_t connections = 0;

	if (!hashes)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_checks; i++) {
		struct plan_check *check = &plan->checks[i];
		hashes[i] = plan_hash_number(hash_of_text(check->name));
		check->connections = check->ops->connections
					     ? check->ops->connections(check->conf)
					     : !(check->ops->flags & PROBE_PER_HOST);
	}
	/* The scope is a sum, so that the order of hosts and rules does not matter. */
	for (uint32_t h = 0; h < plan->n_hosts; h++) {
		const struct plan_host *host = &plan->hosts[h];
		uint64_t name = hash_of_text(host->name);
		uint64_t addresses = count_dialled(plan, host);
		for (uint32_t i = 0; i < host->n_flows; i++) {
			uint32_t check = plan->flows[host->first_flow + i].check;
			plan->scope += plan_hash_number(name * 3 + hashes[check]);
			connections += addresses * plan->checks[check].connections;
		}
	}
	plan->connections =
		connections > UINT32_MAX ? UINT32_MAX : (uint32_t)connections;
	free(hashes);
	return 0;
}

/* ---- ad hoc plans ---------------------------------------------------------------- */

/* For so many flows, which add_flow() adds. */
static int make_room(struct plan *plan, uint32_t count)
{
	plan->hosts = arena_calloc(&plan->arena, count, sizeof *plan->hosts);
	plan->checks = arena_calloc(&plan->arena, count, sizeof *plan->checks);
	plan->rule_sets = arena_calloc(&plan->arena, 1, sizeof *plan->rule_sets);
	plan->flows = calloc(count, sizeof *plan->flows);
	plan->n_rule_sets = 1;
	return plan->hosts && plan->checks && plan->rule_sets && plan->flows ? 0
									     : -ENOMEM;
}

static bool is_same_host(const struct plan_host *a, const struct plan_host *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_addresses != b->n_addresses ||
		!a->dial_name != !b->dial_name ||
		(a->dial_name && b->dial_name &&
			strcmp(a->dial_name, b->dial_name) != 0))
		return false;
	for (uint32_t i = 0; i < a->n_addresses; i++)
		if (net_address_compare(&a->addresses[i], &b->addresses[i]) != 0)
			return false;
	return true;
}

/* Neighbours of one host share it, and the limit of connections to it. */
static void add_flow(struct plan *plan, const struct plan_host *host,
	const struct plan_check *check, enum rule_expect expect)
{
	uint32_t index = plan->n_flows++;

	if (plan->n_hosts == 0 ||
		!is_same_host(&plan->hosts[plan->n_hosts - 1], host)) {
		/* It may be another plan's, with flows of its own. */
		plan->hosts[plan->n_hosts] = *host;
		plan->hosts[plan->n_hosts].n_flows = 0;
		plan->hosts[plan->n_hosts++].first_flow = index;
	}
	plan->hosts[plan->n_hosts - 1].n_flows++;
	plan->checks[plan->n_checks++] = *check;
	plan->flows[index] = (struct plan_flow){
		.host = plan->n_hosts - 1, .check = index, .expect = (uint8_t)expect};
}

/* A host of the inventory, or else an address or a name to resolve. */
static int find_or_make_host(const struct config *config, struct plan *plan,
	const char *name, struct plan_host *out)
{
	const struct inventory *inventory = &config->inventory;
	int64_t found =
		inventory->n_hosts > 0 ? inventory_find_host(inventory, name) : -1;
	struct net_address *address;
	char *copy;

	if (found >= 0) {
		*out = plan_host_of(inventory, (uint32_t)found);
		return 0;
	}
	address = arena_calloc(&plan->arena, 1, sizeof *address);
	copy = arena_strdup(&plan->arena, name);
	if (!address || !copy)
		return -ENOMEM;
	*out = (struct plan_host){.name = copy, .inventory = UINT32_MAX};
	if (net_address_parse(name, address)) {
		out->addresses = address;
		out->n_addresses = 1;
	} else {
		out->dial_name = copy;
	}
	return 0;
}

int plan_single(const struct config *config, const char *text, const char *name,
	struct conf_report *report, struct plan **out)
{
	struct plan_check check;
	struct plan_host host;
	struct plan *plan;
	int rc = plan_new(config, report, &plan);

	uint32_t file = conf_report_add_file(report, "<check>", text, strlen(text));

	if (rc == 0)
		rc = plan_parse_check(plan, text, (struct conf_mark){file, 1, 1}, NULL,
			report, &check);
	if (rc == 0)
		rc = find_or_make_host(config, plan, name, &host);
	if (rc == 0)
		rc = make_room(plan, 1);
	if (rc == 0) {
		check.timeout_ms = config->settings.timeout_ms;
		check.attempts = config->settings.attempts;
		add_flow(plan, &host, &check,
			check.ops->flags & PROBE_EXPECTS_CLEAR ? EXPECT_CLEAR
							       : EXPECT_OPEN);
		rc = plan_measure(plan);
	}
	if (rc < 0)
		plan_free(plan);
	else
		*out = plan;
	return rc;
}

int plan_traces(const struct config *config, const struct plan_trace *traces,
	uint32_t n_traces, struct plan **out)
{
	struct plan *plan = calloc(1, sizeof *plan);
	struct trace_conf *confs = NULL;
	int rc = -ENOMEM;

	if (!plan)
		return -ENOMEM;
	arena_init(&plan->arena, 0);
	plan->config = config;
	confs = arena_calloc(&plan->arena, n_traces, sizeof *confs);
	if (confs)
		rc = make_room(plan, n_traces);
	for (uint32_t i = 0; rc == 0 && i < n_traces; i++) {
		const struct plan_check check = {
			.name = trace_probe_ops.name,
			.ops = &trace_probe_ops,
			.conf = &confs[i],
			.timeout_ms = traces[i].timeout_ms,
			.attempts = 1,
		};
		confs[i] = (struct trace_conf){
			.port = traces[i].port,
			.distance = traces[i].distance,
			.budget_ms = traces[i].budget_ms,
		};
		add_flow(plan, &traces[i].host, &check, EXPECT_ANY);
	}
	if (rc == 0)
		rc = plan_measure(plan);
	if (rc < 0)
		plan_free(plan);
	else
		*out = plan;
	return rc;
}

/* ---- lookups -----------------------------------------------------------------------
 */

static int64_t find_host(const struct plan *plan, const char *name)
{
	const struct inventory *inventory = &plan->config->inventory;
	uint32_t low = 0, high = plan->n_hosts;

	/* The only host of an ad hoc plan may be in no inventory. */
	if (plan->n_hosts == 1)
		return strcmp(plan->hosts[0].name, name) == 0 ? 0 : -1;
	int64_t wanted = inventory_find_host(inventory, name);
	while (wanted >= 0 && low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (plan->hosts[middle].inventory == wanted)
			return middle;
		if (plan->hosts[middle].inventory < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

bool plan_flow_by_path(const struct plan *plan, uint32_t flow)
{
	const struct plan_flow *f = &plan->flows[flow];

	return plan->checks[f->check].ops->flags & PROBE_EXPECTS_CLEAR &&
	       !(f->expect == EXPECT_BLOCKED && f->accept_closed);
}

int64_t plan_find(const struct plan *plan, const char *host, const char *check)
{
	int64_t found = find_host(plan, host);

	if (found < 0)
		return -1;
	const struct plan_host *at = &plan->hosts[found];
	for (uint32_t i = 0; i < at->n_flows; i++) {
		uint32_t flow = at->first_flow + i;
		if (strcmp(plan->checks[plan->flows[flow].check].name, check) == 0)
			return flow;
	}
	return -1;
}

/* RFC 8259, section 7. Names are UTF-8 already. */
static void add_json_text(struct strbuf *buf, const char *text)
{
	strbuf_adds(buf, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			strbuf_addf(buf, "\\%c", c);
		else if (c < 0x20)
			strbuf_addf(buf, "\\u%04x", c);
		else
			strbuf_add(buf, text, 1);
	}
	strbuf_adds(buf, "\"");
}

char *plan_rules_json(const struct plan *plan, const struct plan_flow *flow)
{
	const struct plan_rule_set *set = &plan->rule_sets[flow->rules];
	struct strbuf buf;

	strbuf_init(&buf);
	strbuf_adds(&buf, "[");
	for (uint32_t i = 0; i < set->count; i++) {
		strbuf_adds(&buf, i ? "," : "");
		add_json_text(&buf, plan->config->rules.rules[set->rules[i]].name);
	}
	strbuf_adds(&buf, "]");
	return strbuf_take(&buf);
}
