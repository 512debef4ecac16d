/* SPDX-License-Identifier: Apache-2.0 */
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_text(uint64_t seed, const char *text)
{
	size_t left = strlen(text);
	uint64_t hash = seed ^ left;
	uint64_t word;

	for (; left >= sizeof word; left -= sizeof word, text += sizeof word) {
		memcpy(&word, text, sizeof word);
		hash = intern_mix(hash ^ word);
	}
	word = 0;
	memcpy(&word, text, left);
	return intern_mix(hash ^ word ^ seed);
}

void intern_init(struct intern *names, uint64_t seed)
{
	*names = (struct intern){.seed = seed};
	arena_init(&names->arena, 0);
}

void intern_fini(struct intern *names)
{
	arena_fini(&names->arena);
	free(names->texts);
	free(names->hashes);
	free(names->slots);
}

static bool find_hashed(
	const struct intern *names, uint64_t hash, const char *text, uint32_t *number)
{
	uint32_t mask = names->n_slots - 1;

	for (uint32_t at = (uint32_t)hash & mask; names->slots[at];
		at = (at + 1) & mask) {
		uint32_t i = names->slots[at] - 1;
		if (names->hashes[i] == hash && strcmp(names->texts[i], text) == 0) {
			*number = i;
			return true;
		}
	}
	return false;
}

bool intern_find(const struct intern *names, const char *text, uint32_t *number)
{
	return names->n_slots &&
	       find_hashed(names, hash_text(names->seed, text), text, number);
}

static void place(struct intern *names, uint32_t number)
{
	uint32_t mask = names->n_slots - 1;
	uint32_t at = (uint32_t)names->hashes[number] & mask;

	while (names->slots[at])
		at = (at + 1) & mask;
	names->slots[at] = number + 1;
}

/* Twice as many slots as texts at least, so that runs stay short. */
static int grow(struct intern *names)
{
	uint32_t capacity = names->capacity ? names->capacity * 2 : 64;
	const char **texts;
	uint64_t *hashes;
	uint32_t *slots;

	if (capacity > UINT32_MAX / 4)
		return -ENOMEM;
	texts = reallocarray(names->texts, capacity, sizeof *texts);
	if (!texts)
		return -ENOMEM;
	names->texts = texts;
	hashes = reallocarray(names->hashes, capacity, sizeof *hashes);
	if (!hashes)
		return -ENOMEM;
	names->hashes = hashes;
	slots = calloc((size_t)capacity * 2, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(names->slots);
	names->slots = slots;
	names->n_slots = capacity * 2;
	names->capacity = capacity;
	for (uint32_t i = 0; i < names->count; i++)
		place(names, i);
	return 0;
}

int intern_add(struct intern *names, const char *text, uint32_t *number)
{
	int rc = names->count == names->capacity ? grow(names) : 0;
	char *copy;

	if (rc < 0)
		return rc;
	copy = arena_strdup(&names->arena, text);
	if (!copy)
		return -ENOMEM;
	*number = names->count++;
	names->texts[*number] = copy;
	names->hashes[*number] = hash_text(names->seed, text);
	place(names, *number);
	return 0;
}
