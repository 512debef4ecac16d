/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the tree from libyaml's events. Its document API would be shorter, but it
 * holds a whole file before anything can be judged, nests without a limit and finds
 * anchors by linear search; with events every limit is met as early as it can be.
 */
#include "config/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/array.h"
#include "base/size.h"
#include "config/anchors.h"
#include "config/mapping.h"
#include "config/schema.h"
#include "config/source.h"
#include "config/syntax.h"

/* A collection whose end has not come yet. */
struct frame {
	struct conf_node *node;
	struct anchor *anchor;    /* or NULL */
	uint32_t first;           /* of its children, in `pending` */
	uint32_t expanded_before; /* nodes of the file before this one */
	uint32_t height;          /* of the children so far */
};

struct builder {
	yaml_parser_t parser;
	const char *text;
	size_t size;
	size_t fed;       /* bytes that the parser was given */
	size_t may_reach; /* before its next event */
	uint32_t file;
	struct arena *arena;
	struct conf_report *report;
	struct anchors anchors;
	struct frame frames[CONF_MAX_DEPTH];
	size_t depth;
	const struct conf_node **pending; /* children of all open collections */
	uint32_t n_pending, capacity;
	uint32_t expanded; /* nodes so far, aliases expanded */
	uint32_t aliases;
	uint32_t documents;
	const struct conf_node *root;
};

/* The parser's source. Between two events it is given CONF_MAX_TEXT bytes at most, as
 * it holds whole texts in memory. */
static int feed(void *data, unsigned char *buffer, size_t size, size_t *length)
{
	struct builder *b = data;
	size_t end = b->size < b->may_reach ? b->size : b->may_reach;
	size_t bytes = end - b->fed < size ? end - b->fed : size;
	if (bytes == 0 && b->fed < b->size)
		return 0; /* report_failure() reports it */
	if (bytes)
		memcpy(buffer, b->text + b->fed, bytes);
	b->fed += bytes;
	*length = bytes;
	return 1;
}

static struct conf_mark mark_of(const struct builder *b, yaml_mark_t mark)
{
	return (struct conf_mark){.file = b->file,
		.line = (uint32_t)mark.line + 1,
		.column = (uint32_t)mark.column + 1};
}

static struct conf_node *new_node(
	struct builder *b, enum conf_kind kind, struct conf_mark mark)
{
	struct conf_node *node = arena_calloc(b->arena, 1, sizeof *node);
	if (!node)
		return NULL;
	node->kind = kind;
	node->mark = mark;
	return node;
}

/* Replaces a value that is unavailable, so that the rest of the file is checked. */
static struct conf_node *new_null(struct builder *b, struct conf_mark mark)
{
	struct conf_node *node = new_node(b, CONF_SCALAR, mark);
	if (node) {
		node->plain = true;
		node->text = "";
	}
	return node;
}

/* Counts nodes; past the limit the file is refused. */
static int count_nodes(struct builder *b, uint32_t more, struct conf_mark mark)
{
	b->expanded += more;
	if (b->expanded <= CONF_MAX_NODES)
		return 0;
	conf_error(b->report, mark, "more than %d keys and values%s", CONF_MAX_NODES,
		b->aliases ? ", aliases expanded" : "");
	return -EINVAL;
}

/* Hands a finished node to the collection around it. */
static int place(struct builder *b, const struct conf_node *node, uint32_t height)
{
	if (b->depth == 0) {
		b->root = node;
		return 0;
	}
	const struct conf_node **pending =
		array_grow(b->pending, &b->capacity, b->n_pending, sizeof(void *));
	if (!pending)
		return -ENOMEM;
	b->pending = pending;
	b->pending[b->n_pending++] = node;
	struct frame *around = &b->frames[b->depth - 1];
	if (around->height < height)
		around->height = height;
	return 0;
}

/* *anchor is NULL when there is no name. */
static int add_anchor(struct builder *b, const yaml_char_t *name,
	const struct conf_node *node, struct anchor **anchor)
{
	*anchor = NULL;
	if (!name)
		return 0;
	*anchor = anchors_add(&b->anchors, b->arena, (const char *)name, node);
	return *anchor ? 0 : -ENOMEM;
}

/* A tag says what a scalar is, whatever its looks. */
static bool is_plain(const yaml_event_t *event)
{
	static const char *const typed[] = {
		YAML_INT_TAG, YAML_FLOAT_TAG, YAML_BOOL_TAG, YAML_NULL_TAG};
	const char *tag = (const char *)event->data.scalar.tag;
	for (size_t i = 0; tag && i < ARRAY_SIZE(typed); i++)
		if (strcmp(tag, typed[i]) == 0)
			return true;
	return !tag && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct conf_mark mark = mark_of(b, event->start_mark);
	int rc = count_nodes(b, 1, mark);
	if (rc < 0)
		return rc;
	struct conf_node *node = new_null(b, mark);
	if (!node)
		return -ENOMEM;
	if (memchr(text, '\0', length)) {
		conf_error(b->report, mark, "a text can't contain the character \\0");
	} else {
		node->plain = is_plain(event);
		node->count = length;
		node->text = arena_strndup(b->arena, text, length);
		if (!node->text)
			return -ENOMEM;
	}
	struct anchor *anchor;
	rc = add_anchor(b, event->data.scalar.anchor, node, &anchor);
	if (anchor) {
		anchor->expanded = 1;
		anchor->open = false;
	}
	return rc < 0 ? rc : place(b, node, 0);
}

/* The anchor that an alias may stand for; NULL after reporting why not. */
static const struct anchor *resolve(
	struct builder *b, const char *name, struct conf_mark mark)
{
	const struct anchor *anchor = anchors_find(&b->anchors, name);
	if (!anchor) {
		const char *near = anchors_suggest(&b->anchors, name);
		conf_error(b->report, mark,
			"unknown alias: there is no anchor '&%s' above it", name);
		if (near)
			conf_help(b->report, "did you mean '*%s'?", near);
	} else if (anchor->open) {
		conf_error(b->report, mark,
			"the alias '*%s' is inside of its own "
			"anchor",
			name);
		anchor = NULL;
	} else if (b->depth + anchor->height > CONF_MAX_DEPTH) {
		conf_error(b->report, mark, "nested deeper than %d levels",
			CONF_MAX_DEPTH);
		anchor = NULL;
	}
	return anchor;
}

static bool expects_key(const struct builder *b)
{
	const struct frame *around = b->depth ? &b->frames[b->depth - 1] : NULL;
	return around && around->node->kind == CONF_MAPPING &&
	       (b->n_pending - around->first) % 2 == 0;
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	struct conf_mark mark = mark_of(b, event->start_mark);
	if (++b->aliases > CONF_MAX_ALIASES) {
		conf_error(b->report, mark, "more than %d aliases", CONF_MAX_ALIASES);
		return -EINVAL;
	}
	const struct anchor *anchor =
		resolve(b, (const char *)event->data.alias.anchor, mark);
	int rc = count_nodes(b, anchor ? anchor->expanded : 1, mark);
	if (rc < 0)
		return rc;
	const struct conf_node *node = anchor ? anchor->node : new_null(b, mark);
	if (anchor && expects_key(b)) {
		/* A key's mark is where messages point: at the alias. */
		struct conf_node *key = new_node(b, node->kind, mark);
		if (key) {
			*key = *node;
			key->mark = mark;
		}
		node = key;
	}
	return node ? place(b, node, anchor ? anchor->height : 0) : -ENOMEM;
}

static int on_start(struct builder *b, enum conf_kind kind, const yaml_event_t *event)
{
	const yaml_char_t *name = kind == CONF_MAPPING
					  ? event->data.mapping_start.anchor
					  : event->data.sequence_start.anchor;
	struct conf_mark mark = mark_of(b, event->start_mark);
	if (b->depth == CONF_MAX_DEPTH) {
		conf_error(b->report, mark, "nested deeper than %d levels",
			CONF_MAX_DEPTH);
		return -EINVAL;
	}
	struct frame frame = {.first = b->n_pending, .expanded_before = b->expanded};
	int rc = count_nodes(b, 1, mark);
	if (rc < 0)
		return rc;
	frame.node = new_node(b, kind, mark);
	if (!frame.node)
		return -ENOMEM;
	rc = add_anchor(b, name, frame.node, &frame.anchor);
	b->frames[b->depth++] = frame;
	return rc;
}

static int fill_sequence(struct builder *b, struct conf_node *node,
	const struct conf_node **children, size_t count)
{
	node->count = count;
	if (count == 0)
		return 0;
	node->items = arena_calloc(b->arena, count, sizeof(void *));
	if (!node->items)
		return -ENOMEM;
	memcpy(node->items, children, count * sizeof(void *));
	return 0;
}

static int fill_mapping(struct builder *b, struct conf_node *node,
	const struct conf_node **children, size_t count)
{
	struct conf_pair few[16], *pairs = few;
	count /= 2;
	if (count > ARRAY_SIZE(few))
		pairs = calloc(count, sizeof *pairs);
	if (!pairs)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct conf_pair){children[2 * i], children[2 * i + 1]};
	bool filled = mapping_fill(node, pairs, count, b->arena, b->report);
	if (pairs != few)
		free(pairs);
	return filled ? 0 : -ENOMEM;
}

static int on_end(struct builder *b)
{
	struct frame frame = b->frames[--b->depth];
	const struct conf_node **children =
		b->pending ? b->pending + frame.first : NULL;
	size_t count = b->n_pending - frame.first;
	int rc = frame.node->kind == CONF_MAPPING
			 ? fill_mapping(b, frame.node, children, count)
			 : fill_sequence(b, frame.node, children, count);
	if (rc < 0)
		return rc;
	b->n_pending = frame.first;
	if (frame.anchor) {
		frame.anchor->expanded = b->expanded - frame.expanded_before;
		frame.anchor->height = frame.height + 1;
		frame.anchor->open = false;
	}
	return place(b, frame.node, frame.height + 1);
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
	if (b->documents++ == 0)
		return 0;
	conf_error(b->report, mark_of(b, event->start_mark),
		"a second document starts here; a file has only one");
	conf_help(b->report, "split the file, or remove the '---'");
	return -EINVAL;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, CONF_SEQUENCE, event);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, CONF_MAPPING, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b);
	default:
		return 0;
	}
}

static int report_failure(struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR) {
		conf_error(b->report, mark_of(b, parser->mark),
			"a text or comment of more than %d MiB", CONF_MAX_TEXT >> 20);
		return -EINVAL;
	}
	struct syntax_error error = {
		.problem = parser->problem ? parser->problem : "not valid YAML",
		.context = parser->context,
		.at = mark_of(b, parser->problem_mark),
		.context_at = mark_of(b, parser->context_mark),
	};
	syntax_report(&error, b->text, b->size, b->report);
	return -EINVAL;
}

static int run(struct builder *b)
{
	bool more = true;
	while (more) {
		yaml_event_t event;
		b->may_reach = b->fed + CONF_MAX_TEXT;
		if (!yaml_parser_parse(&b->parser, &event))
			return report_failure(b);
		more = event.type != YAML_STREAM_END_EVENT;
		int rc = on_event(b, &event);
		yaml_event_delete(&event);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* libyaml compares each %TAG directive with all before it. */
static bool check_directives(const struct builder *b)
{
	static const char directive[] = "%TAG";
	const char *at = b->text, *end = b->text + b->size;
	for (int count = 0; count <= CONF_MAX_TAGS;) {
		at = memmem(at, (size_t)(end - at), directive, sizeof directive - 1);
		if (!at)
			return true;
		/* The last bytes of the line ends of YAML 1.1. */
		if (at == b->text || strchr("\n\r\x85\xa8\xa9", at[-1]))
			count++;
		at++;
	}
	conf_error(b->report, (struct conf_mark){.file = b->file},
		"more than %d %%TAG directives", CONF_MAX_TAGS);
	return false;
}

int conf_document_parse(const char *name, const char *text, size_t size,
	struct arena *arena, struct conf_report *report, const struct conf_node **root)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t errors = report->errors;
	*root = NULL;
	if (size >= 3 && memcmp(text, bom, 3) == 0) {
		text += 3;
		size -= 3;
	}
	struct builder b = {
		.text = text, .size = size, .arena = arena, .report = report};
	b.file = conf_report_add_file(report, name, text, size);
	if (b.file == UINT32_MAX)
		return -ENOMEM;
	if (!source_check(text, size, b.file, report) || !check_directives(&b))
		return -EINVAL;
	if (!yaml_parser_initialize(&b.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&b.parser, feed, &b);
	anchors_init(&b.anchors);
	int rc = run(&b);
	if (rc == 0)
		*root = b.root;
	if (rc == 0 && report->errors > errors)
		rc = -EINVAL;
	anchors_fini(&b.anchors);
	free(b.pending);
	yaml_parser_delete(&b.parser);
	return rc;
}

int conf_document_load(const char *path, struct arena *arena,
	struct conf_report *report, const struct conf_node **root)
{
	char *text;
	size_t size;
	*root = NULL;
	int rc = source_read(path, report, &text, &size);
	if (rc < 0)
		return rc;
	rc = conf_document_parse(path, text, size, arena, report, root);
	free(text);
	return rc;
}

const struct conf_node *conf_node_get(const struct conf_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != CONF_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->pairs[i].key->text, key) == 0)
			return mapping->pairs[i].value;
	return NULL;
}

struct conf_mark conf_node_mark(const struct conf_node *node)
{
	return node->mark;
}

bool conf_node_is_null(const struct conf_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};
	if (!node)
		return true;
	if (node->kind != CONF_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return false;
}

const char *conf_kind_name(enum conf_kind kind)
{
	switch (kind) {
	case CONF_SEQUENCE:
		return "a list";
	case CONF_MAPPING:
		return "a mapping";
	default:
		return "text";
	}
}
