/* SPDX-License-Identifier: Apache-2.0 */
/* What people were told of flows, and the life of incidents. */
#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

static const struct store_reported was_open = {
	.state = "open", .reason = "syn-ack", .identity = "", .verdict = "pass"};
static const struct store_reported by_1 = {.state = "filtered",
	.reason = "timeout",
	.identity = "x",
	.verdict = "fail",
	.incident = 1};

struct given {
	const struct store_row *rows;
	size_t n_rows;
	const struct store_incident *opened;
	size_t n_opened;
	const struct store_incident_update *updates;
	size_t n_updates;
};

static int try_scan(struct store *store, const struct given *given, int64_t *id)
{
	struct feed feed = {.rows = given->rows, .count = given->n_rows};
	struct store_record what = {
		.totals = {.flows = given->n_rows},
		.next = feed_row,
		.next_data = &feed,
		.opened = given->opened,
		.n_opened = given->n_opened,
		.updates = given->updates,
		.n_updates = given->n_updates,
	};

	*id = what.scan = begin(store, "paris", 0);
	what.totals.finished_us = what.scan * 100 * SECOND;
	return store_scan_record(store, &what);
}

static int64_t scan(struct store *store, struct given given)
{
	int64_t id;
	int rc = try_scan(store, &given, &id);

	if (rc != 0)
		fail_msg("store_scan_record: %d %s", rc, store_last_error(store));
	return id;
}

#define ROWS(...)                                                   \
	.rows = (const struct store_row[]){__VA_ARGS__},            \
	.n_rows = sizeof((const struct store_row[]){__VA_ARGS__}) / \
		  sizeof(struct store_row)

#define OPENED(...)                                                        \
	.opened = (const struct store_incident[]){__VA_ARGS__},            \
	.n_opened = sizeof((const struct store_incident[]){__VA_ARGS__}) / \
		    sizeof(struct store_incident)

#define UPDATES(...)                                                               \
	.updates = (const struct store_incident_update[]){__VA_ARGS__},            \
	.n_updates = sizeof((const struct store_incident_update[]){__VA_ARGS__}) / \
		     sizeof(struct store_incident_update)

#define INCIDENT(n, left)                                                         \
	{                                                                         \
		.id = (n), .uid = "0123456789abcdef0123456789abcde" #n,           \
		.kind = "regression", .summary = "one", .body = "{\"b\":" #n "}", \
		.flows = 2, .remaining = (left)                                   \
	}

/* ---- flows ------------------------------------------------------------------- */

struct look {
	const char *check;
	bool found;
	struct store_flow flow;
	char text[160]; /* of what is reported; "" */
	char gap[24], verdict[24];
};

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct look *look = data;

	if (strcmp(look->check, flow->check) != 0)
		return true;
	look->found = true;
	look->flow = *flow;
	if (flow->is_reported)
		snprintf(look->text, sizeof look->text, "%s %s %s %s %lld",
			flow->reported.state, flow->reported.reason,
			flow->reported.identity, flow->reported.verdict,
			(long long)flow->reported.incident);
	snprintf(look->gap, sizeof look->gap, "%s", flow->gap_reason);
	snprintf(look->verdict, sizeof look->verdict, "%s", flow->verdict);
	return false;
}

static struct look look_at(struct store *store, int64_t scan, const char *check)
{
	struct look look = {.check = check};

	assert_int_equal(store_flows_at(store, scan, on_flow, &look), 0);
	assert_true(look.found);
	return look;
}

static void what_was_reported_stays_until_it_is_replaced_or_forgotten(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct look look;

	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open"))});
	look = look_at(store, 1, "tcp/1");
	assert_false(look.flow.is_reported);
	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "open", .reported = &was_open))});
	assert_string_equal(look_at(store, 2, "tcp/1").text, "open syn-ack  pass 0");
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "filtered"))});
	assert_string_equal(look_at(store, 3, "tcp/1").text, "open syn-ack  pass 0");
	/* Of an older scan it is not known. */
	assert_false(look_at(store, 2, "tcp/1").flow.is_reported);
	scan(store,
		(struct given){ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1)),
			OPENED(INCIDENT(1, 1))});
	assert_string_equal(
		look_at(store, 4, "tcp/1").text, "filtered timeout x fail 1");
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "filtered",
					   .forget_reported = true)),
			    UPDATES({1, 0})});
	assert_false(look_at(store, 5, "tcp/1").flow.is_reported);
}

static void a_flow_that_is_new_is_reported_at_once(void **state)
{
	struct store *store = ((struct bed *)*state)->store;

	scan(store,
		(struct given){ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1)),
			OPENED(INCIDENT(1, 1))});
	assert_string_equal(
		look_at(store, 1, "tcp/1").text, "filtered timeout x fail 1");
}

static void a_flow_that_leaves_is_no_longer_reported(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	int64_t references;

	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "open"),
				    SEEN("a", "tcp/2", "filtered", .reported = &by_1)),
			    OPENED(INCIDENT(1, 1))});
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open")), UPDATES({1, 0})});
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open"),
			    SEEN("a", "tcp/2", "filtered"))});
	assert_false(look_at(store, 3, "tcp/2").flow.is_reported);
	assert_int_equal(sql_number(store,
				 "SELECT count(*) FROM flow"
				 " WHERE reported_incident IS NOT NULL",
				 &references),
		0);
	assert_int_equal(references, 0);
}

static void what_is_reported_is_carried_and_kept_in_a_gap(void **state)
{
	struct store *store = ((struct bed *)*state)->store;

	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open",
			    .reported = &was_open, .question = 7, .proved = true))});
	scan(store, (struct given){ROWS(UNMEASURED("a", "tcp/1", "no-route"))});
	assert_string_equal(look_at(store, 2, "tcp/1").text, "open syn-ack  pass 0");
	scan(store,
		(struct given){ROWS({.host = "a", .check = "tcp/1", .carried = true})});
	assert_string_equal(look_at(store, 3, "tcp/1").text, "open syn-ack  pass 0");
	/* What has nothing to forget stays, too. */
	scan(store, (struct given){ROWS({.host = "a",
			    .check = "tcp/1",
			    .carried = true,
			    .forget_reported = true})});
	assert_false(look_at(store, 4, "tcp/1").flow.is_reported);
}

/* ---- what was asked ---------------------------------------------------------- */

static void the_question_is_that_of_the_scan_that_asked_last(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	const uint64_t high = UINT64_MAX - 1;
	struct look look;

	scan(store, (struct given){ROWS(SEEN(
			    "a", "tcp/1", "open", .question = 7, .proved = true))});
	look = look_at(store, 1, "tcp/1");
	assert_int_equal(look.flow.question, 7);
	assert_true(look.flow.proved);
	scan(store, (struct given){ROWS({.host = "a",
			    .check = "tcp/1",
			    .carried = true,
			    .question = 9})});
	look = look_at(store, 2, "tcp/1");
	assert_int_equal(look.flow.question, 7);
	assert_true(look.flow.proved);
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open", .question = high))});
	look = look_at(store, 3, "tcp/1");
	assert_true(look.flow.question == high);
	assert_false(look.flow.proved);
	/* The same state, otherwise proved. */
	scan(store, (struct given){ROWS(SEEN(
			    "a", "tcp/1", "open", .question = high, .proved = true))});
	assert_true(look_at(store, 4, "tcp/1").flow.proved);
	/* A gap was asked, too, but proves nothing. */
	scan(store, (struct given){ROWS({.host = "a",
			    .check = "tcp/1",
			    .reason = "no-route",
			    .question = 8})});
	look = look_at(store, 5, "tcp/1");
	assert_int_equal(look.flow.question, 8);
	assert_true(look.flow.proved);
	assert_int_equal(look_at(store, 4, "tcp/1").flow.question, 0);
	/* A new state. */
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "closed", .question = 3))});
	look = look_at(store, 6, "tcp/1");
	assert_int_equal(look.flow.question, 3);
	assert_false(look.flow.proved);
}

static void an_unchanged_scan_writes_nothing_per_flow(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	const struct given same = {ROWS(
		SEEN("a", "tcp/1", "open", .reported = &was_open, .question = 7,
			.proved = true, .evidence = "{}"),
		SEEN("a", "tcp/2", "open", .question = 7, .forget_reported = true),
		{.host = "a", .check = "tcp/3", .reason = "no-route", .question = 9},
		{.host = "a", .check = "tcp/4", .carried = true})};
	int64_t before, after;

	scan(store, same);
	scan(store, same);
	assert_int_equal(sql_number(store, "SELECT total_changes()", &before), 0);
	scan(store, same);
	assert_int_equal(sql_number(store, "SELECT total_changes()", &after), 0);
	/* Its own row, when it begins and when it ends. */
	assert_int_equal(after - before, 2);
}

/* ---- gaps -------------------------------------------------------------------- */

static void a_gap_has_the_verdict_of_the_state_that_it_shows(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct look look;

	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open", .verdict = "pass"),
			    {.host = "a",
				    .check = "tcp/2",
				    .reason = "no-route",
				    .verdict = "inconclusive"})});
	scan(store, (struct given){ROWS({.host = "a",
						.check = "tcp/1",
						.reason = "no-route",
						.verdict = "inconclusive"},
			    {.host = "a",
				    .check = "tcp/2",
				    .reason = "no-route",
				    .verdict = "fail"})});
	look = look_at(store, 2, "tcp/1");
	assert_string_equal(look.verdict, "pass");
	assert_string_equal(look.gap, "no-route");
	/* Never measured: there is no other verdict. */
	assert_string_equal(look_at(store, 2, "tcp/2").verdict, "fail");
	/* Carried over while the gap goes on. */
	scan(store, (struct given){ROWS({.host = "a",
						.check = "tcp/1",
						.carried = true,
						.verdict = "inconclusive"},
			    SEEN("a", "tcp/2", "open", .verdict = "pass"))});
	assert_string_equal(look_at(store, 3, "tcp/1").verdict, "pass");
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open", .verdict = "fail"),
			    SEEN("a", "tcp/2", "open", .verdict = "pass"))});
	assert_string_equal(look_at(store, 4, "tcp/1").verdict, "fail");
}

/* The state that it shows was judged by another expectation. */
static void a_gap_has_no_old_verdict_where_the_rule_wants_something_else(void **state)
{
	struct store *store = ((struct bed *)*state)->store;

	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open", .expect = "open",
			    .verdict = "pass", .proved = true))});
	for (int64_t id = 2; id <= 3; id++) {
		scan(store, (struct given){ROWS({.host = "a",
				    .check = "tcp/1",
				    .reason = "no-route",
				    .expect = "blocked",
				    .verdict = "inconclusive"})});
		assert_string_equal(
			look_at(store, id, "tcp/1").verdict, "inconclusive");
		assert_false(look_at(store, id, "tcp/1").flow.proved);
	}
	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open", .expect = "blocked",
			    .verdict = "fail"))});
	assert_string_equal(look_at(store, 4, "tcp/1").verdict, "fail");
}

static void a_gap_names_the_scan_that_measured_last(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct look look;

	scan(store, (struct given){ROWS(SEEN("a", "tcp/1", "open"),
			    UNMEASURED("a", "tcp/2", "no-route"))});
	scan(store, (struct given){ROWS(UNMEASURED("a", "tcp/1", "no-route"),
			    UNMEASURED("a", "tcp/2", "no-route"))});
	scan(store, (struct given){ROWS(UNMEASURED("a", "tcp/1", "degraded"),
			    SEEN("a", "tcp/2", "open"))});
	look = look_at(store, 3, "tcp/1");
	assert_int_equal(look.flow.measured_scan, 1);
	assert_int_equal(look.flow.measured_us, 100 * SECOND);
	assert_int_equal(look_at(store, 2, "tcp/1").flow.measured_scan, 1);
	assert_int_equal(look_at(store, 2, "tcp/2").flow.measured_scan, 0);
	assert_int_equal(look_at(store, 3, "tcp/2").flow.measured_scan, 0);
	/* After it is over. */
	scan(store, (struct given){ROWS(
			    SEEN("a", "tcp/1", "open"), SEEN("a", "tcp/2", "open"))});
	look = look_at(store, 3, "tcp/1");
	assert_int_equal(look.flow.measured_scan, 1);
	assert_int_equal(look.flow.measured_us, 100 * SECOND);
	assert_int_equal(look_at(store, 4, "tcp/1").flow.measured_scan, 0);
}

/* ---- incidents --------------------------------------------------------------- */

struct list {
	size_t count;
	int64_t ids[8];
};

static bool on_incident(void *data, const struct store_incident *incident)
{
	struct list *list = data;

	list->ids[list->count++] = incident->id;
	return true;
}

static struct list list_of(struct store *store, const char *vantage, bool open_only)
{
	struct list list = {0};

	assert_int_equal(
		store_incident_list(store, vantage, open_only, on_incident, &list), 0);
	return list;
}

static void an_incident_opens_shrinks_and_closes(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct store_incident incident;
	int64_t next;

	assert_int_equal(store_incident_next(store, &next), 0);
	assert_int_equal(next, 1);
	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1),
				    SEEN("a", "tcp/2", "filtered", .reported = &by_1)),
			    OPENED(INCIDENT(1, 2))});
	assert_int_equal(store_incident_next(store, &next), 0);
	assert_int_equal(next, 2);
	assert_int_equal(store_incident_get(store, "paris", 1, &incident), 0);
	assert_string_equal(incident.vantage, "paris");
	assert_string_equal(incident.uid, "0123456789abcdef0123456789abcde1");
	assert_string_equal(incident.kind, "regression");
	assert_string_equal(incident.summary, "one");
	assert_string_equal(incident.body, "{\"b\":1}");
	assert_int_equal(incident.flows, 2);
	assert_int_equal(incident.remaining, 2);
	assert_int_equal(incident.opened_scan, 1);
	assert_int_equal(incident.opened_us, 100 * SECOND);
	assert_int_equal(incident.changed_scan, 1);
	assert_int_equal(incident.closed_scan, 0);
	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "filtered"),
				    SEEN("a", "tcp/2", "open", .reported = &was_open)),
			    UPDATES({1, 1})});
	assert_int_equal(store_incident_get(store, NULL, 1, &incident), 0);
	assert_int_equal(incident.remaining, 1);
	assert_int_equal(incident.changed_scan, 2);
	assert_int_equal(incident.closed_scan, 0);
	assert_int_equal(incident.opened_scan, 1);
	scan(store,
		(struct given){ROWS(SEEN("a", "tcp/1", "open", .reported = &was_open),
				       SEEN("a", "tcp/2", "open")),
			UPDATES({1, 0})});
	assert_int_equal(store_incident_get(store, "paris", 1, &incident), 0);
	assert_int_equal(incident.remaining, 0);
	assert_int_equal(incident.flows, 2);
	assert_int_equal(incident.closed_scan, 3);
	assert_int_equal(incident.closed_us, 300 * SECOND);
}

static void one_may_close_with_the_scan_that_opens_it(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct store_incident incident;

	scan(store,
		(struct given){ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1)),
			OPENED(INCIDENT(1, 1), INCIDENT(2, 0))});
	assert_int_equal(store_incident_get(store, "paris", 2, &incident), 0);
	assert_int_equal(incident.closed_scan, 1);
	assert_int_equal(incident.closed_us, 100 * SECOND);
	assert_int_equal(list_of(store, "paris", false).count, 2);
	assert_int_equal(list_of(store, "paris", false).ids[0], 1);
	assert_int_equal(list_of(store, "paris", true).count, 1);
	assert_int_equal(list_of(store, "paris", true).ids[0], 1);
	assert_int_equal(list_of(store, NULL, true).count, 1);
	assert_int_equal(list_of(store, NULL, false).count, 2);
	assert_int_equal(list_of(store, "oslo", false).count, 0);
	assert_int_equal(list_of(store, "oslo", true).count, 0);
}

/* Numbers of the store that are not open incidents of this vantage. */
static void an_incident_must_be_open_and_of_the_vantage(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	const struct given closed = {
		ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1))};
	const struct given other = {ROWS(SEEN("a", "tcp/1", "open")), UPDATES({1, 0})};
	const struct given twice = {ROWS(SEEN("a", "tcp/1", "open")),
		OPENED(INCIDENT(3, 0), INCIDENT(2, 0))};
	struct store_incident incident;
	int64_t id;
	const struct store_reported by_7 = {.state = "filtered",
		.reason = "timeout",
		.identity = "",
		.verdict = "fail",
		.incident = 7};
	const struct given second = {
		ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1),
			SEEN("a", "tcp/2", "filtered", .reported = &by_7)),
		OPENED(INCIDENT(1, 1))};

	assert_int_equal(try_scan(store, &twice, &id), -EINVAL);
	assert_int_equal(try_scan(store, &second, &id), -EINVAL);
	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "open")), OPENED(INCIDENT(1, 0))});
	assert_int_equal(try_scan(store, &closed, &id), -EINVAL);
	/* The same number, open, but somebody else's. */
	assert_int_equal(
		sql_exec(store, "INSERT INTO vantage (name) VALUES ('oslo');"
				"UPDATE incident SET vantage = 2, remaining = 1,"
				" closed_scan = NULL, closed_us = NULL"),
		0);
	assert_int_equal(try_scan(store, &closed, &id), -EINVAL);
	assert_int_equal(try_scan(store, &other, &id), -EINVAL);
	assert_int_equal(store_incident_get(store, "oslo", 1, &incident), 0);
	assert_int_equal(incident.remaining, 1);
	assert_int_equal(incident.closed_scan, 0);
}

static void what_makes_no_sense_is_refused_and_nothing_is_stored(void **state)
{
	struct store *store = ((struct bed *)*state)->store;
	struct store_incident incident;
	const struct given again = {
		ROWS(SEEN("a", "tcp/1", "open")), OPENED(INCIDENT(1, 1))};
	const struct given closed = {ROWS(SEEN("a", "tcp/1", "open")), UPDATES({1, 1})};
	const struct given unknown = {
		ROWS(SEEN("a", "tcp/1", "open")), UPDATES({2, 0})};
	const struct given nowhere = {
		ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1))};
	int64_t id;

	assert_int_equal(try_scan(store, &nowhere, &id), -EINVAL);
	scan(store, (struct given){
			    ROWS(SEEN("a", "tcp/1", "open")), OPENED(INCIDENT(1, 0))});
	assert_int_equal(try_scan(store, &again, &id), -EINVAL);
	assert_int_equal(try_scan(store, &closed, &id), -EINVAL);
	assert_int_equal(try_scan(store, &unknown, &id), -EINVAL);
	assert_int_equal(store_incident_get(store, "paris", 2, &incident), -ENOENT);
	assert_int_equal(store_incident_get(store, "paris", 0, &incident), -ENOENT);
	assert_int_equal(store_incident_get(store, "oslo", 1, &incident), -ENOENT);
	assert_int_equal(list_of(store, NULL, false).count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

/* Those who load flows keep 32 bits of a number. */
static void numbers_that_only_damage_can_reach_are_refused(void **state)
{
	static const char *const last[] = {"9223372036854775807", "4294967296", "-1"};
	struct store *store = ((struct bed *)*state)->store;
	char text[128];
	int64_t next;

	scan(store,
		(struct given){ROWS(SEEN("a", "tcp/1", "filtered", .reported = &by_1)),
			OPENED(INCIDENT(1, 1))});
	for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
		snprintf(text, sizeof text,
			"UPDATE sqlite_sequence SET seq = %s WHERE name = 'incident'",
			last[i]);
		assert_int_equal(sql_exec(store, text), 0);
		assert_int_equal(store_incident_next(store, &next), -EBADMSG);
		assert_non_null(strstr(store_last_error(store), "damaged"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_reported_stays_until_it_is_replaced_or_forgotten),
		TEST(a_flow_that_is_new_is_reported_at_once),
		TEST(a_flow_that_leaves_is_no_longer_reported),
		TEST(what_is_reported_is_carried_and_kept_in_a_gap),
		TEST(the_question_is_that_of_the_scan_that_asked_last),
		TEST(an_unchanged_scan_writes_nothing_per_flow),
		TEST(a_gap_has_the_verdict_of_the_state_that_it_shows),
		TEST(a_gap_has_no_old_verdict_where_the_rule_wants_something_else),
		TEST(a_gap_names_the_scan_that_measured_last),
		TEST(an_incident_opens_shrinks_and_closes),
		TEST(numbers_that_only_damage_can_reach_are_refused),
		TEST(one_may_close_with_the_scan_that_opens_it),
		TEST(an_incident_must_be_open_and_of_the_vantage),
		TEST(what_makes_no_sense_is_refused_and_nothing_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
