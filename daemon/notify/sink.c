/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/sink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct sink_ops *sink_ops_of(enum notify_kind kind)
{
	static const struct sink_ops *const table[NOTIFY_KIND_COUNT] = {
		[NOTIFY_FILE] = &sink_file,
		[NOTIFY_EXEC] = &sink_exec,
		[NOTIFY_WEBHOOK] = &sink_webhook,
		[NOTIFY_SYSLOG] = &sink_syslog,
		[NOTIFY_JOURNALD] = &sink_journald,
		[NOTIFY_SMTP] = &sink_smtp,
	};

	return table[kind];
}

enum sink_result sink_fail(struct sink_attempt *attempt, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(attempt->error, sizeof attempt->error, format, args);
	va_end(args);
	/* A certificate may name anything, and libcurl tells it. */
	for (char *at = attempt->error; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return SINK_FAILED;
}

enum sink_result sink_try(const struct notify_sink *sink, struct sink_attempt *attempt)
{
	const struct sink_ops *ops = sink_ops_of(sink->kind);
	enum sink_result result;
	void *state = NULL;
	int rc = ops->open ? ops->open(sink, &state) : 0;

	if (rc < 0)
		return sink_fail(attempt, "%s", strerror(-rc));
	result = ops->deliver(sink, state, attempt);
	if (ops->close)
		ops->close(state);
	return result;
}
