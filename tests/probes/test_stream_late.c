/* SPDX-License-Identifier: Apache-2.0 */
/* A loop that was busy elsewhere when the time was up. */
#include "stream_scene.h"

static void an_answer_that_lies_unread_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 8), 8);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
	close(peer);
	scene_end(&s);
}

static void a_reset_that_lies_unread_is_no_silence(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	reset(peer);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_FAILED, REASON_PEER_RESET, PHASE_RDP);
	scene_end(&s);
}

/* The time limit starts once more, not for ever: half an answer is none. */
static void half_an_answer_that_lies_unread_gains_one_time_limit(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 4), 4);
	busy_ms(130);
	uint64_t before = uv_hrtime();
	harness_until_idle(s.h);
	assert_in_range((uv_hrtime() - before) / 1000000, 90, 1000);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	close(peer);
	scene_end(&s);
}

/* The handshake is done, and the protocol has not had its time. */
static void a_handshake_that_lies_unseen_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	int peer = scene_accept(&s);
	turn_until_asked(&s, peer);
	assert_int_equal(write(peer, eight, 8), 8);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	close(peer);
	scene_end(&s);
}

static void a_handshake_that_lies_unseen_and_then_silence_ends(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	scene_listen(&s);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	assert_int_equal(seen.connected, 1);
	scene_end(&s);
}

static void a_refusal_that_lies_unseen_counts(void **state)
{
	(void)state;
	struct scene s;
	scene_prepare(&s, 100);
	s.fd = harness_refuse("127.0.0.1", &script.port);
	harness_start(s.h, &s.spec, &s.run);
	busy_ms(130);
	harness_until_idle(s.h);
	assert_result(&s.run, STATE_CLOSED, REASON_RST, PHASE_CONNECT);
	assert_int_equal(seen.refused, 1);
	scene_end(&s);
}

/* A peer that never stops can't hold a run either. */
static void an_endless_drip_of_use_ends(void **state)
{
	(void)state;
	struct scene s;
	script.message = 1;
	script.messages = 1000000000;
	uint64_t before = uv_hrtime();
	play(&(struct speaker_script){.flood = 1000000000}, 100, &s);
	assert_in_range((uv_hrtime() - before) / 1000000, 100, 2000);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_that_lies_unread_counts),
		TEST(a_reset_that_lies_unread_is_no_silence),
		TEST(half_an_answer_that_lies_unread_gains_one_time_limit),
		TEST(a_handshake_that_lies_unseen_counts),
		TEST(a_handshake_that_lies_unseen_and_then_silence_ends),
		TEST(a_refusal_that_lies_unseen_counts),
		TEST(an_endless_drip_of_use_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
