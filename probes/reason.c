/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/reason.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/size.h"

#define X(symbol, word, path) [STATE_##symbol] = (word),
static const char *const state_words[STATE_COUNT] = {PROBE_STATES(X)};
#undef X

#define X(symbol, word, path) [STATE_##symbol] = PATH_##path,
static const enum probe_path state_paths[STATE_COUNT] = {PROBE_STATES(X)};
#undef X

#define X(symbol, word) [PHASE_##symbol] = (word),
static const char *const phase_words[PHASE_COUNT] = {PROBE_PHASES(X)};
#undef X

#define X(symbol, word, text) [REASON_##symbol] = (word),
static const char *const reason_words[REASON_COUNT] = {PROBE_REASONS(X)};
#undef X

#define X(symbol, word, text) [REASON_##symbol] = (text),
static const char *const reason_texts[REASON_COUNT] = {PROBE_REASONS(X)};
#undef X

static const char *const path_words[] = {
	[PATH_UNKNOWN] = "unknown",
	[PATH_CLEAR] = "clear",
	[PATH_PARTIAL] = "partial",
	[PATH_BLOCKED] = "blocked",
};

const char *probe_state_word(enum probe_state state)
{
	assert((unsigned)state < STATE_COUNT);
	return state_words[state];
}

const char *probe_phase_word(enum probe_phase phase)
{
	assert((unsigned)phase < PHASE_COUNT);
	return phase_words[phase];
}

const char *probe_reason_word(enum probe_reason reason)
{
	assert((unsigned)reason < REASON_COUNT);
	return reason_words[reason];
}

const char *probe_reason_text(enum probe_reason reason)
{
	assert((unsigned)reason < REASON_COUNT);
	return reason_texts[reason];
}

const char *probe_path_word(enum probe_path path)
{
	assert((unsigned)path < ARRAY_SIZE(path_words));
	return path_words[path];
}

enum probe_path probe_state_path(enum probe_state state)
{
	assert((unsigned)state < STATE_COUNT);
	return state_paths[state];
}

unsigned observation_parts(enum probe_state state, enum probe_reason reason)
{
	switch (state) {
	case STATE_OPEN:
	case STATE_FAILED:
		return PARTS_ACCEPT;
	case STATE_CLOSED:
		return PARTS_CLOSED;
	case STATE_FILTERED:
	case STATE_PROHIBITED:
	case STATE_UNREACHABLE:
		return PARTS_BLOCKED;
	case STATE_PARTIAL:
		break;
	default:
		return 0;
	}
	switch (reason) {
	case REASON_ADDRESSES_DIFFER_CLEAR:
		return PARTS_ACCEPT | PARTS_CLOSED;
	case REASON_ADDRESSES_DIFFER_BLOCKED:
		return PARTS_BLOCKED;
	case REASON_NO_ADDRESS_ACCEPTS:
	case REASON_NO_PORT_ACCEPTS:
		return PARTS_CLOSED | PARTS_BLOCKED;
	default:
		return PARTS_ACCEPT | PARTS_BLOCKED;
	}
}

enum probe_path observation_path(enum probe_state state, enum probe_reason reason)
{
	unsigned parts = observation_parts(state, reason);

	if (parts == 0)
		return PATH_UNKNOWN;
	if (!(parts & PARTS_BLOCKED))
		return PATH_CLEAR;
	return parts == PARTS_BLOCKED ? PATH_BLOCKED : PATH_PARTIAL;
}

/* Index of `word`, or -1. */
static int find_word(const char *const *words, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

bool probe_state_from_word(const char *word, enum probe_state *state)
{
	int i = find_word(state_words, STATE_COUNT, word);
	if (i >= 0)
		*state = (enum probe_state)i;
	return i >= 0;
}

bool probe_phase_from_word(const char *word, enum probe_phase *phase)
{
	int i = find_word(phase_words, PHASE_COUNT, word);
	if (i >= 0)
		*phase = (enum probe_phase)i;
	return i >= 0;
}

bool probe_reason_from_word(const char *word, enum probe_reason *reason)
{
	int i = find_word(reason_words, REASON_COUNT, word);
	if (i >= 0)
		*reason = (enum probe_reason)i;
	return i >= 0;
}

bool probe_reason_is_local(enum probe_reason reason)
{
	return reason >= REASON_NO_DESCRIPTOR;
}

bool probe_reason_is_shortage(enum probe_reason reason)
{
	switch (reason) {
	case REASON_NO_DESCRIPTOR:
	case REASON_NO_PORT:
	case REASON_NO_BUFFERS:
	case REASON_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

bool probe_reason_is_silence(enum probe_reason reason)
{
	return reason == REASON_NO_ANSWER || reason == REASON_EPM_SILENT ||
	       reason == REASON_RPC_SILENT;
}
