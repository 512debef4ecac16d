/* SPDX-License-Identifier: Apache-2.0 */
/* A notice in the journal's native protocol. Pure. */
#ifndef DAEMON_NOTIFY_JOURNAL_FIELDS_H
#define DAEMON_NOTIFY_JOURNAL_FIELDS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/strbuf.h"

/* What every entry has as MESSAGE_ID: journalctl MESSAGE_ID=... finds them all. */
#define JOURNAL_MESSAGE_ID "5f0d0f1e8d0b4c63a1f3a9c3c1d7e2b4"

/* Appends the fields of an entry, as systemd.io/JOURNAL_NATIVE_PROTOCOL has them; with
 * `whole` the notice's JSON as REACHD_JSON. */
void journal_fields(struct strbuf *out, const json_t *notice, bool whole);

#endif
