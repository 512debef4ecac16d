/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

static enum log_level max_level = LOG_LEVEL_NOTICE;
static enum log_format chosen_format = LOG_FORMAT_TEXT;

/* In the order of enum log_level. */
static const struct {
	const char *word, *prefix;
	int priority; /* of syslog(3) */
} levels[] = {
	{"error", "error: ", 3},
	{"warning", "warning: ", 4},
	{"notice", "", 5},
	{"debug", "debug: ", 7},
};

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_format(enum log_format format)
{
	chosen_format = format;
}

/* A string of JSON; what is no UTF-8 becomes U+FFFD. */
static void write_json_text(const char *text, size_t length)
{
	uint32_t code;
	size_t n;

	fputc('"', stderr);
	for (; length > 0; text += n, length -= n) {
		n = utf8_read(text, length, &code);
		if (n == 0) {
			fputs("\xef\xbf\xbd", stderr);
			n = 1;
		} else if (code < 0x20 || code == 0x7f) {
			fprintf(stderr, "\\u%04x", (unsigned)code);
		} else {
			if (code == '"' || code == '\\')
				fputc('\\', stderr);
			fwrite(text, 1, n, stderr);
		}
	}
	fputc('"', stderr);
}

static void write_json(enum log_level level, const char *text, size_t length)
{
	char time[32];

	fprintf(stderr, "{\"type\":\"log\",\"time\":\"%s\",\"level\":\"%s\",\"text\":",
		clock_format(clock_wall_us(), time, sizeof time), levels[level].word);
	write_json_text(text, length);
	fputs("}\n", stderr);
}

/* One line, without its end. stderr is locked. */
static void write_line(enum log_level level, const char *text, size_t length)
{
	if (chosen_format == LOG_FORMAT_JSON)
		write_json(level, text, length);
	else if (chosen_format == LOG_FORMAT_JOURNAL)
		fprintf(stderr, "<%d>%.*s\n", levels[level].priority, (int)length,
			text);
	else
		fprintf(stderr, "reachd: %s%.*s\n", levels[level].prefix, (int)length,
			text);
}

__attribute__((format(printf, 2, 0))) static void write_message(
	enum log_level level, const char *format, va_list args)
{
	char *text;
	int length;

	if (max_level < level)
		return;
	length = vasprintf(&text, format, args);
	if (length < 0) {
		write_line(level, format, strlen(format));
		return;
	}
	flockfile(stderr);
	write_line(level, text, (size_t)length);
	funlockfile(stderr);
	free(text);
}

#define LOG_FUNCTION(name, level)                   \
	void name(const char *format, ...)          \
	{                                           \
		va_list args;                       \
		va_start(args, format);             \
		write_message(level, format, args); \
		va_end(args);                       \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_lines(enum log_level level, const char *text)
{
	if (max_level < level)
		return;
	flockfile(stderr);
	while (*text) {
		size_t length = strcspn(text, "\n");
		if (chosen_format == LOG_FORMAT_TEXT)
			fprintf(stderr, "%.*s\n", (int)length, text);
		else
			write_line(level, text, length);
		text += length + (text[length] == '\n');
	}
	funlockfile(stderr);
}
