/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4180: CRLF, quotes where needed, a header line; one table for results, changes,
 * incidents and the summary, told apart by the first column. What a spreadsheet would
 * take for a formula (a text that begins with = + - @) gets an apostrophe before it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/render/formats.h"
#include "daemon/render/visible.h"

/* X(symbol, name), in the order of the columns */
#define COLUMNS(X)                      \
	X(RECORD, "record")             \
	X(SCAN, "scan")                 \
	X(SINCE_SCAN, "since_scan")     \
	X(TIME, "time")                 \
	X(VANTAGE, "vantage")           \
	X(HOST, "host")                 \
	X(CHECK, "check")               \
	X(FROM, "from")                 \
	X(STATE, "state")               \
	X(PATH, "path")                 \
	X(REASON, "reason")             \
	X(PHASE, "phase")               \
	X(EXPECT, "expect")             \
	X(VERDICT, "verdict")           \
	X(HELD_BY, "held_by")           \
	X(KIND, "kind")                 \
	X(INCIDENT, "incident")         \
	X(ATTEMPTS, "attempts")         \
	X(RTT_US, "rtt_us")             \
	X(ADDRESSES, "addresses")       \
	X(RULES, "rules")               \
	X(SINCE, "since")               \
	X(CHANGES, "changes")           \
	X(HOSTS, "hosts")               \
	X(OF_HOSTS, "of_hosts")         \
	X(FLOWS, "flows")               \
	X(PASS, "pass")                 \
	X(FAIL, "fail")                 \
	X(INCONCLUSIVE, "inconclusive") \
	X(SUMMARY, "summary")           \
	X(EVIDENCE, "evidence")         \
	X(SILENCE, "silence")           \
	X(FLAPPING, "flapping")         \
	X(QUIET, "quiet")

#define X(symbol, name) COLUMN_##symbol,
enum column {
	COLUMNS(X) COLUMN_COUNT
};
#undef X

/* The cells of one line, as written between the commas. */
struct row {
	struct strbuf text;
	size_t at[COLUMN_COUNT]; /* 1 + where the cell begins in `text`; 0: empty */
	bool failed;
};

static void row_init(struct row *row, const char *record)
{
	*row = (struct row){.failed = false};
	strbuf_init(&row->text);
	row->at[COLUMN_RECORD] = 1;
	strbuf_add(&row->text, record, strlen(record) + 1);
}

static void put_plain(struct row *row, enum column column, const char *text)
{
	row->at[column] = row->text.length + 1;
	strbuf_add(&row->text, text, strlen(text) + 1);
}

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@", *text);
}

/* A text from outside; nothing for NULL. */
static void put_text(struct row *row, enum column column, const char *text)
{
	struct strbuf shown;
	char *cell;

	if (!text)
		return;
	strbuf_init(&shown);
	if (is_formula(text))
		strbuf_adds(&shown, "'");
	visible_add(&shown, text, false);
	cell = strbuf_take(&shown);
	if (cell)
		put_plain(row, column, cell);
	row->failed |= !cell;
	free(cell);
}

static void put_number(struct row *row, enum column column, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	put_plain(row, column, text);
}

static void put_number_if(struct row *row, enum column column, int64_t number)
{
	if (number > 0)
		put_number(row, column, (uint64_t)number);
}

static void put_flag(struct row *row, enum column column, bool set)
{
	if (set)
		put_plain(row, column, "true");
}

static void put_time(struct row *row, enum column column, int64_t time_us)
{
	char text[32];

	put_plain(row, column, clock_format(time_us, text, sizeof text));
}

static void put_state(struct row *row, enum column column, enum probe_state state)
{
	if (state != STATE_NONE)
		put_plain(row, column, probe_state_word(state));
}

static void write_cell(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"") && *text != ' ') {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static int write_row(const struct report *report, struct row *row)
{
	FILE *out = report->options.out;
	bool failed = row->failed || row->text.failed;

	for (int i = 0; i < COLUMN_COUNT && !failed; i++) {
		if (i)
			putc(',', out);
		if (row->at[i])
			write_cell(out, row->text.text + row->at[i] - 1);
	}
	if (!failed)
		fputs("\r\n", out);
	strbuf_fini(&row->text);
	return failed ? -ENOMEM : 0;
}

static int begin(struct report *report, const char *command)
{
#define X(symbol, name) "," name
	static const char header[] = COLUMNS(X);
#undef X

	(void)command;
	fprintf(report->options.out, "%s\r\n", header + 1);
	return 0;
}

/* "10.20.0.11=open 10.20.0.12=filtered" */
static char *address_text(const struct report_result *result)
{
	struct strbuf text;
	char address[NET_ADDRESS_TEXT];

	strbuf_init(&text);
	for (size_t i = 0; i < result->n_addresses; i++) {
		const struct report_address *item = &result->addresses[i];
		strbuf_addf(&text, "%s%s=%s", i ? " " : "",
			net_address_format(&item->address, address, sizeof address),
			probe_state_word(item->state));
	}
	return strbuf_take(&text);
}

static char *rule_text(const struct report_result *result)
{
	struct strbuf text;

	strbuf_init(&text);
	for (size_t i = 0; i < result->n_rules; i++)
		strbuf_addf(&text, "%s%s", i ? "; " : "", result->rules[i]);
	return strbuf_take(&text);
}

static void put_made(struct row *row, enum column column, char *text)
{
	put_text(row, column, text);
	row->failed |= !text;
	free(text);
}

static int write_result(struct report *report, const struct report_result *result)
{
	struct row row;

	row_init(&row, "result");
	put_number_if(&row, COLUMN_SCAN, result->scan);
	put_time(&row, COLUMN_TIME, result->time_us);
	put_text(&row, COLUMN_VANTAGE, result->vantage);
	put_text(&row, COLUMN_HOST, result->host);
	put_text(&row, COLUMN_CHECK, result->check);
	put_state(&row, COLUMN_STATE, result->state);
	put_plain(&row, COLUMN_PATH,
		probe_path_word(observation_path(result->state, result->reason)));
	put_plain(&row, COLUMN_REASON, probe_reason_word(result->reason));
	put_plain(&row, COLUMN_PHASE, probe_phase_word(result->phase));
	put_plain(&row, COLUMN_EXPECT, rule_expect_name(result->expect));
	put_plain(&row, COLUMN_VERDICT, verdict_word(result->verdict));
	put_text(&row, COLUMN_HELD_BY, result->held_by);
	put_number(&row, COLUMN_ATTEMPTS, result->attempts);
	put_number_if(&row, COLUMN_RTT_US, result->rtt_us);
	put_made(&row, COLUMN_ADDRESSES, address_text(result));
	put_made(&row, COLUMN_RULES, rule_text(result));
	if (result->since_us)
		put_time(&row, COLUMN_SINCE, result->since_us);
	put_text(&row, COLUMN_EVIDENCE, result->evidence);
	put_number_if(&row, COLUMN_SILENCE, result->silence);
	put_flag(&row, COLUMN_FLAPPING, result->flapping);
	return write_row(report, &row);
}

static int write_change(struct report *report, const struct report_change *change)
{
	struct row row;

	row_init(&row, "change");
	put_number_if(&row, COLUMN_SCAN, change->scan);
	put_number_if(&row, COLUMN_SINCE_SCAN, change->since_scan);
	put_text(&row, COLUMN_VANTAGE, change->vantage);
	put_text(&row, COLUMN_HOST, change->host);
	put_text(&row, COLUMN_CHECK, change->check);
	put_state(&row, COLUMN_FROM, change->from);
	put_state(&row, COLUMN_STATE, change->to);
	put_plain(&row, COLUMN_REASON, probe_reason_word(change->reason));
	put_plain(&row, COLUMN_EXPECT, rule_expect_name(change->expect));
	put_plain(&row, COLUMN_KIND, change_kind_word(change->kind));
	put_number_if(&row, COLUMN_INCIDENT, change->incident);
	put_text(&row, COLUMN_EVIDENCE, change->evidence);
	put_number_if(&row, COLUMN_SILENCE, change->silence);
	put_text(&row, COLUMN_FLAPPING, flap_phase_word(change->flap));
	return write_row(report, &row);
}

static int write_incident(struct report *report, const struct report_incident *incident)
{
	const struct incident *what = incident->incident;
	struct row row;

	row_init(&row, "incident");
	put_number_if(&row, COLUMN_SCAN, incident->scan);
	put_text(&row, COLUMN_VANTAGE, incident->input->vantage);
	put_text(&row, COLUMN_HOST, what->host);
	put_text(&row, COLUMN_CHECK, what->check);
	put_state(&row, COLUMN_FROM, (enum probe_state)what->from);
	put_state(&row, COLUMN_STATE, (enum probe_state)what->to);
	put_plain(&row, COLUMN_KIND, change_kind_word(what->kind));
	put_number(&row, COLUMN_INCIDENT, what->id);
	put_number(&row, COLUMN_CHANGES, what->n_flows);
	put_number(&row, COLUMN_HOSTS, what->n_hosts);
	put_number(&row, COLUMN_OF_HOSTS, what->of_hosts);
	put_text(&row, COLUMN_SUMMARY, what->summary);
	put_flag(&row, COLUMN_QUIET, incident->quiet);
	return write_row(report, &row);
}

static int write_summary(struct report *report, const struct report_summary *summary)
{
	struct row row;

	row_init(&row, "summary");
	put_number_if(&row, COLUMN_SCAN, summary->scan);
	put_number(&row, COLUMN_FLOWS, summary->flows);
	put_number(&row, COLUMN_PASS, summary->pass);
	put_number(&row, COLUMN_FAIL, summary->fail);
	put_number(&row, COLUMN_INCONCLUSIVE, summary->inconclusive);
	put_number(&row, COLUMN_CHANGES, summary->changes);
	if (summary->degraded)
		put_text(&row, COLUMN_SUMMARY,
			summary->degraded_reason ? summary->degraded_reason
						 : "degraded");
	return write_row(report, &row);
}

const struct report_ops report_csv = {
	.name = "csv",
	.begin = begin,
	.result = write_result,
	.change = write_change,
	.incident = write_incident,
	.summary = write_summary,
};
