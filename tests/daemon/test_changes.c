/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/analyze/changes.h"
#include "daemon/query/snapshot.h"

/* A store of its own for each side of a test, in a folder that the test removes. */
struct made {
	char folder[64];
	char paths[2][96];
	struct store *stores[2];
};

struct row {
	const char *host, *check, *state, *expect;
};

struct rows {
	const struct row *items;
	size_t count, next;
	size_t next_host;
};

static int next_row(void *data, struct store_row *row)
{
	struct rows *rows = data;
	const struct row *from;

	if (rows->next == rows->count)
		return 0;
	from = &rows->items[rows->next++];
	*row = (struct store_row){
		.host = from->host,
		.check = from->check,
		.state = from->state,
		.reason = "timeout",
		.phase = "connect",
		.identity = "",
		.evidence = "",
		.expect = from->expect,
		.verdict = "pass",
		.rules = "[\"r\"]",
		.measured = *from->state,
	};
	return 1;
}

static int next_host(void *data, struct store_host *host)
{
	struct rows *rows = data;

	if (rows->next_host == rows->count)
		return 0;
	*host = (struct store_host){
		.name = rows->items[rows->next_host++].host,
		.groups = "[\"all\",\"servers\"]",
		.addresses = "[\"192.0.2.7\"]",
	};
	return 1;
}

static int64_t record(struct store *store, const struct row *items, size_t count)
{
	struct rows rows = {items, count, 0, 0};
	struct store_record record = {
		.totals = {.finished_us = 2000000, .flows = count},
		.next = next_row,
		.next_data = &rows,
		.next_host = next_host,
		.next_host_data = &rows,
	};

	assert_int_equal(store_scan_begin(store, "here", 1000000, &record.scan), 0);
	assert_int_equal(store_scan_record(store, &record), 0);
	return record.scan;
}

static int make(void **state)
{
	static struct made made;
	struct store_error error;

	strcpy(made.folder, "/tmp/reachd-changes-XXXXXX");
	if (!mkdtemp(made.folder))
		return -1;
	for (int i = 0; i < 2; i++) {
		snprintf(made.paths[i], sizeof made.paths[i], "%s/%d.db", made.folder,
			i);
		if (store_open(made.paths[i], STORE_WRITE, &made.stores[i], &error) < 0)
			return -1;
	}
	*state = &made;
	return 0;
}

static int unmake(void **state)
{
	struct made *made = *state;
	static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};

	for (int i = 0; i < 2; i++) {
		store_close(made->stores[i]);
		for (size_t s = 0; s < ARRAY_SIZE(suffixes); s++) {
			char path[128];
			snprintf(
				path, sizeof path, "%s%s", made->paths[i], suffixes[s]);
			unlink(path);
		}
	}
	return rmdir(made->folder);
}

/* Every change as "host check from>to kind", each followed by a comma. */
static void tell(const struct change_set *set, char *out, size_t size)
{
	*out = '\0';
	for (uint32_t i = 0; i < set->count; i++) {
		const struct change *c = &set->items[i];
		size_t used = strlen(out);
		snprintf(out + used, size - used, "%s %s %s>%s %s,", c->host, c->check,
			probe_state_word((enum probe_state)c->from),
			probe_state_word((enum probe_state)c->to),
			change_kind_word((enum change_kind)c->kind));
	}
}

static void expect_changes(struct store *a, int64_t scan_a, struct store *b,
	int64_t scan_b, size_t incidents, const char *wanted)
{
	struct store_scan earlier = {.id = scan_a, .vantage = "here"};
	struct store_scan later = {.id = scan_b, .vantage = "here"};
	struct snapshot then, now;
	struct change_set set;
	char text[512];

	assert_int_equal(snapshot_load_pair(a, &earlier, b, &later, &then, &now), 0);
	assert_int_equal(changes_between(&then, &now, &set), 0);
	tell(&set, text, sizeof text);
	assert_string_equal(text, wanted);
	assert_int_equal(set.n_incidents, incidents);
	for (uint32_t i = 0; i < set.count; i++)
		assert_int_equal(set.items[i].incident != 0,
			set.items[i].kind != CHANGE_ADDED &&
				set.items[i].kind != CHANGE_REMOVED);
	changes_fini(&set);
	snapshot_fini(&then);
	snapshot_fini(&now);
}

static const struct row before_rows[] = {
	{"a", "tcp/1", "open", "open"},
	{"b", "tcp/1", "open", "open"},
	{"c", "tcp/9", "filtered", "blocked"},
	{"d", "tcp/1", "open", "open"},
};

static const struct row after_rows[] = {
	{"a", "tcp/1", "filtered", "open"},
	{"b", "tcp/1", "filtered", "open"},
	{"c", "tcp/9", "open", "blocked"},
	{"e", "tcp/1", "open", "open"},
};

#define FORWARD                                                              \
	"a tcp/1 open>filtered regression,b tcp/1 open>filtered regression," \
	"c tcp/9 filtered>open exposure,"

/* e is new: it could not have changed, so it speaks neither for nor against a cause. */
static void one_store_tells_what_changed_came_and_went(void **state)
{
	struct made *made = *state;
	struct store *s = made->stores[0];
	int64_t one = record(s, before_rows, ARRAY_SIZE(before_rows));
	int64_t two = record(s, after_rows, ARRAY_SIZE(after_rows));

	expect_changes(s, one, s, two, 2,
		FORWARD "e tcp/1 none>open added,d tcp/1 open>none removed,");
	expect_changes(s, one, s, one, 0, "");
}

/* In scope all the time: what a first scan could not measure has not been added. */
static void what_was_never_measured_is_neither_added_nor_removed(void **state)
{
	static const struct row unmeasured[] = {{"a", "tcp/1", "", "open"}};
	static const struct row measured[] = {{"a", "tcp/1", "filtered", "open"}};
	struct made *made = *state;
	int64_t scans[2][3];

	for (int i = 0; i < 2; i++) {
		scans[i][0] = record(made->stores[i], unmeasured, 1);
		scans[i][1] = record(made->stores[i], unmeasured, 1);
		scans[i][2] = record(made->stores[i], measured, 1);
	}
	for (int from = 0; from < 3; from++) {
		for (int to = 0; to < 3; to++) {
			for (int i = 0; i < 2; i++)
				expect_changes(made->stores[0], scans[0][from],
					made->stores[i], scans[i][to], 0, "");
		}
	}
}

static void two_stores_tell_the_same(void **state)
{
	struct made *made = *state;
	int64_t one = record(made->stores[0], before_rows, ARRAY_SIZE(before_rows));
	int64_t two = record(made->stores[1], after_rows, ARRAY_SIZE(after_rows));

	expect_changes(made->stores[0], one, made->stores[1], two, 2,
		FORWARD "e tcp/1 none>open added,d tcp/1 open>none removed,");
}

static void backwards_is_the_way_back(void **state)
{
	struct made *made = *state;
	struct store *s = made->stores[0];
	int64_t one = record(s, before_rows, 2);
	int64_t two = record(s, after_rows, 2);

	expect_changes(s, two, s, one, 1,
		"a tcp/1 filtered>open recovery,b tcp/1 filtered>open recovery,");
}

/* Texts of the store live as long as their row, and some of them longer. */
static void many_hosts_are_told_apart(void **state)
{
	enum {
		HOSTS = 300
	};
	static char names[HOSTS][8];
	static struct row rows[HOSTS];
	struct made *made = *state;
	struct store *s = made->stores[0];
	int64_t one, two;

	for (int i = 0; i < HOSTS; i++) {
		snprintf(names[i], sizeof names[i], "h%03d", i);
		rows[i] = (struct row){names[i], "tcp/1", "open", "open"};
	}
	one = record(s, rows, HOSTS);
	rows[7].state = "filtered";
	two = record(s, rows, HOSTS);
	expect_changes(s, one, s, two, 1, "h007 tcp/1 open>filtered regression,");
	expect_changes(
		made->stores[0], two, s, one, 1, "h007 tcp/1 filtered>open recovery,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_store_tells_what_changed_came_and_went, make, unmake),
		cmocka_unit_test_setup_teardown(
			what_was_never_measured_is_neither_added_nor_removed, make,
			unmake),
		cmocka_unit_test_setup_teardown(two_stores_tell_the_same, make, unmake),
		cmocka_unit_test_setup_teardown(
			backwards_is_the_way_back, make, unmake),
		cmocka_unit_test_setup_teardown(
			many_hosts_are_told_apart, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
