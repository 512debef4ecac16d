/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the operator, on stderr: "reachd: LEVEL: text". Used by daemon/ alone. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_DEBUG
};

enum log_format {
	LOG_FORMAT_TEXT,    /* "reachd: warning: text" */
	LOG_FORMAT_JOURNAL, /* "<4>text": a priority of sd-daemon(3), for the journal */
	LOG_FORMAT_JSON, /* {"type":"log","time":"...","level":"warning","text":"..."}
			  */
};

/* Lines above this level are dropped. The default is LOG_LEVEL_NOTICE. Before there are
 * threads, as the next. */
void log_set_level(enum log_level level);

/* The default is LOG_FORMAT_TEXT. */
void log_set_format(enum log_format format);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text of several lines that says itself what it is: in LOG_FORMAT_TEXT nothing is put
 * before it, else each line is one of that level. */
void log_lines(enum log_level level, const char *text);

#endif
