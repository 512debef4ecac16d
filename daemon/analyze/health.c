/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "daemon/analyze/controls.h"
#include "daemon/analyze/guard.h"

enum {
	NETWORK_TEXT = NET_ADDRESS_TEXT + 8
};

/* ---- words ----------------------------------------------------------------------- */

#define X(symbol, word, text) {(word), (text)},
static const struct {
	const char *word, *text;
} health_causes[HEALTH_CAUSES] = {HEALTH_CAUSE_LIST(X)};
#undef X

const char *health_word(enum health_cause cause)
{
	return health_causes[cause].word;
}

const char *health_text(enum health_cause cause)
{
	return health_causes[cause].text;
}

enum health_cause health_from_word(const char *word)
{
	for (int i = HEALTH_FINE + 1; i < HEALTH_CAUSES; i++)
		if (strcmp(health_causes[i].word, word) == 0)
			return (enum health_cause)i;
	return HEALTH_FINE;
}

/* ---- trouble that the flows speak of --------------------------------------------- */

struct trouble {
	uint32_t asked; /* flows, the only ones that count */
	uint32_t errors, shortages, unmeasured, unlinked;
	uint32_t lookups, unanswered; /* flows that a name server had a say in */
	uint32_t hosts;               /* whose names those are */
};

static bool name_unanswered(enum probe_reason reason)
{
	return reason == REASON_DNS_TIMEOUT || reason == REASON_RESOLVER_UNAVAILABLE;
}

/* Should a DNS server have had a say? What the hosts file knows proves no resolver
 * alive, and neither does a name that is an address. */
static bool needed_servers(
	const struct plan *plan, const struct results *results, uint32_t flow)
{
	enum probe_reason reason = (enum probe_reason)results->flows[flow].reason;
	uint32_t host = plan->flows[flow].host;

	if (plan->checks[plan->flows[flow].check].ops->flags & PROBE_ASKS_SERVERS)
		return reason != REASON_NOT_A_NAME;
	return plan->hosts[host].dial_name &&
	       (results->hosts[host].by_server || name_unanswered(reason));
}

static struct trouble count_trouble(
	const struct plan *plan, const struct results *results)
{
	struct trouble t = {0};
	uint32_t last = UINT32_MAX;

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct flow_result *r = &results->flows[i];
		enum probe_reason reason = (enum probe_reason)r->reason;
		bool error = r->state == STATE_ERROR;
		bool by_name = needed_servers(plan, results, i);
		bool unanswered = by_name && name_unanswered(reason);

		if (results_is_carried(results, i))
			continue;
		t.asked++;
		t.errors += error;
		t.shortages += error && probe_reason_is_shortage(reason);
		t.unmeasured += error || unanswered;
		t.unlinked += error &&
			      (reason == REASON_NO_LINK || reason == REASON_NO_GATEWAY);
		t.lookups += by_name;
		t.unanswered += unanswered;
		t.hosts += by_name && plan->flows[i].host != last;
		if (by_name)
			last = plan->flows[i].host;
	}
	return t;
}

static bool has_trouble(
	const struct plan *plan, const struct trouble *t, enum health_cause cause)
{
	switch (cause) {
	case HEALTH_SHORTAGE:
		return t->shortages;
	case HEALTH_UNMEASURED:
		return t->errors && t->unmeasured == t->asked;
	case HEALTH_NO_LINK:
		return t->unlinked &&
		       (uint64_t)t->unlinked * 100 >=
			       (uint64_t)t->asked * plan->config->settings.guard_share;
	case HEALTH_NO_LOOKUP:
		/* One name that nobody answers for may be the name's own trouble. */
		return t->lookups && t->unanswered == t->lookups &&
		       (t->hosts > 1 || t->unmeasured == t->asked);
	default:
		return false;
	}
}

/* ---- too much at once ------------------------------------------------------------ */

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
 * lookup is a cause of its own. */
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

static void fill_flows(struct building *b, const struct results *results,
	const struct controls_before *before)
{
	for (uint32_t i = 0; i < b->plan->n_flows; i++) {
		const struct plan_flow *flow = &b->plan->flows[i];
		const struct flow_result *now = &results->flows[i];
		if (now->state == STATE_ERROR || now->state == STATE_NONE ||
			results_is_carried(results, i) ||
			!controls_answers(before->states[i], before->reasons[i]))
			continue;
		b->flows[b->input.n_flows++] = (struct guard_flow){
			.host = flow->host,
			.check = flow->check,
			.rules = flow->rules,
			.dark = !controls_answers(now->state, now->reason),
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
	const struct controls_before *before, struct guard_finding *out)
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
		fill_flows(&b, results, before);
		rc = guard_judge(&b.input, &limits, out);
	}
	intern_fini(&b.networks);
	arena_fini(&b.arena);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------- */

static bool is_patience_over(const struct plan *plan,
	const struct health_streak *streak, enum health_cause cause)
{
	return streak->accepted == cause ||
	       streak->by_cause[cause] >= plan->config->settings.guard_patience;
}

int health_judge(const struct plan *plan, const struct results *results,
	const struct controls_before *before, const struct health_streak *streak,
	struct health *out)
{
	const struct settings *settings = &plan->config->settings;
	struct trouble trouble = count_trouble(plan, results);
	const struct controls_before nothing = {NULL, NULL};
	struct controls_finding controls =
		controls_look(plan, results, before ? before : &nothing);
	struct guard_finding guard = {.impaired = false};
	int rc;

	*out = (struct health){HEALTH_FINE, false};
	for (int i = HEALTH_FINE + 1; i < HEALTH_CAUSES && !out->degraded; i++) {
		enum health_cause cause = (enum health_cause)i;
		bool found = has_trouble(plan, &trouble, cause);
		bool is_real = is_patience_over(plan, streak, cause);
		if (cause == HEALTH_CONTROLS) {
			found = controls_lack(&controls, settings->guard_require);
			is_real &= controls_alone(&controls, settings->guard_share);
		} else if (cause == HEALTH_IMPROBABLE && before) {
			rc = find(plan, results, before, &guard);
			if (rc < 0)
				return rc;
			found = guard.impaired;
		}
		if (!found)
			continue;
		/* The first one that is accepted stands for those beside it. */
		if (!is_real || out->cause == HEALTH_FINE)
			out->cause = cause;
		out->degraded = !is_real;
	}
	return 0;
}

/* ---- news ------------------------------------------------------------------------ */

static bool is_own_trouble(enum health_cause cause)
{
	return cause != HEALTH_FINE && cause < HEALTH_CONTROLS;
}

enum health_news health_news(
	const struct health_streak *streak, const struct health *now)
{
	bool was_told = streak->degraded || is_own_trouble(streak->accepted);

	if (now->degraded)
		return was_told ? HEALTH_NO_NEWS : HEALTH_BEGAN;
	if (now->cause == HEALTH_FINE)
		return was_told ? HEALTH_ENDED : HEALTH_NO_NEWS;
	if (!streak->degraded)
		return HEALTH_NO_NEWS;
	return is_own_trouble(now->cause) ? HEALTH_LASTS : HEALTH_ACCEPTED;
}
