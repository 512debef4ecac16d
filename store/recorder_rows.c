/* SPDX-License-Identifier: Apache-2.0 */
/* The flows of a scan. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/recorder.h"

/* ---- intervals and gaps ------------------------------------------------------ */

/* Binds the flow's key, then runs. */
#define RUN(r, name, flow, ...)                                                     \
	(SQL_BIND((r)->statements[name], (r)->vantage, (flow)->host, (flow)->check, \
		 ##__VA_ARGS__),                                                    \
		sql_run((r)->store, (r)->statements[name]))

static int end_gap(struct recorder *r, struct known_flow *flow)
{
	int rc;

	if (!flow->gap_reason)
		return 0;
	rc = RUN(r, KEEP_GAP, flow, r->previous);
	if (rc == 0)
		rc = RUN(r, END_GAP, flow);
	flow->gap_reason = 0;
	return rc;
}

/* The scan that measured a flow last whose gap is about to begin; 0: none did. */
static int64_t measured_last(const struct recorder *r, const struct known_flow *flow)
{
	if (!flow->state || flow->state == r->nothing)
		return 0;
	for (size_t i = 0; i < r->n_idle; i++)
		if (r->idle[i].rules == flow->rules)
			return r->idle[i].scan;
	return r->previous;
}

/* A gap for another reason goes on from the same measurement. */
static int begin_gap(
	struct recorder *r, struct known_flow *flow, uint32_t reason, int64_t after)
{
	int rc = 0;

	if (flow->gap_reason == reason)
		return 0;
	if (flow->gap_reason)
		rc = RUN(r, KEEP_GAP, flow, r->previous);
	if (rc == 0)
		rc = RUN(r, SET_GAP, flow, r->scan, reason, after);
	flow->gap_reason = reason;
	return rc;
}

static int keep_state(struct recorder *r, const struct known_flow *flow, bool removed)
{
	return flow->state ? RUN(r, KEEP_STATE, flow, r->previous, removed) : 0;
}

static int remove_flow(struct recorder *r, struct known_flow *flow)
{
	int rc = keep_state(r, flow, true);

	if (rc == 0)
		rc = RUN(r, LEAVE, flow);
	flow->state = 0;
	flow->reported = false;
	return rc < 0 ? rc : end_gap(r, flow);
}

/* ---- rows -------------------------------------------------------------------- */

static int host_of(struct recorder *r, const char *name, uint32_t *id)
{
	struct store_host fresh = {.name = name};
	uint32_t number;
	int rc = 0;

	if (!r->host_name || strcmp(r->host_name, name) != 0) {
		if (!intern_find(&r->known.host_names, name, &number))
			rc = recorder_host(r, &fresh);
		if (rc < 0)
			return rc;
		intern_find(&r->known.host_names, name, &number);
		r->host_name = r->known.host_names.texts[number];
		r->host_id = r->known.hosts[number].id;
	}
	*id = r->host_id;
	return 0;
}

/* A row in words. */
struct seen {
	uint32_t host, check, expect, verdict, rules;
	uint32_t state, reason, phase, identity, evidence;
	uint32_t gap_reason;  /* 0: measured */
	uint32_t reported[4]; /* state, reason, identity, verdict; 0: nothing is */
	int64_t incident;
	uint64_t question;
	bool proved;
	bool report; /* what is reported may change */
};

static int read_reported(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	const struct store_reported *reported = row->reported;
	int rc;

	seen->report = reported || row->forget_reported;
	if (!reported)
		return 0;
	seen->incident = reported->incident;
	rc = recorder_word(r, REPORTED_STATE, reported->state, &seen->reported[0]);
	if (rc == 0)
		rc = recorder_word(
			r, REPORTED_REASON, reported->reason, &seen->reported[1]);
	if (rc == 0)
		rc = recorder_word(
			r, REPORTED_IDENTITY, reported->identity, &seen->reported[2]);
	if (rc == 0)
		rc = recorder_word(
			r, REPORTED_VERDICT, reported->verdict, &seen->reported[3]);
	return rc;
}

static int read_terms(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = host_of(r, row->host, &seen->host);

	if (rc == 0)
		rc = recorder_word(r, CHECK, row->check, &seen->check);
	if (rc == 0)
		rc = recorder_word(r, EXPECT, row->expect, &seen->expect);
	if (rc == 0)
		rc = recorder_word(r, VERDICT, row->verdict, &seen->verdict);
	if (rc == 0)
		rc = recorder_word(r, RULES, row->rules, &seen->rules);
	return rc < 0 ? rc : read_reported(r, row, seen);
}

static int read_state(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = recorder_word(r, REASON, row->reason, &seen->reason);

	if (rc == 0)
		rc = recorder_word(
			r, STATE, row->measured ? row->state : "", &seen->state);
	if (rc == 0)
		rc = recorder_word(r, IDENTITY, row->measured ? row->identity : "",
			&seen->identity);
	seen->gap_reason = row->measured ? 0 : seen->reason;
	seen->question = row->question;
	seen->proved = row->measured && row->proved;
	return rc;
}

/* What only a new interval needs. */
static int read_detail(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = recorder_word(r, PHASE, row->phase, &seen->phase);

	return rc < 0 ? rc : recorder_word(r, EVIDENCE, row->evidence, &seen->evidence);
}

static int add_flow(struct recorder *r, struct seen *seen, struct known_flow **out)
{
	struct known_flow flow = {
		.host = seen->host,
		.check = seen->check,
		.expect = seen->expect,
		.verdict = seen->verdict,
		.rules = seen->rules,
		.state = seen->state,
		.reason = seen->reason,
		.identity = seen->identity,
		.number = r->known.next_number & KNOWN_MAX_NUMBER,
		.question = seen->question,
		.proved = seen->proved,
		.reported = seen->reported[0] != 0,
	};
	int rc = RUN(r, ADD_FLOW, &flow, flow.number, seen->expect, seen->verdict,
		seen->rules, r->scan, seen->state, seen->reason, seen->phase,
		seen->identity, seen->evidence, (int64_t)seen->question, seen->proved,
		seen->reported[0], seen->reported[1], seen->reported[2],
		seen->reported[3], seen->incident);

	if (rc < 0)
		return rc;
	seen->report = false;
	*out = known_add_flow(&r->known, &flow);
	return *out ? 0 : -ENOMEM;
}

static void keep_terms(struct known_flow *flow, const struct seen *seen)
{
	flow->expect = seen->expect;
	flow->verdict = seen->verdict;
	flow->rules = seen->rules;
	flow->question = seen->question;
	flow->proved = seen->proved;
}

/* What the flow shows in a gap is what it was before, and so is what that means. */
static int update_terms(struct recorder *r, struct known_flow *flow, struct seen *seen)
{
	if (seen->gap_reason && flow->state != r->nothing) {
		seen->verdict = flow->verdict;
		seen->proved = flow->proved;
	}
	if (flow->expect == seen->expect && flow->verdict == seen->verdict &&
		flow->rules == seen->rules && flow->question == seen->question &&
		flow->proved == seen->proved)
		return 0;
	keep_terms(flow, seen);
	return RUN(r, SET_TERMS, flow, seen->expect, seen->verdict, seen->rules,
		(int64_t)seen->question, seen->proved);
}

static int update_reported(
	struct recorder *r, struct known_flow *flow, const struct seen *seen)
{
	if (!seen->report || (!flow->reported && !seen->reported[0]))
		return 0;
	flow->reported = seen->reported[0] != 0;
	return RUN(r, SET_REPORTED, flow, seen->reported[0], seen->reported[1],
		seen->reported[2], seen->reported[3], seen->incident);
}

static int begin_interval(
	struct recorder *r, struct known_flow *flow, const struct seen *seen)
{
	int rc = keep_state(r, flow, false);

	if (rc == 0)
		rc = RUN(r, SET_FLOW, flow, seen->expect, seen->verdict, seen->rules,
			r->scan, seen->state, seen->reason, seen->phase, seen->identity,
			seen->evidence, (int64_t)seen->question, seen->proved);
	keep_terms(flow, seen);
	flow->state = seen->state;
	flow->reason = seen->reason;
	flow->identity = seen->identity;
	return rc;
}

/* Whether the open interval ends with this row. */
static bool differs(const struct known_flow *flow, const struct seen *seen)
{
	if (!flow->state)
		return true;
	return !seen->gap_reason &&
	       (flow->state != seen->state || flow->reason != seen->reason ||
		       flow->identity != seen->identity);
}

static int keep_time(struct recorder *r, const struct known_flow *flow, uint32_t rtt_us)
{
	if (!rtt_us)
		return 0;
	if (flow->number >= r->n_times) {
		size_t grown = (size_t)flow->number * 2 + 64;
		uint32_t *times = reallocarray(r->times_us, grown, sizeof *times);
		if (!times)
			return store_no_memory(r->store);
		memset(times + r->n_times, 0, (grown - r->n_times) * sizeof *times);
		r->times_us = times;
		r->n_times = grown;
	}
	r->times_us[flow->number] = rtt_us;
	return 0;
}

static int refuse_twice(struct recorder *r, const struct store_row *row)
{
	return store_refuse(
		r->store, -EINVAL, "%s %s was seen twice", row->host, row->check);
}

static int update_flow(struct recorder *r, struct known_flow *flow,
	const struct store_row *row, struct seen *seen)
{
	int rc;

	if (!differs(flow, seen))
		return update_terms(r, flow, seen);
	rc = read_detail(r, row, seen);
	return rc < 0 ? rc : begin_interval(r, flow, seen);
}

static int find_or_add_flow(struct recorder *r, const struct store_row *row,
	struct seen *seen, struct known_flow **out)
{
	struct known_flow *flow = known_find_flow(&r->known, seen->host, seen->check);
	int rc;

	if (!flow) {
		rc = read_detail(r, row, seen);
		return rc < 0 ? rc : add_flow(r, seen, out);
	}
	if (flow->seen)
		return refuse_twice(r, row);
	*out = flow;
	return update_flow(r, flow, row, seen);
}

/* Its interval and its gap, if there is one, go on. */
static int carry_row(struct recorder *r, const struct store_row *row,
	struct known_flow *flow, struct seen *seen)
{
	int rc;

	if (flow->seen)
		return refuse_twice(r, row);
	flow->seen = true;
	seen->gap_reason = flow->gap_reason;
	seen->question = flow->question;
	seen->proved = flow->proved;
	rc = update_terms(r, flow, seen);
	return rc < 0 ? rc : update_reported(r, flow, seen);
}

/* What is known of the flow and can be carried over, or NULL. */
static struct known_flow *carried_flow(
	struct recorder *r, const struct store_row *row, const struct seen *seen)
{
	struct known_flow *flow =
		row->carried ? known_find_flow(&r->known, seen->host, seen->check)
			     : NULL;

	return flow && flow->state ? flow : NULL;
}

int recorder_row(struct recorder *r, const struct store_row *row)
{
	struct seen seen = {0};
	struct known_flow *flow = NULL;
	int64_t after;
	int rc = read_terms(r, row, &seen);

	if (rc < 0)
		return rc;
	flow = carried_flow(r, row, &seen);
	if (flow)
		return carry_row(r, row, flow, &seen);
	rc = read_state(r, row, &seen);
	flow = known_find_flow(&r->known, seen.host, seen.check);
	after = flow ? measured_last(r, flow) : 0;
	if (rc == 0)
		rc = find_or_add_flow(r, row, &seen, &flow);
	if (rc < 0 || !flow)
		return rc;
	flow->seen = true;
	rc = update_reported(r, flow, &seen);
	if (rc < 0)
		return rc;
	if (seen.gap_reason)
		return begin_gap(r, flow, seen.gap_reason, after);
	rc = end_gap(r, flow);
	return rc < 0 ? rc : keep_time(r, flow, row->rtt_us);
}

int recorder_remove_rest(struct recorder *r)
{
	int rc = 0;

	for (uint32_t i = 0; i < r->known.n_flows && rc == 0; i++) {
		struct known_flow *flow = &r->known.flows[i];
		if (!flow->seen && flow->state)
			rc = remove_flow(r, flow);
	}
	return rc;
}
