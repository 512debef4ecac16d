/* SPDX-License-Identifier: Apache-2.0 */
#include "config/syntax.h"

#include <stdbool.h>
#include <string.h>

#include "base/size.h"
#include "config/excerpt.h"

/* One of libyaml's complaints: parts of its texts, and ours. */
struct complaint {
	const char *problem;
	const char *context; /* NULL: any */
	bool at_context;     /* the mistake is where the thing begins */
	const char *text;
	const char *help;    /* or NULL */
	const char *opening; /* what began at the context's line; or NULL */
};

static const struct complaint complaints[] = {
	{"found unexpected end of stream", "quoted scalar", true,
		"the closing quote is missing", "close the quotes", NULL},
	{"found unexpected document indicator", "quoted scalar", true,
		"the closing quote is missing", "close the quotes", NULL},
	{"did not find expected ',' or ']'", NULL, false, "expected ',' or ']' here",
		NULL, "list"},
	{"did not find expected ',' or '}'", NULL, false, "expected ',' or '}' here",
		NULL, "mapping"},
	{"could not find expected ':'", NULL, true, "expected ':' after this key",
		"a key is on one line and ends with ': '", NULL},
	{"mapping values are not allowed", NULL, false, "a ':' is not allowed here",
		"put text that holds ': ' in quotes, or check the indentation of this "
		"line",
		NULL},
	{"did not find expected key", NULL, false,
		"this is not a valid part of the mapping around it",
		"check its indentation, and the quotes and brackets before it",
		"mapping"},
	{"did not find expected '-' indicator", NULL, false,
		"this is not a valid part of the list around it",
		"begin it with '- ' or check its indentation", "list"},
	{"block sequence entries are not allowed", NULL, false,
		"a list item can't start here",
		"put the '- ' on a line of its own below the key", NULL},
	{"mapping keys are not allowed", NULL, false, "a '?' key can't start here",
		"put text that starts with '?' in quotes", NULL},
	{"did not find expected node content", NULL, false, "a value is missing here",
		NULL, NULL},
	{"did not find expected <document start>", NULL, false,
		"this is not part of the document above",
		"check its indentation; a file has one document", NULL},
	{"found unknown escape character", NULL, false,
		"unknown escape in double quotes",
		"in single quotes a backslash stands for itself", NULL},
	{"hexdecimal number", NULL, false,
		"expected hexadecimal digits: \\xNN, \\uNNNN or \\UNNNNNNNN",
		"in single quotes a backslash stands for itself", NULL},
	{"invalid Unicode character escape", NULL, false,
		"this escape is not a valid Unicode character", NULL, NULL},
	{"cannot start any token", NULL, false,
		"no value can start with this character", "put the text in quotes",
		NULL},
	{"alphabetic or numeric character", "alias", true,
		"expected the name of an anchor after '*'",
		"put text that starts with '*' in quotes", NULL},
	{"alphabetic or numeric character", "anchor", true,
		"expected the name of an anchor after '&'",
		"put text that starts with '&' in quotes", NULL},
	{"found undefined tag handle", NULL, false, "unknown tag prefix",
		"put text that starts with '!' in quotes", NULL},
	{"", "tag", true, "this is not a valid tag",
		"put text that starts with '!' in quotes", NULL},
	{"comment or line break", "block scalar", false,
		"the text after '|' or '>' begins on the next line", NULL, NULL},
	{"found incompatible YAML document", NULL, false, "unknown version of YAML",
		"write %YAML 1.1 or leave it out", NULL},
	{"", "directive", true, "this is not a valid directive",
		"put text that starts with '%' in quotes", NULL},
};

static const struct complaint *find(const struct syntax_error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(complaints); i++) {
		const struct complaint *c = &complaints[i];
		if (strstr(error->problem, c->problem) &&
			(!c->context ||
				(error->context && strstr(error->context, c->context))))
			return c;
	}
	return NULL;
}

/* The line of a mark, and *at behind it. */
static const char *line_of(
	const char *text, size_t size, uint32_t line, size_t *length, size_t *at)
{
	const char *found = NULL;
	*at = 0;
	*length = 0;
	for (uint32_t i = 0; i < line; i++)
		found = excerpt_next_line(text, size, at, length);
	return found;
}

/* A tab in the indentation explains whatever else is wrong with a line. */
static bool report_tab(const struct syntax_error *error, const char *text, size_t size,
	struct conf_report *report)
{
	size_t length, at;
	struct conf_mark mark = error->at;
	const char *line = line_of(text, size, mark.line, &length, &at);
	size_t blanks = 0;
	while (line && blanks < length && line[blanks] == ' ')
		blanks++;
	if (!line || blanks == length || line[blanks] != '\t')
		return false;
	mark.column = (uint32_t)blanks + 1;
	conf_error(report, mark, "a tab in the indentation: YAML indents with spaces");
	conf_help(report, "replace the tab with spaces");
	return true;
}

static size_t characters_of(const char *text, size_t length)
{
	size_t count = 0;
	for (size_t i = 0; i < length; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static bool is_at_end(const char *text, size_t size, struct conf_mark mark)
{
	size_t length, at;
	const char *line = line_of(text, size, mark.line, &length, &at);
	if (line && mark.column <= characters_of(line, length))
		return false;
	while (at < size && strchr(" \t\r\n", text[at]))
		at++;
	return at == size;
}

/* A bracket that is never closed is best shown where it opens. */
static bool report_unclosed(const struct syntax_error *error, const char *text,
	size_t size, struct conf_report *report)
{
	bool list = strstr(error->problem, "or ']'") != NULL;
	if (!list && !strstr(error->problem, "or '}'"))
		return false;
	if (!is_at_end(text, size, error->at))
		return false;
	conf_error(report, error->context_at, "this %s is not closed: '%c' is missing",
		list ? "list" : "mapping", list ? ']' : '}');
	return true;
}

void syntax_report(const struct syntax_error *error, const char *text, size_t size,
	struct conf_report *report)
{
	if (report_tab(error, text, size, report) ||
		report_unclosed(error, text, size, report))
		return;
	const struct complaint *c = find(error);
	if (!c) {
		conf_error(report, error->at, "%s%s%s", error->problem,
			error->context ? " " : "",
			error->context ? error->context : "");
		return;
	}
	conf_error(
		report, c->at_context ? error->context_at : error->at, "%s", c->text);
	if (c->opening && error->context_at.line != error->at.line)
		conf_help(report, "the %s starts at line %u", c->opening,
			(unsigned)error->context_at.line);
	if (c->help)
		conf_help(report, "%s", c->help);
}
