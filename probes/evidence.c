/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/evidence.h"

#include <stdlib.h>
#include <string.h>

/* Deeper than any evidence; a stranger's is cut there. */
#define MAX_DEPTH 8

bool evidence_is_full(struct evidence_line *line)
{
	if (line->out->length - line->begin >= line->limit)
		line->cut = true;
	return line->cut;
}

void evidence_separate(struct evidence_line *line, const char *separator)
{
	if (line->out->length > line->begin)
		strbuf_adds(line->out, separator);
}

const char *evidence_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

uint16_t evidence_number_port(const json_t *number)
{
	json_int_t port = json_integer_value(number);

	return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

bool evidence_is_blocked(const json_t *word)
{
	enum probe_state state;

	return json_is_string(word) &&
	       probe_state_from_word(json_string_value(word), &state) &&
	       probe_state_path(state) == PATH_BLOCKED;
}

static json_t *parse(const char *evidence)
{
	return evidence ? json_loads(evidence, 0, NULL) : NULL;
}

/* ---- anything ---------------------------------------------------------------- */

static void add_value(struct evidence_line *line, const json_t *value, int depth);

static void add_pairs(struct evidence_line *line, json_t *object, int depth)
{
	const char *key, *separator = "";
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (evidence_is_full(line))
			return;
		strbuf_addf(line->out, "%s%s ", separator, key);
		add_value(line, value, depth + 1);
		separator = ", ";
	}
}

static void add_items(struct evidence_line *line, const json_t *array, int depth)
{
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value)
	{
		if (evidence_is_full(line))
			return;
		strbuf_adds(line->out, i ? ", " : "");
		add_value(line, value, depth + 1);
	}
}

static void add_value(struct evidence_line *line, const json_t *value, int depth)
{
	if (depth > MAX_DEPTH)
		line->cut = true;
	else if (json_is_string(value))
		strbuf_adds(line->out, json_string_value(value));
	else if (json_is_integer(value))
		strbuf_addf(
			line->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		strbuf_addf(line->out, "%g", json_real_value(value));
	else if (json_is_array(value))
		add_items(line, value, depth);
	else if (json_is_object(value))
		add_pairs(line, (json_t *)value, depth);
	else
		strbuf_adds(line->out, json_is_true(value)    ? "yes"
				       : json_is_false(value) ? "no"
							      : "none");
}

void evidence_add_items(struct evidence_line *line, const json_t *array)
{
	add_items(line, array, 0);
}

/* ---- an ICMP error ----------------------------------------------------------- */

static void add_icmp_error(struct evidence_line *line, const json_t *icmp)
{
	const char *sender = evidence_text(icmp, "sender"),
		   *reason = evidence_text(icmp, "reason");

	evidence_separate(line, "; ");
	strbuf_addf(line->out,
		"ICMP type %" JSON_INTEGER_FORMAT " code %" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(icmp, "type")),
		json_integer_value(json_object_get(icmp, "code")));
	if (sender)
		strbuf_addf(line->out, " from %s", sender);
	if (reason)
		strbuf_addf(line->out, " (%s)", reason);
}

static void add_icmp(struct evidence_line *line, const json_t *icmp)
{
	size_t i;
	const json_t *error;

	if (json_is_object(icmp))
		add_icmp_error(line, icmp);
	json_array_foreach(icmp, i, error)
	{
		if (evidence_is_full(line))
			return;
		add_icmp_error(line, error);
	}
}

/* ---- all of it --------------------------------------------------------------- */

static void add_member(struct evidence_line *line, const struct probe_ops *ops,
	const json_t *evidence, const char *key, const json_t *value)
{
	if (ops && ops->print && ops->print(line, evidence, key, value))
		return;
	if (strcmp(key, "icmp") == 0) {
		add_icmp(line, value);
		return;
	}
	/* The ICMP error says more than the errno, and the incident has the trace. */
	if ((strcmp(key, "errno") == 0 && json_object_get(evidence, "icmp")) ||
		strcmp(key, "trace") == 0 ||
		(json_is_array(value) && json_array_size(value) == 0))
		return;
	evidence_separate(line, "; ");
	strbuf_addf(line->out, "%s ", key);
	add_value(line, value, 0);
}

void evidence_add(struct strbuf *out, const struct probe_ops *ops, const char *evidence,
	size_t limit)
{
	struct evidence_line line = {.out = out, .begin = out->length, .limit = limit};
	json_t *root = parse(evidence);
	const char *key;
	json_t *value;

	if (!root && evidence && *evidence)
		strbuf_add(out, evidence, strnlen(evidence, limit));
	json_object_foreach(root, key, value)
	{
		if (evidence_is_full(&line))
			break;
		add_member(&line, ops, root, key, value);
	}
	if (line.cut)
		strbuf_adds(out, " ...");
	json_decref(root);
}

/* ---- what it means ----------------------------------------------------------- */

char *evidence_cause(const struct probe_ops *ops, const char *evidence)
{
	json_t *root = parse(evidence);
	const char *cause = evidence_text(json_object_get(root, "icmp"), "sender");
	char *copy;

	if (!cause && ops && ops->cause)
		cause = ops->cause(root);
	copy = cause ? strdup(cause) : NULL;
	json_decref(root);
	return copy;
}

uint16_t evidence_port(
	const struct probe_ops *ops, const void *conf, const char *evidence)
{
	uint16_t port = 0;

	if (!ops->port)
		return 0;
	if (ops->found_port && evidence) {
		json_t *root = parse(evidence);
		port = ops->found_port(root);
		json_decref(root);
	}
	return port ? port : ops->port(conf);
}
