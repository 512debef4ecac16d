/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules are for this vantage: whose `from` holds it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/strbuf.h"
#include "daemon/engine/plan_build.h"

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

static int find_self(struct plan_builder *builder, struct self *self)
{
	const struct inventory *inventory = &builder->config->inventory;
	const char *vantage = builder->config->settings.vantage;
	int rc = collect(builder->config, is_name, self);

	if (rc < 0 || self->count > 0)
		return rc;
	rc = collect(builder->config, is_first_label, self);
	if (rc == 0 && self->count > 1) {
		conf_warning(builder->report, (struct conf_mark){0},
			"vantage '%s' may be '%s' or '%s': the rules from either apply",
			vantage, inventory->hosts[self->hosts[0]].name,
			inventory->hosts[self->hosts[1]].name);
		conf_help(builder->report, "set 'vantage' to the host's whole name");
	}
	return rc;
}

static int compare_indexes(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static bool group_has(const struct inventory_group *group, uint32_t host)
{
	return bsearch(&host, group->hosts, group->n_hosts, sizeof *group->hosts,
		       compare_indexes) != NULL;
}

static bool applies(
	const struct config *config, const struct self *self, const char *from)
{
	const struct inventory *inventory = &config->inventory;

	if (!from || is_name(from, config->settings.vantage))
		return true;
	int64_t group = inventory_find_group(inventory, from);
	int64_t host = inventory_find_host(inventory, from);
	for (uint32_t i = 0; i < self->count; i++) {
		if (host == (int64_t)self->hosts[i])
			return true;
		if (group >= 0 && group_has(&inventory->groups[group], self->hosts[i]))
			return true;
	}
	return false;
}

/* The names of up to three rules that do not apply: "'a', 'b' and 3 more". */
static char *name_unused(const struct plan_builder *builder, uint32_t unused)
{
	struct strbuf text;
	uint32_t named = 0;

	strbuf_init(&text);
	for (uint32_t i = 0; i < builder->config->rules.count && named < 3; i++)
		if (!builder->applies[i])
			strbuf_addf(&text, "%s'%s'", named++ ? ", " : "",
				builder->config->rules.rules[i].name);
	if (unused > named)
		strbuf_addf(&text, " and %u more", (unsigned)(unused - named));
	return strbuf_take(&text);
}

static bool is_built_in(const struct plan_builder *builder, struct conf_mark at)
{
	const char *name = conf_report_file(builder->report, at.file);

	return strncmp(name, "<built-in", strlen("<built-in")) == 0;
}

static int report_unused(
	struct plan_builder *builder, uint32_t unused, uint32_t first_unused)
{
	const struct rule_list *rules = &builder->config->rules;
	struct conf_mark at = rules->rules[first_unused].from_mark;
	const char *vantage = builder->config->settings.vantage;
	char *names = name_unused(builder, unused);

	if (!names)
		return -ENOMEM;
	/* Built-in sets have rules for every role: each vantage leaves some unused. */
	if (unused < rules->count && is_built_in(builder, at)) {
		free(names);
		return 0;
	}
	if (unused < rules->count) {
		conf_warning(builder->report, at, "not for vantage '%s': %s", vantage,
			names);
	} else {
		conf_error(builder->report, at,
			"no rule is for vantage '%s', so there is nothing to probe",
			vantage);
		conf_help(builder->report,
			"set 'vantage' to a host of '%s', or remove 'from'",
			rules->rules[first_unused].from);
	}
	free(names);
	return unused < rules->count ? 0 : -EINVAL;
}

int plan_select_rules(struct plan_builder *builder)
{
	const struct rule_list *rules = &builder->config->rules;
	struct self self = {0};
	uint32_t unused = 0, first_unused = 0;
	int rc;

	builder->applies = calloc(rules->count + 1U, sizeof *builder->applies);
	rc = builder->applies ? find_self(builder, &self) : -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < rules->count; i++) {
		builder->applies[i] =
			applies(builder->config, &self, rules->rules[i].from);
		if (!builder->applies[i] && unused++ == 0)
			first_unused = i;
	}
	free(self.hosts);
	if (rc < 0 || unused == 0)
		return rc;
	return report_unused(builder, unused, first_unused);
}
