/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan from rules: which rules are for this vantage, their checks, then rules times
 * hosts by a counting sort and one run over each host that merges duplicates.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "daemon/engine/plan_internal.h"

/* One entry of a rule's `check:` or `control:`, resolved. */
struct source {
	const struct rule_check *entry;
	uint32_t rule;
	uint32_t check; /* index into plan->checks */
	uint8_t expect; /* never EXPECT_DEFAULT */
	bool accept_closed;
	bool control;
	uint32_t reported; /* 1 + the source that it last was reported to contradict */
};

/*
 * The rules of flows as shared sets. Hosts of one group have the same few sets, and a
 * flow's set grows rule by rule, so a set is a smaller one and one more rule, found by
 * a hash: a step for each flow and rule, whatever the number of rules. Set 0 is empty.
 */
struct rule_set {
	uint32_t parent, rule;
	uint32_t depth;  /* rules in the set */
	uint32_t number; /* at the end: 1 + index into plan->rule_sets; 0: not used */
};

struct builder {
	const struct config *config;
	struct conf_report *report;
	struct plan *plan;
	bool *applies;          /* per rule: it is for this vantage */
	struct source *sources; /* of the rules that apply, in their order */
	uint32_t n_sources;
	struct name_table names; /* of plan->checks */
	uint32_t *first_source;  /* per check: the source that brought it */
	struct rule_set *sets;
	uint32_t n_sets, sets_capacity;
	uint32_t *slots; /* hash of (parent, rule) to set; 0: free */
	uint32_t n_slots;
};

static const char *rule_name(const struct builder *builder, uint32_t rule)
{
	return builder->config->rules.rules[rule].name;
}

/* ---- the rules for this vantage -------------------------------------------------- */

/* The inventory's hosts that this vantage may be. */
struct self {
	uint32_t *hosts;
	uint32_t count;
};

static bool is_name(const char *host, const char *vantage)
{
	return strcasecmp(host, vantage) == 0;
}

/* An inventory has whole names where the machine knows but the first label of its own.
 */
static bool is_first_label(const char *host, const char *vantage)
{
	size_t length = strcspn(host, ".");

	return host[length] == '.' && strlen(vantage) == length &&
	       strncasecmp(host, vantage, length) == 0;
}

static int collect(const struct config *config,
	bool (*matches)(const char *host, const char *vantage), struct self *self)
{
	const struct inventory *inventory = &config->inventory;

	for (uint32_t i = 0; i < inventory->n_hosts; i++) {
		if (!matches(inventory->hosts[i].name, config->settings.vantage))
			continue;
		uint32_t *more =
			realloc(self->hosts, (self->count + 1U) * sizeof *self->hosts);
		if (!more)
			return -ENOMEM;
		self->hosts = more;
		self->hosts[self->count++] = i;
	}
	return 0;
}

static int find_self(const struct builder *builder, struct self *self)
{
	const struct inventory *inventory = &builder->config->inventory;
	int rc = collect(builder->config, is_name, self);

	if (rc < 0 || self->count > 0)
		return rc;
	rc = collect(builder->config, is_first_label, self);
	if (rc == 0 && self->count > 1) {
		conf_warning(builder->report, (struct conf_mark){0},
			"vantage '%s' matches both '%s' and '%s', so the rules of both apply",
			builder->config->settings.vantage,
			inventory->hosts[self->hosts[0]].name,
			inventory->hosts[self->hosts[1]].name);
		conf_help(
			builder->report, "set 'vantage' to the full name of the host");
	}
	return rc;
}

static int compare_indexes(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static bool applies(
	const struct config *config, const struct self *self, const char *from)
{
	const struct inventory *inventory = &config->inventory;

	if (!from || is_name(from, config->settings.vantage))
		return true;
	int64_t number = inventory_find_group(inventory, from);
	int64_t host = inventory_find_host(inventory, from);
	for (uint32_t i = 0; i < self->count; i++) {
		const struct inventory_group *group =
			number >= 0 ? &inventory->groups[number] : NULL;
		if (host == (int64_t)self->hosts[i])
			return true;
		if (group && bsearch(&self->hosts[i], group->hosts, group->n_hosts,
				     sizeof *group->hosts, compare_indexes))
			return true;
	}
	return false;
}

/* Built-in sets have rules for every role: each vantage leaves some unused. */
static bool is_built_in(const struct builder *builder, struct conf_mark at)
{
	const char *name = conf_report_file(builder->report, at.file);

	return strncmp(name, "<built-in", strlen("<built-in")) == 0;
}

/* A warning that names up to three of them: "'a', 'b', 'c' and 3 more". */
static int warn_unused(
	const struct builder *builder, uint32_t unused, struct conf_mark at)
{
	struct strbuf text;
	uint32_t named = 0;
	char *names;

	strbuf_init(&text);
	for (uint32_t i = 0; i < builder->config->rules.count && named < 3; i++)
		if (!builder->applies[i])
			strbuf_addf(&text, "%s'%s'", named++ ? ", " : "",
				rule_name(builder, i));
	if (unused > named)
		strbuf_addf(&text, " and %u more", (unsigned)(unused - named));
	names = strbuf_take(&text);
	if (!names)
		return -ENOMEM;
	conf_warning(builder->report, at, "not for vantage '%s': %s",
		builder->config->settings.vantage, names);
	free(names);
	return 0;
}

static int select_rules(struct builder *builder)
{
	const struct rule_list *rules = &builder->config->rules;
	const char *vantage = builder->config->settings.vantage;
	const struct rule *first = NULL;
	struct self self = {0};
	uint32_t unused = 0;
	int rc;

	builder->applies = calloc(rules->count + 1U, sizeof *builder->applies);
	rc = builder->applies ? find_self(builder, &self) : -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < rules->count; i++) {
		builder->applies[i] =
			applies(builder->config, &self, rules->rules[i].from);
		if (!builder->applies[i] && unused++ == 0)
			first = &rules->rules[i];
	}
	free(self.hosts);
	if (rc < 0 || unused == 0)
		return rc;
	if (unused < rules->count)
		return is_built_in(builder, first->from_mark)
			       ? 0
			       : warn_unused(builder, unused, first->from_mark);
	conf_error(builder->report, first->from_mark,
		"no rule applies to vantage '%s', so there is nothing to probe",
		vantage);
	conf_help(builder->report, "set 'vantage' to a host of '%s', or remove 'from'",
		first->from);
	return -EINVAL;
}

/* ---- their checks, one entry for each canonical name ----------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_field(const struct conf_field *field, const void *a, const void *b)
{
	const void *left = (const char *)a + field->offset;
	const void *right = (const char *)b + field->offset;

	switch (field->type) {
	case CONF_TEXT:
	case CONF_PATH:
		return same_text(
			*(const char *const *)left, *(const char *const *)right);
	case CONF_TEXTS: {
		const struct conf_texts *one = left, *other = right;
		bool same = one->count == other->count;
		for (size_t i = 0; same && i < one->count; i++)
			same = strcmp(one->items[i], other->items[i]) == 0;
		return same;
	}
	case CONF_BOOL:
		return memcmp(left, right, sizeof(bool)) == 0;
	case CONF_NUMBER:
	case CONF_DURATION:
		return memcmp(left, right, sizeof(uint32_t)) == 0;
	case CONF_LONG_DURATION:
	case CONF_RATE:
		return memcmp(left, right, sizeof(uint64_t)) == 0;
	case CONF_WORD:
		return memcmp(left, right, sizeof(int)) == 0;
	case CONF_SECTION:
		for (size_t i = 0; field->fields[i].key; i++)
			if (!same_field(&field->fields[i], left, right))
				return false;
		return true;
	case CONF_TREE:
		return *(const struct conf_node *const *)left ==
		       *(const struct conf_node *const *)right;
	case CONF_ELSEWHERE:
		return true;
	}
	return false;
}

/* The option in which two checks of one name differ, or NULL. */
static const char *differing_option(
	const struct plan_check *a, const struct plan_check *b)
{
	const struct conf_field *field = a->ops->fields;

	if (a->timeout_ms != b->timeout_ms)
		return "timeout";
	if (a->attempts != b->attempts)
		return "attempts";
	for (; field && field->key; field++)
		if (!same_field(field, a->conf, b->conf))
			return field->key;
	return NULL;
}

/* Finds or makes the plan's entry of the source's check. */
static int merge_check(
	struct builder *builder, const struct plan_check *check, struct source *source)
{
	struct plan *plan = builder->plan;
	int64_t found = name_table_find(
		&builder->names, NAME_ARRAY(plan->checks, plan->n_checks), check->name);

	if (found < 0) {
		source->check = plan->n_checks;
		builder->first_source[plan->n_checks] = builder->n_sources;
		plan->checks[plan->n_checks++] = *check;
		return name_table_add(
			&builder->names, NAME_ARRAY(plan->checks, plan->n_checks));
	}
	source->check = (uint32_t)found;
	const char *option = differing_option(&plan->checks[found], check);
	if (!option)
		return 0;
	const struct source *first = &builder->sources[builder->first_source[found]];
	struct conf_mark there = first->entry->mark;
	conf_error(builder->report, source->entry->mark,
		"rule '%s' uses a different '%s' for %s than rule '%s' (%s:%u)",
		rule_name(builder, source->rule), option, check->name,
		rule_name(builder, first->rule),
		conf_report_file(builder->report, there.file), (unsigned)there.line);
	conf_help(builder->report, "a check must have the same options in every rule");
	return -EINVAL;
}

/* One entry of rule `rule`. Those of rules that do not apply are only validated. */
static int resolve_entry(struct builder *builder, uint32_t rule,
	const struct rule_check *entry, bool control)
{
	const struct settings *settings = &builder->config->settings;
	struct source *source = &builder->sources[builder->n_sources];
	enum rule_expect expect = entry->expect;
	struct plan_check check;
	int rc = plan_parse_check(builder->plan, entry->text, entry->mark,
		entry->options, builder->report, &check);

	if (rc < 0 || !builder->applies[rule])
		return rc;
	check.timeout_ms = entry->timeout_ms ? entry->timeout_ms : settings->timeout_ms;
	check.attempts = entry->attempts ? entry->attempts : settings->attempts;
	if (control)
		expect = EXPECT_ANY;
	else if (expect == EXPECT_DEFAULT)
		expect = check.ops->flags & PROBE_EXPECTS_CLEAR ? EXPECT_CLEAR
								: EXPECT_OPEN;
	*source = (struct source){
		.entry = entry,
		.rule = rule,
		.expect = (uint8_t)expect,
		.accept_closed = !control && entry->accept_closed,
		.control = control,
	};
	rc = merge_check(builder, &check, source);
	builder->n_sources++;
	return rc;
}

/* Goes on after a mistake, so that all of them are reported at once. */
static int resolve_checks(struct builder *builder)
{
	const struct rule_list *rules = &builder->config->rules;
	uint64_t sum = 0;
	int rc = 0;

	for (uint32_t i = 0; i < rules->count; i++)
		sum += (uint64_t)rules->rules[i].n_checks + rules->rules[i].n_controls;
	if (sum > UINT32_MAX / 4)
		return -ENOMEM;
	builder->first_source = calloc(sum + 1, sizeof *builder->first_source);
	builder->sources = calloc(sum + 1, sizeof *builder->sources);
	builder->plan->checks = arena_calloc(
		&builder->plan->arena, sum + 1, sizeof *builder->plan->checks);
	if (!builder->first_source || !builder->sources || !builder->plan->checks)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];
		uint32_t count = rule->n_checks + rule->n_controls;
		for (uint32_t c = 0; c < count && rc != -ENOMEM; c++) {
			bool control = c >= rule->n_checks;
			const struct rule_check *entry =
				control ? &rule->controls[c - rule->n_checks]
					: &rule->checks[c];
			int one = resolve_entry(builder, i, entry, control);
			rc = one < 0 ? one : rc;
		}
	}
	return rc;
}

/* ---- sets of rules --------------------------------------------------------------- */

static uint32_t *find_slot(
	const struct builder *builder, uint32_t parent, uint32_t rule)
{
	uint64_t key = plan_hash_number((uint64_t)parent << 32 | rule);
	uint32_t at = (uint32_t)key & (builder->n_slots - 1);

	for (; builder->slots[at]; at = (at + 1) & (builder->n_slots - 1)) {
		const struct rule_set *set = &builder->sets[builder->slots[at]];
		if (set->parent == parent && set->rule == rule)
			break;
	}
	return &builder->slots[at];
}

/* Room for one set more, and slots for four times as many as there is room for. */
static int grow_sets(struct builder *builder)
{
	struct rule_set *sets = array_grow(builder->sets, &builder->sets_capacity,
		builder->n_sets, sizeof *builder->sets);
	uint32_t wanted = 256;

	if (!sets || builder->sets_capacity > UINT32_MAX / 8)
		return -ENOMEM;
	builder->sets = sets;
	if (builder->n_sets == 0)
		builder->sets[builder->n_sets++] = (struct rule_set){0};
	while (wanted < builder->sets_capacity * 4)
		wanted *= 2;
	if (wanted == builder->n_slots)
		return 0;
	uint32_t *slots = calloc(wanted, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(builder->slots);
	builder->slots = slots;
	builder->n_slots = wanted;
	for (uint32_t i = 1; i < builder->n_sets; i++)
		*find_slot(builder, sets[i].parent, sets[i].rule) = i;
	return 0;
}

/* Adds a rule, not below those in it, to the set *set. 0 or -ENOMEM. */
static int add_rule(struct builder *builder, uint32_t *set, uint32_t rule)
{
	uint32_t parent = *set;
	int rc;

	if (parent != 0 && builder->sets[parent].rule == rule)
		return 0;
	assert(parent == 0 || builder->sets[parent].rule < rule);
	rc = grow_sets(builder);
	if (rc < 0)
		return rc;
	uint32_t *slot = find_slot(builder, parent, rule);
	if (*slot == 0) {
		*slot = builder->n_sets;
		builder->sets[builder->n_sets++] = (struct rule_set){
			.parent = parent,
			.rule = rule,
			.depth = builder->sets[parent].depth + 1,
		};
	}
	*set = *slot;
	return 0;
}

static uint32_t number_of(struct builder *builder, uint32_t set)
{
	if (builder->sets[set].number == 0)
		builder->sets[set].number = ++builder->plan->n_rule_sets;
	return builder->sets[set].number - 1;
}

/* Writes the sets that flows have into the plan. */
static int finish_sets(struct builder *builder)
{
	struct plan *plan = builder->plan;

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		plan->flows[i].rules = number_of(builder, plan->flows[i].rules);
		plan->flows[i].askers = number_of(builder, plan->flows[i].askers);
	}
	plan->rule_sets =
		arena_calloc(&plan->arena, plan->n_rule_sets, sizeof *plan->rule_sets);
	if (!plan->rule_sets)
		return -ENOMEM;
	for (uint32_t i = 1; i < builder->n_sets; i++) {
		const struct rule_set *set = &builder->sets[i];
		uint32_t *rules;
		if (set->number == 0)
			continue;
		rules = arena_calloc(&plan->arena, set->depth, sizeof *rules);
		if (!rules)
			return -ENOMEM;
		plan->rule_sets[set->number - 1] =
			(struct plan_rule_set){.rules = rules, .count = set->depth};
		for (uint32_t d = set->depth; d > 0; d--) {
			rules[d - 1] = set->rule;
			set = &builder->sets[set->parent];
		}
	}
	return 0;
}

/* ---- rules times hosts ------------------------------------------------------------
 */

/* Sources that a host has before duplicates are merged, by host. */
struct buckets {
	uint32_t *start; /* per inventory host, and one more: where its sources begin */
	uint32_t *sources; /* indexes into builder->sources, rising in a bucket */
};

/* What is known of each check while one host is merged. */
struct last_seen {
	uint32_t host;   /* 1 + the inventory host it was last seen on */
	uint32_t flow;   /* its flow there */
	uint32_t source; /* the source that set the flow's expectation */
};

static int fill_buckets(const struct builder *builder, struct buckets *buckets)
{
	const struct config *config = builder->config;
	uint32_t n_hosts = config->inventory.n_hosts;
	uint64_t total = 0;

	buckets->start = calloc(n_hosts + 2U, sizeof *buckets->start);
	if (!buckets->start)
		return -ENOMEM;
	for (uint32_t s = 0; s < builder->n_sources; s++) {
		const struct rule *rule =
			&config->rules.rules[builder->sources[s].rule];
		total += rule->n_to;
		if (total > PLAN_MAX_FLOWS) {
			conf_error(builder->report, rule->mark,
				"the rules up to '%s' have more than %u flows; give them "
				"fewer hosts or checks",
				rule->name, (unsigned)PLAN_MAX_FLOWS);
			return -EINVAL;
		}
		for (uint32_t i = 0; i < rule->n_to; i++)
			buckets->start[rule->to[i] + 1U]++;
	}
	for (uint32_t h = 0; h < n_hosts; h++)
		buckets->start[h + 1U] += buckets->start[h];
	buckets->sources = calloc(total + 1, sizeof *buckets->sources);
	if (!buckets->sources)
		return -ENOMEM;
	/* `start` serves as the place to write, and is moved back by one host
	 * afterwards. */
	for (uint32_t s = 0; s < builder->n_sources; s++) {
		const struct rule *rule =
			&config->rules.rules[builder->sources[s].rule];
		for (uint32_t i = 0; i < rule->n_to; i++)
			buckets->sources[buckets->start[rule->to[i]]++] = s;
	}
	memmove(buckets->start + 1, buckets->start, n_hosts * sizeof *buckets->start);
	buckets->start[0] = 0;
	return 0;
}

static int report_contradiction(
	struct builder *builder, uint32_t host, uint32_t first, uint32_t second)
{
	struct source *there = &builder->sources[first];
	struct source *here = &builder->sources[second];

	if (here->reported == first + 1)
		return -EINVAL;
	here->reported = first + 1;
	conf_error(builder->report, here->entry->mark,
		"rule '%s' expects %s on '%s' to be %s%s, rule '%s' expects %s%s (%s:%u)",
		rule_name(builder, here->rule), builder->plan->checks[here->check].name,
		builder->config->inventory.hosts[host].name,
		rule_expect_name(here->expect), here->accept_closed ? " or closed" : "",
		rule_name(builder, there->rule), rule_expect_name(there->expect),
		there->accept_closed ? " or closed" : "",
		conf_report_file(builder->report, there->entry->mark.file),
		(unsigned)there->entry->mark.line);
	conf_help(builder->report, "keep only one rule for each check of a host");
	return -EINVAL;
}

/* One source of a host's flow of that check, which is new when `last` is not of this
 * host. */
static int add_source(
	struct builder *builder, uint32_t host, struct last_seen *last, uint32_t s)
{
	const struct source *source = &builder->sources[s];
	struct plan *plan = builder->plan;
	struct plan_flow *flow = &plan->flows[last->flow];
	bool first = last->host != host + 1U;
	int rc = 0;

	if (first) {
		*last = (struct last_seen){host + 1U, plan->n_flows, s};
		flow = &plan->flows[plan->n_flows++];
		flow->host = plan->n_hosts;
	}
	if (first || (!source->control && flow->control)) {
		/* Also over a mere control. */
		last->source = s;
		flow->check = source->check;
		flow->expect = source->expect;
		flow->accept_closed = source->accept_closed;
		flow->control = source->control;
		flow->rules = 0;
		rc = add_rule(builder, &flow->rules, source->rule);
	} else if (!source->control || flow->control) {
		/* A control that is asked anyway is judged by the rule that asks. */
		if (source->expect != flow->expect ||
			source->accept_closed != flow->accept_closed)
			return report_contradiction(builder, host, last->source, s);
		rc = add_rule(builder, &flow->rules, source->rule);
	}
	if (rc < 0)
		return rc;
	flow->vital |= builder->config->rules.rules[source->rule].vital;
	return add_rule(builder, &flow->askers, source->rule);
}

static int add_flows(struct builder *builder, const struct buckets *buckets)
{
	struct plan *plan = builder->plan;
	const struct inventory *inventory = &builder->config->inventory;
	struct last_seen *seen = calloc(plan->n_checks + 1U, sizeof *seen);
	int rc = seen ? 0 : -ENOMEM;

	for (uint32_t h = 0; h < inventory->n_hosts && rc != -ENOMEM; h++) {
		struct plan_host *host = &plan->hosts[plan->n_hosts];
		if (buckets->start[h] == buckets->start[h + 1U])
			continue;
		*host = plan_host_of(inventory, h);
		host->first_flow = plan->n_flows;
		for (uint32_t i = buckets->start[h];
			i < buckets->start[h + 1U] && rc != -ENOMEM; i++) {
			uint32_t s = buckets->sources[i];
			int one = add_source(
				builder, h, &seen[builder->sources[s].check], s);
			rc = one < 0 ? one : rc;
		}
		host->n_flows = plan->n_flows - host->first_flow;
		plan->n_hosts++;
	}
	free(seen);
	return rc;
}

static int unroll(struct builder *builder)
{
	struct plan *plan = builder->plan;
	uint32_t n_hosts = builder->config->inventory.n_hosts, with_flows = 0;
	struct buckets buckets = {0};
	int rc = fill_buckets(builder, &buckets);

	if (rc == 0) {
		for (uint32_t h = 0; h < n_hosts; h++)
			with_flows += buckets.start[h] != buckets.start[h + 1U];
		plan->hosts = arena_calloc(
			&plan->arena, with_flows + 1U, sizeof *plan->hosts);
		/* Room for every source as a flow; what duplicates leave over is given
		 * back. */
		plan->flows = calloc(buckets.start[n_hosts] + 1U, sizeof *plan->flows);
		rc = plan->hosts && plan->flows ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		rc = add_flows(builder, &buckets);
		struct plan_flow *flows =
			realloc(plan->flows, (plan->n_flows + 1U) * sizeof *flows);
		if (flows)
			plan->flows = flows;
	}
	free(buckets.start);
	free(buckets.sources);
	return rc;
}

/* ---- all of it ---------------------------------------------------------------------
 */

static int build(struct builder *builder)
{
	int checks, rc = select_rules(builder);

	if (rc == -ENOMEM)
		return rc;
	/* Also where no rule applies: a mistake in a check is one at every vantage. */
	checks = resolve_checks(builder);
	if (rc < 0 || checks < 0)
		return checks < 0 ? checks : rc;
	rc = grow_sets(builder);
	if (rc == 0)
		rc = unroll(builder);
	if (rc == 0)
		rc = finish_sets(builder);
	if (rc == 0)
		rc = plan_measure(builder->plan);
	return rc;
}

int plan_build(
	const struct config *config, struct conf_report *report, struct plan **out)
{
	struct builder builder = {.config = config, .report = report};
	int rc;

	if (config->rules.count == 0) {
		conf_error(report, (struct conf_mark){0},
			"there are no rules, so there is nothing to probe");
		return -EINVAL;
	}
	rc = plan_new(config, report, &builder.plan);
	if (rc != -ENOMEM)
		rc = conf_worse(rc, build(&builder));
	free(builder.applies);
	free(builder.sources);
	free(builder.first_source);
	name_table_fini(&builder.names);
	free(builder.sets);
	free(builder.slots);
	if (rc < 0)
		plan_free(builder.plan);
	else
		*out = builder.plan;
	return rc;
}
