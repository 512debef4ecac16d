/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of this vantage itself. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/quantity.h"
#include "base/strbuf.h"
#include "daemon/analyze/controls.h"
#include "daemon/scan/impaired.h"

/* Controls that are named. */
#define MAX_NAMED 3

/* "tcp/22 on g1, tcp/443 on g2"; returns how many. */
static uint32_t add_silent(struct strbuf *out, const struct plan *plan,
	const struct results *results, const struct previous *previous)
{
	const struct controls_before before = {previous->states, previous->reasons};
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		if (!controls_is_silent(plan, results, &before, i))
			continue;
		if (count++ < MAX_NAMED)
			strbuf_addf(out, "%s%s on %s", count > 1 ? ", " : "",
				plan->checks[flow->check].name,
				plan->hosts[flow->host].name);
	}
	if (count > MAX_NAMED)
		strbuf_addf(out, " and %" PRIu32 " more", count - MAX_NAMED);
	return count;
}

/* How long it was impaired, and what is settled now. The clock may have been set back:
 * then nothing is said of a time. */
static void add_end(
	struct strbuf *out, const struct trail *trail, int64_t now_us, uint32_t changes)
{
	char span[32];

	strbuf_addf(out,
		", after %" PRIu32 " degraded scan%s, from scan %" PRId64 " on",
		trail->degraded, trail->degraded == 1 ? "" : "s", trail->since);
	if (now_us > trail->since_us)
		strbuf_addf(out, ", %s",
			duration_format(
				(uint64_t)(now_us - trail->since_us) / 1000000 * 1000,
				span, sizeof span));
	strbuf_addf(out, "; %" PRIu32 " change%s settled", changes,
		changes == 1 ? "" : "s");
}

static void add_verdict(struct strbuf *out, const struct plan *plan,
	const struct results *results, const struct previous *previous,
	const struct assessment *assessment, const char *vantage)
{
	const char *real = assessment->taken_for_real;

	if (assessment->degraded) {
		strbuf_addf(out, "this vantage (%s) is impaired: %s", vantage,
			assessment->degraded_reason);
	} else if (real && strcmp(real, "controls") == 0) {
		uint32_t count = add_silent(out, plan, results, previous);
		strbuf_addf(out,
			" no longer answer%s, as controls must, but all else does: "
			"this vantage (%s) is considered sound",
			count == 1 ? "s" : "", vantage);
	} else {
		strbuf_addf(out, "this vantage (%s) is %s", vantage,
			real ? "considered sound, and its changes accepted as genuine"
			     : "no longer impaired");
	}
}

static int add_incident(
	struct change_set *changes, enum change_kind kind, char *summary)
{
	size_t n = changes->n_incidents;
	struct incident *all = arena_calloc(&changes->arena, n + 1, sizeof *all);

	if (!all)
		return -ENOMEM;
	if (n)
		memcpy(all, changes->incidents, n * sizeof *all);
	all[n] = (struct incident){
		.id = (uint32_t)n + 1,
		.scope = INCIDENT_VANTAGE,
		.kind = (uint8_t)kind,
		.summary = arena_strdup(&changes->arena, summary),
	};
	if (!all[n].summary)
		return -ENOMEM;
	changes->incidents = all;
	changes->n_incidents = n + 1;
	return 0;
}

int impaired_tell(const struct plan *plan, const struct results *results,
	const struct previous *previous, const struct assessment *assessment,
	const struct trail *trail, int64_t now_us, struct change_set *changes)
{
	struct strbuf text;
	int rc;

	if (assessment->degraded == (trail->degraded != 0))
		return 0;
	strbuf_init(&text);
	add_verdict(&text, plan, results, previous, assessment, changes->vantage);
	if (!assessment->degraded)
		add_end(&text, trail, now_us, changes->reachability);
	rc = text.failed
		     ? -ENOMEM
		     : add_incident(changes,
			       assessment->degraded ? CHANGE_OTHER : CHANGE_RECOVERY,
			       text.text);
	strbuf_fini(&text);
	return rc;
}
