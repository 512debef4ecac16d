/* SPDX-License-Identifier: Apache-2.0 */
/* A message for people who read text. Pure. */
#ifndef DAEMON_NOTIFY_DESCRIBE_H
#define DAEMON_NOTIFY_DESCRIBE_H

#include <jansson.h>

#include "base/strbuf.h"

/* One line: "regression: tcp/135 from ..." or "reachd: 3 notices". Nothing in it that a
 * terminal obeys. */
void describe_title(struct strbuf *out, const json_t *message);

/* What else there is to say, "label: text" a line: where and when, which hosts, where
 * the packets get lost; of every notice of a digest, with its title before. */
void describe_details(struct strbuf *out, const json_t *message);

/* The same of one notice, a call for each line. */
void describe_each(const json_t *notice,
	void (*each)(void *data, const char *label, const char *text), void *data);

/* Severity by RFC 5424, 6.2.1: of a digest that of its worst notice. */
int describe_severity(const json_t *message);

#endif
