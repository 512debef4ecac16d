/* SPDX-License-Identifier: Apache-2.0 */
#include "config/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"

/* Longer values are cut in messages. */
#define SHOWN 40

static uint64_t upper_bound(const struct conf_field *field)
{
	if (field->max)
		return field->max;
	return field->type == CONF_RATE || field->type == CONF_LONG_DURATION
		       ? UINT64_MAX
		       : UINT32_MAX;
}

static bool is_bounded(const struct conf_field *field)
{
	return field->min > 0 || field->max > 0;
}

/* Appends " from A to B", " of at least A" or " of at most B". */
static void add_bounds(struct strbuf *buf, const struct conf_field *field,
	const char *(*format)(uint64_t value, char *buf, size_t size))
{
	char low[32], high[32];
	format(field->min, low, sizeof low);
	format(upper_bound(field), high, sizeof high);
	if (field->min && field->max)
		strbuf_addf(buf, " from %s to %s", low, high);
	else if (field->min)
		strbuf_addf(buf, " of at least %s", low);
	else if (field->max)
		strbuf_addf(buf, " of at most %s", high);
}

static const char *number_format(uint64_t value, char *buf, size_t size)
{
	snprintf(buf, size, "%llu", (unsigned long long)value);
	return buf;
}

static void add_words(struct strbuf *buf, const char *const *words)
{
	strbuf_adds(buf, "one of ");
	for (size_t i = 0; words[i]; i++)
		strbuf_addf(buf, "%s%s", i ? ", " : "", words[i]);
}

/* Appends what would be right. */
static void add_expected(struct strbuf *buf, const struct conf_field *field)
{
	switch (field->type) {
	case CONF_TEXT:
	case CONF_PATH:
		strbuf_adds(buf, "text");
		break;
	case CONF_BOOL:
		strbuf_adds(buf, "true or false");
		break;
	case CONF_NUMBER:
		strbuf_adds(buf, "a whole number");
		add_bounds(buf, field, number_format);
		break;
	case CONF_DURATION:
	case CONF_LONG_DURATION:
		strbuf_adds(buf, "a duration");
		if (is_bounded(field))
			add_bounds(buf, field, duration_format);
		else
			strbuf_adds(buf, " such as \"2s\"");
		break;
	case CONF_RATE:
		strbuf_adds(buf, "a rate");
		if (is_bounded(field))
			add_bounds(buf, field, rate_format);
		else
			strbuf_adds(buf, " such as \"5000/s\"");
		break;
	case CONF_WORD:
		add_words(buf, field->words);
		break;
	case CONF_TEXTS:
		strbuf_adds(buf, "text or a list of texts");
		break;
	case CONF_SECTION:
	case CONF_TREE:
	case CONF_ELSEWHERE:
		strbuf_adds(buf, "a value");
		break;
	}
}

/* Appends what is there instead. */
static void add_found(struct strbuf *buf, const struct conf_node *node)
{
	size_t cut = node->count;
	if (node->kind != CONF_SCALAR) {
		strbuf_adds(buf, conf_kind_name(node->kind));
		return;
	}
	if (conf_node_is_null(node)) {
		strbuf_adds(buf, "nothing");
		return;
	}
	if (node->count == 0) {
		strbuf_adds(buf, "an empty text");
		return;
	}
	if (cut > SHOWN) {
		for (cut = SHOWN; (node->text[cut] & 0xc0) == 0x80;)
			cut--;
	}
	strbuf_addf(buf, "%s'%.*s%s'", node->plain ? "" : "the text ", (int)cut,
		node->text, cut < node->count ? "..." : "");
}

/* Reports a value of the wrong type or out of bounds; returns -EINVAL or -ENOMEM. */
static int mismatch(const struct conf_node *node, const struct conf_field *field,
	struct conf_report *report)
{
	struct strbuf buf;
	strbuf_init(&buf);
	if (field->key)
		strbuf_addf(&buf, "'%s': ", field->key);
	strbuf_adds(&buf, "expected ");
	add_expected(&buf, field);
	strbuf_adds(&buf, ", found ");
	add_found(&buf, node);
	int rc = buf.failed ? -ENOMEM : -EINVAL;
	if (rc == -EINVAL)
		conf_error(report, node->mark, "%s", buf.text);
	strbuf_fini(&buf);
	return rc;
}

static bool is_text(const struct conf_node *node)
{
	return node->kind == CONF_SCALAR && node->count > 0 && !conf_node_is_null(node);
}

static int bind_text(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	if (!is_text(node))
		return mismatch(node, field, report);
	*(const char **)member = node->text;
	return 0;
}

const char *conf_path(struct arena *arena, const char *from, const char *given)
{
	const char *slash = from ? strrchr(from, '/') : NULL;
	if (!slash || given[0] == '/')
		return arena_strdup(arena, given);
	return arena_printf(arena, "%.*s%s", (int)(slash - from + 1), from, given);
}

static int bind_path(const struct conf_node *node, const struct conf_field *field,
	const char **member, struct arena *arena, struct conf_report *report)
{
	if (!is_text(node))
		return mismatch(node, field, report);
	*member =
		conf_path(arena, conf_report_file(report, node->mark.file), node->text);
	return *member ? 0 : -ENOMEM;
}

/* YAML 1.1, as Ansible has it: also yes, no, on and off, in three spellings. */
static bool read_bool(const char *text, bool *value)
{
	static const char *const words[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
		"on", "On", "ON", "false", "False", "FALSE", "no", "No", "NO", "off",
		"Off", "OFF"};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i < ARRAY_SIZE(words) / 2;
			return true;
		}
	}
	return false;
}

static int bind_bool(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	bool value;
	if (node->kind == CONF_SCALAR && read_bool(node->text, &value)) {
		if (node->plain) {
			*(bool *)member = value;
			return 0;
		}
		int rc = mismatch(node, field, report);
		conf_help(report, "remove the quotes");
		return rc;
	}
	return mismatch(node, field, report);
}

static int bind_number(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	uint64_t value = 0;
	bool number = node->kind == CONF_SCALAR &&
		      number_parse(node->text, UINT64_MAX, &value);
	/* "010" is eight to YAML 1.1 and ten to a reader. */
	bool padded = number && node->text[0] == '0' && node->count > 1;
	if (number && node->plain && !padded && value >= field->min &&
		value <= upper_bound(field)) {
		*(uint32_t *)member = (uint32_t)value;
		return 0;
	}
	int rc = mismatch(node, field, report);
	if (number && !node->plain)
		conf_help(report, "remove the quotes");
	else if (padded)
		conf_help(report, "remove the leading zeros");
	return rc;
}

static int bind_duration(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	uint64_t ms;
	if (node->kind == CONF_SCALAR && duration_parse(node->text, &ms) &&
		ms >= field->min && ms <= upper_bound(field)) {
		if (field->type == CONF_LONG_DURATION)
			*(uint64_t *)member = ms;
		else
			*(uint32_t *)member = (uint32_t)ms;
		return 0;
	}
	int rc = mismatch(node, field, report);
	if (node->kind == CONF_SCALAR && number_parse(node->text, UINT32_MAX, &ms))
		conf_help(report, "give a unit: %sms, %ss, %sm, %sh or %sd", node->text,
			node->text, node->text, node->text, node->text);
	return rc;
}

static int bind_rate(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	uint64_t per_hour, number;
	if (node->kind == CONF_SCALAR && rate_parse(node->text, &per_hour) &&
		per_hour >= field->min && per_hour <= upper_bound(field)) {
		*(uint64_t *)member = per_hour;
		return 0;
	}
	int rc = mismatch(node, field, report);
	if (node->kind == CONF_SCALAR && number_parse(node->text, UINT32_MAX, &number))
		conf_help(report, "give a unit: %s/s, %s/m or %s/h", node->text,
			node->text, node->text);
	return rc;
}

static int bind_word(const struct conf_node *node, const struct conf_field *field,
	void *member, struct conf_report *report)
{
	size_t count = 0;
	for (; field->words[count]; count++) {
		if (node->kind == CONF_SCALAR &&
			strcmp(node->text, field->words[count]) == 0) {
			*(int *)member = (int)count;
			return 0;
		}
	}
	int rc = mismatch(node, field, report);
	const char *near = node->kind == CONF_SCALAR
				   ? suggest_nearest(node->text, field->words, count)
				   : NULL;
	if (near)
		conf_help(report, "did you mean '%s'?", near);
	return rc;
}

static int bind_texts(const struct conf_node *node, const struct conf_field *field,
	void *member, struct arena *arena, struct conf_report *report)
{
	int rc = 0;
	bool list = node->kind == CONF_SEQUENCE;
	struct conf_texts texts = {.count = list ? node->count : 1};
	if (!list && !is_text(node))
		return mismatch(node, field, report);
	const struct conf_node **nodes =
		arena_calloc(arena, texts.count, sizeof(void *));
	texts.items = arena_calloc(arena, texts.count, sizeof(void *));
	if (!nodes || !texts.items)
		return -ENOMEM;
	const struct conf_field item = {.key = field->key, .type = CONF_TEXT};
	for (size_t i = 0; i < texts.count && rc != -ENOMEM; i++) {
		nodes[i] = list ? node->items[i] : node;
		int bound = bind_text(nodes[i], &item, &texts.items[i], report);
		rc = bound < 0 ? bound : rc;
	}
	texts.nodes = nodes;
	if (rc == 0)
		*(struct conf_texts *)member = texts;
	return rc;
}

int conf_bind_value(const struct conf_node *node, const struct conf_field *field,
	void *out, struct arena *arena, struct conf_report *report)
{
	void *member = (char *)out + field->offset;
	switch (field->type) {
	case CONF_TEXT:
		return bind_text(node, field, member, report);
	case CONF_PATH:
		return bind_path(node, field, member, arena, report);
	case CONF_BOOL:
		return bind_bool(node, field, member, report);
	case CONF_NUMBER:
		return bind_number(node, field, member, report);
	case CONF_DURATION:
	case CONF_LONG_DURATION:
		return bind_duration(node, field, member, report);
	case CONF_RATE:
		return bind_rate(node, field, member, report);
	case CONF_WORD:
		return bind_word(node, field, member, report);
	case CONF_TEXTS:
		return bind_texts(node, field, member, arena, report);
	case CONF_SECTION:
		return conf_bind(node, field->fields, NULL, member, arena, report);
	case CONF_TREE:
		*(const struct conf_node **)member = node;
		return 0;
	case CONF_ELSEWHERE:
		return 0;
	}
	return -EINVAL;
}

static const struct conf_field *find_field(
	const struct conf_field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (strcmp(fields->key, key) == 0)
			return fields;
	return NULL;
}

/* Keys that may stand in the mapping: those of the table, then `ignore`. Returns how
 * many; `keys` may be NULL. */
static size_t list_keys(
	const struct conf_field *fields, const char *const *ignore, const char **keys)
{
	size_t count = 0;
	for (; fields->key; fields++, count++)
		if (keys)
			keys[count] = fields->key;
	for (; ignore && *ignore; ignore++, count++)
		if (keys)
			keys[count] = *ignore;
	return count;
}

/* "a, b, c"; false when memory ran out. */
static bool join_keys(const char *const *keys, size_t count, struct strbuf *buf)
{
	for (size_t i = 0; i < count; i++)
		strbuf_addf(buf, "%s%s", i ? ", " : "", keys[i]);
	return !buf->failed && buf->text;
}

static int unknown_key(const struct conf_node *key, const struct conf_field *fields,
	const char *const *ignore, struct conf_report *report)
{
	struct strbuf buf;
	size_t count = list_keys(fields, ignore, NULL);
	const char **keys = calloc(count + 1, sizeof(void *));
	if (!keys)
		return -ENOMEM;
	list_keys(fields, ignore, keys);
	strbuf_init(&buf);
	conf_error(report, key->mark, "unknown key '%s'", key->text);
	const char *near = suggest_nearest(key->text, keys, count);
	if (near)
		conf_help(report, "did you mean '%s'?", near);
	else if (join_keys(keys, count, &buf))
		conf_help(report, "the keys are: %s", buf.text);
	strbuf_fini(&buf);
	free(keys);
	return -EINVAL;
}

static bool is_ignored(const char *const *ignore, const char *key)
{
	for (; ignore && *ignore; ignore++)
		if (strcmp(*ignore, key) == 0)
			return true;
	return false;
}

static int bind_pair(const struct conf_pair *pair, const struct conf_field *fields,
	const char *const *ignore, void *out, struct arena *arena,
	struct conf_report *report)
{
	const struct conf_field *field = find_field(fields, pair->key->text);
	if (!field) {
		return is_ignored(ignore, pair->key->text)
			       ? 0
			       : unknown_key(pair->key, fields, ignore, report);
	}
	if (conf_node_is_null(pair->value))
		return 0;
	int rc = conf_bind_value(pair->value, field, out, arena, report);
	if (rc == -EINVAL && field->help && field->type != CONF_SECTION)
		conf_help(report, "%s: %s", field->key, field->help);
	if (rc < 0 || !field->then)
		return rc;
	bool list = field->type == CONF_TEXTS && pair->value->kind == CONF_SEQUENCE;
	for (size_t i = 0; i < (list ? pair->value->count : 1) && rc != -ENOMEM; i++)
		rc = conf_worse(
			rc, field->then(list ? pair->value->items[i] : pair->value,
				    arena, report, out));
	return rc;
}

static int check_required(const struct conf_node *mapping,
	const struct conf_field *fields, struct conf_report *report)
{
	struct conf_mark nowhere = {0};
	int rc = 0;
	for (; fields->key; fields++) {
		const struct conf_node *value = conf_node_get(mapping, fields->key);
		if (!fields->required || !conf_node_is_null(value))
			continue;
		rc = -EINVAL;
		if (value)
			conf_error(report, value->mark, "the key '%s' has no value",
				fields->key);
		else
			conf_error(report, mapping ? mapping->mark : nowhere,
				"the key '%s' is missing", fields->key);
		if (fields->help)
			conf_help(report, "%s: %s", fields->key, fields->help);
	}
	return rc;
}

/* Not a mapping at all. */
static int no_mapping(const struct conf_node *node, const struct conf_field *fields,
	struct conf_report *report)
{
	conf_error(report, node->mark,
		"expected a mapping with keys such as '%s', "
		"found %s",
		fields->key ? fields->key : "key", conf_kind_name(node->kind));
	return -EINVAL;
}

int conf_bind(const struct conf_node *mapping, const struct conf_field *fields,
	const char *const *ignore, void *out, struct arena *arena,
	struct conf_report *report)
{
	int rc = 0;
	if (conf_node_is_null(mapping))
		return check_required(mapping, fields, report);
	if (mapping->kind != CONF_MAPPING)
		return no_mapping(mapping, fields, report);
	for (size_t i = 0; i < mapping->count; i++) {
		int bound = bind_pair(
			&mapping->pairs[i], fields, ignore, out, arena, report);
		if (bound == -ENOMEM)
			return bound;
		rc = bound < 0 ? bound : rc;
	}
	int required = check_required(mapping, fields, report);
	return rc < 0 ? rc : required;
}
