/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/sentence.h"

#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "probes/evidence.h"
#include "probes/registry.h"

static const char *wanted(enum rule_expect expect)
{
	switch (expect) {
	case EXPECT_OPEN:
		return "open";
	case EXPECT_CLEAR:
		return "clear";
	case EXPECT_BLOCKED:
		return "blocked";
	default:
		return NULL;
	}
}

void sentence_state(struct strbuf *out, const struct report_result *result)
{
	const char *expect = wanted(result->expect);

	strbuf_adds(out, probe_state_word(result->state));
	if (result->verdict == VERDICT_FAIL && expect)
		strbuf_addf(out, ", should be %s", expect);
	if (result->held_by)
		strbuf_addf(out, ", excused by %s", result->held_by);
	if (result->silence)
		strbuf_addf(out, ", silence %" PRIu32, result->silence);
	if (result->flapping)
		strbuf_adds(out, ", flapping");
}

/* Blocked, as it should be, and nothing on the host answered: the reason alone would
 * not tell why that is no pass. */
static bool lacks_control(const struct report_result *result)
{
	return result->verdict == VERDICT_INCONCLUSIVE &&
	       result->expect == EXPECT_BLOCKED &&
	       observation_path(result->state, result->reason) == PATH_BLOCKED;
}

static void add_address(struct strbuf *out, const struct probe_ops *ops,
	const struct report_address *address)
{
	char text[NET_ADDRESS_TEXT];
	size_t begin;

	strbuf_addf(out, "%s %s",
		net_address_format(&address->address, text, sizeof text),
		probe_state_word(address->state));
	if (!address->evidence)
		return;
	strbuf_adds(out, " (");
	begin = out->length;
	evidence_add(out, ops, address->evidence, 200);
	if (out->length == begin)
		strbuf_adds(out, probe_reason_word(address->reason));
	strbuf_adds(out, ")");
}

static void add_addresses(
	struct strbuf *out, const struct report_result *result, size_t limit)
{
	size_t begin = out->length;

	if (result->n_addresses < 2)
		return;
	for (size_t i = 0; i < result->n_addresses; i++) {
		strbuf_adds(out, i ? ", " : ": ");
		if (out->length - begin > limit) {
			strbuf_addf(out, "%zu more", result->n_addresses - i);
			return;
		}
		add_address(
			out, registry_of_check(result->check), &result->addresses[i]);
	}
}

static bool has_evidence(const char *evidence)
{
	return evidence && *evidence;
}

void sentence_why(struct strbuf *out, const struct report_result *result, size_t limit)
{
	struct strbuf evidence;

	strbuf_adds(out, probe_reason_text(result->reason));
	if (lacks_control(result))
		strbuf_adds(out, ", but nothing else on this host answered either");
	/* Of a sweep it is the number of its connections, which says nothing here. */
	if (result->attempts > 1 && result->phase != PHASE_SWEEP)
		strbuf_addf(out, " (%" PRIu32 " attempts)", result->attempts);
	add_addresses(out, result, limit);
	if (!has_evidence(result->evidence))
		return;
	strbuf_init(&evidence);
	evidence_add(
		&evidence, registry_of_check(result->check), result->evidence, limit);
	if (evidence.length)
		strbuf_addf(out, ": %s", evidence.text);
	out->failed |= evidence.failed;
	strbuf_fini(&evidence);
}

void sentence_change(struct strbuf *out, const struct report_change *change)
{
	const char *from = probe_state_word(change->from);
	const char *to = probe_state_word(change->to);

	if (change->kind == CHANGE_ADDED)
		strbuf_addf(out, "added, %s", to);
	else if (change->kind == CHANGE_REMOVED)
		strbuf_addf(out, "removed, was %s", from);
	else if (change->from == change->to)
		strbuf_addf(out, "%s, with other details", to);
	else
		strbuf_addf(out, "%s \xe2\x86\x92 %s", from, to);
	if (change->silence)
		strbuf_addf(out, ", silence %" PRIu32, change->silence);
	if (change->flap == FLAP_ENDED)
		strbuf_adds(out, ", no longer flapping");
	else if (change->flap)
		strbuf_adds(out, ", flapping");
}

void sentence_count(struct strbuf *out, uint64_t count, const char *word)
{
	strbuf_addf(out, "%" PRIu64 " %s%s", count, word, count == 1 ? "" : "s");
}

static void add_doubt(struct strbuf *out, const char *side, bool degraded,
	const char *reason, uint64_t unmeasured)
{
	int name = (int)(side ? strcspn(side, ",") : 0);

	if (degraded)
		strbuf_addf(out, "%s%.*s was degraded: %s", out->length ? "; " : "",
			name, side ? side : "",
			reason ? reason : "this machine had problems of its own");
	if (!unmeasured)
		return;
	strbuf_addf(
		out, "%sin %.*s, ", out->length ? "; " : "", name, side ? side : "");
	sentence_count(out, unmeasured, "flow");
	strbuf_adds(out, " could not be measured");
}

void sentence_doubts(struct strbuf *out, const struct report_summary *summary)
{
	add_doubt(out, summary->before, summary->degraded_before,
		summary->degraded_before_reason, summary->unmeasured_before);
	add_doubt(out, summary->after, summary->degraded, summary->degraded_reason,
		summary->unmeasured);
}

void sentence_come_and_gone(
	struct strbuf *out, const struct report_summary *summary, uint64_t flows)
{
	if (flows <= summary->changes)
		return;
	strbuf_adds(out, "; ");
	sentence_count(out, flows - summary->changes, "flow");
	strbuf_adds(out, " added or removed");
}

void sentence_totals(struct strbuf *out, const struct report_summary *summary)
{
	const struct {
		uint64_t count;
		const char *word;
	} parts[] = {
		{summary->pass, "pass"},
		{summary->fail, "fail"},
		{summary->inconclusive, "inconclusive"},
	};
	const char *separator = ": ";

	sentence_count(out, summary->flows, "flow");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].count)
			continue;
		strbuf_addf(out, "%s%" PRIu64 " %s", separator, parts[i].count,
			parts[i].word);
		separator = ", ";
	}
	if (summary->silenced)
		strbuf_addf(out, "%s%" PRIu64 " of these silenced", separator,
			summary->silenced);
	if (summary->flapping)
		strbuf_addf(
			out, "%s%" PRIu64 " flapping", separator, summary->flapping);
	if (summary->carried)
		strbuf_addf(out, "%s%" PRIu64 " of earlier scans", separator,
			summary->carried);
}
