/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/changes.h"

static int report_one(void *data, const struct report_incident *incident)
{
	return report_incident(data, incident);
}

int changes_report(const struct change_set *set, int64_t scan, int64_t since_scan,
	const struct incidents_life *life, struct report *report)
{
	int rc = 0;

	for (uint32_t i = 0; i < set->count && rc == 0; i++) {
		const struct change *c = &set->items[i];
		struct report_change change = {
			.scan = scan,
			.since_scan = since_scan,
			.vantage = set->after->vantage,
			.host = c->host,
			.check = c->check,
			.from = (enum probe_state)c->from,
			.to = (enum probe_state)c->to,
			.reason = (enum probe_reason)c->reason,
			.kind = (enum change_kind)c->kind,
			.incident = c->incident,
			.evidence = c->evidence,
			.expect = (enum rule_expect)c->expect,
			.silence = c->silence,
			.flap = (enum flap_phase)c->flap,
		};
		rc = report_change(report, &change);
	}
	return rc < 0 ? rc : incidents_each(set, scan, life, report_one, report);
}
