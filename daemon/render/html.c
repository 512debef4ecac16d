/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for people to keep, print and pass on: what changed by incident, then flow by
 * flow, then what every flow is, then the totals and what was compared. All of it is
 * kept folded until the end, as the text for a terminal is, so that memory and page do
 * not follow the size of the fleet; what has no room is counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/render/findings.h"
#include "daemon/render/formats.h"
#include "daemon/render/html_page.h"
#include "daemon/render/sentence.h"
#include "daemon/render/story.h"
#include "probes/evidence.h"
#include "probes/registry.h"

enum {
	MAX_FINDINGS = 500,
	MAX_PASSES = 100,
	MAX_STORIES = 200,
	MAX_CHANGES = 1000,
	EVIDENCE_LIMIT = 600,
};

struct html {
	struct html_page page;
	bool diff, status;
	char *vantage; /* of the first result or change; or NULL */
	int64_t time_us;
	struct matrix matrix;
	struct findings findings;
	struct digest changes;
	struct stories stories;
	bool printed;
};

static int begin(struct report *report, const char *command)
{
	struct html *html = calloc(1, sizeof *html);

	if (!html)
		return -ENOMEM;
	report->state = html;
	html->page.out = report->options.out;
	html->diff = strcmp(command, "diff") == 0;
	html->status = strcmp(command, "status") == 0;
	html->findings.evidence_limit = EVIDENCE_LIMIT;
	html->findings.without_passes = report->options.quiet_passes;
	html->findings.failing.limit = MAX_FINDINGS;
	html->findings.unsure.limit = MAX_FINDINGS;
	html->findings.silenced.limit = MAX_FINDINGS;
	html->findings.passing.limit = MAX_PASSES;
	html->changes.limit = MAX_CHANGES;
	html->stories.limit = MAX_STORIES;
	return 0;
}

static int keep_vantage(struct html *html, const char *vantage)
{
	if (!html->vantage && vantage)
		html->vantage = strdup(vantage);
	return html->vantage || !vantage ? 0 : -ENOMEM;
}

/* ---- gathering --------------------------------------------------------------- */

static int write_result(struct report *report, const struct report_result *result)
{
	struct html *html = report->state;
	int rc = keep_vantage(html, result->vantage);

	if (!html->time_us)
		html->time_us = result->time_us;
	if (rc == 0)
		rc = matrix_add(&html->matrix, result);
	if (rc == 0)
		rc = findings_add(&html->findings, result);
	return rc;
}

/* "no answer to any attempt: ICMP type 3 code 13 from 10.0.0.1"; of a flow that has no
 * state any more there is nothing to say. */
static void add_why(struct strbuf *out, const struct report_change *change)
{
	size_t begin;

	strbuf_adds(out, "");
	if (change->to == STATE_NONE)
		return;
	strbuf_adds(out, probe_reason_text(change->reason));
	if (!change->evidence || !*change->evidence)
		return;
	strbuf_adds(out, ": ");
	begin = out->length;
	evidence_add(out, registry_of_check(change->check), change->evidence,
		EVIDENCE_LIMIT);
	if (!out->failed && out->length == begin) {
		out->length -= 2;
		out->text[out->length] = '\0';
	}
}

static int write_change(struct report *report, const struct report_change *change)
{
	struct html *html = report->state;
	struct strbuf what, why;
	struct digest_flow flow = {
		.mark = html_change_mark(change->incident, change->kind),
		.host = change->host,
		.subject = change->check,
	};
	int rc = keep_vantage(html, change->vantage);

	strbuf_init(&what);
	strbuf_init(&why);
	sentence_change(&what, change);
	add_why(&why, change);
	flow.state = what.text;
	flow.why = why.text ? why.text : "";
	if (what.failed || why.failed)
		rc = -ENOMEM;
	if (rc == 0)
		rc = digest_add(&html->changes, &flow);
	strbuf_fini(&what);
	strbuf_fini(&why);
	return rc;
}

static int write_incident(struct report *report, const struct report_incident *incident)
{
	struct html *html = report->state;

	return stories_add(&html->stories, incident);
}

/* ---- incidents --------------------------------------------------------------- */

static void print_story(struct html_page *page, const struct story *story)
{
	const char *kind = change_kind_word(story->kind);
	/* Where it is but its kind, there is nothing to add. */
	const char *where = strcmp(story->where, kind) == 0 ? "" : story->where;
	const char *const details[] = {
		where, story->trace, story->stayed, story->beside};
	bool any = false;

	fprintf(page->out,
		"<li id=\"incident-%" PRIu32 "\" value=\"%" PRIu32 "\">\n<h3>",
		story->id, story->id);
	html_signed(page, html_sign_of_kind(story->kind), kind);
	html_raw(page, " ");
	html_text(page, story->summary);
	html_raw(page, "</h3>\n");
	for (size_t i = 0; i < 4; i++)
		any |= *details[i] != '\0';
	if (any)
		html_raw(page, "<ul>\n");
	for (size_t i = 0; i < 4; i++)
		if (*details[i])
			html_element(page, "li", details[i]);
	html_raw(page, any ? "</ul>\n</li>\n" : "</li>\n");
}

static void print_stories(struct html_page *page, const struct stories *stories)
{
	if (!stories->count)
		return;
	html_raw(page, "<section>\n<h2>Incidents</h2>\n<ol>\n");
	for (uint32_t i = 0; i < stories->count; i++)
		print_story(page, &stories->items[i]);
	html_raw(page, "</ol>\n");
	html_left_out(page, stories->left_out, "incident");
	html_raw(page, "</section>\n");
}

/* ---- results ----------------------------------------------------------------- */

static int print_results(struct html *html)
{
	struct html_page *page = &html->page;
	int rc = matrix_finish(&html->matrix);

	if (rc < 0)
		return rc;
	html_findings(page, &html->findings.failing, "Failing", html->status);
	html_findings(page, &html->findings.unsure, "Inconclusive", html->status);
	html_findings(page, &html->findings.silenced, "Silenced", html->status);
	html_findings(page, &html->findings.passing, "As expected", html->status);
	if (html->matrix.n_rows) {
		html_raw(page, "<section>\n<h2>All flows</h2>\n");
		html_matrix(page, &html->matrix);
		html_raw(page, "</section>\n");
	}
	return 0;
}

/* ---- head and foot ----------------------------------------------------------- */

static void print_head(struct html *html, const struct report_summary *summary)
{
	const char *vantage =
		summary && summary->vantage ? summary->vantage : html->vantage;
	struct strbuf title;

	strbuf_init(&title);
	strbuf_adds(&title, html->diff ? "Changes of reachability" : "Reachability");
	if (vantage)
		strbuf_addf(&title, " from %s", vantage);
	if (title.failed)
		html->page.failed = true;
	else
		html_begin(&html->page, title.text);
	strbuf_fini(&title);
}

/* "5 changes in 4 incidents; 2 flows added or removed" */
static void add_changes(struct strbuf *line, const struct html *html,
	const struct report_summary *summary)
{
	uint64_t all = html->changes.flows;

	if (summary->changes || all)
		sentence_count(line, summary->changes, "change");
	else
		strbuf_adds(line, "no change");
	if (summary->changes && summary->incidents) {
		strbuf_adds(line, " in ");
		sentence_count(line, summary->incidents, "incident");
	}
	sentence_come_and_gone(line, summary, all);
}

static void print_lead(struct html *html, const struct report_summary *summary)
{
	struct html_page *page = &html->page;
	struct strbuf line;

	strbuf_init(&line);
	if (!html->diff)
		sentence_totals(&line, summary);
	if (!html->diff && summary->before)
		strbuf_adds(&line, "; ");
	if (html->diff || summary->before)
		add_changes(&line, html, summary);
	html_raw(page, "<p class=\"lead\">");
	html_text(page, line.failed ? "" : line.text);
	html_raw(page, "</p>\n");
	page->failed |= line.failed;
	strbuf_fini(&line);
	strbuf_init(&line);
	if (html->diff)
		sentence_doubts(&line, summary);
	if (line.length) {
		html_raw(page, "<p>");
		html_signed(page, html_sign_of_mark(MARK_UNSURE),
			"differences may be missing");
		html_raw(page, ": ");
		html_text(page, line.failed ? "" : line.text);
		html_raw(page, "</p>\n");
	}
	page->failed |= line.failed;
	strbuf_fini(&line);
	if (html->diff || !summary->degraded)
		return;
	html_raw(page, "<p>");
	html_signed(page, html_sign_of_mark(MARK_UNSURE), "degraded");
	html_raw(page, ": ");
	html_text(
		page, summary->degraded_reason
			      ? summary->degraded_reason
			      : "this machine had problems of its own during the scan");
	html_raw(page, "</p>\n");
}

static void print_totals_row(
	struct html_page *page, const char *what, const struct report_counts *counts)
{
	html_raw(page, "<tr><th scope=\"row\">");
	html_text(page, what);
	fprintf(page->out,
		"</th><td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td><td>%" PRIu64 "</td></tr>\n",
		counts->flows, counts->pass, counts->fail, counts->inconclusive);
}

static void print_totals(struct html *html, const struct report_summary *summary)
{
	static const char *const heads[] = {
		"Scan", "Flows", "Pass", "Fail", "Inconclusive", NULL};
	struct report_counts counts = {
		summary->flows, summary->pass, summary->fail, summary->inconclusive};
	struct html_page *page = &html->page;
	char time[32];

	html_raw(page, "<section>\n<h2>Totals</h2>\n");
	html_table_begin(
		page, html->diff ? "The two scans compared" : "This scan", heads);
	if (summary->before && summary->counts_before)
		print_totals_row(page, summary->before, summary->counts_before);
	print_totals_row(page,
		summary->after  ? summary->after
		: html->time_us ? clock_format(html->time_us, time, sizeof time)
				: "now",
		&counts);
	html_table_end(page);
	if (summary->before && !summary->counts_before) {
		html_raw(page, "<p>Compared with ");
		html_text(page, summary->before);
		html_raw(page, ".</p>\n");
	}
	html_raw(page, "</section>\n");
}

/* ---- the end ----------------------------------------------------------------- */

static int print_page(struct html *html, const struct report_summary *summary)
{
	int rc;

	if (html->printed)
		return 0;
	html->printed = true;
	print_head(html, summary);
	if (summary)
		print_lead(html, summary);
	print_stories(&html->page, &html->stories);
	html_changes(&html->page, &html->changes, html->stories.count);
	rc = print_results(html);
	if (rc < 0)
		return rc;
	if (summary)
		print_totals(html, summary);
	html_end(&html->page);
	return html->page.failed ? -ENOMEM : 0;
}

static int write_summary(struct report *report, const struct report_summary *summary)
{
	return print_page(report->state, summary);
}

static int end(struct report *report)
{
	struct html *html = report->state;
	int rc;

	if (!html)
		return 0;
	rc = print_page(html, NULL);
	matrix_fini(&html->matrix);
	findings_fini(&html->findings);
	digest_fini(&html->changes);
	stories_fini(&html->stories);
	free(html->vantage);
	free(html);
	report->state = NULL;
	return rc;
}

const struct report_ops report_html = {
	.name = "html",
	.begin = begin,
	.result = write_result,
	.change = write_change,
	.incident = write_incident,
	.summary = write_summary,
	.end = end,
};
