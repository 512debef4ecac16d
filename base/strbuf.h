/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing, always NUL terminated string. A failed allocation is remembered in
 * `failed` and later additions are ignored, so that callers check once at the end.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *text; /* NULL until something was added */
	size_t length;
	size_t capacity;
	bool failed;
};

void strbuf_init(struct strbuf *buf);
void strbuf_add(struct strbuf *buf, const char *text, size_t length);
void strbuf_adds(struct strbuf *buf, const char *text);
void strbuf_addf(struct strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Empties the text and keeps its memory; clears `failed`. */
void strbuf_reset(struct strbuf *buf);

/*
 * Hands the text over: the caller frees it. "" when nothing was added; NULL when an
 * allocation failed. The buffer is empty afterwards.
 */
char *strbuf_take(struct strbuf *buf);

void strbuf_fini(struct strbuf *buf);

#endif
