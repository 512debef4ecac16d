/* SPDX-License-Identifier: Apache-2.0 */
/* One flow over time: intervals, gaps, and the search for flows. */
#include "tests/store/fixture.h"

struct log {
	char text[2048];
	size_t count, stop_at;
};

static bool add(struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool add(struct log *log, const char *format, ...)
{
	size_t used = strlen(log->text);
	va_list args;

	va_start(args, format);
	vsnprintf(log->text + used, sizeof log->text - used, format, args);
	va_end(args);
	log->count++;
	return log->count != log->stop_at;
}

static bool on_interval(void *data, const struct store_interval *i)
{
	return add(data, "%s %s %s %s %s %d-%d %ds-%ds%s;", i->state, i->reason,
		i->phase, i->identity, i->evidence, (int)i->from_scan, (int)i->to_scan,
		(int)(i->from_us / SECOND), (int)(i->to_us / SECOND),
		i->removed ? " removed" : "");
}

static bool on_gap(void *data, int64_t scan, int64_t wall_us, const char *reason)
{
	return add(data, "%d %ds %s;", (int)scan, (int)(wall_us / SECOND), reason);
}

static bool on_found(
	void *data, const char *vantage, const char *host, const char *check)
{
	return add(data, "%s %s %s;", vantage, host, check);
}

#define assert_history(bed, expected)                                               \
	do {                                                                        \
		struct log log_ = {0};                                              \
		assert_int_equal(store_history((bed)->store, "paris", "a", "tcp/1", \
					 on_interval, &log_),                       \
			0);                                                         \
		assert_string_equal(log_.text, expected);                           \
	} while (0)

#define assert_gaps(bed, expected)                                               \
	do {                                                                     \
		struct log log_ = {0};                                           \
		assert_int_equal(store_gaps((bed)->store, "paris", "a", "tcp/1", \
					 on_gap, &log_),                         \
			0);                                                      \
		assert_string_equal(log_.text, expected);                        \
	} while (0)

static void tells_each_interval_with_its_words_and_times(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "open", .reason = "syn-ack", .identity = "i",
			.evidence = "{}"));
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "open", .reason = "syn-ack", .identity = "i"));
	assert_history(bed, "open syn-ack connect i {} 1-0 100s-0s;");
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed", .phase = "tls"));
	assert_history(bed, "open syn-ack connect i {} 1-2 100s-200s;"
			    "closed because tls   3-0 300s-0s;");
}

static void tells_removal_and_return(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "open"));
	assert_history(bed, "open because connect   1-1 100s-100s removed;");
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_history(bed, "open because connect   1-1 100s-100s removed;"
			    "open because connect   4-0 400s-0s;");
}

static void an_interval_ends_with_the_last_complete_scan_of_its_vantage(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open"));
	assert_int_equal(
		store_scan_interrupt(bed->store, begin(bed->store, "paris", 0)), 0);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	assert_history(bed, "open because connect   1-1 100s-100s;"
			    "closed because connect   4-0 400s-0s;");
}

static void a_gap_does_not_end_an_interval(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-port"));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-port"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	assert_gaps(bed, "2 200s no-port;4 400s no-port;5 500s no-route;");
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_gaps(bed, "2 200s no-port;4 400s no-port;5 500s no-route;");
	assert_history(bed, "open because connect   1-0 100s-0s;");
}

static void a_gap_ends_when_the_flow_leaves(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-port"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-port"));
	assert_gaps(bed, "2 200s no-port;4 400s no-port;");
	/* What it was before it left is no longer known of it. */
	assert_history(bed, "open because connect   1-2 100s-200s removed;"
			    " no-port connect   4-0 400s-0s;");
}

static void stops_when_told(void **state)
{
	struct bed *bed = *state;
	struct log log = {.stop_at = 1};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	assert_int_equal(
		store_history(bed->store, "paris", "a", "tcp/1", on_interval, &log), 0);
	assert_int_equal(log.count, 1);
	/* No snapshot stays open behind it. */
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
}

struct nested {
	struct store *store;
	struct log log;
};

static bool ask_again(void *data, const struct store_flow *flow)
{
	struct nested *nested = data;

	assert_int_equal(store_history(nested->store, flow->vantage, flow->host,
				 flow->check, on_interval, &nested->log),
		0);
	return true;
}

static void a_callback_may_ask_the_same_handle(void **state)
{
	struct bed *bed = *state;
	struct nested nested = {.store = bed->store};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "open"));
	assert_int_equal(store_flows_at(bed->store, 1, ask_again, &nested), 0);
	assert_int_equal(nested.log.count, 2);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
}

static void says_that_a_flow_never_was(void **state)
{
	struct bed *bed = *state;
	struct log log = {0};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(
		store_history(bed->store, "paris", "a", "tcp/2", on_interval, &log),
		-ENOENT);
	assert_non_null(strstr(
		store_last_error(bed->store), "no stored scan has a tcp/2 from paris"));
	assert_int_equal(
		store_history(bed->store, "lyon", "a", "tcp/1", on_interval, &log),
		-ENOENT);
	assert_int_equal(
		store_gaps(bed->store, "paris", "b", "tcp/1", on_gap, &log), -ENOENT);
	assert_int_equal(
		store_rtts(bed->store, "paris", "b", "tcp/1", NULL, &log), -ENOENT);
	assert_int_equal(log.count, 0);
}

/* ---- search ------------------------------------------------------------------ */

static void finds_flows_by_a_part_of_their_text(void **state)
{
	struct bed *bed = *state;
	const struct {
		const char *text, *found;
		unsigned limit;
	} cases[] = {
		{"rdls01", "paris RDLS01 tcp/135;paris RDLS01 dns;", 9},
		{"LS01 TCP", "paris RDLS01 tcp/135;", 9},
		{"tcp/135", "paris RDLS01 tcp/135;paris web tcp/135;", 9},
		{"tcp/135", "paris RDLS01 tcp/135;", 1},
		{"%", "", 9},
		{"nothing", "", 9},
	};

	SCAN(bed->store, "paris", SEEN("RDLS01", "tcp/135", "open"),
		SEEN("RDLS01", "dns", "open"), SEEN("web", "tcp/135", "open"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct log log = {0};
		assert_int_equal(store_find_flows(bed->store, cases[i].text,
					 cases[i].limit, on_found, &log),
			0);
		assert_string_equal(log.text, cases[i].found);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_each_interval_with_its_words_and_times),
		TEST(tells_removal_and_return),
		TEST(an_interval_ends_with_the_last_complete_scan_of_its_vantage),
		TEST(a_gap_does_not_end_an_interval),
		TEST(a_gap_ends_when_the_flow_leaves),
		TEST(stops_when_told),
		TEST(a_callback_may_ask_the_same_handle),
		TEST(says_that_a_flow_never_was),
		TEST(finds_flows_by_a_part_of_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
