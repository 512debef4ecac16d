/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/silences.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/size.h"

struct loading {
	struct silence_list *out;
	bool (*counts)(const struct silence *silence, int64_t time_us);
	int64_t time_us;
	int rc;
};

static int keep(struct silence_list *list, const struct silence *silence)
{
	struct silence *items =
		array_grow(list->items, &list->capacity, list->count, sizeof *items);
	struct silence_scope *scope;

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = *silence;
	scope = &items[list->count++].scope;
	const char **texts[] = {&scope->host, &scope->group, &scope->rule,
		&scope->check, &scope->vantage};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i] = arena_strdup(&list->arena, *texts[i]);
		if (!*texts[i])
			return -ENOMEM;
	}
	return 0;
}

static bool on_silence(void *data, const struct store_silence *row)
{
	struct loading *loading = data;
	const struct silence silence = {
		.id = (uint32_t)row->id,
		.scope = {row->host, row->group, row->rule, row->check, row->vantage},
		.from_us = row->from_us,
		.until_us = row->until_us,
		.ended_us = row->ended_us,
	};

	if (loading->counts(&silence, loading->time_us))
		loading->rc = keep(loading->out, &silence);
	return loading->rc == 0;
}

static int load(struct store *store, struct loading *loading)
{
	int rc;

	*loading->out = (struct silence_list){.count = 0};
	arena_init(&loading->out->arena, 0);
	rc = store_silence_list(store, on_silence, loading);
	return rc < 0 ? rc : loading->rc;
}

int silences_load(struct store *store, int64_t now_us, struct silence_list *out)
{
	struct loading loading = {out, silence_holds, now_us, 0};

	return load(store, &loading);
}

int silences_load_past(struct store *store, int64_t then_us, struct silence_list *out)
{
	struct loading loading = {out, silence_held, then_us, 0};

	return load(store, &loading);
}

void silences_fini(struct silence_list *list)
{
	free(list->items);
	arena_fini(&list->arena);
	*list = (struct silence_list){.count = 0};
}
