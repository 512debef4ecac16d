/* SPDX-License-Identifier: Apache-2.0 */
/* The table `word` with a memory: ids of texts for the writer, texts of ids for
 * readers. Both last for one operation. */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include "base/intern.h"
#include "store/sql.h"

/* ---- text to id -------------------------------------------------------------- */

struct words {
	struct store *store;
	struct intern names;
	uint32_t *ids; /* by number in `names` */
	uint32_t capacity;
	struct sqlite3_stmt *find, *add;
};

/* What a column held last: neighbours are mostly equal. Starts as {0}. */
struct word_memo {
	const char *text;
	uint32_t id;
};

/* 0 or a negative errno; words_fini() it either way. */
int words_init(struct words *words, struct store *store, uint64_t seed);
void words_fini(struct words *words);

/* The id of a text, made when it is new; NULL counts as "". Ids are never 0. */
int words_id(
	struct words *words, struct word_memo *memo, const char *text, uint32_t *id);

/* ---- id to text -------------------------------------------------------------- */

struct texts {
	struct store *store;
	struct arena arena;
	const char **by_id;
	uint32_t count;
	struct sqlite3_stmt *get;
	int rc; /* of the first failure; texts_get() yields "" from then on */
};

/* 0 or a negative errno; texts_fini() it either way. */
int texts_init(struct texts *texts, struct store *store);
void texts_fini(struct texts *texts);

/* Never NULL; lives as long as `texts`. */
const char *texts_get(struct texts *texts, int64_t id);

#endif
