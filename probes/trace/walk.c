/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/trace/walk.h"

#include <assert.h>
#include <string.h>

/* Where the path goes next; called when its TTL has been settled. */
static void move_on(struct walk_path *path)
{
	path->tries = 0;
	if (path->end.kind != WALK_SILENCE)
		path->ttl = path->end.ttl - path->low > 1
				    ? (uint8_t)((path->end.ttl + path->low) / 2)
				    : 0;
	else if (path->low >= WALK_MAX_TTL)
		path->ttl = 0;
	else if (path->leaps || path->low - path->last.ttl >= WALK_GAP)
		path->ttl = WALK_MAX_TTL;
	else
		path->ttl = path->low + 1;
}

void walk_init(struct walk *walk, uint32_t n_paths, bool distance)
{
	assert(n_paths >= 1 && n_paths <= WALK_PATHS);
	memset(walk, 0, sizeof *walk);
	walk->n_paths = n_paths;
	for (uint32_t i = 0; i < n_paths; i++) {
		walk->paths[i].leaps = distance;
		move_on(&walk->paths[i]);
	}
}

/* True when it is a new one. */
static bool note_hop(struct walk *walk, uint8_t ttl, const struct walk_report *report)
{
	uint32_t at = 0;

	for (; at < walk->n_hops && walk->hops[at].ttl <= ttl; at++) {
		struct walk_hop *hop = &walk->hops[at];
		if (hop->ttl != ttl ||
			net_address_compare(&hop->address, &report->address) != 0)
			continue;
		if (report->rtt_us < hop->rtt_us)
			hop->rtt_us = report->rtt_us;
		return false;
	}
	assert(walk->n_hops < WALK_MAX_HOPS); /* a TTL is answered once a path */
	memmove(&walk->hops[at + 1], &walk->hops[at],
		(walk->n_hops - at) * sizeof walk->hops[0]);
	walk->hops[at] = (struct walk_hop){ttl, report->address, report->rtt_us};
	walk->n_hops++;
	return true;
}

static void note_end(struct walk_path *path, const struct walk_report *report)
{
	path->end = (struct walk_end){
		.kind = report->kind,
		.ttl = path->ttl,
		.accepted = report->accepted,
		.icmp_type = report->icmp_type,
		.icmp_code = report->icmp_code,
		.address = report->address,
		.rtt_us = report->rtt_us,
	};
}

bool walk_take(struct walk *walk, uint32_t index, const struct walk_report *report)
{
	struct walk_path *path = &walk->paths[index];
	bool is_new = false;

	assert(index < walk->n_paths && path->ttl);
	if (report->kind == WALK_SILENCE && ++path->tries < WALK_TRIES)
		return false;
	if (report->kind != WALK_SILENCE && report->rtt_us > walk->worst_us)
		walk->worst_us = report->rtt_us;
	if (report->kind == WALK_HOP) {
		is_new = note_hop(walk, path->ttl, report);
		path->last =
			(struct walk_hop){path->ttl, report->address, report->rtt_us};
	}
	if (report->kind == WALK_HOP || report->kind == WALK_SILENCE)
		path->low = path->ttl;
	else
		note_end(path, report);
	move_on(path);
	return is_new;
}

bool walk_is_over(const struct walk *walk)
{
	for (uint32_t i = 0; i < walk->n_paths; i++)
		if (walk->paths[i].ttl)
			return false;
	return true;
}

uint32_t walk_wait_ms(const struct walk *walk, uint32_t path, uint32_t timeout_ms)
{
	uint32_t most =
		timeout_ms < WALK_LONGEST_WAIT_MS ? timeout_ms : WALK_LONGEST_WAIT_MS;
	uint32_t wait = walk->worst_us / 250; /* 4 times, in milliseconds */

	if (walk->worst_us == 0 || walk->paths[path].tries > 0)
		return most;
	if (wait < WALK_SHORTEST_WAIT_MS)
		wait = WALK_SHORTEST_WAIT_MS;
	return wait < most ? wait : most;
}

bool walk_is_silent_at(const struct walk *walk, uint8_t ttl)
{
	for (uint32_t i = 0; i < walk->n_hops; i++)
		if (walk->hops[i].ttl == ttl)
			return false;
	for (uint32_t i = 0; i < walk->n_paths; i++)
		if (walk->paths[i].low < ttl)
			return false;
	return true;
}

static const struct walk_end *nearer(
	const struct walk_end *a, const struct walk_end *b, enum walk_answer kind)
{
	if (b->kind != kind)
		return a;
	return a && a->ttl <= b->ttl ? a : b;
}

static const struct walk_hop *further(
	const struct walk_hop *a, const struct walk_hop *b)
{
	if (b->ttl == 0)
		return a;
	return a && a->ttl >= b->ttl ? a : b;
}

void walk_sum_up(const struct walk *walk, struct walk_summary *out)
{
	const struct walk_hop *last = NULL;

	*out = (struct walk_summary){.silent = 0};
	for (uint32_t i = 0; i < walk->n_paths; i++) {
		const struct walk_path *path = &walk->paths[i];
		out->reached = nearer(out->reached, &path->end, WALK_TARGET);
		out->stopped = nearer(out->stopped, &path->end, WALK_REFUSAL);
		last = further(last, &path->last);
		if (path->end.kind != WALK_SILENCE)
			continue;
		out->silent++;
		out->last = further(out->last, &path->last);
	}
	if (out->silent == 0)
		out->last = last;
}
