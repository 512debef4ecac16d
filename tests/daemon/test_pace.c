/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/size.h"
#include "daemon/engine/pace.h"

#define SECOND UINT64_C(1000000)
#define PER_SECOND UINT64_C(3600)

/* Some moment that is not zero. */
#define START UINT64_C(123456789012)

/* A bucket and the one who draws from it. Set up anew, it is as it was at first. */
static struct pace_bucket bucket;

static void begin(struct pace *pace, uint64_t rate_per_hour, uint32_t concurrency,
	uint64_t now_us)
{
	pace_bucket_init(&bucket, rate_per_hour, now_us);
	pace_init(pace, &bucket, concurrency);
}

/* Takes all there is; connections end at once. */
static uint32_t drain(struct pace *pace, uint64_t now_us)
{
	uint32_t count = pace_available(pace, now_us);

	for (uint32_t i = 0; i < count; i++)
		pace_take(pace);
	for (uint32_t i = 0; i < count; i++)
		pace_give(pace);
	return count;
}

/* Starts per millisecond of a loop that wakes once in it, at no regular moment. */
static uint32_t *simulate(uint64_t rate_per_s, uint32_t ms)
{
	uint32_t *starts = calloc(ms, sizeof *starts);
	struct pace pace;

	assert_non_null(starts);
	begin(&pace, rate_per_s * PER_SECOND, UINT32_MAX, START);
	for (uint32_t i = 0; i < ms; i++)
		starts[i] = drain(&pace, START + i * 1000U + i * 7919U % 1000U);
	return starts;
}

static void keeps_the_rate_over_any_second_and_over_the_run(void **state)
{
	static const uint64_t rates[] = {20, 99, 1000, 5000, 12345, 100000, 200000};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rates); r++) {
		uint32_t *starts = simulate(rates[r], 5000);
		uint64_t window = 0, total = 0;
		for (uint32_t i = 0; i < 5000; i++) {
			total += starts[i];
			window += starts[i];
			if (i >= 1000)
				window -= starts[i - 1000];
			assert_true(window * 100 <= rates[r] * 105);
		}
		assert_in_range(
			total, rates[r] * 5 * 95 / 100, rates[r] * 5 * 105 / 100);
		free(starts);
	}
}

static void starts_one_a_second_at_one_a_second(void **state)
{
	uint32_t *starts = simulate(1, 10000);
	uint32_t last = 0, total = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		total += starts[i];
		if (!starts[i])
			continue;
		assert_int_equal(starts[i], 1);
		assert_true(i == 0 || i - last >= 999);
		last = i;
	}
	assert_int_equal(total, 10);
	free(starts);
}

static void starts_the_first_at_once(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 1, 10, START);
	assert_int_equal(pace_available(&pace, START), 1);
	assert_int_equal(pace_wait_us(&pace, START), 0);
}

/* Ten for the burst, ten that a late wake-up may have earned. */
static void saves_up_twenty_milliseconds_and_no_more(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 5000 * PER_SECOND, 10000, START);
	assert_int_equal(pace_available(&pace, START + 3600 * SECOND), 100);
	begin(&pace, 3 * PER_SECOND, 10000, START);
	assert_int_equal(pace_available(&pace, START + 3600 * SECOND), 1);
}

static void stands_any_pause_at_any_rate(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 10000000 * PER_SECOND, UINT32_MAX, START);
	assert_int_equal(pace_available(&pace, UINT64_MAX), 200000);
	begin(&pace, 1, UINT32_MAX, 0);
	pace_take(&pace);
	assert_int_equal(pace_available(&pace, 3599999999), 0);
	assert_int_equal(pace_available(&pace, 3600000000), 1);
}

static void late_wake_ups_cost_nothing(void **state)
{
	struct pace pace;
	uint64_t now_us = START;
	uint32_t started = 0;

	(void)state;
	begin(&pace, 100 * PER_SECOND, 10000, START);
	/* Awake every 11 ms instead of every 10. */
	for (; now_us < START + 10 * SECOND; now_us += 11000) {
		for (uint32_t n = pace_available(&pace, now_us); n > 0; n--) {
			pace_take(&pace);
			pace_give(&pace);
			started++;
		}
	}
	assert_in_range(started, 998, 1002);
}

static void tells_the_wait_to_the_microsecond(void **state)
{
	static const uint64_t rates[] = {1, 7, 3600, 123457, 18000000, 720000000};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rates); r++) {
		struct pace pace;
		begin(&pace, rates[r], 10, START);
		while (pace_available(&pace, START))
			drain(&pace, START);
		uint64_t wait_us = pace_wait_us(&pace, START);
		/* 3.6e9 microseconds an hour over the rate, rounded up */
		assert_int_equal(
			wait_us, (UINT64_C(3600000000) + rates[r] - 1) / rates[r]);
		assert_int_equal(pace_available(&pace, START + wait_us - 1), 0);
		assert_int_equal(pace_wait_us(&pace, START + wait_us - 1), 1);
		assert_int_equal(pace_available(&pace, START + wait_us), 1);
	}
}

static void loses_no_fraction_between_looks(void **state)
{
	struct pace pace;
	uint32_t total = 0;

	(void)state;
	/* 7 a second, looked at every 13 microseconds */
	begin(&pace, 7 * PER_SECOND, 10, START);
	for (uint64_t us = 0; us < 10 * SECOND; us += 13)
		total += drain(&pace, START + us);
	assert_int_equal(total, 70);
}

static void keeps_the_concurrency(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 0, 3, START);
	assert_int_equal(pace_available(&pace, START), 3);
	for (int i = 0; i < 3; i++)
		pace_take(&pace);
	assert_int_equal(pace_available(&pace, START + SECOND), 0);
	assert_int_equal(pace_wait_us(&pace, START), 0);
	pace_give(&pace);
	assert_int_equal(pace_available(&pace, START), 1);
	pace.concurrency = 1; /* lowered below what is open */
	assert_int_equal(pace_available(&pace, START), 0);
}

static void earns_nothing_from_a_clock_that_steps_back(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 1000 * PER_SECOND, 10, START);
	assert_int_equal(drain(&pace, START), 1);
	assert_int_equal(pace_available(&pace, START - SECOND), 0);
	assert_int_equal(pace_available(&pace, START + 999), 0);
	assert_int_equal(pace_available(&pace, START + 1000), 1);
}

static void swaps_within_rate_and_concurrency(void **state)
{
	struct pace pace;

	(void)state;
	begin(&pace, 1000 * PER_SECOND, 1, START);
	pace_take(&pace);
	assert_false(pace_swap(&pace, START + 999));
	assert_true(pace_swap(&pace, START + 1000));
	assert_int_equal(pace.in_flight, 1);
	pace.in_flight = 2;
	assert_false(pace_swap(&pace, START + SECOND));
	begin(&pace, 0, 1, START);
	pace_take(&pace);
	assert_true(pace_swap(&pace, START));
}

static void holds_its_rate_for_all_who_share_it(void **state)
{
	struct pace paces[3];
	uint32_t started[3] = {0};

	(void)state;
	begin(&paces[0], 1000 * PER_SECOND, 5, START);
	pace_init(&paces[1], &bucket, 5);
	pace_init(&paces[2], &bucket, 5);
	for (uint64_t us = 0; us < SECOND; us += 250)
		for (uint32_t i = 0; i < 3; i++)
			started[i] += drain(&paces[(us / 250 + i) % 3], START + us);
	assert_in_range(started[0] + started[1] + started[2], 999, 1001);
}

/* Two looked before either took. */
static void pays_back_a_token_that_two_have_taken(void **state)
{
	struct pace one, other;

	(void)state;
	begin(&one, 1000 * PER_SECOND, 10, START);
	pace_init(&other, &bucket, 10);
	assert_int_equal(pace_available(&one, START), 1);
	assert_int_equal(pace_available(&other, START), 1);
	pace_take(&one);
	pace_take(&other);
	assert_int_equal(pace_wait_us(&one, START), 2000);
	assert_int_equal(pace_available(&one, START + 1999), 0);
	assert_false(pace_swap(&other, START + 1999));
	assert_int_equal(pace_available(&one, START + 2000), 1);
	assert_int_equal(one.in_flight + other.in_flight, 2);
}

enum {
	THREADS = 2,
	ROUNDS = 60,
	TAKES = 100000 /* a round */
};

static pthread_barrier_t barrier;

static void *take_many(void *data)
{
	struct pace pace;

	(void)data;
	pace_init(&pace, &bucket, UINT32_MAX);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier); /* so that they do run side by side */
		for (int i = 0; i < TAKES; i++) {
			pace_take(&pace);
			pace_give(&pace);
		}
	}
	return NULL;
}

/* The clock stands still and the bucket is empty: each take is a debt of one token. */
static void loses_no_token_between_threads(void **state)
{
	pthread_t threads[THREADS];
	struct pace pace;

	(void)state;
	begin(&pace, 1000 * PER_SECOND, UINT32_MAX, START);
	assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	/* It held one at first; a millisecond earns one. */
	assert_int_equal(
		pace_wait_us(&pace, START), THREADS * ROUNDS * TAKES * UINT64_C(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_rate_over_any_second_and_over_the_run),
		cmocka_unit_test(starts_one_a_second_at_one_a_second),
		cmocka_unit_test(starts_the_first_at_once),
		cmocka_unit_test(saves_up_twenty_milliseconds_and_no_more),
		cmocka_unit_test(stands_any_pause_at_any_rate),
		cmocka_unit_test(late_wake_ups_cost_nothing),
		cmocka_unit_test(tells_the_wait_to_the_microsecond),
		cmocka_unit_test(loses_no_fraction_between_looks),
		cmocka_unit_test(keeps_the_concurrency),
		cmocka_unit_test(earns_nothing_from_a_clock_that_steps_back),
		cmocka_unit_test(swaps_within_rate_and_concurrency),
		cmocka_unit_test(holds_its_rate_for_all_who_share_it),
		cmocka_unit_test(loses_no_token_between_threads),
		cmocka_unit_test(pays_back_a_token_that_two_have_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
