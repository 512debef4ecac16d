/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the rules, read by their kinds, one entry a canonical name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/bind.h"
#include "daemon/engine/plan_build.h"
#include "probes/rpc_names.h"

static const struct conf_field no_fields[] = {CONF_END};

int plan_read_vocabulary(struct plan *plan, struct conf_report *report)
{
	const struct settings *settings = &plan->config->settings;
	size_t count = settings->n_interfaces;
	struct probe_interface *items =
		arena_calloc(&plan->arena, count, sizeof *items);
	struct rpc_name known;
	int rc = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct settings_interface *from = &settings->interfaces[i];
		items[i] = (struct probe_interface){from->name, from->syntax};
		if (!rpc_name_find(from->name, NULL, &known))
			continue;
		conf_error(report, from->mark,
			"'%s' is the built-in name of an interface already",
			from->name);
		conf_help(report, "choose another; rpc/%s is '%s'", from->name,
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

int plan_parse_check(struct plan *plan, const char *text, struct conf_mark mark,
	const struct conf_node *options, struct conf_report *report,
	struct plan_check *out)
{
	struct check check;
	int rc = check_parse(
		text, &plan->vocabulary, mark, &plan->arena, report, &check);

	if (rc < 0)
		return rc;
	*out = (struct plan_check){
		.name = check.name, .ops = check.ops, .conf = check.conf};
	if (!options)
		return 0;
	rc = conf_bind(options, check.ops->fields ? check.ops->fields : no_fields,
		rule_check_keys, check.conf, &plan->arena, report);
	if (rc == 0 && check.ops->bound &&
		!check.ops->bound(check.conf, options, report))
		return -EINVAL;
	return rc;
}

static bool same_texts(const struct conf_texts *a, const struct conf_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_field(const struct conf_field *field, const void *a, const void *b)
{
	const char *left = (const char *)a + field->offset;
	const char *right = (const char *)b + field->offset;

	switch (field->type) {
	case CONF_TEXT:
	case CONF_PATH:
		return same_text(*(const char *const *)(const void *)left,
			*(const char *const *)(const void *)right);
	case CONF_TEXTS:
		return same_texts((const struct conf_texts *)(const void *)left,
			(const struct conf_texts *)(const void *)right);
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
	case CONF_TREE:
		return *(const struct conf_node *const *)(const void *)left ==
		       *(const struct conf_node *const *)(const void *)right;
	case CONF_SECTION:
		for (size_t i = 0; field->fields[i].key; i++)
			if (!same_field(&field->fields[i], left, right))
				return false;
		return true;
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

/* The checks by name, and the source that brought each. */
struct seen_checks {
	struct name_table names;
	uint32_t *first_source;
};

/* The same check with other options was seen before. */
static int report_difference(const struct plan_builder *builder,
	const struct plan_source *first, const struct plan_source *second,
	const char *check, const char *option)
{
	const struct rule *rules = builder->config->rules.rules;
	struct conf_mark there = first->entry->mark;

	conf_error(builder->report, second->entry->mark,
		"rule '%s' gives %s another '%s' than rule '%s' does (%s:%u)",
		rules[second->rule].name, check, option, rules[first->rule].name,
		conf_report_file(builder->report, there.file), (unsigned)there.line);
	conf_help(builder->report, "a check has the same options in every rule");
	return -EINVAL;
}

/* The plan's entry of that name, made where there is none. */
static int intern_check(struct plan_builder *builder, struct seen_checks *seen,
	const struct plan_check *check, uint32_t *index)
{
	struct plan *plan = builder->plan;
	int64_t found = name_table_find(
		&seen->names, NAME_ARRAY(plan->checks, plan->n_checks), check->name);

	if (found >= 0) {
		*index = (uint32_t)found;
		return 0;
	}
	*index = plan->n_checks;
	seen->first_source[plan->n_checks] = builder->n_sources;
	plan->checks[plan->n_checks++] = *check;
	return name_table_add(&seen->names, NAME_ARRAY(plan->checks, plan->n_checks));
}

static int merge_check(struct plan_builder *builder, struct seen_checks *seen,
	const struct plan_check *check, struct plan_source *source)
{
	int rc = intern_check(builder, seen, check, &source->check);

	if (rc < 0)
		return rc;
	const char *option =
		differing_option(&builder->plan->checks[source->check], check);
	if (!option)
		return 0;
	return report_difference(builder,
		&builder->sources[seen->first_source[source->check]], source,
		check->name, option);
}

static uint8_t expectation(const struct rule_check *entry, const struct probe_ops *ops)
{
	if (entry->expect != EXPECT_DEFAULT)
		return (uint8_t)entry->expect;
	return ops->flags & PROBE_EXPECTS_CLEAR ? EXPECT_CLEAR : EXPECT_OPEN;
}

/* One entry of rule `rule`. Those of rules that do not apply are only looked at. */
static int resolve_entry(struct plan_builder *builder, struct seen_checks *seen,
	uint32_t rule, const struct rule_check *entry, bool control)
{
	const struct settings *settings = &builder->config->settings;
	struct plan_source *source = &builder->sources[builder->n_sources];
	struct plan_check check;
	int rc = plan_parse_check(builder->plan, entry->text, entry->mark,
		entry->options, builder->report, &check);

	if (rc < 0 || !builder->applies[rule])
		return rc;
	check.timeout_ms = entry->timeout_ms ? entry->timeout_ms : settings->timeout_ms;
	check.attempts = entry->attempts ? entry->attempts : settings->attempts;
	*source = (struct plan_source){
		.entry = entry,
		.rule = rule,
		.expect = control ? EXPECT_ANY : expectation(entry, check.ops),
		.accept_closed = !control && entry->accept_closed,
		.control = control,
	};
	rc = merge_check(builder, seen, &check, source);
	builder->n_sources++;
	return rc;
}

/* Goes on after a mistake, so that all of them are told at once. */
static int resolve_rule(
	struct plan_builder *builder, struct seen_checks *seen, uint32_t index)
{
	const struct rule *rule = &builder->config->rules.rules[index];
	int rc = 0;

	for (uint32_t i = 0; i < rule->n_checks && rc != -ENOMEM; i++) {
		int one = resolve_entry(builder, seen, index, &rule->checks[i], false);
		rc = one < 0 ? one : rc;
	}
	for (uint32_t i = 0; i < rule->n_controls && rc != -ENOMEM; i++) {
		int one = resolve_entry(builder, seen, index, &rule->controls[i], true);
		rc = one < 0 ? one : rc;
	}
	return rc;
}

static int count_entries(const struct rule_list *rules, uint32_t *count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rules->count; i++)
		sum += (uint64_t)rules->rules[i].n_checks + rules->rules[i].n_controls;
	if (sum > UINT32_MAX / 4)
		return -ENOMEM;
	*count = (uint32_t)sum;
	return 0;
}

static int prepare(struct plan_builder *builder, struct seen_checks *seen)
{
	uint32_t entries;
	int rc = count_entries(&builder->config->rules, &entries);

	if (rc < 0)
		return rc;
	seen->first_source = calloc(entries + 1U, sizeof *seen->first_source);
	builder->sources = calloc(entries + 1U, sizeof *builder->sources);
	builder->plan->checks = arena_calloc(
		&builder->plan->arena, entries + 1U, sizeof *builder->plan->checks);
	if (!seen->first_source || !builder->sources || !builder->plan->checks)
		return -ENOMEM;
	return 0;
}

static int resolve_rules(struct plan_builder *builder, struct seen_checks *seen)
{
	int rc = 0;

	for (uint32_t i = 0; i < builder->config->rules.count && rc != -ENOMEM; i++) {
		int one = resolve_rule(builder, seen, i);
		rc = one < 0 ? one : rc;
	}
	return rc;
}

int plan_resolve_checks(struct plan_builder *builder)
{
	struct seen_checks seen = {0};
	int rc = prepare(builder, &seen);

	if (rc == 0)
		rc = resolve_rules(builder, &seen);
	name_table_fini(&seen.names);
	free(seen.first_source);
	return rc;
}
