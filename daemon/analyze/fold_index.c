/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/fold.h"

struct placed_host {
	struct fold_key key;
	uint32_t host;
};

static uint64_t read_u64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static struct fold_key key_of(const struct net_address *address)
{
	struct fold_key key = {.family = address->family};

	if (address->family == 4)
		key.high = read_u64(address->bytes) >> 32 << 32;
	if (address->family == 6) {
		key.high = read_u64(address->bytes);
		key.low = read_u64(address->bytes + 8);
	}
	return key;
}

static int order_of(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_hosts(const void *a, const void *b)
{
	const struct placed_host *x = a, *y = b;
	/* Less one: those without an address come last. */
	int order =
		order_of((uint8_t)(x->key.family - 1), (uint8_t)(y->key.family - 1));

	if (!order)
		order = order_of(x->key.high, y->key.high);
	if (!order)
		order = order_of(x->key.low, y->key.low);
	return order ? order : order_of(x->host, y->host);
}

static int rank_hosts(const struct incident_input *input, struct arena *arena,
	struct fold_index *index)
{
	uint32_t n = input->n_hosts;
	struct placed_host *hosts = calloc(n ? n : 1, sizeof *hosts);

	index->n_hosts = n;
	index->host_at = arena_calloc(arena, n, sizeof *index->host_at);
	index->rank = arena_calloc(arena, n, sizeof *index->rank);
	index->keys = arena_calloc(arena, n, sizeof *index->keys);
	if (!hosts || !index->host_at || !index->rank || !index->keys) {
		free(hosts);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		hosts[i] = (struct placed_host){key_of(&input->hosts[i].address), i};
	qsort(hosts, n, sizeof *hosts, compare_hosts);
	for (uint32_t i = 0; i < n; i++) {
		index->host_at[i] = hosts[i].host;
		index->keys[i] = hosts[i].key;
		index->rank[hosts[i].host] = i;
	}
	free(hosts);
	return 0;
}

/* A host that joined or left the inventory is neither a change nor evidence. */
static bool counts(const struct incident_flow *flow)
{
	if (flow->kind == CHANGE_ADDED || flow->kind == CHANGE_REMOVED)
		return false;
	if (flow->kind != CHANGE_NONE)
		return true;
	return flow->from != STATE_NONE && flow->from != STATE_ERROR &&
	       flow->to != STATE_NONE && flow->to != STATE_ERROR;
}

/* Turns counts in first[1..n] into first positions; the total is in first[n]. */
static void sum_up(uint32_t *first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		first[i + 1] += first[i];
}

/* After placing, first[i] is where i ends, which is where i + 1 begins. */
static void shift_back(uint32_t *first, uint32_t n)
{
	memmove(first + 1, first, n * sizeof *first);
	first[0] = 0;
}

static int sort_by_rank(const struct incident_input *input, struct arena *arena,
	struct fold_index *index)
{
	uint32_t *first =
		arena_calloc(arena, (size_t)input->n_hosts + 1, sizeof *first);

	index->flows = arena_calloc(arena, input->n_flows, sizeof *index->flows);
	index->flow_ranks = arena_calloc(arena, input->n_flows, sizeof(uint32_t));
	index->first_of_rank = first;
	if (!first || !index->flows || !index->flow_ranks)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_flows; i++)
		if (counts(&input->flows[i]))
			first[index->rank[input->flows[i].host] + 1]++;
	sum_up(first, input->n_hosts);
	index->n_flows = first[input->n_hosts];
	for (uint32_t i = 0; i < input->n_flows; i++) {
		uint32_t rank = index->rank[input->flows[i].host];
		if (!counts(&input->flows[i]))
			continue;
		index->flow_ranks[first[rank]] = rank;
		index->flows[first[rank]++] = i;
	}
	shift_back(first, input->n_hosts);
	return 0;
}

static int sort_by_check(const struct incident_input *input, struct arena *arena,
	struct fold_index *index)
{
	uint32_t *first =
		arena_calloc(arena, (size_t)input->n_checks + 1, sizeof *first);

	index->checked = arena_calloc(arena, index->n_flows, sizeof *index->checked);
	index->checked_ranks = arena_calloc(arena, index->n_flows, sizeof(uint32_t));
	index->first_of_check = first;
	if (!first || !index->checked || !index->checked_ranks)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->n_flows; i++)
		first[input->flows[index->flows[i]].check + 1]++;
	sum_up(first, input->n_checks);
	for (uint32_t i = 0; i < index->n_flows; i++) {
		uint32_t flow = index->flows[i];
		uint32_t at = first[input->flows[flow].check]++;
		index->checked[at] = flow;
		index->checked_ranks[at] = index->flow_ranks[i];
	}
	shift_back(first, input->n_checks);
	return 0;
}

static void place_members(const struct incident_input *input, struct fold_index *index)
{
	for (uint32_t rank = 0; rank < input->n_hosts; rank++) {
		const struct incident_host *host = &input->hosts[index->host_at[rank]];
		uint32_t n_flows =
			index->first_of_rank[rank + 1] - index->first_of_rank[rank];

		for (uint32_t i = 0; i < host->n_groups; i++) {
			uint32_t group = host->groups[i];
			index->members[index->first_of_group[group]++] = rank;
			index->flows_of_group[group] += n_flows;
		}
	}
}

static int sort_by_group(const struct incident_input *input, struct arena *arena,
	struct fold_index *index)
{
	uint32_t n = input->n_groups;
	uint32_t *first = arena_calloc(arena, (size_t)n + 1, sizeof *first);

	index->first_of_group = first;
	index->flows_of_group = arena_calloc(arena, n, sizeof *index->flows_of_group);
	if (!first || !index->flows_of_group)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_hosts; i++)
		for (uint32_t g = 0; g < input->hosts[i].n_groups; g++)
			first[input->hosts[i].groups[g] + 1]++;
	sum_up(first, n);
	index->members = arena_calloc(arena, first[n], sizeof *index->members);
	if (!index->members)
		return -ENOMEM;
	place_members(input, index);
	shift_back(first, n);
	return 0;
}

int fold_index_build(
	const struct incident_input *input, struct arena *arena, struct fold_index *out)
{
	int rc;

	*out = (struct fold_index){0};
	rc = rank_hosts(input, arena, out);
	if (rc == 0)
		rc = sort_by_rank(input, arena, out);
	if (rc == 0)
		rc = sort_by_check(input, arena, out);
	if (rc == 0)
		rc = sort_by_group(input, arena, out);
	return rc;
}

int fold_common_bits(const struct fold_key *a, const struct fold_key *b)
{
	if (!a->family || a->family != b->family)
		return -1;
	if (a->high != b->high)
		return __builtin_clzll(a->high ^ b->high);
	if (a->family == 4)
		return 32;
	return a->low == b->low ? 128 : 64 + __builtin_clzll(a->low ^ b->low);
}

/* The outermost rank in the network of `from`: by steps that double, then by halves. */
static uint32_t edge(const struct fold_index *index, uint32_t from, int bits, bool up)
{
	const struct fold_key *keys = index->keys;
	uint32_t room = up ? index->n_hosts - 1 - from : from;
	uint32_t inside = 0, outside = 1;

	while (outside <= room &&
		fold_common_bits(&keys[from],
			&keys[up ? from + outside : from - outside]) >= bits) {
		inside = outside;
		outside *= 2;
	}
	if (outside > room)
		outside = room + 1;
	while (outside - inside > 1) {
		uint32_t middle = inside + (outside - inside) / 2;
		uint32_t rank = up ? from + middle : from - middle;

		if (fold_common_bits(&keys[from], &keys[rank]) >= bits)
			inside = middle;
		else
			outside = middle;
	}
	return up ? from + inside : from - inside;
}

void fold_network(const struct fold_index *index, uint32_t first, uint32_t last,
	int bits, uint32_t *begin, uint32_t *end)
{
	*begin = edge(index, first, bits, false);
	*end = edge(index, last, bits, true) + 1;
}

bool fold_in_group(const struct incident_host *host, uint32_t group)
{
	for (uint32_t i = 0; i < host->n_groups; i++)
		if (host->groups[i] == group)
			return true;
	return false;
}
