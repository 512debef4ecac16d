/* SPDX-License-Identifier: Apache-2.0 */
/* The table `word` with a memory: ids of texts for the writer, texts of ids for
 * readers. Both last for one operation. */
#ifndef STORE_STRING_TABLE_H
#define STORE_STRING_TABLE_H

#include "base/intern.h"
#include "store/sql.h"

/* ---- text to id -------------------------------------------------------------- */

struct string_ids {
	struct store *store;
	struct intern names;
	uint32_t *by_number; /* in `names` */
	uint32_t capacity;
	struct sqlite3_stmt *find, *add;
};

/* What a column held last: neighbours are mostly equal. Starts as {0}. */
struct string_memo {
	const char *text;
	uint32_t id;
};

/* 0 or a negative errno; string_ids_fini() it either way. */
int string_ids_init(struct string_ids *ids, struct store *store, uint64_t seed);
void string_ids_fini(struct string_ids *ids);

/* The id of a text, made when it is new; NULL counts as "". Ids are never 0. */
int string_id(struct string_ids *ids, struct string_memo *memo, const char *text,
	uint32_t *id);

/* ---- id to text -------------------------------------------------------------- */

struct string_texts {
	struct store *store;
	struct arena arena;
	const char **by_id;
	uint32_t count;
	struct sqlite3_stmt *get;
	int rc; /* of the first failure; string_text() yields "" from then on */
};

/* 0 or a negative errno; string_texts_fini() it either way. */
int string_texts_init(struct string_texts *texts, struct store *store);
void string_texts_fini(struct string_texts *texts);

/* Never NULL; lives as long as `texts`. */
const char *string_text(struct string_texts *texts, int64_t id);

#endif
