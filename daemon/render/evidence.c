/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/evidence.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/size.h"
#include "probes/reason.h"

/* Deeper than any evidence; a stranger's is cut there. */
#define MAX_DEPTH 8

struct line {
	struct strbuf *out;
	size_t begin, limit;
	bool cut;
};

static bool full(struct line *line)
{
	if (line->out->length - line->begin >= line->limit)
		line->cut = true;
	return line->cut;
}

/* Between two things said, nothing before the first. */
static void separate(struct line *line, const char *separator)
{
	if (line->out->length > line->begin)
		strbuf_adds(line->out, separator);
}

/* ---- anything ---------------------------------------------------------------- */

static void add_value(struct line *line, const json_t *value, int depth);

static void add_pairs(struct line *line, json_t *object, int depth)
{
	const char *key, *separator = "";
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (full(line))
			return;
		strbuf_addf(line->out, "%s%s ", separator, key);
		add_value(line, value, depth + 1);
		separator = ", ";
	}
}

static void add_items(struct line *line, const json_t *array, int depth)
{
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value)
	{
		if (full(line))
			return;
		strbuf_adds(line->out, i ? ", " : "");
		add_value(line, value, depth + 1);
	}
}

static void add_value(struct line *line, const json_t *value, int depth)
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

/* ---- an ICMP error ----------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void add_icmp_error(struct line *line, const json_t *icmp)
{
	const char *sender = text_of(icmp, "sender"), *reason = text_of(icmp, "reason");

	separate(line, "; ");
	strbuf_addf(line->out,
		"ICMP type %" JSON_INTEGER_FORMAT " code %" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(icmp, "type")),
		json_integer_value(json_object_get(icmp, "code")));
	if (sender)
		strbuf_addf(line->out, " from %s", sender);
	if (reason)
		strbuf_addf(line->out, " (%s)", reason);
}

static void add_icmp(struct line *line, const json_t *icmp)
{
	size_t i;
	const json_t *error;

	if (json_is_object(icmp))
		add_icmp_error(line, icmp);
	json_array_foreach(icmp, i, error)
	{
		if (full(line))
			return;
		add_icmp_error(line, error);
	}
}

/* ---- runs of ports ----------------------------------------------------------- */

static bool is_blocked(const char *word)
{
	enum probe_state state;

	return word && probe_state_from_word(word, &state) &&
	       probe_state_path(state) == PATH_BLOCKED;
}

static void add_run(struct line *line, const json_t *run, const char *separator)
{
	json_int_t low = json_integer_value(json_array_get(run, 0));
	json_int_t high = json_integer_value(json_array_get(run, 1));
	const char *state = json_string_value(json_array_get(run, 2));

	separate(line, separator);
	strbuf_addf(line->out, "%" JSON_INTEGER_FORMAT, low);
	if (high != low)
		strbuf_addf(line->out, "-%" JSON_INTEGER_FORMAT, high);
	strbuf_addf(line->out, " %s", state ? state : "?");
}

/* What is blocked is what the reader looks for, so it comes first. */
static void add_runs(struct line *line, const json_t *runs)
{
	for (int pass = 0; pass < 2; pass++) {
		size_t i, n = 0;
		const json_t *run;

		json_array_foreach(runs, i, run)
		{
			bool blocked =
				is_blocked(json_string_value(json_array_get(run, 2)));
			if (blocked == (pass == 1))
				continue;
			if (full(line))
				return;
			add_run(line, run, n++ ? ", " : "; ");
		}
	}
}

/* ---- what DNS servers said --------------------------------------------------- */

static void add_server(struct line *line, const json_t *server)
{
	static const char *const lists[] = {"addresses", "names", "services"};
	const char *name = text_of(server, "server"),
		   *reason = text_of(server, "reason");

	separate(line, "; ");
	strbuf_addf(line->out, "%s says", name ? name : "a server");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const json_t *list = json_object_get(server, lists[i]);
		if (json_array_size(list) == 0)
			continue;
		strbuf_adds(line->out, " ");
		add_items(line, list, 0);
		return;
	}
	strbuf_addf(line->out, " %s", reason ? reason : "nothing");
}

static void add_servers(struct line *line, const json_t *servers)
{
	size_t i;
	const json_t *server;

	json_array_foreach(servers, i, server)
	{
		if (full(line))
			return;
		add_server(line, server);
	}
}

static void add_declared(struct line *line, const json_t *declared)
{
	if (json_array_size(declared) == 0)
		return;
	separate(line, "; ");
	strbuf_adds(line->out, "the inventory says ");
	add_items(line, declared, 0);
}

/* ---- interfaces of RPC ------------------------------------------------------- */

/* "samr 49154": by its name where it has one, else by UUID. */
static void add_interface(struct line *line, const json_t *interface)
{
	const char *name = text_of(interface, "name");
	const char *uuid = text_of(interface, "uuid");
	const char *reason = text_of(interface, "reason");

	strbuf_addf(line->out, "%s %" JSON_INTEGER_FORMAT,
		name   ? name
		: uuid ? uuid
		       : "?",
		json_integer_value(json_object_get(interface, "port")));
	if (reason)
		strbuf_addf(line->out, " %s", reason);
}

static void add_interfaces(struct line *line, const json_t *interfaces)
{
	size_t i;
	const json_t *interface;

	json_array_foreach(interfaces, i, interface)
	{
		if (full(line))
			return;
		if (i > 0)
			strbuf_adds(line->out, ", ");
		else
			separate(line, "; ");
		add_interface(line, interface);
	}
}

static void add_mapper(struct line *line, const json_t *mapper)
{
	separate(line, "; ");
	strbuf_addf(line->out, "%" JSON_INTEGER_FORMAT " entries",
		json_integer_value(json_object_get(mapper, "entries")));
	add_interfaces(line, json_object_get(mapper, "tcp"));
}

/* ---- all of it --------------------------------------------------------------- */

/* Told by the state, by the line's other parts, or of no use to a reader. Times differ
 * from host to host, and so do the ports that a mapper names: in the line they would
 * keep findings apart that are one. */
static bool is_silent(const json_t *evidence, const char *key)
{
	static const struct {
		const char *key, *beside;
	} silent[] = {
		{"errno", "icmp"},
		{"ports", "runs"},
		{"name", "servers"},
		{"stages", "stages"},
		{"uuid", "stages"},
		{"version", "stages"},
		{"name", "stages"},
		{"port", "stages"},
		/* Told with the incident. */
		{"trace", "trace"},
	};

	const json_t *value = json_object_get(evidence, key);

	if (json_is_array(value) && json_array_size(value) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		if (strcmp(key, silent[i].key) == 0 &&
			json_object_get(evidence, silent[i].beside))
			return true;
	return false;
}

static void add_member(
	struct line *line, const json_t *evidence, const char *key, const json_t *value)
{
	if (strcmp(key, "icmp") == 0) {
		add_icmp(line, value);
	} else if (strcmp(key, "runs") == 0) {
		add_runs(line, value);
	} else if (strcmp(key, "runs_cut") == 0) {
		line->cut = true;
	} else if (strcmp(key, "servers") == 0) {
		add_servers(line, value);
	} else if (strcmp(key, "mapper") == 0) {
		add_mapper(line, value);
	} else if (strcmp(key, "interfaces") == 0) {
		add_interfaces(line, value);
	} else if (strcmp(key, "declared") == 0) {
		add_declared(line, value);
	} else if (!is_silent(evidence, key)) {
		separate(line, "; ");
		strbuf_addf(line->out, "%s ", key);
		add_value(line, value, 0);
	}
}

void evidence_add(struct strbuf *out, const char *evidence, size_t limit)
{
	struct line line = {.out = out, .begin = out->length, .limit = limit};
	json_t *root = evidence ? json_loads(evidence, 0, NULL) : NULL;
	const char *key;
	json_t *value;

	if (!root && evidence && *evidence)
		strbuf_add(out, evidence, strnlen(evidence, limit));
	json_object_foreach(root, key, value)
	{
		if (full(&line))
			break;
		add_member(&line, root, key, value);
	}
	if (line.cut)
		strbuf_adds(out, " ...");
	json_decref(root);
}
