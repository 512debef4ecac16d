/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP version 14: a test point a flow, the plan last. Inconclusive is "ok # SKIP": TAP
 * has no third outcome, a skipped point is one whose answer is not known, and reachd's
 * exit status tells the rest. In a diff each difference but a recovery is "not ok".
 * What is silenced or flaps says so and stays what it is: a TODO would make a failure
 * pass.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/render/formats.h"
#include "daemon/render/json.h"
#include "daemon/render/sentence.h"
#include "daemon/render/visible.h"

#define EVIDENCE_LIMIT 500

struct tap {
	uint64_t points;
	bool diff;
};

/* A description ends at a '#', unless that is escaped. */
static void add_description(struct strbuf *out, const char *text)
{
	struct strbuf shown;

	strbuf_init(&shown);
	visible_add(&shown, text, false);
	for (size_t i = 0; i < shown.length; i++) {
		if (shown.text[i] == '#' || shown.text[i] == '\\')
			strbuf_adds(out, "\\");
		strbuf_add(out, shown.text + i, 1);
	}
	out->failed |= shown.failed;
	strbuf_fini(&shown);
}

static void add_point(struct tap *tap, struct strbuf *out, bool ok, const char *host,
	const char *check)
{
	strbuf_addf(out, "%sok %" PRIu64 " - ", ok ? "" : "not ", ++tap->points);
	add_description(out, host);
	strbuf_adds(out, " ");
	add_description(out, check);
	strbuf_adds(out, ": ");
}

/* Any JSON is YAML's flow style; one line of it is safe whatever it holds. */
static void add_json(struct strbuf *out, const char *key, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	strbuf_addf(out, "  %s: ", key);
	if (text)
		visible_add_json(out, text);
	strbuf_adds(out, "\n");
	out->failed |= !text;
	free(text);
	json_decref(value);
}

static void add_text(struct strbuf *out, const char *key, const char *text)
{
	add_json(out, key, json_text(text));
}

static int write_out(struct report *report, struct strbuf *text)
{
	int rc = text->failed ? -ENOMEM : 0;

	if (rc == 0)
		fwrite(text->text, 1, text->length, report->options.out);
	strbuf_fini(text);
	return rc;
}

static int begin(struct report *report, const char *command)
{
	struct tap *tap = calloc(1, sizeof *tap);

	if (!tap)
		return -ENOMEM;
	tap->diff = strcmp(command, "diff") == 0;
	report->state = tap;
	fputs("TAP version 14\n", report->options.out);
	return 0;
}

static void add_silence(struct strbuf *out, uint32_t silence)
{
	if (silence)
		strbuf_addf(out, "  silence: %" PRIu32 "\n", silence);
}

static void add_diagnostics(struct strbuf *out, const struct report_result *result,
	const char *state, const char *why)
{
	strbuf_adds(out, "  ---\n");
	add_text(out, "message", state);
	strbuf_adds(out, "  severity: fail\n");
	add_text(out, "why", why);
	add_text(out, "expect", rule_expect_name(result->expect));
	add_text(out, "state", probe_state_word(result->state));
	add_text(out, "reason", probe_reason_word(result->reason));
	add_text(out, "phase", probe_phase_word(result->phase));
	if (result->evidence)
		add_json(out, "evidence", json_evidence(result->evidence));
	add_silence(out, result->silence);
	if (result->flapping)
		strbuf_adds(out, "  flapping: true\n");
	strbuf_adds(out, "  ...\n");
}

static int write_result(struct report *report, const struct report_result *result)
{
	struct strbuf text, state, why;

	strbuf_init(&text);
	strbuf_init(&state);
	strbuf_init(&why);
	sentence_state(&state, result);
	if (result->verdict != VERDICT_PASS)
		sentence_why(&why, result, EVIDENCE_LIMIT);
	add_point(report->state, &text, result->verdict != VERDICT_FAIL, result->host,
		result->check);
	text.failed |= state.failed || why.failed;
	if (!text.failed) {
		add_description(&text, state.text);
		if (result->verdict == VERDICT_INCONCLUSIVE) {
			strbuf_adds(&text, " # SKIP inconclusive: ");
			visible_add(&text, why.text, false);
		}
		strbuf_adds(&text, "\n");
		if (result->verdict == VERDICT_FAIL)
			add_diagnostics(&text, result, state.text, why.text);
	}
	strbuf_fini(&state);
	strbuf_fini(&why);
	return write_out(report, &text);
}

static int write_change(struct report *report, const struct report_change *change)
{
	struct tap *tap = report->state;
	bool ok = change->kind == CHANGE_RECOVERY;
	struct strbuf text, what;

	if (!tap->diff)
		return 0;
	strbuf_init(&text);
	strbuf_init(&what);
	sentence_change(&what, change);
	add_point(tap, &text, ok, change->host, change->check);
	strbuf_addf(&text, "%s (%s)\n  ---\n", what.failed ? "" : what.text,
		change_kind_word(change->kind));
	strbuf_addf(&text, "  severity: %s\n", ok ? "comment" : "fail");
	add_text(&text, "kind", change_kind_word(change->kind));
	add_text(&text, "reason", probe_reason_word(change->reason));
	if (change->incident)
		strbuf_addf(&text, "  incident: %" PRIu32 "\n", change->incident);
	if (change->evidence)
		add_json(&text, "evidence", json_evidence(change->evidence));
	add_silence(&text, change->silence);
	if (change->flap)
		add_text(&text, "flapping", flap_phase_word(change->flap));
	strbuf_adds(&text, "  ...\n");
	text.failed |= what.failed;
	strbuf_fini(&what);
	return write_out(report, &text);
}

static int write_incident(struct report *report, const struct report_incident *incident)
{
	struct strbuf text;

	strbuf_init(&text);
	strbuf_addf(&text, "# incident %" PRIu32 ": ", incident->incident->id);
	visible_add(&text, incident->incident->summary, false);
	strbuf_adds(&text, incident->silenced ? " (silenced)"
			   : incident->quiet  ? " (flapping)"
					      : "");
	strbuf_adds(&text, "\n");
	return write_out(report, &text);
}

static int write_summary(struct report *report, const struct report_summary *summary)
{
	struct tap *tap = report->state;
	struct strbuf text;

	strbuf_init(&text);
	strbuf_adds(&text, "# ");
	sentence_totals(&text, summary);
	strbuf_adds(&text, "\n");
	if (tap->diff) {
		struct strbuf doubts;

		strbuf_init(&doubts);
		sentence_doubts(&doubts, summary);
		if (doubts.length) {
			strbuf_adds(&text, "# ");
			visible_add(&text, doubts.text, false);
			strbuf_adds(&text, "\n");
		}
		text.failed |= doubts.failed;
		strbuf_fini(&doubts);
	} else if (summary->degraded) {
		strbuf_adds(&text, "# degraded: ");
		visible_add(&text,
			summary->degraded_reason ? summary->degraded_reason : "yes",
			false);
		strbuf_adds(&text, "\n");
	}
	return write_out(report, &text);
}

static int end(struct report *report)
{
	struct tap *tap = report->state;

	if (!tap)
		return 0;
	if (tap->points)
		fprintf(report->options.out, "1..%" PRIu64 "\n", tap->points);
	else
		fprintf(report->options.out, "1..0 # SKIP %s\n",
			tap->diff ? "no difference" : "no flows");
	free(tap);
	report->state = NULL;
	return 0;
}

const struct report_ops report_tap = {
	.name = "tap",
	.begin = begin,
	.result = write_result,
	.change = write_change,
	.incident = write_incident,
	.summary = write_summary,
	.end = end,
};
