/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

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

static json_t *labels_of(const char *kind)
{
	json_t *notice = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "kind", kind,
		"vantage", "v", "time", "2026-01-01T00:00:00Z", "scope", "kind",
		"check-group", "check", "tcp/1", "group", "g");
	char *text = payload_body(NOTIFY_ALERTMANAGER, notice);
	json_t *body = json_loads(text, 0, NULL);
	json_t *labels =
		json_incref(json_object_get(json_array_get(body, 0), "labels"));

	assert_non_null(labels);
	json_decref(notice);
	json_decref(body);
	free(text);
	return labels;
}

/* Else the one would not end the other. */
static void a_recovery_has_the_labels_of_the_loss(void **state)
{
	json_t *loss = labels_of("regression"), *end = labels_of("recovery");

	(void)state;
	assert_true(json_equal(loss, end));
	json_decref(loss);
	json_decref(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_is_as_before),
		cmocka_unit_test(a_recovery_has_the_labels_of_the_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
