/* SPDX-License-Identifier: Apache-2.0 */
/* The work of one store_scan_record(): what differs from the newest scan is written. */
#ifndef STORE_RECORDER_H
#define STORE_RECORDER_H

#include "store/idle.h"
#include "store/known.h"
#include "store/words.h"

enum recorder_statement {
	ADD_HOST,
	SET_HOST,
	ADD_FLOW,
	SET_TERMS,
	SET_FLOW,
	SET_REPORTED,
	KEEP_STATE,
	LEAVE,
	SET_GAP,
	KEEP_GAP,
	END_GAP,
	RECORDER_STATEMENTS
};

enum recorder_column {
	CHECK,
	EXPECT,
	VERDICT,
	RULES,
	STATE,
	REASON,
	PHASE,
	IDENTITY,
	EVIDENCE,
	GROUPS,
	REPORTED_STATE,
	REPORTED_REASON,
	REPORTED_IDENTITY,
	REPORTED_VERDICT,
	RECORDER_COLUMNS
};

struct recorder {
	struct store *store;
	int64_t scan, vantage, started_us;
	int64_t previous; /* the newest complete scan of the vantage; 0: none */
	struct known known;
	struct words words;
	struct word_memo memos[RECORDER_COLUMNS];
	const char *host_name; /* of the last row: rows mostly come by host */
	uint32_t host_id;
	uint32_t nothing;        /* the word "" */
	struct idle_rules *idle; /* rules whose flows the previous scan did not ask */
	size_t n_idle;
	uint32_t *times_us; /* by flow number */
	size_t n_times;
	struct sqlite3_stmt *statements[RECORDER_STATEMENTS];
};

/* Everything that a recorder of running scan `scan` needs, inside the caller's
 * transaction. 0 or a negative errno; recorder_fini() it either way. */
int recorder_init(struct recorder *recorder, struct store *store, int64_t scan);
void recorder_fini(struct recorder *recorder);

/* Id of a word; `column` tells where to remember it. */
static inline int recorder_word(struct recorder *recorder, enum recorder_column column,
	const char *text, uint32_t *id)
{
	return words_id(&recorder->words, &recorder->memos[column], text, id);
}

/* Adds or updates a host. 0 or a negative errno. */
int recorder_host(struct recorder *recorder, const struct store_host *row);

/* What the scan saw of one flow. 0 or a negative errno. */
int recorder_row(struct recorder *recorder, const struct store_row *row);

/* Ends the flows that recorder_row() was not called for. 0 or a negative errno. */
int recorder_remove_rest(struct recorder *recorder);

#endif
