/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random scans of two vantages, recorded in one store and in a plain table here. What
 * the store says about every scan, every pair of scans and every flow must be what the
 * table says: of all scans, or of those that are left when old ones are pruned and
 * baselines come and go.
 */
#include "base/random.h"
#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

enum {
	HOSTS = 5,
	CHECKS = 4,
	FLOWS = HOSTS * CHECKS,
	SCANS = 70,
	BASELINES = 3,
	KEPT_SECONDS = 25,
	SCANS_THAT_STAY = 10 /* store_prune() */
};

/* A flow at a scan. */
struct truth {
	bool present;
	const char *state, *reason, *identity; /* state "": never measured */
	const char *evidence;
	int64_t since;
	const char *gap; /* NULL: measured */
	bool is_reported;
	struct store_reported reported;
};

/* An incident, by its number. */
struct life {
	int vantage;
	uint64_t remaining;
	int64_t closed; /* by a scan; 0: it is open */
};

struct model {
	struct random_state random;
	struct truth flows[SCANS + 1][FLOWS]; /* by scan number */
	int vantage_of[SCANS + 1];            /* -1: not complete */
	struct truth now[2][FLOWS];
	char hosts[HOSTS][8], checks[CHECKS][8];
	bool prunes;
	int64_t baselines[BASELINES]; /* a scan, or 0 */
	int64_t gone[2];              /* scans up to this one are, by vantage */
	struct life incidents[SCANS + 1];
	int64_t n_incidents;
};

static const char *const vantages[] = {"paris", "lyon"};
static const char *const states[] = {"open", "closed", "filtered"};
static const char *const reasons[] = {"syn-ack", "rst"};
static const char *const identities[] = {"", "v4 open"};
static const char *const troubles[] = {"no-descriptor", "no-route"};
static const char *const evidences[] = {
	"", "{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"b\":1}", "{\"b\":2}"};
static const char *const baselines[BASELINES] = {"before", "after", "never"};

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
	row->evidence = PICK(model, evidences);
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
		truth->evidence = row->evidence;
		truth->since = scan;
	}
	truth->present = true;
}

/* At times people are told of a flow, by the incident that the scan opens, by one that
 * is open, or by none; or what they were told is forgotten. */
static void tell(
	struct model *model, int vantage, struct truth *truth, struct store_row *row)
{
	int64_t id = 1 + random_below(&model->random, (uint32_t)model->n_incidents);

	if (chance(model, 5)) {
		row->forget_reported = true;
		truth->is_reported = false;
	} else if (chance(model, 15)) {
		truth->is_reported = true;
		truth->reported = (struct store_reported){.state = truth->state,
			.reason = truth->reason,
			.identity = truth->identity,
			.verdict = PICK(model, reasons)};
		if (model->incidents[id].vantage == vantage &&
			!model->incidents[id].closed)
			truth->reported.incident = id;
		row->reported = &truth->reported;
	}
}

/* How many flows refer to each incident now. */
static void count_remaining(struct model *model, int vantage)
{
	for (int64_t id = 1; id <= model->n_incidents; id++)
		if (model->incidents[id].vantage == vantage)
			model->incidents[id].remaining = 0;
	for (size_t i = 0; i < FLOWS; i++) {
		const struct truth *truth = &model->now[vantage][i];
		if (truth->is_reported && truth->reported.incident)
			model->incidents[truth->reported.incident].remaining++;
	}
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
			tell(model, vantage, truth, &row);
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
	struct store_incident_update updates[SCANS];
	struct feed feed = {.rows = rows};
	char uid[40];
	struct store_incident opened = {
		.uid = uid, .kind = "regression", .summary = "s", .body = "{}"};
	struct store_record what = {.next = feed_row,
		.next_data = &feed,
		.opened = &opened,
		.n_opened = 1,
		.updates = updates};
	int vantage = (int)random_below(&model->random, 2);
	int64_t id = begin(bed->store, vantages[vantage], 0);

	assert_true(id <= SCANS);
	model->vantage_of[id] = -1;
	if (chance(model, 10)) {
		assert_int_equal(store_scan_interrupt(bed->store, id), 0);
		return;
	}
	assert_int_equal(store_incident_next(bed->store, &opened.id), 0);
	assert_int_equal(opened.id, ++model->n_incidents);
	model->incidents[opened.id] = (struct life){.vantage = vantage};
	feed.count = make_rows(model, vantage, id, rows);
	count_remaining(model, vantage);
	snprintf(uid, sizeof uid, "%032lld", (long long)opened.id);
	for (int64_t i = 1; i <= model->n_incidents; i++) {
		struct life *life = &model->incidents[i];
		if (life->vantage != vantage || life->closed)
			continue;
		if (i == opened.id)
			opened.flows = opened.remaining = life->remaining;
		else
			updates[what.n_updates++] = (struct store_incident_update){
				.id = i, .remaining = life->remaining};
		life->closed = life->remaining ? 0 : id;
	}
	what.scan = id;
	what.totals.finished_us = id * SECOND;
	what.totals.flows = feed.count;
	assert_int_equal(store_scan_record(bed->store, &what), 0);
	model->vantage_of[id] = vantage;
	memcpy(model->flows[id], model->now[vantage], sizeof model->flows[id]);
	if (chance(model, 10)) {
		bed_close(bed);
		bed_open(bed, STORE_WRITE);
	}
}

/* ---- old scans --------------------------------------------------------------- */

static bool has_baseline(const struct model *model, int64_t scan)
{
	for (int i = 0; i < BASELINES; i++)
		if (model->baselines[i] == scan)
			return true;
	return false;
}

static bool is_kept(const struct model *model, int64_t scan)
{
	int vantage = model->vantage_of[scan];

	return vantage >= 0 &&
	       (scan > model->gone[vantage] || has_baseline(model, scan));
}

static void move_baseline(struct model *model, struct store *store, int64_t scans)
{
	uint32_t i = random_below(&model->random, BASELINES);
	int64_t scan = 1 + random_below(&model->random, (uint32_t)scans);

	if (model->baselines[i] && chance(model, 40)) {
		assert_int_equal(store_baseline_remove(store, baselines[i]), 0);
		model->baselines[i] = 0;
	} else if (is_kept(model, scan)) {
		assert_int_equal(
			store_baseline_save(store, baselines[i], scan, 0, true), 0);
		model->baselines[i] = scan;
	} else if (model->vantage_of[scan] >= 0) {
		assert_int_equal(
			store_baseline_save(store, baselines[i], scan, 0, true),
			-ENODATA);
	}
}

/* Scans finish a second after each other. */
static void forget(struct model *model, int vantage, int64_t scans)
{
	int64_t newest[SCANS_THAT_STAY] = {0};
	int count = 0;

	for (int64_t scan = scans; scan > 0 && count < SCANS_THAT_STAY; scan--)
		if (model->vantage_of[scan] == vantage)
			newest[count++] = scan;
	if (count < SCANS_THAT_STAY)
		return;
	for (int64_t scan = 1; scan < newest[count - 1] - KEPT_SECONDS; scan++)
		if (model->vantage_of[scan] == vantage && model->gone[vantage] < scan)
			model->gone[vantage] = scan;
}

static void prune(struct model *model, struct store *store, int64_t scans, bool all)
{
	struct store_retention keep = {
		.now_us = SECOND * SCANS * 2, .history_us = KEPT_SECONDS * SECOND};
	bool more;

	for (int vantage = 0; vantage < 2; vantage++) {
		do
			assert_int_equal(
				store_prune(store, vantages[vantage], &keep, &more), 0);
		while (more && all);
		forget(model, vantage, scans);
	}
}

static void age(struct model *model, struct store *store, int64_t scans)
{
	if (!model->prunes)
		return;
	if (chance(model, 40))
		move_baseline(model, store, scans);
	if (chance(model, 40))
		prune(model, store, scans, chance(model, 50));
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
	bool newest; /* b is, of its vantage */
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
	assert_string_equal(flow->evidence, truth->evidence);
	assert_int_equal(flow->since_scan, truth->since);
	assert_int_equal(flow->since_us, truth->since * SECOND);
	assert_int_equal(flow->gap, truth->gap != NULL);
	assert_string_equal(flow->gap_reason, truth->gap ? truth->gap : "");
	assert_int_equal(flow->is_reported, visit->newest && truth->is_reported);
	if (!flow->is_reported)
		return true;
	assert_string_equal(flow->reported.state, truth->reported.state);
	assert_string_equal(flow->reported.reason, truth->reported.reason);
	assert_string_equal(flow->reported.identity, truth->reported.identity);
	assert_string_equal(flow->reported.verdict, truth->reported.verdict);
	assert_int_equal(flow->reported.incident, truth->reported.incident);
	return true;
}

static void check_scan(const struct model *model, struct store *store, int64_t scan)
{
	struct visit visit = {.model = model, .b = scan, .newest = true};
	size_t present = 0;

	for (int64_t later = scan + 1; later <= SCANS; later++)
		if (model->vantage_of[later] == model->vantage_of[scan])
			visit.newest = false;

	for (size_t i = 0; i < FLOWS; i++)
		present += model->flows[scan][i].present;
	if (!is_kept(model, scan)) {
		assert_int_equal(
			store_flows_at(store, scan, on_flow, &visit), -ENODATA);
		assert_non_null(strstr(store_last_error(store), "was pruned"));
		return;
	}
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
	assert_string_equal(change->to_evidence, b->present ? b->evidence : "");
	return true;
}

static void check_pair(
	const struct model *model, struct store *store, int64_t a, int64_t b)
{
	struct visit visit = {.model = model, .a = a, .b = b};
	size_t expected = 0;

	for (size_t i = 0; i < FLOWS; i++)
		expected += differs(&model->flows[a][i], &model->flows[b][i]);
	if (!is_kept(model, a) || !is_kept(model, b)) {
		assert_int_equal(
			store_changes(store, a, b, on_change, &visit), -ENODATA);
		return;
	}
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

/* Scans that nothing was told of may be so only if they are gone. */
static void skip_until(struct course *course, int64_t scan)
{
	const struct model *model = course->model;

	for (; course->at < scan; course->at++)
		assert_false(is_of(course, course->at) && is_kept(model, course->at) &&
			     model->flows[course->at][course->flow].present);
}

static bool on_interval(void *data, const struct store_interval *interval)
{
	struct course *course = data;
	const struct model *model = course->model;
	int64_t end = interval->to_scan ? interval->to_scan : SCANS;

	skip_until(course, interval->from_scan);
	for (; course->at <= end; course->at++) {
		const struct truth *truth = &model->flows[course->at][course->flow];
		if (!is_of(course, course->at))
			continue;
		assert_true(truth->present);
		assert_string_equal(interval->state, truth->state);
		assert_string_equal(interval->reason, truth->reason);
		assert_string_equal(interval->identity, truth->identity);
		assert_string_equal(interval->evidence, truth->evidence);
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
	int rc;

	course.at = 1;
	rc = store_history(store, vantages[vantage], host, check, on_interval, &course);
	/* Nothing is left of a flow that no scan is left of. */
	assert_true(rc == 0 || (rc == -ENOENT && model->prunes));
	skip_until(&course, SCANS + 1);
	course.at = 0;
	for (int64_t scan = 1; scan <= SCANS; scan++)
		gaps += is_of(&course, scan) && is_kept(model, scan) &&
			model->flows[scan][flow].present &&
			model->flows[scan][flow].gap;
	rc = store_gaps(store, vantages[vantage], host, check, on_gap, &course);
	assert_true(rc == 0 || (rc == -ENOENT && model->prunes));
	assert_int_equal(course.gaps, gaps);
}

/* ---- every incident ---------------------------------------------------------- */

static void check_incidents(const struct model *model, struct store *store)
{
	struct store_incident incident;

	for (int64_t id = 1; id <= model->n_incidents; id++) {
		const struct life *life = &model->incidents[id];
		int rc = store_incident_get(
			store, vantages[life->vantage], id, &incident);
		if (life->closed && life->closed <= model->gone[life->vantage]) {
			assert_true(rc == 0 || rc == -ENODATA);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(incident.remaining, life->remaining);
		assert_int_equal(incident.closed_scan, life->closed);
		assert_int_equal(incident.closed_us, life->closed * SECOND);
	}
}

/* ---- nothing else ------------------------------------------------------------ */

static void none(struct store *store, const char *what, const char *from_where)
{
	char text[1024];
	int64_t count;

	snprintf(text, sizeof text, "SELECT count(*) FROM %s", from_where);
	assert_int_equal(sql_number(store, text, &count), 0);
	if (count)
		fail_msg("%lld %s", (long long)count, what);
}

#define HELD(t, or_else)                                                      \
	"EXISTS (SELECT 1 FROM baseline JOIN scan ON scan.id = baseline.scan" \
	" WHERE scan.vantage = " t ".vantage AND scan.id <= " t               \
	".to_scan AND (scan.id >= " t ".from_scan" or_else "))"

static bool on_problem(void *data, const char *problem)
{
	(void)data;
	fail_msg("%s", problem);
	return false;
}

/* All that could go is gone. */
static void check_leftovers(struct store *store)
{
	none(store, "incidents that were closed long ago",
		"incident JOIN vantage ON vantage.id = incident.vantage"
		" WHERE closed_scan <= pruned");
	none(store, "references to nothing", "pragma_foreign_key_check");
	none(store, "intervals that nothing needs",
		"interval AS i JOIN vantage ON vantage.id = i.vantage"
		" WHERE i.to_scan <= pruned AND NOT " HELD("i", " OR i.removed"));
	none(store, "gaps that nothing needs",
		"gap AS g JOIN vantage ON vantage.id = g.vantage"
		" WHERE g.to_scan <= pruned AND NOT " HELD("g", ""));
	none(store, "scans that nothing needs",
		"scan JOIN vantage ON vantage.id = scan.vantage WHERE scan.id <= pruned"
		" AND scan.id NOT IN (SELECT scan FROM baseline"
		" UNION SELECT from_scan FROM interval UNION SELECT to_scan FROM interval"
		" UNION SELECT from_scan FROM gap UNION SELECT to_scan FROM gap"
		" UNION SELECT from_scan FROM flow WHERE from_scan IS NOT NULL"
		" UNION SELECT gap_from FROM flow WHERE gap_from IS NOT NULL)");
	none(store, "evidence that nothing needs",
		"word WHERE text LIKE '{%' AND id NOT IN (SELECT evidence FROM flow"
		" UNION SELECT evidence FROM interval)");
	none(store, "flows that nothing needs",
		"flow WHERE from_scan IS NULL AND number < (SELECT max(number)"
		"  FROM flow AS f WHERE f.vantage = flow.vantage)"
		" AND NOT EXISTS (SELECT 1 FROM interval AS i"
		"  WHERE i.vantage = flow.vantage AND i.host = flow.host"
		"  AND i.check_name = flow.check_name)");
	none(store, "hosts that nothing needs",
		"host WHERE id NOT IN (SELECT host FROM flow)");
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
	check_incidents(model, store);
	assert_int_equal(store_check(store, on_problem, NULL), 0);
}

static void run_model(struct bed *bed, uint64_t seed, bool prunes)
{
	struct model *model = calloc(1, sizeof *model);

	assert_non_null(model);
	random_seed(&model->random, seed);
	model->prunes = prunes;
	for (int i = 0; i < HOSTS; i++)
		snprintf(model->hosts[i], sizeof model->hosts[i], "host%d", i);
	for (int i = 0; i < CHECKS; i++)
		snprintf(model->checks[i], sizeof model->checks[i], "tcp/%d", i + 1);
	for (int i = 1; i <= SCANS; i++) {
		make_scan(model, bed);
		age(model, bed->store, i);
	}
	check_all(model, bed->store);
	if (prunes) {
		prune(model, bed->store, SCANS, true);
		assert_in_range(model->gone[0], 1, SCANS);
		assert_in_range(model->gone[1], 1, SCANS);
		check_all(model, bed->store);
		check_leftovers(bed->store);
	}
	free(model);
}

static void tells_of_random_scans_what_a_plain_table_tells(void **state)
{
	run_model(*state, 1, false);
}

static void tells_it_for_another_seed(void **state)
{
	run_model(*state, 20240229, false);
}

/* Each with a store of its own. */
static void tells_it_of_what_is_left_when_old_scans_are_pruned(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		void *bed;

		bed_setup_open(&bed);
		run_model(bed, seed, true);
		bed_teardown(&bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tells_of_random_scans_what_a_plain_table_tells, bed_setup_open,
			bed_teardown),
		cmocka_unit_test_setup_teardown(
			tells_it_for_another_seed, bed_setup_open, bed_teardown),
		cmocka_unit_test(tells_it_of_what_is_left_when_old_scans_are_pruned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
