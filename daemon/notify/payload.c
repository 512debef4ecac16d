/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/payload.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/utf8.h"
#include "daemon/notify/message.h"
#include "daemon/render/json.h"

static char *dump(json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	return text;
}

/* Takes over the buffer. NULL: no memory. */
static json_t *take_string(struct strbuf *buf)
{
	char *text = strbuf_take(buf);
	json_t *value = text ? json_text(text) : NULL;

	free(text);
	return value;
}

/* The bytes of whole characters at the start of `text`, at most `limit`. */
static size_t whole_characters(const char *text, size_t length, size_t limit)
{
	size_t end = 0, n;
	uint32_t code;

	for (; end < length; end += n) {
		n = utf8_read(text + end, length - end, &code);
		n = n ? n : 1;
		if (end + n > limit)
			break;
	}
	return end;
}

/* ---- Slack --------------------------------------------------------------------- */

/* "Escaping text" of Slack's reference on formatting: else "<!channel>" in a name would
 * notify the whole channel. */
static char *slack_body(const json_t *message)
{
	struct json_filler body;
	struct strbuf plain, text;

	strbuf_init(&plain);
	strbuf_init(&text);
	message_title(&plain, message);
	strbuf_adds(&plain, "\n");
	message_details(&plain, message);
	for (const char *at = plain.failed ? "" : plain.text; *at; at++) {
		if (*at == '&')
			strbuf_adds(&text, "&amp;");
		else if (*at == '<')
			strbuf_adds(&text, "&lt;");
		else if (*at == '>')
			strbuf_adds(&text, "&gt;");
		else
			strbuf_add(&text, at, 1);
	}
	text.failed = text.failed || plain.failed;
	strbuf_fini(&plain);
	json_filler_init(&body);
	json_put(&body, "text", take_string(&text));
	return dump(json_filler_take(&body));
}

/* ---- Teams --------------------------------------------------------------------- */

/* A TextRun: unlike a TextBlock it has no Markdown, so nothing in a name becomes a
 * link. */
static void add_block(json_t *blocks, struct strbuf *text, const char *weight)
{
	json_t *run = json_pack("{s:s, s:o?, s:s}", "type", "TextRun", "text",
		take_string(text), "weight", weight);

	json_array_append_new(blocks,
		json_pack("{s:s, s:[o?]}", "type", "RichTextBlock", "inlines", run));
}

static void add_fact(void *data, const char *label, const char *text)
{
	struct strbuf line;

	strbuf_init(&line);
	strbuf_addf(&line, "%s: %s", label, text);
	add_block(data, &line, "Default");
}

static char *teams_body(const json_t *message)
{
	json_t *blocks = json_array();
	size_t count = message_count(message);

	for (size_t i = 0; blocks && i < count; i++) {
		const json_t *notice = message_at(message, i);
		struct strbuf title;
		strbuf_init(&title);
		message_title(&title, notice);
		add_block(blocks, &title, "Bolder");
		message_each_detail(notice, add_fact, blocks);
	}
	if (!blocks)
		return NULL;
	return dump(json_pack("{s:s, s:[{s:s, s:{s:s, s:s, s:s, s:o}}]}", "type",
		"message", "attachments", "contentType",
		"application/vnd.microsoft.card.adaptive", "content", "$schema",
		"http://adaptivecards.io/schemas/adaptive-card.json", "type",
		"AdaptiveCard", "version", "1.2", "body", blocks));
}

/* ---- Alertmanager -------------------------------------------------------------- */

#define HOUR_US INT64_C(3600000000)
#define FIRING_US (HOUR_US * 24 * 30) /* without an end it would end after minutes */

static const char *severity_word(const char *kind)
{
	return strcmp(kind, "other") == 0 ? "warning" : "critical";
}

/* Only what an incident's opening and its end both know, and what never changes. */
static json_t *incident_labels(const json_t *notice, const json_t *incident)
{
	const char *kind = message_get(incident, "kind");
	struct json_filler labels;

	json_filler_init(&labels);
	json_put_text(&labels, "alertname", "ReachdIncident");
	json_put_text(&labels, "vantage", message_get(notice, "vantage"));
	json_put_text(&labels, "incident", message_get(incident, "uid"));
	if (*kind) {
		json_put_text(&labels, "kind", kind);
		json_put_text(&labels, "severity", severity_word(kind));
	}
	return json_filler_take(&labels);
}

/* Of a notice that names no incident, as older programs wrote them. */
static json_t *scope_labels(const json_t *notice)
{
	static const char *const keys[] = {"check", "host", "group", "subnet", "cause"};
	const json_t *scope = json_object_get(notice, "scope");
	struct json_filler labels;

	json_filler_init(&labels);
	json_put_text(&labels, "alertname", scope ? "ReachdIncident" : "ReachdNotice");
	json_put_text(&labels, "vantage", message_get(notice, "vantage"));
	if (*message_get(scope, "kind"))
		json_put_text(&labels, "scope", message_get(scope, "kind"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (*message_get(scope, keys[i]))
			json_put_text(&labels, keys[i], message_get(scope, keys[i]));
	return json_filler_take(&labels);
}

static json_t *annotations(const json_t *notice)
{
	struct json_filler out;
	struct strbuf details;

	strbuf_init(&details);
	message_details(&details, notice);
	json_filler_init(&out);
	json_put_text(&out, "summary", message_get(notice, "summary"));
	json_put_text(&out, "kind", message_get(notice, "kind"));
	json_put(&out, "description", take_string(&details));
	json_put_text(&out, "uid", message_get(notice, "uid"));
	return json_filler_take(&out);
}

/* How long an alert fires from the notice on: as long as the incident that it is about,
 * whatever became of it since. What has no end of its own, a test or a change that is
 * neither good nor bad, fires for an hour. */
static int64_t firing_us(
	const json_t *notice, const json_t *incident, const char *status)
{
	const json_t *scope = json_object_get(notice, "scope");
	const char *opening = message_get(incident, "kind");
	const char *kind = *opening ? opening : message_get(notice, "kind");

	if (incident && strcmp(status, "closed") == 0)
		return 0;
	if (!incident && strcmp(kind, "recovery") == 0)
		return 0;
	if (strcmp(kind, "regression") == 0 || strcmp(kind, "exposure") == 0)
		return FIRING_US;
	if (!incident || (strcmp(kind, "other") == 0 &&
				 strcmp(message_get(scope, "kind"), "vantage") != 0))
		return HOUR_US;
	return FIRING_US;
}

static void put_time(struct json_filler *alert, const char *key, int64_t time_us)
{
	char text[32];

	json_put_text(alert, key, clock_format(time_us, text, sizeof text));
}

static json_t *alert_of(
	const json_t *notice, const json_t *incident, const char *status)
{
	struct json_filler alert;
	int64_t time_us, opened_us;

	json_filler_init(&alert);
	json_put(&alert, "labels",
		incident ? incident_labels(notice, incident) : scope_labels(notice));
	json_put(&alert, "annotations", annotations(notice));
	if (clock_parse(message_get(notice, "time"), &time_us)) {
		/* The clock may have been set back since it was opened. */
		if (!clock_parse(message_get(incident, "opened"), &opened_us) ||
			opened_us > time_us)
			opened_us = time_us;
		put_time(&alert, "startsAt", opened_us);
		put_time(&alert, "endsAt",
			time_us + firing_us(notice, incident, status));
	}
	return json_filler_take(&alert);
}

static char *alertmanager_body(const json_t *message)
{
	size_t count = message_count(message);
	json_t *list = json_array();
	bool failed = !list;

	for (size_t i = 0; i < count && !failed; i++) {
		const json_t *notice = message_at(message, i);
		const char *status;
		const json_t *incident = message_incident(notice, 0, &status);
		size_t n = 0;

		do {
			json_t *alert = alert_of(notice, incident, status);
			failed = json_array_append_new(list, alert) < 0;
			incident = message_incident(notice, ++n, &status);
		} while (incident && !failed);
	}
	if (!failed)
		return dump(list);
	json_decref(list);
	return NULL;
}

char *payload_body(enum notify_shape shape, const json_t *message)
{
	switch (shape) {
	case NOTIFY_SLACK:
		return slack_body(message);
	case NOTIFY_TEAMS:
		return teams_body(message);
	case NOTIFY_ALERTMANAGER:
		return alertmanager_body(message);
	default:
		return message_text(message);
	}
}

/* ---- mail ---------------------------------------------------------------------- */

enum {
	WORD_BYTES = 42, /* of an encoded word: 56 characters, of the 75 allowed */
	LINE_BYTES = 57, /* of a line of base64: 76 characters */
	SUBJECT_BYTES = 200
};

/* RFC 4648, section 4. */
static void add_base64(struct strbuf *out, const char *text, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t bits = 0;
		size_t n = length - i < 3 ? length - i : 3;
		char four[4] = {'=', '=', '=', '='};

		for (size_t j = 0; j < n; j++)
			bits |= (uint32_t)(unsigned char)text[i + j] << (16 - 8 * j);
		for (size_t j = 0; j <= n; j++)
			four[j] = digits[bits >> (18 - 6 * j) & 63];
		strbuf_add(out, four, sizeof four);
	}
}

/* RFC 5322, 3.3, whatever this machine's language is. */
static void add_date(struct strbuf *out, int64_t now_us)
{
	static const char *const days[] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm utc = {.tm_mday = 1};

	gmtime_r(&seconds, &utc);
	strbuf_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
		days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
		utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* Encoded words (RFC 2047) of whole characters; blanks between them are not shown. */
static void add_subject(struct strbuf *out, const struct strbuf *title)
{
	size_t length = whole_characters(title->text, title->length, SUBJECT_BYTES);
	size_t n;

	strbuf_adds(out, "Subject:");
	for (size_t at = 0; at < length; at += n) {
		n = whole_characters(title->text + at, length - at, WORD_BYTES);
		strbuf_adds(out, at ? "\r\n =?UTF-8?B?" : " =?UTF-8?B?");
		add_base64(out, title->text + at, n);
		strbuf_adds(out, "?=");
	}
	strbuf_adds(out, "\r\n");
}

static void add_headers(struct strbuf *out, const struct notify_smtp *smtp,
	const struct strbuf *title, const char *uid, int64_t now_us)
{
	add_date(out, now_us);
	strbuf_addf(out, "From: %s\r\nTo: ", smtp->from);
	for (size_t i = 0; i < smtp->to.count; i++)
		strbuf_addf(out, "%s%s", i ? ",\r\n " : "", smtp->to.items[i]);
	strbuf_adds(out, "\r\n");
	add_subject(out, title);
	/* The same for the same notice: a mail that comes twice can be recognized. */
	strbuf_adds(out, "Message-ID: <");
	for (; *uid; uid++)
		if (isalnum((unsigned char)*uid) || *uid == '-')
			strbuf_add(out, uid, 1);
	/* RFC 3834: no vacation replies. */
	strbuf_addf(out,
		"%s>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n",
		strchr(smtp->from, '@'));
}

void payload_mail(struct strbuf *out, const struct notify_smtp *smtp,
	const json_t *message, int64_t now_us)
{
	struct strbuf title, body;

	strbuf_init(&title);
	strbuf_init(&body);
	message_title(&title, message);
	if (!title.failed)
		strbuf_addf(&body, "%s\n\n", title.text);
	message_details(&body, message);
	out->failed = out->failed || title.failed || body.failed;
	if (!out->failed)
		add_headers(out, smtp, &title, message_get(message, "uid"), now_us);
	for (size_t at = 0; at < body.length && !out->failed; at += LINE_BYTES) {
		size_t left = body.length - at;
		add_base64(out, body.text + at, left < LINE_BYTES ? left : LINE_BYTES);
		strbuf_adds(out, "\r\n");
	}
	strbuf_fini(&title);
	strbuf_fini(&body);
}

/* ---- syslog -------------------------------------------------------------------- */

/* RFC 5612: the enterprise number for documentation. Names of structured data without
 * one are IANA's. */
#define DATA_ID "reachd@32473"

/* A header field: printable ASCII without blanks, or the nil value. */
static void add_header(struct strbuf *out, const char *text, size_t limit)
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

void payload_syslog(
	struct strbuf *out, const json_t *notice, int facility, size_t limit)
{
	static const char *const keys[] = {"check", "host", "group", "subnet"};
	const json_t *scope = json_object_get(notice, "scope");
	const json_t *scan = json_object_get(notice, "scan");
	const json_t *incident;
	const char *status;
	struct strbuf title;

	strbuf_addf(out, "<%d>1", facility * 8 + message_severity(notice));
	add_header(out, message_get(notice, "time"), 64);
	add_header(out, message_get(notice, "vantage"), 255);
	strbuf_adds(out, " reachd -");
	add_header(out, message_get(notice, "kind"), 32);
	strbuf_adds(out, " [" DATA_ID);
	add_parameter(out, "uid", message_get(notice, "uid"));
	add_parameter(out, "status", message_get(notice, "status"));
	/* 6.3.3: a name may come more than once. */
	for (size_t i = 0; (incident = message_incident(notice, i, &status)); i++)
		add_parameter(out, "incident", message_get(incident, "uid"));
	if (json_is_integer(scan))
		strbuf_addf(out, " scan=\"%" JSON_INTEGER_FORMAT "\"",
			json_integer_value(scan));
	add_parameter(out, "scope", message_get(scope, "kind"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		add_parameter(out, keys[i], message_get(scope, keys[i]));
	strbuf_adds(out, "] ");
	strbuf_init(&title);
	message_title(&title, notice);
	out->failed = out->failed || title.failed;
	if (!out->failed && out->length < limit)
		strbuf_add(out, title.text,
			whole_characters(
				title.text, title.length, limit - out->length));
	strbuf_fini(&title);
}

/* ---- journald ------------------------------------------------------------------ */

/* A value of several lines has its length before it, 64 bits, little endian. */
static void add_field(struct strbuf *out, const char *name, const char *value)
{
	uint64_t length = strlen(value);
	char bytes[8];

	if (length == 0)
		return;
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

/* Takes over the text; NULL: no memory. */
static void add_taken(struct strbuf *out, const char *name, char *text)
{
	if (text)
		add_field(out, name, text);
	else
		out->failed = true;
	free(text);
}

void payload_journal(struct strbuf *out, const json_t *notice, bool whole)
{
	const json_t *scope = json_object_get(notice, "scope");
	const json_t *scan = json_object_get(notice, "scan");
	const json_t *incident;
	const char *status;
	struct strbuf title;

	strbuf_init(&title);
	message_title(&title, notice);
	add_taken(out, "MESSAGE", strbuf_take(&title));
	strbuf_addf(out, "PRIORITY=%d\n", message_severity(notice));
	strbuf_adds(out, "SYSLOG_IDENTIFIER=reachd\n"
			 "MESSAGE_ID=" PAYLOAD_JOURNAL_ID "\n");
	add_field(out, "REACHD_UID", message_get(notice, "uid"));
	add_field(out, "REACHD_KIND", message_get(notice, "kind"));
	add_field(out, "REACHD_STATUS", message_get(notice, "status"));
	/* The journal takes a field more than once. */
	for (size_t i = 0; (incident = message_incident(notice, i, &status)); i++)
		add_field(out, "REACHD_INCIDENT", message_get(incident, "uid"));
	add_field(out, "REACHD_VANTAGE", message_get(notice, "vantage"));
	if (json_is_integer(scan))
		strbuf_addf(out, "REACHD_SCAN=%" JSON_INTEGER_FORMAT "\n",
			json_integer_value(scan));
	add_field(out, "REACHD_CHECK", message_get(scope, "check"));
	add_field(out, "REACHD_HOST", message_get(scope, "host"));
	add_field(out, "REACHD_GROUP", message_get(scope, "group"));
	add_field(out, "REACHD_TRACE", message_get(notice, "trace"));
	if (whole)
		add_taken(out, "REACHD_JSON", message_text(notice));
}
