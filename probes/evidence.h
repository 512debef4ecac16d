/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evidence of a check says: read for the rest of the program, which asks the
 * check's kind (struct probe_ops) for what only that knows. Pure. Evidence is a JSON
 * object as text, or NULL; anything else says nothing.
 */
#ifndef PROBES_EVIDENCE_H
#define PROBES_EVIDENCE_H

#include <jansson.h>

#include "base/strbuf.h"
#include "probes/probe.h"

/* Appends it as one line for people, not much longer than `limit` bytes. What the state
 * says already is left out. `ops` is the check's kind; NULL: not known. */
void evidence_add(struct strbuf *out, const struct probe_ops *ops, const char *evidence,
	size_t limit);

/* What is to blame: the sender of an ICMP error, or what the kind finds. malloc'ed;
 * NULL: nothing, or no memory. `ops` may be NULL. */
char *evidence_cause(const struct probe_ops *ops, const char *evidence);

/* The TCP port to trace to: the one that the check found, else its own. 0: none. */
uint16_t evidence_port(
	const struct probe_ops *ops, const void *conf, const char *evidence);

/* ---- for the kinds' own members of struct probe_ops */

struct evidence_line {
	struct strbuf *out;
	size_t begin, limit;
	bool cut; /* something was left out */
};

/* True at the limit: then nothing more is to be written, and the reader sees that. */
bool evidence_is_full(struct evidence_line *line);

/* Between two statements; nothing before the first. */
void evidence_separate(struct evidence_line *line, const char *separator);

/* The items of an array, whatever they are: "a, b". */
void evidence_add_items(struct evidence_line *line, const json_t *array);

/* A member that is a string, or NULL. */
const char *evidence_text(const json_t *object, const char *key);

/* A number that can be a port, else 0. */
uint16_t evidence_number_port(const json_t *number);

/* Is it the word of a state whose path is blocked? */
bool evidence_is_blocked(const json_t *word);

#endif
