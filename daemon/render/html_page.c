/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/html_page.h"

#include <inttypes.h>

#include "daemon/render/markup.h"

#define HOSTS_LIMIT 4000 /* bytes of host names in one cell */

/* tests/cli/html holds the hash against the style below. */
#define STYLE_HASH "sha256-jux899GFXZKecGRwn2f9NwoPaat6IvkoqwHaKqo7hzE="

static const char style[] =
	":root{color-scheme:light dark;--fore:#1b1b1f;--back:#ffffff;--dim:#5a5d66;"
	"--line:#c9ccd4;--head:#f0f1f5;--good:#14602a;--bad:#a8071a;--unsure:#7a4a00}\n"
	"@media (prefers-color-scheme:dark){:root{--fore:#e8e8ec;--back:#16171a;"
	"--dim:#a9adb8;--line:#44474f;--head:#23252a;--good:#7fd493;--bad:#ff9a94;"
	"--unsure:#f0c060}}\n"
	"@page{size:A4;margin:14mm}\n"
	"body{margin:0 auto;max-width:80rem;padding:1rem 1.5rem;background:var(--back);"
	"color:var(--fore);font:1rem/1.45 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem}\nh2{font-size:1.2rem;margin-top:2rem}\n"
	"h3{font-size:1rem;margin:0}\n"
	"h1,h2,h3,td,th,li,p{overflow-wrap:anywhere}\n"
	".lead{font-size:1.1rem;font-weight:600}\n"
	".good{color:var(--good)}\n.bad{color:var(--bad)}\n"
	".unsure{color:var(--unsure)}\n.dim{color:var(--dim)}\n"
	".sign{font-weight:600;white-space:nowrap}\n"
	"ol{padding-left:2rem}\nol>li{margin-bottom:1rem}\nul{margin:.2rem 0}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
	"caption{text-align:left;color:var(--dim);padding-bottom:.3rem}\n"
	"th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;"
	"vertical-align:top}\n"
	"thead th{background:var(--head)}\ntbody th{font-weight:normal}\n"
	"@media print{:root{color-scheme:light;--fore:#000000;--back:#ffffff;"
	"--dim:#444444;--line:#999999;--head:#eeeeee;--good:#14602a;--bad:#a8071a;"
	"--unsure:#7a4a00}\nbody{max-width:none;padding:0;font-size:9pt}\n"
	"h1,h2,h3{break-after:avoid}\nol>li,tr{break-inside:avoid}\n"
	"thead{display:table-header-group}\n.wide{overflow:visible}\n"
	"a{color:inherit;text-decoration:none}}\n";

/* ---- pieces ------------------------------------------------------------------ */

void html_raw(struct html_page *page, const char *markup)
{
	fputs(markup, page->out);
}

void html_text(struct html_page *page, const char *text)
{
	struct strbuf escaped;

	strbuf_init(&escaped);
	markup_add(&escaped, text);
	if (!escaped.failed && escaped.length)
		fwrite(escaped.text, 1, escaped.length, page->out);
	page->failed |= escaped.failed;
	strbuf_fini(&escaped);
}

void html_element(struct html_page *page, const char *element, const char *text)
{
	fprintf(page->out, "<%s>", element);
	html_text(page, text);
	fprintf(page->out, "</%s>\n", element);
}

void html_signed(struct html_page *page, struct html_sign sign, const char *word)
{
	fprintf(page->out,
		"<span class=\"sign %s\"><span aria-hidden=\"true\">%s</span> ",
		sign.class, sign.glyph);
	html_text(page, word);
	html_raw(page, "</span>");
}

void html_hosts(struct html_page *page, const struct host_ranges *hosts)
{
	struct strbuf names;

	strbuf_init(&names);
	host_ranges_format(hosts, &names, HOSTS_LIMIT);
	if (names.failed)
		page->failed = true;
	else if (names.length)
		html_text(page, names.text);
	strbuf_fini(&names);
}

void html_left_out(struct html_page *page, uint64_t count, const char *what)
{
	if (count)
		fprintf(page->out,
			"<p class=\"dim\">… and %" PRIu64
			" more %s%s that are not on this page; <code>--format "
			"jsonl</code> lists all.</p>\n",
			count, what, count == 1 ? "" : "s");
}

/* ---- signs ------------------------------------------------------------------- */

struct html_sign html_sign_of_kind(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_REGRESSION:
	case CHANGE_FAILING:
		return (struct html_sign){"−", "bad"};
	case CHANGE_RECOVERY:
		return (struct html_sign){"+", "good"};
	case CHANGE_EXPOSURE:
		return (struct html_sign){"!", "bad"};
	case CHANGE_ADDED:
		return (struct html_sign){"+", "dim"};
	case CHANGE_REMOVED:
		return (struct html_sign){"−", "dim"};
	default:
		return (struct html_sign){"~", "unsure"};
	}
}

static const char *class_of_ink(enum ink ink)
{
	switch (ink) {
	case INK_GOOD:
		return "good";
	case INK_BAD:
		return "bad";
	case INK_UNSURE:
		return "unsure";
	default:
		return "dim";
	}
}

struct html_sign html_sign_of_mark(enum matrix_mark mark)
{
#define X(symbol, utf8, ascii, ink, words) {utf8, ink},
	static const struct {
		const char *glyph;
		enum ink ink;
	} marks[MARK_COUNT] = {MATRIX_MARKS(X)};
#undef X

	return (struct html_sign){marks[mark].glyph, class_of_ink(marks[mark].ink)};
}

/* ---- tables ------------------------------------------------------------------ */

void html_table_begin(
	struct html_page *page, const char *caption, const char *const *heads)
{
	html_raw(page, "<div class=\"wide\">\n<table>\n<caption>");
	html_text(page, caption);
	html_raw(page, "</caption>\n<thead><tr>");
	for (size_t i = 0; heads[i]; i++) {
		html_raw(page, "<th scope=\"col\">");
		html_text(page, heads[i]);
		html_raw(page, "</th>");
	}
	html_raw(page, "</tr></thead>\n<tbody>\n");
}

void html_table_end(struct html_page *page)
{
	html_raw(page, "</tbody>\n</table>\n</div>\n");
}

/* ---- page -------------------------------------------------------------------- */

void html_begin(struct html_page *page, const char *title)
{
	html_raw(page,
		"<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">"
		"\n<head>\n<meta charset=\"utf-8\"/>\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		"'none'; style-src '" STYLE_HASH
		"'; base-uri 'none'; form-action 'none'\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light "
		"dark\"/>\n<meta name=\"generator\" content=\"reachd\"/>\n");
	html_element(page, "title", title);
	fprintf(page->out, "<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	html_element(page, "h1", title);
}

void html_end(struct html_page *page)
{
	html_raw(page, "</main>\n</body>\n</html>\n");
}
