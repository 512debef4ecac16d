/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/snapshots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/analyze/judge.h"
#include "probes/registry.h"

#define MAX_FLOWS 4096

static void *room(size_t size)
{
	void *items = calloc(MAX_FLOWS, size);

	assert_non_null(items);
	return items;
}

static enum probe_state state_of(const char *word)
{
	enum probe_state state = STATE_NONE;

	assert_true(probe_state_from_word(word, &state));
	return state;
}

static enum probe_reason reason_of(enum probe_state state)
{
	switch (state) {
	case STATE_OPEN:
		return REASON_SYN_ACK;
	case STATE_CLOSED:
		return REASON_RST;
	default:
		return REASON_TIMEOUT;
	}
}

static uint32_t host_of(struct snapshot *s, const char *name)
{
	uint32_t last = s->n_hosts - 1;

	if (s->n_hosts && strcmp(s->hosts[last].name, name) == 0)
		return last;
	s->hosts[s->n_hosts] = (struct snapshot_host){
		.name = arena_strdup(&s->arena, name), .first_flow = s->n_flows};
	assert_non_null(s->hosts[s->n_hosts].name);
	return s->n_hosts++;
}

static uint32_t check_of(struct snapshot *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_checks; i++)
		if (strcmp(s->checks[i].name, name) == 0)
			return i;
	s->checks[s->n_checks] = (struct snapshot_check){
		arena_strdup(&s->arena, name), registry_of_check(name)};
	assert_non_null(s->checks[s->n_checks].name);
	return s->n_checks++;
}

static void read_told(struct snapshot_flow *flow, char *word)
{
	char *verdict = strchr(word, '/');

	if (verdict)
		*verdict = '\0';
	flow->is_reported = true;
	flow->reported_state = (uint8_t)state_of(word);
	flow->reported_reason = (uint8_t)reason_of(state_of(word));
	flow->reported_verdict = verdict ? VERDICT_FAIL : VERDICT_PASS;
}

static void read_word(struct snapshot_flow *flow, char *word, bool *held)
{
	if (strncmp(word, "expect=", 7) == 0)
		flow->expect = (uint8_t)expectation_of(word + 7).expect;
	else if (strncmp(word, "told=", 5) == 0)
		read_told(flow, word + 5);
	else if (*word == '#')
		flow->incident = (uint32_t)strtoul(word + 1, NULL, 10);
	else if (strcmp(word, "held") == 0)
		*held = true;
	else if (strcmp(word, "silenced") == 0)
		flow->silence = 1;
	else if (strcmp(word, "flapping") == 0)
		flow->flap = FLAP_ON;
	else if (strcmp(word, "gap") == 0)
		flow->gap_reason = REASON_NO_ROUTE;
	else if (strcmp(word, "carried") == 0)
		flow->carried = true;
	else if (strcmp(word, "gone") == 0)
		flow->absent = true;
	else
		fail_msg("what is '%s'?", word);
}

static void judge(struct snapshot_flow *flow, bool held)
{
	const struct judge_case c = {
		.state = (enum probe_state)flow->state,
		.reason = (enum probe_reason)flow->reason,
		.expect = (enum rule_expect)flow->expect,
		.control_answered = true,
	};

	flow->own_verdict = (uint8_t)judge_flow(&c);
	flow->verdict = held ? VERDICT_PASS : flow->own_verdict;
}

static void read_line(struct snapshot *s, char *line)
{
	char *rest, *host = strtok_r(line, " \t", &rest);
	char *check = strtok_r(NULL, " \t", &rest);
	char *state = strtok_r(NULL, " \t", &rest), *word;
	struct snapshot_flow *flow = &s->flows[s->n_flows];
	bool held = false;

	if (!host)
		return;
	assert_non_null(state);
	assert_true(s->n_flows < MAX_FLOWS);
	*flow = (struct snapshot_flow){
		.host = host_of(s, host),
		.check = check_of(s, check),
		.state = (uint8_t)state_of(state),
		.reason = (uint8_t)reason_of(state_of(state)),
		.expect = EXPECT_OPEN,
	};
	while ((word = strtok_r(NULL, " \t", &rest)))
		read_word(flow, word, &held);
	judge(flow, held);
	s->hosts[flow->host].n_flows++;
	s->n_flows++;
}

void snapshot_write(struct snapshot *out, int64_t scan, const char *text)
{
	char *copy = strdup(text), *rest, *line;

	assert_non_null(copy);
	assert_int_equal(snapshot_init(out), 0);
	out->vantage = "here";
	out->scan = scan;
	out->hosts = room(sizeof *out->hosts);
	out->checks = room(sizeof *out->checks);
	out->rule_sets = room(sizeof *out->rule_sets);
	out->flows = room(sizeof *out->flows);
	out->n_rule_sets = 1;
	for (line = strtok_r(copy, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest))
		read_line(out, line);
	free(copy);
}
