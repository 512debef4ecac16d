/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probes/trace/walk.h"

/* A way to a target as one path sees it: what draws an answer, by TTL. */
struct way {
	uint8_t target;  /* distance of what answers as the target; 0: none */
	uint8_t refusal; /* of what refuses by ICMP; 0: none */
	uint8_t hops;    /* routers that answer stand at 1 to hops, */
	uint8_t silent_from, silent_to; /* but for these; 0: none */
	bool accepts;
	uint8_t net; /* of its routers */
};

static struct net_address router(uint8_t path, uint8_t ttl)
{
	return (struct net_address){.family = 4, .bytes = {10, path, 0, ttl}};
}

static struct walk_report answer(const struct way *way, uint8_t ttl)
{
	struct walk_report report = {.rtt_us = 1000, .address = router(way->net, ttl)};

	if (way->target && ttl >= way->target) {
		report.kind = WALK_TARGET;
		report.accepted = way->accepts;
	} else if (way->refusal && ttl >= way->refusal) {
		report.kind = WALK_REFUSAL;
		report.icmp_type = 3;
		report.icmp_code = 13;
		report.address = router(way->net, way->refusal);
	} else if (ttl <= way->hops &&
		   (ttl < way->silent_from || ttl > way->silent_to)) {
		report.kind = WALK_HOP;
	}
	return report;
}

/* Walks to the end, the paths in turn; returns how many SYNs that took. */
static unsigned walk_all(struct walk *walk, const struct way *const ways[])
{
	bool asked[WALK_PATHS][WALK_MAX_TTL + 1][WALK_TRIES] = {0};
	unsigned syns = 0;

	for (uint32_t i = 0; !walk_is_over(walk); i = (i + 1) % walk->n_paths) {
		struct walk_path *path = &walk->paths[i];
		if (!path->ttl)
			continue;
		assert_in_range(path->ttl, 1, WALK_MAX_TTL);
		assert_in_range(path->tries, 0, WALK_TRIES - 1);
		assert_false(asked[i][path->ttl][path->tries]);
		asked[i][path->ttl][path->tries] = true;
		struct walk_report report = answer(ways[i], path->ttl);
		walk_take(walk, i, &report);
		syns++;
	}
	assert_in_range(syns, 1, WALK_MAX_SYNS);
	return syns;
}

static unsigned walk_one(const struct way *way, bool distance, struct walk *walk,
	struct walk_summary *sum)
{
	const struct way *const ways[] = {way, way, way};
	walk_init(walk, distance ? 1 : WALK_PATHS, distance);
	unsigned syns = walk_all(walk, ways);
	walk_sum_up(walk, sum);
	return syns;
}

static void finds_the_target_behind_routers_that_answer(void **state)
{
	(void)state;
	const struct way way = {.target = 5, .hops = 4, .accepts = true};
	struct walk walk;
	struct walk_summary sum;
	assert_int_equal(walk_one(&way, false, &walk, &sum), 3 * 5);
	assert_non_null(sum.reached);
	assert_int_equal(sum.reached->ttl, 5);
	assert_true(sum.reached->accepted);
	assert_null(sum.stopped);
	assert_int_equal(sum.silent, 0);
	assert_int_equal(walk.n_hops, 4);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(walk.hops[i].ttl, i + 1);
	assert_int_equal(sum.last->ttl, 4);
}

static void ends_four_silent_hops_after_the_last_answer(void **state)
{
	(void)state;
	const struct way way = {.hops = 2};
	struct walk walk;
	struct walk_summary sum;
	/* Two hops, four silent ones, and the leap; silence is asked twice. */
	assert_int_equal(walk_one(&way, false, &walk, &sum), 3 * (2 + 2 * (4 + 1)));
	assert_null(sum.reached);
	assert_null(sum.stopped);
	assert_int_equal(sum.last->ttl, 2);
	assert_int_equal(sum.silent, 3);
}

static void has_nothing_to_say_where_nobody_answers(void **state)
{
	(void)state;
	const struct way way = {.hops = 0};
	struct walk walk;
	struct walk_summary sum;
	walk_one(&way, false, &walk, &sum);
	assert_null(sum.last);
	assert_int_equal(walk.n_hops, 0);
	assert_int_equal(sum.silent, 3);
}

static void goes_on_over_silent_routers_in_the_middle(void **state)
{
	(void)state;
	const struct way way = {
		.target = 7, .hops = 6, .silent_from = 2, .silent_to = 5};
	struct walk walk;
	struct walk_summary sum;
	walk_one(&way, false, &walk, &sum);
	assert_int_equal(sum.reached->ttl, 7);
	assert_false(sum.reached->accepted);
	assert_true(walk_is_silent_at(&walk, 3));
	assert_false(walk_is_silent_at(&walk, 1));
	assert_false(walk_is_silent_at(&walk, 7));
}

/* However far it is: the leap finds it and halving tells its distance. */
static void finds_the_distance_of_a_target_behind_silent_routers(void **state)
{
	(void)state;
	for (uint8_t distance = 1; distance <= WALK_MAX_TTL; distance++) {
		const struct way way = {.target = distance, .accepts = true};
		struct walk walk;
		struct walk_summary sum;
		walk_one(&way, false, &walk, &sum);
		assert_non_null(sum.reached);
		if (distance > 1)
			assert_true(walk_is_silent_at(&walk, (uint8_t)(distance - 1)));
		assert_false(walk_is_silent_at(&walk, distance));
		assert_int_equal(sum.reached->ttl, distance);
	}
}

static void a_distance_alone_takes_few_syns(void **state)
{
	(void)state;
	for (uint8_t distance = 1; distance <= WALK_MAX_TTL; distance++) {
		const struct way way = {
			.target = distance, .hops = WALK_MAX_TTL, .accepts = true};
		struct walk walk;
		struct walk_summary sum;
		assert_in_range(walk_one(&way, true, &walk, &sum), 1, 6);
		assert_int_equal(sum.reached->ttl, distance);
	}
}

static void a_target_beyond_the_last_ttl_is_not_reached(void **state)
{
	(void)state;
	const struct way way = {.target = WALK_MAX_TTL + 1, .hops = WALK_MAX_TTL};
	struct walk walk;
	struct walk_summary sum;
	assert_int_equal(walk_one(&way, false, &walk, &sum), 3 * WALK_MAX_TTL);
	assert_null(sum.reached);
	assert_int_equal(sum.last->ttl, WALK_MAX_TTL);
}

static void the_worst_way_stays_within_its_bound(void **state)
{
	(void)state;
	/* One router in four answers, and nothing ever ends the walk. */
	struct walk walk;
	unsigned syns = 0;
	walk_init(&walk, WALK_PATHS, false);
	for (uint32_t i = 0; !walk_is_over(&walk); i = (i + 1) % WALK_PATHS) {
		struct walk_report report = {.rtt_us = 1};
		if (!walk.paths[i].ttl)
			continue;
		if (walk.paths[i].ttl % 4 == 0)
			report.kind = WALK_HOP;
		report.address = router((uint8_t)i, walk.paths[i].ttl);
		walk_take(&walk, i, &report);
		syns++;
	}
	assert_in_range(syns, WALK_PATHS * WALK_MAX_TTL, WALK_MAX_SYNS);
}

static void names_who_refuses_and_where(void **state)
{
	(void)state;
	const struct way way = {.refusal = 3, .hops = 2};
	struct walk walk;
	struct walk_summary sum;
	walk_one(&way, false, &walk, &sum);
	assert_null(sum.reached);
	assert_int_equal(sum.stopped->ttl, 3);
	assert_int_equal(sum.stopped->icmp_type, 3);
	assert_int_equal(sum.stopped->icmp_code, 13);
	assert_int_equal(sum.stopped->address.bytes[3], 3);
}

static void finds_who_refuses_behind_silent_routers(void **state)
{
	(void)state;
	const struct way way = {.refusal = 9};
	struct walk walk;
	struct walk_summary sum;
	walk_one(&way, false, &walk, &sum);
	assert_int_equal(sum.stopped->ttl, 9);
}

static void keeps_every_address_of_a_ttl_once_with_its_least_time(void **state)
{
	(void)state;
	struct walk walk;
	struct walk_report report = {
		.kind = WALK_HOP, .address = router(2, 1), .rtt_us = 900};
	walk_init(&walk, WALK_PATHS, false);
	assert_true(walk_take(&walk, 0, &report));
	report.rtt_us = 700;
	assert_false(walk_take(&walk, 1, &report));
	report.address = router(1, 1);
	assert_true(walk_take(&walk, 2, &report));
	assert_int_equal(walk.n_hops, 2);
	assert_int_equal(walk.hops[0].rtt_us, 700);
	assert_int_equal(walk.hops[1].address.bytes[1], 1);
}

static void hops_stand_by_ttl_however_the_paths_come_along(void **state)
{
	(void)state;
	struct walk walk;
	walk_init(&walk, 2, false);
	for (uint8_t ttl = 1; ttl <= 3; ttl++) {
		struct walk_report report = {.kind = WALK_HOP};
		report.address = router(1, ttl);
		walk_take(&walk, 0, &report);
	}
	for (uint8_t ttl = 1; ttl <= 3; ttl++) {
		struct walk_report report = {.kind = WALK_HOP};
		report.address = router(2, ttl);
		walk_take(&walk, 1, &report);
	}
	assert_int_equal(walk.n_hops, 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(walk.hops[i].ttl, i / 2 + 1);
}

static void one_path_of_three_that_is_cut_is_told_apart(void **state)
{
	(void)state;
	const struct way good = {.target = 5, .hops = 4, .accepts = true};
	const struct way cut = {.hops = 2, .net = 7};
	const struct way *const ways[] = {&cut, &good, &good};
	struct walk walk;
	struct walk_summary sum;
	walk_init(&walk, WALK_PATHS, false);
	walk_all(&walk, ways);
	walk_sum_up(&walk, &sum);
	assert_int_equal(walk.n_hops, 4 + 2);
	assert_int_equal(sum.reached->ttl, 5);
	assert_int_equal(sum.silent, 1);
	/* Of the path that is cut, not of another with the same TTL. */
	assert_int_equal(sum.last->ttl, 2);
	assert_int_equal(sum.last->address.bytes[1], 7);
}

static void a_path_where_nobody_answers_borrows_no_answer(void **state)
{
	(void)state;
	const struct way good = {.target = 5, .hops = 4, .accepts = true};
	const struct way mute = {.hops = 0};
	const struct way *const ways[] = {&mute, &good, &good};
	struct walk walk;
	struct walk_summary sum;
	walk_init(&walk, WALK_PATHS, false);
	walk_all(&walk, ways);
	walk_sum_up(&walk, &sum);
	assert_int_equal(sum.silent, 1);
	assert_null(sum.last);
}

static void the_nearest_answer_in_the_targets_name_counts(void **state)
{
	(void)state;
	const struct way near = {.target = 3, .hops = 2};
	const struct way far = {.target = 5, .hops = 4, .accepts = true};
	const struct way *const ways[] = {&far, &near, &far};
	struct walk walk;
	struct walk_summary sum;
	walk_init(&walk, WALK_PATHS, false);
	walk_all(&walk, ways);
	walk_sum_up(&walk, &sum);
	assert_int_equal(sum.reached->ttl, 3);
	assert_false(sum.reached->accepted);
}

static void a_walk_cut_short_counts_its_open_paths_as_silent(void **state)
{
	(void)state;
	struct walk walk;
	struct walk_summary sum;
	struct walk_report report = {.kind = WALK_HOP, .address = router(1, 1)};
	walk_init(&walk, WALK_PATHS, false);
	walk_take(&walk, 1, &report);
	walk_sum_up(&walk, &sum);
	assert_int_equal(sum.silent, 3);
	assert_int_equal(sum.last->ttl, 1);
}

static void waits_longer_for_the_last_try_than_for_the_first(void **state)
{
	(void)state;
	struct walk walk;
	struct walk_report hop = {
		.kind = WALK_HOP, .address = router(1, 1), .rtt_us = 2000};
	const struct walk_report silence = {.kind = WALK_SILENCE};
	walk_init(&walk, 1, false);
	/* Nothing is known yet. */
	assert_int_equal(walk_wait_ms(&walk, 0, 5000), WALK_LONGEST_WAIT_MS);
	assert_int_equal(walk_wait_ms(&walk, 0, 300), 300);
	walk_take(&walk, 0, &hop);
	assert_int_equal(walk_wait_ms(&walk, 0, 5000), WALK_SHORTEST_WAIT_MS);
	assert_int_equal(walk_wait_ms(&walk, 0, 100), 100);
	walk_take(&walk, 0, &silence);
	assert_int_equal(walk_wait_ms(&walk, 0, 5000), WALK_LONGEST_WAIT_MS);
	walk_take(&walk, 0, &silence);
	hop.rtt_us = 150000;
	walk_take(&walk, 0, &hop);
	assert_int_equal(walk_wait_ms(&walk, 0, 5000), 600);
}

static void a_hop_has_its_least_round_trip(void **state)
{
	(void)state;
	static const uint32_t rtts_us[WALK_PATHS] = {500, 300, 900};
	struct walk walk;

	walk_init(&walk, WALK_PATHS, false);
	for (uint32_t i = 0; i < WALK_PATHS; i++) {
		struct walk_report report = {.kind = WALK_HOP,
			.rtt_us = rtts_us[i],
			.address = router(0, 1)};
		assert_int_equal(walk_take(&walk, i, &report), i == 0);
	}
	assert_int_equal(walk.n_hops, 1);
	assert_int_equal(walk.hops[0].rtt_us, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_target_behind_routers_that_answer),
		cmocka_unit_test(ends_four_silent_hops_after_the_last_answer),
		cmocka_unit_test(has_nothing_to_say_where_nobody_answers),
		cmocka_unit_test(goes_on_over_silent_routers_in_the_middle),
		cmocka_unit_test(finds_the_distance_of_a_target_behind_silent_routers),
		cmocka_unit_test(a_distance_alone_takes_few_syns),
		cmocka_unit_test(a_target_beyond_the_last_ttl_is_not_reached),
		cmocka_unit_test(the_worst_way_stays_within_its_bound),
		cmocka_unit_test(names_who_refuses_and_where),
		cmocka_unit_test(finds_who_refuses_behind_silent_routers),
		cmocka_unit_test(keeps_every_address_of_a_ttl_once_with_its_least_time),
		cmocka_unit_test(hops_stand_by_ttl_however_the_paths_come_along),
		cmocka_unit_test(one_path_of_three_that_is_cut_is_told_apart),
		cmocka_unit_test(a_path_where_nobody_answers_borrows_no_answer),
		cmocka_unit_test(the_nearest_answer_in_the_targets_name_counts),
		cmocka_unit_test(a_walk_cut_short_counts_its_open_paths_as_silent),
		cmocka_unit_test(waits_longer_for_the_last_try_than_for_the_first),
		cmocka_unit_test(a_hop_has_its_least_round_trip),
	};
	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
