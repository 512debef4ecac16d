/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/render/json.h"
#include "daemon/render/visible.h"

enum {
	MAX_NAMES = 10, /* hosts, rules, incidents that are listed */
	MAX_DETAILS = 9
};

/* ---- making one ---------------------------------------------------------------- */

json_t *message_of_notice(const struct outbox_notice *notice, uint64_t dropped)
{
	json_t *object = json_loads(notice->body, 0, NULL);
	struct json_filler filler = {.object = object};

	if (!json_is_object(object)) {
		json_decref(object);
		json_filler_init(&filler);
		json_put_text(&filler, "type", "notice");
		json_put_text(&filler, "summary", notice->body);
	}
	json_put_text(&filler, "uid", notice->uid);
	json_put_number(&filler, "notice", notice->number);
	if (dropped)
		json_put_number(&filler, "dropped", (int64_t)dropped);
	return json_filler_take(&filler);
}

static json_t *digest_of(json_t *notices)
{
	size_t count = json_array_size(notices);
	const json_t *first = json_array_get(notices, 0);
	const json_t *last = json_array_get(notices, count - 1);
	struct json_filler digest;
	char text[160];

	json_filler_init(&digest);
	json_put_text(&digest, "type", "digest");
	snprintf(text, sizeof text, "%zu notices", count);
	json_put_text(&digest, "summary", text);
	json_put_text(&digest, "vantage", message_get(last, "vantage"));
	json_put_text(&digest, "time", message_get(last, "time"));
	snprintf(text, sizeof text, "%.100s-%zu", message_get(first, "uid"), count);
	json_put_text(&digest, "uid", text);
	json_put(&digest, "notices", json_incref(notices));
	return json_filler_take(&digest);
}

json_t *message_of_list(json_t *notices)
{
	json_t *message = json_array_size(notices) == 1
				  ? json_incref(json_array_get(notices, 0))
				  : digest_of(notices);

	json_decref(notices);
	return message;
}

/* ---- reading it ---------------------------------------------------------------- */

size_t message_count(const json_t *message)
{
	size_t count = json_array_size(json_object_get(message, "notices"));

	return count ? count : 1;
}

const json_t *message_at(const json_t *message, size_t index)
{
	const json_t *notice =
		json_array_get(json_object_get(message, "notices"), index);

	return notice ? notice : message;
}

const char *message_get(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

/* The list may have the notice's own incident or not: one that is opened and takes
 * flows over from others stands beside them. */
const json_t *message_incident(const json_t *notice, size_t index, const char **status)
{
	const json_t *list = json_object_get(notice, "incidents");
	const json_t *own = json_object_get(notice, "incident");
	const json_t *incident;
	bool is_listed = !json_is_object(own);

	for (size_t i = 0; i < json_array_size(list) && !is_listed; i++)
		is_listed = strcmp(message_get(json_array_get(list, i), "uid"),
				    message_get(own, "uid")) == 0;
	if (!is_listed && index == 0) {
		*status = message_get(notice, "status");
		return own;
	}
	incident = json_array_get(list, is_listed ? index : index - 1);
	*status = message_get(incident, "status");
	return incident;
}

int message_severity(const json_t *message)
{
	enum {
		ERROR = 3,
		WARNING = 4,
		NOTICE = 5,
		INFO = 6
	};
	size_t count = message_count(message);
	int worst = INFO;

	for (size_t i = 0; i < count; i++) {
		const json_t *notice = message_at(message, i);
		const char *kind = message_get(notice, "kind");
		int severity = WARNING;

		if (strcmp(kind, "recovery") == 0 ||
			strcmp(message_get(notice, "status"), "closed") == 0)
			severity = NOTICE;
		else if (strcmp(kind, "regression") == 0 ||
			 strcmp(kind, "exposure") == 0 || strcmp(kind, "failing") == 0)
			severity = ERROR;
		else if (strcmp(kind, "test") == 0)
			severity = INFO;
		if (severity < worst)
			worst = severity;
	}
	return worst;
}

/* ---- filters ------------------------------------------------------------------- */

static bool is_listed(const json_t *word, const struct conf_texts *wanted)
{
	const char *text = json_string_value(word);

	for (size_t i = 0; text && i < wanted->count; i++)
		if (strcmp(wanted->items[i], text) == 0)
			return true;
	return false;
}

/* `value` is a word, a list of words, or a list of objects with a word as `member`. */
static bool has_listed(
	const json_t *value, const char *member, const struct conf_texts *wanted)
{
	if (wanted->count == 0 || !value)
		return true;
	if (!json_is_array(value))
		return is_listed(value, wanted);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);
		if (is_listed(member ? json_object_get(item, member) : item, wanted))
			return true;
	}
	return false;
}

/* The end of an incident whose flows left the inventory is of no kind that one can ask
 * for, and whoever heard of the incident must hear of its end. */
static bool is_gone(const json_t *message)
{
	return strcmp(message_get(message, "kind"), "removed") == 0;
}

bool message_is_wanted(const json_t *message, const struct notify_only *only)
{
	const json_t *status = json_object_get(message, "status");
	const json_t *incidents = json_object_get(message, "incidents");
	bool has_status = json_array_size(incidents)
				  ? has_listed(incidents, "status", &only->statuses) ||
					    is_listed(status, &only->statuses)
				  : has_listed(status, NULL, &only->statuses);

	return has_status &&
	       (is_gone(message) || has_listed(json_object_get(message, "kind"), NULL,
					    &only->kinds)) &&
	       has_listed(json_object_get(message, "rules"), NULL, &only->rules) &&
	       has_listed(json_object_get(message, "groups"), NULL, &only->groups);
}

/* ---- as text ------------------------------------------------------------------- */

char *message_text(const json_t *message)
{
	char *json = json_dumps(message, JSON_COMPACT);
	struct strbuf text;

	if (!json)
		return NULL;
	strbuf_init(&text);
	visible_add_json(&text, json);
	free(json);
	return strbuf_take(&text);
}

/* "regression opened: "; a status alone says enough of a recovery. */
static void add_title(struct strbuf *out, const json_t *notice)
{
	const char *kind = message_get(notice, "kind");
	const char *status = message_get(notice, "status");
	bool says_kind = !*status || strcmp(kind, "regression") == 0 ||
			 strcmp(kind, "exposure") == 0;

	visible_add(out, says_kind ? kind : "", false);
	if (says_kind && *kind && *status)
		strbuf_adds(out, " ");
	visible_add(out, status, false);
	if (*kind || *status)
		strbuf_adds(out, ": ");
	visible_add(out, message_get(notice, "summary"), false);
}

void message_title(struct strbuf *out, const json_t *message)
{
	if (message_at(message, 0) == message)
		add_title(out, message);
	else
		strbuf_addf(out, "reachd: %zu notices", message_count(message));
}

/* The first few texts of a list, joined. */
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

static void add_number(struct strbuf *out, const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	if (json_is_integer(number))
		strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

static void add_hosts(struct strbuf *out, const json_t *scope)
{
	const json_t *hosts = json_object_get(scope, "hosts");

	if (json_array_size(hosts) == 0)
		return;
	add_names(out, hosts);
	strbuf_addf(out, " (%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT ")",
		json_integer_value(json_object_get(scope, "n_hosts")),
		json_integer_value(json_object_get(scope, "of_hosts")));
}

/* "12 updated, opened 2026-..., 3 of 5 flows remaining; 14 closed" */
static void add_incidents(struct strbuf *out, const json_t *notice)
{
	const json_t *incident;
	const char *status;
	size_t i;

	for (i = 0; (incident = message_incident(notice, i, &status)) != NULL; i++) {
		if (i == MAX_NAMES) {
			strbuf_adds(out, "; ...");
			return;
		}
		strbuf_adds(out, i ? "; " : "");
		add_number(out, incident, "number");
		strbuf_adds(out, " ");
		visible_add(out, status, false);
		if (strcmp(status, "opened") != 0 && *message_get(incident, "opened")) {
			strbuf_adds(out, ", opened ");
			visible_add(out, message_get(incident, "opened"), false);
		}
		if (strcmp(status, "updated") != 0)
			continue;
		strbuf_adds(out, ", ");
		add_number(out, incident, "remaining");
		if (json_object_get(incident, "flows")) {
			strbuf_adds(out, " of ");
			add_number(out, incident, "flows");
			strbuf_adds(out, " flows");
		}
		strbuf_adds(out, " remaining");
	}
}

void message_each_detail(const json_t *notice,
	void (*each)(void *data, const char *label, const char *text), void *data)
{
	static const char *const labels[MAX_DETAILS] = {"incident", "vantage", "scan",
		"time", "hosts", "rules", "where", "dropped before it", "uid"};
	struct strbuf texts[MAX_DETAILS];

	for (size_t i = 0; i < MAX_DETAILS; i++)
		strbuf_init(&texts[i]);
	add_incidents(&texts[0], notice);
	visible_add(&texts[1], message_get(notice, "vantage"), false);
	add_number(&texts[2], notice, "scan");
	visible_add(&texts[3], message_get(notice, "time"), false);
	add_hosts(&texts[4], json_object_get(notice, "scope"));
	add_names(&texts[5], json_object_get(notice, "rules"));
	visible_add(&texts[6], message_get(notice, "trace"), false);
	add_number(&texts[7], notice, "dropped");
	visible_add(&texts[8], message_get(notice, "uid"), false);
	for (size_t i = 0; i < MAX_DETAILS; i++) {
		if (texts[i].length && !texts[i].failed)
			each(data, labels[i], texts[i].text);
		strbuf_fini(&texts[i]);
	}
}

static void add_line(void *data, const char *label, const char *text)
{
	strbuf_addf(data, "%s: %s\n", label, text);
}

void message_details(struct strbuf *out, const json_t *message)
{
	size_t count = message_count(message);

	for (size_t i = 0; i < count; i++) {
		const json_t *notice = message_at(message, i);
		if (notice != message) {
			strbuf_adds(out, i ? "\n" : "");
			add_title(out, notice);
			strbuf_adds(out, "\n");
		}
		message_each_detail(notice, add_line, out);
	}
}
