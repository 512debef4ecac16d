/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/payload.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "daemon/notify/describe.h"
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

/* ---- Slack ------------------------------------------------------------------- */

/* "Escaping text" of Slack's reference on formatting: else "<!channel>" in a name would
 * call everybody. */
static void escape_slack(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			strbuf_adds(out, "&amp;");
		else if (*text == '<')
			strbuf_adds(out, "&lt;");
		else if (*text == '>')
			strbuf_adds(out, "&gt;");
		else
			strbuf_add(out, text, 1);
	}
}

static char *slack_body(const json_t *message)
{
	struct json_filler body;
	struct strbuf plain, text;

	strbuf_init(&plain);
	strbuf_init(&text);
	describe_title(&plain, message);
	strbuf_adds(&plain, "\n");
	describe_details(&plain, message);
	if (!plain.failed)
		escape_slack(&text, plain.text);
	text.failed = text.failed || plain.failed;
	strbuf_fini(&plain);
	json_filler_init(&body);
	json_put(&body, "text", take_string(&text));
	return dump(json_filler_take(&body));
}

/* ---- Teams ------------------------------------------------------------------- */

/* A TextRun: unlike a TextBlock it takes no Markdown, so that nothing in a name is a
 * link. */
static void add_run(json_t *blocks, const char *text, const char *weight)
{
	json_t *run = json_pack("{s:s, s:o?, s:s}", "type", "TextRun", "text",
		json_text(text), "weight", weight);

	json_array_append_new(blocks,
		json_pack("{s:s, s:[o?]}", "type", "RichTextBlock", "inlines", run));
}

static void add_buffer(json_t *blocks, struct strbuf *text, const char *weight)
{
	if (text->text && !text->failed)
		add_run(blocks, text->text, weight);
	strbuf_fini(text);
}

static void add_fact(void *data, const char *label, const char *text)
{
	struct strbuf line;

	strbuf_init(&line);
	strbuf_addf(&line, "%s: %s", label, text);
	add_buffer(data, &line, "Default");
}

static json_t *teams_blocks(const json_t *message)
{
	json_t *blocks = json_array();
	size_t count = message_count(message);

	for (size_t i = 0; blocks && i < count; i++) {
		const json_t *notice = message_at(message, i);
		struct strbuf title;
		strbuf_init(&title);
		describe_title(&title, notice);
		add_buffer(blocks, &title, "Bolder");
		describe_each(notice, add_fact, blocks);
	}
	return blocks;
}

static char *teams_body(const json_t *message)
{
	json_t *blocks = teams_blocks(message);

	if (!blocks)
		return NULL;
	return dump(json_pack("{s:s, s:[{s:s, s:{s:s, s:s, s:s, s:o}}]}", "type",
		"message", "attachments", "contentType",
		"application/vnd.microsoft.card.adaptive", "content", "$schema",
		"http://adaptivecards.io/schemas/adaptive-card.json", "type",
		"AdaptiveCard", "version", "1.2", "body", blocks));
}

/* ---- Alertmanager ------------------------------------------------------------ */

enum {
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
	FIRING_S = 30 * DAY_S /* an alert without an end would end after minutes */
};

/* What stays the same from a loss to its recovery, so that the one ends the other. */
static json_t *alert_labels(const json_t *notice)
{
	static const char *const keys[] = {"check", "host", "group", "subnet", "cause"};
	const json_t *scope = json_object_get(notice, "scope");
	const char *kind = message_get(scope, "kind");
	struct json_filler labels;

	json_filler_init(&labels);
	json_put_text(&labels, "alertname", scope ? "ReachdIncident" : "ReachdNotice");
	json_put_text(&labels, "vantage", message_get(notice, "vantage"));
	if (*kind)
		json_put_text(&labels, "scope", kind);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (*message_get(scope, keys[i]))
			json_put_text(&labels, keys[i], message_get(scope, keys[i]));
	return json_filler_take(&labels);
}

static json_t *alert_annotations(const json_t *notice)
{
	struct json_filler annotations;
	struct strbuf details;

	strbuf_init(&details);
	describe_details(&details, notice);
	json_filler_init(&annotations);
	json_put_text(&annotations, "summary", message_get(notice, "summary"));
	json_put_text(&annotations, "kind", message_get(notice, "kind"));
	json_put(&annotations, "description", take_string(&details));
	json_put_text(&annotations, "uid", message_get(notice, "uid"));
	return json_filler_take(&annotations);
}

static int64_t seconds_to_fire(const char *kind)
{
	if (strcmp(kind, "recovery") == 0)
		return 0;
	if (strcmp(kind, "regression") == 0 || strcmp(kind, "exposure") == 0 ||
		strcmp(kind, "failing") == 0)
		return FIRING_S;
	return HOUR_S;
}

static void put_time(struct json_filler *alert, const char *key, int64_t time_us)
{
	char text[32];

	json_put_text(alert, key, clock_format(time_us, text, sizeof text));
}

static json_t *alert_of(const json_t *notice)
{
	int64_t seconds = seconds_to_fire(message_get(notice, "kind"));
	struct json_filler alert;
	int64_t time_us;

	json_filler_init(&alert);
	json_put(&alert, "labels", alert_labels(notice));
	json_put(&alert, "annotations", alert_annotations(notice));
	if (clock_parse(message_get(notice, "time"), &time_us)) {
		put_time(&alert, "startsAt", time_us);
		put_time(&alert, "endsAt", time_us + seconds * 1000000);
	}
	return json_filler_take(&alert);
}

static char *alertmanager_body(const json_t *message)
{
	size_t count = message_count(message);
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, alert_of(message_at(message, i))) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return dump(list);
}

/* ---- all --------------------------------------------------------------------- */

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
