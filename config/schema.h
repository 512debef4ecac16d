/* SPDX-License-Identifier: Apache-2.0 */
/* What a mapping may hold, as a table; bind.h applies it. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/report.h"

struct arena;
struct conf_node;

enum conf_type {
	CONF_TEXT,          /* const char * (in the arena); not empty */
	CONF_BOOL,          /* bool: true/false/yes/no/on/off, plain */
	CONF_NUMBER,        /* uint32_t in [min, max] */
	CONF_DURATION,      /* uint32_t milliseconds in [min, max]; text such as "2s" */
	CONF_LONG_DURATION, /* uint64_t milliseconds, likewise */
	CONF_RATE,          /* uint64_t events per hour; text such as "5000/s" */
	CONF_WORD,          /* int: index of the word in `words` */
	CONF_TEXTS,         /* struct conf_texts: one text or a list of them */
	CONF_PATH,          /* const char *: as CONF_TEXT, and then as seen from the
			       folder of the file that it stands in */
	CONF_SECTION,       /* a struct, which `fields` describe */
	CONF_TREE,          /* const struct conf_node *: bound by the caller */
	CONF_ELSEWHERE,     /* a key that is known here and bound by others */
};

struct conf_texts {
	size_t count;
	const char **items;                   /* in the arena */
	const struct conf_node *const *nodes; /* where each stands */
};

struct conf_field {
	const char *key;
	enum conf_type type;
	bool required;
	size_t offset; /* of the member in the bound struct */
	uint64_t min, max;
	const char *const *words;        /* CONF_WORD: NULL terminated */
	const struct conf_field *fields; /* CONF_SECTION */
	const char *help; /* one line, for messages and the manual; may be NULL */
	/* Called with a value that was bound, and with each item of a CONF_TEXTS, to
	 * check it or to make more of it; `out` is the struct that the table is about.
	 * May be NULL. Returns 0, -EINVAL after reporting, -ENOMEM. */
	int (*then)(const struct conf_node *node, struct arena *arena,
		struct conf_report *report, void *out);
};

/* A row of a table; further members follow, .help at least. */
#define CONF_FIELD(name, kind, container, member, ...)                                \
	{                                                                             \
		.key = (name), .type = (kind), .offset = offsetof(container, member), \
		__VA_ARGS__                                                           \
	}

/* Where a node stands, for those who look at values and not at the tree. */
struct conf_mark conf_node_mark(const struct conf_node *node);

/* A table ends with a field whose key is NULL. */
#define CONF_END            \
	{                   \
		.key = NULL \
	}

#endif
