/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"

void json_filler_init(struct json_filler *filler)
{
	*filler = (struct json_filler){.object = json_object()};
	filler->failed = !filler->object;
}

void json_put(struct json_filler *filler, const char *key, json_t *value)
{
	if (json_object_set_new(filler->object, key, value) < 0)
		filler->failed = true;
}

/* Appends `text` with U+FFFD in place of every byte that is no UTF-8. */
static void add_repaired(struct strbuf *buf, const char *text)
{
	size_t length;
	uint32_t character;

	for (; *text; text += length ? length : 1) {
		length = utf8_read(text, strnlen(text, 4), &character);
		if (length)
			strbuf_add(buf, text, length);
		else
			strbuf_adds(buf, "\xef\xbf\xbd");
	}
}

json_t *json_text(const char *text)
{
	json_t *value;
	struct strbuf repaired;
	char *valid;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	strbuf_init(&repaired);
	add_repaired(&repaired, text);
	valid = strbuf_take(&repaired);
	value = valid ? json_string(valid) : NULL;
	free(valid);
	return value;
}

void json_put_text(struct json_filler *filler, const char *key, const char *text)
{
	json_put(filler, key, json_text(text));
}

void json_put_text_if(struct json_filler *filler, const char *key, const char *text)
{
	if (text)
		json_put_text(filler, key, text);
}

void json_put_state(struct json_filler *filler, const char *key, uint8_t state)
{
	json_put_text(filler, key,
		state == STATE_NONE ? NULL : probe_state_word((enum probe_state)state));
}

void json_put_number(struct json_filler *filler, const char *key, int64_t number)
{
	json_put(filler, key, json_integer(number));
}

void json_put_number_or_null(
	struct json_filler *filler, const char *key, int64_t number)
{
	json_put(filler, key, number ? json_integer(number) : json_null());
}

json_t *json_text_list(const char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, json_text(items[i])) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

json_t *json_filler_take(struct json_filler *filler)
{
	json_t *object = filler->object;

	filler->object = NULL;
	if (!filler->failed)
		return object;
	json_decref(object);
	return NULL;
}

json_t *json_evidence(const char *text)
{
	json_t *value;

	if (!text || !*text)
		return json_object();
	value = json_loads(text, 0, NULL);
	return value ? value : json_text(text);
}
