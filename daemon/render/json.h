/* SPDX-License-Identifier: Apache-2.0 */
/* Building JSON that is always valid, whatever the strings hold. */
#ifndef DAEMON_RENDER_JSON_H
#define DAEMON_RENDER_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "probes/reason.h"

/* An object being filled; a failed allocation is remembered. */
struct json_filler {
	json_t *object;
	bool failed;
};

void json_filler_init(struct json_filler *filler);

/* Takes over `value`; NULL counts as no memory. */
void json_put(struct json_filler *filler, const char *key, json_t *value);

/* Text with U+FFFD for bytes that are no UTF-8; null for NULL. */
void json_put_text(struct json_filler *filler, const char *key, const char *text);

/* The same, but nothing for NULL. */
void json_put_text_if(struct json_filler *filler, const char *key, const char *text);

/* The word of an enum probe_state; null for STATE_NONE. */
void json_put_state(struct json_filler *filler, const char *key, uint8_t state);

void json_put_number(struct json_filler *filler, const char *key, int64_t number);

/* A number, or null for 0. */
void json_put_number_or_null(
	struct json_filler *filler, const char *key, int64_t number);

/* Hands the object over; NULL when memory ran out. */
json_t *json_filler_take(struct json_filler *filler);

/* A string value, see json_put_text(). NULL: no memory. */
json_t *json_text(const char *text);

/* A list of strings. NULL: no memory. */
json_t *json_text_list(const char *const *items, size_t count);

/*
 * The value that an evidence text holds; {} for NULL and ""; the text itself as a
 * string when it is no JSON. NULL: no memory.
 */
json_t *json_evidence(const char *text);

#endif
