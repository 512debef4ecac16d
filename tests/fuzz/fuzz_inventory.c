/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole configuration from text: settings, an inventory and rules; and the text as a
 * host pattern. Only an inline inventory is read, so that no input opens a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *data, const char *name)
{
	uint32_t *names = data;
	if (strlen(name) > INVENTORY_MAX_NAME || ++*names > 1000)
		abort();
	return 0;
}

static void expand(const char *text)
{
	uint32_t names = 0;
	const char *error = NULL;
	int rc = inventory_expand(text, 1000, count, &names, &error);
	if ((rc == 0) == (error != NULL) || (rc == 0 && names == 0))
		abort();
}

static bool is_inline(const char *text, size_t size)
{
	const struct conf_node *root = NULL;
	struct conf_report report;
	struct arena arena;
	arena_init(&arena, 0);
	conf_report_init(&report);
	int rc = conf_document_parse("fuzz", text, size, &arena, &report, &root);
	const struct conf_node *inventory =
		rc == 0 ? conf_node_get(root, "inventory") : NULL;
	bool good = inventory && inventory->kind == CONF_MAPPING;
	conf_report_fini(&report);
	arena_fini(&arena);
	return good;
}

static void check_members(const struct inventory *inventory)
{
	for (uint32_t i = 0; i < inventory->n_hosts; i++)
		if (inventory_find_host(inventory, inventory->hosts[i].name) != i)
			abort();
	for (uint32_t i = 0; i < inventory->n_groups; i++) {
		const struct inventory_group *group = &inventory->groups[i];
		if (inventory_find_group(inventory, group->name) != i)
			abort();
		for (uint32_t k = 0; k < group->n_hosts; k++)
			if (group->hosts[k] >= inventory->n_hosts ||
				(k && group->hosts[k - 1] >= group->hosts[k]))
				abort();
	}
}

static void parse(const char *text, size_t size)
{
	struct conf_report report;
	struct config *config = NULL;
	conf_report_init(&report);
	int rc = config_parse("fuzz", text, size, &report, &config);
	if ((rc == 0) != (config != NULL) || (rc == 0) != conf_report_ok(&report))
		abort();
	if (config)
		check_members(&config->inventory);
	config_free(config);
	conf_report_fini(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	expand(text);
	if (is_inline(text, size))
		parse(text, size);
	free(text);
	return 0;
}
