/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/vantage.h"

#include <errno.h>
#include <inttypes.h>

#include "base/quantity.h"
#include "base/strbuf.h"
#include "daemon/analyze/controls.h"

/* Controls that are named. */
#define MAX_NAMED 3

/* "tcp/22 on g1, tcp/443 on g2"; returns how many. */
static uint32_t add_silent(struct strbuf *out, const struct vantage_scan *scan)
{
	const struct controls_before nothing = {NULL, NULL};
	const struct controls_before *before = scan->before ? scan->before : &nothing;
	const struct plan *plan = scan->plan;
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		if (!controls_is_silent(plan, scan->results, before, i))
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

/* How long it was degraded. The clock may have been set back: then nothing is said of a
 * time. */
static void add_span(
	struct strbuf *out, const struct vantage_scan *scan, uint32_t changes)
{
	const struct health_streak *streak = scan->streak;
	char span[32];

	if (streak->degraded == 0)
		return;
	strbuf_addf(out,
		", after %" PRIu32 " degraded scan%s, starting with scan %" PRId64,
		streak->degraded, streak->degraded == 1 ? "" : "s", streak->since);
	if (scan->now_us > streak->since_us)
		strbuf_addf(out, ", %s",
			duration_format((uint64_t)(scan->now_us - streak->since_us) /
						1000000 * 1000,
				span, sizeof span));
	strbuf_addf(out, "; %" PRIu32 " change%s settled", changes,
		changes == 1 ? "" : "s");
}

static void add_acceptance(struct strbuf *out, const struct vantage_scan *scan)
{
	const char *vantage = scan->plan->config->settings.vantage;
	uint32_t count;

	if (scan->health->cause == HEALTH_CONTROLS) {
		count = add_silent(out, scan);
		strbuf_addf(out,
			" no longer answer%s, as controls must, but all else "
			"does: this vantage (%s) is considered sound",
			count == 1 ? "s" : "", vantage);
	} else {
		strbuf_addf(out,
			"this vantage (%s) is considered sound, and its changes "
			"accepted as genuine",
			vantage);
	}
}

static void add_text(struct strbuf *out, const struct vantage_scan *scan,
	enum health_news news, uint32_t changes)
{
	const char *vantage = scan->plan->config->settings.vantage;
	const char *text = health_text(scan->health->cause);

	switch (news) {
	case HEALTH_BEGAN:
		strbuf_addf(out, "this vantage (%s) is impaired: %s", vantage, text);
		break;
	case HEALTH_LASTS:
		strbuf_addf(out,
			"this vantage (%s) is still impaired: %s; what it can measure "
			"is reported again",
			vantage, text);
		add_span(out, scan, changes);
		break;
	case HEALTH_ACCEPTED:
		add_acceptance(out, scan);
		add_span(out, scan, changes);
		break;
	default:
		strbuf_addf(out, "this vantage (%s) is no longer impaired", vantage);
		add_span(out, scan, changes);
	}
}

static enum change_kind kind_of(enum health_news news)
{
	return news == HEALTH_BEGAN || news == HEALTH_LASTS ? CHANGE_OTHER
							    : CHANGE_RECOVERY;
}

int vantage_add_news(const struct vantage_scan *scan, struct change_set *set)
{
	enum health_news news = health_news(scan->streak, scan->health);
	struct strbuf text;
	int rc = -ENOMEM;

	if (news == HEALTH_NO_NEWS)
		return 0;
	strbuf_init(&text);
	add_text(&text, scan, news, set->reachability);
	if (!text.failed)
		rc = changes_add_vantage(set, kind_of(news), text.text);
	strbuf_fini(&text);
	return rc;
}
