/* SPDX-License-Identifier: Apache-2.0 */
#include "store/string_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- text to id -------------------------------------------------------------- */

int string_ids_init(struct string_ids *ids, struct store *store, uint64_t seed)
{
	int rc;

	*ids = (struct string_ids){.store = store};
	intern_init(&ids->names, seed);
	rc = sql_prepare(store, "SELECT id FROM word WHERE text = ?", &ids->find);
	if (rc == 0)
		rc = sql_prepare(
			store, "INSERT INTO word (text) VALUES (?)", &ids->add);
	return rc;
}

void string_ids_fini(struct string_ids *ids)
{
	sql_free(ids->find);
	sql_free(ids->add);
	free(ids->by_number);
	intern_fini(&ids->names);
}

static int find_or_insert(struct string_ids *ids, const char *text, int64_t *id)
{
	int rc;

	sql_bind_text(ids->find, 1, text);
	rc = sql_step(ids->store, ids->find);
	if (rc > 0)
		*id = sql_int(ids->find, 0);
	sql_reset(ids->find);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	sql_bind_text(ids->add, 1, text);
	rc = sql_run(ids->store, ids->add);
	*id = sql_inserted(ids->store);
	return rc;
}

static int remember(
	struct string_ids *ids, const char *text, uint32_t id, uint32_t *number)
{
	int rc = intern_add(&ids->names, text, number);

	if (rc == 0 && ids->capacity < ids->names.capacity) {
		uint32_t capacity = ids->names.capacity;
		uint32_t *grown = reallocarray(ids->by_number, capacity, sizeof *grown);
		if (!grown)
			return store_no_memory(ids->store);
		ids->by_number = grown;
		ids->capacity = capacity;
	}
	if (rc < 0)
		return store_no_memory(ids->store);
	ids->by_number[*number] = id;
	return 0;
}

static int look_up(struct string_ids *ids, const char *text, uint32_t *number)
{
	int64_t id = 0;
	int rc = find_or_insert(ids, text, &id);

	if (rc < 0)
		return rc;
	if (id <= 0 || id > UINT32_MAX)
		return store_damaged(
			ids->store, "a word has the number %lld", (long long)id);
	return remember(ids, text, (uint32_t)id, number);
}

int string_id(struct string_ids *ids, struct string_memo *memo, const char *text,
	uint32_t *id)
{
	uint32_t number;
	int rc = 0;

	if (!text)
		text = "";
	if (!memo->text || strcmp(memo->text, text) != 0) {
		if (!intern_find(&ids->names, text, &number))
			rc = look_up(ids, text, &number);
		if (rc < 0)
			return rc;
		memo->text = ids->names.texts[number];
		memo->id = ids->by_number[number];
	}
	*id = memo->id;
	return 0;
}

/* ---- id to text -------------------------------------------------------------- */

int string_texts_init(struct string_texts *texts, struct store *store)
{
	int64_t last = 0;
	int rc;

	*texts = (struct string_texts){.store = store};
	arena_init(&texts->arena, 0);
	rc = sql_number(store, "SELECT max(id) FROM word", &last);
	if (rc == 0 && (last < 0 || last >= UINT32_MAX))
		rc = store_damaged(
			store, "a word has the number %lld", (long long)last);
	if (rc < 0)
		return rc;
	texts->count = (uint32_t)last + 1;
	texts->by_id = calloc((size_t)last + 1, sizeof *texts->by_id);
	if (!texts->by_id)
		return store_no_memory(store);
	return sql_prepare(store, "SELECT text FROM word WHERE id = ?", &texts->get);
}

void string_texts_fini(struct string_texts *texts)
{
	sql_free(texts->get);
	free(texts->by_id);
	arena_fini(&texts->arena);
}

static const char *fetch(struct string_texts *texts, int64_t id)
{
	const char *text;
	int rc;

	SQL_BIND(texts->get, id);
	rc = sql_step(texts->store, texts->get);
	if (rc == 0)
		rc = store_damaged(texts->store, "word %lld is missing", (long long)id);
	if (rc < 0) {
		texts->rc = rc;
		return "";
	}
	text = arena_strdup(&texts->arena, sql_text(texts->get, 0));
	sql_reset(texts->get);
	if (!text)
		texts->rc = store_no_memory(texts->store);
	else
		texts->by_id[id] = text;
	return text ? text : "";
}

const char *string_text(struct string_texts *texts, int64_t id)
{
	if (texts->rc < 0)
		return "";
	if (id > 0 && id < texts->count && texts->by_id[id])
		return texts->by_id[id];
	if (id <= 0 || id >= texts->count) {
		texts->rc = store_damaged(
			texts->store, "word %lld is missing", (long long)id);
		return "";
	}
	return fetch(texts, id);
}
