/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/fixture.h"

struct told {
	char text[1024];
	int stop_after;
};

static bool take(void *data, const struct store_move *move)
{
	struct told *told = data;
	size_t used = strlen(told->text);

	snprintf(told->text + used, sizeof told->text - used, "%lld %s %s %s%s>%s%s\n",
		(long long)move->scan, move->host, move->check, move->from_state,
		move->from_identity, move->to_state, move->to_identity);
	return --told->stop_after != 0;
}

static void expect_moves(struct store *store, int64_t since, const char *wanted)
{
	struct told told = {.text = "", .stop_after = -1};

	assert_int_equal(store_moves(store, "paris", since, take, &told), 0);
	assert_string_equal(told.text, wanted);
}

static void every_change_with_what_was_before(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"),
		SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"),
		SEEN("b", "tcp/1", "filtered"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "filtered", .identity = "x"));
	expect_moves(bed->store, 1,
		"2 a tcp/1 open>closed\n4 a tcp/1 closed>open\n"
		"3 b tcp/1 open>filtered\n4 b tcp/1 filtered>filteredx\n");
	expect_moves(
		bed->store, 4, "4 a tcp/1 closed>open\n4 b tcp/1 filtered>filteredx\n");
	expect_moves(bed->store, 5, "");
}

static void another_reason_is_no_move(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open", .reason = "syn-ack"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open", .reason = "answer"));
	expect_moves(bed->store, 1, "");
}

static void what_was_not_measured_is_passed_over(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	expect_moves(bed->store, 1, "4 a tcp/1 open>closed\n");
}

static void leaving_and_coming_back_is_no_move(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"),
		SEEN("b", "tcp/1", "open"));
	expect_moves(bed->store, 1, "");
}

static void each_vantage_has_its_own(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "rome", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "rome", SEEN("a", "tcp/1", "closed"));
	expect_moves(bed->store, 1, "");
}

static void stops_when_it_is_told_to(void **state)
{
	struct bed *bed = *state;
	struct told told = {.text = "", .stop_after = 1};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(store_moves(bed->store, "paris", 1, take, &told), 0);
	assert_string_equal(told.text, "2 a tcp/1 open>closed\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_change_with_what_was_before),
		TEST(another_reason_is_no_move),
		TEST(what_was_not_measured_is_passed_over),
		TEST(leaving_and_coming_back_is_no_move),
		TEST(each_vantage_has_its_own),
		TEST(stops_when_it_is_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
