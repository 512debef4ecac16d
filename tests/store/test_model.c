/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random scans of two vantages, recorded in one store and in a plain table here. What
 * the store says about every scan, every pair of scans and every flow must be what the
 * table says.
 */
#include "base/random.h"
#include "tests/store/fixture.h"

enum {
	HOSTS = 5,
	CHECKS = 4,
	FLOWS = HOSTS * CHECKS,
	SCANS = 70
};

/* A flow at a scan. */
struct truth {
	bool present;
	const char *state, *reason, *identity; /* state "": never measured */
	int64_t since;
	const char *gap; /* NULL: measured */
};

struct model {
	struct random_state random;
	struct truth flows[SCANS + 1][FLOWS]; /* by scan number */
	int vantage_of[SCANS + 1];            /* -1: not complete */
	struct truth now[2][FLOWS];
	char hosts[HOSTS][8], checks[CHECKS][8];
};

static const char *const vantages[] = {"paris", "lyon"};
static const char *const states[] = {"open", "closed", "filtered"};
static const char *const reasons[] = {"syn-ack", "rst"};
static const char *const identities[] = {"", "v4 open"};
static const char *const troubles[] = {"no-descriptor", "no-route"};

/* ---- making scans ------------------------------------------------------------ */

static bool chance(struct model *model, uint32_t of_100)
{
	return random_below(&model->random, 100) < of_100;
}

#define PICK(model, list) ((list)[random_below(&(model)->random, ARRAY_SIZE(list))])

/* What the scan sees of one flow; false: it is not in the inventory. */
static bool observe(
	struct model *model, const struct truth *before, struct store_row *row)
{
	bool known = before->present && *before->state;

	if (chance(model, before->present ? 8 : 60))
		return false;
	row->measured = chance(model, before->gap ? 50 : 90);
	row->reason =
		before->gap && chance(model, 70) ? before->gap : PICK(model, troubles);
	row->state = "error";
	row->identity = "";
	if (!row->measured)
		return true;
	row->state = known ? before->state : PICK(model, states);
	row->reason = known ? before->reason : PICK(model, reasons);
	row->identity = known ? before->identity : PICK(model, identities);
	if (chance(model, 10))
		row->state = PICK(model, states);
	if (chance(model, 10))
		row->reason = PICK(model, reasons);
	if (chance(model, 10))
		row->identity = PICK(model, identities);
	return true;
}

/* What is true after the row, by the words of store.h. */
static void follow(struct truth *truth, const struct store_row *row, int64_t scan)
{
	bool same = truth->present && strcmp(truth->state, row->state) == 0 &&
		    strcmp(truth->reason, row->reason) == 0 &&
		    strcmp(truth->identity, row->identity) == 0;

	truth->gap = row->measured ? NULL : row->reason;
	if (row->measured ? !same : !truth->present) {
		truth->state = row->measured ? row->state : "";
		truth->reason = row->reason;
		truth->identity = row->identity;
		truth->since = scan;
	}
	truth->present = true;
}

static size_t make_rows(
	struct model *model, int vantage, int64_t scan, struct store_row *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		struct truth *truth = &model->now[vantage][i];
		struct store_row row = SEEN(
			model->hosts[i / CHECKS], model->checks[i % CHECKS], "open");
		if (observe(model, truth, &row)) {
			follow(truth, &row, scan);
			rows[count++] = row;
		} else {
			*truth = (struct truth){0};
		}
	}
	return count;
}

static void make_scan(struct model *model, struct bed *bed)
{
	struct store_row rows[FLOWS];
	int vantage = (int)random_below(&model->random, 2);
	int64_t id = begin(bed->store, vantages[vantage], 0);
	size_t count;

	assert_true(id <= SCANS);
	model->vantage_of[id] = -1;
	if (chance(model, 10)) {
		assert_int_equal(store_scan_interrupt(bed->store, id), 0);
		return;
	}
	count = make_rows(model, vantage, id, rows);
	assert_int_equal(record(bed->store, id, id * SECOND,
				 (struct feed){.rows = rows, .count = count}),
		0);
	model->vantage_of[id] = vantage;
	memcpy(model->flows[id], model->now[vantage], sizeof model->flows[id]);
	if (chance(model, 10)) {
		bed_close(bed);
		bed_open(bed, STORE_WRITE);
	}
}

static size_t flow_index(const struct model *model, const char *host, const char *check)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (!strcmp(model->hosts[i / CHECKS], host) &&
			!strcmp(model->checks[i % CHECKS], check))
			return i;
	fail_msg("no flow %s %s", host, check);
	return 0;
}

/* ---- every scan -------------------------------------------------------------- */

struct visit {
	const struct model *model;
	int64_t a, b;
	bool seen[FLOWS];
	size_t count;
};

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct visit *visit = data;
	size_t i = flow_index(visit->model, flow->host, flow->check);
	const struct truth *truth = &visit->model->flows[visit->b][i];

	assert_string_equal(
		flow->vantage, vantages[visit->model->vantage_of[visit->b]]);
	assert_true(truth->present);
	assert_false(visit->seen[i]);
	visit->seen[i] = true;
	visit->count++;
	assert_string_equal(flow->state, truth->state);
	assert_string_equal(flow->reason, truth->reason);
	assert_string_equal(flow->identity, truth->identity);
	assert_int_equal(flow->since_scan, truth->since);
	assert_int_equal(flow->since_us, truth->since * SECOND);
	assert_int_equal(flow->gap, truth->gap != NULL);
	assert_string_equal(flow->gap_reason, truth->gap ? truth->gap : "");
	return true;
}

static void check_scan(const struct model *model, struct store *store, int64_t scan)
{
	struct visit visit = {.model = model, .b = scan};
	size_t present = 0;

	for (size_t i = 0; i < FLOWS; i++)
		present += model->flows[scan][i].present;
	assert_int_equal(store_flows_at(store, scan, on_flow, &visit), 0);
	assert_int_equal(visit.count, present);
}

/* ---- every pair -------------------------------------------------------------- */

static const char *state_of(const struct truth *truth)
{
	return truth->present ? truth->state : "";
}

static const char *identity_of(const struct truth *truth)
{
	return truth->present ? truth->identity : "";
}

static bool differs(const struct truth *a, const struct truth *b)
{
	return strcmp(state_of(a), state_of(b)) != 0 ||
	       strcmp(identity_of(a), identity_of(b)) != 0;
}

static bool on_change(void *data, const struct store_change *change)
{
	struct visit *visit = data;
	size_t i = flow_index(visit->model, change->host, change->check);
	const struct truth *a = &visit->model->flows[visit->a][i];
	const struct truth *b = &visit->model->flows[visit->b][i];

	assert_true(differs(a, b));
	assert_false(visit->seen[i]);
	visit->seen[i] = true;
	visit->count++;
	assert_string_equal(change->from_state, state_of(a));
	assert_string_equal(change->from_reason, a->present ? a->reason : "");
	assert_string_equal(change->from_identity, identity_of(a));
	assert_string_equal(change->to_state, state_of(b));
	assert_string_equal(change->to_reason, b->present ? b->reason : "");
	assert_string_equal(change->to_identity, identity_of(b));
	return true;
}

static void check_pair(
	const struct model *model, struct store *store, int64_t a, int64_t b)
{
	struct visit visit = {.model = model, .a = a, .b = b};
	size_t expected = 0;

	for (size_t i = 0; i < FLOWS; i++)
		expected += differs(&model->flows[a][i], &model->flows[b][i]);
	assert_int_equal(store_changes(store, a, b, on_change, &visit), 0);
	assert_int_equal(visit.count, expected);
}

/* ---- every flow -------------------------------------------------------------- */

struct course {
	const struct model *model;
	int vantage;
	size_t flow;
	int64_t at; /* scans up to here were accounted for */
	size_t gaps;
};

static bool is_of(const struct course *course, int64_t scan)
{
	return course->model->vantage_of[scan] == course->vantage;
}

static bool on_interval(void *data, const struct store_interval *interval)
{
	struct course *course = data;
	const struct model *model = course->model;
	int64_t end = interval->to_scan ? interval->to_scan : SCANS;

	for (; course->at < interval->from_scan; course->at++)
		assert_false(is_of(course, course->at) &&
			     model->flows[course->at][course->flow].present);
	for (; course->at <= end; course->at++) {
		const struct truth *truth = &model->flows[course->at][course->flow];
		if (!is_of(course, course->at))
			continue;
		assert_true(truth->present);
		assert_string_equal(interval->state, truth->state);
		assert_string_equal(interval->reason, truth->reason);
		assert_string_equal(interval->identity, truth->identity);
		assert_int_equal(interval->from_scan, truth->since);
	}
	assert_int_equal(interval->from_us, interval->from_scan * SECOND);
	assert_int_equal(interval->to_us, interval->to_scan * SECOND);
	return true;
}

static bool on_gap(void *data, int64_t scan, int64_t wall_us, const char *reason)
{
	struct course *course = data;
	const struct truth *truth = &course->model->flows[scan][course->flow];

	assert_true(is_of(course, scan));
	assert_true(scan > course->at);
	course->at = scan;
	course->gaps++;
	assert_int_equal(wall_us, scan * SECOND);
	assert_string_equal(reason, truth->gap);
	return true;
}

static void check_flow(
	const struct model *model, struct store *store, int vantage, size_t flow)
{
	struct course course = {.model = model, .vantage = vantage, .flow = flow};
	const char *host = model->hosts[flow / CHECKS];
	const char *check = model->checks[flow % CHECKS];
	size_t gaps = 0;

	course.at = 1;
	assert_int_equal(store_history(store, vantages[vantage], host, check,
				 on_interval, &course),
		0);
	for (; course.at <= SCANS; course.at++)
		assert_false(is_of(&course, course.at) &&
			     model->flows[course.at][flow].present);
	course.at = 0;
	for (int64_t scan = 1; scan <= SCANS; scan++)
		gaps += is_of(&course, scan) && model->flows[scan][flow].present &&
			model->flows[scan][flow].gap;
	assert_int_equal(
		store_gaps(store, vantages[vantage], host, check, on_gap, &course), 0);
	assert_int_equal(course.gaps, gaps);
}

/* ---- all --------------------------------------------------------------------- */

static void check_all(const struct model *model, struct store *store)
{
	for (int64_t b = 1; b <= SCANS; b++) {
		if (model->vantage_of[b] < 0)
			continue;
		check_scan(model, store, b);
		for (int64_t a = 1; a <= b; a++)
			if (model->vantage_of[a] == model->vantage_of[b])
				check_pair(model, store, a, b);
	}
	for (size_t i = 0; i < FLOWS; i++)
		for (int vantage = 0; vantage < 2; vantage++)
			check_flow(model, store, vantage, i);
}

static void run_model(struct bed *bed, uint64_t seed)
{
	struct model *model = calloc(1, sizeof *model);

	assert_non_null(model);
	random_seed(&model->random, seed);
	for (int i = 0; i < HOSTS; i++)
		snprintf(model->hosts[i], sizeof model->hosts[i], "host%d", i);
	for (int i = 0; i < CHECKS; i++)
		snprintf(model->checks[i], sizeof model->checks[i], "tcp/%d", i + 1);
	for (int i = 0; i < SCANS; i++)
		make_scan(model, bed);
	check_all(model, bed->store);
	free(model);
}

static void tells_of_random_scans_what_a_plain_table_tells(void **state)
{
	run_model(*state, 1);
}

static void tells_it_for_another_seed(void **state)
{
	run_model(*state, 20240229);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tells_of_random_scans_what_a_plain_table_tells, bed_setup_open,
			bed_teardown),
		cmocka_unit_test_setup_teardown(
			tells_it_for_another_seed, bed_setup_open, bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
