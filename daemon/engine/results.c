/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/results.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_detail(struct flow_detail *detail)
{
	if (!detail)
		return;
	for (uint32_t i = 0; i < detail->n_addresses; i++)
		free(detail->addresses[i].evidence);
	free(detail->addresses);
	free(detail->evidence);
	free(detail->identity);
	free(detail);
}

static void free_addresses(struct host_addresses *addresses)
{
	if (addresses->resolved)
		free((void *)addresses->items);
}

int results_init(struct results *results, const struct plan *plan)
{
	*results = (struct results){.plan = plan};
	results->flows = calloc(plan->n_flows + 1U, sizeof *results->flows);
	results->hosts = calloc(plan->n_hosts + 1U, sizeof *results->hosts);
	if (!results->flows || !results->hosts) {
		results_fini(results);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < plan->n_hosts; i++) {
		results->hosts[i].items = plan->hosts[i].addresses;
		results->hosts[i].count = plan->hosts[i].n_addresses;
	}
	return 0;
}

void results_fini(struct results *results)
{
	for (uint32_t i = 0; results->flows && i < results->plan->n_flows; i++)
		free_detail(results->flows[i].detail);
	for (uint32_t i = 0; results->hosts && i < results->plan->n_hosts; i++)
		free_addresses(&results->hosts[i]);
	free(results->flows);
	free(results->hosts);
	free(results->carried);
	*results = (struct results){0};
}

bool results_is_carried(const struct results *results, uint32_t flow)
{
	return results->carried && results->carried[flow] != CARRIED_NONE;
}

uint32_t results_count_carried(const struct results *results)
{
	uint32_t count = 0;

	for (uint32_t i = 0; results->carried && i < results->plan->n_flows; i++)
		count += results->carried[i] != CARRIED_NONE;
	return count;
}

void results_forget(struct results *results, uint32_t flow)
{
	assert(flow < results->plan->n_flows);
	free_detail(results->flows[flow].detail);
	results->flows[flow] = (struct flow_result){0};
}

const char *flow_result_evidence(const struct flow_result *result)
{
	const struct flow_detail *detail = result->detail;

	if (!detail || detail->evidence)
		return detail ? detail->evidence : NULL;
	for (uint32_t i = 0; i < detail->n_addresses; i++)
		if (detail->addresses[i].evidence)
			return detail->addresses[i].evidence;
	return NULL;
}

static bool same_addresses(
	const struct host_addresses *old, const struct net_address *items, size_t count)
{
	if (old->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (net_address_compare(&old->items[i], &items[i]) != 0)
			return false;
	return true;
}

static void forget_clear(struct results *results, uint32_t host)
{
	const struct plan_host *of = &results->plan->hosts[host];

	for (uint32_t i = 0; i < of->n_flows; i++)
		results->flows[of->first_flow + i].clear = 0;
}

int results_set_addresses(struct results *results, uint32_t host,
	const struct net_address *items, size_t count)
{
	struct net_address *copy = NULL;

	assert(host < results->plan->n_hosts && count <= UINT32_MAX);
	if (same_addresses(&results->hosts[host], items, count))
		return 0;
	if (count) {
		copy = malloc(count * sizeof *copy);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, items, count * sizeof *copy);
	}
	forget_clear(results, host);
	free_addresses(&results->hosts[host]);
	results->hosts[host] = (struct host_addresses){
		.items = copy, .count = (uint32_t)count, .resolved = true};
	return 0;
}
