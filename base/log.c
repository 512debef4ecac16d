/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level max_level = LOG_LEVEL_NOTICE;

void log_set_level(enum log_level level)
{
	max_level = level;
}

#define LOG_FUNCTION(name, level, word)         \
	void name(const char *format, ...)      \
	{                                       \
		va_list args;                   \
		if (max_level < (level))        \
			return;                 \
		flockfile(stderr);              \
		fputs("reachd: " word, stderr); \
		va_start(args, format);         \
		vfprintf(stderr, format, args); \
		va_end(args);                   \
		fputc('\n', stderr);            \
		funlockfile(stderr);            \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR, "error: ")
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING, "warning: ")
LOG_FUNCTION(log_notice, LOG_LEVEL_NOTICE, "")
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG, "debug: ")
