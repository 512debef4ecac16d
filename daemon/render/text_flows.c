/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/text_flows.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "daemon/render/matrix.h"
#include "daemon/render/story.h"

enum {
	HOSTS_LIMIT = 300, /* bytes of host names */
	INDENT = 4,
	DETAIL = 6,
};

void text_heading(struct page *page, const char *text)
{
	page_gap(page);
	page_wrap(page, INK_STRONG, 0, text);
	page_newline(page);
}

void text_left_out(struct page *page, uint64_t count, const char *what)
{
	char line[96];

	if (!count)
		return;
	snprintf(line, sizeof line,
		"and %" PRIu64 " more %s%s (--format jsonl shows all)", count, what,
		count == 1 ? "" : "s");
	page_to(page, 2);
	page_wrap(page, INK_DIM, 2, line);
	page_newline(page);
}

/* "tcp/135 on rdls[01:02]: filtered, should be open" */
static void print_entry_line(
	struct page *page, const struct digest_entry *entry, const char *more)
{
	struct strbuf line;

	strbuf_init(&line);
	strbuf_addf(&line, "%s on ", entry->subject);
	host_ranges_format(&entry->hosts, &line, HOSTS_LIMIT);
	strbuf_addf(&line, ": %s%s%s", entry->state, *more ? ", " : "", more);
	page_to(page, INDENT);
	page_wrap(page, INK_PLAIN, INDENT, line.failed ? "" : line.text);
	page_newline(page);
	page->failed |= line.failed;
	strbuf_fini(&line);
}

static void print_entry_since(struct page *page, const struct digest_entry *entry)
{
	char time[32];

	if (!entry->since_us)
		return;
	page_to(page, DETAIL);
	page_add(page, INK_DIM, "since ");
	page_add(page, INK_DIM, clock_format_short(entry->since_us, time, sizeof time));
	page_newline(page);
}

void text_findings(struct page *page, const struct digest *digest, const char *heading)
{
	if (!digest->count)
		return;
	text_heading(page, heading);
	for (uint32_t i = 0; i < digest->count; i++) {
		const struct digest_entry *entry = &digest->entries[i];
		page_to(page, 2);
		matrix_print_mark(page, (enum matrix_mark)entry->mark);
		print_entry_line(page, entry, "");
		page_to(page, DETAIL);
		page_wrap(page, INK_DIM, DETAIL, entry->why);
		page_newline(page);
		print_entry_since(page, entry);
	}
	text_left_out(page, digest->left_out, "flow");
}

void text_changes(struct page *page, const struct digest *changes)
{
	for (uint32_t i = 0; i < changes->count; i++) {
		const struct digest_entry *entry = &changes->entries[i];
		page_to(page, 2);
		story_print_sign(page, (enum change_kind)entry->mark);
		print_entry_line(page, entry, entry->why);
	}
	text_left_out(page, changes->left_out, "change");
}
