/* SPDX-License-Identifier: Apache-2.0 */
/* The framework's side of the contract, with a kind made for each question. */
#include "harness.h"

struct toy_conf {
	int (*start)(struct probe_run *run);
	unsigned handles; /* timers to hold */
};

struct toy_run {
	struct probe_run run;
	struct probe_handle timers[3];
	void *block; /* freed by fini */
	unsigned dropped;
};

static struct {
	unsigned stops, finis, grants;
} seen;

static struct toy_run *toy_of(struct probe_run *run)
{
	return CONTAINER_OF(run, struct toy_run, run);
}

static void hold_timer(struct probe_run *run, int i)
{
	struct toy_run *toy = toy_of(run);
	uv_timer_init(run->env->loop, &toy->timers[i].timer);
	probe_run_hold(run, &toy->timers[i]);
}

static int toy_start(struct probe_run *run)
{
	const struct toy_conf *conf = run->spec.conf;
	run->phase = PHASE_CONNECT;
	toy_of(run)->block = malloc(1);
	for (unsigned i = 0; i < conf->handles; i++)
		hold_timer(run, (int)i);
	return conf->start ? conf->start(run) : 0;
}

static void toy_stop(struct probe_run *run)
{
	assert_true(run->settled);
	seen.stops++;
}

static void toy_fini(struct probe_run *run)
{
	assert_int_equal(run->n_handles, 0);
	free(toy_of(run)->block);
	seen.finis++;
}

static void toy_grant(struct probe_run *run)
{
	(void)run;
	seen.grants++;
}

static const struct probe_ops toy_ops = {
	.name = "toy",
	.run_size = sizeof(struct toy_run),
	.start = toy_start,
	.stop = toy_stop,
	.fini = toy_fini,
};

static const struct probe_ops paced_ops = {
	.name = "paced",
	.flags = PROBE_PACED,
	.run_size = sizeof(struct toy_run),
	.start = toy_start,
	.grant = toy_grant,
	.stop = toy_stop,
	.fini = toy_fini,
};

static struct probe_spec spec_of(const struct probe_ops *ops, const void *conf)
{
	seen.stops = seen.finis = seen.grants = 0;
	return (struct probe_spec){
		.ops = ops, .conf = conf, .timeout_ms = 30, .attempts = 1, .window = 8};
}

/* One run from start to end; every path has one stop and one fini. */
static struct harness_run run_toy(const struct toy_conf *conf)
{
	struct harness *h = harness_new();
	struct probe_spec spec = spec_of(&toy_ops, conf);
	struct harness_run at = harness_run_one(h, &spec);
	assert_int_equal(seen.stops, 1);
	assert_int_equal(seen.finis, 1);
	harness_free(h);
	return at;
}

static void the_deadline_settles_as_filtered(void **state)
{
	(void)state;
	struct toy_conf conf = {.handles = 2};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_FILTERED, REASON_TIMEOUT, PHASE_CONNECT);
	assert_int_equal(at.result.attempts, 1);
}

static int fail_start(struct probe_run *run)
{
	(void)run;
	return UV_EMFILE;
}

static void a_start_that_fails_settles_as_error_with_its_code(void **state)
{
	(void)state;
	for (unsigned handles = 0; handles < 3; handles++) {
		struct toy_conf conf = {.start = fail_start, .handles = handles};
		struct harness_run at = run_toy(&conf);
		assert_result(&at, STATE_ERROR, REASON_NO_DESCRIPTOR, PHASE_CONNECT);
		assert_string_equal(at.result.evidence, "{\"errno\":\"EMFILE\"}");
		harness_run_fini(&at);
	}
}

static int settle_in_start(struct probe_run *run)
{
	run->result.evidence = strdup("{}");
	run->result.identity = strdup("x");
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

static void settling_inside_start_is_allowed(void **state)
{
	(void)state;
	for (unsigned handles = 0; handles < 3; handles++) {
		struct toy_conf conf = {.start = settle_in_start, .handles = handles};
		struct harness_run at = run_toy(&conf);
		assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
		assert_string_equal(at.result.evidence, "{}");
		assert_string_equal(at.result.identity, "x");
		harness_run_fini(&at);
	}
}

static int settle_then_hold(struct probe_run *run)
{
	probe_run_settle(run, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	hold_timer(run, 0);
	return UV_EIO;
}

/* A kind need not look whether something it called has settled the run. */
static void what_is_held_after_settling_is_closed_too(void **state)
{
	(void)state;
	struct toy_conf conf = {.start = settle_then_hold};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
}

static int settle_twice(struct probe_run *run)
{
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	probe_run_settle(run, STATE_CLOSED, REASON_RST, PHASE_RESOLVE);
	probe_run_settle_local(run, UV_EMFILE, PHASE_RESOLVE);
	probe_run_cancel(run);
	return 0;
}

static void the_first_verdict_stands(void **state)
{
	(void)state;
	struct toy_conf conf = {.start = settle_twice, .handles = 1};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	assert_null(at.result.evidence);
}

static void cancelling_a_run_without_handles_ends_from_the_loop(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct toy_conf conf = {.handles = 0};
	struct probe_spec spec = spec_of(&toy_ops, &conf);
	struct harness_run at = {0};
	harness_start(h, &spec, &at);
	probe_run_cancel(at.run);
	probe_run_cancel(at.run);
	assert_int_equal(at.dones, 0);
	assert_int_equal(seen.finis, 0);
	harness_until_idle(h);
	assert_result(&at, STATE_ERROR, REASON_CANCELLED, PHASE_CONNECT);
	assert_int_equal(at.dones, 1);
	assert_int_equal(seen.stops, 1);
	assert_int_equal(seen.finis, 1);
	harness_free(h);
}

static void on_dropped(struct probe_handle *handle)
{
	struct toy_run *toy = toy_of(handle->run);
	toy->dropped++;
	/* The memory may be used again from here on. */
	uv_timer_init(toy->run.env->loop, &toy->timers[0].timer);
	probe_run_hold(&toy->run, &toy->timers[0]);
	if (toy->dropped < 3)
		probe_run_drop(&toy->run, &toy->timers[0], on_dropped);
	else
		probe_run_settle(&toy->run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static int drop_in_start(struct probe_run *run)
{
	probe_run_drop(run, &toy_of(run)->timers[0], on_dropped);
	/* A second drop of a handle that is closing changes nothing. */
	probe_run_drop(run, &toy_of(run)->timers[0], on_dropped);
	return 0;
}

static void a_dropped_handle_can_be_used_again(void **state)
{
	(void)state;
	struct toy_conf conf = {.start = drop_in_start, .handles = 1};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static void on_dropped_last(struct probe_handle *handle)
{
	probe_run_settle(handle->run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static int drop_only(struct probe_run *run)
{
	probe_run_drop(run, &toy_of(run)->timers[0], on_dropped_last);
	return 0;
}

static void settling_when_the_last_handle_was_dropped_ends_once(void **state)
{
	(void)state;
	struct toy_conf conf = {.start = drop_only, .handles = 1};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

static void on_never(struct probe_handle *handle)
{
	(void)handle;
	fail();
}

static int drop_then_settle(struct probe_run *run)
{
	probe_run_drop(run, &toy_of(run)->timers[0], on_never);
	probe_run_settle(run, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
	return 0;
}

static void a_settled_run_hears_no_more_of_its_handles(void **state)
{
	(void)state;
	struct toy_conf conf = {.start = drop_then_settle, .handles = 2};
	struct harness_run at = run_toy(&conf);
	assert_result(&at, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT);
}

/* --- slots --- */

static int want_three(struct probe_run *run)
{
	for (int i = 0; i < 3; i++)
		probe_run_want(run);
	assert_int_equal(seen.grants, 0);
	return 0;
}

static void turn(struct harness *h)
{
	for (int i = 0; i < 3; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
}

static void every_wish_is_granted_and_every_slot_comes_back(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct toy_conf conf = {.start = want_three, .handles = 1};
	struct probe_spec spec = spec_of(&paced_ops, &conf);
	struct harness_run at = {0};
	harness_start(h, &spec, &at);
	assert_int_equal(at.run->wants, 3);
	turn(h);
	assert_int_equal(seen.grants, 3);
	assert_int_equal(at.run->wants, 0);
	assert_int_equal(at.run->slots, 4);
	probe_run_release(at.run);
	assert_int_equal(h->released, 1);
	assert_int_equal(at.run->slots, 3);
	probe_run_settle(at.run, STATE_OPEN, REASON_ALL_CLEAR, PHASE_SWEEP);
	harness_until_idle(h);
	assert_int_equal(h->released, 4);
	harness_free(h);
}

static void a_grant_after_the_verdict_comes_straight_back(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct toy_conf conf = {.start = want_three, .handles = 1};
	struct probe_spec spec = spec_of(&paced_ops, &conf);
	struct harness_run at = {0};
	harness_start(h, &spec, &at);
	probe_run_cancel(at.run);
	h->first_want++;
	harness_count_grant(h);
	probe_run_grant(at.run);
	assert_int_equal(seen.grants, 0);
	/* And a settled run asks for nothing more. */
	probe_run_want(at.run);
	assert_int_equal(at.run->wants, 2);
	assert_false(probe_run_again(at.run));
	harness_until_idle(h);
	assert_int_equal(seen.grants, 0);
	harness_free(h);
}

static void a_paced_run_has_no_deadline_of_the_framework(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct toy_conf conf = {.handles = 1};
	struct probe_spec spec = spec_of(&paced_ops, &conf);
	struct harness_run at = {0};
	harness_start(h, &spec, &at);
	/* Nothing is armed, so there is nothing to wait for. */
	harness_until_idle(h);
	assert_int_equal(at.dones, 0);
	assert_int_equal(at.run->result.attempts, 0);
	probe_run_cancel(at.run);
	harness_until_idle(h);
	assert_int_equal(at.dones, 1);
	harness_free(h);
}

static void codes_of_the_system_have_reasons(void **state)
{
	(void)state;
	static const struct {
		int code;
		enum probe_reason reason;
	} table[] = {
		{UV_EMFILE, REASON_NO_DESCRIPTOR},
		{UV_ENFILE, REASON_NO_DESCRIPTOR},
		{UV_EADDRNOTAVAIL, REASON_NO_PORT},
		{UV_ENOBUFS, REASON_NO_BUFFERS},
		{UV_ENOMEM, REASON_NO_MEMORY},
		{UV_ENETUNREACH, REASON_NO_ROUTE},
		{UV_EACCES, REASON_LOCAL_FIREWALL},
		{UV_EPERM, REASON_LOCAL_FIREWALL},
		{UV_EAFNOSUPPORT, REASON_NO_FAMILY},
		{UV_ECANCELED, REASON_CANCELLED},
		{UV_EIO, REASON_LOCAL_ERROR},
		{-987654, REASON_LOCAL_ERROR},
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum probe_reason reason = probe_reason_from_code(table[i].code);
		assert_string_equal(
			probe_reason_word(reason), probe_reason_word(table[i].reason));
		assert_true(probe_reason_is_local(reason));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_deadline_settles_as_filtered),
		cmocka_unit_test(a_start_that_fails_settles_as_error_with_its_code),
		cmocka_unit_test(settling_inside_start_is_allowed),
		cmocka_unit_test(what_is_held_after_settling_is_closed_too),
		cmocka_unit_test(the_first_verdict_stands),
		cmocka_unit_test(cancelling_a_run_without_handles_ends_from_the_loop),
		cmocka_unit_test(a_dropped_handle_can_be_used_again),
		cmocka_unit_test(settling_when_the_last_handle_was_dropped_ends_once),
		cmocka_unit_test(a_settled_run_hears_no_more_of_its_handles),
		cmocka_unit_test(every_wish_is_granted_and_every_slot_comes_back),
		cmocka_unit_test(a_grant_after_the_verdict_comes_straight_back),
		cmocka_unit_test(a_paced_run_has_no_deadline_of_the_framework),
		cmocka_unit_test(codes_of_the_system_have_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
