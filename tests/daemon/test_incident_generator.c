/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random fleets in which known causes happen: how many are reported as they were. A
 * cause is hosts x checks; what a scan sees of it is less the flows that were not
 * measured or were broken before. The normal run is short; REACHD_TEST_WHOLE=1 makes it
 * ten times as long, REACHD_TEST_VERBOSE=1 prints what went wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "daemon/analyze/incident.h"

enum {
	MAX_HOSTS = 2048,
	MAX_CHECKS = 12,
	MAX_FLOWS = MAX_HOSTS * MAX_CHECKS,
	MAX_SITES = 8,
	MAX_ROLES = 5,
	MAX_GROUPS = MAX_SITES + MAX_ROLES + MAX_SITES * MAX_ROLES + 2,
	MAX_CAUSES = 64,
	NO_CAUSE = 255
};

static const char *const check_names[MAX_CHECKS] = {"rpc/licensing",
	"sweep/49152-65535", "tcp/22", "tcp/80", "tcp/135", "tcp/443", "tcp/445",
	"tcp/3389", "ldap", "smb", "tcp/1433", "dns"};
static const char *const site_names[MAX_SITES] = {
	"oslo", "bergen", "tromso", "molde", "narvik", "alta", "bodo", "voss"};
static const char *const role_names[MAX_ROLES] = {
	"frontend", "database", "print", "licence", "jump"};

/* ---- fleets ------------------------------------------------------------------------
 */

struct world {
	struct random_state random;
	struct incident_host hosts[MAX_HOSTS];
	char names[MAX_HOSTS][16];
	uint32_t members[MAX_HOSTS][4];
	uint8_t site[MAX_HOSTS], role[MAX_HOSTS];
	uint32_t n_hosts, n_sites, n_roles;
	const char *groups[MAX_GROUPS];
	char group_names[MAX_GROUPS][32];
	uint32_t n_groups;
	struct incident_flow flows[MAX_FLOWS];
	uint32_t n_flows;
	uint32_t first[MAX_HOSTS + 1]; /* flow of a host */
	bool is_uniform;
	/* What happens. */
	uint8_t cause_of[MAX_FLOWS];
	bool was_down[MAX_FLOWS], is_unmeasured[MAX_FLOWS];
	uint32_t n_causes;
	struct incident_input input;
};

static uint32_t below(struct world *w, uint32_t n)
{
	return random_below(&w->random, n);
}

static uint32_t between(struct world *w, uint32_t low, uint32_t high)
{
	return low + below(w, high - low + 1);
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
		pool |= 1U << below(w, MAX_CHECKS);
	while (below(w, 6) && (uint32_t)__builtin_popcount(common) < 2)
		common |= pool & 1U << below(w, MAX_CHECKS);
	for (uint32_t r = 0; r < w->n_roles; r++) {
		asked[r] = pool;
		while (!w->is_uniform && (asked[r] == pool || !asked[r]))
			asked[r] = (pool & below(w, 1U << MAX_CHECKS)) | common;
	}
}

static void make_fleet(struct world *w, uint32_t n_hosts, bool is_uniform)
{
	uint32_t asked[MAX_ROLES], sites, roles, both = 0, halves = 0, in_site = 0;
	bool by_block = below(w, 2), has_both = below(w, 2), has_halves = below(w, 2);

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
						: below(w, w->n_roles));
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

enum shape {
	RANGE_PORTS,
	OBJECTS_PORT,
	OBJECTS_PORTS,
	SUBNET_ALL,
	GROUP_PORT,
	GROUP_PORTS,
	HOST_ALL,
	EVERYTHING_PORT,
	NAME_SERVER,
	RACK_ALL,
	MASKED_GROUP,
	SERVICE_STOPS,
	HALF_RECOVERS,
	EXPOSED,
	REJECTED,
	UPLINK_ALL,
	N_SHAPES
};

static const char *const shape_names[N_SHAPES] = {"range x 2 ports", "objects x 1 port",
	"objects x 2 ports", "/27 x all", "group x 1 port", "group x 3 ports",
	"host x all", "everything x 1 port", "DNS server",
	"rack x all, one down before", "group of which some were down", "service stops",
	"half of an outage recovers", "exposure", "rejected, at times silently",
	"uplink x all"};

enum effect {
	LOST,
	REFUSED,
	RECOVERED,
	OPENED,
	NAMELESS,
	REJECTED_AT_TIMES
};

struct cause {
	bool hits[MAX_HOSTS];
	uint32_t checks; /* bits */
	enum effect effect;
	uint32_t n_hosts;
};

static bool covers_all(enum shape shape)
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
		cause->checks = asked & 1U << below(w, MAX_CHECKS);
	for (uint32_t h = 0; h < w->n_hosts; h++) {
		uint32_t of_host = 0;
		for (uint32_t i = w->first[h]; i < w->first[h + 1]; i++)
			of_host |= 1U << w->flows[i].check;
		if (cause->hits[h] && of_host & cause->checks)
			beside |= of_host & asked;
	}
	while ((uint32_t)__builtin_popcount(cause->checks) < n &&
		cause->checks != beside)
		cause->checks |= beside & 1U << below(w, MAX_CHECKS);
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
	uint32_t n, first = first_of_site(w, below(w, w->n_sites), &n), length;

	length = between(w, low, high);
	length = length > n ? n : length;
	first += below(w, n - length + 1);
	for (uint32_t i = 0; i < length; i++)
		hit(cause, first + i);
}

static void hit_objects(struct world *w, struct cause *cause)
{
	uint32_t n, first = first_of_site(w, below(w, w->n_sites), &n);
	uint32_t wanted = between(w, 4, 8);

	if (below(w, 2)) {
		first = 0;
		n = w->n_hosts;
	}
	while (cause->n_hosts < wanted && cause->n_hosts < n)
		hit(cause, first + below(w, n));
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
		hit_group(w, cause, below(w, w->n_groups));
	}
}

static void hit_subnet(struct world *w, struct cause *cause, unsigned bits)
{
	uint32_t centre = below(w, w->n_hosts);
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

static bool is_hit(const struct cause *cause, const struct incident_flow *flow)
{
	return cause->hits[flow->host] && cause->checks >> flow->check & 1;
}

/* Flows of a cause that were broken before it. */
static void break_before(struct world *w, const struct cause *cause, uint32_t one_in)
{
	for (uint32_t i = 0; i < w->n_flows; i++)
		if (is_hit(cause, &w->flows[i]) && below(w, one_in) == 0)
			w->was_down[i] = true;
}

static void make_cause(struct world *w, enum shape shape, struct cause *cause)
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
		hit(cause, below(w, w->n_hosts));
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
		if (below(w, 2))
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
		hit_group(w, cause, below(w, w->n_sites));
		cause->checks = checks_of(w, cause);
		break;
	case N_SHAPES:
		break;
	}
}

/* What was so before, of the whole cause; then which part of it happens. */
static void prepare(struct world *w, enum shape shape, struct cause *cause)
{
	uint32_t n = 0, half = cause->n_hosts / 2;
	bool scattered = below(w, 3) == 0;

	switch (shape) {
	case RACK_ALL:
		for (uint32_t i = 0; i < w->n_hosts; i++)
			if (cause->hits[i] && n++ == 0)
				for (uint32_t j = w->first[i]; j < w->first[i + 1]; j++)
					w->was_down[j] |= is_hit(cause, &w->flows[j]);
		break;
	case MASKED_GROUP:
		break_before(w, cause, 5);
		break;
	case HALF_RECOVERS:
		break_before(w, cause, 1);
		for (uint32_t i = 0; i < w->n_hosts; i++)
			if (cause->hits[i] &&
				(scattered ? below(w, 2) : n++ >= (half ? half : 1)))
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

/* True: the flow shows it. */
static bool affect(struct world *w, uint32_t index, enum effect effect, const char *hop)
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
			effect == OPENED && below(w, 2) ? STATE_CLOSED : STATE_OPEN,
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
		if (below(w, 3)) {
			change(flow, STATE_PROHIBITED, CHANGE_REGRESSION,
				REASON_ICMP_ADMIN_PROHIBITED);
			flow->cause = hop;
			break;
		}
		/* fallthrough */
	default:
		change(flow, STATE_FILTERED, CHANGE_REGRESSION, REASON_TIMEOUT);
		if (hop && below(w, 4) == 0)
			flow->hop = hop;
	}
	return true;
}

static void happen(struct world *w, const struct cause *cause)
{
	static const char *const hops[] = {"10.0.1.1", "10.0.2.1", "10.0.3.1"};
	const char *hop = cause->effect == REJECTED_AT_TIMES || below(w, 2)
				  ? hops[w->n_causes % 3]
				  : NULL;

	for (uint32_t i = 0; i < w->n_flows; i++)
		if (is_hit(cause, &w->flows[i]) && affect(w, i, cause->effect, hop))
			w->cause_of[i] = (uint8_t)w->n_causes;
	w->n_causes++;
}

/* ---- a trial
 * --------------------------------------------------------------------------- */

struct score {
	uint32_t trials, exact, splits, wrong_joins;
};

static struct cause causes[2];

/* Other ports, and other hosts where neither is everything: causes that can be told
 * apart. */
static bool are_apart(const enum shape *shapes)
{
	if (covers_all(shapes[0]) && covers_all(shapes[1]))
		return false;
	/* Each scan is one direction at most for a flow. */
	if (causes[0].checks == causes[1].checks && causes[0].effect != NAMELESS &&
		causes[1].effect != NAMELESS)
		return false;
	/* What is expected to be blocked can't be lost by another cause. */
	if ((shapes[0] == EXPOSED || shapes[1] == EXPOSED) &&
		causes[0].checks & causes[1].checks)
		return false;
	if (shapes[0] == NAME_SERVER || shapes[1] == NAME_SERVER)
		return true;
	if (shapes[0] == EVERYTHING_PORT || shapes[1] == EVERYTHING_PORT)
		return shapes[0] != shapes[1];
	for (uint32_t i = 0; i < MAX_HOSTS; i++)
		if (causes[0].hits[i] && causes[1].hits[i])
			return false;
	return true;
}

static uint32_t count_seen(const struct world *w, uint32_t cause)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_flows; i++)
		n += w->cause_of[i] == cause;
	return n;
}

/* Fills the world; false: this fleet has no room for such causes. */
static bool play(struct world *w, const enum shape *shapes, uint32_t n,
	uint32_t unmeasured_in_1000, uint32_t noise_in_1000)
{
	for (uint32_t i = 0; i < n; i++)
		make_cause(w, shapes[i], &causes[i]);
	if (n == 2 && !are_apart(shapes))
		return false;
	memset(w->cause_of, NO_CAUSE, sizeof w->cause_of);
	for (uint32_t i = 0; i < n; i++)
		prepare(w, shapes[i], &causes[i]);
	for (uint32_t i = 0; i < w->n_flows; i++) {
		if (unmeasured_in_1000 && below(w, 500) == 0)
			w->was_down[i] = true;
		w->is_unmeasured[i] = below(w, 1000) < unmeasured_in_1000;
		if (w->was_down[i])
			w->flows[i].from = w->flows[i].to = STATE_FILTERED;
		if (w->is_unmeasured[i])
			w->flows[i].to = STATE_ERROR;
	}
	for (uint32_t i = 0; i < n; i++)
		happen(w, &causes[i]);
	for (uint32_t i = 0; i < n; i++)
		if (count_seen(w, i) == 0)
			return false;
	for (uint32_t i = 0; i < w->n_flows && noise_in_1000; i++)
		if (below(w, 1000) < noise_in_1000 && w->n_causes < MAX_CAUSES &&
			w->flows[i].check != MAX_CHECKS - 1 &&
			affect(w, i, below(w, 3) ? LOST : REFUSED, NULL))
			w->cause_of[i] = (uint8_t)w->n_causes++;
	return true;
}

/* Do two causes share neither ports nor hosts? */
static bool are_disjoint(const struct world *w, uint32_t a, uint32_t b)
{
	static uint8_t on[MAX_HOSTS];
	uint32_t checks[2] = {0, 0};
	bool shared = false;

	memset(on, 0, sizeof on);
	for (uint32_t i = 0; i < w->n_flows; i++) {
		uint32_t side = w->cause_of[i] == b;
		if (w->cause_of[i] != a && w->cause_of[i] != b)
			continue;
		checks[side] |= 1U << w->flows[i].check;
		on[w->flows[i].host] |= (uint8_t)(1 << side);
		shared |= on[w->flows[i].host] == 3;
	}
	return !shared && !(checks[0] & checks[1]);
}

static void judge(const struct world *w, uint32_t n, const struct incident *incidents,
	size_t count, struct score *score)
{
	uint32_t in[MAX_CAUSES] = {0};
	bool exact = true, split = false, wrong = false;

	for (size_t i = 0; i < count; i++) {
		bool has[MAX_CAUSES] = {false};
		uint32_t held = 0;

		for (uint32_t j = 0; j < incidents[i].n_flows; j++) {
			uint8_t cause = w->cause_of[incidents[i].flows[j]];
			/* Of both: either may have it. */
			if (n == 2 &&
				is_hit(&causes[0], &w->flows[incidents[i].flows[j]]) &&
				is_hit(&causes[1], &w->flows[incidents[i].flows[j]]))
				continue;
			held += !has[cause];
			has[cause] = true;
		}
		exact = exact && held <= 1;
		for (uint32_t a = 0; a < n; a++) {
			in[a] += has[a];
			for (uint32_t b = a + 1; b < n; b++)
				wrong |= has[a] && has[b] && are_disjoint(w, a, b);
		}
	}
	for (uint32_t a = 0; a < n; a++)
		split |= in[a] > 1;
	score->trials++;
	score->exact += exact && !split;
	score->splits += split;
	score->wrong_joins += wrong;
}

/* ---- are the names true?
 * ------------------------------------------------------------------ */

static bool has_group(const struct world *w, uint32_t host, const char *group)
{
	for (uint32_t i = 0; i < w->hosts[host].n_groups; i++)
		if (group && strcmp(w->groups[w->members[host][i]], group) == 0)
			return true;
	return false;
}

static bool in_subnet(const struct net_address *address, const char *text)
{
	char start[NET_ADDRESS_TEXT];
	const char *slash = strchr(text, '/');
	struct net_address network, at;

	snprintf(start, sizeof start, "%.*s", (int)(slash - text), text);
	assert_true(net_address_parse(start, &network));
	at = net_address_network(address, (unsigned)atoi(slash + 1));
	return net_address_compare(&at, &network) == 0;
}

static bool in_range(const struct net_address *address, const char *text)
{
	char start[NET_ADDRESS_TEXT];
	const char *dash = strchr(text, '-');
	struct net_address first, last;

	snprintf(start, sizeof start, "%.*s", (int)(dash - text), text);
	assert_true(net_address_parse(start, &first));
	assert_true(net_address_parse(dash + 1, &last));
	return net_address_compare(&first, address) <= 0 &&
	       net_address_compare(address, &last) <= 0;
}

static bool is_listed(const uint32_t *hosts, uint32_t n, uint32_t host)
{
	for (uint32_t i = 0; i < n; i++)
		if (hosts[i] == host)
			return true;
	return false;
}

/* Is the host one of those that the incident's name means? */
static bool is_named(const struct world *w, const struct incident *what, uint32_t host)
{
	const struct net_address *at = &w->hosts[host].address;

	if (is_listed(what->but, what->n_but, host))
		return false;
	if (is_listed(what->also, what->n_also, host))
		return true;
	for (uint32_t i = 0; i < what->n_groups; i++)
		if (has_group(w, host, what->groups[i]))
			return true;
	if (what->subnet)
		return in_subnet(at, what->subnet);
	if (what->range)
		return in_range(at, what->range);
	if (what->group)
		return has_group(w, host, what->group);
	if (what->host)
		return strcmp(w->names[host], what->host) == 0;
	return what->scope == INCIDENT_ALL || what->scope == INCIDENT_CHECK_ALL;
}

/* Could the flow have shown what the incident is? Written down once more, and simpler.
 */
static bool could_show(const struct incident_flow *flow, const struct incident *what)
{
	if (flow->to == STATE_ERROR)
		return false;
	switch (what->kind) {
	case CHANGE_EXPOSURE:
		return flow->expect == EXPECT_BLOCKED && flow->from == STATE_FILTERED;
	case CHANGE_RECOVERY:
		return flow->expect != EXPECT_BLOCKED && flow->from == STATE_FILTERED;
	default:
		return flow->expect != EXPECT_BLOCKED && flow->from == STATE_OPEN &&
		       (what->to == STATE_CLOSED ? flow->to == STATE_OPEN
						 : flow->kind == CHANGE_NONE ||
							   flow->to == STATE_CLOSED);
	}
}

static int direction_of(const struct incident_flow *flow)
{
	return flow->to == STATE_UNRESOLVED ? 1 : flow->to == STATE_CLOSED ? 2 : 3;
}

static void names_are_true(
	const struct world *w, const struct incident *incidents, size_t count)
{
	static uint8_t is_of[MAX_FLOWS], on[MAX_HOSTS], could[MAX_HOSTS];

	for (size_t i = 0; i < count; i++) {
		const struct incident *what = &incidents[i];
		uint32_t checks = 0, n = 0, of = 0;
		bool is_list = what->scope == INCIDENT_HOSTS ||
			       what->scope == INCIDENT_CHECK_HOSTS ||
			       what->scope == INCIDENT_CAUSE;

		int direction = direction_of(&w->flows[what->flows[0]]);

		memset(is_of, 0, sizeof is_of);
		memset(on, 0, sizeof on);
		memset(could, 0, sizeof could);
		for (uint32_t j = 0; j < what->n_flows; j++) {
			const struct incident_flow *flow = &w->flows[what->flows[j]];
			is_of[what->flows[j]] = 1;
			checks |= 1U << flow->check;
			n += !on[flow->host];
			on[flow->host] = could[flow->host] = 1;
			assert_true(is_list || is_named(w, what, flow->host));
		}
		assert_int_equal(n, what->n_hosts);
		for (uint32_t j = 0; j < w->n_flows; j++) {
			const struct incident_flow *flow = &w->flows[j];
			bool same = flow->kind == what->kind && !is_of[j] &&
				    (what->kind != CHANGE_REGRESSION ||
					    direction_of(flow) == direction);
			if (checks >> flow->check & 1 &&
				(could_show(flow, what) || same))
				could[flow->host] = 1;
			/* A rectangle has no counter-evidence. */
			if (checks >> flow->check & 1 && on[flow->host] && !is_of[j] &&
				flow->kind == CHANGE_NONE &&
				what->kind == CHANGE_REGRESSION &&
				what->scope != INCIDENT_CAUSE)
				assert_false(could_show(flow, what));
		}
		for (uint32_t h = 0; h < w->n_hosts && !is_list; h++) {
			bool named = is_named(w, what, h);
			of += named && could[h];
			/* Of a group those that stayed are counted; else none did. */
			if (named && could[h] && !on[h] && what->of_hosts == n)
				fail_msg("%s: %s is named and was spared",
					what->summary, w->names[h]);
		}
		if (!is_list)
			if (of + what->n_but != what->of_hosts)
				fail_msg("%s: it is %u hosts", what->summary,
					of + what->n_but);
	}
}

/* ---- many trials
 * ------------------------------------------------------------------------------ */

struct sort {
	bool is_bar; /* 300 hosts x 6 ports, as in the acceptance shapes */
	uint32_t unmeasured_in_1000, noise_in_1000;
};

static struct world *world_new(uint64_t seed, const struct sort *sort)
{
	struct world *w = calloc(1, sizeof *w);
	uint32_t scale;

	assert_non_null(w);
	random_seed(&w->random, seed);
	scale = between(w, 0, 3);
	make_fleet(w, sort->is_bar ? 300 : 50 + below(w, 100U << scale << scale / 3),
		sort->is_bar || below(w, 2));
	return w;
}

static void run_trial(uint64_t seed, const enum shape *shapes, uint32_t n,
	const struct sort *sort, struct score *score)
{
	for (uint64_t tries = 0; tries < 200; tries++) {
		struct world *w = world_new(seed * 1000 + tries, sort);
		struct incident *incidents;
		struct arena arena;
		size_t count;
		struct score before = *score;

		if (!play(w, shapes, n, sort->unmeasured_in_1000,
			    sort->noise_in_1000)) {
			free(w);
			continue;
		}
		arena_init(&arena, 0);
		assert_int_equal(
			incident_fold(&w->input, &arena, &incidents, &count), 0);
		judge(w, n, incidents, count, score);
		names_are_true(w, incidents, count);
		if (score->exact == before.exact && getenv("REACHD_TEST_VERBOSE")) {
			print_message("seed %llu, %u hosts, %s%s%s%s\n",
				(unsigned long long)(seed * 1000 + tries), w->n_hosts,
				w->is_uniform ? "uniform, " : "",
				shape_names[shapes[0]], n > 1 ? " + " : "",
				n > 1 ? shape_names[shapes[1]] : "");
			for (size_t i = 0; i < count; i++)
				print_message("  cause %u: %s\n",
					w->cause_of[incidents[i].flows[0]],
					incidents[i].summary);
		}
		arena_fini(&arena);
		free(w);
		return;
	}
}

static uint32_t times(uint32_t n)
{
	return getenv("REACHD_TEST_WHOLE") ? 10 * n : n;
}

static double share(uint32_t n, const struct score *score)
{
	return score->trials ? 100.0 * n / score->trials : 0;
}

static void print_score(const char *what, const struct score *score)
{
	print_message(
		"%-34s %6u trials  %5.1f %% exact  %5.1f %% whole  %u wrong joins\n",
		what, score->trials, share(score->exact, score),
		100 - share(score->splits, score), score->wrong_joins);
}

static void add_score(struct score *sum, const struct score *score)
{
	sum->trials += score->trials;
	sum->exact += score->exact;
	sum->splits += score->splits;
	sum->wrong_joins += score->wrong_joins;
}

static void run_alone(
	const struct sort *sort, uint32_t n, struct score *sum, bool print)
{
	for (int shape = 0; shape < N_SHAPES; shape++) {
		struct score score = {0};
		enum shape shapes[2] = {(enum shape)shape};
		for (uint32_t i = 0; i < n; i++)
			run_trial(100000 + (uint64_t)shape * 1000 + i, shapes, 1, sort,
				&score);
		if (print)
			print_score(shape_names[shape], &score);
		add_score(sum, &score);
	}
}

static void run_pairs(
	const struct sort *sort, uint32_t n, struct score *sum, bool print)
{
	struct score of[N_SHAPES] = {{0}};

	for (int a = 0; a < N_SHAPES; a++)
		for (int b = a; b < N_SHAPES; b++) {
			enum shape shapes[2] = {(enum shape)a, (enum shape)b};
			struct score score = {0};
			if ((a == NAME_SERVER && b == NAME_SERVER) ||
				(covers_all((enum shape)a) &&
					covers_all((enum shape)b)))
				continue;
			for (uint32_t i = 0; i < n; i++)
				run_trial(900000 + (uint64_t)(a * N_SHAPES + b) * 1000 +
						  i,
					shapes, 2, sort, &score);
			add_score(&of[a], &score);
			add_score(&of[b], &score);
			add_score(sum, &score);
		}
	for (int a = 0; a < N_SHAPES && print; a++)
		print_score(shape_names[a], &of[a]);
}

static void one_cause_is_one_incident(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20};
	struct score sum = {0};

	(void)state;
	run_alone(&sort, times(20), &sum, true);
	print_score("ALONE", &sum);
	assert_true(share(sum.exact, &sum) >= 98);
	assert_int_equal(sum.wrong_joins, 0);
}

static void two_causes_are_two_incidents(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20};
	struct score sum = {0};

	(void)state;
	run_pairs(&sort, times(3), &sum, true);
	print_score("PAIRS", &sum);
	assert_true(share(sum.exact, &sum) >= 94);
	assert_int_equal(sum.wrong_joins, 0);
}

static void three_hundred_hosts_and_six_ports(void **state)
{
	struct sort sort = {.is_bar = true};
	struct score alone = {0}, pairs = {0}, lossy = {0};

	(void)state;
	run_alone(&sort, times(4), &alone, false);
	print_score("300 hosts, all measured", &alone);
	run_pairs(&sort, times(1), &pairs, false);
	print_score("300 hosts, in pairs", &pairs);
	sort.unmeasured_in_1000 = 20;
	run_alone(&sort, times(4), &lossy, false);
	run_pairs(&sort, times(1), &lossy, false);
	print_score("300 hosts, 2 % unmeasured", &lossy);
	assert_true(share(alone.exact, &alone) >= 98);
	assert_true(share(pairs.exact, &pairs) >= 96);
	assert_true(share(lossy.exact, &lossy) >= 96);
	assert_int_equal(alone.wrong_joins + pairs.wrong_joins + lossy.wrong_joins, 0);
}

static void noise_does_not_tear_a_cause_apart(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20, .noise_in_1000 = 1};
	struct score sum = {0};

	(void)state;
	run_alone(&sort, times(8), &sum, false);
	print_score("ALONE, 0.1 % noise", &sum);
	assert_true(share(sum.splits, &sum) <= 3);
	assert_int_equal(sum.wrong_joins, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cause_is_one_incident),
		cmocka_unit_test(two_causes_are_two_incidents),
		cmocka_unit_test(three_hundred_hosts_and_six_ports),
		cmocka_unit_test(noise_does_not_tear_a_cause_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
