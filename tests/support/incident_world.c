/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/incident_world.h"

#include <stdio.h>
#include <string.h>

static const char *const check_names[MAX_CHECKS] = {"rpc/licensing",
	"sweep/49152-65535", "tcp/22", "tcp/80", "tcp/135", "tcp/443", "tcp/445",
	"tcp/3389", "ldap", "smb", "tcp/1433", "dns"};
static const char *const site_names[MAX_SITES] = {
	"oslo", "bergen", "tromso", "molde", "narvik", "alta", "bodo", "voss"};
static const char *const role_names[MAX_ROLES] = {
	"frontend", "database", "print", "licence", "jump"};

/* ---- fleets ------------------------------------------------------------------------
 */

uint32_t world_below(struct world *w, uint32_t n)
{
	return random_below(&w->random, n);
}

static uint32_t between(struct world *w, uint32_t low, uint32_t high)
{
	return low + world_below(w, high - low + 1);
}

static uint32_t add_group(struct world *w, const char *a, const char *b)
{
	snprintf(w->group_names[w->n_groups], sizeof w->group_names[0], "%s%s%s", a,
		b ? "_" : "", b ? b : "");
	w->groups[w->n_groups] = w->group_names[w->n_groups];
	return w->n_groups++;
}

static void add_flow(struct world *w, uint32_t host, uint32_t check)
{
	w->flows[w->n_flows++] = (struct incident_flow){
		.host = host,
		.check = check,
		.from = STATE_OPEN,
		.to = STATE_OPEN,
		.expect = EXPECT_OPEN,
	};
}

static void place_host(struct world *w, uint32_t host, uint32_t in_site)
{
	struct net_address *at = &w->hosts[host].address;

	/* One site of a few speaks IPv6. */
	if (w->site[host] == 3) {
		*at = (struct net_address){6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 3}, 0};
		at->bytes[14] = (uint8_t)((in_site + 1) >> 8);
		at->bytes[15] = (uint8_t)(in_site + 1);
		return;
	}
	*at = (struct net_address){4, {10, (uint8_t)(20 + w->site[host] * 4)}, 0};
	at->bytes[2] = (uint8_t)(in_site / 240);
	at->bytes[3] = (uint8_t)(in_site % 240 + 4);
}

/* Checks as bits: all hosts the same, or by role with some in common. */
static void choose_checks(struct world *w, uint32_t *asked)
{
	uint32_t pool = 0, common = 0, n = between(w, 3, MAX_CHECKS);

	while ((uint32_t)__builtin_popcount(pool) < n)
		pool |= 1U << world_below(w, MAX_CHECKS);
	while (world_below(w, 6) && (uint32_t)__builtin_popcount(common) < 2)
		common |= pool & 1U << world_below(w, MAX_CHECKS);
	for (uint32_t r = 0; r < w->n_roles; r++) {
		asked[r] = pool;
		while (!w->is_uniform && (asked[r] == pool || !asked[r]))
			asked[r] = (pool & world_below(w, 1U << MAX_CHECKS)) | common;
	}
}

void world_make_fleet(struct world *w, uint32_t n_hosts, bool is_uniform)
{
	uint32_t asked[MAX_ROLES], sites, roles, both = 0, halves = 0, in_site = 0;
	bool by_block = world_below(w, 2), has_both = world_below(w, 2),
	     has_halves = world_below(w, 2);

	w->n_hosts = n_hosts;
	w->is_uniform = is_uniform;
	w->n_sites = between(w, 2, n_hosts < 120 ? 4 : MAX_SITES);
	w->n_roles = between(w, 2, MAX_ROLES);
	choose_checks(w, asked);
	sites = w->n_groups;
	for (uint32_t i = 0; i < w->n_sites; i++)
		add_group(w, site_names[i], NULL);
	roles = w->n_groups;
	for (uint32_t i = 0; i < w->n_roles; i++)
		add_group(w, role_names[i], NULL);
	if (has_both) {
		both = w->n_groups;
		for (uint32_t i = 0; i < w->n_sites * w->n_roles; i++)
			add_group(w, site_names[i / w->n_roles],
				role_names[i % w->n_roles]);
	}
	if (has_halves) {
		halves = add_group(w, "coast", NULL);
		add_group(w, "inland", NULL);
	}
	for (uint32_t i = 0; i < n_hosts; i++) {
		struct incident_host *host = &w->hosts[i];
		uint32_t *in = w->members[i];

		w->site[i] = (uint8_t)((uint64_t)i * w->n_sites / n_hosts);
		in_site = i && w->site[i] == w->site[i - 1] ? in_site + 1 : 0;
		w->role[i] = (uint8_t)(by_block ? in_site * w->n_roles * w->n_sites /
							  (n_hosts + w->n_sites)
						: world_below(w, w->n_roles));
		snprintf(w->names[i], sizeof w->names[i], "%s%04u",
			site_names[w->site[i]], in_site + 1);
		*host = (struct incident_host){.name = w->names[i], .groups = in};
		in[host->n_groups++] = sites + w->site[i];
		in[host->n_groups++] = roles + w->role[i];
		if (has_both)
			in[host->n_groups++] =
				both + w->site[i] * w->n_roles + w->role[i];
		if (has_halves)
			in[host->n_groups++] =
				halves + (w->site[i] > (w->n_sites - 1) / 2);
		place_host(w, i, in_site);
		w->first[i] = w->n_flows;
		for (uint32_t c = 0; c < MAX_CHECKS; c++)
			if (asked[w->role[i]] >> c & 1)
				add_flow(w, i, c);
	}
	w->first[n_hosts] = w->n_flows;
	w->input = (struct incident_input){
		.vantage = "here",
		.hosts = w->hosts,
		.n_hosts = w->n_hosts,
		.checks = check_names,
		.n_checks = MAX_CHECKS,
		.groups = w->groups,
		.n_groups = w->n_groups,
		.flows = w->flows,
		.n_flows = w->n_flows,
	};
}

/* ---- causes -------------------------------------------------------------------------
 */

const char *const world_shape_names[N_SHAPES] = {"range x 2 ports", "objects x 1 port",
	"objects x 2 ports", "/27 x all", "group x 1 port", "group x 3 ports",
	"host x all", "everything x 1 port", "DNS server",
	"rack x all, one down before", "group of which some were down", "service stops",
	"half of an outage recovers", "exposure", "rejected, at times silently",
	"uplink x all"};

bool world_covers_all(enum shape shape)
{
	return shape == SUBNET_ALL || shape == HOST_ALL || shape == RACK_ALL ||
	       shape == UPLINK_ALL;
}

static uint32_t checks_of(const struct world *w, const struct cause *cause)
{
	uint32_t checks = 0;

	for (uint32_t i = 0; i < w->n_flows; i++)
		if (cause->hits[w->flows[i].host])
			checks |= 1U << w->flows[i].check;
	return checks & ~(1U << (MAX_CHECKS - 1)); /* dns is no port */
}

/* Ports that go together: hosts that are asked the first are asked the others. */
static void choose_ports(struct world *w, struct cause *cause, uint32_t n)
{
	uint32_t asked = checks_of(w, cause), beside = 0;

	cause->checks = 0;
	while (asked && !cause->checks)
		cause->checks = asked & 1U << world_below(w, MAX_CHECKS);
	for (uint32_t h = 0; h < w->n_hosts; h++) {
		uint32_t of_host = 0;
		for (uint32_t i = w->first[h]; i < w->first[h + 1]; i++)
			of_host |= 1U << w->flows[i].check;
		if (cause->hits[h] && of_host & cause->checks)
			beside |= of_host & asked;
	}
	while ((uint32_t)__builtin_popcount(cause->checks) < n &&
		cause->checks != beside)
		cause->checks |= beside & 1U << world_below(w, MAX_CHECKS);
}

static void hit(struct cause *cause, uint32_t host)
{
	cause->n_hosts += !cause->hits[host];
	cause->hits[host] = true;
}

static uint32_t first_of_site(const struct world *w, uint32_t site, uint32_t *n)
{
	uint32_t first = 0;

	while (w->site[first] != site)
		first++;
	for (*n = 0; first + *n < w->n_hosts && w->site[first + *n] == site;)
		(*n)++;
	return first;
}

static void hit_range(struct world *w, struct cause *cause, uint32_t low, uint32_t high)
{
	uint32_t n, first = first_of_site(w, world_below(w, w->n_sites), &n), length;

	length = between(w, low, high);
	length = length > n ? n : length;
	first += world_below(w, n - length + 1);
	for (uint32_t i = 0; i < length; i++)
		hit(cause, first + i);
}

static void hit_objects(struct world *w, struct cause *cause)
{
	uint32_t n, first = first_of_site(w, world_below(w, w->n_sites), &n);
	uint32_t wanted = between(w, 4, 8);

	if (world_below(w, 2)) {
		first = 0;
		n = w->n_hosts;
	}
	while (cause->n_hosts < wanted && cause->n_hosts < n)
		hit(cause, first + world_below(w, n));
}

static void hit_group(struct world *w, struct cause *cause, uint32_t group)
{
	for (uint32_t i = 0; i < w->n_hosts; i++)
		for (uint32_t j = 0; j < w->hosts[i].n_groups; j++)
			if (w->members[i][j] == group)
				hit(cause, i);
}

static void hit_some_group(struct world *w, struct cause *cause)
{
	for (int tries = 0; tries < 50 && cause->n_hosts < 4; tries++) {
		memset(cause->hits, 0, sizeof cause->hits);
		cause->n_hosts = 0;
		hit_group(w, cause, world_below(w, w->n_groups));
	}
}

static void hit_subnet(struct world *w, struct cause *cause, unsigned bits)
{
	uint32_t centre = world_below(w, w->n_hosts);
	unsigned prefix = w->hosts[centre].address.family == 4 ? bits : bits + 96;
	struct net_address network =
		net_address_network(&w->hosts[centre].address, prefix);

	for (uint32_t i = 0; i < w->n_hosts; i++) {
		struct net_address at =
			net_address_network(&w->hosts[i].address, prefix);
		if (net_address_compare(&at, &network) == 0)
			hit(cause, i);
	}
}

bool world_is_hit(const struct cause *cause, const struct incident_flow *flow)
{
	return cause->hits[flow->host] && cause->checks >> flow->check & 1;
}

/* Flows of a cause that were broken before it. */
static void break_before(struct world *w, const struct cause *cause, uint32_t one_in)
{
	for (uint32_t i = 0; i < w->n_flows; i++)
		if (world_is_hit(cause, &w->flows[i]) && world_below(w, one_in) == 0)
			w->was_down[i] = true;
}

void world_make_cause(struct world *w, enum shape shape, struct cause *cause)
{
	*cause = (struct cause){.effect = LOST};
	switch (shape) {
	case RANGE_PORTS:
		hit_range(w, cause, 9, 35);
		choose_ports(w, cause, 2);
		break;
	case OBJECTS_PORT:
	case OBJECTS_PORTS:
		hit_objects(w, cause);
		choose_ports(w, cause, shape == OBJECTS_PORT ? 1 : 2);
		break;
	case SUBNET_ALL:
	case RACK_ALL:
		hit_subnet(w, cause, shape == SUBNET_ALL ? 27 : between(w, 26, 28));
		cause->checks = checks_of(w, cause);
		break;
	case GROUP_PORT:
	case GROUP_PORTS:
	case MASKED_GROUP:
	case SERVICE_STOPS:
		hit_some_group(w, cause);
		choose_ports(w, cause,
			shape == GROUP_PORTS    ? 3
			: shape == MASKED_GROUP ? 2
						: 1);
		cause->effect = shape == SERVICE_STOPS ? REFUSED : LOST;
		break;
	case HOST_ALL:
		hit(cause, world_below(w, w->n_hosts));
		cause->checks = checks_of(w, cause);
		break;
	case EVERYTHING_PORT:
		for (uint32_t i = 0; i < w->n_hosts; i++)
			hit(cause, i);
		choose_ports(w, cause, 1);
		break;
	case NAME_SERVER:
		for (uint32_t i = 0, of = between(w, 1, 3); i < w->n_hosts; i++)
			if (w->site[i] % of == 0)
				hit(cause, i);
		cause->checks = 1U << (MAX_CHECKS - 1);
		cause->effect = NAMELESS;
		break;
	case HALF_RECOVERS:
	case EXPOSED:
		if (world_below(w, 2))
			hit_some_group(w, cause);
		else
			hit_range(w, cause, 8, 30);
		choose_ports(w, cause, between(w, 1, 2));
		cause->effect = shape == EXPOSED ? OPENED : RECOVERED;
		break;
	case REJECTED:
		hit_range(w, cause, 9, 35);
		choose_ports(w, cause, between(w, 1, 3));
		cause->effect = REJECTED_AT_TIMES;
		break;
	case UPLINK_ALL:
		hit_group(w, cause, world_below(w, w->n_sites));
		cause->checks = checks_of(w, cause);
		break;
	case N_SHAPES:
		break;
	}
}

void world_prepare(struct world *w, enum shape shape, struct cause *cause)
{
	uint32_t n = 0, half = cause->n_hosts / 2;
	bool scattered = world_below(w, 3) == 0;

	switch (shape) {
	case RACK_ALL:
		for (uint32_t i = 0; i < w->n_hosts; i++)
			if (cause->hits[i] && n++ == 0)
				for (uint32_t j = w->first[i]; j < w->first[i + 1]; j++)
					w->was_down[j] |=
						world_is_hit(cause, &w->flows[j]);
		break;
	case MASKED_GROUP:
		break_before(w, cause, 5);
		break;
	case HALF_RECOVERS:
		break_before(w, cause, 1);
		for (uint32_t i = 0; i < w->n_hosts; i++)
			if (cause->hits[i] && (scattered ? world_below(w, 2)
							 : n++ >= (half ? half : 1)))
				cause->hits[i] = false;
		break;
	case EXPOSED:
		/* Everybody's flows on these ports are expected to be blocked. */
		for (uint32_t i = 0; i < w->n_flows; i++)
			if (cause->checks >> w->flows[i].check & 1) {
				w->flows[i].expect = EXPECT_BLOCKED;
				w->was_down[i] = true;
			}
		break;
	default:
		break;
	}
}

static void change(struct incident_flow *flow, enum probe_state to,
	enum change_kind kind, enum probe_reason reason)
{
	flow->to = (uint8_t)to;
	flow->kind = (uint8_t)kind;
	flow->reason = (uint8_t)reason;
}

bool world_affect(struct world *w, uint32_t index, enum effect effect, const char *hop)
{
	struct incident_flow *flow = &w->flows[index];
	bool is_blocked = flow->from == STATE_FILTERED;

	if (w->is_unmeasured[index] || flow->kind != CHANGE_NONE)
		return false;
	if (effect == RECOVERED || effect == OPENED) {
		if (!is_blocked ||
			(effect == OPENED) != (flow->expect == EXPECT_BLOCKED))
			return false;
		change(flow,
			effect == OPENED && world_below(w, 2) ? STATE_CLOSED
							      : STATE_OPEN,
			effect == OPENED ? CHANGE_EXPOSURE : CHANGE_RECOVERY,
			REASON_SYN_ACK);
		return true;
	}
	if (flow->from != STATE_OPEN || flow->expect == EXPECT_BLOCKED)
		return false;
	switch (effect) {
	case REFUSED:
		change(flow, STATE_CLOSED, CHANGE_REGRESSION, REASON_RST);
		break;
	case NAMELESS:
		change(flow, STATE_UNRESOLVED, CHANGE_REGRESSION, REASON_DNS_TIMEOUT);
		flow->cause = "10.0.0.53";
		break;
	case REJECTED_AT_TIMES:
		if (world_below(w, 3)) {
			change(flow, STATE_PROHIBITED, CHANGE_REGRESSION,
				REASON_ICMP_ADMIN_PROHIBITED);
			flow->cause = hop;
			break;
		}
		/* fallthrough */
	default:
		change(flow, STATE_FILTERED, CHANGE_REGRESSION, REASON_TIMEOUT);
		if (hop && world_below(w, 4) == 0)
			flow->hop = hop;
	}
	return true;
}

void world_happen(struct world *w, const struct cause *cause)
{
	static const char *const hops[] = {"10.0.1.1", "10.0.2.1", "10.0.3.1"};
	const char *hop = cause->effect == REJECTED_AT_TIMES || world_below(w, 2)
				  ? hops[w->n_causes % 3]
				  : NULL;

	for (uint32_t i = 0; i < w->n_flows; i++)
		if (world_is_hit(cause, &w->flows[i]) &&
			world_affect(w, i, cause->effect, hop))
			w->cause_of[i] = (uint8_t)w->n_causes;
	w->n_causes++;
}
