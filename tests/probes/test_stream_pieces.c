/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives, however it was cut on its way. */
#include "stream_scene.h"

static void byte_by_byte_is_as_good_as_at_once(void **state)
{
	(void)state;
	static const bool ways[] = {false, true};
	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		set_up(NULL);
		script.message = 60;
		script.messages = 3;
		script.patterned = true;
		play(
			&(struct speaker_script){
				.bytes = many, .size = 180, .drips = ways[i]},
			5000, &s);
		assert_result(&s.run, STATE_OPEN, REASON_RDP_NEGOTIATED, PHASE_RDP);
		assert_int_equal(seen.messages, 3);
		assert_true(ways[i] ? seen.received >= 100 : seen.received < 20);
		scene_end(&s);
	}
}

/* However the bytes were cut: a piece that lies over the limit is none. */
static void messages_under_the_limit_never_are_too_long(void **state)
{
	(void)state;
	for (size_t first = 1; first <= 130; first++) {
		struct scene s;
		set_up(NULL);
		script.message = 60;
		script.messages = 60;
		script.patterned = true;
		scene_prepare(&s, 2000);
		scene_listen(&s);
		harness_start(s.h, &s.spec, &s.run);
		int peer = scene_accept(&s);
		turn_until_asked(&s, peer);
		assert_int_equal(write(peer, many, first), first);
		for (int i = 0; i < 3; i++)
			uv_run(&s.h->loop, UV_RUN_NOWAIT);
		assert_int_equal(write(peer, many + first, 3600 - first), 3600 - first);
		harness_until_idle(s.h);
		assert_int_equal(s.run.result.state, STATE_OPEN);
		assert_int_equal(seen.messages, 60);
		assert_true(seen.most_shown <= 64);
		assert_true(seen.most_kept <= 64);
		close(peer);
		scene_end(&s);
	}
}

static void too_much_is_told_and_not_kept(void **state)
{
	(void)state;
	static const bool ways[] = {false, true};
	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		set_up(NULL);
		script.message = 65;
		play(&(struct speaker_script){.flood = ways[i] ? 200 : 10000000,
			     .drips = ways[i]},
			5000, &s);
		assert_result(&s.run, STATE_FAILED, REASON_MALFORMED_ANSWER, PHASE_RDP);
		assert_int_equal(seen.end, STREAM_TOO_LONG);
		assert_int_equal(seen.unused, 64);
		assert_true(seen.most_shown <= 64);
		assert_true(seen.most_kept <= 64);
		scene_end(&s);
	}
}

/* The limit itself may be reached: it is one byte more that is too much. */
static void as_much_as_the_limit_is_not_too_long(void **state)
{
	(void)state;
	struct scene s;
	script.message = 64;
	play(&(struct speaker_script){.bytes = many, .size = 64}, 2000, &s);
	assert_int_equal(s.run.result.state, STATE_OPEN);
	scene_end(&s);
	set_up(NULL);
	script.message = 65;
	play(&(struct speaker_script){.bytes = many, .size = 64}, 100, &s);
	assert_result(&s.run, STATE_FAILED, REASON_NO_ANSWER, PHASE_RDP);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(byte_by_byte_is_as_good_as_at_once),
		TEST(messages_under_the_limit_never_are_too_long),
		TEST(too_much_is_told_and_not_kept),
		TEST(as_much_as_the_limit_is_not_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
