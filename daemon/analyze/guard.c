/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/guard.h"

#include <errno.h>
#include <stdlib.h>

/* A strand fails by itself in one scan of 200. */
#define STRAND_FAILS 0.005

/* ---- causes --------------------------------------------------------------- */

struct cover {
	const struct guard_input *input;
	uint32_t *flows; /* those not yet explained */
	uint32_t n_flows;
	uint32_t *counts; /* per cause, of these */
	bool *usable;     /* per cause */
	uint32_t first;   /* the biggest cause that cover_all() found */
};

static void each_of_list(const struct guard_list *list,
	void (*each)(void *data, uint32_t cause), void *data)
{
	for (uint32_t i = 0; i < list->count; i++)
		each(data, list->items[i]);
}

static void each_cause(const struct guard_input *input, uint32_t flow,
	void (*each)(void *data, uint32_t cause), void *data)
{
	const struct guard_flow *f = &input->flows[flow];

	each_of_list(&input->of_hosts[f->host], each, data);
	each_of_list(&input->of_checks[f->check], each, data);
	each_of_list(&input->of_rules[f->rules], each, data);
}

static void count_one(void *data, uint32_t cause)
{
	uint32_t *counts = data;

	counts[cause]++;
}

static void count_causes(struct cover *cover)
{
	for (uint32_t i = 0; i < cover->input->n_causes; i++)
		cover->counts[i] = 0;
	for (uint32_t i = 0; i < cover->n_flows; i++)
		each_cause(cover->input, cover->flows[i], count_one, cover->counts);
}

struct search {
	uint32_t wanted;
	bool found;
};

static void look_for(void *data, uint32_t cause)
{
	struct search *search = data;

	search->found |= cause == search->wanted;
}

static void drop_explained(struct cover *cover, uint32_t cause)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cover->n_flows; i++) {
		struct search search = {cause, false};
		each_cause(cover->input, cover->flows[i], look_for, &search);
		if (!search.found)
			cover->flows[kept++] = cover->flows[i];
	}
	cover->n_flows = kept;
}

/* The usable cause of most flows, or n_causes. */
static uint32_t biggest(const struct cover *cover)
{
	uint32_t best = cover->input->n_causes, most = 0;

	for (uint32_t i = 0; i < cover->input->n_causes; i++) {
		if (!cover->usable[i] || cover->counts[i] <= most)
			continue;
		best = i;
		most = cover->counts[i];
	}
	return best;
}

/* The biggest first: no more than a few too many, and never too few. */
static uint32_t cover_all(struct cover *cover)
{
	uint32_t causes = 0;

	while (cover->n_flows && causes < GUARD_MAX_CAUSES) {
		uint32_t cause;
		count_causes(cover);
		cause = biggest(cover);
		if (causes++ == 0)
			cover->first = cause;
		if (cause == cover->input->n_causes)
			cover->n_flows--; /* one that no cause holds is its own */
		else
			drop_explained(cover, cause);
	}
	return causes;
}

/* Fills with the dark flows, or all. */
static void fill(struct cover *cover, bool dark_alone)
{
	cover->n_flows = 0;
	for (uint32_t i = 0; i < cover->input->n_flows; i++)
		if (cover->input->flows[i].dark || !dark_alone)
			cover->flows[cover->n_flows++] = i;
}

/* At least 4 in 5 of it, and at least twice the share of what is outside, where enough
 * is to say so. */
static bool stands_out(uint32_t dark, uint32_t flows, const struct guard_finding *all)
{
	uint64_t outside = all->flows - flows, outside_dark = all->dark - dark;

	return (uint64_t)dark * 5 >= (uint64_t)flows * 4 &&
	       outside * 10 >= all->flows && dark * outside >= 2 * outside_dark * flows;
}

/* Narrow ones always, wide ones when they stand out. */
static int choose_usable(struct cover *cover, const struct guard_finding *all)
{
	const struct guard_input *input = cover->input;
	uint32_t *flows = calloc(input->n_causes + 1U, sizeof *flows);

	if (!flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < input->n_flows; i++)
		each_cause(input, i, count_one, flows);
	fill(cover, true);
	count_causes(cover);
	for (uint32_t i = 0; i < input->n_causes; i++)
		cover->usable[i] =
			!input->wide[i] || stands_out(cover->counts[i], flows[i], all);
	free(flows);
	return 0;
}

/* A dead host beside one big change is no pattern: without the biggest cause it must
 * look as bad. */
static bool rest_is_dark(const struct cover *cover, const struct guard_limits *limits)
{
	const struct guard_input *input = cover->input;
	uint64_t flows = 0, dark = 0;

	for (uint32_t i = 0; i < input->n_flows; i++) {
		struct search search = {cover->first, false};
		each_cause(input, i, look_for, &search);
		flows += !search.found;
		dark += !search.found && input->flows[i].dark;
	}
	return dark && dark * 100 >= flows * limits->share;
}

static int count_explanations(struct cover *cover, const struct guard_limits *limits,
	struct guard_finding *out)
{
	int rc = choose_usable(cover, out);

	if (rc < 0)
		return rc;
	out->causes = cover_all(cover);
	out->spread = out->causes > 1 && rest_is_dark(cover, limits);
	if (!out->spread || out->dark == out->flows)
		return 0;
	for (uint32_t i = 0; i < cover->input->n_causes; i++)
		cover->usable[i] = !cover->input->wide[i];
	fill(cover, false);
	out->strands = cover_all(cover);
	if (out->strands < out->causes)
		out->strands = out->causes;
	return 0;
}

/* ---- the verdict ---------------------------------------------------------- */

double guard_tail(uint32_t n, uint32_t hits, double p)
{
	double term = 1, sum = 0;

	/* term: the chance of exactly i of n. */
	for (uint32_t i = 0; i < n; i++)
		term *= 1 - p;
	for (uint32_t i = 0; i <= n; i++) {
		if (i >= hits)
			sum += term;
		term *= (double)(n - i) / (i + 1) * p / (1 - p);
	}
	return sum;
}

static void decide(const struct guard_limits *limits, struct guard_finding *out)
{
	if (!out->spread)
		return;
	out->chance =
		out->strands ? guard_tail(out->strands, out->causes, STRAND_FAILS) : 0;
	out->impaired = out->chance * limits->odds <= 1;
}

int guard_judge(const struct guard_input *input, const struct guard_limits *limits,
	struct guard_finding *out)
{
	struct cover cover = {.input = input};
	int rc = -ENOMEM;

	*out = (struct guard_finding){.flows = input->n_flows, .chance = 1};
	for (uint32_t i = 0; i < input->n_flows; i++)
		out->dark += input->flows[i].dark;
	if (!out->dark ||
		(uint64_t)out->dark * 100 < (uint64_t)input->n_flows * limits->share)
		return 0;
	cover.flows = calloc(input->n_flows + 1U, sizeof *cover.flows);
	cover.counts = calloc(input->n_causes + 1U, sizeof *cover.counts);
	cover.usable = calloc(input->n_causes + 1U, sizeof *cover.usable);
	if (cover.flows && cover.counts && cover.usable)
		rc = count_explanations(&cover, limits, out);
	if (rc == 0)
		decide(limits, out);
	free(cover.flows);
	free(cover.counts);
	free(cover.usable);
	return rc;
}
