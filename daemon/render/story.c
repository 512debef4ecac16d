/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/story.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/strbuf.h"
#include "daemon/render/host_ranges.h"

enum {
	MAX_CHECKS = 6,    /* that are named */
	HOSTS_LIMIT = 400, /* bytes of host names */
	INDENT = 5,
};

/* ---- members ----------------------------------------------------------------- */

struct check_list {
	uint32_t named[MAX_CHECKS];
	uint32_t n_named;
};

/* Only the first few are told apart: that there are more is all that is said of them.
 */
static bool meet_check(struct check_list *list, uint32_t check)
{
	for (uint32_t i = 0; i < list->n_named; i++)
		if (list->named[i] == check)
			return true;
	if (list->n_named == MAX_CHECKS)
		return false;
	list->named[list->n_named++] = check;
	return true;
}

static void add_checks(struct strbuf *out, const struct incident *what,
	const struct incident_input *input)
{
	struct check_list list = {.n_named = 0};
	bool all = true;

	for (uint32_t i = 0; i < what->n_flows; i++)
		all &= meet_check(&list, input->flows[what->flows[i]].check);
	for (uint32_t i = 0; i < list.n_named; i++)
		strbuf_addf(
			out, "%s%s", i ? ", " : " of ", input->checks[list.named[i]]);
	if (!all)
		strbuf_adds(out, " and others");
}

/* Flows come by host, so that hosts that repeat are neighbours. */
static int add_hosts(struct strbuf *out, const uint32_t *flows, uint32_t n,
	const struct incident_input *input, uint64_t hosts)
{
	struct host_ranges ranges = {.items = NULL};
	uint32_t last = UINT32_MAX;
	int rc = 0;

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		uint32_t host = input->flows[flows[i]].host;
		if (host != last)
			rc = host_ranges_add(&ranges, input->hosts[host].name);
		last = host;
	}
	if (ranges.hosts < hosts)
		ranges.hosts = hosts;
	host_ranges_format(&ranges, out, HOSTS_LIMIT);
	host_ranges_fini(&ranges);
	return rc;
}

static char *describe_where(
	const struct incident *what, const struct incident_input *input)
{
	struct strbuf text;

	strbuf_init(&text);
	if (what->scope == INCIDENT_VANTAGE)
		return strbuf_take(&text);
	strbuf_adds(&text, change_kind_word(what->kind));
	if (!what->check)
		add_checks(&text, what, input);
	if (!what->host) {
		strbuf_adds(&text, " on ");
		text.failed |= add_hosts(&text, what->flows, what->n_flows, input,
				       what->n_hosts) < 0;
	}
	return strbuf_take(&text);
}

/* ---- counter-evidence -------------------------------------------------------- */

static const char *stayed_state(
	const struct incident *what, const struct incident_input *input)
{
	uint8_t state = input->flows[what->unchanged[0]].to;

	for (uint32_t i = 1; i < INCIDENT_MAX_UNCHANGED && i < what->n_unchanged; i++)
		if (input->flows[what->unchanged[i]].to != state)
			return "as they were";
	return probe_state_word((enum probe_state)state);
}

/* "rdls03, rdls04 and 7 more stayed open"; with their checks where those are several.
 */
static char *describe_stayed(
	const struct incident *what, const struct incident_input *input)
{
	uint32_t n = what->n_unchanged < INCIDENT_MAX_UNCHANGED
			     ? what->n_unchanged
			     : INCIDENT_MAX_UNCHANGED;
	struct strbuf text;

	strbuf_init(&text);
	if (n && what->check)
		text.failed |= add_hosts(&text, what->unchanged, n, input,
				       what->n_unchanged) < 0;
	for (uint32_t i = 0; i < n && !what->check; i++) {
		const struct incident_flow *flow = &input->flows[what->unchanged[i]];
		strbuf_addf(&text, "%s%s on %s", i ? ", " : "",
			input->checks[flow->check], input->hosts[flow->host].name);
	}
	if (what->n_unchanged > n && !what->check)
		strbuf_addf(&text, " and %" PRIu32 " more", what->n_unchanged - n);
	if (n)
		strbuf_addf(&text, " stayed %s", stayed_state(what, input));
	return strbuf_take(&text);
}

static char *describe_beside(const struct incident *what)
{
	struct strbuf text;
	const char *state =
		what->contrast_state == STATE_NONE
			? "as it was"
			: probe_state_word((enum probe_state)what->contrast_state);

	strbuf_init(&text);
	if (!what->contrast_check)
		return strbuf_take(&text);
	strbuf_addf(&text, "%s stayed %s on ", what->contrast_check, state);
	if (what->n_hosts == 1)
		strbuf_adds(&text, "the same host");
	else if (what->contrast_hosts == what->n_hosts)
		strbuf_addf(&text, "the same %" PRIu32 " hosts", what->n_hosts);
	else
		strbuf_addf(&text, "%" PRIu32 " of the same %" PRIu32 " hosts",
			what->contrast_hosts, what->n_hosts);
	return strbuf_take(&text);
}

static char *describe_trace(const char *trace)
{
	struct strbuf text;

	strbuf_init(&text);
	if (trace)
		strbuf_addf(&text, "where: %s", trace);
	return strbuf_take(&text);
}

static char *describe_summary(const struct report_incident *incident)
{
	struct strbuf text;

	strbuf_init(&text);
	strbuf_addf(&text, "%s%s", incident->incident->summary,
		incident->silenced ? " (silenced)"
		: incident->quiet  ? " (flapping)"
				   : "");
	return strbuf_take(&text);
}

/* What becomes of the incidents that people were notified of. */
static char *describe_life(const struct report_incident *incident)
{
	struct strbuf text;

	strbuf_init(&text);
	if (incident->number && incident->status == INCIDENT_OPENED)
		strbuf_addf(&text, "opens incident %" PRId64, incident->number);
	for (size_t i = 0; i < incident->n_refs; i++) {
		const struct report_incident_ref *ref = &incident->refs[i];
		strbuf_adds(&text, text.length ? "; " : "");
		if (ref->status == INCIDENT_CLOSED)
			strbuf_addf(&text, "closes incident %" PRId64, ref->number);
		else if (ref->flows)
			strbuf_addf(&text,
				"incident %" PRId64 ": %" PRIu64 " of %" PRIu64
				" flows left",
				ref->number, ref->remaining, ref->flows);
		else
			strbuf_addf(
				&text, "incident %" PRId64 " stays open", ref->number);
	}
	return strbuf_take(&text);
}

static void story_fini(struct story *story)
{
	free(story->summary);
	free(story->where);
	free(story->stayed);
	free(story->beside);
	free(story->trace);
	free(story->life);
	*story = (struct story){.id = 0};
}

static int story_init(struct story *story, const struct report_incident *incident)
{
	const struct incident *what = incident->incident;

	*story = (struct story){
		.id = what->id,
		.kind = what->kind,
		.summary = describe_summary(incident),
		.where = describe_where(what, incident->input),
		.stayed = describe_stayed(what, incident->input),
		.beside = describe_beside(what),
		.trace = describe_trace(incident->trace),
		.life = describe_life(incident),
	};
	if (story->summary && story->where && story->stayed && story->beside &&
		story->trace && story->life)
		return 0;
	story_fini(story);
	return -ENOMEM;
}

int stories_add(struct stories *stories, const struct report_incident *incident)
{
	struct story *grown;
	int rc;

	if (stories->count == stories->limit) {
		stories->left_out++;
		return 0;
	}
	grown = array_grow(
		stories->items, &stories->room, stories->count, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	stories->items = grown;
	rc = story_init(&grown[stories->count], incident);
	if (rc == 0)
		stories->count++;
	return rc;
}

void stories_fini(struct stories *stories)
{
	for (uint32_t i = 0; i < stories->count; i++)
		story_fini(&stories->items[i]);
	free(stories->items);
}

/* ---- printing ---------------------------------------------------------------- */

void story_print_sign(struct page *page, enum change_kind kind)
{
	switch (kind) {
	case CHANGE_REGRESSION:
	case CHANGE_FAILING:
		page_add(page, INK_BAD, "-");
		break;
	case CHANGE_RECOVERY:
		page_add(page, INK_GOOD, "+");
		break;
	case CHANGE_EXPOSURE:
		page_add(page, INK_BAD, "!");
		break;
	case CHANGE_ADDED:
		page_add(page, INK_DIM, "+");
		break;
	case CHANGE_REMOVED:
		page_add(page, INK_DIM, "-");
		break;
	default:
		page_add(page, INK_UNSURE, "~");
	}
}

static void print_detail(struct page *page, const char *text)
{
	if (!*text)
		return;
	page_to(page, INDENT);
	page_wrap(page, INK_DIM, INDENT, text);
	page_newline(page);
}

void story_print(const struct story *story, struct page *page)
{
	char id[16];

	story_print_sign(page, story->kind);
	snprintf(id, sizeof id, "%2" PRIu32, story->id);
	page_to(page, 2);
	page_add(page, INK_DIM, id);
	page_to(page, INDENT);
	page_wrap(page, INK_STRONG, INDENT, story->summary);
	page_newline(page);
	print_detail(page, story->where);
	print_detail(page, story->trace);
	print_detail(page, story->stayed);
	print_detail(page, story->beside);
	print_detail(page, story->life);
}
