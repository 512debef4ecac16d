/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "daemon/notify/payload.h"
#include "tests/support/notice_sample.h"

static void add_body(struct strbuf *out, const json_t *message, enum notify_shape shape)
{
	char *text = payload_body(shape, message);
	json_t *body = text ? json_loads(text, 0, NULL) : NULL;
	char *pretty = json_dumps(body, JSON_INDENT(1));

	assert_non_null(body);
	assert_non_null(pretty);
	strbuf_adds(out, pretty);
	free(pretty);
	json_decref(body);
	free(text);
}

static void add_slack(struct strbuf *out, const json_t *message)
{
	add_body(out, message, NOTIFY_SLACK);
}

static void add_teams(struct strbuf *out, const json_t *message)
{
	add_body(out, message, NOTIFY_TEAMS);
}

static void add_alertmanager(struct strbuf *out, const json_t *message)
{
	add_body(out, message, NOTIFY_ALERTMANAGER);
}

static void each_shape_is_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.slack", add_slack);
	notice_sample_check("notify.teams", add_teams);
	notice_sample_check("notify.alertmanager", add_alertmanager);
}

/* ---- Alertmanager -------------------------------------------------------------- */

/* The alerts of a notice, which begins with `text` and goes on with kind, vantage,
 * scope and time. */
static json_t *alerts_of(const char *text)
{
	char notice[1024];
	json_t *message, *alerts;
	char *body;

	snprintf(notice, sizeof notice,
		"{%s,\"vantage\":\"v\",\"time\":\"2026-01-01T02:00:00.000Z\","
		"\"scope\":{\"kind\":\"check-group\",\"check\":\"tcp/1\","
		"\"group\":\"g\"}}",
		text);
	message = json_loads(notice, 0, NULL);
	assert_non_null(message);
	body = payload_body(NOTIFY_ALERTMANAGER, message);
	alerts = json_loads(body, 0, NULL);
	assert_non_null(alerts);
	json_decref(message);
	free(body);
	return alerts;
}

static const json_t *member(const json_t *alerts, size_t index, const char *key)
{
	return json_object_get(json_array_get(alerts, index), key);
}

static void check_times(
	const json_t *alerts, size_t index, const char *starts, const char *ends)
{
	assert_string_equal(
		json_string_value(member(alerts, index, "startsAt")), starts);
	assert_string_equal(json_string_value(member(alerts, index, "endsAt")), ends);
}

#define INCIDENT(uid, more) "{\"uid\":\"" uid "\",\"kind\":\"regression\"" more "}"
#define OPENED(uid)                                      \
	"\"kind\":\"regression\",\"status\":\"opened\"," \
	"\"incident\":" INCIDENT(uid, ",\"opened\":\"2026-01-01T01:00:00Z\"")

/* Two incidents of the same scope must not share a fingerprint, and a recovery must end
 * the alerts of its own incidents alone. */
static void a_recovery_ends_the_alerts_of_its_own_incidents(void **state)
{
	json_t *a = alerts_of(OPENED("aa")), *b = alerts_of(OPENED("bb"));
	json_t *end = alerts_of(
		"\"kind\":\"recovery\",\"status\":\"closed\","
		"\"incidents\":[" INCIDENT("aa", ",\"status\":\"closed\"") "," INCIDENT(
			"bb", ",\"status\":\"updated\"") "]");

	(void)state;
	assert_int_equal(json_array_size(a), 1);
	assert_int_equal(json_array_size(end), 2);
	assert_false(json_equal(member(a, 0, "labels"), member(b, 0, "labels")));
	assert_true(json_equal(member(a, 0, "labels"), member(end, 0, "labels")));
	assert_true(json_equal(member(b, 0, "labels"), member(end, 1, "labels")));
	check_times(a, 0, "2026-01-01T01:00:00.000Z", "2026-01-31T02:00:00.000Z");
	check_times(end, 0, "2026-01-01T02:00:00.000Z", "2026-01-01T02:00:00.000Z");
	check_times(end, 1, "2026-01-01T02:00:00.000Z", "2026-01-31T02:00:00.000Z");
	json_decref(a);
	json_decref(b);
	json_decref(end);
}

/* A new incident may take flows over from one that is open. */
static void one_that_is_opened_beside_others_has_an_alert_of_its_own(void **state)
{
	json_t *first = alerts_of(OPENED("aa"));
	json_t *both = alerts_of(OPENED("bb") ",\"incidents\":[" INCIDENT(
		"aa", ",\"status\":\"closed\"") "]");
	json_t *same = alerts_of(OPENED("aa") ",\"incidents\":[" INCIDENT(
		"aa", ",\"status\":\"opened\"") "]");

	(void)state;
	assert_int_equal(json_array_size(both), 2);
	assert_string_equal(json_string_value(json_object_get(
				    member(both, 0, "labels"), "incident")),
		"bb");
	check_times(both, 0, "2026-01-01T01:00:00.000Z", "2026-01-31T02:00:00.000Z");
	assert_true(json_equal(member(first, 0, "labels"), member(both, 1, "labels")));
	check_times(both, 1, "2026-01-01T02:00:00.000Z", "2026-01-01T02:00:00.000Z");
	assert_int_equal(json_array_size(same), 1);
	json_decref(first);
	json_decref(both);
	json_decref(same);
}

static void labels_do_not_change_over_the_life_of_an_incident(void **state)
{
	static const char *const lives[] = {OPENED("aa"),
		"\"kind\":\"exposure\",\"status\":\"updated\",\"incident\":" INCIDENT(
			"aa", ",\"remaining\":3,\"number\":7"),
		"\"kind\":\"recovery\",\"status\":\"closed\",\"incident\":" INCIDENT(
			"aa", ",\"remaining\":0")};
	json_t *first = alerts_of(lives[0]);

	(void)state;
	for (size_t i = 1; i < sizeof lives / sizeof *lives; i++) {
		json_t *next = alerts_of(lives[i]);
		assert_int_equal(json_array_size(next), 1);
		assert_true(json_equal(
			member(first, 0, "labels"), member(next, 0, "labels")));
		json_decref(next);
	}
	json_decref(first);
}

static void an_alert_ends_by_itself_only_where_nothing_ends_it(void **state)
{
	static const struct {
		const char *notice, *end;
	} cases[] = {
		{"\"kind\":\"other\",\"status\":\"opened\","
		 "\"incident\":{\"uid\":\"a\"}",
			"2026-01-01T03:00:00.000Z"},
		{"\"kind\":\"failing\",\"status\":\"opened\","
		 "\"incident\":{\"uid\":\"a\"}",
			"2026-01-31T02:00:00.000Z"},
		/* Other, but no end: the incident that it is about is open. */
		{"\"kind\":\"other\",\"status\":\"updated\","
		 "\"incident\":" INCIDENT("a", ""),
			"2026-01-31T02:00:00.000Z"},
		{"\"kind\":\"exposure\"", "2026-01-31T02:00:00.000Z"},
		{"\"kind\":\"recovery\"", "2026-01-01T02:00:00.000Z"},
		{"\"kind\":\"test\"", "2026-01-01T03:00:00.000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *alerts = alerts_of(cases[i].notice);
		check_times(alerts, 0, "2026-01-01T02:00:00.000Z", cases[i].end);
		json_decref(alerts);
	}
}

/* Else Alertmanager refuses the alert. */
static void no_alert_starts_after_its_end(void **state)
{
	json_t *end = alerts_of(
		"\"kind\":\"recovery\",\"status\":\"closed\","
		"\"incident\":" INCIDENT("aa", ",\"opened\":\"2026-01-01T02:30:00Z\""));

	(void)state;
	check_times(end, 0, "2026-01-01T02:00:00.000Z", "2026-01-01T02:00:00.000Z");
	json_decref(end);
}

static void without_incidents_a_recovery_has_the_labels_of_the_loss(void **state)
{
	json_t *loss = alerts_of("\"kind\":\"regression\"");
	json_t *end = alerts_of("\"kind\":\"recovery\"");

	(void)state;
	assert_true(json_equal(member(loss, 0, "labels"), member(end, 0, "labels")));
	json_decref(loss);
	json_decref(end);
}

/* ---- mail, logs ---------------------------------------------------------------- */

static const char *to[] = {"ops@corp.example", "net@corp.example"};

static void add_mail(struct strbuf *out, const json_t *message)
{
	struct notify_smtp smtp = {
		.from = "reachd@corp.example", .to = {.count = 2, .items = to}};

	payload_mail(out, &smtp, message, INT64_C(1769904000000000));
}

static void mails_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.mail", add_mail);
}

/* RFC 5322, 2.1.1, and no line that a server would take for something else. */
static void no_line_is_long_bare_or_a_dot(void **state)
{
	char summary[3000];
	json_t *notice;
	struct strbuf out;
	const char *at;

	(void)state;
	memset(summary, '.', sizeof summary - 1);
	summary[sizeof summary - 1] = '\0';
	notice = json_pack("{s:s, s:s}", "summary", summary, "uid", "u");
	strbuf_init(&out);
	add_mail(&out, notice);
	for (at = out.text; *at;) {
		size_t length = strcspn(at, "\r\n");
		assert_true(length <= 78);
		assert_memory_equal(at + length, "\r\n", 2);
		assert_true(*at != '.');
		at += length + 2;
	}
	strbuf_fini(&out);
	json_decref(notice);
}

static void add_syslog(struct strbuf *out, const json_t *message)
{
	payload_syslog(out, message, 3, out->length + 2048);
}

static void lines_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.syslog", add_syslog);
}

static bool is_utf8(const char *text, size_t length)
{
	uint32_t code;
	size_t n;

	for (; length; text += n, length -= n) {
		n = utf8_read(text, length, &code);
		if (n == 0)
			return false;
	}
	return true;
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
	char summary[4001] = "";
	json_t *notice;

	(void)state;
	while (strlen(summary) < sizeof summary - 4)
		strcat(summary, "\xe2\x86\x92");
	notice = json_pack("{s:s, s:s}", "kind", "other", "summary", summary);
	for (size_t limit = 0; limit < 300; limit++) {
		struct strbuf line;
		strbuf_init(&line);
		payload_syslog(&line, notice, 23, limit);
		assert_true(line.length <= (limit > 60 ? limit : 60));
		assert_true(is_utf8(line.text, line.length));
		if (limit > 100)
			assert_true(line.length > limit - 3);
		strbuf_fini(&line);
	}
	json_decref(notice);
}

static void add_fields(struct strbuf *out, const json_t *message)
{
	payload_journal(out, message, true);
}

static void add_few_fields(struct strbuf *out, const json_t *message)
{
	payload_journal(out, message, false);
}

static void fields_are_as_before(void **state)
{
	(void)state;
	notice_sample_check("notify.journal", add_fields);
	notice_sample_check("notify.journal.short", add_few_fields);
}

static void a_value_of_several_lines_has_its_length(void **state)
{
	json_t *notice = json_pack("{s:s}", "trace", "a\nREACHD_UID=b");
	struct strbuf out;

	(void)state;
	strbuf_init(&out);
	payload_journal(&out, notice, false);
	assert_true(out.length > 36);
	assert_memory_equal(out.text + out.length - 36,
		"REACHD_TRACE\n\x0e\0\0\0\0\0\0\0a\nREACHD_UID=b\n", 36);
	strbuf_fini(&out);
	json_decref(notice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_is_as_before),
		cmocka_unit_test(a_recovery_ends_the_alerts_of_its_own_incidents),
		cmocka_unit_test(
			one_that_is_opened_beside_others_has_an_alert_of_its_own),
		cmocka_unit_test(labels_do_not_change_over_the_life_of_an_incident),
		cmocka_unit_test(an_alert_ends_by_itself_only_where_nothing_ends_it),
		cmocka_unit_test(no_alert_starts_after_its_end),
		cmocka_unit_test(
			without_incidents_a_recovery_has_the_labels_of_the_loss),
		cmocka_unit_test(mails_are_as_before),
		cmocka_unit_test(no_line_is_long_bare_or_a_dot),
		cmocka_unit_test(lines_are_as_before),
		cmocka_unit_test(what_is_too_long_is_cut_between_characters),
		cmocka_unit_test(fields_are_as_before),
		cmocka_unit_test(a_value_of_several_lines_has_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
