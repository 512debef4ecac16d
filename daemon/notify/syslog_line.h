/* SPDX-License-Identifier: Apache-2.0 */
/* A notice as a syslog message. Pure. */
#ifndef DAEMON_NOTIFY_SYSLOG_LINE_H
#define DAEMON_NOTIFY_SYSLOG_LINE_H

#include <jansson.h>

#include "base/strbuf.h"

/*
 * Appends RFC 5424, section 6: the facility (0 to 23) and the notice's severity, its
 * time, the vantage as the host, its kind as MSGID, what it is about as structured
 * data, its title as text. Where that makes `out` longer than `limit` bytes, the text
 * loses its end.
 */
void syslog_line(struct strbuf *out, const json_t *notice, int facility, size_t limit);

#endif
