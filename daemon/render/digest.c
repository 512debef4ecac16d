/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/digest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* The NUL included, so that no two lists of texts run into each other. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

static uint64_t hash_flow(const struct digest_flow *flow)
{
	uint64_t hash = HASH_START ^ flow->mark;

	hash = hash_text(hash, flow->subject);
	hash = hash_text(hash, flow->state);
	return hash_text(hash, flow->why);
}

static bool is_entry(
	const struct digest_entry *entry, const struct digest_flow *flow, uint64_t hash)
{
	return entry->hash == hash && entry->mark == flow->mark &&
	       strcmp(entry->subject, flow->subject) == 0 &&
	       strcmp(entry->state, flow->state) == 0 &&
	       strcmp(entry->why, flow->why) == 0;
}

static struct digest_entry *add_entry(
	struct digest *digest, const struct digest_flow *flow, uint64_t hash)
{
	struct digest_entry *entry;

	if (!digest->entries)
		digest->entries = calloc(digest->limit, sizeof *digest->entries);
	if (!digest->entries)
		return NULL;
	entry = &digest->entries[digest->count++];
	entry->hash = hash;
	entry->mark = flow->mark;
	entry->subject = strdup(flow->subject);
	entry->state = strdup(flow->state);
	entry->why = strdup(flow->why);
	return entry->subject && entry->state && entry->why ? entry : NULL;
}

int digest_add(struct digest *digest, const struct digest_flow *flow)
{
	uint64_t hash = hash_flow(flow);
	struct digest_entry *entry = NULL;

	digest->flows++;
	for (uint32_t i = digest->count; i-- > 0 && !entry;)
		if (is_entry(&digest->entries[i], flow, hash))
			entry = &digest->entries[i];
	if (!entry && digest->count == digest->limit) {
		digest->left_out++;
		return 0;
	}
	if (!entry)
		entry = add_entry(digest, flow, hash);
	if (!entry)
		return -ENOMEM;
	if (flow->since_us > entry->since_us)
		entry->since_us = flow->since_us;
	return host_ranges_add(&entry->hosts, flow->host);
}

void digest_fini(struct digest *digest)
{
	for (uint32_t i = 0; i < digest->count; i++) {
		struct digest_entry *entry = &digest->entries[i];
		free(entry->subject);
		free(entry->state);
		free(entry->why);
		host_ranges_fini(&entry->hosts);
	}
	free(digest->entries);
	*digest = (struct digest){.limit = digest->limit};
}
