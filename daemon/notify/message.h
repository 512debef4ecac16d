/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink is told at once, made of what waits in the outbox. Pure. */
#ifndef DAEMON_NOTIFY_MESSAGE_H
#define DAEMON_NOTIFY_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/notify.h"
#include "store/outbox.h"

/* A notice's body with its `uid`, its number as `notice`, and `dropped` when as many
 * before it were lost. NULL: no memory. A body that is no JSON object becomes the
 * `summary` of one. */
json_t *message_of_notice(const struct outbox_notice *notice, uint64_t dropped);

/* One message of several notices, which are taken over with the list: a `digest` with
 * the last one's time, and a uid made of the first one's and how many they are. A list
 * of one becomes that notice. NULL: no memory. */
json_t *message_of_list(json_t *notices);

/* Whether the filter lets it through. A list of the filter that the notice has nothing
 * to say about (a test is of no rule) does not hold it back. */
bool message_is_wanted(const json_t *message, const struct notify_only *only);

/* One line of JSON without its end, such that a terminal obeys none of it; malloc'ed.
 * NULL: no memory. */
char *message_text(const json_t *message);

/* The notices in a message: itself, or those of a digest; at least one. */
size_t message_count(const json_t *message);
const json_t *message_at(const json_t *message, size_t index);

/* A member that is text, "" when there is none. */
const char *message_get(const json_t *message, const char *key);

#endif
