/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of flows: what is to be said of those that are, and of those that changed.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "daemon/render/html_page.h"

enum {
	KIND_BITS = 3 /* of a mark: its incident stands above them */
};
_Static_assert(CHANGE_KIND_COUNT <= 1 << KIND_BITS, "a kind has its bits");

/* ---- findings ---------------------------------------------------------------- */

static void print_since(struct html_page *page, int64_t since_us)
{
	char since[32];

	html_raw(page, "<td>");
	if (since_us)
		html_text(page, clock_format_short(since_us, since, sizeof since));
	html_raw(page, "</td>");
}

static void print_finding(
	struct html_page *page, const struct digest_entry *entry, bool with_since)
{
	html_raw(page, "<tr><td>");
	html_signed(
		page, html_sign_of_mark((enum matrix_mark)entry->mark), entry->state);
	html_raw(page, "</td><th scope=\"row\">");
	html_text(page, entry->subject);
	html_raw(page, "</th><td>");
	html_hosts(page, &entry->hosts);
	html_raw(page, "</td><td>");
	html_text(page, entry->why);
	html_raw(page, "</td>");
	if (with_since)
		print_since(page, entry->since_us);
	html_raw(page, "</tr>\n");
}

void html_findings(struct html_page *page, const struct digest *digest,
	const char *heading, bool with_since)
{
	const char *heads[] = {
		"State", "Check", "Hosts", "Why", with_since ? "Since" : NULL, NULL};

	if (!digest->count)
		return;
	html_raw(page, "<section>\n");
	html_element(page, "h2", heading);
	html_table_begin(page, "Flows with the same result share a row", heads);
	for (uint32_t i = 0; i < digest->count; i++)
		print_finding(page, &digest->entries[i], with_since);
	html_table_end(page);
	html_left_out(page, digest->left_out, "flow");
	html_raw(page, "</section>\n");
}

/* ---- changes ----------------------------------------------------------------- */

uint32_t html_change_mark(uint32_t incident, enum change_kind kind)
{
	return incident << KIND_BITS | (uint32_t)kind;
}

static void print_change(
	struct html_page *page, const struct digest_entry *entry, uint32_t n_incidents)
{
	enum change_kind kind =
		(enum change_kind)(entry->mark & ((1U << KIND_BITS) - 1));
	uint32_t incident = entry->mark >> KIND_BITS;

	html_raw(page, "<tr><td>");
	if (incident && incident <= n_incidents)
		fprintf(page->out, "<a href=\"#incident-%" PRIu32 "\">%" PRIu32 "</a>",
			incident, incident);
	else if (incident)
		fprintf(page->out, "%" PRIu32, incident);
	html_raw(page, "</td><td>");
	html_signed(page, html_sign_of_kind(kind), change_kind_word(kind));
	html_raw(page, "</td><th scope=\"row\">");
	html_text(page, entry->subject);
	html_raw(page, "</th><td>");
	html_hosts(page, &entry->hosts);
	html_raw(page, "</td><td>");
	html_text(page, entry->state);
	html_raw(page, "</td><td>");
	html_text(page, entry->why);
	html_raw(page, "</td></tr>\n");
}

void html_changes(
	struct html_page *page, const struct digest *changes, uint32_t n_incidents)
{
	static const char *const heads[] = {"Incident", "Kind", "Check", "Hosts",
		"From \xe2\x86\x92 to", "Why", NULL};

	if (!changes->count)
		return;
	html_raw(page, "<section>\n<h2>Changed flows</h2>\n");
	html_table_begin(page, "Flows that changed in the same way share a row", heads);
	for (uint32_t i = 0; i < changes->count; i++)
		print_change(page, &changes->entries[i], n_incidents);
	html_table_end(page);
	html_left_out(page, changes->left_out, "changed flow");
	html_raw(page, "</section>\n");
}
