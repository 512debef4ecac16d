/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "daemon/render/json.h"
#include "daemon/render/visible.h"

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

static bool is_listed(const char *text, const struct conf_texts *wanted)
{
	for (size_t i = 0; text && i < wanted->count; i++)
		if (strcmp(wanted->items[i], text) == 0)
			return true;
	return false;
}

/* `value` is a word or a list of words. */
static bool is_one_of(const json_t *value, const struct conf_texts *wanted)
{
	if (wanted->count == 0 || !value)
		return true;
	if (!json_is_array(value))
		return is_listed(json_string_value(value), wanted);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (is_listed(json_string_value(json_array_get(value, i)), wanted))
			return true;
	return false;
}

bool message_is_wanted(const json_t *message, const struct notify_only *only)
{
	return is_one_of(json_object_get(message, "kind"), &only->kinds) &&
	       is_one_of(json_object_get(message, "rules"), &only->rules) &&
	       is_one_of(json_object_get(message, "groups"), &only->groups);
}

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

size_t message_count(const json_t *message)
{
	const json_t *list = json_object_get(message, "notices");

	return json_is_array(list) && json_array_size(list) ? json_array_size(list) : 1;
}

const json_t *message_at(const json_t *message, size_t index)
{
	const json_t *list = json_object_get(message, "notices");
	const json_t *notice = json_array_get(list, index);

	return notice ? notice : message;
}

const char *message_get(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}
