/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree of nodes that know where they stand. The only user of libyaml.
 * Aliases are resolved (an anchor's subtree is shared), merge keys (<<) are applied,
 * duplicate keys are reported, and a hostile file meets a limit before it meets the
 * machine's memory. Tags that are not YAML's own (!vault) make opaque text of a scalar.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/report.h"

enum conf_kind {
	CONF_SCALAR,
	CONF_SEQUENCE,
	CONF_MAPPING
};

struct conf_pair;

struct conf_node {
	enum conf_kind kind;
	bool plain; /* a scalar without quotes and tag (or with !!int, !!bool, !!float,
		       !!null): the only kind that is a number, bool or null */
	struct conf_mark mark;
	const char *text; /* scalar: UTF-8, NUL terminated, no NUL inside; else NULL */
	size_t count; /* items of a sequence, pairs of a mapping, bytes of a scalar */
	union {
		struct conf_node **items;
		struct conf_pair
			*pairs; /* in file order, keys unique, merges applied */
	};
};

struct conf_pair {
	const struct conf_node *key; /* always a scalar */
	const struct conf_node *value;
};

/* The limits; a message names the one that is exceeded. */
enum {
	CONF_MAX_FILE = 256 << 20, /* bytes of one file */
	CONF_MAX_DEPTH = 64,
	CONF_MAX_NODES = 8000000, /* nodes of one file after aliases are expanded */
	CONF_MAX_ALIASES = 1000000,
	CONF_MAX_TEXT = 4 << 20, /* bytes of one text or comment */
	CONF_MAX_TAGS = 64,      /* %TAG directives */
};

/*
 * Reads a regular file. The nodes live in `arena`. 0 with *root (NULL for an empty
 * file, which is for the caller to judge), or -EINVAL when anything was reported,
 * -ENOMEM. A file that can't be opened is reported too, at line 0. Blocks on the disk.
 *
 * With -EINVAL *root is the tree where there is one in spite of the mistakes (duplicate
 * keys, unknown aliases ...), so that the caller can look for more of them, else NULL.
 */
int conf_document_load(const char *path, struct arena *arena,
	struct conf_report *report, const struct conf_node **root);

/* The same from memory; `name` stands in messages. */
int conf_document_parse(const char *name, const char *text, size_t size,
	struct arena *arena, struct conf_report *report, const struct conf_node **root);

/* The value of a key, or NULL; `mapping` may be any node or NULL. Linear. */
const struct conf_node *conf_node_get(const struct conf_node *mapping, const char *key);

/* True for NULL, an empty plain scalar, "~" and "null". */
bool conf_node_is_null(const struct conf_node *node);

/* "a mapping", "a list", "text": for messages. */
const char *conf_kind_name(enum conf_kind kind);

#endif
