/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Six weeks of scans in a few seconds: the clock and the network are made up, all the
 * rest is what a scan does. Confirmation, the guard, flapping and silences meet a leap
 * day, the change to summer time, and a clock that is set back and forward. What is
 * told is compared as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/scan/one_scan.h"
#include "store/sql.h"
#include "tests/support/made.h"

#define MINUTE INT64_C(60000000)
#define START INT64_C(1708387200000000) /* 2024-02-20T00:00:00Z */
#define AT(day, hour, minute) (((day)*24 + (hour)) * 60 + (minute))

enum {
	EVERY = 10, /* minutes */
	DAYS = 42,  /* up to 2024-04-02; the leap day is day 9, summer time day 40 */
};

static const char text[] =
	"vantage: here\n"
	"inventory:\n"
	"  all:\n"
	"    children:\n"
	"      web: {hosts: {w1: {ansible_host: 10.1.1.1}, w2: {ansible_host: 10.1.2.1},"
	" w3: {ansible_host: 10.1.3.1}, w4: {ansible_host: 10.1.4.1},"
	" w5: {ansible_host: 10.1.5.1}, w6: {ansible_host: 10.1.6.1}}}\n"
	"      db: {hosts: {d1: {ansible_host: 10.2.1.1}, d2: {ansible_host: 10.2.2.1},"
	" d3: {ansible_host: 10.2.3.1}, d4: {ansible_host: 10.2.4.1}}}\n"
	"      gate: {hosts: {g1: {ansible_host: 10.9.1.1},"
	" g2: {ansible_host: 10.9.2.1}}}\n"
	"probe: {confirm: 2, trace: no}\n"
	"controls:\n"
	"  - {to: gate, check: tcp/22}\n"
	"rules:\n"
	"  - {name: web, to: [web, db], check: tcp/443}\n"
	"  - {name: base, to: [web, db], check: tcp/22}\n"
	"  - {name: data, to: db, check: tcp/5432}\n";

/* The time that passes, in minutes, and what the wall clock makes of it. */
static struct {
	int64_t minute, set_by;
	bool again; /* a second look within a scan */
} now;

/* ---- what is made up --------------------------------------------------------- */

static int64_t wall_us(void *data)
{
	(void)data;
	return START + (now.minute + now.set_by) * MINUTE;
}

static bool between(int64_t from, int64_t to)
{
	return from <= now.minute && now.minute < to;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Dark for every other scan. */
static bool odd(void)
{
	return now.minute / EVERY % 2 == 1;
}

static bool is_dark(const char *host, const char *check)
{
	bool odd_host = (host[1] - '0') % 2 == 1;

	/* A firewall closes one port to all, for a day. */
	if (between(AT(3, 10, 0), AT(4, 10, 0)) && is(check, "tcp/443"))
		return true;
	/* The uplink of this vantage is gone for two scans. */
	if (between(AT(5, 12, 0), AT(5, 12, 20)))
		return true;
	/* A maintenance that was announced. */
	if (between(AT(10, 2, 0), AT(10, 4, 0)) && *host == 'd')
		return true;
	/* One that went wrong. */
	if (between(AT(12, 9, 0), AT(12, 20, 0)) && is(host, "d4"))
		return true;
	/* One during which the clock is set back. */
	if (between(AT(14, 0, 10), AT(14, 1, 0)) && is(host, "w3"))
		return true;
	/* The controls are taken out of service; meanwhile a port is closed. */
	if (between(AT(28, 12, 0), AT(28, 16, 0)) && *host == 'g')
		return true;
	if (between(AT(28, 12, 10), AT(28, 14, 0)) && is(host, "w2") &&
		is(check, "tcp/443"))
		return true;
	if (between(AT(28, 18, 0), AT(28, 18, 10)) && *host == 'g')
		return true;
	/* A sick uplink: each host loses something else. */
	return between(AT(25, 12, 0), AT(25, 12, 20)) && *host != 'g' &&
	       is(check, !odd_host      ? "tcp/22"
			 : *host == 'd' ? "tcp/5432"
					: "tcp/443");
}

static bool is_closed(const char *host, const char *check)
{
	if (!is(check, "tcp/22"))
		return false;
	/* A glitch that a second look does not find, every morning. */
	if (is(host, "w1") && now.minute % AT(1, 0, 0) == AT(0, 6, 0) && !now.again)
		return true;
	/* On the leap day, and while the clock is set back by a day. */
	return odd() &&
	       ((is(host, "w2") && between(AT(9, 0, 0), AT(9, 6, 0))) ||
		       (is(host, "w4") && between(AT(18, 0, 0), AT(18, 3, 0))));
}

static void see(const struct plan *plan, uint32_t flow, struct flow_result *out)
{
	const char *host = plan->hosts[plan->flows[flow].host].name;
	const char *check = plan->checks[plan->flows[flow].check].name;

	*out = (struct flow_result){
		.state = STATE_OPEN, .reason = REASON_SYN_ACK, .clear = 1};
	if (is_dark(host, check))
		*out = (struct flow_result){
			.state = STATE_FILTERED, .reason = REASON_TIMEOUT};
	else if (is_closed(host, check))
		*out = (struct flow_result){
			.state = STATE_CLOSED, .reason = REASON_RST, .clear = 1};
}

static int run(void *data, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	size_t count = flows ? n_flows : plan->n_flows;

	(void)data;
	now.again = flows != NULL;
	for (size_t i = 0; i < count; i++) {
		uint32_t flow = flows ? flows[i] : (uint32_t)i;
		see(plan, flow, &results->flows[flow]);
	}
	return 0;
}

static const struct engine_world world = {.run = run, .wall_us = wall_us};

/* ---- the calendar ------------------------------------------------------------ */

static void silence(struct store *store, const char *host, const char *group, int hours)
{
	struct store_silence silence = {
		.host = host,
		.group = group,
		.vantage = "",
		.rule = "",
		.check = "",
		.why = "maintenance",
		.from_us = wall_us(NULL),
		.until_us = wall_us(NULL) + hours * 60 * MINUTE,
	};
	int64_t id;

	assert_int_equal(store_silence_add(store, &silence, &id), 0);
}

static void keep_calendar(struct store *store)
{
	switch (now.minute) {
	case AT(10, 1, 50):
		silence(store, "", "db", 3);
		break;
	case AT(12, 8, 0):
		silence(store, "d4", "", 2);
		break;
	case AT(13, 23, 50):
		silence(store, "w3", "", 1);
		break;
	case AT(14, 0, 0):
		now.set_by -= 60;
		break;
	case AT(16, 0, 0):
		now.set_by += 180;
		break;
	case AT(18, 1, 0):
		now.set_by -= AT(1, 0, 0);
		break;
	case AT(20, 0, 0):
		now.set_by += AT(1, 0, 0);
		break;
	default:
		break;
	}
}

/* ---- what is told ------------------------------------------------------------ */

struct told {
	char text[8192];
	uint32_t quiet;
};

static int tell(void *data, const struct report_incident *incident)
{
	struct told *told = data;
	size_t used = strlen(told->text);
	int64_t minutes = now.minute % AT(1, 0, 0);

	if (incident->quiet) {
		told->quiet++;
		return 0;
	}
	snprintf(told->text + used, sizeof told->text - used, "%d %02d:%02d %s %u %s\n",
		(int)(now.minute / AT(1, 0, 0)), (int)(minutes / 60),
		(int)(minutes % 60), change_kind_word(incident->incident->kind),
		incident->incident->n_flows,
		incident_scope_word(incident->incident->scope));
	return 0;
}

static void scan(struct store *store, const struct plan *plan, struct told *told)
{
	struct one_scan scan = {.plan = plan, .store = store, .world = &world};

	assert_int_equal(one_scan_init(&scan), 0);
	assert_int_equal(one_scan_run(&scan), 0);
	assert_true(scan.recorded);
	assert_int_equal(one_scan_incidents(&scan, tell, told), 0);
	one_scan_fini(&scan);
}

static const char wanted[] =
	/* One rule, one incident, there and back. */
	"3 10:00 regression 10 check-all\n"
	"4 10:00 recovery 10 check-all\n"
	/* The vantage: told once, and nothing of the flows. */
	"5 12:00 other 0 vantage\n"
	"5 12:20 recovery 0 vantage\n"
	/* Flapping: until it is one change too many, and what it settled on. */
	"9 00:10 regression 1 flow\n"
	"9 00:20 recovery 1 flow\n"
	"9 00:30 regression 1 flow\n"
	"9 00:40 recovery 1 flow\n"
	"9 00:50 regression 1 flow\n"
	"9 06:30 recovery 1 flow\n"
	/* A maintenance that went wrong is told when its silence is over. */
	"12 10:00 regression 3 host\n"
	"12 20:00 recovery 3 host\n"
	/* Flapping while the clock is set back by a day. */
	"18 00:10 regression 1 flow\n"
	"18 00:20 recovery 1 flow\n"
	"18 00:30 regression 1 flow\n"
	"18 00:40 recovery 1 flow\n"
	"18 00:50 regression 1 flow\n"
	"18 03:30 recovery 1 flow\n"
	/* A sick uplink, by the numbers. */
	"25 12:00 other 0 vantage\n"
	"25 12:20 recovery 0 vantage\n"
	/* The controls are taken out of service: for three scans that is doubted, and
	 * one that is real waits for it; then that is told, and all that follows. */
	"28 12:00 other 0 vantage\n"
	"28 12:30 regression 2 check-group\n"
	"28 12:30 regression 1 flow\n"
	"28 12:30 recovery 0 vantage\n"
	"28 14:00 recovery 1 flow\n"
	/* Back in service, and of use again. */
	"28 16:00 recovery 2 check-group\n"
	"28 18:00 other 0 vantage\n"
	"28 18:10 recovery 0 vantage\n";

/* Days on which nothing happens are looked at by the hour, to save time. */
static int64_t step(void)
{
	static const int eventful[] = {3, 4, 5, 9, 10, 12, 13, 14, 18, 25, 28, 40};

	for (size_t i = 0; i < ARRAY_SIZE(eventful); i++)
		if (now.minute / AT(1, 0, 0) == eventful[i])
			return EVERY;
	return 60;
}

static void remove_store(const char *folder)
{
	static const char *const names[] = {
		"reachd.db", "reachd.db-wal", "reachd.db-shm", "reachd.db-lock"};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void six_weeks(void **state)
{
	static struct told told;
	char folder[] = "/tmp/reachd-month-XXXXXX", path[64];
	struct store_error error;
	struct store *store;
	struct made made;

	(void)state;
	assert_int_equal(setenv("TZ", "Europe/Paris", 1), 0);
	tzset();
	made_build(&made, text);
	assert_int_equal(made.rc, 0);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/reachd.db", folder);
	assert_int_equal(store_open(path, STORE_WRITE, &store, &error), 0);
	/* No power is cut here, and thousands of scans need not wait for the disk. */
	assert_int_equal(sql_exec(store, "PRAGMA synchronous = OFF"), 0);
	for (; now.minute < AT(DAYS, 0, 0); now.minute += step()) {
		keep_calendar(store);
		scan(store, made.plan, &told);
	}
	store_close(store);
	made_fini(&made);
	remove_store(folder);
	assert_string_equal(told.text, wanted);
	/* 31 and 13 changes of what flapped; a silenced group and host, there and back.
	 */
	assert_int_equal(told.quiet, 31 + 13 + 2 + 1 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_weeks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
