/* SPDX-License-Identifier: Apache-2.0 */
#include "store/outbox.h"

#include "base/random.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

/* ---- scans with something to tell -------------------------------------------- */

struct telling {
	const char *bodies[16], *sinks[8];
	size_t n_bodies, n_sinks;
	uint32_t keep;
};

#define BODIES(...)              \
	.bodies = {__VA_ARGS__}, \
	.n_bodies = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)
#define SINKS(...)              \
	.sinks = {__VA_ARGS__}, \
	.n_sinks = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)

static int record_telling(struct store *store, int64_t id,
	int (*next)(void *data, struct store_row *row), const struct telling *telling)
{
	struct outbox_put put = {
		.bodies = telling->bodies,
		.n_bodies = telling->n_bodies,
		.sinks = telling->sinks,
		.n_sinks = telling->n_sinks,
		.keep = telling->keep,
	};
	struct store_record what = {
		.scan = id,
		.totals = {.finished_us = id * SECOND},
		.next = next,
		.outbox = &put,
	};

	return store_scan_record(store, &what);
}

static int no_row(void *data, struct store_row *row)
{
	(void)data;
	(void)row;
	return 0;
}

static int broken_row(void *data, struct store_row *row)
{
	(void)data;
	(void)row;
	return -EIO;
}

static void tell(struct store *store, struct telling telling)
{
	int64_t id = begin(store, "paris", 0);

	assert_int_equal(record_telling(store, id, no_row, &telling), 0);
}

/* ---- what is read ------------------------------------------------------------ */

struct read {
	char text[4096];
	char uids[64][33];
	int64_t last;
	unsigned count;
};

static bool keep(void *data, const struct outbox_notice *notice)
{
	struct read *read = data;

	assert_true(notice->number > read->last);
	assert_int_equal(strlen(notice->uid), 32);
	assert_int_equal(notice->put_us, notice->scan * SECOND);
	strcat(read->text, notice->body);
	strcat(read->text, " ");
	strcpy(read->uids[read->count++ % 64], notice->uid);
	read->last = notice->number;
	return true;
}

static struct read read_all(struct store *store, const char *sink)
{
	struct read read = {.last = 0};

	assert_int_equal(outbox_read(store, "paris", sink, 64, keep, &read), 0);
	return read;
}

static void expect(struct store *store, const char *sink, const char *text)
{
	assert_string_equal(read_all(store, sink).text, text);
}

static int64_t number(struct store *store, const char *text)
{
	int64_t value = -1;

	assert_int_equal(sql_number(store, text, &value), 0);
	return value;
}

static struct outbox_sink get(struct store *store, const char *sink)
{
	struct outbox_sink out;

	assert_int_equal(outbox_get(store, "paris", sink, &out), 0);
	return out;
}

/* The sink has been told of `count` notices, the next ones that wait. */
static bool take_one(void *data, const struct outbox_notice *notice)
{
	*(int64_t *)data = notice->number;
	return true;
}

static void advance(struct store *store, const char *sink, unsigned count)
{
	struct outbox_step step = {.told = count};

	assert_int_equal(
		outbox_read(store, "paris", sink, count, take_one, &step.upto), 0);
	assert_int_equal(outbox_advance(store, "paris", sink, &step), 0);
}

/* ---- tests ------------------------------------------------------------------- */

static void each_sink_is_told_in_order_and_at_its_own_pace(void **state)
{
	struct bed *bed = *state;

	tell(bed->store, (struct telling){BODIES("a", "b"), SINKS("x", "y")});
	tell(bed->store, (struct telling){BODIES("c"), SINKS("x", "y")});
	expect(bed->store, "x", "a b c ");
	advance(bed->store, "x", 2);
	expect(bed->store, "x", "c ");
	expect(bed->store, "y", "a b c ");
	advance(bed->store, "y", 3);
	expect(bed->store, "y", "");
	/* What all have been told is gone, what one waits for is not. */
	assert_int_equal(number(bed->store, "SELECT count(*) FROM notice"), 1);
	advance(bed->store, "x", 1);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM notice"), 0);
	assert_int_equal(get(bed->store, "x").told, 3);
}

static void a_notice_keeps_its_uid_and_no_two_have_the_same(void **state)
{
	struct bed *bed = *state;
	struct read before, after;

	tell(bed->store, (struct telling){BODIES("a", "a", "a"), SINKS("x")});
	before = read_all(bed->store, "x");
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
	after = read_all(bed->store, "x");
	for (int i = 0; i < 3; i++)
		assert_string_equal(before.uids[i], after.uids[i]);
	assert_string_not_equal(before.uids[0], before.uids[1]);
	assert_string_not_equal(before.uids[1], before.uids[2]);
}

static void a_new_sink_is_told_from_its_first_scan_on(void **state)
{
	struct bed *bed = *state;

	tell(bed->store, (struct telling){BODIES("a"), SINKS("x")});
	tell(bed->store, (struct telling){BODIES("b"), SINKS("x", "y")});
	expect(bed->store, "x", "a b ");
	expect(bed->store, "y", "b ");
	/* Even when nothing waits any more. */
	advance(bed->store, "x", 2);
	advance(bed->store, "y", 1);
	tell(bed->store, (struct telling){BODIES("c"), SINKS("x", "y", "z")});
	expect(bed->store, "z", "c ");
}

static void a_sink_that_left_is_forgotten_and_holds_nothing_back(void **state)
{
	struct bed *bed = *state;
	struct outbox_sink sink;

	tell(bed->store, (struct telling){BODIES("a"), SINKS("x", "y")});
	advance(bed->store, "x", 1);
	tell(bed->store, (struct telling){SINKS("x")});
	assert_int_equal(outbox_get(bed->store, "paris", "y", &sink), -ENOENT);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM notice"), 0);
	/* None at all: nothing is kept. */
	tell(bed->store, (struct telling){BODIES("b")});
	assert_int_equal(number(bed->store, "SELECT count(*) FROM notice"), 0);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM sink"), 0);
}

static void a_scan_that_is_not_recorded_tells_nothing(void **state)
{
	struct bed *bed = *state;
	struct telling telling = {BODIES("b"), SINKS("x", "y")};
	int64_t id;

	tell(bed->store, (struct telling){BODIES("a"), SINKS("x")});
	id = begin(bed->store, "paris", 0);
	assert_int_equal(record_telling(bed->store, id, broken_row, &telling), -EIO);
	expect(bed->store, "x", "a ");
	expect(bed->store, "y", "");
}

static void the_oldest_give_way_and_are_counted(void **state)
{
	struct bed *bed = *state;

	tell(bed->store,
		(struct telling){BODIES("a", "b", "c"), SINKS("x", "y"), .keep = 3});
	advance(bed->store, "x", 2);
	assert_int_equal(outbox_fail(bed->store, "paris", "y", "no", false), 0);
	tell(bed->store,
		(struct telling){BODIES("d", "e"), SINKS("x", "y"), .keep = 3});
	expect(bed->store, "x", "c d e ");
	expect(bed->store, "y", "c d e ");
	assert_int_equal(get(bed->store, "x").dropped, 0);
	assert_int_equal(get(bed->store, "y").dropped, 2);
	assert_int_equal(get(bed->store, "y").untold, 2);
	assert_int_equal(get(bed->store, "y").attempts, 0);
	/* A receipt that comes late moves nothing back. */
	assert_int_equal(outbox_advance(bed->store, "paris", "y",
				 &(struct outbox_step){.upto = 1, .untold = 2}),
		0);
	expect(bed->store, "y", "c d e ");
	assert_int_equal(get(bed->store, "y").dropped, 2);
	assert_int_equal(get(bed->store, "y").untold, 0);
}

static bool see_error(void *data, const struct outbox_sink *sink)
{
	snprintf(data, 64, "%s: %s", sink->name, sink->error);
	return true;
}

static void failures_are_kept_until_it_works(void **state)
{
	struct bed *bed = *state;
	char text[64] = "";

	tell(bed->store, (struct telling){BODIES("a", "b"), SINKS("x")});
	assert_int_equal(
		outbox_fail(bed->store, "paris", "x", "answers 500", false), 0);
	assert_int_equal(outbox_fail(bed->store, "paris", "x", "answers 400", true), 0);
	assert_int_equal(get(bed->store, "x").attempts, 2);
	assert_int_equal(get(bed->store, "x").refusals, 1);
	assert_int_equal(get(bed->store, "x").waiting, 2);
	assert_int_equal(get(bed->store, "x").oldest_us, SECOND);
	assert_int_equal(outbox_list(bed->store, "paris", see_error, text), 0);
	assert_string_equal(text, "x: answers 400");
	advance(bed->store, "x", 1);
	assert_int_equal(get(bed->store, "x").attempts, 0);
	assert_int_equal(get(bed->store, "x").refusals, 0);
	assert_int_equal(get(bed->store, "x").waiting, 1);
	assert_int_equal(outbox_list(bed->store, "paris", see_error, text), 0);
	assert_string_equal(text, "x: ");
}

static void vantages_do_not_meet(void **state)
{
	struct bed *bed = *state;
	struct read read = {.last = 0};

	tell(bed->store, (struct telling){BODIES("a"), SINKS("x")});
	SCAN(bed->store, "rome", SEEN("h", "tcp/1", "open"));
	assert_int_equal(outbox_read(bed->store, "rome", "x", 9, keep, &read), 0);
	assert_string_equal(read.text, "");
	assert_int_equal(outbox_advance(bed->store, "rome", "x",
				 &(struct outbox_step){.upto = 99, .told = 1}),
		0);
	expect(bed->store, "x", "a ");
}

static void a_second_handle_works_beside_the_writer(void **state)
{
	struct bed *bed = *state;
	struct store *second;

	tell(bed->store, (struct telling){BODIES("a"), SINKS("x")});
	assert_int_equal(outbox_open(bed->store, &second, &bed->error), 0);
	expect(second, "x", "a ");
	advance(second, "x", 1);
	expect(bed->store, "x", "");
	/* While the writer is in the middle of a scan, it waits, and then gives up. */
	assert_int_equal(sql_exec(bed->store, "BEGIN IMMEDIATE"), 0);
	assert_int_equal(outbox_fail(second, "paris", "x", "no", false), -EBUSY);
	assert_int_equal(sql_exec(bed->store, "COMMIT"), 0);
	tell(bed->store, (struct telling){BODIES("b"), SINKS("x")});
	expect(second, "x", "b ");
	store_close(second);
	/* The lock is still the writer's. */
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &second, &bed->error), -EBUSY);
}

/* ---- against a model --------------------------------------------------------- */

enum {
	MODEL_SINKS = 3,
	MODEL_KEEP = 5,
	MODEL_STEPS = 3000
};

struct model {
	uint32_t put;                 /* bodies "1" ... put were put */
	uint32_t cursor[MODEL_SINKS]; /* the last that the sink is done with */
	uint64_t dropped[MODEL_SINKS];
	bool known[MODEL_SINKS];
};

static const char *const model_names[MODEL_SINKS] = {"x", "y", "z"};

static uint32_t model_gone(const struct model *model)
{
	uint32_t least = model->put;

	for (int i = 0; i < MODEL_SINKS; i++)
		if (model->known[i] && model->cursor[i] < least)
			least = model->cursor[i];
	return least;
}

static void model_tell(
	struct model *model, struct store *store, struct random_state *random)
{
	struct telling telling = {.keep = MODEL_KEEP};
	char texts[4][16];
	uint32_t count = random_below(random, 4);
	bool any = false;

	for (int i = 0; i < MODEL_SINKS; i++) {
		bool named = random_below(random, 20) != 0;
		if (named && !model->known[i])
			model->cursor[i] = model->put;
		if (!named)
			model->dropped[i] = 0;
		if (named && !model->known[i])
			model->dropped[i] = 0;
		model->known[i] = named;
		any = any || named;
		if (named)
			telling.sinks[telling.n_sinks++] = model_names[i];
	}
	for (uint32_t i = 0; i < count && any; i++) {
		snprintf(texts[i], sizeof texts[i], "%u", ++model->put);
		telling.bodies[telling.n_bodies++] = texts[i];
	}
	tell(store, telling);
	for (int i = 0; i < MODEL_SINKS; i++) {
		uint32_t least = model->put > MODEL_KEEP ? model->put - MODEL_KEEP : 0;
		if (!model->known[i] || model->cursor[i] >= least)
			continue;
		model->dropped[i] += least - model->cursor[i];
		model->cursor[i] = least;
	}
}

static void model_advance(
	struct model *model, struct store *store, struct random_state *random)
{
	uint32_t i = random_below(random, MODEL_SINKS);
	uint32_t waiting = model->put - model->cursor[i];

	if (!model->known[i] || waiting == 0)
		return;
	waiting = 1 + random_below(random, waiting);
	advance(store, model_names[i], waiting);
	model->cursor[i] += waiting;
}

static void model_compare(const struct model *model, struct store *store)
{
	for (int i = 0; i < MODEL_SINKS; i++) {
		char text[256] = "";
		for (uint32_t n = model->cursor[i]; model->known[i] && n < model->put;
			n++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%u ",
				n + 1);
		expect(store, model_names[i], text);
		if (model->known[i])
			assert_int_equal(
				get(store, model_names[i]).dropped, model->dropped[i]);
	}
	/* No more is kept than somebody waits for. */
	assert_in_range(number(store, "SELECT count(*) FROM notice"), 0,
		model->put - model_gone(model));
}

static void does_as_a_model_does(void **state)
{
	struct bed *bed = *state;
	struct model model = {0};
	struct random_state random;

	random_seed(&random, 7);
	assert_int_equal(sql_exec(bed->store, "PRAGMA synchronous = OFF"), 0);
	for (int i = 0; i < MODEL_STEPS; i++) {
		if (random_below(&random, 3) == 0)
			model_tell(&model, bed->store, &random);
		else
			model_advance(&model, bed->store, &random);
		model_compare(&model, bed->store);
	}
	assert_true(model.put > MODEL_STEPS / 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_sink_is_told_in_order_and_at_its_own_pace),
		TEST(a_notice_keeps_its_uid_and_no_two_have_the_same),
		TEST(a_new_sink_is_told_from_its_first_scan_on),
		TEST(a_sink_that_left_is_forgotten_and_holds_nothing_back),
		TEST(a_scan_that_is_not_recorded_tells_nothing),
		TEST(the_oldest_give_way_and_are_counted),
		TEST(failures_are_kept_until_it_works),
		TEST(vantages_do_not_meet),
		TEST(a_second_handle_works_beside_the_writer),
		TEST(does_as_a_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
