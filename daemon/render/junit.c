/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JUnit XML: a test suite a host, a test case a check. Inconclusive is `skipped`, but
 * what this machine could not measure is an `error`. In a diff each difference but a
 * recovery is a failure. What is silenced or flaps has properties, and says so in its
 * message, for readers that show none. Suites carry their counts in front, so that the
 * cases of one host wait in memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/render/formats.h"
#include "daemon/render/markup.h"
#include "daemon/render/sentence.h"

#define EVIDENCE_LIMIT 2000

struct junit {
	struct strbuf cases; /* of the suite that is open */
	char *suite;         /* its name, or NULL */
	unsigned tests, failures, errors, skipped;
	uint64_t rtt_us;
	int64_t time_us;
	bool diff;
};

static void add_attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, " %s=\"", name);
	markup_add(out, value);
	strbuf_adds(out, "\"");
}

/* Readers take a class name apart at its dots: the vantage is the package. */
static void add_class(struct strbuf *out, const char *vantage, const char *host)
{
	struct strbuf name;

	strbuf_init(&name);
	strbuf_adds(&name, vantage);
	strbuf_adds(&name, ".");
	strbuf_adds(&name, host);
	for (size_t i = 0, dot = strlen(vantage); !name.failed && i < name.length; i++)
		if (name.text[i] == '.' && i != dot)
			name.text[i] = '_';
	if (!name.failed)
		add_attribute(out, "classname", name.text);
	out->failed |= name.failed;
	strbuf_fini(&name);
}

/* ---- suites ------------------------------------------------------------------ */

static int close_suite(struct report *report)
{
	struct junit *junit = report->state;
	FILE *out = report->options.out;
	struct strbuf head;
	char time[32];
	int rc = 0;

	if (!junit->suite)
		return 0;
	strbuf_init(&head);
	strbuf_adds(&head, "  <testsuite");
	add_attribute(&head, "name", junit->suite);
	strbuf_addf(&head,
		" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\""
		" time=\"%" PRIu64 ".%06" PRIu64 "\"",
		junit->tests, junit->failures, junit->errors, junit->skipped,
		junit->rtt_us / 1000000, junit->rtt_us % 1000000);
	if (junit->time_us) {
		clock_format(junit->time_us, time, sizeof time);
		strbuf_addf(&head, " timestamp=\"%.19s\"", time);
	}
	strbuf_adds(&head, ">\n");
	if (head.failed || junit->cases.failed)
		rc = -ENOMEM;
	else
		fprintf(out, "%s%s  </testsuite>\n", head.text, junit->cases.text);
	strbuf_fini(&head);
	strbuf_reset(&junit->cases);
	free(junit->suite);
	junit->suite = NULL;
	return rc;
}

static int open_suite(struct report *report, const char *name, int64_t time_us)
{
	struct junit *junit = report->state;
	int rc;

	if (junit->suite && strcmp(junit->suite, name) == 0)
		return 0;
	rc = close_suite(report);
	if (rc < 0)
		return rc;
	junit->tests = junit->failures = junit->errors = junit->skipped = 0;
	junit->rtt_us = 0;
	junit->time_us = time_us;
	junit->suite = strdup(name);
	return junit->suite ? 0 : -ENOMEM;
}

/* ---- cases ------------------------------------------------------------------- */

/* `flapping` NULL: it does not. */
static void add_properties(struct strbuf *out, uint32_t silence, const char *flapping)
{
	if (!silence && !flapping)
		return;
	strbuf_adds(out, "      <properties>\n");
	if (silence)
		strbuf_addf(out,
			"        <property name=\"silence\" value=\"%" PRIu32 "\"/>\n",
			silence);
	if (flapping)
		strbuf_addf(out, "        <property name=\"flapping\" value=\"%s\"/>\n",
			flapping);
	strbuf_adds(out, "      </properties>\n");
}

/* This machine tried and could not. What has had no turn was not tried. */
static bool is_unmeasured(const struct report_result *result)
{
	return result->verdict == VERDICT_INCONCLUSIVE &&
	       result->state == STATE_ERROR && result->reason != REASON_NOT_DUE;
}

static const char *element_of(const struct report_result *result)
{
	if (result->verdict == VERDICT_FAIL)
		return "failure";
	return is_unmeasured(result) ? "error" : "skipped";
}

static void add_outcome(struct strbuf *out, const struct report_result *result,
	const char *element, const char *state, const char *why)
{
	strbuf_addf(out, "      <%s", element);
	if (result->verdict == VERDICT_FAIL)
		add_attribute(out, "type", probe_state_word(result->state));
	else if (is_unmeasured(result))
		add_attribute(out, "type", probe_reason_word(result->reason));
	strbuf_adds(out, " message=\"");
	markup_add(out, state);
	strbuf_adds(out, ": ");
	markup_add(out, why);
	strbuf_adds(out, "\"");
	if (result->evidence && *result->evidence) {
		strbuf_adds(out, ">");
		markup_add(out, result->evidence);
		strbuf_addf(out, "</%s>\n", element);
	} else {
		strbuf_adds(out, "/>\n");
	}
}

static void add_findings(struct strbuf *out, const struct report_result *result)
{
	struct strbuf state, why;

	strbuf_init(&state);
	strbuf_init(&why);
	sentence_state(&state, result);
	sentence_why(&why, result, EVIDENCE_LIMIT);
	if (state.failed || why.failed)
		out->failed = true;
	else
		add_outcome(out, result, element_of(result), state.text, why.text);
	strbuf_fini(&state);
	strbuf_fini(&why);
}

static void add_result(struct junit *junit, const struct report_result *result)
{
	struct strbuf *out = &junit->cases;
	bool marked = result->silence || result->flapping;

	strbuf_adds(out, "    <testcase");
	add_attribute(out, "name", result->check);
	add_class(out, result->vantage, result->host);
	strbuf_addf(out, " time=\"%u.%06u\"", result->rtt_us / 1000000,
		result->rtt_us % 1000000);
	if (result->verdict == VERDICT_PASS && !marked) {
		strbuf_adds(out, "/>\n");
		return;
	}
	strbuf_adds(out, ">\n");
	add_properties(out, result->silence, result->flapping ? "true" : NULL);
	if (result->verdict != VERDICT_PASS)
		add_findings(out, result);
	strbuf_adds(out, "    </testcase>\n");
}

static int begin(struct report *report, const char *command)
{
	struct junit *junit = calloc(1, sizeof *junit);

	if (!junit)
		return -ENOMEM;
	strbuf_init(&junit->cases);
	junit->diff = strcmp(command, "diff") == 0;
	report->state = junit;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"reachd\">\n",
		report->options.out);
	return 0;
}

static int write_result(struct report *report, const struct report_result *result)
{
	struct junit *junit = report->state;
	int rc = open_suite(report, result->host, result->time_us);

	if (rc < 0)
		return rc;
	junit->tests++;
	junit->failures += result->verdict == VERDICT_FAIL;
	junit->errors += is_unmeasured(result);
	junit->skipped +=
		result->verdict == VERDICT_INCONCLUSIVE && !is_unmeasured(result);
	junit->rtt_us += result->rtt_us;
	add_result(junit, result);
	return junit->cases.failed ? -ENOMEM : 0;
}

/* ---- differences ------------------------------------------------------------- */

/* Changes come by incident, not by host: one suite. A scan's failures are its results,
 * and a recovery among its changes is none. */
static int write_change(struct report *report, const struct report_change *change)
{
	struct junit *junit = report->state;
	bool recovered = change->kind == CHANGE_RECOVERY;
	struct strbuf *out = &junit->cases, text;
	int rc;

	if (!junit->diff)
		return 0;
	rc = open_suite(report, "changes", 0);
	if (rc < 0)
		return rc;
	junit->tests++;
	junit->failures += !recovered;
	strbuf_init(&text);
	sentence_change(&text, change);
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "name", change->check);
	add_class(out, change->vantage, change->host);
	strbuf_adds(out, " time=\"0\">\n");
	add_properties(out, change->silence, flap_phase_word(change->flap));
	if (recovered) {
		strbuf_adds(out, "      <system-out>");
		markup_add(out, text.failed ? "" : text.text);
		strbuf_adds(out, "</system-out>\n    </testcase>\n");
	} else {
		strbuf_adds(out, "      <failure");
		add_attribute(out, "type", change_kind_word(change->kind));
		add_attribute(out, "message", text.failed ? "" : text.text);
		strbuf_adds(out, ">");
		if (change->evidence)
			markup_add(out, change->evidence);
		strbuf_adds(out, "</failure>\n    </testcase>\n");
	}
	rc = out->failed || text.failed ? -ENOMEM : 0;
	strbuf_fini(&text);
	return rc;
}

static int end(struct report *report)
{
	struct junit *junit = report->state;
	int rc;

	if (!junit)
		return 0;
	rc = close_suite(report);
	fputs("</testsuites>\n", report->options.out);
	strbuf_fini(&junit->cases);
	free(junit->suite);
	free(junit);
	report->state = NULL;
	return rc;
}

const struct report_ops report_junit = {
	.name = "junit",
	.begin = begin,
	.result = write_result,
	.change = write_change,
	.end = end,
};
