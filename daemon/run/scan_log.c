/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/scan_log.h"

#include "base/log.h"
#include "base/quantity.h"
#include "daemon/render/sentence.h"
#include "daemon/render/visible.h"

#define SECOND_US 1000000

void scan_log_start(const struct generation *generation)
{
	char every[32];
	uint32_t own = 0;
	struct strbuf text;

	strbuf_init(&text);
	sentence_count(&text, generation->plan->n_flows, "flow");
	strbuf_adds(&text, " of ");
	sentence_count(&text, generation->plan->n_hosts, "host");
	duration_format(
		generation->config->settings.schedule.every_ms, every, sizeof every);
	strbuf_addf(&text, ", every %s", every);
	for (uint32_t i = 0; i < generation->config->rules.count; i++)
		own += generation->config->rules.rules[i].schedule != NULL;
	if (own) {
		strbuf_adds(&text, "; ");
		sentence_count(&text, own, "rule");
		strbuf_addf(&text, " by %s own schedule", own == 1 ? "its" : "their");
	}
	if (!text.failed)
		log_notice("watching %s", text.text);
	strbuf_fini(&text);
}

void scan_log_late(int64_t late_us, uint64_t last_us)
{
	char late[32], last[32];

	if (late_us < SECOND_US)
		return;
	/* In whole seconds. */
	duration_format(((uint64_t)late_us + SECOND_US - 1) / SECOND_US * 1000, late,
		sizeof late);
	duration_format(
		(last_us + SECOND_US - 1) / SECOND_US * 1000, last, sizeof last);
	if (last_us > (uint64_t)late_us)
		log_warning(
			"the scan starts %s late: the last one took %s", late, last);
	else
		log_warning("the scan starts %s late: this process was not run", late);
}

void scan_log_totals(struct strbuf *out, const struct one_scan *scan)
{
	struct report_summary summary = one_scan_summary(scan);

	if (summary.scan)
		strbuf_addf(out, "scan %lld: ", (long long)summary.scan);
	else
		strbuf_adds(out, "scan: ");
	sentence_totals(out, &summary);
	if (!scan->recorded)
		strbuf_adds(out, "; not stored");
	if (!scan->recorded || summary.changes == 0)
		return;
	strbuf_adds(out, "; ");
	sentence_count(out, summary.changes, "change");
	strbuf_adds(out, " in ");
	sentence_count(out, summary.incidents, "incident");
}

static int log_incident(void *data, const struct report_incident *reported)
{
	const struct incident *incident = reported->incident;
	const char *kind = change_kind_word(incident->kind);
	long long scan = reported->scan;
	struct strbuf text;

	(void)data;
	strbuf_init(&text);
	visible_add(&text, incident->summary, false);
	if (reported->trace)
		strbuf_addf(&text, "; %s", reported->trace);
	if (text.failed)
		log_error("scan %lld: out of memory", scan);
	else if (reported->quiet)
		log_debug("scan %lld, silenced or flapping, %s: %s", scan, kind,
			text.text);
	else if (incident->kind == CHANGE_RECOVERY || incident->kind == CHANGE_OTHER)
		log_notice("scan %lld, %s: %s", scan, kind, text.text);
	else
		log_warning("scan %lld, %s: %s", scan, kind, text.text);
	strbuf_fini(&text);
	return 0;
}

void scan_log_write(const struct one_scan *scan)
{
	char duration[32];
	struct strbuf text;

	strbuf_init(&text);
	scan_log_totals(&text, scan);
	duration_format((scan->duration_us + 999) / 1000, duration, sizeof duration);
	if (!text.failed)
		log_notice("%s; took %s", text.text, duration);
	strbuf_fini(&text);
	if (scan->health.degraded)
		log_warning(
			"scan %lld is degraded, so its changes are not reported yet: %s",
			(long long)scan->id, health_text(scan->health.cause));
	/* Else the next one finds and reports the same. */
	if (scan->recorded)
		one_scan_incidents(scan, log_incident, NULL);
}
