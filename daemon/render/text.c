/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For people. What is to be said of many flows is said once, in this order: the matrix,
 * what fails and why, what is not known and why, the incidents of the changes, one line
 * of totals. All of it is kept folded until the end, so that memory does not follow the
 * size of the fleet.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "daemon/render/advice.h"
#include "daemon/render/findings.h"
#include "daemon/render/formats.h"
#include "daemon/render/matrix.h"
#include "daemon/render/sentence.h"
#include "daemon/render/story.h"
#include "daemon/render/text_flows.h"

enum {
	MAX_FAILING = 50,
	MAX_UNSURE = 20,
	MAX_STORIES = 50,
	MAX_CHANGES = 50,
	EVIDENCE_LIMIT = 300,
	PROBE_LIMIT = 1200, /* bytes of evidence where it is of one flow */
};

enum command {
	COMMAND_SCAN,
	COMMAND_STATUS,
	COMMAND_DIFF,
	COMMAND_PROBE
};

struct text {
	struct page page;
	enum command command;
	struct matrix matrix;
	struct findings findings;
	struct digest changes;
	struct stories stories;
	int64_t scan, time_us; /* of the first result; scan 0: not stored */
	bool printed;
};

static enum command command_of(const char *word)
{
	if (strcmp(word, "status") == 0)
		return COMMAND_STATUS;
	if (strcmp(word, "diff") == 0)
		return COMMAND_DIFF;
	return strcmp(word, "probe") == 0 ? COMMAND_PROBE : COMMAND_SCAN;
}

static int begin(struct report *report, const char *command)
{
	struct text *text = calloc(1, sizeof *text);

	if (!text)
		return -ENOMEM;
	page_init(&text->page, report->options.out, report->options.colour,
		report->options.width);
	text->command = command_of(command);
	text->findings.evidence_limit = EVIDENCE_LIMIT;
	text->findings.without_passes = report->options.quiet_passes;
	text->findings.failing.limit = MAX_FAILING;
	text->findings.passing.limit = MAX_FAILING;
	text->findings.unsure.limit = MAX_UNSURE;
	text->findings.silenced.limit = MAX_UNSURE;
	text->changes.limit = MAX_CHANGES;
	text->stories.limit = MAX_STORIES;
	report->state = text;
	return 0;
}

/* ---- results ----------------------------------------------------------------- */

/* What was gathered in `line`, which is emptied; nothing where there is nothing. */
static void print_sentence(struct page *page, enum ink ink, struct strbuf *line)
{
	if (!line->failed && line->length) {
		page_to(page, 2);
		page_wrap(page, ink, 2, line->text);
		page_newline(page);
	}
	page->failed |= line->failed;
	strbuf_reset(line);
}

/* One flow, asked for by hand: all that is known of it, and what to do about it. */
static int print_probe(struct text *text, const struct report_result *result)
{
	struct page *page = &text->page;
	struct strbuf line;

	strbuf_init(&line);
	strbuf_addf(&line, "%s on %s: ", result->check, result->host);
	sentence_state(&line, result);
	matrix_print_mark(page, matrix_mark_of(result));
	page_add(page, INK_PLAIN, " ");
	print_sentence(page, INK_STRONG, &line);
	sentence_why(&line, result, PROBE_LIMIT);
	if (result->rtt_us)
		strbuf_addf(&line, "; answered in %.1f ms", result->rtt_us / 1e3);
	print_sentence(page, INK_PLAIN, &line);
	advice_add(&line, result);
	print_sentence(page, INK_STRONG, &line);
	strbuf_fini(&line);
	return page->failed ? -ENOMEM : 0;
}

static int write_result(struct report *report, const struct report_result *result)
{
	struct text *text = report->state;
	int rc;

	if (text->command == COMMAND_PROBE)
		return print_probe(text, result);
	if (!text->time_us) {
		text->time_us = result->time_us;
		text->scan = result->scan;
	}
	rc = matrix_add(&text->matrix, result);
	if (rc == 0)
		rc = findings_add(&text->findings, result);
	return rc;
}

/* ---- changes ----------------------------------------------------------------- */

/* The incidents of a scan say what changed; only who came and went is left to say. */
static int write_change(struct report *report, const struct report_change *change)
{
	struct text *text = report->state;
	struct strbuf what;
	struct digest_flow flow = {
		.mark = (uint32_t)change->kind,
		.host = change->host,
		.subject = change->check,
		.why = "",
	};
	int rc = -ENOMEM;

	if (text->command == COMMAND_SCAN && change->incident)
		return 0;
	if (change->to != STATE_NONE && change->kind != CHANGE_ADDED)
		flow.why = probe_reason_text(change->reason);
	strbuf_init(&what);
	sentence_change(&what, change);
	flow.state = what.text;
	if (!what.failed)
		rc = digest_add(&text->changes, &flow);
	strbuf_fini(&what);
	return rc;
}

static int write_incident(struct report *report, const struct report_incident *incident)
{
	struct text *text = report->state;

	return stories_add(&text->stories, incident);
}

/* ---- the page ---------------------------------------------------------------- */

static void print_title(struct text *text)
{
	struct page *page = &text->page;
	struct strbuf line;
	char time[32];

	strbuf_init(&line);
	strbuf_adds(&line, "Reachability");
	if (text->matrix.n_vantages == 1)
		strbuf_addf(&line, " from %s", text->matrix.vantages[0]);
	if (text->scan)
		strbuf_addf(&line, "%s scan %" PRId64,
			text->command == COMMAND_STATUS ? " as of" : ",", text->scan);
	strbuf_addf(
		&line, ", %s", clock_format_short(text->time_us, time, sizeof time));
	page_wrap(page, INK_STRONG, 0, line.failed ? "" : line.text);
	page_newline(page);
	page_newline(page);
	page->failed |= line.failed;
	strbuf_fini(&line);
}

static int print_results(struct text *text)
{
	struct page *page = &text->page;
	int rc = matrix_finish(&text->matrix);

	if (rc < 0 || text->matrix.hosts == 0)
		return rc;
	print_title(text);
	matrix_print(&text->matrix, page);
	text_findings(page, &text->findings.passing, "Passing");
	text_findings(page, &text->findings.failing, "Failing");
	text_findings(page, &text->findings.unsure, "Inconclusive");
	text_findings(page, &text->findings.silenced, "Silenced");
	return 0;
}

/* `summary` is NULL when the report ended early. */
static void print_changes(struct text *text, const struct report_summary *summary)
{
	struct page *page = &text->page;
	struct strbuf heading;

	if (!text->stories.count && !text->changes.count)
		return;
	strbuf_init(&heading);
	strbuf_adds(&heading, "Changes");
	if (summary && summary->before)
		strbuf_addf(&heading, " since %s", summary->before);
	if (summary && summary->after && text->command == COMMAND_DIFF)
		strbuf_addf(&heading, ", to %s", summary->after);
	page->failed |= heading.failed;
	if (!heading.failed)
		text_heading(page, heading.text);
	strbuf_fini(&heading);
	for (uint32_t i = 0; i < text->stories.count; i++)
		story_print(&text->stories.items[i], page);
	text_left_out(page, text->stories.left_out, "incident");
	if (text->stories.count && text->changes.count)
		page_newline(page);
	text_changes(page, &text->changes);
}

/* ---- totals ------------------------------------------------------------------ */

static void add_duration(struct strbuf *line, uint64_t us)
{
	char text[32];

	if (us < 100000)
		strbuf_addf(line, " in %.1f ms", (double)us / 1e3);
	else if (us < 60000000)
		strbuf_addf(line, " in %.1f s", (double)us / 1e6);
	else
		strbuf_addf(line, " in %s",
			duration_format(us / 1000000 * 1000, text, sizeof text));
}

/* "2 changes since scan 11 in 1 incident" */
static void add_changes(struct strbuf *line, const struct report_summary *summary)
{
	size_t name = summary->before ? strcspn(summary->before, ",") : 0;

	if (summary->changes)
		sentence_count(line, summary->changes, "change");
	else
		strbuf_adds(line, "no change");
	if (name) {
		strbuf_adds(line, " since ");
		strbuf_add(line, summary->before, name);
	}
	if (summary->changes && summary->incidents) {
		strbuf_adds(line, " in ");
		sentence_count(line, summary->incidents, "incident");
	}
}

static void add_scan(struct strbuf *line, const struct report_summary *summary)
{
	sentence_totals(line, summary);
	add_duration(line, summary->duration_us);
	if (summary->scan)
		strbuf_addf(line, "; scan %" PRId64 " stored", summary->scan);
	else
		strbuf_adds(line, "; not stored");
	strbuf_adds(line, "; ");
	if (summary->before)
		add_changes(line, summary);
	else
		strbuf_adds(line, "no earlier scan to compare with");
}

/* Who came and who went is no change of reachability, but it is a difference. */
static void add_diff(struct strbuf *line, const struct text *text,
	const struct report_summary *summary)
{
	uint64_t all = text->changes.flows;

	if (!all) {
		strbuf_adds(line, "no difference");
		return;
	}
	add_changes(line, summary);
	sentence_come_and_gone(line, summary, all);
}

static enum ink ink_of(enum command command, const struct report_summary *summary)
{
	if (command == COMMAND_DIFF)
		return INK_STRONG;
	if (summary->fail)
		return INK_BAD;
	return summary->inconclusive || summary->degraded ? INK_UNSURE : INK_GOOD;
}

static void print_degraded(struct page *page, const struct report_summary *summary)
{
	struct strbuf line;

	strbuf_init(&line);
	strbuf_addf(&line,
		"Degraded: %s. Changes are reported after the next clean scan.",
		summary->degraded_reason ? summary->degraded_reason
					 : "this machine had problems of its own");
	page_wrap(page, INK_UNSURE, 0, line.failed ? "" : line.text);
	page_newline(page);
	page->failed |= line.failed;
	strbuf_fini(&line);
}

static void print_doubts(struct page *page, const struct report_summary *summary)
{
	struct strbuf doubts, line;

	strbuf_init(&doubts);
	strbuf_init(&line);
	sentence_doubts(&doubts, summary);
	if (doubts.length) {
		strbuf_addf(&line, "Differences may be missing: %s.", doubts.text);
		page_wrap(page, INK_UNSURE, 0, line.failed ? "" : line.text);
		page_newline(page);
	}
	page->failed |= doubts.failed || line.failed;
	strbuf_fini(&line);
	strbuf_fini(&doubts);
}

static void print_totals(struct text *text, const struct report_summary *summary)
{
	struct page *page = &text->page;
	struct strbuf line;

	if (text->command == COMMAND_PROBE)
		return;
	strbuf_init(&line);
	if (text->command == COMMAND_DIFF)
		add_diff(&line, text, summary);
	else if (text->command == COMMAND_SCAN)
		add_scan(&line, summary);
	else
		sentence_totals(&line, summary);
	page_gap(page);
	if (text->command == COMMAND_DIFF)
		print_doubts(page, summary);
	else if (summary->degraded)
		print_degraded(page, summary);
	page_wrap(
		page, ink_of(text->command, summary), 0, line.failed ? "" : line.text);
	page_newline(page);
	page->failed |= line.failed;
	strbuf_fini(&line);
}

/* ---- the end ----------------------------------------------------------------- */

static int print_page(struct text *text, const struct report_summary *summary)
{
	int rc = text->printed ? 0 : print_results(text);

	if (rc < 0 || text->printed)
		return rc;
	text->printed = true;
	print_changes(text, summary);
	if (summary)
		print_totals(text, summary);
	return text->page.failed ? -ENOMEM : 0;
}

static int write_summary(struct report *report, const struct report_summary *summary)
{
	return print_page(report->state, summary);
}

static int end(struct report *report)
{
	struct text *text = report->state;
	int rc;

	if (!text)
		return 0;
	rc = print_page(text, NULL);
	matrix_fini(&text->matrix);
	findings_fini(&text->findings);
	digest_fini(&text->changes);
	stories_fini(&text->stories);
	free(text);
	report->state = NULL;
	return rc;
}

const struct report_ops report_text = {
	.name = "text",
	.begin = begin,
	.result = write_result,
	.change = write_change,
	.incident = write_incident,
	.summary = write_summary,
	.end = end,
};
