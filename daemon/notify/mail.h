/* SPDX-License-Identifier: Apache-2.0 */
/* A message as a mail. Pure. */
#ifndef DAEMON_NOTIFY_MAIL_H
#define DAEMON_NOTIFY_MAIL_H

#include <jansson.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "config/notify.h"

/*
 * Appends RFC 5322 with MIME (RFC 2045, 2047): the title as the subject, the details as
 * plain text in UTF-8, lines ended by CR LF and short enough for any server. `now_us`
 * is its date.
 */
void mail_text(struct strbuf *out, const struct notify_smtp *smtp,
	const json_t *message, int64_t now_us);

#endif
