/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/syslog_line.h"

#include <string.h>

#include "base/utf8.h"
#include "daemon/notify/describe.h"
#include "daemon/notify/message.h"

/* RFC 5612: the number that is nobody's. Names of data without one are IANA's. */
#define DATA_ID "reachd@32473"

/* A header field: printable ASCII without blanks, or the nil value. */
static void add_field(struct strbuf *out, const char *text, size_t limit)
{
	size_t used = 0;

	strbuf_adds(out, " ");
	for (; *text && used < limit; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 127)
			continue;
		strbuf_add(out, text, 1);
		used++;
	}
	if (used == 0)
		strbuf_adds(out, "-");
}

/* 6.3.3: a quote, a backslash and a closing bracket are escaped. */
static void add_parameter(struct strbuf *out, const char *name, const char *value)
{
	if (!*value)
		return;
	strbuf_addf(out, " %s=\"", name);
	for (; *value; value++) {
		if (strchr("\"\\]", *value))
			strbuf_adds(out, "\\");
		if ((unsigned char)*value >= ' ')
			strbuf_add(out, value, 1);
	}
	strbuf_adds(out, "\"");
}

static void add_data(struct strbuf *out, const json_t *notice)
{
	const json_t *scope = json_object_get(notice, "scope");
	const json_t *scan = json_object_get(notice, "scan");

	strbuf_adds(out, " [" DATA_ID);
	add_parameter(out, "uid", message_get(notice, "uid"));
	if (json_is_integer(scan))
		strbuf_addf(out, " scan=\"%" JSON_INTEGER_FORMAT "\"",
			json_integer_value(scan));
	add_parameter(out, "scope", message_get(scope, "kind"));
	add_parameter(out, "check", message_get(scope, "check"));
	add_parameter(out, "host", message_get(scope, "host"));
	add_parameter(out, "group", message_get(scope, "group"));
	add_parameter(out, "subnet", message_get(scope, "subnet"));
	strbuf_adds(out, "]");
}

/* As much of it as there is room for, in whole characters. */
static void add_cut(struct strbuf *out, const struct strbuf *text, size_t room)
{
	uint32_t code;
	size_t end = 0, n;

	while (end < text->length) {
		n = utf8_read(text->text + end, text->length - end, &code);
		n = n ? n : 1;
		if (end + n > room)
			break;
		end += n;
	}
	strbuf_add(out, text->text, end);
}

void syslog_line(struct strbuf *out, const json_t *notice, int facility, size_t limit)
{
	struct strbuf title;

	strbuf_addf(out, "<%d>1", facility * 8 + describe_severity(notice));
	add_field(out, message_get(notice, "time"), 64);
	add_field(out, message_get(notice, "vantage"), 255);
	strbuf_adds(out, " reachd -");
	add_field(out, message_get(notice, "kind"), 32);
	add_data(out, notice);
	strbuf_adds(out, " ");
	strbuf_init(&title);
	describe_title(&title, notice);
	if (title.failed)
		out->failed = true;
	else if (out->length < limit)
		add_cut(out, &title, limit - out->length);
	strbuf_fini(&title);
}
