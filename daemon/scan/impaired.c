/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/impaired.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "base/log.h"
#include "daemon/analyze/controls.h"

enum {
	NETWORK_TEXT = NET_ADDRESS_TEXT + 8
};

/* ---- the scans before ----------------------------------------------------- */

struct walking {
	const char *vantage;
	struct trail *trail;
};

static bool on_scan(void *data, const struct store_scan *scan)
{
	struct walking *walking = data;
	struct trail *trail = walking->trail;

	if (scan->status != STORE_SCAN_COMPLETE ||
		strcmp(scan->vantage, walking->vantage) != 0)
		return true;
	if (!scan->degraded) {
		trail->clean_us = scan->started_us;
		return false;
	}
	trail->degraded++;
	trail->improbable += strcmp(scan->degraded_why, "improbable") == 0;
	trail->controls += strcmp(scan->degraded_why, "controls") == 0;
	trail->since = scan->id;
	trail->since_us = scan->started_us;
	return true;
}

int trail_load(struct store *store, const char *vantage, struct trail *out)
{
	struct walking walking = {vantage, out};

	*out = (struct trail){0};
	return store_scan_list(store, UINT_MAX, on_scan, &walking);
}

/* ---- causes --------------------------------------------------------------- */

/* One cause a check, a rule, a network of each size, a group. */
struct building {
	const struct plan *plan;
	struct arena arena;
	struct intern networks; /* as text, and its size */
	struct guard_input input;
	struct guard_flow *flows;
	struct guard_list *hosts, *checks, *rules;
	bool *wide;
	uint32_t first_network;
};

static uint32_t *list_new(struct building *b, struct guard_list *list, uint32_t room)
{
	uint32_t *items = arena_calloc(&b->arena, room ? room : 1, sizeof *items);

	*list = (struct guard_list){items, 0};
	return items;
}

static int fill_checks(struct building *b)
{
	for (uint32_t i = 0; i < b->plan->n_checks; i++) {
		uint32_t *items = list_new(b, &b->checks[i], 1);
		if (!items)
			return -ENOMEM;
		items[b->checks[i].count++] = i;
	}
	return 0;
}

static int fill_rules(struct building *b)
{
	for (uint32_t i = 0; i < b->plan->n_rule_sets; i++) {
		const struct plan_rule_set *set = &b->plan->rule_sets[i];
		uint32_t *items = list_new(b, &b->rules[i], set->count);
		if (!items)
			return -ENOMEM;
		for (uint32_t j = 0; j < set->count; j++)
			items[b->rules[i].count++] = b->plan->n_checks + set->rules[j];
	}
	return 0;
}

/* The network of a host, or the host itself where it has no address: then a failing
 * look-up is a cause of its own. */
static int network_cause(struct building *b, const struct net_address *address,
	uint32_t bits, const char *host, uint32_t *cause)
{
	char text[300], network[NETWORK_TEXT];
	struct net_address masked = *address;
	uint32_t number;
	int rc = 0;

	for (uint32_t i = bits; i < 128; i++)
		masked.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	if (address->family)
		snprintf(text, sizeof text, "%s/%u",
			net_address_format(&masked, network, sizeof network), bits);
	else
		snprintf(text, sizeof text, "%s", host);
	if (!intern_find(&b->networks, text, &number))
		rc = intern_add(&b->networks, text, &number);
	*cause = b->first_network + number;
	return rc;
}

/* Of v4 /24 and the wide /16, of v6 /64 and the wide /48. */
static int host_networks(struct building *b, uint32_t host,
	const struct net_address *address, uint32_t *items)
{
	static const uint32_t sizes[2][2] = {{24, 16}, {64, 48}};
	const uint32_t *bits = sizes[address->family == 6];
	uint32_t n = address->family ? 2 : 1;
	int rc = 0;

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		uint32_t *cause = &items[b->hosts[host].count++];
		rc = network_cause(
			b, address, bits[i], b->plan->hosts[host].name, cause);
		if (rc == 0)
			b->wide[*cause] = i == 1;
	}
	return rc;
}

static int fill_hosts(struct building *b, const struct results *results)
{
	const struct inventory *inventory = &b->plan->config->inventory;
	uint32_t first_group = b->first_network + 2 * b->plan->n_hosts;
	int rc = 0;

	for (uint32_t i = 0; i < b->plan->n_hosts && rc == 0; i++) {
		struct net_address none = {0};
		uint32_t at = b->plan->hosts[i].inventory;
		uint32_t groups =
			at < inventory->n_hosts ? inventory->hosts[at].n_groups : 0;
		uint32_t *items = list_new(b, &b->hosts[i], groups + 2);
		if (!items)
			return -ENOMEM;
		rc = host_networks(b, i,
			results->hosts[i].count ? &results->hosts[i].items[0] : &none,
			items);
		for (uint32_t j = 0; j < groups; j++) {
			uint32_t cause = first_group + inventory->hosts[at].groups[j];
			b->wide[cause] = true;
			items[b->hosts[i].count++] = cause;
		}
	}
	return rc;
}

/* ---- flows ---------------------------------------------------------------- */

static bool answers(uint8_t state, uint8_t reason)
{
	return observation_parts(state, reason) & (PARTS_ACCEPT | PARTS_CLOSED);
}

static void fill_flows(struct building *b, const struct results *results,
	const struct previous *previous)
{
	for (uint32_t i = 0; i < b->plan->n_flows; i++) {
		const struct plan_flow *flow = &b->plan->flows[i];
		enum probe_state now = (enum probe_state)results->flows[i].state;
		if (now == STATE_ERROR || now == STATE_NONE ||
			results_is_carried(results, i) ||
			!answers(previous->states[i], previous->reasons[i]))
			continue;
		b->flows[b->input.n_flows++] = (struct guard_flow){
			.host = flow->host,
			.check = flow->check,
			.rules = flow->rules,
			.dark = !answers(now, results->flows[i].reason),
		};
	}
}

static int building_init(struct building *b, const struct plan *plan)
{
	const struct config *config = plan->config;
	uint32_t causes = plan->n_checks + config->rules.count + 2 * plan->n_hosts +
			  config->inventory.n_groups;

	*b = (struct building){.plan = plan};
	arena_init(&b->arena, 0);
	intern_init(&b->networks, clock_monotonic_us());
	b->first_network = plan->n_checks + config->rules.count;
	b->flows = arena_calloc(&b->arena, plan->n_flows + 1U, sizeof *b->flows);
	b->hosts = arena_calloc(&b->arena, plan->n_hosts + 1U, sizeof *b->hosts);
	b->checks = arena_calloc(&b->arena, plan->n_checks + 1U, sizeof *b->checks);
	b->rules = arena_calloc(&b->arena, plan->n_rule_sets + 1U, sizeof *b->rules);
	b->wide = arena_calloc(&b->arena, causes + 1U, sizeof *b->wide);
	b->input = (struct guard_input){
		.flows = b->flows,
		.of_hosts = b->hosts,
		.of_checks = b->checks,
		.of_rules = b->rules,
		.wide = b->wide,
		.n_causes = causes,
	};
	return b->flows && b->hosts && b->checks && b->rules && b->wide ? 0 : -ENOMEM;
}

static int find(const struct plan *plan, const struct results *results,
	const struct previous *previous, struct guard_finding *out)
{
	const struct settings *settings = &plan->config->settings;
	const struct guard_limits limits = {
		settings->guard_share, settings->guard_odds};
	struct building b;
	int rc = building_init(&b, plan);

	if (rc == 0)
		rc = fill_checks(&b);
	if (rc == 0)
		rc = fill_rules(&b);
	if (rc == 0)
		rc = fill_hosts(&b, results);
	if (rc == 0) {
		fill_flows(&b, results, previous);
		rc = guard_judge(&b.input, &limits, out);
	}
	intern_fini(&b.networks);
	arena_fini(&b.arena);
	return rc;
}

/* Whether doubt has lasted; then it is said why it is given up. */
static bool is_patience_over(const struct plan *plan, uint32_t scans, const char *what)
{
	if (scans < plan->config->settings.guard_patience)
		return false;
	log_notice("%s, but for %u scans in a row, so it is accepted as genuine", what,
		scans + 1);
	return true;
}

static void judge_controls(const struct plan *plan, const struct results *results,
	const struct previous *previous, const struct trail *trail,
	struct assessment *assessment)
{
	const struct settings *settings = &plan->config->settings;
	const struct controls_before before = {previous->states, previous->reasons};
	struct controls_finding found = controls_look(plan, results, &before);

	if (!controls_lack(&found, settings->guard_require))
		return;
	if (controls_alone(&found, settings->guard_share) &&
		is_patience_over(plan, trail->controls, "the controls do not answer"))
		assessment->taken_for_real = "controls";
	else
		assessment_degrade(assessment, "controls");
}

int impaired_judge(const struct plan *plan, const struct results *results,
	const struct previous *previous, const struct trail *trail,
	struct assessment *assessment)
{
	struct guard_finding finding = {.flows = 0};
	int rc;

	if (!assessment->degraded)
		judge_controls(plan, results, previous, trail, assessment);
	if (!previous->scan || assessment->degraded)
		return 0;
	rc = find(plan, results, previous, &finding);
	if (rc < 0 || !finding.impaired)
		return rc;
	if (is_patience_over(plan, trail->improbable,
		    "too many flows became unreachable at once")) {
		assessment->taken_for_real = "improbable";
		return 0;
	}
	log_notice(
		"%u of %u flows that used to answer became unreachable, which takes %u causes "
		"to explain",
		finding.dark, finding.flows, finding.causes);
	assessment_degrade(assessment, "improbable");
	return 0;
}
