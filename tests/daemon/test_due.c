/* SPDX-License-Identifier: Apache-2.0 */
/* What is due, and what becomes of incidents, on fleets that are written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "daemon/analyze/due.h"
#include "daemon/analyze/lifecycle.h"
#include "tests/support/snapshots.h"

/* ---- one flow ------------------------------------------------------------------ */

/* "KIND from STATE", "adopt" or "-" of one flow, before and after. */
static const char *due(const char *then, const char *now)
{
	static char said[64];
	struct snapshot before, after;
	struct due found;

	snapshot_write(&before, then ? 1 : 0, then ? then : "");
	snapshot_write(&after, 2, now);
	found = due_of(
		&before, then ? &before.flows[0] : NULL, &after, &after.flows[0]);
	if (found.kind != CHANGE_NONE)
		snprintf(said, sizeof said, "%s from %s", change_kind_word(found.kind),
			found.from ? probe_state_word(found.from) : "nothing");
	else
		snprintf(said, sizeof said, "%s", found.adopt ? "adopt" : "-");
	snapshot_fini(&before);
	snapshot_fini(&after);
	return said;
}

static void what_differs_from_what_was_reported_is_due(void **state)
{
	static const struct {
		const char *then, *now, *due;
	} cases[] = {
		{"a t/1 open told=open", "a t/1 open", "-"},
		{"a t/1 open told=open", "a t/1 filtered", "regression from open"},
		/* Whatever the last scan saw. */
		{"a t/1 filtered told=open", "a t/1 filtered", "regression from open"},
		{"a t/1 open told=filtered/fail #3", "a t/1 open",
			"recovery from filtered"},
		{"a t/1 filtered told=open", "a t/1 open", "-"},
		/* Better, and still not good. */
		{"a t/1 filtered told=filtered/fail #3", "a t/1 closed",
			"other from filtered"},
		{"a t/1 open told=filtered expect=blocked", "a t/1 open expect=blocked",
			"exposure from filtered"},
		/* What this scan did not measure says nothing. */
		{"a t/1 open told=open", "a t/1 filtered gap", "-"},
		{"a t/1 open told=open", "a t/1 filtered carried", "-"},
		{"a t/1 open told=open", "a t/1 error", "-"},
		/* A silence or flapping mutes it, and leaves it due. */
		{"a t/1 open told=open", "a t/1 filtered silenced",
			"regression from open"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(due(cases[i].then, cases[i].now), cases[i].due);
}

static void what_was_never_reported_is_news_when_it_fails(void **state)
{
	(void)state;
	assert_string_equal(due(NULL, "a t/1 filtered"), "failing from nothing");
	assert_string_equal(due(NULL, "a t/1 open"), "adopt");
	assert_string_equal(due(NULL, "a t/1 filtered expect=blocked"), "adopt");
	assert_string_equal(
		due(NULL, "a t/1 open expect=blocked"), "failing from nothing");
	assert_string_equal(due(NULL, "a t/1 filtered expect=any"), "adopt");
	/* A rule that needs only some of its hosts excuses it. */
	assert_string_equal(due(NULL, "a t/1 filtered held"), "adopt");
	/* A name that does not resolve can't be judged, so nothing is said yet. */
	assert_string_equal(due(NULL, "a t/1 unresolved"), "-");
	/* Known, but not reported. */
	assert_string_equal(
		due("a t/1 filtered", "a t/1 filtered"), "failing from nothing");
}

static void a_rule_that_changes_is_news_once(void **state)
{
	(void)state;
	/* The state is what people know; the rule says something else now. */
	assert_string_equal(due("a t/1 open told=open", "a t/1 open expect=blocked"),
		"failing from open");
	assert_string_equal(
		due("a t/1 open told=open/fail #2", "a t/1 open expect=blocked"), "-");
	assert_string_equal(due("a t/1 open told=open/fail #2", "a t/1 open"),
		"recovery from open");
	/* The other host that `require` counted on fails as well: this one is part of
	 * an incident already. */
	assert_string_equal(
		due("a t/1 filtered told=filtered #2", "a t/1 filtered"), "adopt");
}

/* What is as its rule wants it is part of no incident, whichever way it came there. */
static void what_passes_leaves_its_incident(void **state)
{
	(void)state;
	/* An exposed port whose name was gone for a while, and that is closed since. */
	assert_string_equal(due("a t/1 unresolved told=unresolved expect=blocked #2",
				    "a t/1 filtered expect=blocked"),
		"recovery from unresolved");
	/* Also where that was missed. */
	assert_string_equal(due("a t/1 filtered told=filtered expect=blocked #2",
				    "a t/1 filtered expect=blocked"),
		"recovery from filtered");
	/* The rule was edited: what got worse is what it wants now. */
	assert_string_equal(due("a t/1 filtered told=filtered expect=any #2",
				    "a t/1 filtered expect=blocked"),
		"recovery from filtered");
	/* That a path is clear says nothing of a service that is sick. */
	assert_string_equal(due("a t/1 failed told=failed expect=clear #2",
				    "a t/1 failed expect=clear"),
		"-");
	assert_string_equal(due("a t/1 filtered told=filtered expect=any #2",
				    "a t/1 filtered expect=any"),
		"-");
}

/* ---- a scan -------------------------------------------------------------------- */

struct scene {
	struct snapshot before, now;
	uint32_t *places;
	struct change_set set;
	struct open_incident items[8];
	struct open_incidents open;
	struct lifecycle lifecycle;
};

/* Incidents 1 .. n_open are open, each as large as `before` says. */
static void scene_open(struct scene *s, const char *before, const char *now,
	uint32_t n_open, bool degraded, bool adopt)
{
	const struct lifecycle_terms terms = {
		.next = 100, .seed = {1, 2}, .adopt = adopt};

	*s = (struct scene){.open = {s->items, n_open}};
	snapshot_write(&s->before, *before ? 1 : 0, before);
	snapshot_write(&s->now, 2, now);
	s->now.degraded = degraded;
	for (uint32_t i = 0; i < n_open; i++)
		s->items[i] = (struct open_incident){.number = i + 1};
	for (uint32_t i = 0; i < s->before.n_flows; i++)
		if (s->before.flows[i].incident &&
			s->before.flows[i].incident <= n_open) {
			struct open_incident *one =
				&s->items[s->before.flows[i].incident - 1];
			one->flows++;
			one->remaining++;
		}
	assert_int_equal(snapshot_match(&s->before, &s->now, &s->places), 0);
	assert_int_equal(changes_due(&s->before, s->places, &s->now, &s->set), 0);
	assert_int_equal(lifecycle_settle(&s->before, s->places, &s->now, &s->set,
				 &terms, &s->open, &s->lifecycle),
		0);
}

static void scene_close(struct scene *s)
{
	lifecycle_fini(&s->lifecycle);
	changes_fini(&s->set);
	snapshot_fini(&s->before);
	snapshot_fini(&s->now);
	free(s->places);
}

/* "STATUS NUMBER KIND COUNT[ ref=left ...]," of each that is told. */
static void tell(const struct scene *s, char *out, size_t size)
{
	*out = '\0';
	for (size_t i = 0; i < s->set.n_incidents; i++) {
		const struct reported_incident *told = &s->lifecycle.reported[i];
		size_t used = strlen(out);
		if (told->muted)
			continue;
		snprintf(out + used, size - used, "%s %d %s %u",
			incident_status_word(told->status), (int)told->number,
			change_kind_word(s->set.incidents[i].kind),
			s->set.incidents[i].n_flows);
		for (uint32_t j = 0; j < told->n_open; j++) {
			const struct open_incident *ref = &s->items[told->open[j]];
			used = strlen(out);
			snprintf(out + used, size - used, " %d=%d", (int)ref->number,
				(int)ref->left);
		}
		used = strlen(out);
		snprintf(out + used, size - used, ",");
	}
}

static void scan(
	const char *before, const char *now, uint32_t n_open, const char *wanted)
{
	struct scene s;
	char said[512];

	scene_open(&s, before, now, n_open, false, false);
	tell(&s, said, sizeof said);
	scene_close(&s);
	assert_string_equal(said, wanted);
}

static void incidents_open_shrink_and_close(void **state)
{
	(void)state;
	scan("a tcp/1 open told=open\nb tcp/1 open told=open\n",
		"a tcp/1 filtered\nb tcp/1 filtered\n", 0, "opened 100 regression 2,");
	scan("a tcp/1 filtered told=filtered/fail #1\n"
	     "b tcp/1 filtered told=filtered/fail #1\n",
		"a tcp/1 open\nb tcp/1 filtered\n", 1, "updated 1 recovery 1 1=1,");
	scan("a tcp/1 filtered told=filtered/fail #1\n"
	     "b tcp/1 filtered told=filtered/fail #1\n",
		"a tcp/1 open\nb tcp/1 open\n", 1, "closed 1 recovery 2 1=0,");
	/* A recovery of two names both. */
	scan("a tcp/1 filtered told=filtered/fail #1\n"
	     "b tcp/1 filtered told=filtered/fail #2\n",
		"a tcp/1 open\nb tcp/1 open\n", 2, "closed 1 recovery 2 1=0 2=0,");
	/* Of something that nobody was told of. */
	scan("a tcp/1 filtered told=filtered expect=any\n", "a tcp/1 open expect=any\n",
		0, "closed 100 recovery 1,");
}

static void what_gets_worse_moves_to_a_new_incident(void **state)
{
	(void)state;
	scan("a tcp/1 closed told=closed/fail #1\nb tcp/1 closed told=closed/fail #1\n",
		"a tcp/1 filtered\nb tcp/1 closed\n", 1,
		"opened 100 regression 1 1=1,");
}

static void what_is_muted_is_not_told_and_stays(void **state)
{
	struct scene s;
	uint32_t flow;

	(void)state;
	scene_open(&s,
		"a tcp/1 open told=open\nb tcp/1 filtered told=filtered/fail #1\n",
		"a tcp/1 filtered silenced\nb tcp/1 open flapping\n", 1, false, false);
	assert_int_equal(s.set.count, 2);
	for (size_t i = 0; i < s.set.n_incidents; i++)
		assert_true(s.lifecycle.reported[i].muted);
	for (flow = 0; flow < 2; flow++)
		assert_int_equal(s.lifecycle.steps[flow], REPORTED_AS_BEFORE);
	assert_int_equal(s.items[0].left, 1);
	scene_close(&s);
}

static void a_degraded_scan_tells_nothing_and_settles_nothing(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s,
		"a tcp/1 open told=open\nb tcp/1 filtered told=filtered/fail #1\n",
		"a tcp/1 filtered\nb tcp/1 open\nc tcp/1 filtered\n", 1, true, false);
	assert_int_equal(s.set.n_incidents, 0);
	assert_int_equal(s.set.count, 1); /* c entered the inventory */
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(s.lifecycle.steps[i], REPORTED_AS_BEFORE);
	assert_int_equal(s.items[0].left, 1);
	scene_close(&s);
}

static void flows_that_leave_the_inventory_shrink_their_incident(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s,
		"a tcp/1 filtered told=filtered/fail #1\n"
		"b tcp/1 filtered told=filtered/fail #1\n",
		"b tcp/1 filtered\n", 1, false, false);
	assert_int_equal(s.set.n_incidents, 0);
	assert_int_equal(s.items[0].left, 1);
	/* Their names outlive what was known of them. */
	snapshot_fini(&s.before);
	assert_int_equal(s.set.count, 1);
	assert_string_equal(s.set.items[0].host, "a");
	assert_string_equal(s.set.items[0].check, "tcp/1");
	scene_close(&s);
}

static void a_known_bad_start_is_adopted_quietly(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, "", "a tcp/1 filtered\nb tcp/1 open\n", 0, false, true);
	for (size_t i = 0; i < s.set.n_incidents; i++)
		assert_true(s.lifecycle.reported[i].muted);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(s.lifecycle.steps[i], REPORTED_NOW);
		assert_int_equal(s.lifecycle.incidents[i], 0);
	}
	scene_close(&s);
}

static void uids_differ_by_number_and_by_seed(void **state)
{
	const uint64_t one[2] = {1, 2}, other[2] = {1, 3};
	char a[INCIDENT_UID], b[INCIDENT_UID], c[INCIDENT_UID];

	(void)state;
	lifecycle_uid(one, 1, a);
	lifecycle_uid(one, 2, b);
	lifecycle_uid(other, 1, c);
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
}

/* ---- reconciliation ------------------------------------------------------------ */

/*
 * Flows change at random and are silenced, flap or can't be measured at random.
 * Whatever happens on the way: once all is quiet and measured, what people were told
 * adds up to the truth, nothing was told twice in a row, and the open incidents hold
 * exactly the flows that were told broken.
 */
struct model {
	enum probe_state told; /* STATE_NONE: nothing */
	bool broken;           /* by what they were told */
};

static uint32_t draw(uint32_t *random, uint32_t bound)
{
	*random = *random * 1664525U + 1013904223U;
	return (*random >> 16) % bound;
}

enum {
	N_FLOWS = 8,
	N_SCANS = 60
};

static void write_scan(
	char *text, size_t size, const bool *down, uint32_t *random, bool last)
{
	*text = '\0';
	for (uint32_t i = 0; i < N_FLOWS; i++) {
		static const char *const mutes[] = {
			"", "", "", " silenced", " flapping", " gap", " carried"};
		size_t used = strlen(text);
		snprintf(text + used, size - used, "h%u tcp/1 %s%s\n", (unsigned)i,
			down[i] ? "filtered" : "open",
			last ? "" : mutes[draw(random, ARRAY_SIZE(mutes))]);
	}
}

/* What the store would hand out for the next scan. */
static void remember(
	const struct scene *s, char *text, size_t size, char states[N_FLOWS][16])
{
	*text = '\0';
	for (uint32_t i = 0; i < N_FLOWS; i++) {
		const struct snapshot_flow *now = &s->now.flows[i];
		size_t used = strlen(text);
		if (s->lifecycle.steps[i] == REPORTED_NOW)
			snprintf(states[i], sizeof states[i], "told=%s%s",
				probe_state_word((enum probe_state)now->state),
				now->verdict == VERDICT_FAIL ? "/fail" : "");
		snprintf(text + used, size - used, "h%u tcp/1 %s %s", (unsigned)i,
			probe_state_word((enum probe_state)now->state), states[i]);
		used = strlen(text);
		if (s->lifecycle.incidents[i])
			snprintf(text + used, size - used, " #%u",
				(unsigned)s->lifecycle.incidents[i]);
		used = strlen(text);
		snprintf(text + used, size - used, "\n");
	}
}

/* Notices change what people believe, and each says something that was so. */
static void hear(const struct scene *s, struct model *models)
{
	for (uint32_t i = 0; i < s->set.count; i++) {
		const struct change *change = &s->set.items[i];
		struct model *model = &models[change->flow];
		if (change->muted || change->kind == CHANGE_ADDED)
			continue;
		assert_true(due_is_measured(&s->now.flows[change->flow]));
		assert_int_equal(change->to, s->now.flows[change->flow].state);
		assert_true(model->told != (enum probe_state)change->to);
		model->told = (enum probe_state)change->to;
		model->broken = due_opens((enum change_kind)change->kind);
	}
}

static void notices_add_up_to_the_truth(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (uint32_t round = 0; round < 300; round++) {
		static char before[2048], now[2048];
		char told[N_FLOWS][16] = {""};
		struct model models[N_FLOWS] = {{STATE_NONE, false}};
		bool down[N_FLOWS] = {false};
		*before = '\0';
		for (uint32_t scan = 0; scan < N_SCANS; scan++) {
			struct scene s;
			bool last = scan == N_SCANS - 1;
			for (uint32_t i = 0; i < N_FLOWS; i++)
				if (draw(&random, 4) == 0)
					down[i] = !down[i];
			write_scan(now, sizeof now, down, &random, last);
			scene_open(&s, before, now, 0, !last && draw(&random, 8) == 0,
				false);
			hear(&s, models);
			remember(&s, before, sizeof before, told);
			for (uint32_t i = 0; last && i < N_FLOWS; i++) {
				assert_int_equal(models[i].broken, down[i]);
				if (models[i].told)
					assert_int_equal(models[i].told,
						down[i] ? STATE_FILTERED : STATE_OPEN);
				assert_int_equal(
					s.lifecycle.incidents[i] != 0, down[i]);
			}
			scene_close(&s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_from_what_was_reported_is_due),
		cmocka_unit_test(what_was_never_reported_is_news_when_it_fails),
		cmocka_unit_test(a_rule_that_changes_is_news_once),
		cmocka_unit_test(what_passes_leaves_its_incident),
		cmocka_unit_test(incidents_open_shrink_and_close),
		cmocka_unit_test(what_gets_worse_moves_to_a_new_incident),
		cmocka_unit_test(what_is_muted_is_not_told_and_stays),
		cmocka_unit_test(a_degraded_scan_tells_nothing_and_settles_nothing),
		cmocka_unit_test(flows_that_leave_the_inventory_shrink_their_incident),
		cmocka_unit_test(a_known_bad_start_is_adopted_quietly),
		cmocka_unit_test(uids_differ_by_number_and_by_seed),
		cmocka_unit_test(notices_add_up_to_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
