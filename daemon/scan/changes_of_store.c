/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stored scans. Of one store only the flows that changed are asked for, then the
 * scope is walked once for the counter-evidence; of two stores one side is loaded
 * whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/array.h"
#include "base/size.h"
#include "daemon/scan/change_set.h"
#include "daemon/scan/expectation.h"

/* A flow as it was before. */
struct before {
	UT_hash_handle hh;
	const char *host, *check; /* in the set's arena */
	const char *identity;
	uint8_t state;
	uint8_t expect;
	bool present;
	bool seen; /* the later scan has it as well */
	char key[];
};

/* A text and its place in one of the arrays of the input. */
struct name {
	UT_hash_handle hh;
	uint32_t index;
	const uint32_t *groups; /* of a groups text: the parsed indexes */
	uint32_t n_groups;
	bool by_path; /* of a check: listeners may come and go */
	bool touched; /* of a host: some flow of it is in `before` */
	char text[];
};

struct building {
	struct change_set *set;
	struct before *before;
	bool whole; /* `before` holds every flow, not only those that changed */
	struct name *hosts, *checks, *groups, *group_texts, *before_hosts;
	struct incident_host *host_items;
	struct incident_flow *flow_items;
	const char **check_items, **group_items;
	uint32_t host_capacity, flow_capacity, check_capacity, group_capacity;
	uint32_t last_host, last_check;
	bool last_touched; /* most hosts of a fleet have no change to look for */
	int rc;
};

/* ---- names ---------------------------------------------------------------- */

/* Finds a text, or adds it with `index` as its place. NULL: no memory. */
/* uthash in a line is a hundred statements to clang-tidy. */
/* NOLINTNEXTLINE(readability-function-size) */
static struct name *intern(struct change_set *set, struct name **names,
	const char *text, uint32_t index, bool *added)
{
	struct name *name;
	size_t length = strlen(text);

	HASH_FIND(hh, *names, text, length, name);
	*added = !name;
	if (name)
		return name;
	name = arena_calloc(&set->arena, 1, sizeof *name + length + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, length);
	name->index = index;
	HASH_ADD_KEYPTR(hh, *names, name->text, length, name);
	return name->hh.tbl ? name : NULL;
}

/* The same, with its place in a growing array of texts. */
static struct name *intern_into(struct building *b, struct name **names,
	const char *text, const char ***items, uint32_t *count, uint32_t *capacity)
{
	bool added;
	struct name *name = intern(b->set, names, text, *count, &added);
	const char **grown = array_grow(*items, capacity, *count, sizeof *grown);

	if (grown)
		*items = grown;
	if (!name || !grown)
		return NULL;
	if (added)
		(*items)[(*count)++] = name->text;
	return name;
}

/* ---- hosts and their groups ----------------------------------------------- */

static int parse_groups(struct building *b, const json_t *list, struct name *name)
{
	uint32_t *groups =
		arena_calloc(&b->set->arena, json_array_size(list) + 1, sizeof *groups);
	size_t i;
	const json_t *item;

	if (!groups)
		return -ENOMEM;
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		const struct name *group;
		if (!text || strcmp(text, "all") == 0)
			continue;
		group = intern_into(b, &b->groups, text, &b->group_items,
			&b->set->input.n_groups, &b->group_capacity);
		if (!group)
			return -ENOMEM;
		groups[name->n_groups++] = group->index;
	}
	name->groups = groups;
	return 0;
}

/* Hosts of a fleet share few combinations of groups: each is parsed once. */
static const struct name *groups_of(struct building *b, const char *json)
{
	bool added;
	struct name *name = intern(b->set, &b->group_texts, json, 0, &added);
	json_t *list;
	int rc;

	if (!name || !added)
		return name;
	list = json_loads(json, 0, NULL);
	rc = parse_groups(b, list, name);
	json_decref(list);
	return rc == 0 ? name : NULL;
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

/* Is there anything to look for among what was before? */
/* uthash in a line is a hundred statements to clang-tidy. */
/* NOLINTNEXTLINE(readability-function-size) */
static bool is_touched(const struct building *b, const char *host)
{
	struct name *name = NULL;

	HASH_FIND(hh, b->before_hosts, host, strlen(host), name);
	return name != NULL;
}

static int host_index(
	struct building *b, const struct store_flow *flow, uint32_t *index)
{
	struct incident_input *input = &b->set->input;
	struct incident_host *hosts;
	const struct name *groups;
	struct name *name;
	bool added;

	/* Rows come by host. */
	if (input->n_hosts && !strcmp(b->host_items[b->last_host].name, flow->host)) {
		*index = b->last_host;
		return 0;
	}
	name = intern(b->set, &b->hosts, flow->host, input->n_hosts, &added);
	if (!name)
		return -ENOMEM;
	if (added)
		name->touched = is_touched(b, flow->host);
	*index = b->last_host = name->index;
	b->last_touched = name->touched;
	if (!added)
		return 0;
	groups = groups_of(b, flow->groups);
	hosts = array_grow(
		b->host_items, &b->host_capacity, input->n_hosts, sizeof *hosts);
	if (hosts)
		b->host_items = hosts;
	if (!groups || !hosts)
		return -ENOMEM;
	b->host_items[input->n_hosts++] = (struct incident_host){
		.name = name->text,
		.address = first_address(flow->addresses),
		.groups = groups->groups,
		.n_groups = groups->n_groups,
	};
	return 0;
}

/* ---- before --------------------------------------------------------------- */

static uint8_t state_of(const char *word)
{
	enum probe_state state = STATE_NONE;

	if (word && *word)
		probe_state_from_word(word, &state);
	return (uint8_t)state;
}

/* Names have no spaces, so "host check" is a key. */
/* uthash in a line is a hundred statements to clang-tidy. */
/* NOLINTNEXTLINE(readability-function-size) */
static int add_before(struct building *b, const char *host, const char *check,
	const char *state, const char *identity, const char *expect, bool present)
{
	size_t length = strlen(host) + strlen(check) + 1;
	struct arena *arena = &b->set->arena;
	struct before *item = arena_calloc(arena, 1, sizeof *item + length + 1);
	bool added;

	if (!item || !intern(b->set, &b->before_hosts, host, 0, &added))
		return -ENOMEM;
	stpcpy(stpcpy(stpcpy(item->key, host), " "), check);
	item->host = arena_strdup(arena, host);
	item->check = arena_strdup(arena, check);
	item->identity = arena_strdup(arena, identity ? identity : "");
	item->present = present;
	item->state = state_of(state);
	item->expect = (uint8_t)expectation_of(expect).expect;
	if (!item->host || !item->check || !item->identity)
		return -ENOMEM;
	HASH_ADD_KEYPTR(hh, b->before, item->key, length, item);
	return item->hh.tbl ? 0 : -ENOMEM;
}

static bool on_before_flow(void *data, const struct store_flow *flow)
{
	struct building *b = data;

	b->rc = add_before(b, flow->host, flow->check, flow->state, flow->identity,
		flow->expect, true);
	return b->rc == 0;
}

static bool on_change(void *data, const struct store_change *change)
{
	struct building *b = data;

	/* One that never was measured has no state, but a reason for that. */
	bool present = *change->from_state || *change->from_reason;

	b->rc = add_before(b, change->host, change->check, change->from_state,
		change->from_identity, change->expect, present);
	return b->rc == 0;
}

/* uthash in a line is a hundred statements to clang-tidy. */
/* NOLINTNEXTLINE(readability-function-size) */
static struct before *find_key(const struct building *b, const char *key, size_t length)
{
	struct before *item = NULL;

	HASH_FIND(hh, b->before, key, length, item);
	return item;
}

/* Of the host that host_index() saw last. */
static struct before *find_before(
	struct building *b, const char *host, const char *check)
{
	char key[1024];
	size_t h = strlen(host), c = strlen(check);

	/* Keys this long come from no inventory. */
	if (!b->last_touched || h + c + 2 > sizeof key)
		return NULL;
	stpcpy(stpcpy(stpcpy(key, host), " "), check);
	return find_key(b, key, h + c + 1);
}

/* ---- after ---------------------------------------------------------------- */

static struct diff_side side_before(const struct building *b, const struct before *item,
	const struct diff_side *after)
{
	if (item)
		return (struct diff_side){
			.present = item->present,
			.state = (enum probe_state)item->state,
			.identity = item->identity,
		};
	return b->whole ? (struct diff_side){0} : *after;
}

static int fill_texts(struct arena *arena, const struct store_flow *flow,
	struct change *change, struct incident_flow *entry)
{
	enum probe_reason reason = REASON_NONE;

	if (flow->reason)
		probe_reason_from_word(flow->reason, &reason);
	change->reason = (uint8_t)reason;
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
	else
		entry->cause = changes_cause(arena, change);
	return 0;
}

/* The kind of a stored check is the word before its slash. */
static bool counts_by_path(const char *check)
{
	const struct probe_ops *ops;
	char kind[32];

	snprintf(kind, sizeof kind, "%.*s", (int)strcspn(check, "/"), check);
	ops = registry_find(kind);
	return ops && ops->flags & PROBE_EXPECTS_CLEAR;
}

/* Hosts of a fleet are asked the same in the same order: the next check is guessed. */
static const struct name *guess_check(struct building *b, const char *text)
{
	uint32_t next =
		b->last_check + 1 < b->set->input.n_checks ? b->last_check + 1 : 0;

	if (b->set->input.n_checks == 0 || strcmp(b->check_items[next], text) != 0)
		return NULL;
	return CONTAINER_OF(b->check_items[next], struct name, text);
}

static const struct name *check_of(struct building *b, const char *text)
{
	struct incident_input *input = &b->set->input;
	uint32_t known = input->n_checks;
	const struct name *guess = guess_check(b, text);
	struct name *check;

	if (guess) {
		b->last_check = guess->index;
		return guess;
	}
	check = intern_into(b, &b->checks, text, &b->check_items, &input->n_checks,
		&b->check_capacity);
	if (!check)
		return NULL;
	if (input->n_checks > known)
		check->by_path = counts_by_path(text);
	b->last_check = check->index;
	return check;
}

/* A place for one more flow, its host and check filled; NULL: no memory. */
static struct incident_flow *next_entry(
	struct building *b, const struct store_flow *flow, const struct name **check)
{
	uint32_t n = b->set->input.n_flows;
	struct incident_flow *flows =
		array_grow(b->flow_items, &b->flow_capacity, n, sizeof *flows);

	if (!flows)
		return NULL;
	b->flow_items = flows;
	flows[n] = (struct incident_flow){0};
	*check = check_of(b, flow->check);
	if (!*check || host_index(b, flow, &flows[n].host) < 0)
		return NULL;
	flows[n].check = (*check)->index;
	return &flows[n];
}

static int add_after(struct building *b, const struct store_flow *flow)
{
	struct expectation expectation = expectation_of(flow->expect);
	const struct name *check;
	struct incident_flow *entry = next_entry(b, flow, &check);
	struct before *item;
	struct diff_side before, after;
	struct change change;

	if (!entry)
		return -ENOMEM;
	after = (struct diff_side){
		.present = true,
		.state = (enum probe_state)state_of(flow->state),
		.identity = flow->identity,
		.by_path = check->by_path,
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
	if (change.kind == CHANGE_NONE)
		return 0;
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
	struct before *item, *next;

	HASH_ITER(hh, b->before, item, next) {
		struct change change = {
			.flow = UINT32_MAX,
			.host = item->host,
			.check = item->check,
			.from = item->state,
			.kind = CHANGE_REMOVED,
			.expect = item->expect,
		};
		if (rc == 0 && item->present && !item->seen)
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
	if (!b->whole && !b->before)
		return 0;
	rc = store_flows_at(after->store, after->scan, on_after_flow, b);
	if (rc == 0)
		rc = b->rc;
	return rc == 0 ? add_removed(b) : rc;
}

static void drop_tables(struct building *b)
{
	HASH_CLEAR(hh, b->before);
	HASH_CLEAR(hh, b->before_hosts);
	HASH_CLEAR(hh, b->hosts);
	HASH_CLEAR(hh, b->checks);
	HASH_CLEAR(hh, b->groups);
	HASH_CLEAR(hh, b->group_texts);
}

/* The set frees what has grown here. */
static void hand_over(struct building *b)
{
	struct change_set *set = b->set;

	set->owned[0] = b->host_items;
	set->owned[1] = b->flow_items;
	set->owned[2] = (void *)b->check_items;
	set->owned[3] = (void *)b->group_items;
	set->input.hosts = b->host_items;
	set->input.flows = b->flow_items;
	set->input.checks = b->check_items;
	set->input.groups = b->group_items;
}

int changes_of_store(const struct change_side *before, const struct change_side *after,
	struct change_set *out)
{
	struct building b = {.set = out};
	int rc;

	*out = (struct change_set){0};
	arena_init(&out->arena, 0);
	out->vantage = arena_strdup(&out->arena, after->vantage);
	out->input.vantage = out->vantage;
	rc = out->vantage ? load_before(&b, before, after) : -ENOMEM;
	if (rc == 0)
		rc = load_after(&b, after);
	drop_tables(&b);
	hand_over(&b);
	if (rc == 0)
		rc = change_set_fold(out);
	if (rc < 0)
		changes_fini(out);
	return rc;
}
