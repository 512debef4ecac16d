/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/sweep/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/size.h"
#include "base/strbuf.h"

/* Blocked states, the strongest first. */
static const struct {
	enum probe_state state;
	enum probe_reason all;
} blocked[] = {
	{STATE_PROHIBITED, REASON_ALL_PROHIBITED},
	{STATE_UNREACHABLE, REASON_ALL_UNREACHABLE},
	{STATE_FILTERED, REASON_ALL_SILENT},
};

void sweep_walk_init(struct sweep_walk *walk, const struct sweep_ports *ports)
{
	walk->ports = ports;
	walk->index = 0;
	walk->range = 0;
	walk->port = ports->set->ranges[0].low;
}

/* Moves past one port; false when the next is no neighbour of it. */
static bool step(struct sweep_walk *walk)
{
	const struct port_set *set = walk->ports->set;
	walk->index++;
	if (walk->port < set->ranges[walk->range].high) {
		walk->port++;
		return true;
	}
	if (++walk->range < set->count)
		walk->port = set->ranges[walk->range].low;
	return false;
}

bool sweep_walk_next(struct sweep_walk *walk, struct sweep_run_of_ports *run)
{
	const struct sweep_ports *ports = walk->ports;
	if (walk->index == ports->count)
		return false;
	run->low = walk->port;
	run->state = sweep_ports_state(ports, walk->index);
	do
		run->high = walk->port;
	while (step(walk) && sweep_ports_state(ports, walk->index) == run->state);
	return true;
}

void sweep_count(const struct sweep_ports *ports, struct sweep_counts *counts)
{
	memset(counts, 0, sizeof *counts);
	for (uint32_t i = 0; i < ports->count; i++)
		counts->of[sweep_ports_state(ports, i)]++;
}

static void judge_blocked(const struct sweep_counts *counts,
	const struct sweep_icmp *icmp, uint32_t all, enum probe_state *state,
	enum probe_reason *reason)
{
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(blocked) && counts->of[blocked[i].state] == 0)
		i++;
	*state = blocked[i].state;
	*reason = icmp->first[*state].reason;
	/* A silent neighbour explains all of its ports. */
	if (counts->of[*state] == all && *reason != REASON_NEIGHBOUR_SILENT)
		*reason = blocked[i].all;
}

void sweep_verdict(const struct sweep_counts *counts, const struct sweep_icmp *icmp,
	enum probe_state *state, enum probe_reason *reason)
{
	uint32_t clear = counts->of[STATE_OPEN] + counts->of[STATE_CLOSED];
	uint32_t shut = 0;
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++)
		shut += counts->of[blocked[i].state];

	if (clear > 0 && shut > 0) {
		*state = STATE_PARTIAL;
		*reason = counts->of[STATE_OPEN] ? REASON_SOME_BLOCKED
						 : REASON_NO_PORT_ACCEPTS;
	} else if (clear == 0) {
		judge_blocked(counts, icmp, shut, state, reason);
	} else if (counts->of[STATE_OPEN] > 0) {
		*state = STATE_OPEN;
		*reason = REASON_ALL_CLEAR;
	} else {
		*state = STATE_CLOSED;
		*reason = REASON_RST;
	}
}

static void add_counts(struct strbuf *text, const struct sweep_counts *counts)
{
	const char *comma = "";
	strbuf_adds(text, "\"ports\":{");
	for (int state = STATE_OPEN; state < STATE_COUNT; state++) {
		if (counts->of[state] == 0)
			continue;
		strbuf_addf(text, "%s\"%s\":%" PRIu32, comma,
			probe_state_word((enum probe_state)state), counts->of[state]);
		comma = ",";
	}
	strbuf_adds(text, "}");
}

static void add_runs(struct strbuf *text, const struct sweep_ports *ports)
{
	struct sweep_walk walk;
	struct sweep_run_of_ports run;
	uint32_t count = 0;

	strbuf_adds(text, ",\"runs\":[");
	sweep_walk_init(&walk, ports);
	while (sweep_walk_next(&walk, &run)) {
		if (count++ == SWEEP_EVIDENCE_RUNS) {
			strbuf_adds(text, "],\"runs_cut\":true");
			return;
		}
		strbuf_addf(text, "%s[%u,%u,\"%s\"]", count > 1 ? "," : "", run.low,
			run.high, probe_state_word(run.state));
	}
	strbuf_adds(text, "]");
}

static void add_icmp(struct strbuf *text, const struct sweep_icmp *icmp)
{
	char sender[NET_ADDRESS_TEXT];
	bool some = false;
	for (int state = 0; state < STATE_COUNT; state++) {
		const struct sockerr *first = &icmp->first[state];
		if (!first->has_icmp)
			continue;
		strbuf_addf(text,
			"%s{\"state\":\"%s\",\"reason\":\"%s\",\"type\":%u,\"code\":%u,"
			"\"sender\":\"%s\"}",
			some ? "," : ",\"icmp\":[", probe_state_word(first->state),
			probe_reason_word(first->reason), first->icmp_type,
			first->icmp_code,
			net_address_format(&first->icmp_sender, sender, sizeof sender));
		some = true;
	}
	if (some)
		strbuf_adds(text, "]");
}

char *sweep_evidence(const struct sweep_ports *ports, const struct sweep_counts *counts,
	const struct sweep_icmp *icmp)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, "{");
	add_counts(&text, counts);
	add_runs(&text, ports);
	add_icmp(&text, icmp);
	strbuf_adds(&text, "}");
	return strbuf_take(&text);
}

/* Joins runs whose states say the same of the path. */
static bool next_by_path(struct sweep_walk *walk, struct sweep_run_of_ports *pending,
	struct sweep_run_of_ports *run)
{
	if (pending->low == 0)
		return false;
	*run = *pending;
	pending->low = 0;
	while (sweep_walk_next(walk, pending)) {
		if (pending->low != run->high + 1 ||
			probe_state_path(pending->state) !=
				probe_state_path(run->state))
			return true;
		run->high = pending->high;
		pending->low = 0;
	}
	return true;
}

static void add_list(struct strbuf *out, struct strbuf *list, uint32_t count)
{
	if (list->length > SWEEP_IDENTITY_MAX)
		strbuf_addf(out, "%s%" PRIu32 " runs, %016" PRIx64,
			*list->text == ' ' ? " " : "", count,
			hash_bytes(HASH_START, list->text, list->length));
	else if (list->length)
		strbuf_adds(out, list->text);
	out->failed |= list->failed;
	strbuf_fini(list);
}

static void add_paths(struct strbuf *out, const struct sweep_ports *ports)
{
	struct sweep_walk walk;
	struct sweep_run_of_ports pending = {0}, run;
	struct strbuf list;
	uint32_t count = 0;

	strbuf_init(&list);
	sweep_walk_init(&walk, ports);
	sweep_walk_next(&walk, &pending);
	for (; next_by_path(&walk, &pending, &run); count++)
		strbuf_addf(&list, "%s%u-%u %s", count ? "," : "", run.low, run.high,
			probe_path_word(probe_state_path(run.state)));
	add_list(out, &list, count);
}

static void add_open(struct strbuf *out, const struct sweep_ports *ports)
{
	struct sweep_walk walk;
	struct sweep_run_of_ports run;
	struct strbuf list;
	uint32_t count = 0;

	strbuf_init(&list);
	sweep_walk_init(&walk, ports);
	while (sweep_walk_next(&walk, &run)) {
		if (run.state != STATE_OPEN)
			continue;
		strbuf_addf(&list, "%s%u-%u", count++ ? "," : " ", run.low, run.high);
	}
	add_list(out, &list, count);
}

char *sweep_identity(const struct sweep_ports *ports)
{
	struct sweep_counts counts;
	struct strbuf text;
	uint32_t clear;

	sweep_count(ports, &counts);
	clear = counts.of[STATE_OPEN] + counts.of[STATE_CLOSED];
	strbuf_init(&text);
	if (clear > 0 && clear < ports->count) {
		add_paths(&text, ports);
		strbuf_adds(&text, "; ");
	}
	strbuf_addf(&text, "%" PRIu32 " clear; %" PRIu32 " open", clear,
		counts.of[STATE_OPEN]);
	add_open(&text, ports);
	return strbuf_take(&text);
}
