/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

#include "config/document.h"
#include "config/include.h"

/* One load; `path` stands in messages, and its folder is the one of relative paths. */
struct loader {
	const char *path;
	struct config *config;
	struct conf_report *report;
	struct conf_mark file; /* the file as a whole */
	bool broken; /* the document has mistakes as such: some of it may be missing */
};

static void report_no_inventory(
	const struct loader *loader, const struct conf_node *node)
{
	conf_error(loader->report, node ? node->mark : loader->file,
		"the key 'inventory' is missing");
	conf_help(loader->report,
		"name the inventory files, as in 'inventory: [hosts.yaml]', or write the "
		"hosts here, as in 'inventory: {all: {hosts: {rdls01.corp.example: }}}'");
}

static int add_inventory(const struct loader *loader, struct inventory_builder *builder,
	const struct conf_node *node, struct arena *documents)
{
	if (conf_node_is_null(node)) {
		report_no_inventory(loader, node);
		inventory_builder_mark_incomplete(builder);
		return -EINVAL;
	}
	if (node->kind == CONF_MAPPING)
		return inventory_builder_add(builder, node);
	struct include_scope scope = {.self = loader->path, .documents = documents};
	return include_inventories(&scope, node, builder, loader->report);
}

/* The files' own trees are freed as soon as hosts and groups have been made of them:
 * they are several times as large. */
static int bind_inventory(const struct loader *loader, const struct conf_node *node)
{
	struct inventory *inventory = &loader->config->inventory;
	struct inventory_builder *builder =
		inventory_builder_new(&loader->config->arena, loader->report);
	struct arena documents;
	if (!builder)
		return -ENOMEM;
	arena_init(&documents, 0);
	int rc = add_inventory(loader, builder, node, &documents);
	if (loader->broken)
		inventory_builder_mark_incomplete(builder);
	if (rc != -ENOMEM)
		rc = conf_worse(rc, inventory_builder_finish(builder, inventory));
	inventory_builder_free(builder);
	arena_fini(&documents);
	if (rc == -ENOMEM || inventory->n_hosts || inventory->incomplete)
		return rc;
	conf_error(loader->report, node->mark, "the inventory has no hosts");
	return -EINVAL;
}

/* `reachd -c hosts.yaml` is an easy slip: say so once rather than key by key. */
static bool is_inventory(const struct conf_node *root)
{
	const struct conf_node *all = conf_node_get(root, "all");
	return !conf_node_get(root, "inventory") &&
	       (conf_node_get(all, "hosts") || conf_node_get(all, "children"));
}

static bool check_root(const struct loader *loader, const struct conf_node *root)
{
	if (!root || conf_node_is_null(root)) {
		conf_error(loader->report, loader->file, "the file is empty");
		conf_help(loader->report,
			"it needs 'inventory:', the hosts, and 'rules:', the connections to check");
		return false;
	}
	if (root->kind != CONF_MAPPING) {
		conf_error(loader->report, root->mark,
			"the file must be a mapping with 'inventory' and 'rules', not %s",
			conf_kind_name(root->kind));
		return false;
	}
	if (is_inventory(root)) {
		conf_error(loader->report, root->mark,
			"this file is an inventory, not a configuration");
		conf_help(loader->report,
			"name it in a configuration: 'inventory: [%s]'", loader->path);
		return false;
	}
	return true;
}

static int bind_all(const struct loader *loader, const struct conf_node *root)
{
	struct config *config = loader->config;
	if (!check_root(loader, root))
		return -EINVAL;
	int rc = settings_bind(
		root, loader->path, &config->arena, loader->report, &config->settings);
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, bind_inventory(loader, conf_node_get(root, "inventory")));
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, rules_bind(conf_node_get(root, "rules"), loader->file,
				    &config->inventory, &config->settings.schedule,
				    &config->arena, loader->report, &config->rules));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, rules_bind_controls(conf_node_get(root, "controls"),
					    &config->inventory, &config->arena,
					    loader->report, &config->rules));
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, notify_bind(conf_node_get(root, "notify"),
				    &config->inventory, &config->rules, &config->arena,
				    loader->report, &config->notify));
	return rc;
}

static struct config *config_new(const char *path)
{
	struct config *config = calloc(1, sizeof *config);
	if (!config)
		return NULL;
	arena_init(&config->arena, 0);
	config->path = arena_strdup(&config->arena, path);
	if (config->path)
		return config;
	config_free(config);
	return NULL;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	arena_fini(&config->arena);
	free(config);
}

/* Ends a load whose document was read with the result `rc`. What could be read of a
 * document with mistakes is searched for more of them. */
static int finish(struct loader *loader, int rc, const struct conf_node *root,
	struct config **out)
{
	loader->broken = rc == -EINVAL;
	if (rc == 0 || (loader->broken && root))
		rc = conf_worse(rc, bind_all(loader, root));
	if (rc == 0 && !conf_report_ok(loader->report))
		rc = -EINVAL;
	if (rc < 0)
		config_free(loader->config);
	else
		*out = loader->config;
	return rc;
}

int config_load(const char *path, struct conf_report *report, struct config **out)
{
	const struct conf_node *root = NULL;
	struct loader loader = {.path = path,
		.config = config_new(path),
		.report = report,
		.file.file = (uint32_t)report->n_sources};
	if (!loader.config)
		return -ENOMEM;
	int rc = conf_document_load(path, &loader.config->arena, report, &root);
	return finish(&loader, rc, root, out);
}

int config_parse(const char *name, const char *text, size_t size,
	struct conf_report *report, struct config **out)
{
	const struct conf_node *root = NULL;
	struct loader loader = {.path = "",
		.config = config_new(name),
		.report = report,
		.file.file = (uint32_t)report->n_sources};
	if (!loader.config)
		return -ENOMEM;
	int rc = conf_document_parse(
		name, text, size, &loader.config->arena, report, &root);
	return finish(&loader, rc, root, out);
}
