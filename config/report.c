/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/size.h"
#include "config/excerpt.h"

struct conf_message {
	enum conf_severity severity;
	struct conf_mark at;
	char *text;
	char **helps;
	size_t n_helps;
};

struct conf_source {
	char *name;
	char *text; /* NULL: no excerpts */
	size_t size;
};

enum {
	MAX_KEPT_TEXT = 16 << 20, /* bytes of one source */
	MAX_MESSAGE = 1000        /* bytes; a key of a megabyte need not be shown */
};

void conf_report_init(struct conf_report *report)
{
	*report = (struct conf_report){.last = SIZE_MAX};
}

static char *copy_text(const char *text, size_t size)
{
	size_t bytes;
	char *copy = size_add(size, 1, &bytes) ? malloc(bytes) : NULL;
	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

uint32_t conf_report_add_file(
	struct conf_report *report, const char *name, const char *text, size_t size)
{
	size_t index = report->n_sources, bytes;
	struct conf_source source = {
		.size = size < MAX_KEPT_TEXT ? size : MAX_KEPT_TEXT};
	source.name = copy_text(name, strlen(name));
	source.text = text ? copy_text(text, source.size) : NULL;
	struct conf_source *sources = NULL;
	if (source.name && (source.text || !text) && index < UINT32_MAX &&
		size_mul(index + 1, sizeof *sources, &bytes))
		sources = realloc(report->sources, bytes);
	if (!sources) {
		free(source.name);
		free(source.text);
		report->failed = true;
		return UINT32_MAX;
	}
	sources[index] = source;
	report->sources = sources;
	report->n_sources++;
	return (uint32_t)index;
}

/* Cuts the middle out of what is too long, between characters. */
static void shorten(char *text)
{
	size_t length = strlen(text);
	if (length <= MAX_MESSAGE)
		return;
	size_t head = MAX_MESSAGE * 2 / 3, tail = length - MAX_MESSAGE / 4;
	while (head > 0 && (text[head] & 0xc0) == 0x80)
		head--;
	while (tail < length && (text[tail] & 0xc0) == 0x80)
		tail++;
	memset(text + head, '.', 3);
	memmove(text + head + 3, text + tail, length - tail + 1);
}

__attribute__((format(printf, 1, 0))) static char *format_text(
	const char *format, va_list args)
{
	char *text;
	if (vasprintf(&text, format, args) < 0)
		return NULL;
	shorten(text);
	return text;
}

static bool same_mark(struct conf_mark a, struct conf_mark b)
{
	return a.file == b.file && a.line == b.line && a.column == b.column;
}

/* What stands under an anchor is looked at once for each alias, and is wrong once. */
static bool is_known(
	const struct conf_report *report, struct conf_mark at, const char *text)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *message = &report->messages[i];
		if (same_mark(message->at, at) && strcmp(message->text, text) == 0)
			return true;
	}
	return false;
}

static bool has_room(const struct conf_report *report, enum conf_severity severity)
{
	/* Warnings leave room for errors. */
	return report->count <
	       (severity == CONF_ERROR ? CONF_REPORT_MAX : CONF_REPORT_MAX / 2);
}

static bool grow(struct conf_report *report)
{
	struct conf_message *messages = array_grow(report->messages, &report->capacity,
		(uint32_t)report->count, sizeof *messages);
	if (messages)
		report->messages = messages;
	return messages != NULL;
}

__attribute__((format(printf, 4, 0))) static void add(struct conf_report *report,
	enum conf_severity severity, struct conf_mark at, const char *format,
	va_list args)
{
	report->last = SIZE_MAX;
	char *text = format_text(format, args);
	if (text && is_known(report, at, text)) {
		free(text);
		return;
	}
	report->errors += severity == CONF_ERROR;
	if (!text || !grow(report)) {
		free(text);
		report->failed = true;
		return;
	}
	if (!has_room(report, severity)) {
		free(text);
		report->dropped++;
		return;
	}
	report->last = report->count++;
	report->messages[report->last] =
		(struct conf_message){.severity = severity, .at = at, .text = text};
}

void conf_error(
	struct conf_report *report, struct conf_mark at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(report, CONF_ERROR, at, format, args);
	va_end(args);
}

void conf_warning(
	struct conf_report *report, struct conf_mark at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(report, CONF_WARNING, at, format, args);
	va_end(args);
}

void conf_help(struct conf_report *report, const char *format, ...)
{
	va_list args;
	if (report->last >= report->count)
		return;
	struct conf_message *message = &report->messages[report->last];
	va_start(args, format);
	char *text = format_text(format, args);
	va_end(args);
	char **helps =
		text ? realloc(message->helps, (message->n_helps + 1) * sizeof *helps)
		     : NULL;
	if (!helps) {
		free(text);
		report->failed = true;
		return;
	}
	helps[message->n_helps++] = text;
	message->helps = helps;
}

bool conf_report_ok(const struct conf_report *report)
{
	return report->errors == 0 && !report->failed;
}

int conf_worse(int rc, int next)
{
	return rc == -ENOMEM || next == 0 ? rc : next;
}

const char *conf_report_file(const struct conf_report *report, uint32_t file)
{
	return file < report->n_sources ? report->sources[file].name : "(unknown)";
}

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static bool is_before(const struct conf_message *a, const struct conf_message *b)
{
	int order = compare(a->at.file, b->at.file);
	if (!order)
		order = compare(a->at.line, b->at.line);
	if (!order)
		order = compare(a->at.column, b->at.column);
	return order < 0;
}

/* Fills `order` with the indexes of all messages by their place; equals stay in the
 * order of their arrival. */
static void sort(const struct conf_report *report, size_t *order)
{
	for (size_t i = 0; i < report->count; i++) {
		size_t at = i;
		for (; at > 0; at--) {
			const struct conf_message *other =
				&report->messages[order[at - 1]];
			if (!is_before(&report->messages[i], other))
				break;
			order[at] = order[at - 1];
		}
		order[at] = i;
	}
}

/* Where the last excerpt was taken from, so that one pass over a file serves all. */
struct reader {
	uint32_t file, line; /* the line that starts at `at` */
	size_t at;
};

static void print_excerpt(const struct conf_report *report, struct conf_mark mark,
	struct reader *reader, FILE *out)
{
	const char *line = NULL;
	size_t length = 0;
	if (mark.file >= report->n_sources || !mark.line)
		return;
	const struct conf_source *source = &report->sources[mark.file];
	if (!source->text)
		return;
	if (reader->file != mark.file || reader->line > mark.line)
		*reader = (struct reader){.file = mark.file, .line = 1};
	size_t start = reader->at, next = start;
	for (;; reader->line++, start = next) {
		line = excerpt_next_line(source->text, source->size, &next, &length);
		if (!line || reader->line == mark.line)
			break;
	}
	reader->at = start;
	if (line)
		excerpt_line(out, line, length, mark.line, mark.column);
}

static void print_line(const struct conf_report *report, struct conf_mark at,
	const char *word, const char *text, FILE *out)
{
	const char *name = conf_report_file(report, at.file);
	excerpt_text(out, name, strlen(name));
	if (at.line)
		fprintf(out, ":%u", (unsigned)at.line);
	if (at.line && at.column)
		fprintf(out, ":%u", (unsigned)at.column);
	fprintf(out, ": %s: ", word);
	excerpt_text(out, text, strlen(text));
	fputc('\n', out);
}

void conf_report_print(const struct conf_report *report, FILE *out)
{
	static const char *const words[] = {
		[CONF_ERROR] = "error", [CONF_WARNING] = "warning"};
	size_t order[CONF_REPORT_MAX];
	struct reader reader = {.file = UINT32_MAX};
	sort(report, order);
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *message = &report->messages[order[i]];
		print_line(report, message->at, words[message->severity], message->text,
			out);
		print_excerpt(report, message->at, &reader, out);
		for (size_t j = 0; j < message->n_helps; j++)
			print_line(report, message->at, "help", message->helps[j], out);
	}
	if (report->dropped)
		fprintf(out, "%zu more not shown\n", report->dropped);
	if (report->failed)
		fputs("out of memory: some mistakes are not shown\n", out);
}

void conf_report_fini(struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct conf_message *message = &report->messages[i];
		for (size_t j = 0; j < message->n_helps; j++)
			free(message->helps[j]);
		free(message->helps);
		free(message->text);
	}
	for (size_t i = 0; i < report->n_sources; i++) {
		free(report->sources[i].name);
		free(report->sources[i].text);
	}
	free(report->messages);
	free(report->sources);
	conf_report_init(report);
}
