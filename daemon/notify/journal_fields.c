/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/journal_fields.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/notify/describe.h"
#include "daemon/notify/message.h"

/* A value of several lines has its length before it, 64 bits, little endian. */
static void add_field(struct strbuf *out, const char *name, const char *value)
{
	uint64_t length = strlen(value);
	char bytes[8];

	if (!strchr(value, '\n')) {
		strbuf_addf(out, "%s=%s\n", name, value);
		return;
	}
	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(length >> (8 * i));
	strbuf_addf(out, "%s\n", name);
	strbuf_add(out, bytes, sizeof bytes);
	strbuf_adds(out, value);
	strbuf_adds(out, "\n");
}

static void add_if(
	struct strbuf *out, const char *name, const json_t *object, const char *key)
{
	const char *text = message_get(object, key);

	if (*text)
		add_field(out, name, text);
}

static void add_title(struct strbuf *out, const json_t *notice)
{
	struct strbuf title;

	strbuf_init(&title);
	describe_title(&title, notice);
	if (title.failed)
		out->failed = true;
	else
		add_field(out, "MESSAGE", title.text ? title.text : "");
	strbuf_fini(&title);
}

static void add_json(struct strbuf *out, const json_t *notice)
{
	char *text = message_text(notice);

	if (text)
		add_field(out, "REACHD_JSON", text);
	else
		out->failed = true;
	free(text);
}

void journal_fields(struct strbuf *out, const json_t *notice, bool whole)
{
	const json_t *scope = json_object_get(notice, "scope");
	const json_t *scan = json_object_get(notice, "scan");

	add_title(out, notice);
	strbuf_addf(out, "PRIORITY=%d\n", describe_severity(notice));
	strbuf_adds(out, "SYSLOG_IDENTIFIER=reachd\n"
			 "MESSAGE_ID=" JOURNAL_MESSAGE_ID "\n");
	add_if(out, "REACHD_UID", notice, "uid");
	add_if(out, "REACHD_KIND", notice, "kind");
	add_if(out, "REACHD_VANTAGE", notice, "vantage");
	if (json_is_integer(scan))
		strbuf_addf(out, "REACHD_SCAN=%" JSON_INTEGER_FORMAT "\n",
			json_integer_value(scan));
	add_if(out, "REACHD_CHECK", scope, "check");
	add_if(out, "REACHD_HOST", scope, "host");
	add_if(out, "REACHD_GROUP", scope, "group");
	add_if(out, "REACHD_TRACE", notice, "trace");
	if (whole)
		add_json(out, notice);
}
