/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract that every kind of check keeps, whatever it speaks. How to plug a kind
 * in:
 *
 *   1. Write `static void open_peer(struct contract *c, enum contract_peer peer)`: it
 *      raises the peer (on c->h->loop or in the kernel) and fills c->spec; ops, conf,
 *      target.address (&c->address will do) and, where 200 ms and one attempt don't
 *      suit, timeout_ms and attempts. What it takes it leaves in c->peer. Where the
 * kind needs a resolver it opens one on c->h->loop and sets c->h->env.resolver. The
 * peer must serve 200 runs at once.
 *   2. Write `static void close_peer(struct contract *c)`: gives all of that up. Its
 *      handles may still be closing when it returns; the suite runs the loop to its
 *      end.
 *   3. Describe the kind in a `static struct contract_kind` and put
 *      CONTRACT_TESTS("kind: ", &it) among the tests.
 *
 * Handles of the peer that would keep the loop alive must be unreferenced (uv_unref()),
 * since the suite runs the loop until every probe is done.
 */
#ifndef TESTS_PROBES_CONTRACT_H
#define TESTS_PROBES_CONTRACT_H

#include "harness.h"

enum contract_peer {
	PEER_ANSWERS,
	PEER_REFUSES,
	PEER_SILENT
};

struct contract;

struct contract_outcome {
	enum probe_state state;
	enum probe_reason reason;
};

struct contract_kind {
	void (*open_peer)(struct contract *c, enum contract_peer peer);
	void (*close_peer)(struct contract *c);
	struct contract_outcome answers, refuses, silent;
	/* What a run ends as when no descriptor is to be had: state error. */
	enum probe_reason without_descriptors;
};

struct contract {
	const struct contract_kind *kind;
	struct harness *h;
	struct probe_spec spec;
	struct net_address address; /* room for spec.target.address to point to */
	void *peer;                 /* the kind's own */
};

static inline void contract_open(
	struct contract *c, void **state, enum contract_peer peer)
{
	memset(c, 0, sizeof *c);
	c->kind = *state;
	c->h = harness_new();
	c->spec.timeout_ms = 200;
	c->spec.attempts = 1;
	c->spec.window = 4;
	c->spec.target.host = "peer";
	c->kind->open_peer(c, peer);
}

static inline void contract_close(struct contract *c)
{
	c->kind->close_peer(c);
	harness_free(c->h);
}

static inline void contract_see(
	void **state, enum contract_peer peer, const struct contract_outcome *expected)
{
	struct contract c;
	contract_open(&c, state, peer);
	struct harness_run at = harness_run_one(c.h, &c.spec);
	assert_string_equal(
		probe_state_word(at.result.state), probe_state_word(expected->state));
	assert_string_equal(probe_reason_word(at.result.reason),
		probe_reason_word(expected->reason));
	assert_true(at.result.attempts >= 1);
	harness_run_fini(&at);
	contract_close(&c);
}

static inline void contract_answers(void **state)
{
	const struct contract_kind *kind = *state;
	contract_see(state, PEER_ANSWERS, &kind->answers);
}

static inline void contract_refuses(void **state)
{
	const struct contract_kind *kind = *state;
	contract_see(state, PEER_REFUSES, &kind->refuses);
}

static inline void contract_silent(void **state)
{
	const struct contract_kind *kind = *state;
	contract_see(state, PEER_SILENT, &kind->silent);
}

static inline void contract_cancel(void **state, unsigned times)
{
	struct contract c;
	contract_open(&c, state, PEER_ANSWERS);
	struct harness_run at = {0};
	harness_start(c.h, &c.spec, &at);
	for (unsigned i = 0; i < times; i++)
		probe_run_cancel(at.run);
	/* done() never runs inside cancel. */
	assert_int_equal(at.dones, 0);
	harness_until_idle(c.h);
	assert_int_equal(at.dones, 1);
	assert_int_equal(at.result.state, STATE_ERROR);
	assert_int_equal(at.result.reason, REASON_CANCELLED);
	harness_run_fini(&at);
	contract_close(&c);
}

static inline void contract_cancelled_at_once(void **state)
{
	contract_cancel(state, 1);
}

static inline void contract_cancelled_twice(void **state)
{
	contract_cancel(state, 2);
}

/* Cancels under a silent peer, when the loop has turned a few times. */
static inline void contract_cancelled_while_waiting(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_SILENT);
	struct harness_run at = {0};
	harness_start(c.h, &c.spec, &at);
	for (int i = 0; i < 3; i++)
		uv_run(&c.h->loop, UV_RUN_NOWAIT);
	assert_non_null(at.run);
	probe_run_cancel(at.run);
	harness_until_idle(c.h);
	assert_int_equal(at.dones, 1);
	assert_int_equal(at.result.reason, REASON_CANCELLED);
	harness_run_fini(&at);
	contract_close(&c);
}

struct contract_tick {
	uv_check_t check;
	struct harness_run at;
	unsigned cancels;
};

/* Runs after the poll phase and before the close callbacks: where the answer has
 * settled the run and done() is still to come, in one tick of the loop. */
static inline void contract_on_check(uv_check_t *check)
{
	struct contract_tick *tick = check->data;
	if (tick->at.run && tick->at.run->settled) {
		probe_run_cancel(tick->at.run);
		tick->cancels++;
	}
}

static inline void contract_cancelled_in_the_tick(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_ANSWERS);
	struct contract_tick tick = {.cancels = 0};
	uv_check_init(&c.h->loop, &tick.check);
	uv_unref((uv_handle_t *)&tick.check);
	tick.check.data = &tick;
	uv_check_start(&tick.check, contract_on_check);
	harness_start(c.h, &c.spec, &tick.at);
	harness_until_idle(c.h);
	assert_true(tick.cancels > 0);
	assert_int_equal(tick.at.dones, 1);
	assert_int_equal(tick.at.result.state, c.kind->answers.state);
	assert_int_equal(tick.at.result.reason, c.kind->answers.reason);
	harness_run_fini(&tick.at);
	uv_close((uv_handle_t *)&tick.check, NULL);
	contract_close(&c);
}

/* The answer is in the socket already, and the loop has not seen it: with the peer in
 * the kernel, that is so before the loop's first poll. */
static inline void contract_cancelled_unread(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_REFUSES);
	struct harness_run at = {0};
	harness_start(c.h, &c.spec, &at);
	probe_run_cancel(at.run);
	harness_until_idle(c.h);
	assert_int_equal(at.dones, 1);
	assert_int_equal(at.result.reason, REASON_CANCELLED);
	harness_run_fini(&at);
	contract_close(&c);
}

static inline void contract_without_descriptors(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_ANSWERS);
	struct rlimit saved;
	struct harness_run at = {0};
	harness_limit_files(0, &saved);
	harness_start(c.h, &c.spec, &at);
	harness_until_idle(c.h);
	harness_limit_back(&saved);
	assert_int_equal(at.dones, 1);
	assert_int_equal(at.result.state, STATE_ERROR);
	assert_string_equal(probe_reason_word(at.result.reason),
		probe_reason_word(c.kind->without_descriptors));
	harness_run_fini(&at);
	contract_close(&c);
}

struct contract_chain {
	struct contract *c;
	unsigned left;
};

static inline void contract_start_next(struct harness_run *at)
{
	struct contract_chain *chain = at->data;
	assert_int_equal(at->result.state, chain->c->kind->answers.state);
	harness_run_fini(at);
	if (chain->left-- > 0)
		harness_start(at->harness, &chain->c->spec, at);
}

static inline void contract_next_run_from_done(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_ANSWERS);
	struct contract_chain chain = {.c = &c, .left = 2};
	struct harness_run at = {.then = contract_start_next, .data = &chain};
	harness_start(c.h, &c.spec, &at);
	harness_until_idle(c.h);
	assert_int_equal(at.dones, 3);
	contract_close(&c);
}

#define CONTRACT_MANY 200

static inline void contract_many_at_once(void **state)
{
	struct contract c;
	contract_open(&c, state, PEER_ANSWERS);
	struct harness_run *at = calloc(CONTRACT_MANY, sizeof *at);
	assert_non_null(at);
	c.spec.timeout_ms = 5000;
	for (int i = 0; i < CONTRACT_MANY; i++)
		harness_start(c.h, &c.spec, &at[i]);
	harness_until_idle(c.h);
	for (int i = 0; i < CONTRACT_MANY; i++) {
		assert_int_equal(at[i].dones, 1);
		assert_int_equal(at[i].result.state, c.kind->answers.state);
		harness_run_fini(&at[i]);
	}
	free(at);
	contract_close(&c);
}

#define CONTRACT_TEST(text, function, kind)                \
	{                                                  \
		text, function, NULL, NULL, (void *)(kind) \
	}

/* In an array of struct CMUnitTest; `of` is a literal such as "tcp: ". */
#define CONTRACT_TESTS(of, kind)                                                       \
	CONTRACT_TEST(of "sees_a_peer_that_answers", contract_answers, kind),          \
		CONTRACT_TEST(of "sees_a_peer_that_refuses", contract_refuses, kind),  \
		CONTRACT_TEST(of "sees_a_peer_that_is_silent", contract_silent, kind), \
		CONTRACT_TEST(of "settles_when_cancelled_at_once",                     \
			contract_cancelled_at_once, kind),                             \
		CONTRACT_TEST(of "settles_once_when_cancelled_twice",                  \
			contract_cancelled_twice, kind),                               \
		CONTRACT_TEST(of "settles_when_cancelled_while_waiting",               \
			contract_cancelled_while_waiting, kind),                       \
		CONTRACT_TEST(of "keeps_the_answer_when_cancelled_in_its_tick",        \
			contract_cancelled_in_the_tick, kind),                         \
		CONTRACT_TEST(of "settles_when_cancelled_with_the_answer_unread",      \
			contract_cancelled_unread, kind),                              \
		CONTRACT_TEST(of "says_error_without_descriptors",                     \
			contract_without_descriptors, kind),                           \
		CONTRACT_TEST(of "starts_the_next_run_from_done",                      \
			contract_next_run_from_done, kind),                            \
		CONTRACT_TEST(                                                         \
			of "runs_two_hundred_at_once", contract_many_at_once, kind)

#endif
