/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sink gets at once: one notice of the outbox, or a digest of several. As JSON,
 * and as text for people. Pure.
 *
 * A notice of an incident has "status" (opened, updated or closed) and "incident", the
 * incident it is about: {"uid", "number", "opened", "remaining", "flows"}. "incidents"
 * is a list of such objects, each with its "status": the open ones that the notice
 * closes, shrinks or adds to. The incident it is about may be one of them. A "kind" in
 * these objects is that of the opening; it is either in all of them or in none. Notices
 * of older programs have none of this.
 */
#ifndef DAEMON_NOTIFY_MESSAGE_H
#define DAEMON_NOTIFY_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "config/notify.h"
#include "store/outbox.h"

/* ---- making one ---------------------------------------------------------------- */

/* A notice's body with its `uid`, its number as `notice`, and `dropped` when as many
 * before it were lost. NULL: no memory. A body that is not a JSON object becomes the
 * `summary` of one. */
json_t *message_of_notice(const struct outbox_notice *notice, uint64_t dropped);

/* One message of several notices, which are taken over with the list: a `digest` with
 * the last one's time, and a uid made of the first one's and their number. A list of
 * one becomes that notice. NULL: no memory. */
json_t *message_of_list(json_t *notices);

/* Whether the filter lets it through. A list of the filter that the notice says nothing
 * about (a test has no rule) does not hold it back. */
bool message_is_wanted(const json_t *message, const struct notify_only *only);

/* ---- reading it ---------------------------------------------------------------- */

/* The notices in a message: itself, or those of a digest; at least one. */
size_t message_count(const json_t *message);
const json_t *message_at(const json_t *message, size_t index);

/* A text member, "" when there is none. */
const char *message_get(const json_t *message, const char *key);

/* The incidents that a notice names, in its order: incident number `index`, with its
 * status ("" if unknown) in *status; NULL when there are no more. */
const json_t *message_incident(const json_t *notice, size_t index, const char **status);

/* Severity by RFC 5424, 6.2.1: of a digest, that of its worst notice. */
int message_severity(const json_t *message);

/* ---- as text ------------------------------------------------------------------- */

/* One line of JSON without a line feed, free of terminal control; malloc'ed. NULL: no
 * memory. */
char *message_text(const json_t *message);

/* Appends one line: "regression opened: tcp/135 from ..." or "reachd: 3 notices". Free
 * of terminal control. */
void message_title(struct strbuf *out, const json_t *message);

/* Appends everything else, "label: text" a line: where and when, which hosts, where
 * packets get lost; for each notice of a digest, with its title before. */
void message_details(struct strbuf *out, const json_t *message);

/* The details of one notice, a call for each line. */
void message_each_detail(const json_t *notice,
	void (*each)(void *data, const char *label, const char *text), void *data);

#endif
