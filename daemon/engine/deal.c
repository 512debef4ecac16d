/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pass has which hosts: the heaviest host goes first, always to the pass that has
 * least to do so far; among equals chance decides, so that no pass gets a subnet.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/engine/pass.h"

enum {
	MOST_PASSES = 8, /* unless told otherwise */
	/* What a pass should have at least: to start one takes longer than these. */
	FEWEST_CONNECTIONS = 256,
	FEWEST_AT_ONCE = 32,
	FEWEST_DESCRIPTORS = 64
};

struct deal_host {
	uint32_t first, end; /* places in the selection */
	uint32_t chance;
	uint32_t pass;
	uint64_t weight; /* connections, as far as can be known before */
};

struct deal {
	struct deal_host *hosts;
	uint32_t n_hosts;
	uint64_t weight; /* of all */
};

static uint32_t host_at(const struct team *team, uint32_t place)
{
	return team->plan->flows[team_flow(team, place)].host;
}

static uint32_t count_hosts(const struct team *team)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < team->n_flows; i++)
		count += i == 0 || host_at(team, i) != host_at(team, i - 1);
	return count;
}

/* A name that is yet to be looked up is taken to have one address. */
static uint64_t weight_of(const struct team *team, uint32_t place)
{
	const struct plan_flow *flow = &team->plan->flows[team_flow(team, place)];
	uint64_t connections = team->plan->checks[flow->check].connections;
	uint64_t addresses = team->results->hosts[flow->host].count;

	return connections * addresses > 1 ? connections * addresses : 1;
}

static void gather(const struct team *team, struct deal *deal)
{
	struct deal_host *host = deal->hosts;

	for (uint32_t i = 0; i < team->n_flows; i++) {
		if (i == 0 || host_at(team, i) != host_at(team, i - 1)) {
			host = &deal->hosts[deal->n_hosts++];
			*host = (struct deal_host){.first = i};
		}
		host->end = i + 1;
		host->weight += weight_of(team, i);
		deal->weight += weight_of(team, i);
	}
}

static int shuffle(struct team *team, struct deal *deal)
{
	uint32_t *numbers = calloc(deal->n_hosts + 1U, sizeof *numbers);

	if (!numbers)
		return -ENOMEM;
	for (uint32_t i = 0; i < deal->n_hosts; i++)
		numbers[i] = i;
	random_shuffle(&team->random, numbers, deal->n_hosts);
	for (uint32_t i = 0; i < deal->n_hosts; i++)
		deal->hosts[i].chance = numbers[i];
	free(numbers);
	return 0;
}

static int compare_hosts(const void *left, const void *right)
{
	const struct deal_host *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return (a->chance > b->chance) - (a->chance < b->chance);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t number_of_passes(const struct team *team, const struct deal *deal)
{
	const struct engine_options *options = &team->engine->options;
	uint64_t number = options->engines;

	if (options->observer)
		return 1;
	if (number == 0) {
		number = least(team->engine->cpus, MOST_PASSES);
		number = least(number, deal->weight / FEWEST_CONNECTIONS);
		number = least(number, options->concurrency / FEWEST_AT_ONCE);
	}
	number = least(number, deal->n_hosts);
	number = least(number, options->concurrency);
	number = least(number, team->descriptors / FEWEST_DESCRIPTORS);
	return number < 1 ? 1 : (uint32_t)number;
}

/* Where there are next to none, half of those are the reserve. */
static uint32_t spendable(uint32_t descriptors, uint32_t n_passes)
{
	uint64_t wanted = (uint64_t)n_passes * PASS_RESERVED_DESCRIPTORS;

	return descriptors - (uint32_t)least(descriptors / 2, wanted);
}

static void assign(struct deal *deal, uint32_t n_passes, uint64_t *loads)
{
	for (uint32_t i = 0; i < deal->n_hosts; i++) {
		uint32_t lightest = 0;
		for (uint32_t p = 1; p < n_passes; p++)
			if (loads[p] < loads[lightest])
				lightest = p;
		loads[lightest] += deal->hosts[i].weight;
		deal->hosts[i].pass = lightest;
	}
}

static int fill_pass(struct pass *pass, const struct deal *deal, uint32_t number)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < deal->n_hosts; i++)
		count += deal->hosts[i].pass == number;
	pass->hosts = calloc(count + 1U, sizeof *pass->hosts);
	pass->order = calloc(count + 1U, sizeof *pass->order);
	pass->ring = calloc(count + 1U, sizeof *pass->ring);
	if (!pass->hosts || !pass->order || !pass->ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < deal->n_hosts; i++) {
		const struct deal_host *from = &deal->hosts[i];
		struct pass_host *host = &pass->hosts[pass->n_hosts];
		if (from->pass != number)
			continue;
		*host = (struct pass_host){
			.host = host_at(pass->team, from->first),
			.next = from->first,
			.end = from->end,
		};
		list_init(&host->ready);
		pass->order[pass->n_hosts] = pass->n_hosts;
		pass->n_hosts++;
		pass->n_flows += from->end - from->first;
	}
	random_shuffle(&pass->random, pass->order, pass->n_hosts);
	return 0;
}

static int make_passes(struct team *team, const struct deal *deal)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < team->n_passes; i++) {
		struct pass *pass = &team->passes[i];
		pass->team = team;
		pass->engine = team->engine;
		pass->plan = team->plan;
		pass->results = team->results;
		random_seed(&pass->random, random_below(&team->random, UINT32_MAX));
		rc = fill_pass(pass, deal, i);
	}
	return rc;
}

static int deal_out(struct team *team, struct deal *deal)
{
	int rc = shuffle(team, deal);

	if (rc < 0)
		return rc;
	qsort(deal->hosts, deal->n_hosts, sizeof *deal->hosts, compare_hosts);
	uint32_t number = number_of_passes(team, deal);
	uint64_t *loads = calloc(number + 1U, sizeof *loads);
	team->passes = calloc(number + 1U, sizeof *team->passes);
	rc = loads && team->passes ? 0 : -ENOMEM;
	if (rc == 0) {
		team->n_passes = number;
		team->descriptors = spendable(team->descriptors, number);
		assign(deal, number, loads);
		rc = make_passes(team, deal);
	}
	free(loads);
	return rc;
}

int team_deal(struct team *team)
{
	uint32_t n_hosts = count_hosts(team);
	struct deal deal = {.hosts = calloc(n_hosts + 1U, sizeof *deal.hosts)};

	if (!deal.hosts)
		return -ENOMEM;
	gather(team, &deal);
	int rc = deal_out(team, &deal);
	free(deal.hosts);
	return rc;
}
