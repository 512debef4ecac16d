/* SPDX-License-Identifier: Apache-2.0 */
#include "config/include.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/size.h"
#include "config/names.h"

struct reader {
	const struct include_scope *scope;
	struct inventory_builder *builder;
	struct conf_report *report;
	const char **paths; /* read already */
	uint32_t n_paths, capacity;
	struct name_table table;
};

static bool has_wildcard(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* `text` behind the folder of the including file. Where it is for glob(), the folder's
 * own characters must not count as wildcards. */
static char *join_folder(const struct reader *reader, const char *text, bool escape)
{
	const char *self = reader->scope->self;
	const char *slash = strrchr(self, '/');
	size_t folder = slash && text[0] != '/' ? (size_t)(slash - self) + 1 : 0;
	char *joined = arena_calloc(
		reader->scope->documents, folder * 2 + strlen(text) + 1, 1);
	char *out = joined;
	for (size_t i = 0; joined && i < folder; i++) {
		if (escape && strchr("*?[]\\", self[i]))
			*out++ = '\\';
		*out++ = self[i];
	}
	if (joined)
		memcpy(out, text, strlen(text) + 1);
	return joined;
}

static void lose(struct reader *reader)
{
	inventory_builder_mark_incomplete(reader->builder);
}

static int remember(struct reader *reader, const char *path)
{
	const char **grown = array_grow(
		reader->paths, &reader->capacity, reader->n_paths, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	reader->paths = grown;
	reader->paths[reader->n_paths++] = path;
	return name_table_add(
		&reader->table, NAME_ARRAY(reader->paths, reader->n_paths));
}

/* Most inventories of Ansible users who have not moved to YAML are INI files. */
static void help_with_ini(struct reader *reader, const char *path)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t length = strlen(path);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i]);
		if (length > ending && strcmp(path + length - ending, endings[i]) == 0)
			return;
	}
	conf_help(reader->report,
		"to convert an INI inventory, run 'ansible-inventory -i FILE --list "
		"--yaml'");
}

static int read_document(struct reader *reader, const char *path)
{
	const struct conf_node *root = NULL;
	struct conf_mark mark = {.file = (uint32_t)reader->report->n_sources};
	int rc = conf_document_load(
		path, reader->scope->documents, reader->report, &root);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 || !root)
		lose(reader);
	if (rc < 0 && !root)
		help_with_ini(reader, path);
	if (root) {
		int added = inventory_builder_add(reader->builder, root);
		return added < 0 ? added : rc;
	}
	if (rc == 0) {
		conf_error(reader->report, mark, "the inventory is empty");
		conf_help(
			reader->report, "it begins with 'all:' or the name of a group");
	}
	return -EINVAL;
}

/* `mark` is where the path, or the pattern that it matched, is written. */
static int read_file(struct reader *reader, const char *path, struct conf_mark mark)
{
	struct stat status;
	const char *copy = arena_strdup(reader->scope->documents, path);
	if (!copy)
		return -ENOMEM;
	if (name_table_find(&reader->table, NAME_ARRAY(reader->paths, reader->n_paths),
		    path) >= 0)
		return 0;
	if (remember(reader, copy) < 0)
		return -ENOMEM;
	if (stat(path, &status) < 0) {
		conf_error(reader->report, mark, "'%s' can't be read: %s", path,
			strerror(errno));
		lose(reader);
		return -EINVAL;
	}
	if (S_ISDIR(status.st_mode)) {
		conf_error(reader->report, mark, "'%s' is a folder", path);
		conf_help(reader->report, "name the files in it, as in '%s%s*.yaml'",
			path, path[strlen(path) - 1] == '/' ? "" : "/");
		lose(reader);
		return -EINVAL;
	}
	return read_document(reader, copy);
}

static int report_glob(struct reader *reader, const struct conf_node *node, int rc)
{
	if (rc == GLOB_NOSPACE)
		return -ENOMEM;
	conf_error(reader->report, node->mark,
		rc == GLOB_NOMATCH ? "'%s' matches no file"
				   : "a folder in '%s' can't be read",
		node->text);
	lose(reader);
	return -EINVAL;
}

static int read_pattern(struct reader *reader, const struct conf_node *node)
{
	glob_t found;
	int result = 0;
	char *pattern = join_folder(reader, node->text, true);
	if (!pattern)
		return -ENOMEM;
	int rc = glob(pattern, GLOB_ERR, NULL, &found);
	if (rc != 0)
		return report_glob(reader, node, rc);
	for (size_t i = 0; i < found.gl_pathc && result != -ENOMEM; i++) {
		if (strcmp(found.gl_pathv[i], reader->scope->self) == 0)
			continue;
		rc = read_file(reader, found.gl_pathv[i], node->mark);
		result = rc < 0 ? rc : result;
	}
	globfree(&found);
	return result;
}

static int read_entry(struct reader *reader, const struct conf_node *node)
{
	if (node->kind != CONF_SCALAR || conf_node_is_null(node) || !node->text[0]) {
		conf_error(reader->report, node->mark,
			"'inventory' must be a list of paths and patterns, found %s",
			node->kind == CONF_SCALAR ? "nothing"
						  : conf_kind_name(node->kind));
		lose(reader);
		return -EINVAL;
	}
	if (has_wildcard(node->text))
		return read_pattern(reader, node);
	const char *path = join_folder(reader, node->text, false);
	return path ? read_file(reader, path, node->mark) : -ENOMEM;
}

int include_inventories(const struct include_scope *scope, const struct conf_node *node,
	struct inventory_builder *builder, struct conf_report *report)
{
	struct reader reader = {.scope = scope, .builder = builder, .report = report};
	int result = 0;
	if (node->kind == CONF_SCALAR)
		result = read_entry(&reader, node);
	for (size_t i = 0; node->kind == CONF_SEQUENCE && i < node->count; i++) {
		int rc = read_entry(&reader, node->items[i]);
		result = rc < 0 ? rc : result;
		if (rc == -ENOMEM)
			break;
	}
	name_table_fini(&reader.table);
	free(reader.paths);
	return result;
}
