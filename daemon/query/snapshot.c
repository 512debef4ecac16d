/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/array.h"
#include "base/clock.h"
#include "probes/registry.h"

/* A text of the store that is a JSON array of names, understood once. */
struct name_sets {
	struct intern texts;
	struct snapshot_set *items; /* parallel to them */
	uint32_t capacity;
	const char *last; /* neighbours share their text */
	uint32_t last_number;
};

/* A column of a store's row, and what the word in it means. */
struct memo {
	const char *word;
	uint8_t value;
};

struct loading {
	struct snapshot *out;
	struct memo memos[7];
	enum snapshot_extent extent;
	struct intern hosts, checks, groups, rules;
	struct name_sets group_sets, rule_sets;
	uint32_t host_capacity, check_capacity, flow_capacity, time_capacity;
	uint32_t last_check;
	int rc;
};

/* ---- names ----------------------------------------------------------------------- */

/* Finds a text, or adds it. 0 with *added, or -ENOMEM. */
static int find_or_add(
	struct intern *table, const char *text, uint32_t *number, bool *added)
{
	*added = !intern_find(table, text, number);
	return *added ? intern_add(table, text, number) : 0;
}

/* "all" says nothing about a cause. */
static int parse_set(struct loading *l, const char *text, struct intern *names,
	struct snapshot_set *out)
{
	json_t *list = json_loads(text, 0, NULL);
	uint32_t *items =
		arena_calloc(&l->out->arena, json_array_size(list) + 1, sizeof *items);
	int rc = items ? 0 : -ENOMEM;
	bool added, groups = names == &l->groups;
	size_t i;
	const json_t *item;

	*out = (struct snapshot_set){.items = items};
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(item);
		if (rc < 0 || !name || (groups && strcmp(name, "all") == 0))
			continue;
		rc = find_or_add(names, name, &items[out->count++], &added);
	}
	json_decref(list);
	return rc;
}

static int find_set(struct loading *l, struct name_sets *sets, struct intern *names,
	const char *text, uint32_t *number)
{
	struct snapshot_set *items;
	bool added;
	int rc;

	if (text == sets->last) {
		*number = sets->last_number;
		return 0;
	}
	rc = find_or_add(&sets->texts, text, number, &added);
	if (rc == 0 && added) {
		items = array_grow(
			sets->items, &sets->capacity, *number, sizeof *items);
		if (!items)
			return -ENOMEM;
		sets->items = items;
		rc = parse_set(l, text, names, &items[*number]);
	}
	sets->last = text;
	sets->last_number = *number;
	return rc;
}

static struct net_address first_address(const char *json)
{
	struct net_address address = {0};
	json_t *list = json_loads(json, 0, NULL);
	const char *text = json_string_value(json_array_get(list, 0));

	if (!text || !net_address_parse(text, &address))
		address = (struct net_address){0};
	json_decref(list);
	return address;
}

/* Rows come by host. */
static int find_host(struct loading *l, const struct store_flow *row, uint32_t *number)
{
	struct snapshot *out = l->out;
	struct snapshot_host *hosts;
	uint32_t set;
	bool added;
	int rc;

	*number = out->n_hosts - 1;
	if (out->n_hosts && strcmp(out->hosts[*number].name, row->host) == 0)
		return 0;
	rc = find_or_add(&l->hosts, row->host, number, &added);
	if (rc == 0)
		rc = find_set(l, &l->group_sets, &l->groups, row->groups, &set);
	if (rc < 0)
		return rc;
	if (!added)
		return -EBADMSG;
	hosts = array_grow(out->hosts, &l->host_capacity, *number, sizeof *hosts);
	if (!hosts)
		return -ENOMEM;
	out->hosts = hosts;
	out->n_hosts = l->hosts.count;
	hosts[*number] = (struct snapshot_host){
		.name = arena_strdup(&out->arena, row->host),
		.address = first_address(row->addresses),
		.groups = l->group_sets.items[set],
		.first_flow = out->n_flows,
	};
	return hosts[*number].name ? 0 : -ENOMEM;
}

/* Hosts of a fleet are asked the same in the same order: the next check is guessed. */
static int find_check(struct loading *l, const char *name, uint32_t *number)
{
	struct snapshot *out = l->out;
	struct snapshot_check *checks;
	bool added;
	int rc;

	*number = l->last_check + 1 < out->n_checks ? l->last_check + 1 : 0;
	if (out->n_checks && strcmp(out->checks[*number].name, name) == 0) {
		l->last_check = *number;
		return 0;
	}
	rc = find_or_add(&l->checks, name, number, &added);
	l->last_check = *number;
	if (rc < 0 || !added)
		return rc;
	checks = array_grow(out->checks, &l->check_capacity, *number, sizeof *checks);
	if (!checks)
		return -ENOMEM;
	out->checks = checks;
	out->n_checks = l->checks.count;
	checks[*number] = (struct snapshot_check){
		arena_strdup(&out->arena, name), registry_of_check(name)};
	return checks[*number].name ? 0 : -ENOMEM;
}

/* ---- flows ----------------------------------------------------------------------- */

/* A word of a newer version is a state we can't compare with. */
static uint8_t state_of(const char *word)
{
	enum probe_state state = STATE_NONE;

	if (word && *word)
		probe_state_from_word(word, &state);
	return (uint8_t)state;
}

static uint8_t reason_of(const char *word)
{
	enum probe_reason reason = REASON_NONE;

	if (word && *word && !probe_reason_from_word(word, &reason))
		reason = REASON_LOCAL_ERROR;
	return (uint8_t)reason;
}

static uint8_t verdict_of(const char *word)
{
	enum verdict verdict = VERDICT_INCONCLUSIVE;

	if (word && *word)
		verdict_from_word(word, &verdict);
	return (uint8_t)verdict;
}

static uint8_t phase_of(const char *word)
{
	enum probe_phase phase = PHASE_NONE;

	if (word && *word)
		probe_phase_from_word(word, &phase);
	return (uint8_t)phase;
}

/* What a word means: neighbours share their words, which the store keeps in place. */
static uint8_t recall(
	struct memo *memo, const char *word, uint8_t (*meaning)(const char *word))
{
	if (word != memo->word) {
		memo->word = word;
		memo->value = meaning(word);
	}
	return memo->value;
}

/* The store gives out no number that large: then it is that of no incident. */
static uint32_t incident_of(const struct store_reported *told)
{
	return told->incident < 0 || told->incident > UINT32_MAX
		       ? 0
		       : (uint32_t)told->incident;
}

static int fill_flow(
	struct loading *l, const struct store_flow *row, struct snapshot_flow *flow)
{
	const struct store_reported *told = &row->reported;
	struct expectation expectation = expectation_of(row->expect);
	int rc;

	*flow = (struct snapshot_flow){
		.question = (uint32_t)row->question,
		.incident = incident_of(told),
		.state = recall(&l->memos[0], row->state, state_of),
		.reason = recall(&l->memos[1], row->reason, reason_of),
		.phase = recall(&l->memos[2], row->phase, phase_of),
		.expect = (uint8_t)expectation.expect,
		.accepts_closed = expectation.accepts_closed,
		.verdict = recall(&l->memos[3], row->verdict, verdict_of),
		.own_verdict = l->memos[3].value,
		.reported_state = recall(&l->memos[4], told->state, state_of),
		.reported_reason = recall(&l->memos[5], told->reason, reason_of),
		.reported_verdict = recall(&l->memos[6], told->verdict, verdict_of),
		.gap_reason = row->gap ? reason_of(row->gap_reason) : REASON_NONE,
		.carried = row->asked_scan != 0,
		.proved = row->proved,
		.is_reported = row->is_reported,
	};
	rc = find_host(l, row, &flow->host);
	if (rc == 0)
		rc = find_check(l, row->check, &flow->check);
	if (rc == 0)
		rc = find_set(l, &l->rule_sets, &l->rules, row->rules, &flow->rules);
	if (rc == 0)
		rc = snapshot_text(l->out, row->identity, &flow->identity);
	if (rc == 0)
		rc = snapshot_text(l->out, told->identity, &flow->reported_identity);
	if (rc == 0 && l->extent != SNAPSHOT_STATES && row->evidence &&
		*row->evidence) {
		flow->evidence = arena_strdup(&l->out->arena, row->evidence);
		rc = flow->evidence ? 0 : -ENOMEM;
	}
	return rc;
}

/* The scan itself, but for what it did not ask and what it could not measure. */
static int add_times(struct loading *l, const struct store_flow *row)
{
	struct snapshot *out = l->out;
	struct snapshot_times *times =
		array_grow(out->times, &l->time_capacity, out->n_flows, sizeof *times);

	if (!times)
		return -ENOMEM;
	out->times = times;
	times += out->n_flows;
	*times = (struct snapshot_times){
		.since_us = row->since_us,
		.scan = out->scan,
		.time_us = out->started_us,
	};
	if (row->asked_scan) {
		times->scan = row->asked_scan;
		times->time_us = row->asked_us;
	}
	if (row->gap && row->measured_scan) {
		times->scan = row->measured_scan;
		times->time_us = row->measured_us;
	}
	return 0;
}

static bool on_flow(void *data, const struct store_flow *row)
{
	struct loading *l = data;
	struct snapshot *out = l->out;
	struct snapshot_flow *flows =
		array_grow(out->flows, &l->flow_capacity, out->n_flows, sizeof *flows);

	l->rc = -ENOMEM;
	if (!flows)
		return false;
	out->flows = flows;
	l->rc = fill_flow(l, row, &flows[out->n_flows]);
	if (l->rc == 0 && l->extent == SNAPSHOT_WHOLE)
		l->rc = add_times(l, row);
	if (l->rc < 0)
		return false;
	out->hosts[flows[out->n_flows].host].n_flows++;
	out->n_flows++;
	return true;
}

/* ---- a whole scan ---------------------------------------------------------------- */

static const char *const *take_names(struct arena *arena, const struct intern *names)
{
	const char **texts = arena_calloc(arena, names->count + 1U, sizeof *texts);

	for (uint32_t i = 0; texts && i < names->count; i++) {
		texts[i] = arena_strdup(arena, names->texts[i]);
		if (!texts[i])
			return NULL;
	}
	return texts;
}

static int loading_init(struct loading *l, struct snapshot *out)
{
	uint64_t seed = clock_monotonic_us();

	*l = (struct loading){.out = out};
	intern_init(&l->hosts, seed);
	intern_init(&l->checks, seed);
	intern_init(&l->groups, seed);
	intern_init(&l->rules, seed);
	intern_init(&l->group_sets.texts, seed);
	intern_init(&l->rule_sets.texts, seed);
	return snapshot_init(out);
}

static int loading_end(struct loading *l)
{
	struct snapshot *out = l->out;

	out->rule_sets = l->rule_sets.items;
	out->n_rule_sets = l->rule_sets.texts.count;
	out->groups = take_names(&out->arena, &l->groups);
	out->n_groups = l->groups.count;
	out->rules = take_names(&out->arena, &l->rules);
	out->n_rules = l->rules.count;
	return out->groups && out->rules ? 0 : -ENOMEM;
}

static void loading_fini(struct loading *l)
{
	intern_fini(&l->hosts);
	intern_fini(&l->checks);
	intern_fini(&l->groups);
	intern_fini(&l->rules);
	intern_fini(&l->group_sets.texts);
	intern_fini(&l->rule_sets.texts);
	free(l->group_sets.items);
}

static int name_scan(const struct store_scan *scan, struct snapshot *out)
{
	out->scan = scan->id;
	out->started_us = scan->started_us;
	out->degraded = scan->degraded;
	out->vantage = arena_strdup(&out->arena, scan->vantage);
	return out->vantage ? 0 : -ENOMEM;
}

int snapshot_load(struct store *store, const struct store_scan *scan,
	enum snapshot_extent extent, struct snapshot *out)
{
	struct loading l;
	int rc = loading_init(&l, out);

	l.extent = extent;
	if (rc == 0)
		rc = name_scan(scan, out);
	if (rc == 0)
		rc = store_flows_at(store, out->scan, on_flow, &l);
	if (rc == 0)
		rc = l.rc;
	if (rc == 0)
		rc = loading_end(&l);
	loading_fini(&l);
	return rc;
}

/* ---- an earlier scan, by what changed since -------------------------------------- */

struct patching {
	const struct snapshot *later;
	struct snapshot *out;
	struct intern hosts, checks; /* of `later`, then those that are gone */
	uint32_t host_capacity, check_capacity, flow_capacity;
	int rc;
};

static void *copy_of(const void *items, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size);

	if (copy && count)
		memcpy(copy, items, count * size);
	return copy;
}

static int copy_later(struct patching *p)
{
	const struct snapshot *later = p->later;
	struct snapshot *out = p->out;
	uint32_t number;
	int rc = 0;

	out->hosts = copy_of(later->hosts, later->n_hosts, sizeof *out->hosts);
	out->checks = copy_of(later->checks, later->n_checks, sizeof *out->checks);
	out->rule_sets =
		copy_of(later->rule_sets, later->n_rule_sets, sizeof *out->rule_sets);
	out->flows = copy_of(later->flows, later->n_flows, sizeof *out->flows);
	if (!out->hosts || !out->checks || !out->rule_sets || !out->flows)
		return -ENOMEM;
	p->host_capacity = out->n_hosts = later->n_hosts;
	p->check_capacity = out->n_checks = later->n_checks;
	p->flow_capacity = out->n_flows = later->n_flows;
	out->n_rule_sets = later->n_rule_sets;
	out->groups = later->groups;
	out->n_groups = later->n_groups;
	out->rules = later->rules;
	out->n_rules = later->n_rules;
	/* Numbers of texts stay those of `later`. */
	for (uint32_t i = 1; i < later->texts.count && rc == 0; i++)
		rc = intern_add(&out->texts, later->texts.texts[i], &number);
	for (uint32_t i = 0; i < out->n_flows; i++) {
		struct snapshot_flow *flow = &out->flows[i];
		flow->evidence = NULL;
		flow->incident = 0;
		flow->is_reported = false;
		flow->carried = false;
		flow->gap_reason = REASON_NONE;
	}
	for (uint32_t i = 0; i < out->n_hosts && rc == 0; i++)
		rc = intern_add(&p->hosts, out->hosts[i].name, &number);
	for (uint32_t i = 0; i < out->n_checks && rc == 0; i++)
		rc = intern_add(&p->checks, out->checks[i].name, &number);
	return rc;
}

static struct snapshot_flow *find_flow(
	struct patching *p, const char *host, const char *check)
{
	const struct snapshot_host *of;
	uint32_t h, c;

	if (!intern_find(&p->hosts, host, &h) || h >= p->later->n_hosts ||
		!intern_find(&p->checks, check, &c))
		return NULL;
	of = &p->later->hosts[h];
	for (uint32_t i = of->first_flow; i < of->first_flow + of->n_flows; i++)
		if (p->out->flows[i].check == c)
			return &p->out->flows[i];
	return NULL;
}

/* A host of flows that `later` has not: one more of that name, since the flows of one
 * host are neighbours. */
static int add_gone_host(struct patching *p, const char *name, uint32_t *number)
{
	struct snapshot *out = p->out;
	struct snapshot_host *hosts;

	*number = out->n_hosts - 1;
	if (out->n_hosts > p->later->n_hosts &&
		strcmp(out->hosts[*number].name, name) == 0)
		return 0;
	hosts = array_grow(out->hosts, &p->host_capacity, out->n_hosts, sizeof *hosts);
	if (!hosts)
		return -ENOMEM;
	out->hosts = hosts;
	*number = out->n_hosts++;
	hosts[*number] = (struct snapshot_host){
		.name = arena_strdup(&out->arena, name), .first_flow = out->n_flows};
	return hosts[*number].name ? 0 : -ENOMEM;
}

static int find_gone_check(struct patching *p, const char *name, uint32_t *number)
{
	struct snapshot *out = p->out;
	struct snapshot_check *checks;
	bool added;
	int rc = find_or_add(&p->checks, name, number, &added);

	if (rc < 0 || !added)
		return rc;
	checks = array_grow(
		out->checks, &p->check_capacity, out->n_checks, sizeof *checks);
	if (!checks)
		return -ENOMEM;
	out->checks = checks;
	checks[out->n_checks++] = (struct snapshot_check){
		arena_strdup(&out->arena, name), registry_of_check(name)};
	return checks[*number].name ? 0 : -ENOMEM;
}

static struct snapshot_flow *add_gone_flow(
	struct patching *p, const struct store_change *change)
{
	struct snapshot *out = p->out;
	struct snapshot_flow *flows =
		array_grow(out->flows, &p->flow_capacity, out->n_flows, sizeof *flows);
	struct snapshot_flow *flow;

	if (!flows)
		return NULL;
	out->flows = flows;
	flow = &flows[out->n_flows];
	*flow = (struct snapshot_flow){.verdict = VERDICT_INCONCLUSIVE};
	if (add_gone_host(p, change->host, &flow->host) < 0 ||
		find_gone_check(p, change->check, &flow->check) < 0)
		return NULL;
	out->hosts[flow->host].n_flows++;
	out->n_flows++;
	return flow;
}

static bool on_change(void *data, const struct store_change *change)
{
	struct patching *p = data;
	struct expectation expectation = expectation_of(change->expect);
	struct snapshot_flow *flow = find_flow(p, change->host, change->check);

	p->rc = -ENOMEM;
	if (!flow)
		flow = add_gone_flow(p, change);
	if (!flow)
		return false;
	flow->state = state_of(change->from_state);
	flow->reason = reason_of(change->from_reason);
	flow->expect = (uint8_t)expectation.expect;
	flow->accepts_closed = expectation.accepts_closed;
	/* One that never was measured has no state, but a reason for that. */
	flow->absent = !*change->from_state && !*change->from_reason;
	p->rc = snapshot_text(p->out, change->from_identity, &flow->identity);
	return p->rc == 0;
}

/* The earlier scan out of the later one and of what changed in between: the cost
 * follows the number of changes. */
static int load_earlier(struct store *store, const struct store_scan *scan,
	const struct snapshot *later, struct snapshot *out)
{
	struct patching p = {.later = later, .out = out};
	int rc = snapshot_init(out);

	intern_init(&p.hosts, clock_monotonic_us());
	intern_init(&p.checks, clock_monotonic_us());
	if (rc == 0)
		rc = name_scan(scan, out);
	if (rc == 0)
		rc = copy_later(&p);
	if (rc == 0)
		rc = store_changes(store, scan->id, later->scan, on_change, &p);
	if (rc == 0)
		rc = p.rc;
	intern_fini(&p.hosts);
	intern_fini(&p.checks);
	return rc;
}

int snapshot_load_pair(struct store *before, const struct store_scan *earlier,
	struct store *after, const struct store_scan *later, struct snapshot *then,
	struct snapshot *now)
{
	bool along = before == after && earlier->id <= later->id &&
		     strcmp(earlier->vantage, later->vantage) == 0;
	int rc = snapshot_load(after, later, SNAPSHOT_EVIDENCE, now);

	*then = (struct snapshot){.scan = 0};
	if (rc < 0)
		return rc;
	return along ? load_earlier(before, earlier, now, then)
		     : snapshot_load(before, earlier, SNAPSHOT_STATES, then);
}
