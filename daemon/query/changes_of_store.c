/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stored scans. Of one store only the flows that changed are asked for, then the
 * scope is walked once for the counter-evidence; of two stores one side is loaded
 * whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/intern.h"
#include "daemon/model/words.h"
#include "daemon/query/change_set.h"
#include "probes/registry.h"

/* A flow as it was before. */
struct before {
	const char *host, *check; /* in the set's arena */
	const char *identity;
	uint8_t state, reason;
	uint8_t expect;
	bool present;
	bool seen; /* the later scan has it as well */
};

/* The groups that a text of the store names. */
struct group_list {
	const uint32_t *items; /* in the set's arena */
	uint32_t count;
};

struct building {
	struct change_set *set;
	const struct quiet *quiet;
	struct intern before_keys; /* "host check" */
	struct before *before;     /* parallel to them */
	struct intern before_hosts;
	bool whole; /* `before` holds every flow, not only those that changed */
	struct intern group_texts;
	struct group_list *group_lists; /* parallel to them */
	bool *by_path;                  /* parallel to set->checks */
	uint32_t before_capacity, list_capacity, path_capacity;
	uint32_t host_capacity, flow_capacity;
	uint32_t last_host, last_check;
	bool last_touched; /* most hosts of a fleet have no change to look for */
	int rc;
};

/* Finds a text, or adds it. 0 with *added, or -ENOMEM. */
static int intern(struct intern *table, const char *text, uint32_t *number, bool *added)
{
	*added = !intern_find(table, text, number);
	return *added ? intern_add(table, text, number) : 0;
}

/* ---- hosts and their groups ------------------------------------------------------ */

static int parse_groups(struct building *b, const json_t *list, struct group_list *out)
{
	uint32_t *groups =
		arena_calloc(&b->set->arena, json_array_size(list) + 1, sizeof *groups);
	size_t i;
	const json_t *item;
	bool added;

	if (!groups)
		return -ENOMEM;
	*out = (struct group_list){.items = groups};
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		if (!text || strcmp(text, "all") == 0)
			continue;
		if (intern(&b->set->groups, text, &groups[out->count], &added) < 0)
			return -ENOMEM;
		out->count++;
	}
	return 0;
}

/* Hosts of a fleet share few combinations of groups: each is parsed once. */
static const struct group_list *groups_of(struct building *b, const char *text)
{
	struct group_list *lists;
	uint32_t number;
	bool added;
	json_t *json;
	int rc;

	if (intern(&b->group_texts, text, &number, &added) < 0)
		return NULL;
	if (!added)
		return &b->group_lists[number];
	lists = array_grow(b->group_lists, &b->list_capacity, number, sizeof *lists);
	if (!lists)
		return NULL;
	b->group_lists = lists;
	json = json_loads(text, 0, NULL);
	rc = parse_groups(b, json, &lists[number]);
	json_decref(json);
	return rc == 0 ? &lists[number] : NULL;
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

static int add_host(struct building *b, const struct store_flow *flow, uint32_t number)
{
	struct change_set *set = b->set;
	const struct group_list *groups = groups_of(b, flow->groups);
	struct incident_host *hosts =
		array_grow(set->host_items, &b->host_capacity, number, sizeof *hosts);

	if (hosts)
		set->host_items = hosts;
	if (!groups || !hosts)
		return -ENOMEM;
	hosts[number] = (struct incident_host){
		.name = set->hosts.texts[number],
		.address = first_address(flow->addresses),
		.groups = groups->items,
		.n_groups = groups->count,
	};
	return 0;
}

static int host_index(
	struct building *b, const struct store_flow *flow, uint32_t *index)
{
	struct intern *hosts = &b->set->hosts;
	uint32_t nothing;
	bool added;

	/* Rows come by host. */
	if (hosts->count && strcmp(hosts->texts[b->last_host], flow->host) == 0) {
		*index = b->last_host;
		return 0;
	}
	if (intern(hosts, flow->host, index, &added) < 0)
		return -ENOMEM;
	b->last_host = *index;
	b->last_touched = intern_find(&b->before_hosts, flow->host, &nothing);
	return added ? add_host(b, flow, *index) : 0;
}

/* ---- before --------------------------------------------------------------- */

static uint8_t state_of(const char *word)
{
	enum probe_state state = STATE_NONE;

	if (word && *word)
		probe_state_from_word(word, &state);
	return (uint8_t)state;
}

/* Names have no spaces, so "host check" is a key. False: longer than any of ours. */
static bool key_of(const char *host, const char *check, char *key, size_t size)
{
	if (strlen(host) + strlen(check) + 2 > size)
		return false;
	stpcpy(stpcpy(stpcpy(key, host), " "), check);
	return true;
}

#define KEY_SIZE 2048

static uint8_t reason_of(const char *word)
{
	enum probe_reason reason = REASON_NONE;

	if (word)
		probe_reason_from_word(word, &reason);
	return (uint8_t)reason;
}

static int add_before(struct building *b, const char *host, const char *check,
	const char *state, const char *reason, const char *identity, const char *expect,
	bool present)
{
	struct arena *arena = &b->set->arena;
	struct before *items = array_grow(
		b->before, &b->before_capacity, b->before_keys.count, sizeof *items);
	struct before item = {
		.host = arena_strdup(arena, host),
		.check = arena_strdup(arena, check),
		.identity = arena_strdup(arena, identity ? identity : ""),
		.present = present,
		.state = state_of(state),
		.reason = reason_of(reason),
		.expect = (uint8_t)expectation_of(expect).expect,
	};
	char key[KEY_SIZE];
	uint32_t number;
	bool added;

	if (items)
		b->before = items;
	if (!items || !item.host || !item.check || !item.identity)
		return -ENOMEM;
	if (!key_of(host, check, key, sizeof key))
		return 0;
	if (intern(&b->before_hosts, host, &number, &added) < 0 ||
		intern_add(&b->before_keys, key, &number) < 0)
		return -ENOMEM;
	items[number] = item;
	return 0;
}

static bool on_before_flow(void *data, const struct store_flow *flow)
{
	struct building *b = data;

	b->rc = add_before(b, flow->host, flow->check, flow->state, flow->reason,
		flow->identity, flow->expect, true);
	return b->rc == 0;
}

static bool on_change(void *data, const struct store_change *change)
{
	struct building *b = data;

	/* One that never was measured has no state, but a reason for that. */
	bool present = *change->from_state || *change->from_reason;

	b->rc = add_before(b, change->host, change->check, change->from_state,
		change->from_reason, change->from_identity, change->expect, present);
	return b->rc == 0;
}

/* Of the host that host_index() saw last. */
static struct before *find_before(
	struct building *b, const char *host, const char *check)
{
	char key[KEY_SIZE];
	uint32_t number;

	if (!b->last_touched || !key_of(host, check, key, sizeof key) ||
		!intern_find(&b->before_keys, key, &number))
		return NULL;
	return &b->before[number];
}

/* ---- after ---------------------------------------------------------------- */

static struct diff_side side_before(const struct building *b, const struct before *item,
	const struct diff_side *after)
{
	if (item)
		return (struct diff_side){
			.present = item->present,
			.state = (enum probe_state)item->state,
			.reason = (enum probe_reason)item->reason,
			.identity = item->identity,
		};
	return b->whole ? (struct diff_side){0} : *after;
}

static int fill_texts(struct arena *arena, const struct store_flow *flow,
	struct change *change, struct incident_flow *entry)
{
	enum probe_phase phase = PHASE_NONE;

	if (flow->phase)
		probe_phase_from_word(flow->phase, &phase);
	change->reason = entry->reason = reason_of(flow->reason);
	entry->phase = (uint8_t)phase;
	if (flow->evidence && *flow->evidence) {
		change->evidence = arena_strdup(arena, flow->evidence);
		if (!change->evidence)
			return -ENOMEM;
	}
	change->host = arena_strdup(arena, flow->host);
	change->check = arena_strdup(arena, flow->check);
	if (!change->host || !change->check)
		return -ENOMEM;
	entry->kind = change->kind;
	if (change->kind == CHANGE_ADDED)
		change->flow = UINT32_MAX;
	else {
		entry->cause = changes_cause(arena, change);
		entry->hop = changes_hop(arena, change);
	}
	return 0;
}

static bool counts_by_path(const char *check)
{
	const struct probe_ops *ops = registry_of_check(check);

	return ops && ops->flags & PROBE_EXPECTS_CLEAR;
}

/* Hosts of a fleet are asked the same in the same order: the next check is guessed. */
static bool is_next_check(struct building *b, const char *text)
{
	const struct intern *checks = &b->set->checks;
	uint32_t next = b->last_check + 1 < checks->count ? b->last_check + 1 : 0;

	if (checks->count == 0 || strcmp(checks->texts[next], text) != 0)
		return false;
	b->last_check = next;
	return true;
}

static int check_index(struct building *b, const char *text, uint32_t *index)
{
	bool *by_path;
	bool added = false;

	if (!is_next_check(b, text) &&
		intern(&b->set->checks, text, &b->last_check, &added) < 0)
		return -ENOMEM;
	*index = b->last_check;
	if (!added)
		return 0;
	by_path = array_grow(b->by_path, &b->path_capacity, *index, sizeof *by_path);
	if (!by_path)
		return -ENOMEM;
	b->by_path = by_path;
	by_path[*index] = counts_by_path(text);
	return 0;
}

/* A place for one more flow, its host and check filled; NULL: no memory. */
static struct incident_flow *next_entry(
	struct building *b, const struct store_flow *flow)
{
	uint32_t n = b->set->input.n_flows;
	struct incident_flow *flows =
		array_grow(b->set->flow_items, &b->flow_capacity, n, sizeof *flows);

	if (!flows)
		return NULL;
	b->set->flow_items = flows;
	flows[n] = (struct incident_flow){0};
	if (check_index(b, flow->check, &flows[n].check) < 0 ||
		host_index(b, flow, &flows[n].host) < 0)
		return NULL;
	return &flows[n];
}

static int add_after(struct building *b, const struct store_flow *flow)
{
	struct expectation expectation = expectation_of(flow->expect);
	struct incident_flow *entry = next_entry(b, flow);
	struct before *item;
	struct diff_side before, after;
	struct change change;

	if (!entry)
		return -ENOMEM;
	after = (struct diff_side){
		.present = true,
		.state = (enum probe_state)state_of(flow->state),
		.reason = (enum probe_reason)reason_of(flow->reason),
		.identity = flow->identity,
		.by_path = b->by_path[entry->check],
		.accepts_closed = expectation.accepts_closed,
	};
	item = find_before(b, flow->host, flow->check);
	if (item)
		item->seen = true;
	before = side_before(b, item, &after);
	change = (struct change){
		.flow = b->set->input.n_flows++,
		.from = (uint8_t)before.state,
		.to = (uint8_t)after.state,
		.expect = (uint8_t)expectation.expect,
		.kind = (uint8_t)diff_flow(&before, &after, expectation.expect),
	};
	entry->from = (uint8_t)(before.state ? before.state : after.state);
	entry->to = (uint8_t)after.state;
	entry->expect = (uint8_t)expectation.expect;
	if (change.kind == CHANGE_NONE)
		return 0;
	change.silence = quiet_of_stored(b->quiet, flow);
	if (fill_texts(&b->set->arena, flow, &change, entry) < 0)
		return -ENOMEM;
	return change_set_add(b->set, &change);
}

static bool on_after_flow(void *data, const struct store_flow *flow)
{
	struct building *b = data;

	b->rc = add_after(b, flow);
	return b->rc == 0;
}

static int add_removed(struct building *b)
{
	int rc = 0;

	for (uint32_t i = 0; i < b->before_keys.count && rc == 0; i++) {
		const struct before *item = &b->before[i];
		struct change change = {
			.flow = UINT32_MAX,
			.host = item->host,
			.check = item->check,
			.from = item->state,
			.kind = CHANGE_REMOVED,
			.expect = item->expect,
		};
		if (item->present && !item->seen)
			rc = change_set_add(b->set, &change);
	}
	return rc;
}

/* ---- both ----------------------------------------------------------------- */

static int load_before(struct building *b, const struct change_side *before,
	const struct change_side *after)
{
	int rc;

	b->whole = before->store != after->store || before->scan > after->scan ||
		   strcmp(before->vantage, after->vantage) != 0;
	if (b->whole)
		rc = store_flows_at(before->store, before->scan, on_before_flow, b);
	else
		rc = store_changes(
			before->store, before->scan, after->scan, on_change, b);
	return rc < 0 ? rc : b->rc;
}

static int load_after(struct building *b, const struct change_side *after)
{
	int rc;

	/* Nothing changed and nothing will: the scope is of no interest. */
	if (!b->whole && b->before_keys.count == 0)
		return 0;
	rc = store_flows_at(after->store, after->scan, on_after_flow, b);
	if (rc == 0)
		rc = b->rc;
	return rc == 0 ? add_removed(b) : rc;
}

static void building_init(struct building *b, struct change_set *set)
{
	/* Texts come from a file that somebody may have made up: no fixed seed. */
	uint64_t seed = clock_monotonic_us();

	*b = (struct building){.set = set};
	intern_init(&b->before_keys, seed);
	intern_init(&b->before_hosts, seed);
	intern_init(&b->group_texts, seed);
	intern_init(&set->hosts, seed);
	intern_init(&set->checks, seed);
	intern_init(&set->groups, seed);
}

static void building_fini(struct building *b)
{
	intern_fini(&b->before_keys);
	intern_fini(&b->before_hosts);
	intern_fini(&b->group_texts);
	free(b->before);
	free(b->group_lists);
	free(b->by_path);
}

static void fill_input(struct change_set *set)
{
	set->input.hosts = set->host_items;
	set->input.n_hosts = set->hosts.count;
	set->input.checks = set->checks.texts;
	set->input.n_checks = set->checks.count;
	set->input.groups = set->groups.texts;
	set->input.n_groups = set->groups.count;
	set->input.flows = set->flow_items;
}

int changes_of_store(const struct change_side *before, const struct change_side *after,
	const struct quiet *quiet, struct change_set *out)
{
	struct building b;
	int rc;

	*out = (struct change_set){0};
	arena_init(&out->arena, 0);
	building_init(&b, out);
	b.quiet = quiet;
	out->vantage = arena_strdup(&out->arena, after->vantage);
	out->input.vantage = out->vantage;
	rc = out->vantage ? load_before(&b, before, after) : -ENOMEM;
	if (rc == 0)
		rc = load_after(&b, after);
	building_fini(&b);
	fill_input(out);
	if (rc == 0)
		rc = change_set_fold(out);
	if (rc < 0)
		changes_fini(out);
	return rc;
}
