/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/describe.h"

#include <string.h>

#include "daemon/notify/message.h"
#include "daemon/render/visible.h"

enum {
	MAX_NAMES = 10, /* hosts that are named */
	MAX_LINES = 8
};

static void add_title(struct strbuf *out, const json_t *notice)
{
	const char *kind = message_get(notice, "kind");

	if (*kind) {
		visible_add(out, kind, false);
		strbuf_adds(out, ": ");
	}
	visible_add(out, message_get(notice, "summary"), false);
}

void describe_title(struct strbuf *out, const json_t *message)
{
	if (message_at(message, 0) == message)
		add_title(out, message);
	else
		strbuf_addf(out, "reachd: %zu notices", message_count(message));
}

/* ---- details ----------------------------------------------------------------- */

/* Texts of a list, joined, the first few of them. */
static void add_names(struct strbuf *out, const json_t *list)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count && i < MAX_NAMES; i++) {
		const char *name = json_string_value(json_array_get(list, i));
		strbuf_adds(out, i ? ", " : "");
		visible_add(out, name ? name : "?", false);
	}
	if (count > MAX_NAMES)
		strbuf_adds(out, ", ...");
}

static void add_hosts(struct strbuf *out, const json_t *notice)
{
	const json_t *scope = json_object_get(notice, "scope");
	const json_t *hosts = json_object_get(scope, "hosts");

	if (json_array_size(hosts) == 0)
		return;
	add_names(out, hosts);
	strbuf_addf(out, " (%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT ")",
		json_integer_value(json_object_get(scope, "n_hosts")),
		json_integer_value(json_object_get(scope, "of_hosts")));
}

static void add_text(struct strbuf *out, const json_t *notice, const char *key)
{
	visible_add(out, message_get(notice, key), false);
}

static void add_number(struct strbuf *out, const json_t *notice, const char *key)
{
	const json_t *number = json_object_get(notice, key);

	if (json_is_integer(number))
		strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

void describe_each(const json_t *notice,
	void (*each)(void *data, const char *label, const char *text), void *data)
{
	static const char *const labels[MAX_LINES] = {"vantage", "scan", "time",
		"hosts", "rules", "where", "dropped before it", "uid"};
	struct strbuf texts[MAX_LINES];

	for (size_t i = 0; i < MAX_LINES; i++)
		strbuf_init(&texts[i]);
	add_text(&texts[0], notice, "vantage");
	add_number(&texts[1], notice, "scan");
	add_text(&texts[2], notice, "time");
	add_hosts(&texts[3], notice);
	add_names(&texts[4], json_object_get(notice, "rules"));
	add_text(&texts[5], notice, "trace");
	add_number(&texts[6], notice, "dropped");
	add_text(&texts[7], notice, "uid");
	for (size_t i = 0; i < MAX_LINES; i++) {
		if (texts[i].length && !texts[i].failed)
			each(data, labels[i], texts[i].text);
		strbuf_fini(&texts[i]);
	}
}

static void add_line(void *data, const char *label, const char *text)
{
	strbuf_addf(data, "%s: %s\n", label, text);
}

void describe_details(struct strbuf *out, const json_t *message)
{
	size_t count = message_count(message);

	for (size_t i = 0; i < count; i++) {
		const json_t *notice = message_at(message, i);
		if (notice != message) {
			strbuf_adds(out, i ? "\n" : "");
			add_title(out, notice);
			strbuf_adds(out, "\n");
		}
		describe_each(notice, add_line, out);
	}
}

/* ---- severity ---------------------------------------------------------------- */

static int severity_of(const char *kind)
{
	enum {
		ERROR = 3,
		WARNING = 4,
		NOTICE = 5,
		INFO = 6
	};

	if (strcmp(kind, "regression") == 0 || strcmp(kind, "exposure") == 0 ||
		strcmp(kind, "failing") == 0)
		return ERROR;
	if (strcmp(kind, "recovery") == 0)
		return NOTICE;
	return strcmp(kind, "test") == 0 ? INFO : WARNING;
}

int describe_severity(const json_t *message)
{
	size_t count = message_count(message);
	int worst = severity_of("test");

	for (size_t i = 0; i < count; i++) {
		int one = severity_of(message_get(message_at(message, i), "kind"));
		if (one < worst)
			worst = one;
	}
	return worst;
}
