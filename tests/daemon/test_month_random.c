/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days of scans drawn at random: outages, flapping, glitches, silences, degraded and
 * partial scans, hosts that leave and return, steps of the clock, kills. A receiver
 * reads the notices from the outbox and keeps its own account of them. It must agree
 * with the store after each scan and with the network at the end, and no notice may say
 * what its scan did not see. The normal run is short; REACHD_TEST_WHOLE=1 makes it
 * longer, REACHD_TEST_SEED=N runs one seed and prints its notices.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/random.h"
#include "base/size.h"
#include "daemon/scan/one_scan.h"
#include "store/outbox.h"
#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/support/made.h"

#define MINUTE INT64_C(60000000)
#define START INT64_C(1708387200000000) /* 2024-02-20T00:00:00Z */

enum {
	EVERY = 10, /* minutes */
	SEEDS = 30,
	WILD = 150, /* scans of a seed with events */
	CALM = 60,  /* at most, until nothing is left to be said */
	QUIET = 4,  /* scans in a row without a notice, after flap.settle */
	SETTLED = 10,
	MAX_SCANS = 512,
	HOSTS = 12,
	CHECKS = 3,
	FLOWS = HOSTS * CHECKS,
	MAX_CAUSES = 6,
	MAX_SILENCES = 64,
	MAX_INCIDENTS = 2048
};

#define HEAD                                                                        \
	"vantage: here\n"                                                           \
	"inventory:\n"                                                              \
	"  all:\n"                                                                  \
	"    children:\n"                                                           \
	"      gate: {hosts: {g1: {ansible_host: 10.9.1.1},"                        \
	" g2: {ansible_host: 10.9.2.1}}}\n"                                         \
	"      db: {hosts: {d1: {ansible_host: 10.2.1.1}, d2: {ansible_host: "      \
	"10.2.2.1}, d3: {ansible_host: 10.2.3.1}, d4: {ansible_host: 10.2.4.1}}}\n" \
	"      web: {hosts: {w1: {ansible_host: 10.1.1.1}, w2: {ansible_host: "     \
	"10.1.2.1}, w3: {ansible_host: 10.1.3.1}"
#define TAIL                                               \
	"}}\n"                                             \
	"probe: {confirm: 2, trace: no}\n"                 \
	"controls:\n"                                      \
	"  - {to: gate, check: tcp/22}\n"                  \
	"notify:\n"                                        \
	"  - {name: ear, exec: [/bin/true]}\n"             \
	"rules:\n"                                         \
	"  - {name: web, to: [web, db], check: tcp/443}\n" \
	"  - {name: base, to: [web, db], check: tcp/22}\n" \
	"  - {name: data, to: db, check: tcp/5432}\n"

/* The second lacks hosts of the first. */
static const char *const texts[] = {
	HEAD ", w4: {ansible_host: 10.1.4.1}, w5: {ansible_host: 10.1.5.1},"
	     " w6: {ansible_host: 10.1.6.1}" TAIL,
	HEAD ", w6: {ansible_host: 10.1.6.1}" TAIL,
};

static const char *const host_names[HOSTS] = {
	"g1", "g2", "d1", "d2", "d3", "d4", "w1", "w2", "w3", "w4", "w5", "w6"};
static const char *const check_names[CHECKS] = {"tcp/22", "tcp/443", "tcp/5432"};

/* Flows that something ails until a minute. */
struct cause {
	bool hits[FLOWS];
	int64_t until; /* 0: none */
	bool flaps, closed;
};

struct silence {
	int64_t id, until_us;
	const char *host, *group, *check;
	bool ended;
};

/* What a scan saw, by flow. */
struct seen {
	bool planned[FLOWS], asked[FLOWS], muted[FLOWS];
	uint8_t states[FLOWS];
};

/* What a receiver was notified of. */
struct heard {
	uint8_t states[FLOWS];
	uint32_t incidents[FLOWS]; /* number of the one that it is part of; 0 */
	char uids[MAX_INCIDENTS][33];
	bool opened[MAX_INCIDENTS], closed[MAX_INCIDENTS], of_vantage[MAX_INCIDENTS];
	int64_t number, scan; /* of the newest notice; the newest scan it knows of */
	uint32_t notices;
};

static struct {
	struct random_state random;
	uint64_t seed;
	bool print, calm;
	int64_t minute, set_by;
	uint32_t turn; /* of scans */
	struct made made[2];
	const struct plan *plan;
	char folder[32], path[64];
	struct store *store;
	struct cause causes[MAX_CAUSES];
	struct silence silences[MAX_SILENCES];
	uint32_t n_silences;
	/* Of the scan under way. */
	bool dark_controls, shortage, no_link, killed;
	uint8_t looks[FLOWS];
	struct seen seen[MAX_SCANS];
	struct heard heard;
} w;

#define CHECK_THAT(what, ...)                                                        \
	do {                                                                         \
		if (!(what)) {                                                       \
			print_error("seed %u, turn %u: ", (unsigned)w.seed, w.turn); \
			print_error(__VA_ARGS__);                                    \
			print_error("\n");                                           \
			fail();                                                      \
		}                                                                    \
	} while (0)

/* ---- the network ------------------------------------------------------------- */

static uint32_t below(uint32_t n)
{
	return random_below(&w.random, n);
}

static bool chance(uint32_t percent)
{
	return below(100) < percent;
}

static int64_t wall_us(void *data)
{
	(void)data;
	return START + (w.minute + w.set_by) * MINUTE;
}

static uint32_t index_of(const char *const *names, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fail_msg("%s is unknown", name);
	return 0;
}

static uint32_t flow_of(const char *host, const char *check)
{
	return index_of(host_names, HOSTS, host) * CHECKS +
	       index_of(check_names, CHECKS, check);
}

static uint32_t flow_in(const struct plan *plan, uint32_t i)
{
	return flow_of(plan->hosts[plan->flows[i].host].name,
		plan->checks[plan->flows[i].check].name);
}

static enum probe_state truth(uint32_t flow)
{
	for (uint32_t i = 0; i < MAX_CAUSES; i++) {
		const struct cause *cause = &w.causes[i];
		if (w.minute < cause->until && cause->hits[flow] &&
			!(cause->flaps && w.turn % 2 && !w.calm))
			return cause->closed ? STATE_CLOSED : STATE_FILTERED;
	}
	return STATE_OPEN;
}

static struct flow_result see(uint32_t flow)
{
	enum probe_state state = truth(flow);
	bool first = w.looks[flow]++ == 0;

	if (w.no_link)
		return (struct flow_result){
			.state = STATE_ERROR, .reason = REASON_NO_LINK};
	if (w.shortage && flow % 7 == 3)
		return (struct flow_result){
			.state = STATE_ERROR, .reason = REASON_NO_DESCRIPTOR};
	if (w.dark_controls && *host_names[flow / CHECKS] == 'g')
		state = STATE_FILTERED;
	/* A glitch that a second look does not find. */
	if (first && !w.calm && state == STATE_OPEN && chance(1))
		state = STATE_CLOSED;
	if (state == STATE_FILTERED)
		return (struct flow_result){
			.state = (uint8_t)state, .reason = REASON_TIMEOUT};
	return (struct flow_result){.state = (uint8_t)state,
		.reason = state == STATE_OPEN ? REASON_SYN_ACK : REASON_RST,
		.clear = 1};
}

static int run(void *data, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results)
{
	size_t count = flows ? n_flows : plan->n_flows;
	struct seen *seen = data;

	if (w.killed)
		return -ECANCELED;
	for (size_t i = 0; i < count; i++) {
		uint32_t at = flows ? flows[i] : (uint32_t)i;
		uint32_t flow = flow_in(plan, at);
		results->flows[at] = see(flow);
		seen->asked[flow] = true;
		seen->states[flow] = results->flows[at].state;
	}
	return 0;
}

/* ---- events ------------------------------------------------------------------ */

static void start_cause(void)
{
	struct cause *cause = &w.causes[below(MAX_CAUSES)];
	uint32_t shape = below(4), host = 2 + below(HOSTS - 2), check = below(CHECKS);
	char group = chance(50) ? 'd' : 'w';

	if (w.minute < cause->until)
		return;
	*cause = (struct cause){.until = w.minute + EVERY * (1 + below(30)),
		.flaps = chance(25),
		.closed = chance(40)};
	for (uint32_t i = 2 * CHECKS; i < FLOWS; i++) {
		bool of_host = i / CHECKS == host, of_check = i % CHECKS == check;
		bool of_group = *host_names[i / CHECKS] == group;
		cause->hits[i] = shape == 0   ? of_host && of_check
				 : shape == 1 ? of_host
				 : shape == 2 ? of_group && of_check
					      : of_check;
	}
}

static void start_silence(void)
{
	struct silence *mine = &w.silences[w.n_silences];
	uint32_t shape = below(4);
	struct store_silence silence = {.vantage = "",
		.host = shape == 0 || shape == 3 ? host_names[2 + below(HOSTS - 2)]
						 : "",
		.group = shape == 1 ? (chance(50) ? "db" : "web") : "",
		.rule = "",
		.check = shape >= 2 ? check_names[below(CHECKS)] : "",
		.why = "maintenance",
		.from_us = wall_us(NULL)};

	if (w.n_silences == MAX_SILENCES)
		return;
	silence.until_us = silence.from_us + (5 + EVERY * below(30)) * MINUTE;
	*mine = (struct silence){.until_us = silence.until_us,
		.host = silence.host,
		.group = silence.group,
		.check = silence.check};
	assert_int_equal(store_silence_add(w.store, &silence, &mine->id), 0);
	w.n_silences++;
}

static void end_silence(struct silence *silence)
{
	int rc;

	if (silence->ended)
		return;
	rc = store_silence_end(w.store, silence->id, wall_us(NULL));
	assert_true(rc == 0 || rc == -EINVAL);
	silence->ended = rc == 0;
}

/* Certainly: by a silence that was made before and is not over. */
static bool is_silenced(uint32_t flow)
{
	const char *host = host_names[flow / CHECKS];

	for (uint32_t i = 0; i < w.n_silences; i++) {
		const struct silence *s = &w.silences[i];
		if (!s->ended && wall_us(NULL) < s->until_us &&
			(!*s->host || strcmp(s->host, host) == 0) &&
			(!*s->group || *s->group == *host) &&
			(!*s->check ||
				strcmp(s->check, check_names[flow % CHECKS]) == 0))
			return true;
	}
	return false;
}

static void open_store(void)
{
	struct store_error error;

	store_close(w.store);
	assert_int_equal(store_open(w.path, STORE_WRITE, &w.store, &error), 0);
	/* No power is cut here, and thousands of scans need not wait for the disk. */
	assert_int_equal(sql_exec(w.store, "PRAGMA synchronous = OFF"), 0);
}

static void happen(bool rules[4])
{
	if (chance(12))
		start_cause();
	if (chance(6))
		start_silence();
	if (w.n_silences && chance(6))
		end_silence(&w.silences[below(w.n_silences)]);
	if (chance(2))
		w.set_by += (int64_t)below(2881) - 1440;
	if (chance(3))
		w.plan = w.made[below(2)].plan;
	if (chance(5))
		open_store();
	w.dark_controls = chance(w.dark_controls ? 60 : 3);
	w.shortage = chance(w.shortage ? 50 : 3);
	w.no_link = chance(w.no_link ? 50 : 2);
	w.killed = chance(2);
	for (uint32_t i = 0; i < 3; i++)
		rules[i] = chance(60);
}

/* ---- notices ----------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool lists(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i,
		item) if (strcmp(json_string_value(item), name) == 0) return true;
	return false;
}

static bool is_excepted(const json_t *scope, uint32_t flow)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(scope, "unchanged"), i,
		item) if (flow_of(text_of(item, "host"), text_of(item, "check")) ==
			  flow) return true;
	return false;
}

static bool is_state(const char *word, uint8_t state)
{
	return strcmp(word, probe_state_word((enum probe_state)state)) == 0;
}

/* A scope is hosts x checks. Where a silence or a scan of some rules leaves flows out,
 * it is those of them that its scan saw so, and that this is news of. */
static uint32_t flows_of(
	const json_t *notice, const struct seen *seen, bool strict, bool hits[FLOWS])
{
	const json_t *scope = json_object_get(notice, "scope");
	const char *from = text_of(scope, "from"), *to = text_of(scope, "to");
	bool better = strcmp(text_of(notice, "kind"), "recovery") == 0;
	bool other = strcmp(text_of(notice, "kind"), "other") == 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		hits[i] = seen->planned[i] &&
			  lists(json_object_get(scope, "hosts"),
				  host_names[i / CHECKS]) &&
			  lists(json_object_get(scope, "checks"),
				  check_names[i % CHECKS]) &&
			  !is_excepted(scope, i);
		if (hits[i] && strict)
			hits[i] =
				seen->asked[i] && !seen->muted[i] &&
				(other || (seen->states[i] == STATE_OPEN) == better) &&
				w.heard.states[i] != seen->states[i] &&
				(!*from || is_state(from, w.heard.states[i])) &&
				(!*to || is_state(to, seen->states[i]));
		count += hits[i];
	}
	return count;
}

static void hear_of_flows(
	const json_t *notice, const struct seen *seen, uint32_t number)
{
	const char *kind = text_of(notice, "kind");
	const char *to = text_of(json_object_get(notice, "scope"), "to");
	uint32_t changes =
		(uint32_t)json_integer_value(json_object_get(notice, "changes"));
	bool hits[FLOWS], better = strcmp(kind, "recovery") == 0;
	bool other = strcmp(kind, "other") == 0;
	bool opens = strcmp(kind, "regression") == 0 || strcmp(kind, "failing") == 0;

	if (flows_of(notice, seen, false, hits) != changes)
		CHECK_THAT(flows_of(notice, seen, true, hits) == changes,
			"the scope is not its %u flows: %s", changes,
			text_of(notice, "summary"));
	for (uint32_t i = 0; i < FLOWS; i++) {
		if (!hits[i])
			continue;
		CHECK_THAT(
			seen->asked[i] && seen->states[i] != STATE_ERROR &&
				!seen->muted[i] &&
				(other || (seen->states[i] == STATE_OPEN) == better) &&
				(!*to || strcmp(to, probe_state_word(
							    seen->states[i])) == 0),
			"%s %s was not seen so: %s", host_names[i / CHECKS],
			check_names[i % CHECKS], text_of(notice, "summary"));
		w.heard.states[i] = seen->states[i];
		if (opens || better)
			w.heard.incidents[i] = opens ? number : 0;
	}
}

static void hear_of_incident(
	const json_t *about, bool opens, bool of_vantage, bool of_control)
{
	uint32_t number =
		(uint32_t)json_integer_value(json_object_get(about, "number"));
	const char *uid = text_of(about, "uid");

	assert_in_range(number, 1, MAX_INCIDENTS - 1);
	CHECK_THAT(!w.heard.closed[number], "%u is closed already", number);
	if (opens) {
		CHECK_THAT(!w.heard.opened[number], "%u is open already", number);
		w.heard.opened[number] = true;
		w.heard.of_vantage[number] = of_vantage;
		snprintf(w.heard.uids[number], sizeof *w.heard.uids, "%s", uid);
		for (uint32_t i = 1; i < number; i++)
			CHECK_THAT(strcmp(w.heard.uids[i], uid) != 0,
				"%u has the uid of %u", number, i);
	}
	/* A control has no expectation: what its first scans saw is no news, and when
	 * it answers for the first time, that is. */
	if (!w.heard.opened[number] && of_control) {
		w.heard.opened[number] = true;
		snprintf(w.heard.uids[number], sizeof *w.heard.uids, "%s", uid);
	}
	CHECK_THAT(w.heard.opened[number], "%u was never opened", number);
	CHECK_THAT(
		strcmp(w.heard.uids[number], uid) == 0, "%u has another uid", number);
}

static uint32_t remaining_of(uint32_t number)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < FLOWS; i++)
		count += w.heard.incidents[i] == number;
	return w.heard.of_vantage[number] ? !w.heard.closed[number] : count;
}

/* What a notice says of the number of flows that are left. */
static void compare_remaining(const json_t *about)
{
	uint32_t number =
		(uint32_t)json_integer_value(json_object_get(about, "number"));
	uint32_t said =
		(uint32_t)json_integer_value(json_object_get(about, "remaining"));
	bool closed = strcmp(text_of(about, "status"), "closed") == 0;

	/* That of the vantage has no flows. */
	if (w.heard.of_vantage[number]) {
		w.heard.closed[number] = closed;
		return;
	}
	CHECK_THAT(closed == (said == 0), "%u: %s with %u remaining", number,
		text_of(about, "status"), said);
	CHECK_THAT(said == remaining_of(number), "%u: %u remain, and not %u", number,
		remaining_of(number), said);
	if (closed)
		w.heard.closed[number] = true;
}

/* ---- the receiver ------------------------------------------------------------ */

struct batch {
	json_t *bodies[512];
	int64_t scans[512], numbers[512];
	size_t count;
};

static bool take(void *data, const struct outbox_notice *notice)
{
	struct batch *batch = data;

	assert_in_range(batch->count, 0, ARRAY_SIZE(batch->bodies) - 1);
	if (notice->number <= w.heard.number)
		return true; /* again, since the process died before it noted that */
	if (w.print)
		print_message("%u: %s\n", w.turn, notice->body);
	batch->scans[batch->count] = notice->scan;
	batch->numbers[batch->count] = notice->number;
	batch->bodies[batch->count] = json_loads(notice->body, 0, NULL);
	assert_non_null(batch->bodies[batch->count++]);
	return true;
}

/* All notices of one scan. */
static void hear_scan(const struct batch *batch, int64_t scan)
{
	const struct seen *seen = &w.seen[scan];
	size_t j;
	json_t *item;

	/* What leaves the plan is no longer reported. */
	for (uint32_t i = 0; i < FLOWS; i++)
		if (!seen->planned[i]) {
			w.heard.states[i] = STATE_OPEN;
			w.heard.incidents[i] = 0;
		}
	for (size_t i = 0; i < batch->count; i++) {
		const json_t *notice = batch->bodies[i];
		const json_t *about = json_object_get(notice, "incident");
		const char *scope = text_of(json_object_get(notice, "scope"), "kind");
		bool of_vantage = strcmp(scope, "vantage") == 0;
		if (batch->scans[i] != scan)
			continue;
		hear_of_incident(about,
			strcmp(text_of(notice, "status"), "opened") == 0, of_vantage,
			lists(json_object_get(notice, "rules"), "controls"));
		if (*scope && !of_vantage)
			hear_of_flows(notice, seen,
				(uint32_t)json_integer_value(
					json_object_get(about, "number")));
	}
	for (size_t i = 0; i < batch->count; i++) {
		const json_t *notice = batch->bodies[i];
		bool named = false;
		if (batch->scans[i] != scan)
			continue;
		json_array_foreach(json_object_get(notice, "incidents"), j, item)
		{
			named |= json_equal(json_object_get(item, "number"),
				json_object_get(
					json_object_get(notice, "incident"), "number"));
			compare_remaining(item);
		}
		if (!named)
			compare_remaining(json_object_get(notice, "incident"));
	}
}

static bool compare_open(void *data, const struct store_incident *incident)
{
	uint32_t *count = data;

	CHECK_THAT(w.heard.opened[incident->id] && !w.heard.closed[incident->id] &&
			   remaining_of((uint32_t)incident->id) == incident->remaining,
		"%d is open with %u flows, and notices say %u (%s)", (int)incident->id,
		(unsigned)incident->remaining, remaining_of((uint32_t)incident->id),
		w.heard.closed[incident->id] ? "closed" : "open");
	(*count)++;
	return true;
}

/* Reads what there is; a receiver that dies gets the same once more. */
static uint32_t hear(bool dies)
{
	struct batch batch = {.count = 0};
	struct outbox_step step = {0};
	struct store_scan last;
	uint32_t open = 0, heard_open = 0;
	int rc = store_scan_last(w.store, "here", &last);

	if (rc == -ENOENT)
		return 0;
	assert_int_equal(rc, 0);
	assert_int_equal(outbox_read(w.store, "here", "ear", 500, take, &batch), 0);
	for (int64_t scan = w.heard.scan + 1; scan <= last.id; scan++)
		if (w.seen[scan].planned[0]) /* else it was interrupted */
			hear_scan(&batch, scan);
	w.heard.scan = last.id;
	for (size_t i = 0; i < batch.count; i++) {
		w.heard.number = batch.numbers[i];
		json_decref(batch.bodies[i]);
	}
	step.upto = w.heard.number;
	step.told = (uint32_t)batch.count;
	if (!dies)
		assert_int_equal(outbox_advance(w.store, "here", "ear", &step), 0);
	assert_int_equal(
		store_incident_list(w.store, "here", true, compare_open, &open), 0);
	for (uint32_t i = 1; i < MAX_INCIDENTS; i++)
		heard_open += w.heard.opened[i] && !w.heard.closed[i];
	CHECK_THAT(open == heard_open, "%u are open, and by the notices %u", open,
		heard_open);
	w.heard.notices += (uint32_t)batch.count;
	return (uint32_t)batch.count;
}

/* ---- a seed ------------------------------------------------------------------ */

static void scan(const bool *rules)
{
	struct seen seen = {.states = {STATE_NONE}};
	const struct engine_world world = {
		.run = run, .wall_us = wall_us, .data = &seen};
	struct one_scan scan = {
		.plan = w.plan, .store = w.store, .rules = rules, .world = &world};
	int rc;

	memset(w.looks, 0, sizeof w.looks);
	for (uint32_t i = 0; i < w.plan->n_flows; i++)
		seen.planned[flow_in(w.plan, i)] = true;
	for (uint32_t i = 0; i < FLOWS; i++)
		seen.muted[i] = is_silenced(i);
	assert_int_equal(one_scan_init(&scan), 0);
	rc = one_scan_run(&scan);
	CHECK_THAT(
		w.killed ? rc < 0 : rc == 0 && scan.recorded, "the scan says %d", rc);
	assert_in_range(scan.id, 1, MAX_SCANS - 1);
	for (uint32_t i = 0; !w.killed && i < w.plan->n_flows; i++)
		seen.muted[flow_in(w.plan, i)] |= scan.now.flows[i].flap == FLAP_ON;
	if (!w.killed)
		w.seen[scan.id] = seen;
	one_scan_fini(&scan);
}

static bool complain(void *data, const char *problem)
{
	(void)data;
	CHECK_THAT(false, "the store is damaged: %s", problem);
	return false;
}

static void compare_truth(void)
{
	for (uint32_t i = 0; i < w.plan->n_flows; i++) {
		uint32_t flow = flow_in(w.plan, i);
		enum probe_state is = truth(flow);
		CHECK_THAT(w.heard.states[flow] == is &&
				   (w.heard.incidents[flow] != 0) == (is != STATE_OPEN),
			"%s %s is %s, and notices say %s", host_names[flow / CHECKS],
			check_names[flow % CHECKS], probe_state_word(is),
			probe_state_word(w.heard.states[flow]));
	}
}

static void calm_down(void)
{
	uint32_t quiet = 0;

	w.calm = true;
	w.dark_controls = w.shortage = w.no_link = w.killed = false;
	w.plan = w.made[0].plan;
	for (uint32_t i = 0; i < w.n_silences; i++)
		end_silence(&w.silences[i]);
	/* Some of what is broken stays so. */
	for (uint32_t i = 0; i < MAX_CAUSES; i++)
		if (w.minute < w.causes[i].until)
			w.causes[i].until = chance(50) ? INT64_MAX : 0;
	for (uint32_t i = 0; i < CALM && (i < SETTLED || quiet < QUIET); i++) {
		w.turn++;
		w.minute += EVERY;
		scan(NULL);
		quiet = hear(false) ? 0 : quiet + 1;
	}
	CHECK_THAT(quiet >= QUIET, "it does not become quiet");
	compare_truth();
	assert_int_equal(store_check(w.store, complain, NULL), 0);
}

static void remove_store(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
	char path[96];

	store_close(w.store);
	w.store = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof path, "%s%s", w.path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w.folder), 0);
}

static uint32_t live(uint64_t seed, bool print)
{
	bool rules[4] = {false}; /* the last is that of the controls */

	memset(&w, 0, sizeof w);
	w.seed = seed;
	w.print = print;
	random_seed(&w.random, seed);
	memset(w.heard.states, STATE_OPEN, sizeof w.heard.states);
	for (size_t i = 0; i < ARRAY_SIZE(w.made); i++) {
		made_build(&w.made[i], texts[i]);
		assert_int_equal(w.made[i].rc, 0);
	}
	w.plan = w.made[0].plan;
	snprintf(w.folder, sizeof w.folder, "/tmp/reachd-month-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	snprintf(w.path, sizeof w.path, "%s/reachd.db", w.folder);
	open_store();
	for (w.turn = 0; w.turn < WILD; w.turn++, w.minute += EVERY) {
		happen(rules);
		scan(chance(30) ? rules : NULL);
		if (chance(80))
			hear(chance(10));
	}
	calm_down();
	remove_store();
	for (size_t i = 0; i < ARRAY_SIZE(w.made); i++)
		made_fini(&w.made[i]);
	return w.heard.notices;
}

static void notices_add_up_to_the_truth(void **state)
{
	const char *one = getenv("REACHD_TEST_SEED");
	uint32_t seeds = getenv("REACHD_TEST_WHOLE") ? 20 * SEEDS : SEEDS, notices = 0;

	(void)state;
	if (one) {
		live(strtoull(one, NULL, 10), true);
		return;
	}
	for (uint32_t seed = 1; seed <= seeds; seed++)
		notices += live(seed, false);
	/* The world is as eventful as it is meant to be. */
	assert_true(notices > 10 * seeds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices_add_up_to_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
