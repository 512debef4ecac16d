/* SPDX-License-Identifier: Apache-2.0 */
/* Reads inventory documents into a builder, as ansible.builtin.yaml does. */
#include "config/inventory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/size.h"
#include "base/suggest.h"
#include "config/inventory_build.h"

/* ---- the builder --------------------------------------------------------------------
 */

/* Finds or adds a group; the name is copied. 0 or -ENOMEM. */
static int intern_group(struct inventory_builder *builder, const char *name,
	struct conf_mark mark, uint32_t *index)
{
	int64_t found = name_table_find(&builder->group_names,
		NAME_ARRAY(builder->groups, builder->n_groups), name);
	if (found >= 0) {
		assert(builder->groups);
		*index = (uint32_t)found;
		if (!builder->groups[*index].mark.line)
			builder->groups[*index].mark = mark;
		return 0;
	}
	char *copy = arena_strdup(builder->arena, name);
	struct build_group *groups = array_grow(builder->groups,
		&builder->group_capacity, builder->n_groups, sizeof *groups);
	if (groups)
		builder->groups = groups;
	if (!groups || !copy)
		return -ENOMEM;
	*index = builder->n_groups++;
	builder->groups[*index] = (struct build_group){
		.name = copy, .mark = mark, .variables.priority = 1};
	return name_table_add(
		&builder->group_names, NAME_ARRAY(builder->groups, builder->n_groups));
}

/* Finds or adds a host. 0, -ENOMEM, or -E2BIG when INVENTORY_MAX_HOSTS are there. */
static int intern_host(struct inventory_builder *builder, const char *name,
	struct conf_mark mark, uint32_t *index)
{
	/* A range that is named again mostly finds its next host behind the last one:
	 * one comparison spares the misses of a hash lookup in a large table. */
	uint32_t guess = builder->last_host + 1;
	bool guessed = guess < builder->n_hosts &&
		       strcmp(builder->hosts[guess].name, name) == 0;
	int64_t found =
		guessed ? guess
			: name_table_find(&builder->host_names,
				  NAME_ARRAY(builder->hosts, builder->n_hosts), name);
	if (found >= 0) {
		*index = builder->last_host = (uint32_t)found;
		return 0;
	}
	if (builder->n_hosts == INVENTORY_MAX_HOSTS)
		return -E2BIG;
	char *copy = arena_strdup(builder->arena, name);
	struct build_host *hosts = array_grow(builder->hosts, &builder->host_capacity,
		builder->n_hosts, sizeof *hosts);
	if (hosts)
		builder->hosts = hosts;
	if (!hosts || !copy)
		return -ENOMEM;
	*index = builder->last_host = builder->n_hosts++;
	builder->hosts[*index] = (struct build_host){.name = copy, .mark = mark};
	return name_table_add(
		&builder->host_names, NAME_ARRAY(builder->hosts, builder->n_hosts));
}

void inventory_builder_mark_incomplete(struct inventory_builder *builder)
{
	builder->incomplete = true;
}

struct inventory_builder *inventory_builder_new(
	struct arena *arena, struct conf_report *report)
{
	struct inventory_builder *builder = calloc(1, sizeof *builder);
	struct conf_mark nowhere = {0};
	uint32_t all, ungrouped;
	if (!builder)
		return NULL;
	builder->arena = arena;
	builder->report = report;
	if (intern_group(builder, "all", nowhere, &all) < 0 ||
		intern_group(builder, "ungrouped", nowhere, &ungrouped) < 0) {
		inventory_builder_free(builder);
		return NULL;
	}
	return builder;
}

void inventory_builder_free(struct inventory_builder *builder)
{
	if (!builder)
		return;
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		index_list_fini(&builder->groups[i].hosts);
		free(builder->groups[i].children);
	}
	name_table_fini(&builder->host_names);
	name_table_fini(&builder->group_names);
	free(builder->hosts);
	free(builder->groups);
	free(builder);
}

/* ---- hosts
 * ---------------------------------------------------------------------------- */

static const char *const group_keys[] = {"hosts", "children", "vars"};

/* Reports a mistake that keeps hosts or groups out. */
#define REPORT_LOSS(builder, ...)                           \
	do {                                                \
		(builder)->incomplete = true;               \
		conf_error((builder)->report, __VA_ARGS__); \
	} while (0)

/* One name or pattern that is being expanded. */
struct addition {
	struct inventory_builder *builder;
	uint32_t group;
	const struct inventory_variables *variables;
	struct conf_mark mark;
};

static int add_host(void *data, const char *name)
{
	struct addition *addition = data;
	struct inventory_builder *builder = addition->builder;
	uint32_t index;
	int rc = intern_host(builder, name, addition->mark, &index);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		if (addition->variables->targets[i])
			builder->hosts[index].targets[i] =
				addition->variables->targets[i];
	if (builder->members++ == INVENTORY_MAX_MEMBERS)
		return -E2BIG;
	return index_list_add(&builder->groups[addition->group].hosts, index);
}

static int expand(struct addition *addition, const char *pattern)
{
	struct inventory_builder *builder = addition->builder;
	const char *error = NULL;
	int rc = inventory_expand(
		pattern, INVENTORY_MAX_HOSTS, add_host, addition, &error);
	if (rc == -E2BIG) {
		bool mentions = builder->members > INVENTORY_MAX_MEMBERS;
		builder->full = true;
		REPORT_LOSS(builder, addition->mark,
			mentions ? "with '%s', the groups name hosts more than %d times"
				 : "with '%s', there are more than %d hosts",
			pattern,
			mentions ? INVENTORY_MAX_MEMBERS : INVENTORY_MAX_HOSTS);
		return 0;
	}
	if (rc != -EINVAL)
		return rc;
	REPORT_LOSS(builder, addition->mark, "'%s' is not a valid host name: %s",
		pattern, error);
	return 0;
}

/* Names end up in tables, keys and commands: no blanks, no control characters. */
static bool check_name(struct inventory_builder *builder, const struct conf_node *key,
	const char *what)
{
	size_t length = strlen(key->text);
	if (length == 0) {
		REPORT_LOSS(builder, key->mark, "the name of a %s is empty", what);
		return false;
	}
	if (length > INVENTORY_MAX_NAME) {
		REPORT_LOSS(builder, key->mark,
			"the name of a %s has %zu bytes; at most %d are allowed", what,
			length, INVENTORY_MAX_NAME);
		return false;
	}
	for (const char *c = key->text; *c; c++) {
		if ((unsigned char)*c > ' ' && *c != 0x7f)
			continue;
		REPORT_LOSS(builder, key->mark,
			"the name of a %s has a space or a control character in it",
			what);
		if (*c == ' ')
			conf_help(builder->report,
				"to list several hosts, write each as a key of its own, with a colon");
		return false;
	}
	return true;
}

static bool is_port(const char *text)
{
	return text[0] == ':' && text[1] &&
	       strspn(text + 1, "0123456789") == strlen(text + 1);
}

/* The only colon outside of brackets, or NULL: "db[1:9]:22" has one, "2001:db8::1"
 * more. */
static char *outer_colon(char *text)
{
	char *colon = NULL;
	bool inside = false;
	for (char *c = text; *c; c++) {
		if (*c == '[' || *c == ']')
			inside = *c == '[';
		if (*c != ':' || inside)
			continue;
		if (colon)
			return NULL;
		colon = c;
	}
	return colon;
}

/* Ansible allows a port behind a host name ("host:2222", "[2001:db8::1]:22"); it is of
 * no use here. */
static void strip_port(char *text)
{
	struct net_address address;
	char *close = strchr(text, ']');
	if (text[0] == '[' && close && (!close[1] || is_port(close + 1))) {
		char bracket = *close;
		*close = '\0';
		if (net_address_parse(text + 1, &address)) {
			memmove(text, text + 1, strlen(text));
			return;
		}
		*close = bracket;
	}
	char *colon = outer_colon(text);
	if (colon && is_port(colon))
		*colon = '\0';
}

static int add_host_pattern(struct inventory_builder *builder, uint32_t group,
	const struct conf_node *key, const struct conf_node *vars)
{
	struct inventory_variables variables = {0};
	char pattern[INVENTORY_MAX_NAME + 1];
	if (builder->full || !check_name(builder, key, "host"))
		return 0;
	if (vars && vars->kind != CONF_MAPPING && !conf_node_is_null(vars)) {
		conf_error(builder->report, vars->mark,
			"the variables of host '%s' must be a mapping, not %s",
			key->text, conf_kind_name(vars->kind));
		vars = NULL;
	}
	int rc = inventory_variables_read(builder, vars, &variables);
	if (rc < 0)
		return rc;
	memcpy(pattern, key->text, strlen(key->text) + 1);
	strip_port(pattern);
	struct addition addition = {.builder = builder,
		.group = group,
		.variables = &variables,
		.mark = key->mark};
	return expand(&addition, pattern);
}

static void report_list(struct inventory_builder *builder, const struct conf_node *list,
	const char *key)
{
	const struct conf_node *first = list->count ? list->items[0] : NULL;
	REPORT_LOSS(builder, list->mark, "'%s' must be a mapping of names, not a list",
		key);
	if (first && first->kind == CONF_SCALAR)
		conf_help(builder->report, "write '%s:' instead of '- %s'", first->text,
			first->text);
	else
		conf_help(builder->report,
			"each name is a key of its own, with a colon and no dash");
}

static int add_hosts(struct inventory_builder *builder, uint32_t group,
	const struct conf_node *hosts)
{
	if (hosts->kind == CONF_SCALAR)
		return add_host_pattern(builder, group, hosts, NULL);
	if (hosts->kind == CONF_SEQUENCE) {
		report_list(builder, hosts, "hosts");
		return 0;
	}
	for (size_t i = 0; i < hosts->count; i++) {
		int rc = add_host_pattern(
			builder, group, hosts->pairs[i].key, hosts->pairs[i].value);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_vars(
	struct inventory_builder *builder, uint32_t group, const struct conf_node *vars)
{
	if (vars->kind != CONF_MAPPING) {
		conf_error(builder->report, vars->mark,
			"'vars' must be a mapping of variables, not %s",
			conf_kind_name(vars->kind));
		return 0;
	}
	return inventory_variables_read(
		builder, vars, &builder->groups[group].variables);
}

static int link_child(struct inventory_builder *builder, uint32_t parent,
	uint32_t child, const struct conf_node *key)
{
	struct build_group *group = &builder->groups[parent];
	if (child == GROUP_ALL) {
		conf_error(builder->report, key->mark,
			"group '%s' can't contain 'all', which contains every group",
			group->name);
		return 0;
	}
	if (parent == GROUP_UNGROUPED || (child == GROUP_UNGROUPED && parent)) {
		conf_error(builder->report, key->mark,
			"'ungrouped' is for hosts that are in no other group: it can't "
			"%s groups",
			parent == GROUP_UNGROUPED ? "contain" : "be in other");
		return 0;
	}
	struct build_child *children = array_grow(group->children,
		&group->child_capacity, group->n_children, sizeof *children);
	if (!children)
		return -ENOMEM;
	group->children = children;
	group->children[group->n_children++] =
		(struct build_child){.group = child, .mark = key->mark};
	return 0;
}

static int add_group(struct inventory_builder *builder, const struct conf_node *key,
	const struct conf_node *value, const uint32_t *parent);

static int add_children(struct inventory_builder *builder, uint32_t group,
	const struct conf_node *children)
{
	if (children->kind == CONF_SCALAR)
		return add_group(builder, children, NULL, &group);
	if (children->kind == CONF_SEQUENCE) {
		report_list(builder, children, "children");
		return 0;
	}
	for (size_t i = 0; i < children->count; i++) {
		int rc = add_group(builder, children->pairs[i].key,
			children->pairs[i].value, &group);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void report_group_key(struct inventory_builder *builder, const char *group,
	const struct conf_node *key)
{
	REPORT_LOSS(builder, key->mark,
		"unknown key '%s' in group '%s': the keys are 'hosts', 'children' and 'vars'",
		key->text, group);
	const char *near =
		suggest_nearest(key->text, group_keys, ARRAY_SIZE(group_keys));
	if (near)
		conf_help(builder->report, "did you mean '%s'?", near);
	else
		conf_help(builder->report, "hosts go one level deeper, under 'hosts:'");
}

static int add_group_part(
	struct inventory_builder *builder, uint32_t group, const struct conf_pair *part)
{
	const char *key = part->key->text;
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(group_keys); i++)
		known = known || strcmp(key, group_keys[i]) == 0;
	if (!known) {
		report_group_key(builder, builder->groups[group].name, part->key);
		return 0;
	}
	if (conf_node_is_null(part->value))
		return 0;
	if (key[0] == 'h')
		return add_hosts(builder, group, part->value);
	if (key[0] == 'c')
		return add_children(builder, group, part->value);
	return add_vars(builder, group, part->value);
}

/* Recursion is as deep as the document: CONF_MAX_DEPTH at most. */
static int add_group(struct inventory_builder *builder, const struct conf_node *key,
	const struct conf_node *value, const uint32_t *parent)
{
	uint32_t group;
	if (!check_name(builder, key, "group"))
		return 0;
	int rc = intern_group(builder, key->text, key->mark, &group);
	if (rc == 0 && parent)
		rc = link_child(builder, *parent, group, key);
	if (rc < 0 || !value || conf_node_is_null(value))
		return rc;
	if (value->kind != CONF_MAPPING) {
		REPORT_LOSS(builder, value->mark,
			"group '%s' must be a mapping of 'hosts', 'children' and "
			"'vars', not %s",
			key->text, conf_kind_name(value->kind));
		return 0;
	}
	for (size_t i = 0; i < value->count && rc == 0; i++)
		rc = add_group_part(builder, group, &value->pairs[i]);
	return rc;
}

static bool check_document(
	struct inventory_builder *builder, const struct conf_node *document)
{
	const struct conf_node *plugin = conf_node_get(document, "plugin");
	if (document->kind != CONF_MAPPING) {
		REPORT_LOSS(builder, document->mark,
			"an inventory must be a mapping of groups, not %s",
			conf_kind_name(document->kind));
		conf_help(builder->report,
			"it begins with 'all:' or the name of a group; to convert an INI "
			"inventory, run 'ansible-inventory -i FILE --list --yaml'");
		return false;
	}
	if (plugin && plugin->kind == CONF_SCALAR) {
		REPORT_LOSS(builder, plugin->mark,
			"this configures an inventory plugin and has no hosts of its own");
		conf_help(builder->report,
			"use the output of 'ansible-inventory -i FILE --list --yaml' "
			"instead");
		return false;
	}
	return true;
}

int inventory_builder_add(
	struct inventory_builder *builder, const struct conf_node *document)
{
	size_t errors = builder->report->errors;
	if (!check_document(builder, document))
		return -EINVAL;
	for (size_t i = 0; i < document->count; i++) {
		int rc = add_group(builder, document->pairs[i].key,
			document->pairs[i].value, NULL);
		if (rc < 0)
			return rc;
	}
	return builder->report->errors == errors ? 0 : -EINVAL;
}
