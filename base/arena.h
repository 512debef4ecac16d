/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator: many small things that live and die together, such as a parsed
 * file or a plan. Nothing is freed alone. Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used;  /* bytes handed out, padding included */
	size_t limit; /* bytes that may be handed out; 0: no limit */
};

/* Never fails; limit in bytes, 0 for none. */
void arena_init(struct arena *arena, size_t limit);

/*
 * Returns `count` zeroed objects of `size` bytes, aligned for any type; NULL when
 * memory or the limit is exhausted or the product overflows. Owned by the arena.
 */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* Copies `length` bytes and adds a NUL. NULL as above. */
char *arena_strndup(struct arena *arena, const char *text, size_t length);

/* Copies a NUL terminated string. NULL as above. */
char *arena_strdup(struct arena *arena, const char *text);

/* printf into the arena. NULL as above. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Frees everything; the arena may be used again. */
void arena_fini(struct arena *arena);

#endif
