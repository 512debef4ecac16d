/* SPDX-License-Identifier: Apache-2.0 */
#include "store/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- text to id -------------------------------------------------------------- */

int words_init(struct words *words, struct store *store, uint64_t seed)
{
	int rc;

	*words = (struct words){.store = store};
	intern_init(&words->names, seed);
	rc = sql_prepare(store, "SELECT id FROM word WHERE text = ?", &words->find);
	if (rc == 0)
		rc = sql_prepare(
			store, "INSERT INTO word (text) VALUES (?)", &words->add);
	return rc;
}

void words_fini(struct words *words)
{
	sql_free(words->find);
	sql_free(words->add);
	free(words->ids);
	intern_fini(&words->names);
}

static int find_or_insert(struct words *words, const char *text, int64_t *id)
{
	int rc;

	sql_bind_text(words->find, 1, text);
	rc = sql_step(words->store, words->find);
	if (rc > 0)
		*id = sql_int(words->find, 0);
	sql_reset(words->find);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	sql_bind_text(words->add, 1, text);
	rc = sql_run(words->store, words->add);
	*id = sql_inserted(words->store);
	return rc;
}

static int remember(
	struct words *words, const char *text, uint32_t id, uint32_t *number)
{
	int rc = intern_add(&words->names, text, number);

	if (rc == 0 && words->capacity < words->names.capacity) {
		uint32_t capacity = words->names.capacity;
		uint32_t *ids = reallocarray(words->ids, capacity, sizeof *ids);
		if (!ids)
			return store_no_memory(words->store);
		words->ids = ids;
		words->capacity = capacity;
	}
	if (rc < 0)
		return store_no_memory(words->store);
	words->ids[*number] = id;
	return 0;
}

static int look_up(struct words *words, const char *text, uint32_t *number)
{
	int64_t id = 0;
	int rc = find_or_insert(words, text, &id);

	if (rc < 0)
		return rc;
	if (id <= 0 || id > UINT32_MAX)
		return store_damaged(
			words->store, "a word has the number %lld", (long long)id);
	return remember(words, text, (uint32_t)id, number);
}

int words_id(
	struct words *words, struct word_memo *memo, const char *text, uint32_t *id)
{
	uint32_t number;
	int rc = 0;

	if (!text)
		text = "";
	if (!memo->text || strcmp(memo->text, text) != 0) {
		if (!intern_find(&words->names, text, &number))
			rc = look_up(words, text, &number);
		if (rc < 0)
			return rc;
		memo->text = words->names.texts[number];
		memo->id = words->ids[number];
	}
	*id = memo->id;
	return 0;
}

/* ---- id to text -------------------------------------------------------------- */

int texts_init(struct texts *texts, struct store *store)
{
	int64_t last = 0;
	int rc;

	*texts = (struct texts){.store = store};
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

void texts_fini(struct texts *texts)
{
	sql_free(texts->get);
	free(texts->by_id);
	arena_fini(&texts->arena);
}

static const char *fetch(struct texts *texts, int64_t id)
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

const char *texts_get(struct texts *texts, int64_t id)
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
