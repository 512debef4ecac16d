/* SPDX-License-Identifier: Apache-2.0 */
/* The names and their order are a promise, see reachd(1): only add. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/render/formats.h"
#include "daemon/render/incident_json.h"
#include "daemon/render/json.h"
#include "daemon/render/visible.h"

static int write_line(const struct report *report, struct json_filler *filler)
{
	FILE *out = report->options.out;
	json_t *object = json_filler_take(filler);
	char *json = object ? json_dumps(object, JSON_COMPACT) : NULL;
	struct strbuf line;
	int rc = json ? 0 : -ENOMEM;

	strbuf_init(&line);
	if (json)
		visible_add_json(&line, json);
	strbuf_adds(&line, "\n");
	if (line.failed)
		rc = -ENOMEM;
	if (rc == 0 && fwrite(line.text, 1, line.length, out) < line.length)
		rc = -EIO;
	strbuf_fini(&line);
	free(json);
	json_decref(object);
	return rc;
}

static void begin_line(struct json_filler *filler, const char *type, int64_t scan)
{
	json_filler_init(filler);
	json_put_text(filler, "type", type);
	json_put_number_or_null(filler, "scan", scan);
}

static void put_time(struct json_filler *filler, const char *key, int64_t time_us)
{
	char text[32];

	json_put_text(filler, key, clock_format(time_us, text, sizeof text));
}

/* ---- results ----------------------------------------------------------------- */

static json_t *address_object(const struct report_address *address)
{
	char text[NET_ADDRESS_TEXT];
	struct json_filler filler;

	json_filler_init(&filler);
	json_put_text(&filler, "address",
		net_address_format(&address->address, text, sizeof text));
	json_put_text(&filler, "state", probe_state_word(address->state));
	json_put_number_or_null(&filler, "rtt_us", address->rtt_us);
	json_put_text(&filler, "reason", probe_reason_word(address->reason));
	if (address->evidence)
		json_put(&filler, "evidence", json_evidence(address->evidence));
	return json_filler_take(&filler);
}

static json_t *address_list(const struct report_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < result->n_addresses; i++) {
		if (json_array_append_new(
			    list, address_object(&result->addresses[i])) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static int write_result(struct report *report, const struct report_result *result)
{
	struct json_filler line;

	begin_line(&line, "result", result->scan);
	put_time(&line, "time", result->time_us);
	json_put_text(&line, "vantage", result->vantage);
	json_put_text(&line, "host", result->host);
	json_put_text(&line, "check", result->check);
	json_put(&line, "rules", json_text_list(result->rules, result->n_rules));
	json_put_text(&line, "state", probe_state_word(result->state));
	json_put_text(&line, "path",
		probe_path_word(observation_path(result->state, result->reason)));
	json_put_text(&line, "reason", probe_reason_word(result->reason));
	json_put_text(&line, "phase", probe_phase_word(result->phase));
	json_put_text(&line, "expect", rule_expect_name(result->expect));
	json_put_text(&line, "verdict", verdict_word(result->verdict));
	json_put_text_if(&line, "held_by", result->held_by);
	json_put_number(&line, "attempts", result->attempts);
	json_put_number_or_null(&line, "rtt_us", result->rtt_us);
	json_put(&line, "addresses", address_list(result));
	json_put(&line, "evidence", json_evidence(result->evidence));
	if (result->since_us)
		put_time(&line, "since", result->since_us);
	if (result->silence)
		json_put_number(&line, "silence", result->silence);
	json_put_text_if(&line, "unmeasured", result->unmeasured);
	if (result->flapping)
		json_put(&line, "flapping", json_true());
	return write_line(report, &line);
}

/* ---- changes ----------------------------------------------------------------- */

static int write_change(struct report *report, const struct report_change *change)
{
	struct json_filler line;

	begin_line(&line, "change", change->scan);
	json_put_number_or_null(&line, "since_scan", change->since_scan);
	json_put_text(&line, "vantage", change->vantage);
	json_put_text(&line, "host", change->host);
	json_put_text(&line, "check", change->check);
	json_put_state(&line, "from", (uint8_t)change->from);
	json_put_state(&line, "to", (uint8_t)change->to);
	json_put_text(&line, "kind", change_kind_word(change->kind));
	json_put_number_or_null(&line, "incident", change->incident);
	json_put_text(&line, "reason", probe_reason_word(change->reason));
	json_put_text(&line, "expect", rule_expect_name(change->expect));
	json_put(&line, "evidence", json_evidence(change->evidence));
	if (change->silence)
		json_put_number(&line, "silence", change->silence);
	json_put_text_if(&line, "flapping", flap_phase_word(change->flap));
	return write_line(report, &line);
}

/* ---- incidents --------------------------------------------------------------- */

static int write_incident(struct report *report, const struct report_incident *incident)
{
	struct json_filler line;

	incident_json_fill(&line, incident);
	return write_line(report, &line);
}

/* ---- summary ----------------------------------------------------------------- */

static int write_summary(struct report *report, const struct report_summary *summary)
{
	struct json_filler line;

	begin_line(&line, "summary", summary->scan);
	json_put_number(&line, "flows", (int64_t)summary->flows);
	json_put_number(&line, "pass", (int64_t)summary->pass);
	json_put_number(&line, "fail", (int64_t)summary->fail);
	json_put_number(&line, "inconclusive", (int64_t)summary->inconclusive);
	json_put_number(&line, "changes", (int64_t)summary->changes);
	json_put_number(&line, "incidents", (int64_t)summary->incidents);
	json_put(&line, "degraded", json_boolean(summary->degraded));
	json_put_text_if(&line, "degraded_reason", summary->degraded_reason);
	if (summary->degraded_before)
		json_put(&line, "degraded_before", json_true());
	json_put_text_if(
		&line, "degraded_before_reason", summary->degraded_before_reason);
	if (summary->unmeasured)
		json_put_number(&line, "unmeasured", (int64_t)summary->unmeasured);
	if (summary->unmeasured_before)
		json_put_number(&line, "unmeasured_before",
			(int64_t)summary->unmeasured_before);
	json_put_number(&line, "duration_us", (int64_t)summary->duration_us);
	json_put_text(&line, "command", summary->command);
	json_put_text_if(&line, "before", summary->before);
	json_put_text_if(&line, "after", summary->after);
	if (summary->silenced)
		json_put_number(&line, "silenced", (int64_t)summary->silenced);
	if (summary->carried)
		json_put_number(&line, "carried", (int64_t)summary->carried);
	if (summary->flapping)
		json_put_number(&line, "flapping", (int64_t)summary->flapping);
	return write_line(report, &line);
}

const struct report_ops report_jsonl = {
	.name = "jsonl",
	.result = write_result,
	.change = write_change,
	.incident = write_incident,
	.summary = write_summary,
};
