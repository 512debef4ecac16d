/* SPDX-License-Identifier: Apache-2.0 */
/* A message in the format that a receiver understands. Pure. */
#ifndef DAEMON_NOTIFY_PAYLOAD_H
#define DAEMON_NOTIFY_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "config/notify.h"

/*
 * The body to post to a web service; malloc'ed. NULL: no memory.
 *
 * For Alertmanager, which knows an alert by its labels, each incident that a notice
 * names is one alert: labels of the vantage and the incident's uid, so that no other
 * incident has the same ones and a recovery ends exactly the alerts of the incidents it
 * closes.
 */
char *payload_body(enum notify_shape shape, const json_t *message);

/*
 * Appends RFC 5322 with MIME (RFC 2045, 2047): the title as the subject, the details as
 * plain text in UTF-8, lines ended by CR LF and short enough for any server. `now_us`
 * is its date.
 */
void payload_mail(struct strbuf *out, const struct notify_smtp *smtp,
	const json_t *message, int64_t now_us);

/*
 * Appends RFC 5424, section 6: the facility (0 to 23) and the notice's severity, its
 * time, the vantage as the host, its kind as MSGID, its subject as structured data, its
 * title as text. Where that makes `out` longer than `limit` bytes, the text is cut.
 */
void payload_syslog(
	struct strbuf *out, const json_t *notice, int facility, size_t limit);

/* MESSAGE_ID of every entry: journalctl MESSAGE_ID=... finds them all. */
#define PAYLOAD_JOURNAL_ID "5f0d0f1e8d0b4c63a1f3a9c3c1d7e2b4"

/* Appends the fields of a journal entry, see systemd.io/JOURNAL_NATIVE_PROTOCOL; with
 * `whole` the notice's JSON as REACHD_JSON. */
void payload_journal(struct strbuf *out, const json_t *notice, bool whole);

#endif
