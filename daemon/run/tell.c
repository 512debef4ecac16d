/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/tell.h"

#include "base/log.h"
#include "base/quantity.h"
#include "daemon/report/sentence.h"
#include "daemon/report/visible.h"

void tell_totals(struct strbuf *out, const struct one_scan *scan)
{
	struct report_summary summary = one_scan_summary(scan);

	if (summary.scan)
		strbuf_addf(out, "scan %lld: ", (long long)summary.scan);
	else
		strbuf_adds(out, "scan: ");
	sentence_totals(out, &summary);
	if (summary.changes == 0)
		return;
	strbuf_adds(out, "; ");
	sentence_count(out, summary.changes, "change");
	strbuf_adds(out, " in ");
	sentence_count(out, summary.incidents, "incident");
}

static void log_totals(const struct one_scan *scan)
{
	char duration[32];
	struct strbuf text;

	strbuf_init(&text);
	tell_totals(&text, scan);
	if (!text.failed)
		log_notice("%s; took %s", text.text,
			duration_format((scan->duration_us + 999) / 1000, duration,
				sizeof duration));
	strbuf_fini(&text);
	if (scan->assessment.degraded)
		log_warning("scan %lld is degraded, its changes are withheld: %s",
			(long long)scan->id, scan->assessment.degraded_reason);
}

static bool is_good_news(enum change_kind kind)
{
	return kind == CHANGE_RECOVERY || kind == CHANGE_OTHER;
}

static void log_incident(const struct one_scan *scan, const struct incident *incident)
{
	struct strbuf text;

	strbuf_init(&text);
	visible_add(&text, incident->summary, false);
	if (!text.failed && is_good_news(incident->kind))
		log_notice("scan %lld, %s: %s", (long long)scan->id,
			change_kind_word(incident->kind), text.text);
	else if (!text.failed)
		log_warning("scan %lld, %s: %s", (long long)scan->id,
			change_kind_word(incident->kind), text.text);
	strbuf_fini(&text);
}

void tell_scan(const struct one_scan *scan)
{
	log_totals(scan);
	for (size_t i = 0; i < scan->changes.n_incidents; i++)
		log_incident(scan, &scan->changes.incidents[i]);
}
