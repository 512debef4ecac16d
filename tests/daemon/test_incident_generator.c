/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random fleets in which known causes happen: how many are reported as they were. A
 * cause is hosts x checks; what a scan sees of it is less the flows that were not
 * measured or were broken before. The normal run is short; REACHD_TEST_WHOLE=1 makes it
 * ten times as long, REACHD_TEST_VERBOSE=1 prints what went wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/analyze/incident.h"
#include "tests/support/incident_world.h"

/* ---- a trial
 * --------------------------------------------------------------------------- */

struct score {
	uint32_t trials, exact, splits, wrong_joins;
};

static struct cause causes[2];

/* Other ports, and other hosts where neither is everything: causes that can be told
 * apart. */
static bool are_apart(const enum shape *shapes)
{
	if (world_covers_all(shapes[0]) && world_covers_all(shapes[1]))
		return false;
	/* Each scan is one direction at most for a flow. */
	if (causes[0].checks == causes[1].checks && causes[0].effect != NAMELESS &&
		causes[1].effect != NAMELESS)
		return false;
	/* What is expected to be blocked can't be lost by another cause. */
	if ((shapes[0] == EXPOSED || shapes[1] == EXPOSED) &&
		causes[0].checks & causes[1].checks)
		return false;
	if (shapes[0] == NAME_SERVER || shapes[1] == NAME_SERVER)
		return true;
	if (shapes[0] == EVERYTHING_PORT || shapes[1] == EVERYTHING_PORT)
		return shapes[0] != shapes[1];
	for (uint32_t i = 0; i < MAX_HOSTS; i++)
		if (causes[0].hits[i] && causes[1].hits[i])
			return false;
	return true;
}

static uint32_t count_seen(const struct world *w, uint32_t cause)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_flows; i++)
		n += w->cause_of[i] == cause;
	return n;
}

/* Fills the world; false: this fleet has no room for such causes. */
static bool play(struct world *w, const enum shape *shapes, uint32_t n,
	uint32_t unmeasured_in_1000, uint32_t noise_in_1000)
{
	for (uint32_t i = 0; i < n; i++)
		world_make_cause(w, shapes[i], &causes[i]);
	if (n == 2 && !are_apart(shapes))
		return false;
	memset(w->cause_of, NO_CAUSE, sizeof w->cause_of);
	for (uint32_t i = 0; i < n; i++)
		world_prepare(w, shapes[i], &causes[i]);
	for (uint32_t i = 0; i < w->n_flows; i++) {
		if (unmeasured_in_1000 && world_below(w, 500) == 0)
			w->was_down[i] = true;
		w->is_unmeasured[i] = world_below(w, 1000) < unmeasured_in_1000;
		if (w->was_down[i])
			w->flows[i].from = w->flows[i].to = STATE_FILTERED;
		if (w->is_unmeasured[i])
			w->flows[i].to = STATE_ERROR;
	}
	for (uint32_t i = 0; i < n; i++)
		world_happen(w, &causes[i]);
	for (uint32_t i = 0; i < n; i++)
		if (count_seen(w, i) == 0)
			return false;
	for (uint32_t i = 0; i < w->n_flows && noise_in_1000; i++)
		if (world_below(w, 1000) < noise_in_1000 && w->n_causes < MAX_CAUSES &&
			w->flows[i].check != MAX_CHECKS - 1 &&
			world_affect(w, i, world_below(w, 3) ? LOST : REFUSED, NULL))
			w->cause_of[i] = (uint8_t)w->n_causes++;
	return true;
}

/* Do two causes share neither ports nor hosts? */
static bool are_disjoint(const struct world *w, uint32_t a, uint32_t b)
{
	static uint8_t on[MAX_HOSTS];
	uint32_t checks[2] = {0, 0};
	bool shared = false;

	memset(on, 0, sizeof on);
	for (uint32_t i = 0; i < w->n_flows; i++) {
		uint32_t side = w->cause_of[i] == b;
		if (w->cause_of[i] != a && w->cause_of[i] != b)
			continue;
		checks[side] |= 1U << w->flows[i].check;
		on[w->flows[i].host] |= (uint8_t)(1 << side);
		shared |= on[w->flows[i].host] == 3;
	}
	return !shared && !(checks[0] & checks[1]);
}

static void judge(const struct world *w, uint32_t n, const struct incident *incidents,
	size_t count, struct score *score)
{
	uint32_t in[MAX_CAUSES] = {0};
	bool exact = true, split = false, wrong = false;

	for (size_t i = 0; i < count; i++) {
		bool has[MAX_CAUSES] = {false};
		uint32_t held = 0;

		for (uint32_t j = 0; j < incidents[i].n_flows; j++) {
			uint8_t cause = w->cause_of[incidents[i].flows[j]];
			/* Of both: either may have it. */
			if (n == 2 &&
				world_is_hit(
					&causes[0], &w->flows[incidents[i].flows[j]]) &&
				world_is_hit(
					&causes[1], &w->flows[incidents[i].flows[j]]))
				continue;
			held += !has[cause];
			has[cause] = true;
		}
		exact = exact && held <= 1;
		for (uint32_t a = 0; a < n; a++) {
			in[a] += has[a];
			for (uint32_t b = a + 1; b < n; b++)
				wrong |= has[a] && has[b] && are_disjoint(w, a, b);
		}
	}
	for (uint32_t a = 0; a < n; a++)
		split |= in[a] > 1;
	score->trials++;
	score->exact += exact && !split;
	score->splits += split;
	score->wrong_joins += wrong;
}

/* ---- are the names true?
 * ------------------------------------------------------------------ */

static bool has_group(const struct world *w, uint32_t host, const char *group)
{
	for (uint32_t i = 0; i < w->hosts[host].n_groups; i++)
		if (group && strcmp(w->groups[w->members[host][i]], group) == 0)
			return true;
	return false;
}

static bool in_subnet(const struct net_address *address, const char *text)
{
	char start[NET_ADDRESS_TEXT];
	const char *slash = strchr(text, '/');
	struct net_address network, at;

	snprintf(start, sizeof start, "%.*s", (int)(slash - text), text);
	assert_true(net_address_parse(start, &network));
	at = net_address_network(address, (unsigned)atoi(slash + 1));
	return net_address_compare(&at, &network) == 0;
}

static bool in_range(const struct net_address *address, const char *text)
{
	char start[NET_ADDRESS_TEXT];
	const char *dash = strchr(text, '-');
	struct net_address first, last;

	snprintf(start, sizeof start, "%.*s", (int)(dash - text), text);
	assert_true(net_address_parse(start, &first));
	assert_true(net_address_parse(dash + 1, &last));
	return net_address_compare(&first, address) <= 0 &&
	       net_address_compare(address, &last) <= 0;
}

static bool is_listed(const uint32_t *hosts, uint32_t n, uint32_t host)
{
	for (uint32_t i = 0; i < n; i++)
		if (hosts[i] == host)
			return true;
	return false;
}

/* Is the host one of those that the incident's name means? */
static bool is_named(const struct world *w, const struct incident *what, uint32_t host)
{
	const struct net_address *at = &w->hosts[host].address;

	if (is_listed(what->but, what->n_but, host))
		return false;
	if (is_listed(what->also, what->n_also, host))
		return true;
	for (uint32_t i = 0; i < what->n_groups; i++)
		if (has_group(w, host, what->groups[i]))
			return true;
	if (what->subnet)
		return in_subnet(at, what->subnet);
	if (what->range)
		return in_range(at, what->range);
	if (what->group)
		return has_group(w, host, what->group);
	if (what->host)
		return strcmp(w->names[host], what->host) == 0;
	return what->scope == INCIDENT_ALL || what->scope == INCIDENT_CHECK_ALL;
}

/* Could the flow have shown what the incident is? Written down once more, and simpler.
 */
static bool could_show(const struct incident_flow *flow, const struct incident *what)
{
	if (flow->to == STATE_ERROR)
		return false;
	switch (what->kind) {
	case CHANGE_EXPOSURE:
		return flow->expect == EXPECT_BLOCKED && flow->from == STATE_FILTERED;
	case CHANGE_RECOVERY:
		return flow->expect != EXPECT_BLOCKED && flow->from == STATE_FILTERED;
	default:
		return flow->expect != EXPECT_BLOCKED && flow->from == STATE_OPEN &&
		       (what->to == STATE_CLOSED ? flow->to == STATE_OPEN
						 : flow->kind == CHANGE_NONE ||
							   flow->to == STATE_CLOSED);
	}
}

static int direction_of(const struct incident_flow *flow)
{
	return flow->to == STATE_UNRESOLVED ? 1 : flow->to == STATE_CLOSED ? 2 : 3;
}

static void names_are_true(
	const struct world *w, const struct incident *incidents, size_t count)
{
	static uint8_t is_of[MAX_FLOWS], on[MAX_HOSTS], could[MAX_HOSTS];

	for (size_t i = 0; i < count; i++) {
		const struct incident *what = &incidents[i];
		uint32_t checks = 0, n = 0, of = 0;
		bool is_list = what->scope == INCIDENT_HOSTS ||
			       what->scope == INCIDENT_CHECK_HOSTS ||
			       what->scope == INCIDENT_CAUSE;

		int direction = direction_of(&w->flows[what->flows[0]]);

		memset(is_of, 0, sizeof is_of);
		memset(on, 0, sizeof on);
		memset(could, 0, sizeof could);
		for (uint32_t j = 0; j < what->n_flows; j++) {
			const struct incident_flow *flow = &w->flows[what->flows[j]];
			is_of[what->flows[j]] = 1;
			checks |= 1U << flow->check;
			n += !on[flow->host];
			on[flow->host] = could[flow->host] = 1;
			assert_true(is_list || is_named(w, what, flow->host));
		}
		assert_int_equal(n, what->n_hosts);
		for (uint32_t j = 0; j < w->n_flows; j++) {
			const struct incident_flow *flow = &w->flows[j];
			bool same = flow->kind == what->kind && !is_of[j] &&
				    (what->kind != CHANGE_REGRESSION ||
					    direction_of(flow) == direction);
			if (checks >> flow->check & 1 &&
				(could_show(flow, what) || same))
				could[flow->host] = 1;
			/* A rectangle has no counter-evidence. */
			if (checks >> flow->check & 1 && on[flow->host] && !is_of[j] &&
				flow->kind == CHANGE_NONE &&
				what->kind == CHANGE_REGRESSION &&
				what->scope != INCIDENT_CAUSE)
				assert_false(could_show(flow, what));
		}
		for (uint32_t h = 0; h < w->n_hosts && !is_list; h++) {
			bool named = is_named(w, what, h);
			of += named && could[h];
			/* Of a group those that stayed are counted; else none did. */
			if (named && could[h] && !on[h] && what->of_hosts == n)
				fail_msg("%s: %s is named and was spared",
					what->summary, w->names[h]);
		}
		if (!is_list)
			if (of + what->n_but != what->of_hosts)
				fail_msg("%s: it is %u hosts", what->summary,
					of + what->n_but);
	}
}

/* ---- many trials
 * ------------------------------------------------------------------------------ */

struct sort {
	bool is_bar; /* 300 hosts x 6 ports, as in the acceptance shapes */
	uint32_t unmeasured_in_1000, noise_in_1000;
};

static struct world *world_new(uint64_t seed, const struct sort *sort)
{
	struct world *w = calloc(1, sizeof *w);
	uint32_t scale;

	assert_non_null(w);
	random_seed(&w->random, seed);
	scale = world_below(w, 4);
	world_make_fleet(w,
		sort->is_bar ? 300 : 50 + world_below(w, 100U << scale << scale / 3),
		sort->is_bar || world_below(w, 2));
	return w;
}

static void run_trial(uint64_t seed, const enum shape *shapes, uint32_t n,
	const struct sort *sort, struct score *score)
{
	for (uint64_t tries = 0; tries < 200; tries++) {
		struct world *w = world_new(seed * 1000 + tries, sort);
		struct incident *incidents;
		struct arena arena;
		size_t count;
		struct score before = *score;

		if (!play(w, shapes, n, sort->unmeasured_in_1000,
			    sort->noise_in_1000)) {
			free(w);
			continue;
		}
		arena_init(&arena, 0);
		assert_int_equal(
			incident_fold(&w->input, &arena, &incidents, &count), 0);
		judge(w, n, incidents, count, score);
		names_are_true(w, incidents, count);
		if (score->exact == before.exact && getenv("REACHD_TEST_VERBOSE")) {
			print_message("seed %llu, %u hosts, %s%s%s%s\n",
				(unsigned long long)(seed * 1000 + tries), w->n_hosts,
				w->is_uniform ? "uniform, " : "",
				world_shape_names[shapes[0]], n > 1 ? " + " : "",
				n > 1 ? world_shape_names[shapes[1]] : "");
			for (size_t i = 0; i < count; i++)
				print_message("  cause %u: %s\n",
					w->cause_of[incidents[i].flows[0]],
					incidents[i].summary);
		}
		arena_fini(&arena);
		free(w);
		return;
	}
}

static uint32_t times(uint32_t n)
{
	return getenv("REACHD_TEST_WHOLE") ? 10 * n : n;
}

static double share(uint32_t n, const struct score *score)
{
	return score->trials ? 100.0 * n / score->trials : 0;
}

static void print_score(const char *what, const struct score *score)
{
	print_message(
		"%-34s %6u trials  %5.1f %% exact  %5.1f %% whole  %u wrong joins\n",
		what, score->trials, share(score->exact, score),
		100 - share(score->splits, score), score->wrong_joins);
}

static void add_score(struct score *sum, const struct score *score)
{
	sum->trials += score->trials;
	sum->exact += score->exact;
	sum->splits += score->splits;
	sum->wrong_joins += score->wrong_joins;
}

static void run_alone(
	const struct sort *sort, uint32_t n, struct score *sum, bool print)
{
	for (int shape = 0; shape < N_SHAPES; shape++) {
		struct score score = {0};
		enum shape shapes[2] = {(enum shape)shape};
		for (uint32_t i = 0; i < n; i++)
			run_trial(100000 + (uint64_t)shape * 1000 + i, shapes, 1, sort,
				&score);
		if (print)
			print_score(world_shape_names[shape], &score);
		add_score(sum, &score);
	}
}

static void run_pairs(
	const struct sort *sort, uint32_t n, struct score *sum, bool print)
{
	struct score of[N_SHAPES] = {{0}};

	for (int a = 0; a < N_SHAPES; a++)
		for (int b = a; b < N_SHAPES; b++) {
			enum shape shapes[2] = {(enum shape)a, (enum shape)b};
			struct score score = {0};
			if ((a == NAME_SERVER && b == NAME_SERVER) ||
				(world_covers_all((enum shape)a) &&
					world_covers_all((enum shape)b)))
				continue;
			for (uint32_t i = 0; i < n; i++)
				run_trial(900000 + (uint64_t)(a * N_SHAPES + b) * 1000 +
						  i,
					shapes, 2, sort, &score);
			add_score(&of[a], &score);
			add_score(&of[b], &score);
			add_score(sum, &score);
		}
	for (int a = 0; a < N_SHAPES && print; a++)
		print_score(world_shape_names[a], &of[a]);
}

static void one_cause_is_one_incident(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20};
	struct score sum = {0};

	(void)state;
	run_alone(&sort, times(20), &sum, true);
	print_score("ALONE", &sum);
	assert_true(share(sum.exact, &sum) >= 98);
	assert_int_equal(sum.wrong_joins, 0);
}

static void two_causes_are_two_incidents(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20};
	struct score sum = {0};

	(void)state;
	run_pairs(&sort, times(3), &sum, true);
	print_score("PAIRS", &sum);
	assert_true(share(sum.exact, &sum) >= 94);
	assert_int_equal(sum.wrong_joins, 0);
}

static void three_hundred_hosts_and_six_ports(void **state)
{
	struct sort sort = {.is_bar = true};
	struct score alone = {0}, pairs = {0}, lossy = {0};

	(void)state;
	run_alone(&sort, times(4), &alone, false);
	print_score("300 hosts, all measured", &alone);
	run_pairs(&sort, times(1), &pairs, false);
	print_score("300 hosts, in pairs", &pairs);
	sort.unmeasured_in_1000 = 20;
	run_alone(&sort, times(4), &lossy, false);
	run_pairs(&sort, times(1), &lossy, false);
	print_score("300 hosts, 2 % unmeasured", &lossy);
	assert_true(share(alone.exact, &alone) >= 98);
	assert_true(share(pairs.exact, &pairs) >= 96);
	assert_true(share(lossy.exact, &lossy) >= 96);
	assert_int_equal(alone.wrong_joins + pairs.wrong_joins + lossy.wrong_joins, 0);
}

static void noise_does_not_tear_a_cause_apart(void **state)
{
	struct sort sort = {.unmeasured_in_1000 = 20, .noise_in_1000 = 1};
	struct score sum = {0};

	(void)state;
	run_alone(&sort, times(8), &sum, false);
	print_score("ALONE, 0.1 % noise", &sum);
	assert_true(share(sum.splits, &sum) <= 3);
	assert_int_equal(sum.wrong_joins, 0);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is reported of a world, in an order of its own. */
static size_t summaries(struct world *w, struct arena *arena, const char **out)
{
	struct incident *incidents;
	size_t count;

	assert_int_equal(incident_fold(&w->input, arena, &incidents, &count), 0);
	assert_true(count <= MAX_FLOWS);
	for (size_t i = 0; i < count; i++)
		out[i] = incidents[i].summary;
	qsort(out, count, sizeof *out, compare_texts);
	return count;
}

/* Hosts, flows and groups in another order; names of checks stay, since summaries list
 * them in the order of the input. */
static void shuffle(struct world *w)
{
	static struct incident_host hosts[MAX_HOSTS];
	static uint32_t order[MAX_FLOWS], now_at[MAX_HOSTS];
	static struct incident_flow flows[MAX_FLOWS];

	for (uint32_t i = 0; i < w->n_hosts; i++)
		order[i] = i;
	random_shuffle(&w->random, order, w->n_hosts);
	for (uint32_t i = 0; i < w->n_hosts; i++) {
		hosts[i] = w->hosts[order[i]];
		now_at[order[i]] = i;
	}
	for (uint32_t i = 0; i < w->n_flows; i++)
		order[i] = i;
	random_shuffle(&w->random, order, w->n_flows);
	for (uint32_t i = 0; i < w->n_flows; i++) {
		flows[i] = w->flows[order[i]];
		flows[i].host = now_at[flows[i].host];
	}
	memcpy(w->hosts, hosts, sizeof hosts);
	memcpy(w->flows, flows, sizeof flows);
}

static void the_order_of_the_input_does_not_matter(void **state)
{
	static const char *before[MAX_FLOWS], *after[MAX_FLOWS];
	struct sort sort = {.unmeasured_in_1000 = 20};

	(void)state;
	for (uint64_t seed = 1; seed <= times(20); seed++) {
		struct world *w = world_new(7000 + seed, &sort);
		enum shape shapes[2] = {(enum shape)(seed % N_SHAPES),
			(enum shape)(seed / 2 % N_SHAPES)};
		struct arena arena;
		size_t count;

		arena_init(&arena, 0);
		play(w, shapes, 2, 20, 2);
		count = summaries(w, &arena, before);
		shuffle(w);
		assert_int_equal(summaries(w, &arena, after), count);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(before[i], after[i]);
		arena_fini(&arena);
		free(w);
	}
}

/* Every change once, whatever happens. */
static void chaos_has_an_end(void **state)
{
	static uint8_t seen[MAX_FLOWS];
	struct world *w = calloc(1, sizeof *w);
	struct incident *incidents;
	uint32_t n = 0, changed = 0;
	struct arena arena;
	size_t count;

	(void)state;
	assert_non_null(w);
	random_seed(&w->random, 4711);
	world_make_fleet(w, MAX_HOSTS, true);
	for (uint32_t i = 0; i < w->n_flows; i++)
		changed += world_below(w, 2) && world_affect(w, i, LOST, NULL);
	arena_init(&arena, 0);
	assert_int_equal(incident_fold(&w->input, &arena, &incidents, &count), 0);
	assert_true(count > 2 && count <= 256 + MAX_CHECKS);
	memset(seen, 0, sizeof seen);
	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < incidents[i].n_flows; j++, n++)
			assert_int_equal(seen[incidents[i].flows[j]]++, 0);
	assert_int_equal(n, changed);
	names_are_true(w, incidents, count);
	arena_fini(&arena);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_the_input_does_not_matter),
		cmocka_unit_test(chaos_has_an_end),
		cmocka_unit_test(one_cause_is_one_incident),
		cmocka_unit_test(two_causes_are_two_incidents),
		cmocka_unit_test(three_hundred_hosts_and_six_ports),
		cmocka_unit_test(noise_does_not_tear_a_cause_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
