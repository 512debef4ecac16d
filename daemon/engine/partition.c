/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host with most to do goes first, always to the worker that has least to do so
 * far; among equals chance decides, so that no worker gets a subnet.
 */
#include "daemon/engine/partition.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MOST_WORKERS = 8, /* unless the options say otherwise */
	/* What a worker should have at least: to start one takes longer than these. */
	FEWEST_CONNECTIONS = 256,
	FEWEST_AT_ONCE = 32,
	FEWEST_DESCRIPTORS = 64
};

struct part_host {
	uint32_t first, end; /* places in the selection */
	uint32_t chance;
	uint32_t worker;
	uint64_t weight; /* connections, as far as can be known before */
};

static uint32_t host_at(const struct job *job, uint32_t place)
{
	return job->plan->flows[job_flow(job, place)].host;
}

/* A name that is yet to be looked up is assumed to have one address. */
static uint64_t weight_of(const struct job *job, uint32_t place)
{
	const struct plan_flow *flow = &job->plan->flows[job_flow(job, place)];
	uint64_t connections = job->plan->checks[flow->check].connections;
	uint64_t addresses = job->results->hosts[flow->host].count;

	return connections * addresses > 1 ? connections * addresses : 1;
}

static int compare_hosts(const void *left, const void *right)
{
	const struct part_host *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return (a->chance > b->chance) - (a->chance < b->chance);
}

/* The hosts of the selection, the heaviest first; NULL without memory. */
static struct part_host *sort_hosts(const struct job *job, struct random_state *random,
	uint32_t *n_hosts, uint64_t *weight)
{
	struct part_host *hosts, *host = NULL;
	uint32_t *numbers, count = 0;

	for (uint32_t i = 0; i < job->n_flows; i++)
		count += i == 0 || host_at(job, i) != host_at(job, i - 1);
	hosts = calloc(count + 1U, sizeof *hosts);
	numbers = calloc(count + 1U, sizeof *numbers);
	if (!hosts || !numbers) {
		free(hosts);
		free(numbers);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		numbers[i] = i;
	random_shuffle(random, numbers, count);
	for (uint32_t i = 0; i < job->n_flows; i++) {
		if (i == 0 || host_at(job, i) != host_at(job, i - 1)) {
			host = host ? host + 1 : hosts;
			host->first = i;
			host->chance = numbers[host - hosts];
		}
		host->end = i + 1;
		host->weight += weight_of(job, i);
		*weight += weight_of(job, i);
	}
	free(numbers);
	qsort(hosts, count, sizeof *hosts, compare_hosts);
	*n_hosts = count;
	return hosts;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t count_workers(
	const struct job *job, unsigned cpus, uint32_t n_hosts, uint64_t weight)
{
	const struct engine_options *options = job->options;
	uint64_t number = options->engines;
	uint32_t workers;

	if (options->observer)
		return 1;
	if (number == 0) {
		number = least(cpus, MOST_WORKERS);
		number = least(number, weight / FEWEST_CONNECTIONS);
		number = least(number, options->concurrency / FEWEST_AT_ONCE);
	}
	number = least(number, n_hosts);
	number = least(number, options->concurrency);
	number = least(number, job->descriptors / FEWEST_DESCRIPTORS);
	workers = (uint32_t)number;
	return workers ? workers : 1;
}

/* Each host to the worker with least to do. Adds weights and numbers of hosts up. */
static void assign(struct part_host *hosts, uint32_t n_hosts, struct worker *workers,
	uint32_t n_workers)
{
	for (uint32_t i = 0; i < n_hosts; i++) {
		uint32_t lightest = 0;
		for (uint32_t w = 1; w < n_workers; w++)
			if (workers[w].weight < workers[lightest].weight)
				lightest = w;
		hosts[i].worker = lightest;
		workers[lightest].weight += hosts[i].weight;
		workers[lightest].n_hosts++;
	}
}

static int fill(struct worker *worker, struct job *job, uint32_t number,
	const struct part_host *hosts, uint32_t n_hosts)
{
	uint32_t count = 0;

	worker->job = job;
	worker->hosts = calloc(worker->n_hosts + 1U, sizeof *worker->hosts);
	worker->order = calloc(worker->n_hosts + 1U, sizeof *worker->order);
	worker->ring = calloc(worker->n_hosts + 1U, sizeof *worker->ring);
	if (!worker->hosts || !worker->order || !worker->ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_hosts; i++) {
		struct worker_host *host = &worker->hosts[count];
		if (hosts[i].worker != number)
			continue;
		host->task.host = host_at(job, hosts[i].first);
		host->next = hosts[i].first;
		host->end = hosts[i].end;
		list_init(&host->task.ready);
		list_init(&host->deferred);
		worker->order[count] = count;
		worker->n_flows += host->end - host->next;
		count++;
	}
	random_shuffle(&worker->tasks.random, worker->order, count);
	return 0;
}

int partition(struct job *job, unsigned cpus, struct random_state *random,
	struct worker **workers)
{
	uint64_t weight = 0;
	uint32_t n_hosts, number;
	struct part_host *hosts = sort_hosts(job, random, &n_hosts, &weight);
	int rc = 0;

	if (!hosts)
		return -ENOMEM;
	number = count_workers(job, cpus, n_hosts, weight);
	*workers = calloc(number, sizeof **workers);
	if (!*workers) {
		free(hosts);
		return -ENOMEM;
	}
	job->n_workers = number;
	/* Where there are next to none, half of those are the reserve. */
	job->descriptors -= (uint32_t)least(job->descriptors / 2,
		(uint64_t)number * PARTITION_RESERVED_DESCRIPTORS);
	assign(hosts, n_hosts, *workers, number);
	for (uint32_t w = 0; rc == 0 && w < number; w++) {
		random_seed(
			&(*workers)[w].tasks.random, random_below(random, UINT32_MAX));
		rc = fill(&(*workers)[w], job, w, hosts, n_hosts);
	}
	free(hosts);
	return rc;
}

void partition_free(struct worker *workers, uint32_t n_workers)
{
	for (uint32_t w = 0; w < n_workers; w++) {
		free(workers[w].hosts);
		free(workers[w].order);
		free(workers[w].ring);
	}
	free(workers);
}
