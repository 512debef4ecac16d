/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappers and endpoints that mean harm: whatever they say, a run ends in time and once,
 * takes no memory beyond its bounds, and believes nothing that is not whole.
 */
#include "contract.h"
#include "hostile.h"

#include "rpc_lab.h"

enum {
	A_MIB_IN_KIB = 1024,
	FLOOD = 10 * 1000 * 1000,
	RANDOM_TRIES = 300,
};

/* A mapper that names one port, and the endpoint there. */
struct lie {
	struct lab *lab;
	struct lab_place *endpoint;
	struct rpc_answers *mapper_says, *endpoint_says;
};

static struct lie lie_new(void)
{
	struct lie lie = {.lab = lab_new("licensing")};
	struct rpc_listing listing = {.interface = LICENSING};

	lie.endpoint = lab_endpoint(lie.lab);
	lie.endpoint_says = lab_answers(lie.endpoint);
	say_bind_ack(lie.endpoint_says, 0, 0);
	lab_speak(lie.lab, lie.endpoint);
	listing.port = lie.endpoint->port;
	lie.mapper_says = lab_answers(&lie.lab->mapper);
	say_bind_ack(lie.mapper_says, 0, 0);
	say_map(lie.mapper_says, &listing, 1, true, 0);
	return lie;
}

/* The speaker has copied nothing: what it says can still be cut, until it is asked. */
static struct harness_run lie_run(struct lie *lie)
{
	struct harness_run at = {0};

	lab_start_mapper(lie->lab);
	lie->endpoint->scripts[0].size = lie->endpoint_says->size;
	lab_run(lie->lab, &at);
	return at;
}

static void lie_end(struct lie *lie, struct harness_run *at)
{
	harness_run_fini(at);
	lab_free(lie->lab);
}

static void a_mapper_that_hangs_up_anywhere(void **state)
{
	(void)state;
	size_t whole;
	for (size_t size = 0, end = 1; size < end; size++) {
		struct lie lie = lie_new();
		whole = lie.mapper_says->size;
		end = whole;
		lie.mapper_says->size = size;
		lie.mapper_says->n_turns = 0;
		lab_script(&lie.lab->mapper)->end =
			size % 2 ? SPEAKER_RESETS : SPEAKER_CLOSES;
		struct harness_run at = lie_run(&lie);
		assert_result(&at, STATE_FAILED, REASON_EPM_CLOSED, PHASE_EPM);
		lie_end(&lie, &at);
	}
}

static void an_endpoint_that_hangs_up_anywhere(void **state)
{
	(void)state;
	for (size_t size = 0, end = 1; size < end; size++) {
		struct lie lie = lie_new();
		end = lie.endpoint_says->size;
		lie.endpoint_says->size = size;
		lie.endpoint->scripts[0].turns = NULL;
		lie.endpoint->scripts[0].n_turns = 0;
		lie.endpoint->scripts[0].end =
			size % 2 ? SPEAKER_RESETS : SPEAKER_CLOSES;
		struct harness_run at = lie_run(&lie);
		assert_result(&at, STATE_FAILED, REASON_RPC_CLOSED, PHASE_BIND);
		lie_end(&lie, &at);
	}
}

/* Another port may come of it, where nobody is; never trouble of this machine. */
static void a_wrong_byte_in_each_place_of_the_mapper_s_answers(void **state)
{
	(void)state;
	struct random_state random;
	random_seed(&random, 23);
	for (size_t at_byte = 0, end = 1; at_byte < end; at_byte++) {
		struct lie lie = lie_new();
		end = lie.mapper_says->size;
		lie.mapper_says->bytes[at_byte] ^=
			(uint8_t)(1 + random_below(&random, 255));
		lie.mapper_says->n_turns = 0;
		lie.lab->spec.timeout_ms = 300;
		lab_script(&lie.lab->mapper)->end = SPEAKER_CLOSES;
		struct harness_run at = lie_run(&lie);
		assert_true(at.result.state != STATE_ERROR);
		lie_end(&lie, &at);
	}
}

static void a_wrong_byte_in_each_place_of_the_endpoint_s_answer(void **state)
{
	(void)state;
	struct random_state random;
	random_seed(&random, 29);
	for (size_t at_byte = 0, end = 1; at_byte < end; at_byte++) {
		struct lie lie = lie_new();
		end = lie.endpoint_says->size;
		lie.endpoint_says->bytes[at_byte] ^=
			(uint8_t)(1 + random_below(&random, 255));
		lie.endpoint->scripts[0].end = SPEAKER_CLOSES;
		struct harness_run at = lie_run(&lie);
		assert_int_equal(probe_state_path(at.result.state), PATH_CLEAR);
		lie_end(&lie, &at);
	}
}

static void random_bytes_in_place_of_answers(void **state)
{
	(void)state;
	struct random_state random;
	random_seed(&random, 31);
	for (int i = 0; i < RANDOM_TRIES; i++) {
		struct lie lie = lie_new();
		struct rpc_answers *says = lie.mapper_says;
		/* Half of them begin well. */
		says->size = i % 2 ? random_below(&random, (uint32_t)says->size) : 0;
		says->n_turns = 0;
		for (uint32_t n = 1 + random_below(&random, 300); n > 0; n--)
			say_u8(says, random_below(&random, 256));
		lab_script(&lie.lab->mapper)->end = SPEAKER_CLOSES;
		struct harness_run at = lie_run(&lie);
		assert_int_equal(at.result.state, STATE_FAILED);
		lie_end(&lie, &at);
	}
}

static void answers_byte_by_byte(void **state)
{
	(void)state;
	struct lie lie = lie_new();
	lab_script(&lie.lab->mapper)->drips = true;
	lie.endpoint->scripts[0].drips = true;
	struct harness_run at = lie_run(&lie);
	assert_result(&at, STATE_OPEN, REASON_RPC_BOUND, PHASE_BIND);
	lie_end(&lie, &at);
}

/* A byte now and then, for ever: the time limit is for the whole conversation. */
static void a_drip_ends_with_the_time_limit(void **state)
{
	(void)state;
	struct lie lie = lie_new();
	uint64_t before = uv_hrtime();
	lie.mapper_says->size = 60;
	say(lie.mapper_says, "\x05\x00\x02\x01\x10\x00\x00\x00\xff\xff\x00\x00", 12);
	lie.mapper_says->n_turns = 0;
	lab_script(&lie.lab->mapper)->drips = true;
	lab_script(&lie.lab->mapper)->flood = FLOOD;
	lie.lab->spec.timeout_ms = 200;
	struct harness_run at = lie_run(&lie);
	assert_int_equal(at.result.state, STATE_FAILED);
	assert_in_range((uv_hrtime() - before) / 1000000, 0, 5000);
	lie_end(&lie, &at);
}

/* After the bind these bytes over and over, 10 MB in all. */
static void flood(const uint8_t *bytes, size_t size, enum probe_reason reason)
{
	uint8_t *chunk = malloc(SPEAKER_CHUNK);
	struct lie lie = lie_new();

	assert_non_null(chunk);
	for (size_t at = 0; at < SPEAKER_CHUNK; at++)
		chunk[at] = bytes[at % size];
	lie.mapper_says->size = 60;
	lie.mapper_says->n_turns = 0;
	lab_script(&lie.lab->mapper)->flood = FLOOD;
	lie.lab->mapper.speaker.flood = chunk;
	lie.lab->spec.timeout_ms = 1000;
	long before = hostile_memory_kib();
	uint64_t started = uv_hrtime();
	struct harness_run at = lie_run(&lie);
	assert_result(&at, STATE_FAILED, reason, PHASE_EPM);
	assert_in_range((uv_hrtime() - started) / 1000000, 0, 5000);
	assert_in_range(hostile_memory_kib() - before, 0, A_MIB_IN_KIB);
	lie_end(&lie, &at);
	free(chunk);
}

static void ten_megabytes_of_noise(void **state)
{
	(void)state;
	static const uint8_t zero[1], text[] = "SSH-2.0-x\r\n";
	flood(zero, 1, REASON_RPC_PROTOCOL_ERROR);
	flood(text, sizeof text - 1, REASON_RPC_PROTOCOL_ERROR);
}

/* A fragment of a response to call 2: not its last. `size` fills the chunk evenly. */
static void flood_fragments(size_t size, unsigned flags, unsigned length)
{
	uint8_t *fragment = calloc(1, size);

	assert_non_null(fragment);
	memcpy(fragment, "\x05\x00\x02\x00\x10\x00\x00\x00", 8);
	fragment[3] = (uint8_t)flags;
	fragment[8] = (uint8_t)length;
	fragment[9] = (uint8_t)(length >> 8);
	fragment[12] = 2;
	flood(fragment, size, REASON_RPC_PROTOCOL_ERROR);
	free(fragment);
}

static void fragments_without_end(void **state)
{
	(void)state;
	flood_fragments(4096, 0, 4096);
	flood_fragments(4096, 1, 4096);
	flood_fragments(32, 0, 32);
	/* Empty ones, one of no length at all, and one longer than what follows. */
	flood_fragments(32, 1, 24);
	flood_fragments(32, 1, 0);
	flood_fragments(32768, 1, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapper_that_hangs_up_anywhere),
		cmocka_unit_test(an_endpoint_that_hangs_up_anywhere),
		cmocka_unit_test(a_wrong_byte_in_each_place_of_the_mapper_s_answers),
		cmocka_unit_test(a_wrong_byte_in_each_place_of_the_endpoint_s_answer),
		cmocka_unit_test(random_bytes_in_place_of_answers),
		cmocka_unit_test(answers_byte_by_byte),
		cmocka_unit_test(a_drip_ends_with_the_time_limit),
		cmocka_unit_test(ten_megabytes_of_noise),
		cmocka_unit_test(fragments_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
